/* SPDX-License-Identifier: MIT */
/*
 * Random matrix products between guard pages, in either precision, and what is
 * wrong with a result: compared not with another variant, but with the truth.
 */
#ifndef MATHLIB_GEMM_CASE_H
#define MATHLIB_GEMM_CASE_H

#include "mathlib_operands.h"

/**
 * struct gemm_case - a product, as the arguments of ml_sgemm() and ml_dgemm()
 * @size: of an element: 4 or 8.
 * @before: what @c holds before the call; the operands and @c: typed by @size.
 * @c_len: elements of @c, rows' gaps included.
 * @memory: theirs.
 */
struct gemm_case {
	size_t size;
	enum ml_transpose ta, tb;
	size_t m, n, k;
	size_t lda, ldb, ldc;
	double alpha, beta;
	void *a, *b, *c, *before;
	size_t a_len, b_len, c_len;
	struct operands memory;
};

/**
 * gemm_case_make - a random one
 * @g: overwritten; to be freed.
 * @size: of an element.
 * @special: whether some elements are NaN or Inf.
 */
void gemm_case_make(struct gemm_case *g, struct ml_random *random, size_t size,
		    bool special);

/**
 * gemm_case_fill - operands for sizes that are set
 * @g: all but the pointers and lengths set.
 */
void gemm_case_fill(struct gemm_case *g, struct ml_random *random, double scale);

void gemm_case_free(struct gemm_case *g);

/** gemm_case_reset - make C what it is before the call */
void gemm_case_reset(struct gemm_case *g);

/**
 * gemm_case_wrong - how many elements of C are wrong; says which is the first
 * @step: looks at every @step-th element only; gaps between rows at all.
 */
size_t gemm_case_wrong(const struct gemm_case *g, const char *who, size_t step);

/** gemm_case_element - of an operand or C */
double gemm_case_element(const struct gemm_case *g, const void *x, size_t index);

/** gemm_case_call - C by a variant of the operation of its precision; NULL: by that */
void gemm_case_call(struct gemm_case *g, isahp_fn fn);

/** gemm_case_packed - C by a variant of the operation of @b's layout */
void gemm_case_packed(struct gemm_case *g, isahp_fn fn, const struct ml_packed *b);

/** gemm_case_planned - C with a plan */
void gemm_case_planned(struct gemm_case *g, const struct ml_plan *plan);

/** gemm_case_plan - B as a plan; fails the test if there is none */
struct ml_plan *gemm_case_plan(const struct gemm_case *g);

/**
 * gemm_case_lay_out - B in a layout, by the words of <mathlib/gemm.h>
 * @ret: data is in @g's memory.
 */
void gemm_case_lay_out(struct gemm_case *g, uint32_t layout, struct ml_packed *ret);

#endif /* MATHLIB_GEMM_CASE_H */
