/* SPDX-License-Identifier: MIT */
/*
 * Plain C: runs anywhere, and is what the other variants are compared to.
 */
#include "variants.h"

/* @b is NULL, which the compiler sees, or another array. */
ML_INLINE uint64_t count(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; n - i >= 8; i += 8)
		sum += ml_count_word(ml_count_load(a, b, i));
	return sum + ml_count_word(ml_count_rest(a, b, i, n));
}

ML_CODE(c) uint64_t ml_popcount_c(const void *p, size_t n)
{
	return count(p, NULL, n);
}

ML_CODE(c) uint64_t ml_hamming_c(const void *a, const void *b, size_t n)
{
	return count(a, b, n);
}

ML_CODE(c) void ml_base64_encode_c(const uint8_t *src, size_t groups, char *dst)
{
	ml_base64_encode_groups(src, groups, dst);
}

ML_CODE(c) size_t ml_base64_decode_c(const char *src, size_t groups, uint8_t *dst)
{
	return ml_base64_decode_groups(src, groups, dst);
}

/*
 * table[k][i]: the CRC of byte i followed by k zero bytes. It is linear in i: a
 * sum of the CRCs of its bits, which are what is written down here.
 */
#define BYTE(i, a, b, c, d, e, f, g, h)                                        \
	(((i) & 1 ? a : 0) ^ ((i) & 2 ? b : 0) ^ ((i) & 4 ? c : 0) ^           \
	 ((i) & 8 ? d : 0) ^ ((i) & 16 ? e : 0) ^ ((i) & 32 ? f : 0) ^         \
	 ((i) & 64 ? g : 0) ^ ((i) & 128 ? h : 0))
#define BYTES4(i, ...)                                                         \
	BYTE(i, __VA_ARGS__), BYTE((i) + 1, __VA_ARGS__),                      \
		BYTE((i) + 2, __VA_ARGS__), BYTE((i) + 3, __VA_ARGS__)
#define BYTES16(i, ...)                                                        \
	BYTES4(i, __VA_ARGS__), BYTES4((i) + 4, __VA_ARGS__),                  \
		BYTES4((i) + 8, __VA_ARGS__), BYTES4((i) + 12, __VA_ARGS__)
#define BYTES64(i, ...)                                                        \
	BYTES16(i, __VA_ARGS__), BYTES16((i) + 16, __VA_ARGS__),               \
		BYTES16((i) + 32, __VA_ARGS__), BYTES16((i) + 48, __VA_ARGS__)
#define BYTES256(...)                                                          \
	{                                                                      \
		BYTES64(0, __VA_ARGS__), BYTES64(64, __VA_ARGS__),             \
			BYTES64(128, __VA_ARGS__), BYTES64(192, __VA_ARGS__)   \
	}

static const uint32_t table[8][256] = {
	BYTES256(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf,
		 0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
	BYTES256(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8,
		 0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
	BYTES256(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5,
		 0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
	BYTES256(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6,
		 0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
	BYTES256(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91,
		 0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c),
	BYTES256(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f,
		 0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6),
	BYTES256(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53,
		 0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4),
	BYTES256(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da,
		 0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664),
};

ML_CODE(c) uint32_t ml_crc32c_c(uint32_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;

	for (; n >= 8; n -= 8, p += 8) {
		uint32_t low = *(const ml_u32 *)p ^ crc;
		uint32_t high = *(const ml_u32 *)(p + 4);

		/* What does not wait for the last round comes first. */
		crc = table[3][high & 255] ^ table[2][high >> 8 & 255] ^
		      table[1][high >> 16 & 255] ^ table[0][high >> 24];
		crc ^= table[7][low & 255] ^ table[6][low >> 8 & 255] ^
		       table[5][low >> 16 & 255] ^ table[4][low >> 24];
	}
	for (; n; n--, p++)
		crc = table[0][(crc ^ *p) & 255] ^ crc >> 8;
	return crc;
}
