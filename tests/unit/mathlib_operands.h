/* SPDX-License-Identifier: MIT */
/*
 * Operands between guard pages: what is read or written beside them crashes.
 */
#ifndef MATHLIB_OPERANDS_H
#define MATHLIB_OPERANDS_H

#include <problem.h>

#define OPERANDS_MAX 6

/**
 * struct operands - the memory of one problem
 * @at_end: whether an operand ends, or begins, where its guard page does.
 */
struct operands {
	int at_end;
	size_t count;
	struct {
		void *base;
		size_t size;
	} map[OPERANDS_MAX];
};

/** operands_alloc - for ml_problem_alloc(); @arg is a struct operands */
float *operands_alloc(size_t count, void *arg);

/** operands_free - all that was allocated from it */
void operands_free(struct operands *o);

/** operands_seed - $ISAHP_SEED, else of the time; printed */
uint64_t operands_seed(void);

/**
 * operands_shape - a random problem with its sizes and factors set
 * @random: where from.
 * @op: operation.
 *
 * 0, 1 and the sizes around a multiple of 4, 8, 16 and 32 are frequent.
 */
struct ml_problem operands_shape(struct ml_random *random, enum ml_op op);

/** operands_scale - mostly 1, sometimes so small that products underflow */
float operands_scale(struct ml_random *random);

#endif /* MATHLIB_OPERANDS_H */
