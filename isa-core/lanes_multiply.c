// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Multiplication, sums across elements, and sums of products.
 */
#include "lanes_operation.h"

/* --- products ------------------------------------------------------------ */

ELEMENTS(pmullw, w, __u16, (__u32)x * y)
ELEMENTS(pmulhuw, w, __u16, (__u32)x * y >> 16)
ELEMENTS(pmulhw, w, __u16, (__s16)x * (__s16)y >> 16)
ELEMENTS(pmulhrsw, w, __u16, (((__s16)x * (__s16)y >> 14) + 1) >> 1)
ELEMENTS(pmulld, d, __u32, x * y)
ELEMENTS(vpmullq, q, __u64, x * y)
ELEMENTS(pmuludq, q, __u64, (x & 0xffffffff) * (y & 0xffffffff))
ELEMENTS(pmuldq, q, __u64, (__s64)(__s32)x * (__s32)y)

static inline unsigned __int128 product52(__u64 x, __u64 y)
{
	return (unsigned __int128)(x & ((1ULL << 52) - 1)) * (y & ((1ULL << 52) - 1));
}

ELEMENTS3(vpmadd52luq, q, __u64, z + ((__u64)product52(x, y) & ((1ULL << 52) - 1)))
ELEMENTS3(vpmadd52huq, q, __u64, z + (__u64)(product52(x, y) >> 52))

/* --- sums of products ---------------------------------------------------- */

/* Both halves of a doubleword, as signed words. */
static inline __s64 dot_w(__u32 x, __u32 y)
{
	return (__s64)(__s16)x * (__s16)y +
	       (__s64)(__s16)(x >> 16) * (__s16)(y >> 16);
}

/* All four bytes, unsigned by signed: between -4 * 255 * 128 and less than that. */
static inline __s64 dot_b(__u32 x, __u32 y)
{
	return (__s32)(x & 255) * (__s8)y +
	       (__s32)(x >> 8 & 255) * (__s8)(y >> 8) +
	       (__s32)(x >> 16 & 255) * (__s8)(y >> 16) +
	       (__s32)(x >> 24) * (__s8)(y >> 24);
}

static inline __u32 saturate_d(__s64 value)
{
	return value < -0x80000000LL ? 0x80000000 :
	       value > 0x7fffffffLL ? 0x7fffffff : value;
}

ELEMENTS(pmaddwd, d, __u32, dot_w(x, y))
ELEMENTS(pmaddubsw, w, __u16,
	 saturate_w((x & 255) * (__s8)y + (x >> 8) * (__s8)(y >> 8)))

/* Saturated is the whole sum, once: no product is, and no sum of some. */
ELEMENTS3(vpdpbusd, d, __u32, z + (__u32)dot_b(x, y))
ELEMENTS3(vpdpbusds, d, __u32, saturate_d((__s32)z + dot_b(x, y)))
ELEMENTS3(vpdpwssd, d, __u32, z + (__u32)dot_w(x, y))
ELEMENTS3(vpdpwssds, d, __u32, saturate_d((__s32)z + dot_w(x, y)))

/* --- sums of neighbours -------------------------------------------------- */

/* Of each lane the first half comes of a, the second of b. */
#define NEIGHBOURS(name, field, type, expression) \
	OPERATION(name) \
	{ \
		const unsigned int n = lane_bytes(l) / sizeof(type); \
		unsigned int i, j; \
\
		for (i = 0; i < l->bytes / sizeof(type); i += n) { \
			for (j = 0; j < n / 2; j++) { \
				type x = a->field[i + 2 * j]; \
				type y = a->field[i + 2 * j + 1]; \
\
				ret->field[i + j] = expression; \
				x = b->field[i + 2 * j]; \
				y = b->field[i + 2 * j + 1]; \
				ret->field[i + j + n / 2] = expression; \
			} \
		} \
	}

NEIGHBOURS(phaddw, w, __u16, x + y)
NEIGHBOURS(phaddd, d, __u32, x + y)
NEIGHBOURS(phaddsw, w, __u16, saturate_w((__s16)x + (__s16)y))
NEIGHBOURS(phsubw, w, __u16, x - y)
NEIGHBOURS(phsubd, d, __u32, x - y)
NEIGHBOURS(phsubsw, w, __u16, saturate_w((__s16)x - (__s16)y))

/* --- sums of differences ------------------------------------------------- */

static inline unsigned int distance(__u8 x, __u8 y)
{
	return x < y ? y - x : x - y;
}

static unsigned int distance4(const __u8 *x, const __u8 *y)
{
	return distance(x[0], y[0]) + distance(x[1], y[1]) +
	       distance(x[2], y[2]) + distance(x[3], y[3]);
}

/* Of eight pairs, summed up in the highest word of a product. */
static inline __u64 distance8(__u64 x, __u64 y)
{
	__u64 below = swar_fill(swar_below(x, y, SWAR_B), SWAR_B);
	__u64 distances = swar_negate(swar_sub(x, y, SWAR_B), below, SWAR_B);

	distances = (distances & swar_each(0xff, SWAR_W)) +
		    (distances >> 8 & swar_each(0xff, SWAR_W));
	return distances * swar_each(1, SWAR_W) >> 48;
}

WORDS(psadbw, distance8(x, y))

/* Three bits of the immediate for each lane: two choose in b, the third in a. */
OPERATION(mpsadbw)
{
	unsigned int i, j, imm = l->imm;

	for (i = 0; i < l->bytes; i += 16, imm >>= 3) {
		const __u8 *x = a->b + i + (imm & 4), *y = b->b + i + (imm & 3) * 4;

		for (j = 0; j < 8; j++)
			ret->w[i / 2 + j] = distance4(x + j, y);
	}
}

OPERATION(vdbpsadbw)
{
	union isahp_vector t;
	unsigned int i;

	for (i = 0; i < l->bytes / 4; i++)
		t.d[i] = b->d[(i & ~3u) + (l->imm >> 2 * (i & 3) & 3)];
	for (i = 0; i < l->bytes; i += 8) {
		ret->w[i / 2] = distance4(a->b + i, t.b + i);
		ret->w[i / 2 + 1] = distance4(a->b + i, t.b + i + 1);
		ret->w[i / 2 + 2] = distance4(a->b + i + 4, t.b + i + 2);
		ret->w[i / 2 + 3] = distance4(a->b + i + 4, t.b + i + 3);
	}
}

/* The first of the smallest words, and where it is. */
OPERATION(phminposuw)
{
	unsigned int i, at = 0;

	for (i = 1; i < 8; i++)
		if (b->w[i] < b->w[at])
			at = i;
	ret->q[0] = b->w[at] | at << 16;
	ret->q[1] = 0;
}
