/* SPDX-License-Identifier: MIT */
/* Products from their arguments to their end, whatever the variant. */
#ifndef ML_PRODUCT_H
#define ML_PRODUCT_H

#include "gemm.h"

/**
 * struct ml_space - where a product works
 * @stack: for small ones.
 * @mapped: the thread's; NULL: not taken.
 */
struct ml_space {
	char stack[ML_GEMM_STACK] __attribute__((aligned(64)));
	void *mapped;
};

/** ml_product_a - A of a product, as ml_sgemm() is given it */
ML_INLINE void ml_product_a(struct ml_gemm *g, enum ml_transpose ta,
			    const void *a, size_t lda)
{
	g->a = a;
	g->a_row = ta == ML_TRANSPOSED ? 1 : lda;
	g->a_col = ta == ML_TRANSPOSED ? lda : 1;
}

/** ml_product_b - and B */
ML_INLINE void ml_product_b(struct ml_gemm *g, enum ml_transpose tb,
			    const void *b, size_t ldb)
{
	g->b = b;
	g->b_row = tb == ML_TRANSPOSED ? 1 : ldb;
	g->b_col = tb == ML_TRANSPOSED ? ldb : 1;
}

/**
 * ml_product_begin - is there anything to multiply?
 * @g: sizes, operands and factors set, the rest zero.
 * @size: of an element: 4 or 8.
 * @space: overwritten.
 *
 * C = beta * C is done here.
 *
 * Return: whether; then with ml_product_end().
 */
bool ml_product_begin(struct ml_gemm *g, size_t size, struct ml_space *space);

/** ml_product_end - give the space back */
void ml_product_end(struct ml_space *space);

/** ml_product_on - go on by an operation until its variant has enough */
bool ml_product_on(struct ml_gemm *g, struct isahp_operation *op);

#endif /* ML_PRODUCT_H */
