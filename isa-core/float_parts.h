/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the float_*.c share: a number in parts, and how it is put together again.
 *
 * F is a format's width, 16, 32 or 64, and a constant wherever it is used: what
 * is inlined here becomes code for one format.
 */
#ifndef ISAHP_CORE_FLOAT_PARTS_H
#define ISAHP_CORE_FLOAT_PARTS_H

#include "float.h"

#define FRACTION_BITS(F) ((F) == 64 ? 52 : (F) == 32 ? 23 : 10)
#define EXPONENT_MAX(F) ((F) == 64 ? 0x7ff : (F) == 32 ? 0xff : 0x1f)
#define BIAS(F) (EXPONENT_MAX(F) >> 1)
#define SIGN_BIT(F) (1ULL << ((F) - 1))
#define FRACTION_MASK(F) ((1ULL << FRACTION_BITS(F)) - 1)
#define INFINITE(F) ((__u64)EXPONENT_MAX(F) << FRACTION_BITS(F))
#define QUIET_BIT(F) (1ULL << (FRACTION_BITS(F) - 1))
/* The QNaN real indefinite (SDM vol. 1, 4.8.3.7). */
#define INDEFINITE(F) (SIGN_BIT(F) | INFINITE(F) | QUIET_BIT(F))
/* How many bits of a significand are below those that the format keeps. */
#define LOW_BITS(F) (62 - FRACTION_BITS(F))

#define RARELY(x) __builtin_expect(!!(x), 0)

/**
 * struct isahp_parts - a number other than zero, infinity and NaN
 * @sign: negative.
 * @exponent: biased as the format's is, of any size.
 * @significand: the leading bit is bit 62; bit 0 also stands for whatever was
 *	lost below it.
 *
 * Its size is @significand / 2^62 * 2^(@exponent - bias).
 */
struct isahp_parts {
	bool sign;
	int exponent;
	__u64 significand;
};

static __always_inline unsigned int exponent_of(const int F, __u64 a)
{
	return a >> FRACTION_BITS(F) & EXPONENT_MAX(F);
}

static __always_inline bool sign_of(const int F, __u64 a)
{
	return a & SIGN_BIT(F);
}

static __always_inline __u64 without_sign(const int F, __u64 a)
{
	return a & (SIGN_BIT(F) - 1);
}

static __always_inline bool is_nan(const int F, __u64 a)
{
	return without_sign(F, a) > INFINITE(F);
}

static __always_inline bool is_infinite(const int F, __u64 a)
{
	return without_sign(F, a) == INFINITE(F);
}

static __always_inline bool is_zero(const int F, __u64 a)
{
	return !without_sign(F, a);
}

static __always_inline bool is_denormal(const int F, __u64 a)
{
	return without_sign(F, a) - 1 < FRACTION_MASK(F);
}

/* Neither zero nor denormal, infinity or NaN: what is fast. */
static __always_inline bool is_normal(const int F, __u64 a)
{
	return exponent_of(F, a) - 1 < EXPONENT_MAX(F) - 1;
}

static __always_inline __u64 signed_zero(const int F, bool sign)
{
	return (__u64)sign << (F - 1);
}

static __always_inline __u64 signed_infinity(const int F, bool sign)
{
	return signed_zero(F, sign) | INFINITE(F);
}

/* A NaN that goes from a source into the result: signalling ones are invalid. */
static __always_inline __u64 quiet(struct isahp_fp *fp, const int F, __u64 nan)
{
	if (!(nan & QUIET_BIT(F)))
		fp->flags |= ISAHP_FP_IE;
	return nan | QUIET_BIT(F);
}

static __always_inline __u64 invalid(struct isahp_fp *fp, const int F)
{
	fp->flags |= ISAHP_FP_IE;
	return INDEFINITE(F);
}

/* The first NaN of two, at least one of which is; SDM vol. 1, table 4-7. */
static __always_inline __u64 quiet2(struct isahp_fp *fp, const int F, __u64 a,
				    __u64 b)
{
	__u64 ret = is_nan(F, b) ? quiet(fp, F, b) : b;

	return is_nan(F, a) ? quiet(fp, F, a) : ret;
}

/* With DAZ, a denormal is the zero of its sign. */
static __always_inline __u64 flush_operand(const struct isahp_fp *fp, const int F,
					   __u64 a)
{
	return fp->daz && is_denormal(F, a) ? a & SIGN_BIT(F) : a;
}

/* For operands that are there to be computed with, and flushed if they are. */
static __always_inline void note_denormal(struct isahp_fp *fp, const int F,
					  __u64 a)
{
	if (is_denormal(F, a))
		fp->flags |= ISAHP_FP_DE;
}

static __always_inline struct isahp_parts unpack_normal(const int F, __u64 a)
{
	return (struct isahp_parts){
		.sign = sign_of(F, a),
		.exponent = exponent_of(F, a),
		.significand = 1ULL << 62 | (a & FRACTION_MASK(F)) << LOW_BITS(F),
	};
}

/* For numbers other than zero. */
static __always_inline struct isahp_parts unpack(const int F, __u64 a)
{
	struct isahp_parts p = unpack_normal(F, a);
	int shift;

	if (!p.exponent) {
		p.significand ^= 1ULL << 62;
		shift = __builtin_clzll(p.significand) - 1;
		p.significand <<= shift;
		p.exponent = 1 - shift;
	}
	return p;
}

/* Whatever is shifted out stays as bit 0; @v is less than 2^63. */
static __always_inline __u64 shift_right_sticky(__u64 v, unsigned int n)
{
	__u64 ret;

	n = n < 63 ? n : 63;
	ret = v >> n;
	return ret | (ret << n != v);
}

/*
 * What to add before the bits in @mask (2^n - 1) are cut off; @odd: whether the
 * lowest bit that stays is set.
 */
static __always_inline __u64 round_increment(unsigned int rounding, bool sign,
					     bool odd, __u64 mask)
{
	if (__builtin_expect(rounding == ISAHP_ROUND_NEAREST, 1))
		return (mask >> 1) + odd;
	return rounding + sign == 2 && rounding != ISAHP_ROUND_ZERO ? mask : 0;
}

/* The rest of pack(), for results that might be tiny or too large. */
__u64 isahp_fp_pack_rare(struct isahp_fp *fp, int format, bool sign, int exponent,
			 __u64 significand);

/* Round to the format, and put together. */
static __always_inline __u64 pack(struct isahp_fp *fp, const int F,
				  struct isahp_parts p)
{
	const __u64 low = (1ULL << LOW_BITS(F)) - 1;
	__u64 increment;

	if (RARELY((unsigned int)p.exponent - 1 >= EXPONENT_MAX(F) - 2))
		return isahp_fp_pack_rare(fp, F, p.sign, p.exponent, p.significand);
	increment = round_increment(fp->rounding, p.sign,
				    p.significand >> LOW_BITS(F) & 1, low);
	/* Neither is likely enough for a branch. */
	fp->flags |= (p.significand & low ? 1 : 0) * ISAHP_FP_PE;
	/* The leading bit counts the exponent up by one, a carry once more. */
	return signed_zero(F, p.sign) +
	       ((__u64)(p.exponent - 1) << FRACTION_BITS(F)) +
	       ((p.significand + increment) >> LOW_BITS(F));
}

/*
 * About 2^64 / sqrt(@x / 2^62) for x >= 2^62: 33 bits of it are right after two
 * steps, after three all but the last few.
 */
__u64 isahp_fp_reciprocal_root(__u64 x, unsigned int steps);

#endif /* ISAHP_CORE_FLOAT_PARTS_H */
