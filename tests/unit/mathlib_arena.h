/* SPDX-License-Identifier: MIT */
/*
 * Operands of any type between guard pages: what is read or written beyond the
 * page crashes, and what is written beside the operand within it is found.
 */
#ifndef MATHLIB_ARENA_H
#define MATHLIB_ARENA_H

#include <problem.h>

#include "mathlib_operands.h"

#define ARENAS 4
#define ARENA_BYTES ((size_t)1 << 20)

/**
 * arena_get - room for an operand
 * @index: below ARENAS; what was in that arena is gone.
 * @bytes: up to ARENA_BYTES - 128.
 * @random: whether it ends, or begins, where its guard page does; where it ends
 *	there its alignment is that of its size.
 *
 * Return: room with arbitrary contents.
 */
void *arena_get(unsigned int index, size_t bytes, struct ml_random *random);

/** arena_intact - was nothing written next to the operand? */
bool arena_intact(unsigned int index);

/** arena_length - a random length: short ones, and those around powers of two */
size_t arena_length(struct ml_random *random, size_t limit);

/** arena_fill - random bytes */
void arena_fill(void *p, size_t bytes, struct ml_random *random);

/**
 * arena_each_variant - run a test for each variant that this CPU can execute
 * @op: operation.
 * @test: gets the variant's function and name.
 *
 * Those that it can not are named on stderr; fails if that is all.
 */
void arena_each_variant(const struct isahp_operation *op,
			void (*test)(isahp_fn fn, const char *name));

/** arena_each_variant_of - the same, for a test that takes more than that */
void arena_each_variant_of(const struct isahp_operation *op,
			   void (*test)(const struct isahp_variant *v, void *arg),
			   void *arg);

/**
 * ARENA_EACH_ROUND - define NAME_test(), for arena_each_variant()
 * @name: NAME_fn is the type of the variants' functions; NAME_right(fn, random)
 *	makes a random case, and says whether one got it right.
 * @rounds: how many cases.
 */
#define ARENA_EACH_ROUND(name, rounds) ARENA_EACH_ROUND_(name, rounds)
#define ARENA_EACH_ROUND_(name, rounds)                                        \
	static void name##_test(isahp_fn fn, const char *variant)              \
	{                                                                      \
		struct ml_random random = { operands_seed() };                 \
		int i;                                                         \
									       \
		for (i = 0; i < (rounds); i++)                                 \
			cr_assert(name##_right((name##_fn)fn, &random), "%s",  \
				  variant);                                    \
	}

/** arena_exit_on_segv - a guard page that was hit becomes exit status 42 */
void arena_exit_on_segv(void);

#endif /* MATHLIB_ARENA_H */
