/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sums of numbers that are neither zero nor infinite: what float_arithmetic.c and
 * loops over vectors share.
 */
#ifndef ISAHP_CORE_FLOAT_SUM_H
#define ISAHP_CORE_FLOAT_SUM_H

#include "float_parts.h"

/* Of a sum that is exactly zero, but is not one of two zeros of the same sign. */
static __always_inline __u64 zero_sum(const struct isahp_fp *fp, const int F)
{
	return signed_zero(F, fp->rounding == ISAHP_ROUND_DOWN);
}

/*
 * Signs and sizes of what is added are as good as random, and a branch that is not
 * foreseen costs as much as all the rest: what depends on them is done by masks,
 * @what, of zeros or ones.
 */
#define NEGATE(what, a) (((a) ^ (what)) - (what))

#define WIDE(upper, lower) ((unsigned __int128)(upper) << 64 | (lower))

/*
 * The exact product plus @z. In 128 bits both have the leading bit as bit 124, the
 * product perhaps as bit 125; it ends in 20 zeros, and @z in 72. What is done by
 * words could be done by shifting 128 bits, which takes CPUs much longer.
 */
static __always_inline __u64 fma_parts_64(struct isahp_fp *fp, struct isahp_parts x,
					  struct isahp_parts y, struct isahp_parts z)
{
	unsigned __int128 a = (unsigned __int128)x.significand * y.significand, b;
	unsigned __int128 subtract;
	struct isahp_parts p = {
		.sign = x.sign ^ y.sign,
		.exponent = x.exponent + y.exponent - BIAS(64),
	};
	int distance = p.exponent - z.exponent, shift;
	__u64 upper = a >> 64, lower = a;

	subtract = -(unsigned __int128)(p.sign ^ z.sign);
	if ((unsigned int)distance < 62) {
		/* No bit of z is lost. */
		b = WIDE(z.significand >> (2 + distance),
			 z.significand << (62 - distance));
	} else if (distance >= 62) {
		b = shift_right_sticky(z.significand, distance - 62);
	} else {
		/* From 63 on it is only known to be there. */
		distance = -distance < 63 ? -distance : 63;
		b = WIDE(upper >> distance,
			 upper << (64 - distance) | lower >> distance |
			 (lower << (64 - distance) != 0));
		a = WIDE(z.significand >> 2, z.significand << 62);
		p.sign = z.sign;
		p.exponent = z.exponent;
	}
	a += NEGATE(subtract, b);
	upper = a >> 64;
	lower = a;
	/* Below zero only where they are about the same. */
	if (RARELY((bool)subtract & upper >> 63)) {
		a = -a;
		upper = a >> 64;
		lower = a;
		p.sign = !p.sign;
	}
	if (RARELY(!upper)) {
		if (!lower)
			return zero_sum(fp, 64);
		/* Not by 64: bit 63 may be set. */
		upper = lower >> 1;
		lower <<= 63;
		p.exponent -= 63;
	}
	shift = __builtin_clzll(upper) - 1;
	p.significand = upper << shift | lower >> 1 >> (63 - shift) |
			(lower << shift != 0);
	p.exponent += 2 - shift;
	return pack(fp, 64, p);
}

/*
 * The same in 64 bits: the leading bits are bit 60, the product ends in 14 zeros,
 * and @z in 37.
 */
static __always_inline __u64 fma_parts_32(struct isahp_fp *fp, struct isahp_parts x,
					  struct isahp_parts y, struct isahp_parts z)
{
	__u64 a = (x.significand >> 32) * (y.significand >> 32), b;
	struct isahp_parts p = {
		.sign = x.sign ^ y.sign,
		.exponent = x.exponent + y.exponent - BIAS(32),
	};
	__u64 subtract = -(__u64)(p.sign ^ z.sign);
	int distance = p.exponent - z.exponent, shift;

	z.significand >>= 2;
	if (distance >= 0) {
		b = shift_right_sticky(z.significand, distance);
	} else {
		b = shift_right_sticky(a, -distance);
		a = z.significand;
		p.sign = z.sign;
		p.exponent = z.exponent;
	}
	a += NEGATE(subtract, b);
	if (RARELY(subtract & a >> 63)) {
		a = -a;
		p.sign = !p.sign;
	}
	if (RARELY(!a))
		return zero_sum(fp, 32);
	shift = __builtin_clzll(a) - 1;
	p.significand = a << shift;
	p.exponent += 2 - shift;
	return pack(fp, 32, p);
}

static __always_inline __u64 fma_parts(struct isahp_fp *fp, const int F,
				       struct isahp_parts x, struct isahp_parts y,
				       struct isahp_parts z)
{
	return F == 64 ? fma_parts_64(fp, x, y, z) : fma_parts_32(fp, x, y, z);
}

#endif /* ISAHP_CORE_FLOAT_SUM_H */
