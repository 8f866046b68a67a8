/* SPDX-License-Identifier: MIT */
/* AVX2 and FMA: compiled with -mavx2 -mfma, declared with AVX2 and FMA. */
#include <immintrin.h>
#include <stdbool.h>

#include "gemm.h"

#define ROWS 6
#define COLS 16

/* Lanes below @n; a masked load does not touch the memory of the others. */
ML_INLINE __m256i lanes_below(int n)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32(n),
				  _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

ML_INLINE __m256 load(const float *p, __m256i mask, bool whole)
{
	return whole ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, mask);
}

ML_INLINE void store(float *c, __m256 sum, __m256i mask, bool whole,
		     const struct ml_gemm *g)
{
	sum = _mm256_mul_ps(sum, _mm256_set1_ps(g->alpha));
	if (g->beta != 0)
		sum = _mm256_fmadd_ps(_mm256_set1_ps(g->beta),
				      load(c, mask, whole), sum);
	if (whole)
		_mm256_storeu_ps(c, sum);
	else
		_mm256_maskstore_ps(c, mask, sum);
}

/* @rows, @vecs and @whole are constants: the 12 sums live in registers. */
ML_INLINE void tile_rows(const struct ml_gemm *g, unsigned int rows,
			 unsigned int vecs, bool whole)
{
	const float *a = g->a, *b = g->b;
	__m256 sum[ROWS][2], bv[2];
	__m256i mask[2];
	unsigned int r, v;
	size_t p;

#pragma GCC unroll 2
	for (v = 0; v < vecs; v++) {
		mask[v] = lanes_below((int)g->n - 8 * (int)v);
#pragma GCC unroll 6
		for (r = 0; r < rows; r++)
			sum[r][v] = _mm256_setzero_ps();
	}
	for (p = 0; p < g->k; p++, a++, b += g->ldb) {
#pragma GCC unroll 2
		for (v = 0; v < vecs; v++)
			bv[v] = load(b + 8 * v, mask[v], whole);
#pragma GCC unroll 6
		for (r = 0; r < rows; r++) {
			__m256 ar = _mm256_broadcast_ss(a + r * g->lda);

#pragma GCC unroll 2
			for (v = 0; v < vecs; v++)
				sum[r][v] = _mm256_fmadd_ps(ar, bv[v], sum[r][v]);
		}
	}
#pragma GCC unroll 6
	for (r = 0; r < rows; r++) {
#pragma GCC unroll 2
		for (v = 0; v < vecs; v++)
			store(g->c + r * g->ldc + 8 * v, sum[r][v], mask[v],
			      whole, g);
	}
}

ML_INLINE void tile_any(const struct ml_gemm *g, unsigned int vecs, bool whole)
{
	switch (g->m) {
	case 1:
		tile_rows(g, 1, vecs, whole);
		break;
	case 2:
		tile_rows(g, 2, vecs, whole);
		break;
	case 3:
		tile_rows(g, 3, vecs, whole);
		break;
	case 4:
		tile_rows(g, 4, vecs, whole);
		break;
	case 5:
		tile_rows(g, 5, vecs, whole);
		break;
	default:
		tile_rows(g, ROWS, vecs, whole);
	}
}

static ML_CODE(avx2) void tile(const struct ml_gemm *g)
{
	if (g->n == COLS)
		tile_any(g, 2, true);
	else if (g->n > 8)
		tile_any(g, 2, false);
	else
		tile_any(g, 1, false);
}

ML_CODE(avx2) void ml_sgemm_avx2(size_t m, size_t n, size_t k, float alpha,
				 const float *a, size_t lda, const float *b,
				 size_t ldb, float beta, float *c, size_t ldc)
{
	struct ml_gemm g = { m, n, k, alpha, a, lda, b, ldb, beta, c, ldc };

	ml_gemm(&g, ROWS, COLS, tile);
}
