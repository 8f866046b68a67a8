/* SPDX-License-Identifier: MIT */
/*
 * AVX-512, the foundation alone: compiled with -mavx512f, declared with
 * AVX512F. No VL (512-bit vectors only), no DQ (no 256-bit extracts of floats).
 */
#include <immintrin.h>
#include <stdbool.h>

#include "gemm.h"

#define ROWS 8
#define COLS 32

/* The lowest @n lanes; a masked load does not touch the memory of the others. */
ML_INLINE __mmask16 lanes_below(size_t n)
{
	return n >= 16 ? 0xffff : (__mmask16)((1u << n) - 1);
}

ML_INLINE __m512 load(const float *p, __mmask16 mask, bool whole)
{
	return whole ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(mask, p);
}

ML_INLINE void store(float *c, __m512 sum, __mmask16 mask, bool whole,
		     const struct ml_gemm *g)
{
	sum = _mm512_mul_ps(sum, _mm512_set1_ps(g->alpha));
	if (g->beta != 0)
		sum = _mm512_fmadd_ps(_mm512_set1_ps(g->beta),
				      load(c, mask, whole), sum);
	if (whole)
		_mm512_storeu_ps(c, sum);
	else
		_mm512_mask_storeu_ps(c, mask, sum);
}

/* @rows, @vecs and @whole are constants: the 16 sums live in registers. */
ML_INLINE void tile_rows(const struct ml_gemm *g, unsigned int rows,
			 unsigned int vecs, bool whole)
{
	const float *a = g->a, *b = g->b;
	__m512 sum[ROWS][2], bv[2];
	__mmask16 mask[2];
	unsigned int r, v;
	size_t p;

#pragma GCC unroll 2
	for (v = 0; v < vecs; v++) {
		mask[v] = lanes_below(g->n - 16 * v);
#pragma GCC unroll 8
		for (r = 0; r < rows; r++)
			sum[r][v] = _mm512_setzero_ps();
	}
	for (p = 0; p < g->k; p++, a++, b += g->ldb) {
#pragma GCC unroll 2
		for (v = 0; v < vecs; v++)
			bv[v] = load(b + 16 * v, mask[v], whole);
#pragma GCC unroll 8
		for (r = 0; r < rows; r++) {
			__m512 ar = _mm512_set1_ps(a[r * g->lda]);

#pragma GCC unroll 2
			for (v = 0; v < vecs; v++)
				sum[r][v] = _mm512_fmadd_ps(ar, bv[v], sum[r][v]);
		}
	}
#pragma GCC unroll 8
	for (r = 0; r < rows; r++) {
#pragma GCC unroll 2
		for (v = 0; v < vecs; v++)
			store(g->c + r * g->ldc + 16 * v, sum[r][v], mask[v],
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
	case 6:
		tile_rows(g, 6, vecs, whole);
		break;
	case 7:
		tile_rows(g, 7, vecs, whole);
		break;
	default:
		tile_rows(g, ROWS, vecs, whole);
	}
}

static ML_CODE(avx512) void tile(const struct ml_gemm *g)
{
	if (g->n == COLS)
		tile_any(g, 2, true);
	else if (g->n > 16)
		tile_any(g, 2, false);
	else
		tile_any(g, 1, false);
}

ML_CODE(avx512) void ml_sgemm_avx512(size_t m, size_t n, size_t k, float alpha,
				     const float *a, size_t lda, const float *b,
				     size_t ldb, float beta, float *c, size_t ldc)
{
	struct ml_gemm g = { m, n, k, alpha, a, lda, b, ldb, beta, c, ldc };

	ml_gemm(&g, ROWS, COLS, tile);
}
