// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "float_parts.h"

void isahp_fp_suppress(struct isahp_fp *fp, unsigned int rounding)
{
	fp->rounding = rounding & 3;
	fp->masked = ISAHP_FP_EXCEPTIONS;
}

bool isahp_fp_step(struct isahp_fp *fp)
{
	if (fp->flags & ~fp->masked)
		return false;
	fp->settled = fp->flags;
	return true;
}

bool isahp_fp_end(const struct isahp_fp *fp, __u32 *mxcsr)
{
	__u8 unmasked = fp->flags & ~fp->masked;

	if (unmasked & ISAHP_FP_EARLY)
		*mxcsr |= fp->flags & (ISAHP_FP_EARLY | fp->settled);
	else
		*mxcsr |= fp->flags;
	return unmasked;
}

/* SDM vol. 1, table 4-10: masked responses to overflow. */
static __u64 overflow(struct isahp_fp *fp, int F, bool sign, bool inexact)
{
	bool away = fp->rounding == ISAHP_ROUND_NEAREST ||
		    (fp->rounding + sign == 2 && fp->rounding != ISAHP_ROUND_ZERO);

	fp->flags |= ISAHP_FP_OE;
	if (inexact || fp->masked & ISAHP_FP_OE)
		fp->flags |= ISAHP_FP_PE;
	return signed_infinity(F, sign) - !away;
}

__u64 isahp_fp_pack_rare(struct isahp_fp *fp, int F, bool sign, int exponent,
			 __u64 significand)
{
	const __u64 low = (1ULL << LOW_BITS(F)) - 1;
	bool inexact = significand & low;
	/* As if there were no bound to exponents. */
	__u64 rounded = significand +
			round_increment(fp->rounding, sign,
					significand >> LOW_BITS(F) & 1, low);
	int unbounded = exponent + (int)(rounded >> 63);
	bool tiny = unbounded < 1;

	if (unbounded >= EXPONENT_MAX(F))
		return overflow(fp, F, sign, inexact);
	if (tiny && !(fp->masked & ISAHP_FP_UE)) {
		fp->flags |= ISAHP_FP_UE | (inexact ? ISAHP_FP_PE : 0);
		return signed_zero(F, sign);
	}
	if (tiny && fp->ftz) {
		fp->flags |= ISAHP_FP_UE | ISAHP_FP_PE;
		return signed_zero(F, sign);
	}
	if (exponent < 1) {
		significand = shift_right_sticky(significand, 1 - exponent);
		exponent = 1;
		inexact = significand & low;
	}
	if (inexact)
		fp->flags |= ISAHP_FP_PE | (tiny ? ISAHP_FP_UE : 0);
	significand += round_increment(fp->rounding, sign,
				       significand >> LOW_BITS(F) & 1, low);
	return signed_zero(F, sign) + ((__u64)(exponent - 1) << FRACTION_BITS(F)) +
	       (significand >> LOW_BITS(F));
}

static __u64 multiply_high(__u64 a, __u64 b)
{
	return (unsigned __int128)a * b >> 64;
}

/*
 * y = 1 / sqrt(x) for x in [1, 4): the quartic with the least greatest relative
 * error, 2^-8.8, and steps of Newton's, y (3 - x y^2) / 2, which give 2^-17,
 * 2^-33.8, 2^-66; then it is rounding that counts. x has 62 bits behind the
 * point, y 64.
 */
__u64 isahp_fp_reciprocal_root(__u64 x, unsigned int steps)
{
	__u32 t = x >> 34;	/* 28 bits behind the point */
	__s64 sum = 7978469;	/* 30 of them here */
	__u64 y;

	sum = (sum * t >> 28) - 100440422;
	sum = (sum * t >> 28) + 491829950;
	sum = (sum * t >> 28) - 1205890775;
	sum = (sum * t >> 28) + 1877990719;
	/* At x = 1 it is above 1. */
	y = sum >> 30 ? ~0ULL : (__u64)sum << 34;
	while (steps--) {
		__u64 one = multiply_high(x, multiply_high(y, y));
		__u64 next = multiply_high(y, (3ULL << 62) - one);

		y = next >> 63 ? ~0ULL : next << 1;
	}
	return y;
}
