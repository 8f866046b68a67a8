/* SPDX-License-Identifier: MIT */
/*
 * A matrix product under way, and what its variants have in common.
 *
 * The product is cut as in BLIS (Van Zee and van de Geijn, ACM TOMS 41(3),
 * 2015): B in panels of kc x nc, A in blocks of mc x kc. A variant works off
 * blocks from where the product has got to, and may stop after any of them: the
 * next one, of another ISA and another layout of the work space, goes on from
 * there. Hence kc and nc are the product's and not the ISA's.
 */
#ifndef ML_GEMM_H
#define ML_GEMM_H

#include <stdbool.h>
#include <mathlib/gemm.h>

#include "../variants.h"

/*
 * A strip of B, ML_GEMM_KC rows of two vectors, is 32 KB at most: L1, or close.
 * A block of A, ML_GEMM_MC rows, is 147 KB and in L2. A panel of B is 1 or 2 MB
 * and in L3, or L2.
 */
#define ML_GEMM_KC 256
#define ML_GEMM_NC 1024
#define ML_GEMM_MC(size) (576 / (size))
/* A multiple of any variant's strip of columns, and tile's rows. */
#define ML_GEMM_NR 32
#define ML_GEMM_MR 12
/* Work space on the stack: small products, and when there is no other. */
#define ML_GEMM_STACK 8192

/**
 * struct ml_gemm - a product under way
 * @m, @n, @k: C is m x n, A m x k, B k x n; none is 0.
 * @alpha, @beta: as given; alpha is not 0.
 * @a: A; element (i, p) is at @a_row * i + @a_col * p.
 * @b: B; element (p, j) is at @b_row * p + @b_col * j; or packed:
 * @panel: 0, or the columns of a panel of a packed B.
 * @c: C, row-major.
 * @ldc: its leading dimension.
 * @kc, @nc: rows and columns of a panel of B; @nc is a multiple of ML_GEMM_NR.
 * @direct: do not pack B but for columns that fill no vector; @b_col is 1.
 * @work_a: room for ML_GEMM_MC rows of kc elements; NULL: A is not packed.
 * @work_b: room for a panel of B.
 * @i, @p, @j: the block that is next.
 * @op, @region: stop when the operation moves on; NULL: never.
 * @version, @seen: stop when they differ; NULL: never.
 */
struct ml_gemm {
	size_t m, n, k;
	double alpha, beta;
	const void *a;
	size_t a_row, a_col;
	const void *b;
	size_t b_row, b_col;
	size_t panel;
	void *c;
	size_t ldc;
	size_t kc, nc;
	bool direct;
	void *work_a;
	void *work_b;
	size_t i, p, j;
	const struct isahp_operation *op;
	const struct isahp_region *region;
	const uint32_t *version;
	uint32_t seen;
};

/**
 * ml_gemm_fn - a variant of any operation here
 *
 * Return: whether the product is complete; if not, at least a block was done.
 */
typedef bool (*ml_gemm_fn)(struct ml_gemm *g);

#define ML_GEMM_DECLARE(isa)                                                   \
	bool ml_sgemm_##isa(struct ml_gemm *g);                                \
	bool ml_dgemm_##isa(struct ml_gemm *g)

ML_GEMM_DECLARE(c);
ML_GEMM_DECLARE(sse2);
ML_GEMM_DECLARE(avx2);
ML_GEMM_DECLARE(avx512);

ML_INLINE size_t ml_least(size_t x, size_t y)
{
	return x < y ? x : y;
}

ML_INLINE size_t ml_round_up(size_t x, size_t step)
{
	return (x + step - 1) / step * step;
}

/** ml_gemm_advance - a block of @rows is done; on to the next */
ML_INLINE void ml_gemm_advance(struct ml_gemm *g, size_t rows)
{
	g->i += rows;
	if (g->i < g->m)
		return;
	g->i = 0;
	g->p += g->kc;
	if (g->p < g->k)
		return;
	g->p = 0;
	g->j += g->nc;
}

/** ml_gemm_stop - should the variant stop after this block? Two loads. */
ML_INLINE bool ml_gemm_stop(const struct ml_gemm *g)
{
	return (g->op && isahp_poll(g->op, g->region)) ||
	       (g->version &&
		__atomic_load_n(g->version, __ATOMIC_RELAXED) != g->seen);
}

/** ml_gemm_packed_at - where a panel of a packed B begins, in elements */
ML_INLINE size_t ml_gemm_packed_at(const struct ml_gemm *g, size_t kb)
{
	return g->p * ml_round_up(g->n, g->panel) + g->j * kb;
}

/*
 * What ends each product: C = alpha * sum + beta * C, of the first block of k;
 * later ones add. A multiplication by 1 is exact.
 */
ML_INLINE double ml_gemm_beta(const struct ml_gemm *g)
{
	return g->p ? 1 : g->beta;
}

#endif /* ML_GEMM_H */
