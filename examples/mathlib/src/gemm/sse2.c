/* SPDX-License-Identifier: MIT */
/* SSE2, which is x86-64's base: compiled with no flags of its own. */
#include <emmintrin.h>
#include <stdbool.h>

#include "gemm.h"

#define ROWS 4
#define COLS 8

ML_INLINE __m128 madd(__m128 sum, __m128 x, __m128 y)
{
	return _mm_add_ps(sum, _mm_mul_ps(x, y));
}

ML_INLINE void store(float *c, __m128 sum, __m128 alpha, float beta)
{
	sum = _mm_mul_ps(sum, alpha);
	if (beta != 0)
		sum = madd(sum, _mm_set1_ps(beta), _mm_loadu_ps(c));
	_mm_storeu_ps(c, sum);
}

/* @rows and @vecs are constants: the sums live in registers. */
ML_INLINE void tile_vectors(const struct ml_gemm *g, unsigned int rows,
			    unsigned int vecs, size_t j)
{
	__m128 alpha = _mm_set1_ps(g->alpha);
	__m128 sum[ROWS][2], b[2];
	unsigned int r, v;
	size_t p;

#pragma GCC unroll 4
	for (r = 0; r < rows; r++)
		sum[r][0] = sum[r][1] = _mm_setzero_ps();
	for (p = 0; p < g->k; p++) {
#pragma GCC unroll 2
		for (v = 0; v < vecs; v++)
			b[v] = _mm_loadu_ps(g->b + p * g->ldb + j + 4 * v);
#pragma GCC unroll 4
		for (r = 0; r < rows; r++) {
			__m128 a = _mm_set1_ps(g->a[r * g->lda + p]);

#pragma GCC unroll 2
			for (v = 0; v < vecs; v++)
				sum[r][v] = madd(sum[r][v], a, b[v]);
		}
	}
#pragma GCC unroll 4
	for (r = 0; r < rows; r++) {
#pragma GCC unroll 2
		for (v = 0; v < vecs; v++)
			store(g->c + r * g->ldc + j + 4 * v, sum[r][v], alpha,
			      g->beta);
	}
}

/* SSE2 has no masked loads: what is left of a row goes one by one. */
ML_INLINE void tile_scalars(const struct ml_gemm *g, unsigned int rows, size_t j)
{
	unsigned int r;
	size_t p;

	for (; j < g->n; j++) {
		for (r = 0; r < rows; r++) {
			float *c = g->c + r * g->ldc + j;
			float sum = 0;

			for (p = 0; p < g->k; p++)
				sum += g->a[r * g->lda + p] * g->b[p * g->ldb + j];
			sum *= g->alpha;
			*c = g->beta == 0 ? sum : sum + g->beta * *c;
		}
	}
}

ML_INLINE void tile_rows(const struct ml_gemm *g, unsigned int rows)
{
	if (g->n == COLS) {
		tile_vectors(g, rows, 2, 0);
		return;
	}
	if (g->n >= 4)
		tile_vectors(g, rows, 1, 0);
	tile_scalars(g, rows, g->n & 4);
}

static ML_CODE(sse2) void tile(const struct ml_gemm *g)
{
	switch (g->m) {
	case 1:
		tile_rows(g, 1);
		break;
	case 2:
		tile_rows(g, 2);
		break;
	case 3:
		tile_rows(g, 3);
		break;
	default:
		tile_rows(g, ROWS);
	}
}

ML_CODE(sse2) void ml_sgemm_sse2(size_t m, size_t n, size_t k, float alpha,
				 const float *a, size_t lda, const float *b,
				 size_t ldb, float beta, float *c, size_t ldc)
{
	struct ml_gemm g = { m, n, k, alpha, a, lda, b, ldb, beta, c, ldc };

	ml_gemm(&g, ROWS, COLS, tile);
}
