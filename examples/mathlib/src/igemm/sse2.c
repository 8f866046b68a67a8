/* SPDX-License-Identifier: MIT */
/* SSE2, which is x86-64's base: compiled with no flags of its own. */
#include <emmintrin.h>

#include "variants.h"

#define V __m128i
#define LANES 4
#define ROWS 2
#define COLS 16
#define GROUP 2
#define ZERO() _mm_setzero_si128()
#define SET(x) _mm_set1_epi32((int)(x))
#define LOAD(p) _mm_loadu_si128((const void *)(p))
#define STORE(p, v) _mm_storeu_si128((void *)(p), v)
#define ADD(a, b) _mm_add_epi32(a, b)
#define DOT(sum, a, b) _mm_add_epi32(sum, _mm_madd_epi16(a, b))
#include "body.h"

ML_CODE(sse2)
void ml_igemm_sse2(size_t m, size_t n, size_t k, const uint8_t *a,
		   size_t lda, const int8_t *b, size_t ldb, int add,
		   int32_t *c, size_t ldc)
{
	struct product g = { m, n, k, a, lda, b, ldb, add, c, ldc };

	product(&g);
}
