/* SPDX-License-Identifier: MIT */
/*
 * AVX-512F and VPCLMULQDQ: compiled with -mavx512f -mvpclmulqdq -mpclmul
 * -msse4.2 -mno-popcnt, declared with AVX512F and VPCLMULQDQ (what those depend
 * on includes the latter).
 *
 * 16 fields of 128 bits are folded over the 256 bytes that follow, again and
 * again: both halves times x^(8 * distance) modulo the polynomial, which leaves
 * fields that have the same CRC as all that was read (Gopal and others, Fast CRC
 * Computation for Generic Polynomials Using PCLMULQDQ Instruction, Intel 2009).
 */
#include <immintrin.h>

#include "crc32.h"

/* Low half: x^(8 * distance + 31) mod P, high: x^(8 * distance - 33); reflected. */
#define FOLD(low, high) { low, high }
static const uint64_t over_256[2] = FOLD(0xdcb17aa4, 0xb9e02b86);
static const uint64_t over_64[2] = FOLD(0x740eef02, 0x9e4addf8);
static const uint64_t over_16[2] = FOLD(0xf20c0dfe, 0x493c7d27);

ML_INLINE __m128i constants(const uint64_t over[2])
{
	return _mm_loadu_si128((const void *)over);
}

ML_INLINE __m512i fold(__m512i x, __m512i over, __m512i next)
{
	/* 0x96: the sum of three bits. */
	return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(x, over, 0x00),
					 _mm512_clmulepi64_epi128(x, over, 0x11),
					 next, 0x96);
}

ML_INLINE __m128i fold_one(__m128i x, __m128i over, __m128i next)
{
	return _mm_xor_si128(next,
		_mm_xor_si128(_mm_clmulepi64_si128(x, over, 0x00),
			      _mm_clmulepi64_si128(x, over, 0x11)));
}

/* The CRC of four fields. */
ML_INLINE uint32_t reduce(__m512i x)
{
	__m128i over = constants(over_16);
	__m128i y = _mm512_castsi512_si128(x);
	uint64_t crc;

	y = fold_one(y, over, _mm512_extracti32x4_epi32(x, 1));
	y = fold_one(y, over, _mm512_extracti32x4_epi32(x, 2));
	y = fold_one(y, over, _mm512_extracti32x4_epi32(x, 3));
	crc = _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(y));
	return (uint32_t)_mm_crc32_u64(crc, (uint64_t)_mm_extract_epi64(y, 1));
}

/* @n is at least 256. */
ML_INLINE uint32_t folded(uint32_t crc, const uint8_t *p, size_t n)
{
	__m512i over = _mm512_broadcast_i32x4(constants(over_256));
	__m512i x[4];
	int k;

#pragma GCC unroll 4
	for (k = 0; k < 4; k++)
		x[k] = _mm512_loadu_si512(p + 64 * k);
	x[0] = _mm512_xor_si512(x[0], _mm512_zextsi128_si512(
					      _mm_cvtsi32_si128((int)crc)));
	for (n -= 256, p += 256; n >= 256; n -= 256, p += 256) {
#pragma GCC unroll 4
		for (k = 0; k < 4; k++)
			x[k] = fold(x[k], over, _mm512_loadu_si512(p + 64 * k));
	}
	over = _mm512_broadcast_i32x4(constants(over_64));
#pragma GCC unroll 3
	for (k = 1; k < 4; k++)
		x[0] = fold(x[0], over, x[k]);
	for (; n >= 64; n -= 64, p += 64)
		x[0] = fold(x[0], over, _mm512_loadu_si512(p));
	return ml_crc32_run(reduce(x[0]), p, n);
}

ML_CODE(vpclmul) uint32_t ml_crc32c_vpclmul(uint32_t crc, const void *p, size_t n)
{
	return n < 256 ? ml_crc32_run(crc, p, n) : folded(crc, p, n);
}
