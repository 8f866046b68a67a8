/* SPDX-License-Identifier: MIT */
/*
 * The CPU as an oracle: one instruction executed with given registers, in
 * 64-bit or in 32-bit mode.
 */
#ifndef TEST_CORE_NATIVE_H
#define TEST_CORE_NATIVE_H

#include <isa-core/emulate.h>

#define NATIVE_MEMORY_SIZE 8192
#define NATIVE_GS_BASE 0x1000

/* Both lie below 2 GiB, so that every address size reaches them. */
extern unsigned char *native_memory;
extern unsigned char *native_code;

/** native_init - map memory and code; false: this machine lets nobody do it */
bool native_init(void);

/**
 * native_run - execute one instruction
 * @mode: enum isahp_code_mode.
 * @bytes: the instruction, @count of them.
 * @regs: as before and after; rip is ignored and set to native_code before.
 *
 * Return: 0, or the signal that it ended in; registers are then as before.
 */
int native_run(enum isahp_code_mode mode, const unsigned char *bytes,
	       size_t count, struct isahp_registers *regs);

#endif /* TEST_CORE_NATIVE_H */
