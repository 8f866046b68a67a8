// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Multiplication without carries (SDM vol. 2B, "PCLMULQDQ"), in a time that does
 * not depend on data.
 */
#include "lanes_operation.h"

#define EVERY_4TH 0x1111111111111111ULL

/*
 * The product's lower half. With every fourth bit of the factors alone, a place
 * of an ordinary product sums at most 16 ones, and what it carries stays in the
 * three places above it that are masked out: below bit 64, where 16 ones meet
 * at bit 60 at the earliest, and their carry falls off.
 */
static __u64 lower(__u64 x, __u64 y)
{
	const __u64 x0 = x & EVERY_4TH, x1 = x & EVERY_4TH << 1;
	const __u64 x2 = x & EVERY_4TH << 2, x3 = x & EVERY_4TH << 3;
	const __u64 y0 = y & EVERY_4TH, y1 = y & EVERY_4TH << 1;
	const __u64 y2 = y & EVERY_4TH << 2, y3 = y & EVERY_4TH << 3;

	return ((x0 * y0 ^ x1 * y3 ^ x2 * y2 ^ x3 * y1) & EVERY_4TH) |
	       ((x0 * y1 ^ x1 * y0 ^ x2 * y3 ^ x3 * y2) & EVERY_4TH << 1) |
	       ((x0 * y2 ^ x1 * y1 ^ x2 * y0 ^ x3 * y3) & EVERY_4TH << 2) |
	       ((x0 * y3 ^ x1 * y2 ^ x2 * y1 ^ x3 * y0) & EVERY_4TH << 3);
}

static __u64 mirror(__u64 x)
{
	x = (x & 0x5555555555555555ULL) << 1 | (x >> 1 & 0x5555555555555555ULL);
	x = (x & 0x3333333333333333ULL) << 2 | (x >> 2 & 0x3333333333333333ULL);
	x = (x & 0x0f0f0f0f0f0f0f0fULL) << 4 | (x >> 4 & 0x0f0f0f0f0f0f0f0fULL);
	return __builtin_bswap64(x);
}

/* The upper half is the mirror image of mirrored factors' lower, but its top bit. */
OPERATION(pclmulqdq)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i += 2) {
		__u64 x = a->q[i + (l->imm & 1)], y = b->q[i + (l->imm >> 4 & 1)];

		ret->q[i] = lower(x, y);
		ret->q[i + 1] = mirror(lower(mirror(x), mirror(y))) >> 1;
	}
}
