/* SPDX-License-Identifier: MIT */
/*
 * Problem instances: seeded operands, the expected result by plain C, and by
 * how much a variant may be off. One checker for the demo, the tests and the
 * benchmark. Compiled for x86-64's base only.
 */
#ifndef ML_PROBLEM_H
#define ML_PROBLEM_H

#include <stdbool.h>
#include <mathlib/mathlib.h>

/** enum ml_op - the operations */
enum ml_op {
	ML_SGEMM,
	ML_SDOT,
	ML_SAXPY,
	ML_OPS,
};

/** ml_op_name - "sgemm", "sdot", "saxpy" */
const char *ml_op_name(enum ml_op op);

/** ml_op_operation - the libisahp operation behind it */
struct isahp_operation *ml_op_operation(enum ml_op op);

/**
 * ml_op_variant - a variant by name
 * @op: operation.
 * @name: "c", "sse2", "avx2", "avx512".
 *
 * Return: the variant, or NULL.
 */
const struct isahp_variant *ml_op_variant(enum ml_op op, const char *name);

/**
 * ml_variant_runs - can this CPU execute a variant?
 * @variant: of mathlib.
 *
 * Asked of the compiler's runtime, so that the answer does not depend on
 * libisahp: it is what a program without it would go by.
 */
bool ml_variant_runs(const struct isahp_variant *variant);

/** struct ml_random - splitmix64 (Steele, Lea, Flood, OOPSLA 2014) */
struct ml_random {
	uint64_t state;
};

uint64_t ml_random_u64(struct ml_random *random);

/** ml_random_below - 0 to @limit - 1; @limit is not 0 */
size_t ml_random_below(struct ml_random *random, size_t limit);

/** ml_random_unit - one of the 2^24 floats at equal distance in [-1, 1) */
float ml_random_unit(struct ml_random *random);

/**
 * struct ml_problem - one call with its answer
 * @op: the operation; the sizes and factors are its arguments (sdot and saxpy
 *	use @n, saxpy @alpha). Set by the caller.
 * @a: A, or x.
 * @b: B, or sdot's y.
 * @out: where the result goes: C, saxpy's y, or sdot's one number.
 * @initial: what @out holds before the call.
 * @expect: what it must hold after it,
 * @bound: give or take. 0 between the rows of C, which nobody may write to.
 * @a_len, @b_len, @out_len: floats there, rows' gaps included.
 */
struct ml_problem {
	enum ml_op op;
	enum ml_transpose ta, tb;
	size_t m, n, k;
	size_t lda, ldb, ldc;
	float alpha, beta;
	float *a, *b, *out;
	float *initial, *expect, *bound;
	size_t a_len, b_len, out_len;
};

/**
 * ml_problem_alloc - get memory for a problem with its sizes set
 * @p: op, sizes and leading dimensions set.
 * @alloc: returns room for that many floats, aligned as float, or NULL; called
 *	six times.
 * @arg: passed on to it.
 *
 * The memory stays the allocator's. -ENOMEM: @alloc gave NULL.
 */
int ml_problem_alloc(struct ml_problem *p, float *(*alloc)(size_t, void *),
		     void *arg);

/** ml_problem_free - by free(), what an allocator of malloc()'s kind has given */
void ml_problem_free(struct ml_problem *p);

/**
 * ml_problem_fill - random operands
 * @p: allocated.
 * @random: where from.
 * @scale: operands are in [-scale, scale).
 */
void ml_problem_fill(struct ml_problem *p, struct ml_random *random, float scale);

/**
 * ml_problem_solve - compute what to expect
 * @p: with operands.
 *
 * By plain C; the bounds by sums in double, whose error is far below what their
 * derivation leaves.
 */
void ml_problem_solve(struct ml_problem *p);

/** ml_problem_reset - make @out what it is before a call */
void ml_problem_reset(struct ml_problem *p);

/**
 * ml_problem_call - run a variant
 * @p: reset.
 * @fn: a variant of its operation.
 */
void ml_problem_call(struct ml_problem *p, isahp_fn fn);

/**
 * ml_problem_call_operation - call the operation, as its users do
 * @p: reset. Which variant that is, libisahp decides.
 */
void ml_problem_call_operation(struct ml_problem *p);

/**
 * ml_problem_wrong - compare
 * @p: after a call.
 * @ret_index: the first element that is wrong, when there is one.
 *
 * Return: number of elements that are wrong.
 */
size_t ml_problem_wrong(const struct ml_problem *p, size_t *ret_index);

/** ml_problem_flops - floating-point operations of one call */
uint64_t ml_problem_flops(const struct ml_problem *p);

#endif /* ML_PROBLEM_H */
