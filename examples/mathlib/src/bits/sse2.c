/* SPDX-License-Identifier: MIT */
/* SSE2, which is x86-64's base: compiled with no flags of its own. */
#include <emmintrin.h>

#include "variants.h"

#define V __m128i
#define LOAD(p) _mm_loadu_si128((const void *)(p))
#define AND(a, b) _mm_and_si128(a, b)
#define OR(a, b) _mm_or_si128(a, b)
#define XOR(a, b) _mm_xor_si128(a, b)
#define ADD(a, b) _mm_add_epi64(a, b)
#define DOUBLE(a) _mm_add_epi64(a, a)
#define ZERO() _mm_setzero_si128()

/* As ml_count_word(), up to bytes; then those are added up. */
ML_INLINE __m128i count_vector(__m128i x)
{
	const __m128i m1 = _mm_set1_epi8(0x55), m2 = _mm_set1_epi8(0x33);
	const __m128i m4 = _mm_set1_epi8(0x0f);

	x = _mm_sub_epi8(x, _mm_and_si128(_mm_srli_epi64(x, 1), m1));
	x = _mm_add_epi8(_mm_and_si128(x, m2),
			 _mm_and_si128(_mm_srli_epi64(x, 2), m2));
	x = _mm_and_si128(_mm_add_epi8(x, _mm_srli_epi64(x, 4)), m4);
	return _mm_sad_epu8(x, _mm_setzero_si128());
}

ML_INLINE uint64_t sum_vector(__m128i x)
{
	return (uint64_t)_mm_cvtsi128_si64(
		_mm_add_epi64(x, _mm_unpackhi_epi64(x, x)));
}

#include "count.h"

ML_CODE(sse2) uint64_t ml_popcount_sse2(const void *p, size_t n)
{
	return count(p, NULL, n);
}

ML_CODE(sse2) uint64_t ml_hamming_sse2(const void *a, const void *b, size_t n)
{
	return count(a, b, n);
}
