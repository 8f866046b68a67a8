/* SPDX-License-Identifier: MIT */
/* The functions that the ISA files of bits define, and what they share. */
#ifndef ML_BITS_VARIANTS_H
#define ML_BITS_VARIANTS_H

#include <stdint.h>

#include "../variants.h"

#define ML_COUNT_DECLARE(isa)                                                  \
	uint64_t ml_popcount_##isa(const void *p, size_t n);                   \
	uint64_t ml_hamming_##isa(const void *a, const void *b, size_t n)

#define ML_CRC32C_DECLARE(isa)                                                 \
	uint32_t ml_crc32c_##isa(uint32_t crc, const void *p, size_t n)

#define ML_BASE64_DECLARE(isa)                                                 \
	void ml_base64_encode_##isa(const uint8_t *src, size_t groups,         \
				    char *dst);                                \
	size_t ml_base64_decode_##isa(const char *src, size_t groups,          \
				      uint8_t *dst)

ML_COUNT_DECLARE(c);
ML_COUNT_DECLARE(sse2);
ML_COUNT_DECLARE(popcnt);
ML_COUNT_DECLARE(avx2);
ML_COUNT_DECLARE(vpopcntdq);
ML_CRC32C_DECLARE(c);
ML_CRC32C_DECLARE(sse4_2);
ML_CRC32C_DECLARE(pclmul);
ML_CRC32C_DECLARE(vpclmul);
ML_BASE64_DECLARE(c);
ML_BASE64_DECLARE(ssse3);
ML_BASE64_DECLARE(avx2);
ML_BASE64_DECLARE(avx512vbmi);

/* Words as they come, wherever they lie. */
typedef uint64_t ml_u64 __attribute__((may_alias, aligned(1)));
typedef uint32_t ml_u32 __attribute__((may_alias, aligned(1)));

#define ml_hidden __attribute__((visibility("hidden")))

extern const char ml_base64_digit[64] ml_hidden;
extern const uint8_t ml_base64_value[256] ml_hidden;

/** ML_BASE64_BAD - ml_base64_value of what is no digit */
#define ML_BASE64_BAD 0x40

/** ml_base64_encode_groups - byte by byte */
ML_INLINE void ml_base64_encode_groups(const uint8_t *src, size_t groups,
				       char *dst)
{
	for (; groups; groups--, src += 3, dst += 4) {
		uint32_t x = (uint32_t)src[0] << 16 | src[1] << 8 | src[2];

		dst[0] = ml_base64_digit[x >> 18];
		dst[1] = ml_base64_digit[x >> 12 & 63];
		dst[2] = ml_base64_digit[x >> 6 & 63];
		dst[3] = ml_base64_digit[x & 63];
	}
}

/**
 * ml_base64_decode_groups - character by character
 *
 * Return: number of groups before the first with a wrong character.
 */
ML_INLINE size_t ml_base64_decode_groups(const char *src, size_t groups,
					 uint8_t *dst)
{
	const uint8_t *s = (const uint8_t *)src;
	size_t i;

	for (i = 0; i < groups; i++, s += 4, dst += 3) {
		unsigned int a = ml_base64_value[s[0]];
		unsigned int b = ml_base64_value[s[1]];
		unsigned int c = ml_base64_value[s[2]];
		unsigned int d = ml_base64_value[s[3]];

		if ((a | b | c | d) & ML_BASE64_BAD)
			break;
		dst[0] = (uint8_t)(a << 2 | b >> 4);
		dst[1] = (uint8_t)(b << 4 | c >> 2);
		dst[2] = (uint8_t)(c << 6 | d);
	}
	return i;
}

/** ml_count_word - bits set, by adding ever wider fields */
ML_INLINE uint64_t ml_count_word(uint64_t x)
{
	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return x * 0x0101010101010101 >> 56;
}

/** ml_count_load - the word at @i of @a, or of its difference from @b if any */
ML_INLINE uint64_t ml_count_load(const uint8_t *a, const uint8_t *b, size_t i)
{
	uint64_t x = *(const ml_u64 *)(a + i);

	return b ? x ^ *(const ml_u64 *)(b + i) : x;
}

/** ml_count_rest - of the last, at most seven, bytes of @n, as one word */
ML_INLINE uint64_t ml_count_rest(const uint8_t *a, const uint8_t *b, size_t i,
				 size_t n)
{
	uint64_t x = 0;

	for (; i < n; i++)
		x = x << 8 | (uint8_t)(a[i] ^ (b ? b[i] : 0));
	return x;
}

#endif /* ML_BITS_VARIANTS_H */
