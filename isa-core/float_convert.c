// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Between formats, to integers and back, and to integral values. Operands that
 * become integers are never "denormal operands" (SDM vol. 2, CVTPS2DQ and its
 * like: invalid and precision are all that they raise).
 */
#include "float_parts.h"

static __always_inline __u64 round_integral(struct isahp_fp *fp, const int F,
					    __u64 a, unsigned int rounding,
					    unsigned int scale, bool exact)
{
	bool sign = sign_of(F, a);
	__u64 size, mask, ret;
	int whole;

	if (is_nan(F, a))
		return quiet(fp, F, a);
	a = flush_operand(fp, F, a);
	size = without_sign(F, a);
	/* Of the fraction's bits, so many are not below 2^-scale. */
	whole = (int)exponent_of(F, a) - BIAS(F) + (int)scale;
	if (whole >= FRACTION_BITS(F) || !size)
		return a;
	if (whole < 0) {
		/* Of 2^-scale it is less than half, half, or more. */
		const __u64 one = (__u64)(BIAS(F) - (int)scale) << FRACTION_BITS(F);
		__u64 half = one - (1ULL << FRACTION_BITS(F));
		__u64 part = size < half ? 1 : size == half ? 2 : 3;

		ret = round_increment(rounding, sign, false, 3) + part > 3 ? one : 0;
	} else {
		/* A carry into the exponent is what it has to be. */
		mask = (1ULL << (FRACTION_BITS(F) - whole)) - 1;
		/* The lowest bit that stays may be the hidden one. */
		ret = size + round_increment(rounding, sign,
					     !whole || (size & (mask + 1)), mask);
		ret &= ~mask;
	}
	if (exact && ret != size)
		fp->flags |= ISAHP_FP_PE;
	return signed_zero(F, sign) | ret;
}

static __always_inline __u64 to_integer(struct isahp_fp *fp, const int F, __u64 a,
					unsigned int bits, bool is_signed,
					unsigned int rounding)
{
	const __u64 largest = ~0ULL >> (64 - bits) >> is_signed;
	struct isahp_parts p;
	__u64 whole, rest;
	int below;

	a = flush_operand(fp, F, a);
	if (is_zero(F, a))
		return 0;
	/* Infinities and NaNs have an exponent that is too large, too. */
	p = unpack_normal(F, a);
	below = 62 - (p.exponent - BIAS(F));
	if (below < -1 || p.exponent == EXPONENT_MAX(F))
		goto invalid;
	if (below <= 0) {
		whole = p.significand << -below;
		rest = 0;
	} else if (below <= 63) {
		whole = p.significand >> below;
		rest = p.significand << (64 - below);
	} else {
		whole = 0;
		rest = 1;	/* less than half */
	}
	if (rest) {
		/* By 62 bits and one that stands for what is below them. */
		rest = rest >> 2 | ((rest & 3) != 0);
		whole += (rest + round_increment(rounding, p.sign, whole & 1,
						 (1ULL << 62) - 1)) >> 62;
	}
	if (whole > largest + (is_signed && p.sign))
		goto invalid;
	if (p.sign && !is_signed && whole)
		goto invalid;
	if (rest)
		fp->flags |= ISAHP_FP_PE;
	return (p.sign ? -whole : whole) & ~0ULL >> (64 - bits);

invalid:
	fp->flags |= ISAHP_FP_IE;
	return is_signed ? 1ULL << (bits - 1) : largest;
}

static __always_inline __u64 from_integer(struct isahp_fp *fp, const int F,
					  __u64 a, bool is_signed)
{
	struct isahp_parts p = {
		.sign = is_signed && a >> 63,
		.exponent = BIAS(F) + 62,
		.significand = a,
	};
	int shift;

	if (!a)
		return 0;
	if (p.sign)
		p.significand = -a;
	shift = __builtin_clzll(p.significand) - 1;
	p.exponent -= shift;
	p.significand = shift < 0 ? p.significand >> 1 | (p.significand & 1) :
				    p.significand << shift;
	return pack(fp, F, p);
}

/* A NaN keeps its sign and the top of its payload. */
static __always_inline __u64 convert_nan(struct isahp_fp *fp, const int from,
					 const int to, __u64 a)
{
	__u64 fraction = quiet(fp, from, a) & FRACTION_MASK(from);

	if (FRACTION_BITS(to) > FRACTION_BITS(from))
		fraction <<= FRACTION_BITS(to) - FRACTION_BITS(from);
	else
		fraction >>= FRACTION_BITS(from) - FRACTION_BITS(to);
	return signed_infinity(to, sign_of(from, a)) | fraction;
}

/* All but NaNs. */
static __always_inline __u64 convert(struct isahp_fp *fp, const int from,
				     const int to, __u64 a)
{
	struct isahp_parts p;

	if (is_infinite(from, a))
		return signed_infinity(to, sign_of(from, a));
	if (is_zero(from, a))
		return signed_zero(to, sign_of(from, a));
	p = unpack(from, a);
	p.exponent += BIAS(to) - BIAS(from);
	return pack(fp, to, p);
}

static __always_inline __u64 convert_operand(struct isahp_fp *fp, const int from,
					     const int to, __u64 a)
{
	if (is_nan(from, a))
		return convert_nan(fp, from, to, a);
	a = flush_operand(fp, from, a);
	note_denormal(fp, from, a);
	return convert(fp, from, to, a);
}

__u32 isahp_f64_to_f32(struct isahp_fp *fp, __u64 a)
{
	return convert_operand(fp, 64, 32, a);
}

__u64 isahp_f32_to_f64(struct isahp_fp *fp, __u32 a)
{
	return convert_operand(fp, 32, 64, a);
}

__u16 isahp_f32_to_f16(struct isahp_fp *fp, __u32 a, unsigned int rounding)
{
	struct isahp_fp own = *fp;
	__u16 ret;

	own.rounding = rounding;
	own.ftz = false;
	ret = convert_operand(&own, 32, 16, a);
	fp->flags = own.flags;
	return ret;
}

__u32 isahp_f16_to_f32(struct isahp_fp *fp, __u16 a)
{
	if (is_nan(16, a))
		return convert_nan(fp, 16, 32, a);
	return convert(fp, 16, 32, a);
}

#define DEFINE(F, type)								\
type isahp_f##F##_round(struct isahp_fp *fp, type a, unsigned int rounding,	\
			unsigned int scale, bool exact)				\
{										\
	return round_integral(fp, F, a, rounding, scale, exact);		\
}										\
__u64 isahp_f##F##_to_integer(struct isahp_fp *fp, type a, unsigned int bits,	\
			      bool is_signed, unsigned int rounding)		\
{										\
	return to_integer(fp, F, a, bits, is_signed, rounding);			\
}										\
type isahp_f##F##_from_integer(struct isahp_fp *fp, __u64 a, bool is_signed)	\
{										\
	return from_integer(fp, F, a, is_signed);				\
}

DEFINE(32, __u32)
DEFINE(64, __u64)
