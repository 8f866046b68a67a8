/* SPDX-License-Identifier: MIT */
/*
 * The CPU as an oracle for operations: one instruction, or the few that make it
 * one of three operands, between loading registers and storing them.
 */
#ifndef TEST_CORE_STUB_H
#define TEST_CORE_STUB_H

#include <isa-core/vector.h>

/** enum stub_kind - which registers the code around the instruction moves */
enum stub_kind {
	STUB_GPR,
	STUB_MMX,
	STUB_SSE,
	STUB_AVX,
	STUB_AVX512,
};

/**
 * struct stub_state - registers before and after
 * @c: to xMM0 and xMM3, @a to xMM1, @b to xMM2.
 * @ret: from xMM0.
 * @active: to K1.
 * @rax, @rdx, @rsi: to the registers; @rax from it.
 * @rcx: from it.
 * @flags: RFLAGS before and after.
 * @mask: from K3. K4 and K5 are the lowest quadwords of @a and @b.
 */
struct stub_state {
	union isahp_vector c, a, b, ret;
	__u64 active, rax, rdx, rsi, rcx, flags, mask;
} __attribute__((aligned(64)));

/** stub_supports - whether this CPU and system have the registers of a kind */
bool stub_supports(enum stub_kind kind);

/**
 * stub_make - make the instruction the one that stub_run() executes
 * @code: @size bytes, position-independent.
 *
 * Return: where its last byte, the immediate, can be written; NULL where no
 * memory may be both written and executed.
 */
unsigned char *stub_make(enum stub_kind kind, const unsigned char *code,
			 size_t size);

/** stub_run - execute what stub_make() made */
void stub_run(struct stub_state *s);

#endif /* TEST_CORE_STUB_H */
