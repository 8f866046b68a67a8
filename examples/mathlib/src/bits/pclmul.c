/* SPDX-License-Identifier: MIT */
/*
 * SSE4.2 and PCLMULQDQ: compiled with -msse4.2 -mpclmul -mno-popcnt, declared
 * with SSE4_2 and PCLMULQDQ.
 *
 * CRC32 takes three cycles, but one can begin in each: three blocks that follow
 * one another are gone through at the same time. Then the first two CRCs are
 * moved over what comes after them: times x^(8 * bytes) modulo the polynomial
 * (Gopal and others, Fast CRC Computation for iSCSI Polynomial Using CRC32
 * Instruction, Intel 2011).
 */
#include <wmmintrin.h>

#include "crc32.h"

/*
 * x^(8 * n - 33) mod P, bits reflected: the product of two reflected numbers
 * comes out one bit low, and the CRC32 that reduces it multiplies by x^32.
 */
#define OVER_256 0xb9e02b86
#define OVER_512 0xdd7e3b0c
#define OVER_2048 0xa51b6135
#define OVER_4096 0x82f89c77

ML_INLINE uint32_t move(uint32_t crc, uint32_t over)
{
	__m128i product = _mm_clmulepi64_si128(_mm_cvtsi32_si128((int)crc),
					       _mm_cvtsi32_si128((int)over), 0);

	return (uint32_t)_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

/* Three blocks of @block bytes. */
ML_INLINE uint32_t three(uint32_t crc, const uint8_t *p, size_t block,
			 uint32_t over_one, uint32_t over_two)
{
	uint64_t a = crc, b = 0, c = 0;
	size_t i;

	for (i = 0; i < block; i += 8) {
		a = _mm_crc32_u64(a, *(const ml_u64 *)(p + i));
		b = _mm_crc32_u64(b, *(const ml_u64 *)(p + block + i));
		c = _mm_crc32_u64(c, *(const ml_u64 *)(p + 2 * block + i));
	}
	return move((uint32_t)a, over_two) ^ move((uint32_t)b, over_one) ^
	       (uint32_t)c;
}

ML_CODE(pclmul) uint32_t ml_crc32c_pclmul(uint32_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;

	for (; n >= 3 * 2048; n -= 3 * 2048, p += 3 * 2048)
		crc = three(crc, p, 2048, OVER_2048, OVER_4096);
	for (; n >= 3 * 256; n -= 3 * 256, p += 3 * 256)
		crc = three(crc, p, 256, OVER_256, OVER_512);
	return ml_crc32_run(crc, p, n);
}
