/* SPDX-License-Identifier: MIT */
/*
 * Cache blocking of sgemm, the same for each ISA. The ISA brings a tile: a
 * block of C that fits into its registers.
 */
#ifndef ML_GEMM_H
#define ML_GEMM_H

#include "../variants.h"

#define ML_SGEMM_DECLARE(isa)                                                  \
	void ml_sgemm_##isa(size_t m, size_t n, size_t k, float alpha,         \
			    const float *a, size_t lda, const float *b,        \
			    size_t ldb, float beta, float *c, size_t ldc)

ML_SGEMM_DECLARE(c);
ML_SGEMM_DECLARE(sse2);
ML_SGEMM_DECLARE(avx2);
ML_SGEMM_DECLARE(avx512);

/*
 * A strip of B, ML_GEMM_KC rows of at most 32 floats, is 32 KB at most and
 * stays in L1 while the tiles of a column of C are computed. A block of A,
 * ML_GEMM_MC rows, is 128 KB at most and stays in L2 for a whole row of strips.
 */
#define ML_GEMM_KC 256
#define ML_GEMM_MC 120

/**
 * struct ml_gemm - a product, or a block of one
 *
 * As the arguments of ml_sgemm().
 */
struct ml_gemm {
	size_t m, n, k;
	float alpha;
	const float *a;
	size_t lda;
	const float *b;
	size_t ldb;
	float beta;
	float *c;
	size_t ldc;
};

/**
 * ml_gemm_scale - C = beta * C
 * @g: whose A and B are not looked at.
 */
ML_INLINE void ml_gemm_scale(const struct ml_gemm *g)
{
	size_t i, j;

	for (i = 0; i < g->m; i++) {
		for (j = 0; j < g->n; j++) {
			float *c = g->c + i * g->ldc + j;

			*c = g->beta == 0 ? 0 : g->beta * *c;
		}
	}
}

/* One block of A times one strip of B: g->n is at most a tile's columns. */
ML_INLINE void ml_gemm_strip(const struct ml_gemm *g, size_t rows,
			     void (*tile)(const struct ml_gemm *))
{
	struct ml_gemm t = *g;
	size_t i;

	for (i = 0; i < g->m; i += rows) {
		t.m = g->m - i < rows ? g->m - i : rows;
		t.a = g->a + i * g->lda;
		t.c = g->c + i * g->ldc;
		tile(&t);
	}
}

/* One block of A, of at most ML_GEMM_MC x ML_GEMM_KC, times all of B's columns. */
ML_INLINE void ml_gemm_block(const struct ml_gemm *g, size_t rows, size_t cols,
			     void (*tile)(const struct ml_gemm *))
{
	struct ml_gemm s = *g;
	size_t j;

	for (j = 0; j < g->n; j += cols) {
		s.n = g->n - j < cols ? g->n - j : cols;
		s.b = g->b + j;
		s.c = g->c + j;
		ml_gemm_strip(&s, rows, tile);
	}
}

/**
 * ml_gemm - the whole product
 * @g: any sizes.
 * @rows: most rows and
 * @cols: columns that @tile takes.
 * @tile: computes a product of 1 to @rows x 1 to @cols, k from 1 to ML_GEMM_KC.
 */
ML_INLINE void ml_gemm(const struct ml_gemm *g, size_t rows, size_t cols,
		       void (*tile)(const struct ml_gemm *))
{
	struct ml_gemm b = *g;
	size_t i, p;

	if (!g->k || g->alpha == 0) {
		ml_gemm_scale(g);
		return;
	}
	for (p = 0; p < g->k; p += ML_GEMM_KC) {
		b.k = g->k - p < ML_GEMM_KC ? g->k - p : ML_GEMM_KC;
		b.b = g->b + p * g->ldb;
		/* Later blocks add to C: a multiplication by 1 is exact. */
		b.beta = p ? 1 : g->beta;
		for (i = 0; i < g->m; i += ML_GEMM_MC) {
			b.m = g->m - i < ML_GEMM_MC ? g->m - i : ML_GEMM_MC;
			b.a = g->a + i * g->lda + p;
			b.c = g->c + i * g->ldc;
			ml_gemm_block(&b, rows, cols, tile);
		}
	}
}

#endif /* ML_GEMM_H */
