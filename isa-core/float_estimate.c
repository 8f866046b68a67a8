// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Reciprocals and reciprocal square roots that are allowed to be wrong a little.
 * 16 bits of them are right here, and rounded to nearest.
 */
#include "float_parts.h"

#define ESTIMATE_BITS 16

/* To so many bits below and with bit 62; there may be a carry into bit 63. */
static __always_inline __u64 shorten(__u64 significand)
{
	const __u64 low = (1ULL << (63 - ESTIMATE_BITS)) - 1;

	return (significand + (low >> 1) + 1) & ~low;
}

/* Like pack(), for what has a few bits only, truncates and raises nothing. */
static __always_inline __u64 pack_quietly(const int F, struct isahp_parts p,
					  bool flush)
{
	if (p.significand >> 63) {
		p.significand >>= 1;
		p.exponent++;
	}
	if (p.exponent >= EXPONENT_MAX(F))
		return signed_infinity(F, p.sign);
	if (p.exponent < 1) {
		if (flush)
			return signed_zero(F, p.sign);
		p.significand = shift_right_sticky(p.significand, 1 - p.exponent);
		p.exponent = 1;
	}
	return signed_zero(F, p.sign) +
	       ((__u64)(p.exponent - 1) << FRACTION_BITS(F)) +
	       (p.significand >> LOW_BITS(F));
}

/* 2^63 / (@significand / 2^62), of which 29 bits are right: 2^62 to 2^63 */
static __always_inline __u64 reciprocal(__u64 significand)
{
	return ((1ULL << 62) / ((significand >> 31) + 1)) << 32;
}

static __always_inline __u64 rcp(const int F, __u64 a, bool daz, bool ftz)
{
	bool sign = sign_of(F, a), power_of_two;
	struct isahp_parts p;

	if (is_nan(F, a))
		return a | QUIET_BIT(F);
	if (is_infinite(F, a))
		return signed_zero(F, sign);
	if (is_zero(F, a) || (daz && is_denormal(F, a)))
		return signed_infinity(F, sign);
	p = unpack(F, a);
	power_of_two = p.significand == 1ULL << 62;
	p.exponent = 2 * BIAS(F) - p.exponent - 1;
	p.significand = shorten(reciprocal(p.significand));
	/* What is less than infinite does not become so by rounding. */
	if (p.exponent == EXPONENT_MAX(F) - 1 && !power_of_two)
		p.significand -= p.significand >> 63;
	return pack_quietly(F, p, ftz);
}

static __always_inline __u64 rsqrt(const int F, __u64 a, bool daz)
{
	struct isahp_parts p;
	int odd;

	if (is_nan(F, a))
		return a | QUIET_BIT(F);
	if (is_zero(F, a) || (daz && is_denormal(F, a)))
		return signed_infinity(F, sign_of(F, a));
	if (sign_of(F, a))
		return INDEFINITE(F);
	if (is_infinite(F, a))
		return 0;
	p = unpack(F, a);
	odd = (p.exponent - BIAS(F)) & 1;
	p.exponent = BIAS(F) - (p.exponent - BIAS(F) - odd) / 2 - 1;
	p.significand = shorten(isahp_fp_reciprocal_root(p.significand << odd, 2) >> 1);
	return pack_quietly(F, p, true);
}

__u32 isahp_f32_rcp(const struct isahp_fp *fp, __u32 a)
{
	(void)fp;
	return rcp(32, a, true, true);
}

__u32 isahp_f32_rsqrt(const struct isahp_fp *fp, __u32 a)
{
	(void)fp;
	return rsqrt(32, a, true);
}

#define DEFINE(F, type)								\
type isahp_f##F##_rcp14(const struct isahp_fp *fp, type a)			\
{										\
	return rcp(F, a, fp->daz, fp->ftz);					\
}										\
type isahp_f##F##_rsqrt14(const struct isahp_fp *fp, type a)			\
{										\
	return rsqrt(F, a, fp->daz);						\
}

DEFINE(32, __u32)
DEFINE(64, __u64)
