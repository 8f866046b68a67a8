/* SPDX-License-Identifier: MIT */
/*
 * A case for the emulator and for the CPU: the code of a row of forms.def, and
 * registers and memory at random that make it do something.
 */
#ifndef CORE_CASE_H
#define CORE_CASE_H

#include <isa-core/emulate.h>

#include <string.h>

#include "core_encode.h"
#include "core_native.h"
#include "core_segments.h"

/* A page that can be read, and two that can be written, as the CPU has them. */
#define CASE_WORLD (NATIVE_PAGE + NATIVE_MEMORY_SIZE)
extern unsigned char case_world[CASE_WORLD];

/* The emulator's way to it; their env is a struct test_case. */
extern const struct isahp_emulate_ops case_ops;

/**
 * struct test_case - what is to be executed
 * @wants: said before a case is drawn: whether such an instruction is wanted.
 *	NULL: any.
 * @immediate: said before: these, where the row has immediate bytes; -1: any.
 * @code: the instruction.
 * @regs: before it; @simd is NULL.
 * @simd: vectors; none with @bytes 0. Said before a case is drawn.
 * @target: linear addresses of operands in memory.
 * @segments: of 32-bit code.
 * @not_canonical: the operand in memory is where no address is.
 */
struct test_case {
	bool (*wants)(const struct encoded *code);
	int immediate[2];
	struct encoded code;
	struct isahp_registers regs;
	struct isahp_simd simd;
	__u32 target[2];
	struct case_segments segments;
	bool not_canonical;
};

/** case_prepare - the seed, and memory that is alike. Skips where none can be had */
void case_prepare(void);

/** case_seed - what is drawn from here on depends on the run's seed and @n alone */
void case_seed(__u64 n);

/** case_offset - where a linear address is in a segment */
__u64 case_offset(const struct test_case *c, unsigned int segment, __u32 address);

/** case_has_memory - an operand is memory; ret_size: its bytes, ret_store: written */
bool case_has_memory(const struct isahp_instruction *in, unsigned int *ret_size,
		     bool *ret_store);

/** case_below - a random number below @n */
unsigned int case_below(unsigned int n);

/**
 * case_draw - a case of a row
 * @c: @simd.bytes and @simd.mxcsr are said.
 *
 * Return: false: the row has none in this mode.
 */
bool case_draw(struct test_case *c, unsigned int row, enum isahp_code_mode mode);

/** case_put - change memory, both ways; nothing where it can not be written */
void case_put(__u32 address, __u64 value, size_t size);

/** case_restore - memory is that of the emulator's world again */
void case_restore(void);

#endif /* CORE_CASE_H */
