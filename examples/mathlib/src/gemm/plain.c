/* SPDX-License-Identifier: MIT */
/*
 * Plain C: runs anywhere, and is what the other variants are compared to.
 * Written to be seen to be right.
 */
#include "gemm.h"

#define COLS 64

static ML_CODE(c) void tile(const struct ml_gemm *g)
{
	float sum[COLS] = { 0 };
	size_t p, j;

	for (p = 0; p < g->k; p++) {
		for (j = 0; j < g->n; j++)
			sum[j] += g->a[p] * g->b[p * g->ldb + j];
	}
	for (j = 0; j < g->n; j++) {
		float s = g->alpha * sum[j];

		g->c[j] = g->beta == 0 ? s : s + g->beta * g->c[j];
	}
}

ML_CODE(c) void ml_sgemm_c(size_t m, size_t n, size_t k, float alpha,
			   const float *a, size_t lda, const float *b,
			   size_t ldb, float beta, float *c, size_t ldc)
{
	struct ml_gemm g = { m, n, k, alpha, a, lda, b, ldb, beta, c, ldc };

	ml_gemm(&g, 1, COLS, tile);
}
