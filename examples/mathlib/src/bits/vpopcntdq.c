/* SPDX-License-Identifier: MIT */
/*
 * AVX-512 VPOPCNTDQ: compiled with -mavx512f -mavx512vpopcntdq, declared with
 * AVX512F and AVX512_VPOPCNTDQ.
 */
#include <immintrin.h>

#include "variants.h"

ML_INLINE __m512i load(const uint8_t *a, const uint8_t *b, size_t i)
{
	__m512i x = _mm512_loadu_si512(a + i);

	return b ? _mm512_xor_si512(x, _mm512_loadu_si512(b + i)) : x;
}

/* The foundation masks words, not bytes: of the last 63 at most, whole ones. */
ML_INLINE __m512i load_words(const uint8_t *a, const uint8_t *b, size_t i,
			     size_t words)
{
	__mmask8 mask = (__mmask8)((1u << words) - 1);
	__m512i x = _mm512_maskz_loadu_epi64(mask, a + i);

	return b ? _mm512_xor_si512(x, _mm512_maskz_loadu_epi64(mask, b + i)) : x;
}

ML_INLINE uint64_t count(const uint8_t *a, const uint8_t *b, size_t n)
{
	__m512i sum[4], last;
	size_t i;
	int k;

#pragma GCC unroll 4
	for (k = 0; k < 4; k++)
		sum[k] = _mm512_setzero_si512();
	for (i = 0; n - i >= 256; i += 256) {
#pragma GCC unroll 4
		for (k = 0; k < 4; k++)
			sum[k] = _mm512_add_epi64(sum[k], _mm512_popcnt_epi64(
				load(a, b, i + 64 * k)));
	}
	for (; n - i >= 64; i += 64)
		sum[0] = _mm512_add_epi64(sum[0],
					  _mm512_popcnt_epi64(load(a, b, i)));
	last = load_words(a, b, i, (n - i) / 8);
	i += (n - i) / 8 * 8;
	sum[1] = _mm512_add_epi64(sum[1], _mm512_popcnt_epi64(last));
	last = _mm512_maskz_set1_epi64(1, (long long)ml_count_rest(a, b, i, n));
	sum[2] = _mm512_add_epi64(sum[2], _mm512_popcnt_epi64(last));
	return (uint64_t)_mm512_reduce_add_epi64(
		_mm512_add_epi64(_mm512_add_epi64(sum[0], sum[1]),
				 _mm512_add_epi64(sum[2], sum[3])));
}

ML_CODE(vpopcntdq) uint64_t ml_popcount_vpopcntdq(const void *p, size_t n)
{
	return count(p, NULL, n);
}

ML_CODE(vpopcntdq)
uint64_t ml_hamming_vpopcntdq(const void *a, const void *b, size_t n)
{
	return count(a, b, n);
}
