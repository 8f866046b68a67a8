/* SPDX-License-Identifier: MIT */
/*
 * AVX-512 VNNI: compiled with -mavx512f -mavx512vnni -mno-popcnt, declared with
 * AVX512F and AVX512_VNNI. VPDPBUSD, unlike VPDPBUSDS, does not saturate.
 */
#include <immintrin.h>

#include "variants.h"

#define V __m512i
#define LANES 16
#define ROWS 8
#define COLS 32
#define GROUP 4
#define ZERO() _mm512_setzero_si512()
#define SET(x) _mm512_set1_epi32((int)(x))
#define LOAD(p) _mm512_loadu_si512(p)
#define STORE(p, v) _mm512_storeu_si512(p, v)
#define ADD(a, b) _mm512_add_epi32(a, b)
#define DOT(sum, a, b) _mm512_dpbusd_epi32(sum, a, b)
#include "body.h"

ML_CODE(avx512vnni)
void ml_igemm_avx512vnni(size_t m, size_t n, size_t k, const uint8_t *a,
			 size_t lda, const int8_t *b, size_t ldb, int add,
			 int32_t *c, size_t ldc)
{
	struct product g = { m, n, k, a, lda, b, ldb, add, c, ldc };

	product(&g);
}
