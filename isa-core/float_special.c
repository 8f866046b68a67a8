// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What AVX-512 adds for those who write elementary functions. SDM vol. 2 under
 * VSCALEFPD, VGETEXPPD, VGETMANTPD, VREDUCEPD, VRANGEPD, VFIXUPIMMPD, VFPCLASSPD.
 */
#include "float_parts.h"

static __always_inline bool is_signalling(const int F, __u64 a)
{
	return is_nan(F, a) && !(a & QUIET_BIT(F));
}

static __always_inline __u64 one(const int F)
{
	return (__u64)BIAS(F) << FRACTION_BITS(F);
}

/* An integer that each format can hold. */
static __always_inline __u64 small_integer(const int F, int value)
{
	unsigned int size = value < 0 ? -value : value;
	int top;

	if (!size)
		return 0;
	top = 31 - __builtin_clz(size);
	return signed_zero(F, value < 0) |
	       (__u64)(BIAS(F) + top) << FRACTION_BITS(F) |
	       (((__u64)size << (FRACTION_BITS(F) - top)) & FRACTION_MASK(F));
}

/* --- scale --------------------------------------------------------------- */

/* Of a number; farther than 2^14 from zero there is no difference any more. */
static __always_inline int floor_of(const int F, __u64 b)
{
	int exponent = (int)exponent_of(F, b) - BIAS(F);
	struct isahp_parts p;
	int whole;

	if (is_zero(F, b))
		return 0;
	if (exponent >= 14)
		return sign_of(F, b) ? -(1 << 14) : 1 << 14;
	if (exponent < 0)
		return sign_of(F, b) ? -1 : 0;
	p = unpack_normal(F, b);
	whole = p.significand >> (62 - exponent);
	if (!p.sign)
		return whole;
	return p.significand << (exponent + 2) ? -whole - 1 : -whole;
}

static __always_inline __u64 scale(struct isahp_fp *fp, const int F, __u64 a,
				   __u64 b)
{
	struct isahp_parts p;

	if (is_nan(F, a) || is_nan(F, b)) {
		if (is_nan(F, a) && !is_signalling(F, a) && is_infinite(F, b))
			return sign_of(F, b) ? 0 : INFINITE(F);
		return quiet2(fp, F, a, b);
	}
	a = flush_operand(fp, F, a);
	b = flush_operand(fp, F, b);
	if (is_infinite(F, b) &&
	    ((is_infinite(F, a) && sign_of(F, b)) ||
	     (is_zero(F, a) && !sign_of(F, b))))
		return invalid(fp, F);
	/* Of b just the integer below is looked at: it is never denormal. */
	note_denormal(fp, F, a);
	if (is_infinite(F, a) || is_zero(F, a))
		return a;
	if (is_infinite(F, b))
		return sign_of(F, b) ? signed_zero(F, sign_of(F, a)) :
				       signed_infinity(F, sign_of(F, a));
	p = unpack(F, a);
	p.exponent += floor_of(F, b);
	return pack(fp, F, p);
}

/* --- parts --------------------------------------------------------------- */

static __always_inline __u64 exponent(struct isahp_fp *fp, const int F, __u64 a)
{
	if (is_nan(F, a))
		return quiet(fp, F, a);
	a = flush_operand(fp, F, a);
	note_denormal(fp, F, a);
	if (is_infinite(F, a))
		return INFINITE(F);
	if (is_zero(F, a))
		return signed_infinity(F, true);
	return small_integer(F, unpack(F, a).exponent - BIAS(F));
}

static __always_inline __u64 mantissa(struct isahp_fp *fp, const int F, __u64 a,
				      unsigned int imm)
{
	bool keep_sign = !(imm & 4), refuse_negative = imm & 8;
	bool half;
	__u64 sign, fraction;
	struct isahp_parts p;

	if (is_nan(F, a))
		return quiet(fp, F, a);
	a = flush_operand(fp, F, a);
	sign = keep_sign ? a & SIGN_BIT(F) : 0;
	if (is_zero(F, a))
		return sign | one(F);
	if (sign_of(F, a) && refuse_negative)
		return invalid(fp, F);
	if (is_infinite(F, a))
		return sign | one(F);
	note_denormal(fp, F, a);
	p = unpack(F, a);
	fraction = p.significand >> LOW_BITS(F) & FRACTION_MASK(F);
	switch (imm & 3) {
	case 0:		/* 1 to 2 */
		half = false;
		break;
	case 1:		/* 1/2 to 2, by an even power */
		half = (p.exponent - BIAS(F)) & 1;
		break;
	case 2:		/* 1/2 to 1 */
		half = true;
		break;
	default:	/* 3/4 to 3/2 */
		half = fraction & QUIET_BIT(F);
	}
	return sign | (one(F) - ((__u64)half << FRACTION_BITS(F))) | fraction;
}

/* --- selection ----------------------------------------------------------- */

/* Whether @a is not the greater one; by size first if @sizes. */
static __always_inline bool not_above(const int F, __u64 a, __u64 b, bool sizes)
{
	if (sizes && without_sign(F, a) != without_sign(F, b))
		return without_sign(F, a) < without_sign(F, b);
	if (sign_of(F, a) != sign_of(F, b))
		return sign_of(F, a);
	return sign_of(F, a) ? a >= b : a <= b;
}

static __always_inline __u64 range(struct isahp_fp *fp, const int F, __u64 a,
				   __u64 b, unsigned int imm)
{
	__u64 ret;

	if (is_signalling(F, a) || is_signalling(F, b)) {
		fp->flags |= ISAHP_FP_IE;
		return (is_signalling(F, a) ? a : b) | QUIET_BIT(F);
	}
	a = flush_operand(fp, F, a);
	b = flush_operand(fp, F, b);
	if (is_nan(F, a)) {
		ret = is_nan(F, b) ? a : b;
	} else if (is_nan(F, b)) {
		ret = a;
	} else {
		bool first = not_above(F, a, b, imm & 2);

		note_denormal(fp, F, a);
		note_denormal(fp, F, b);
		ret = (imm & 1) != first ? a : b;
	}
	switch (imm >> 2 & 3) {
	case 0:
		return without_sign(F, ret) | (a & SIGN_BIT(F));
	case 1:
		return ret;
	case 2:
		return without_sign(F, ret);
	default:
		return ret | SIGN_BIT(F);
	}
}

/* SDM vol. 2, VFIXUPIMMPD: the tokens, in their order. */
enum token {
	TOKEN_QNAN,
	TOKEN_SNAN,
	TOKEN_ZERO,
	TOKEN_ONE,
	TOKEN_NEGATIVE_INFINITY,
	TOKEN_INFINITY,
	TOKEN_NEGATIVE,
	TOKEN_POSITIVE,
};

static __always_inline enum token token_of(const int F, __u64 a)
{
	if (is_nan(F, a))
		return is_signalling(F, a) ? TOKEN_SNAN : TOKEN_QNAN;
	if (is_zero(F, a))
		return TOKEN_ZERO;
	if (a == one(F))
		return TOKEN_ONE;
	if (is_infinite(F, a))
		return sign_of(F, a) ? TOKEN_NEGATIVE_INFINITY : TOKEN_INFINITY;
	return sign_of(F, a) ? TOKEN_NEGATIVE : TOKEN_POSITIVE;
}

/* By token, the bits of the immediate that make it IE and ZE. */
static const __u8 fixup_invalid[] = { 0, 0x10, 0x02, 0x08, 0x20, 0x80, 0x40, 0 };
static const __u8 fixup_division[] = { 0, 0, 0x01, 0x04, 0, 0, 0, 0 };

static __always_inline __u64 fixup(struct isahp_fp *fp, const int F, __u64 a,
				   __u32 table, __u64 old, unsigned int imm)
{
	enum token token;

	a = flush_operand(fp, F, a);
	token = token_of(F, a);
	if (imm & fixup_invalid[token])
		fp->flags |= ISAHP_FP_IE;
	if (imm & fixup_division[token])
		fp->flags |= ISAHP_FP_ZE;
	switch (table >> (4 * token) & 15) {
	case 0:
		return old;
	case 1:
		return a;
	case 2:
		return a | INFINITE(F) | QUIET_BIT(F);
	case 3:
		return INDEFINITE(F);
	case 4:
		return signed_infinity(F, true);
	case 5:
		return INFINITE(F);
	case 6:
		return signed_infinity(F, sign_of(F, a));
	case 7:
		return SIGN_BIT(F);
	case 8:
		return 0;
	case 9:
		return one(F) | SIGN_BIT(F);
	case 10:
		return one(F);
	case 11:
		return one(F) - (1ULL << FRACTION_BITS(F));
	case 12:
		return small_integer(F, 90);
	case 13:	/* pi / 2 */
		return F == 64 ? 0x3ff921fb54442d18 : 0x3fc90fdb;
	case 14:
		return INFINITE(F) - 1;
	default:
		return signed_infinity(F, true) - 1;
	}
}

static __always_inline bool is_class(const struct isahp_fp *fp, const int F,
				     __u64 a, unsigned int imm)
{
	unsigned int classes = 0;

	a = flush_operand(fp, F, a);
	if (is_nan(F, a))
		classes = is_signalling(F, a) ? 0x80 : 0x01;
	else if (is_zero(F, a))
		classes = sign_of(F, a) ? 0x04 : 0x02;
	else if (is_infinite(F, a))
		classes = sign_of(F, a) ? 0x10 : 0x08;
	else
		classes = (is_denormal(F, a) ? 0x20 : 0) |
			  (sign_of(F, a) ? 0x40 : 0);
	return classes & imm;
}

/* --- what is left -------------------------------------------------------- */

static __always_inline __u64 reduce(struct isahp_fp *fp, const int F, __u64 a,
				    unsigned int rounding, unsigned int scale,
				    bool exact)
{
	struct isahp_fp own = {
		.rounding = rounding,
		.masked = ISAHP_FP_EXCEPTIONS,
		/* There is no underflow; FTZ counts as if there were. */
		.ftz = fp->ftz && fp->masked & ISAHP_FP_UE,
	};
	__u64 whole, ret;

	if (is_nan(F, a))
		return quiet(fp, F, a);
	if (is_infinite(F, a))
		return 0;
	a = flush_operand(fp, F, a);
	whole = F == 64 ? isahp_f64_round(&own, a, rounding, scale, false) :
			  isahp_f32_round(&own, a, rounding, scale, false);
	ret = F == 64 ? isahp_f64_sub(&own, a, whole) :
			isahp_f32_sub(&own, a, whole);
	if (exact)
		fp->flags |= own.flags & ISAHP_FP_PE;
	return ret;
}

#define DEFINE(F, type)								\
type isahp_f##F##_scale(struct isahp_fp *fp, type a, type b)			\
{										\
	return scale(fp, F, a, b);						\
}										\
type isahp_f##F##_exponent(struct isahp_fp *fp, type a)				\
{										\
	return exponent(fp, F, a);						\
}										\
type isahp_f##F##_mantissa(struct isahp_fp *fp, type a, unsigned int imm)	\
{										\
	return mantissa(fp, F, a, imm);						\
}										\
type isahp_f##F##_range(struct isahp_fp *fp, type a, type b, unsigned int imm)	\
{										\
	return range(fp, F, a, b, imm);						\
}										\
type isahp_f##F##_fixup(struct isahp_fp *fp, type a, __u32 table, type old,	\
			unsigned int imm)					\
{										\
	return fixup(fp, F, a, table, old, imm);				\
}										\
bool isahp_f##F##_is_class(const struct isahp_fp *fp, type a, unsigned int imm)	\
{										\
	return is_class(fp, F, a, imm);						\
}										\
type isahp_f##F##_reduce(struct isahp_fp *fp, type a, unsigned int rounding,	\
			 unsigned int scale, bool exact)			\
{										\
	return reduce(fp, F, a, rounding, scale, exact);			\
}

DEFINE(32, __u32)
DEFINE(64, __u64)
