// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * AVX512_BF16: numbers that are the upper half of a binary32. MXCSR is neither
 * looked at nor changed: denormals are zeros before and after, results are rounded
 * to nearest, nothing is raised (SDM vol. 2, VDPBF16PS).
 */
#include "lanes_float_operation.h"

#define SIGN 0x80000000u
#define INFINITE 0x7f800000u
#define QUIET 0x40u	/* of the half */

/* SDM vol. 2, VCVTNE2PS2BF16: convert_fp32_to_bfloat16(). */
static __u16 to_bf16(__u32 x)
{
	__u32 size = x & ~SIGN;

	if (!(x & INFINITE))
		return (x & SIGN) >> 16;
	if (size > INFINITE)
		return x >> 16 | QUIET;
	/* To even, where it is half of the last bit. */
	return (x + 0x7fff + (x >> 16 & 1)) >> 16;
}

OPERATION(vcvtneps2bf16)
{
	unsigned int i;

	FOR_ACTIVE(l, i, l->bytes / 4u)
		ret->w[i] = to_bf16(b->d[i]);
	memset(ret->b + l->bytes / 2, 0, l->bytes / 2);
}

/* The lower half is what becomes of the second source. */
OPERATION(vcvtne2ps2bf16)
{
	const unsigned int n = l->bytes / 4;
	unsigned int i;

	FOR_ACTIVE(l, i, 2 * n)
		ret->w[i] = to_bf16(i < n ? b->d[i] : a->d[i - n]);
}

/* Two multiplications and additions, each rounded once; that of the upper halves
 * is the first. */
OPERATION(vdpbf16ps)
{
	struct isahp_fp fp = {
		.rounding = ISAHP_ROUND_NEAREST,
		.masked = ISAHP_FP_EXCEPTIONS,
		.daz = true,
		.ftz = true,
	};
	unsigned int i;
	__u32 sum;

	FOR_ACTIVE(l, i, l->bytes / 4u) {
		sum = isahp_f32_fma(&fp, a->d[i] & 0xffff0000, b->d[i] & 0xffff0000,
				    c->d[i], 0);
		ret->d[i] = isahp_f32_fma(&fp, a->d[i] << 16, b->d[i] << 16, sum, 0);
	}
}
