/* SPDX-License-Identifier: MIT */
/*
 * AVX2, without FMA: compiled with -mavx2 -mno-popcnt, declared with AVX2.
 */
#include <immintrin.h>

#include "variants.h"

#define V __m256i
#define LANES 8
#define ROWS 4
#define COLS 16
#define GROUP 2
#define ZERO() _mm256_setzero_si256()
#define SET(x) _mm256_set1_epi32((int)(x))
#define LOAD(p) _mm256_loadu_si256((const void *)(p))
#define STORE(p, v) _mm256_storeu_si256((void *)(p), v)
#define ADD(a, b) _mm256_add_epi32(a, b)
#define DOT(sum, a, b) _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))
#include "body.h"

ML_CODE(avx2)
void ml_igemm_avx2(size_t m, size_t n, size_t k, const uint8_t *a,
		   size_t lda, const int8_t *b, size_t ldb, int add,
		   int32_t *c, size_t ldc)
{
	struct product g = { m, n, k, a, lda, b, ldb, add, c, ldc };

	product(&g);
}
