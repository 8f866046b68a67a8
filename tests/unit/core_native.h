/* SPDX-License-Identifier: MIT */
/*
 * The CPU as an oracle: one instruction executed with given registers, in
 * 64-bit or in 32-bit mode, by single-stepping or up to an INT3 behind it.
 */
#ifndef TEST_CORE_NATIVE_H
#define TEST_CORE_NATIVE_H

#include <isa-core/emulate.h>
#include <isa-core/xsave_image.h>

#define NATIVE_MEMORY_SIZE 8192
#define NATIVE_GS_BASE 0x1000

/*
 * Both lie below 2 GiB, so that every address size reaches them. Before memory
 * is a page that can be read only, behind it one that can not be accessed.
 */
#define NATIVE_PAGE 4096
extern unsigned char *native_memory;
extern unsigned char *native_code;

/**
 * struct native_trap - what stopped the CPU
 * @signal: SIGTRAP: the instruction is done.
 * @vector: of the exception.
 * @error: its code.
 * @address: of a page fault.
 */
struct native_trap {
	int signal;
	unsigned int vector;
	unsigned int error;
	__u64 address;
};

/**
 * struct native_segments - selectors for 32-bit code; of 64-bit code none matters
 * @ds, @es, @ss, @gs: FS is this program's own.
 */
struct native_segments {
	__u16 ds, es, ss, gs;
};

/** native_init - map memory and code; false: this machine lets nobody do it */
bool native_init(void);

/** native_is_own - is there a page of what asks the CPU? It can be reached */
bool native_is_own(__u64 address);

/** native_readable - fill the page before memory */
void native_readable(const void *page);

/** native_layout - of XSAVE's standard format on this CPU */
struct isahp_xsave_layout native_layout(void);

/** native_vector_bytes - 16, 32 or 64 */
unsigned int native_vector_bytes(void);

/**
 * native_step - execute one instruction, or one turn of a repeated one
 * @mode: enum isahp_code_mode.
 * @bytes: the instruction, @count of them.
 * @regs: as before and after; rip is ignored and set to native_code before. Their
 *	simd may be NULL.
 * @ret: what it ended in.
 */
void native_step(enum isahp_code_mode mode, const unsigned char *bytes,
		 size_t count, struct isahp_registers *regs,
		 struct native_trap *ret);

/**
 * native_pass - the same of one that neither branches nor is done in turns, nor
 *	looks at TF
 * @mode: and the others: as of native_step().
 *
 * INT3 stands behind it. That costs a third of #DB where a hypervisor has to be
 * asked for DR6; it is told as vector 1, too.
 */
void native_pass(enum isahp_code_mode mode, const unsigned char *bytes,
		 size_t count, struct isahp_registers *regs,
		 struct native_trap *ret);

/** native_use_segments - of the steps that follow; NULL: flat ones, and no GS */
void native_use_segments(const struct native_segments *segments);

/**
 * native_run - execute one instruction that does not branch
 * @mode: enum isahp_code_mode.
 * @bytes: the instruction, @count of them.
 * @regs: as of native_step().
 *
 * Return: 0, or the signal that it ended in; registers are then as before.
 */
int native_run(enum isahp_code_mode mode, const unsigned char *bytes,
	       size_t count, struct isahp_registers *regs);

#endif /* TEST_CORE_NATIVE_H */
