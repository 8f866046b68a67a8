/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The emulator against what a CPU has once made of the same instructions: some
 * for each operation, with registers and memory that a seed stands for. What they
 * became is known by a digest alone, so that it can be asked where no CPU can.
 *
 * Not among OBJECTS: for debug builds of the module, and for tests.
 */
#ifndef ISAHP_CORE_SELFTEST_H
#define ISAHP_CORE_SELFTEST_H

#include "emulate.h"

/* Where code and memory are, behind which there is nothing: linear addresses. */
#define ISAHP_SELFTEST_CODE 0x10000000
#define ISAHP_SELFTEST_MEMORY_END 0x10200000
#define ISAHP_SELFTEST_MEMORY_SIZE 512

/**
 * struct isahp_selftest_vector - an instruction, and what it comes to
 * @mode: enum isahp_code_mode.
 * @seed: of registers and memory.
 * @digest: of what they become: isahp_selftest_digest().
 * @count: number of
 * @bytes: of the instruction.
 */
struct isahp_selftest_vector {
	__u8 mode;
	__u32 seed;
	__u64 digest;
	__u8 count;
	__u8 bytes[ISAHP_INSTRUCTION_MAX];
};

/** isahp_selftest_vectors - those of selftest.def, @isahp_selftest_count of them */
extern const struct isahp_selftest_vector isahp_selftest_vectors[];
extern const unsigned int isahp_selftest_count;

/**
 * struct isahp_selftest - registers and memory; 3 KiB, not for a kernel's stack
 * @mode: of the code.
 * @in: decoded.
 * @regs: @simd of them is @simd.
 * @simd: AVX-512's.
 * @memory: the bytes before ISAHP_SELFTEST_MEMORY_END.
 * @undefined: flags that the instruction leaves so.
 * @outcome: enum isahp_emulated,
 * @vector: of ISAHP_EMULATE_FAULT,
 * @address: of ISAHP_EMULATE_UNREACHED, and
 * @store: whether that was to be written.
 */
struct isahp_selftest {
	enum isahp_code_mode mode;
	struct isahp_instruction in;
	struct isahp_registers regs;
	struct isahp_simd simd;
	__u8 memory[ISAHP_SELFTEST_MEMORY_SIZE];
	__u32 undefined;
	enum isahp_emulated outcome;
	__u8 vector;
	__u64 address;
	bool store;
};

/**
 * isahp_selftest_begin - registers and memory of a vector
 * @v: @digest does not matter.
 * @t: filled in.
 *
 * Return: false: it is no instruction.
 */
bool isahp_selftest_begin(const struct isahp_selftest_vector *v,
			  struct isahp_selftest *t);

/** isahp_selftest_emulate - carry it out: behind isahp_selftest_begin() */
void isahp_selftest_emulate(struct isahp_selftest *t);

/** isahp_selftest_digest - of all that can have changed */
__u64 isahp_selftest_digest(const struct isahp_selftest *t);

/**
 * isahp_selftest - carry out all vectors
 * @t: memory to work in.
 *
 * Context: any; a millisecond or two.
 *
 * Return: the number of the first vector that comes to something else, or
 * isahp_selftest_count.
 */
unsigned int isahp_selftest(struct isahp_selftest *t);

#endif /* ISAHP_CORE_SELFTEST_H */
