/* SPDX-License-Identifier: MIT */
/*
 * A case for the emulator and for the CPU: the code of a row of forms.def, and
 * registers and memory at random that make it do something.
 */
#ifndef CORE_CASE_H
#define CORE_CASE_H

#include <isa-core/emulate.h>

#include "core_encode.h"
#include "core_native.h"

/* A page that can be read, and two that can be written, as the CPU has them. */
#define CASE_WORLD (NATIVE_PAGE + NATIVE_MEMORY_SIZE)
extern unsigned char case_world[CASE_WORLD];

/* The emulator's way to it. */
extern const struct isahp_emulate_ops case_ops;

/**
 * struct test_case - what is to be executed
 * @code: the instruction.
 * @regs: before it; @simd is NULL.
 * @simd: vectors; none with @bytes 0. Said before a case is drawn.
 * @target: addresses of operands in memory.
 */
struct test_case {
	struct encoded code;
	struct isahp_registers regs;
	struct isahp_simd simd;
	__u32 target[2];
};

/** case_prepare - the seed, and memory that is alike. Skips where none can be had */
void case_prepare(void);

/** case_below - a random number below @n */
unsigned int case_below(unsigned int n);

/**
 * case_draw - a case of a row
 * @c: @simd.bytes and @simd.mxcsr are said.
 *
 * Return: false: the row has none in this mode.
 */
bool case_draw(struct test_case *c, unsigned int row, enum isahp_code_mode mode);

/** case_restore - memory is that of the emulator's world again */
void case_restore(void);

#endif /* CORE_CASE_H */
