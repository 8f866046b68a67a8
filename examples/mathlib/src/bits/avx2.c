/* SPDX-License-Identifier: MIT */
/*
 * AVX2, without FMA: compiled with -mavx2 -mno-popcnt, declared with AVX2.
 */
#include <immintrin.h>

#include "variants.h"

/* --- counting: a table of 16 for each half of a byte ----------------------- */

ML_INLINE __m256i count_vector(__m256i x)
{
	const __m256i bits = _mm256_broadcastsi128_si256(_mm_setr_epi8(
		0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
	const __m256i half = _mm256_set1_epi8(0x0f);
	__m256i low = _mm256_and_si256(x, half);
	__m256i high = _mm256_and_si256(_mm256_srli_epi32(x, 4), half);

	x = _mm256_add_epi8(_mm256_shuffle_epi8(bits, low),
			    _mm256_shuffle_epi8(bits, high));
	return _mm256_sad_epu8(x, _mm256_setzero_si256());
}

ML_INLINE uint64_t sum_vector(__m256i x)
{
	__m128i y = _mm_add_epi64(_mm256_castsi256_si128(x),
				  _mm256_extracti128_si256(x, 1));

	return (uint64_t)_mm_cvtsi128_si64(
		_mm_add_epi64(y, _mm_unpackhi_epi64(y, y)));
}

#define V __m256i
#define LOAD(p) _mm256_loadu_si256((const void *)(p))
#define AND(a, b) _mm256_and_si256(a, b)
#define OR(a, b) _mm256_or_si256(a, b)
#define XOR(a, b) _mm256_xor_si256(a, b)
#define ADD(a, b) _mm256_add_epi64(a, b)
#define DOUBLE(a) _mm256_add_epi64(a, a)
#define ZERO() _mm256_setzero_si256()
#include "count.h"

ML_CODE(avx2) uint64_t ml_popcount_avx2(const void *p, size_t n)
{
	return count(p, NULL, n);
}

ML_CODE(avx2) uint64_t ml_hamming_avx2(const void *a, const void *b, size_t n)
{
	return count(a, b, n);
}

/* --- base64 ------------------------------------------------------------------ */

#define OP(op) _mm256_##op
#define OP_SI(op) _mm256_##op##_si256
#define LANES(x) _mm256_broadcastsi128_si256(x)
#include "base64.h"

/* 12 bytes into each half; 28 are read. */
ML_INLINE __m256i load_groups(const uint8_t *p)
{
	__m128i low = _mm_loadu_si128((const void *)p);
	__m128i high = _mm_loadu_si128((const void *)(p + 12));

	return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

ML_CODE(avx2)
void ml_base64_encode_avx2(const uint8_t *src, size_t groups, char *dst)
{
	for (; groups >= 10; groups -= 8, src += 24, dst += 32)
		_mm256_storeu_si256((void *)dst, encode(load_groups(src)));
	ml_base64_encode_groups(src, groups, dst);
}

ML_CODE(avx2)
size_t ml_base64_decode_avx2(const char *src, size_t groups, uint8_t *dst)
{
	const __m256i together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
	size_t i;

	/* 32 bytes are written, of which eight groups are right. */
	for (i = 0; groups - i >= 11; i += 8) {
		__m256i x = _mm256_loadu_si256((const void *)(src + 4 * i));
		__m256i bad;

		x = decode(x, &bad);
		if (!_mm256_testz_si256(bad, bad))
			break;
		x = _mm256_permutevar8x32_epi32(x, together);
		_mm256_storeu_si256((void *)(dst + 3 * i), x);
	}
	return i + ml_base64_decode_groups(src + 4 * i, groups - i, dst + 3 * i);
}
