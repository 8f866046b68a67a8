// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Addition, multiplication, division, square root, and multiplication and
 * addition in one. Each has a way for normal numbers, inlined, and a rare one
 * that first settles NaNs, infinities, zeros and denormals, in the order in
 * which x86 looks at them: NaNs, other invalid operations, division by zero,
 * denormals (SDM vol. 1, 4.9.2).
 */
#include "float_sum.h"

/*
 * Neither zero nor infinite. Which is the greater one is best seen before they are
 * taken apart.
 */
static __always_inline __u64 add_numbers(struct isahp_fp *fp, const int F, __u64 a,
					 __u64 b, const bool normal)
{
	__u64 swap = (a ^ b) & -(__u64)(without_sign(F, a) < without_sign(F, b));
	struct isahp_parts p = normal ? unpack_normal(F, a ^ swap) :
					unpack(F, a ^ swap);
	struct isahp_parts less = normal ? unpack_normal(F, b ^ swap) :
					   unpack(F, b ^ swap);
	__u64 subtract = -(__u64)(p.sign ^ less.sign), sum;
	int shift;

	less.significand = shift_right_sticky(less.significand,
					      p.exponent - less.exponent);
	sum = p.significand + NEGATE(subtract, less.significand);
	if (RARELY(!sum))
		return zero_sum(fp, F);
	/* A bit for the carry. Where there is a sticky one, few are shifted back. */
	sum = sum >> 1 | (sum & 1);
	shift = __builtin_clzll(sum) - 1;
	p.significand = sum << shift;
	p.exponent += 1 - shift;
	return pack(fp, F, p);
}

/* Two that are no NaNs and not infinite. */
static __always_inline __u64 add_finite(struct isahp_fp *fp, const int F, __u64 a,
					__u64 b)
{
	if (is_zero(F, a) && is_zero(F, b))
		return a == b ? a : zero_sum(fp, F);
	if (is_zero(F, a))
		return pack(fp, F, unpack(F, b));
	if (is_zero(F, b))
		return pack(fp, F, unpack(F, a));
	return add_numbers(fp, F, a, b, false);
}

static __always_inline __u64 add_rare(struct isahp_fp *fp, const int F, __u64 a,
				      __u64 b, __u64 flip)
{
	if (is_nan(F, a) || is_nan(F, b))
		return quiet2(fp, F, a, b);
	b ^= flip;
	if (is_infinite(F, a) && is_infinite(F, b) && a != b)
		return invalid(fp, F);
	a = flush_operand(fp, F, a);
	b = flush_operand(fp, F, b);
	note_denormal(fp, F, a);
	note_denormal(fp, F, b);
	if (is_infinite(F, a))
		return a;
	if (is_infinite(F, b))
		return b;
	return add_finite(fp, F, a, b);
}

static __always_inline struct isahp_parts product(const int F,
						  struct isahp_parts a,
						  struct isahp_parts b)
{
	/* 1 <= a b < 4, with 61 bits behind the point in the upper half. */
	unsigned __int128 wide = (unsigned __int128)a.significand *
				 (b.significand << 1);
	__u64 upper = (__u64)(wide >> 64) | ((__u64)wide != 0);
	int carry = upper >> 62;

	return (struct isahp_parts){
		.sign = a.sign ^ b.sign,
		.exponent = a.exponent + b.exponent - BIAS(F) + carry,
		.significand = upper << (1 - carry),
	};
}

static __always_inline __u64 mul_rare(struct isahp_fp *fp, const int F, __u64 a,
				      __u64 b)
{
	bool sign = sign_of(F, a ^ b);

	if (is_nan(F, a) || is_nan(F, b))
		return quiet2(fp, F, a, b);
	a = flush_operand(fp, F, a);
	b = flush_operand(fp, F, b);
	if ((is_infinite(F, a) && is_zero(F, b)) ||
	    (is_zero(F, a) && is_infinite(F, b)))
		return invalid(fp, F);
	note_denormal(fp, F, a);
	note_denormal(fp, F, b);
	if (is_infinite(F, a) || is_infinite(F, b))
		return signed_infinity(F, sign);
	if (is_zero(F, a) || is_zero(F, b))
		return signed_zero(F, sign);
	return pack(fp, F, product(F, unpack(F, a), unpack(F, b)));
}

/* @upper:@lower / @by; the quotient fits, as @upper < @by. */
static __always_inline __u64 divide_128(__u64 upper, __u64 lower, __u64 by,
					__u64 *remainder)
{
	__u64 quotient;

	/* C has it by a call of libgcc only. */
	__asm__("divq %4"
		: "=a"(quotient), "=d"(*remainder)
		: "0"(lower), "1"(upper), "r"(by)
		: "cc");
	return quotient;
}

static __always_inline __u32 divide_64(__u64 dividend, __u32 by, __u32 *remainder)
{
	__u32 quotient;

	/* By 64 bits the older CPUs take three times as long. */
	__asm__("divl %4"
		: "=a"(quotient), "=d"(*remainder)
		: "0"((__u32)dividend), "1"((__u32)(dividend >> 32)), "r"(by)
		: "cc");
	return quotient;
}

static __always_inline __u64 div_parts(struct isahp_fp *fp, const int F,
				       struct isahp_parts a, struct isahp_parts b)
{
	int borrow = a.significand < b.significand;
	struct isahp_parts p = {
		.sign = a.sign ^ b.sign,
		.exponent = a.exponent - b.exponent + BIAS(F) - borrow,
	};

	if (F == 64) {
		__u64 remainder;

		p.significand = divide_128(a.significand >> (2 - borrow),
					   a.significand << (62 + borrow),
					   b.significand, &remainder);
		p.significand |= remainder != 0;
	} else {
		__u32 remainder;

		/* 24 bits each, 31 of the quotient. */
		p.significand = divide_64(a.significand >> (9 - borrow),
					  b.significand >> 39, &remainder);
		p.significand = p.significand << 32 | (remainder != 0);
	}
	return pack(fp, F, p);
}

static __always_inline __u64 div_rare(struct isahp_fp *fp, const int F, __u64 a,
				      __u64 b)
{
	bool sign = sign_of(F, a ^ b);

	if (is_nan(F, a) || is_nan(F, b))
		return quiet2(fp, F, a, b);
	a = flush_operand(fp, F, a);
	b = flush_operand(fp, F, b);
	if ((is_infinite(F, a) && is_infinite(F, b)) ||
	    (is_zero(F, a) && is_zero(F, b)))
		return invalid(fp, F);
	if (is_zero(F, b) && !is_infinite(F, a)) {
		fp->flags |= ISAHP_FP_ZE;
		return signed_infinity(F, sign);
	}
	note_denormal(fp, F, a);
	note_denormal(fp, F, b);
	if (is_infinite(F, a))
		return signed_infinity(F, sign);
	if (is_zero(F, a) || is_infinite(F, b))
		return signed_zero(F, sign);
	return div_parts(fp, F, unpack(F, a), unpack(F, b));
}

static __always_inline __u64 sqrt_parts(struct isahp_fp *fp, const int F,
					struct isahp_parts p)
{
	/* The low bits of which pack() keeps nothing, less two. */
	const __u64 unit = 1ULL << (LOW_BITS(F) - 2);
	int odd = (p.exponent - BIAS(F)) & 1;
	__u64 x = p.significand << odd;
	unsigned __int128 square = (unsigned __int128)x << 62;
	__u64 inverse = isahp_fp_reciprocal_root(x, F == 64 ? 3 : 2);
	__u64 root = (unsigned __int128)x * inverse >> 64;

	/* Off by some units in the last place: by one of ours at most. */
	root &= -unit;
	if ((unsigned __int128)root * root > square)
		root -= unit;
	else if ((unsigned __int128)(root + unit) * (root + unit) <= square)
		root += unit;
	root |= (unsigned __int128)root * root != square;
	p.exponent = (p.exponent - BIAS(F) - odd) / 2 + BIAS(F);
	p.significand = root;
	return pack(fp, F, p);
}

static __always_inline __u64 sqrt_rare(struct isahp_fp *fp, const int F, __u64 a)
{
	if (is_nan(F, a))
		return quiet(fp, F, a);
	a = flush_operand(fp, F, a);
	if (is_zero(F, a))
		return a;
	if (sign_of(F, a))
		return invalid(fp, F);
	note_denormal(fp, F, a);
	if (is_infinite(F, a))
		return a;
	return sqrt_parts(fp, F, unpack(F, a));
}

static __always_inline __u64 fma_rare(struct isahp_fp *fp, const int F, __u64 x,
				      __u64 y, __u64 z, __u64 flip_product,
				      __u64 flip_addend)
{
	bool product_sign, product_infinite;

	if (is_nan(F, x) || is_nan(F, y) || is_nan(F, z)) {
		z = is_nan(F, z) ? quiet(fp, F, z) : z;
		return is_nan(F, x) || is_nan(F, y) ? quiet2(fp, F, x, y) : z;
	}
	x = flush_operand(fp, F, x) ^ flip_product;
	y = flush_operand(fp, F, y);
	z = flush_operand(fp, F, z) ^ flip_addend;
	product_sign = sign_of(F, x ^ y);
	if ((is_infinite(F, x) && is_zero(F, y)) ||
	    (is_zero(F, x) && is_infinite(F, y)))
		return invalid(fp, F);
	product_infinite = is_infinite(F, x) || is_infinite(F, y);
	if (product_infinite && is_infinite(F, z) &&
	    sign_of(F, z) != product_sign)
		return invalid(fp, F);
	note_denormal(fp, F, x);
	note_denormal(fp, F, y);
	note_denormal(fp, F, z);
	if (product_infinite)
		return signed_infinity(F, product_sign);
	if (is_infinite(F, z))
		return z;
	if (is_zero(F, x) || is_zero(F, y))
		return add_finite(fp, F, signed_zero(F, product_sign), z);
	if (is_zero(F, z))
		return pack(fp, F, product(F, unpack(F, x), unpack(F, y)));
	return fma_parts(fp, F, unpack(F, x), unpack(F, y), unpack(F, z));
}

#define DEFINE(F, type)								\
static __attribute__((__noinline__)) type					\
f##F##_add_rare(struct isahp_fp *fp, type a, type b, type flip)			\
{										\
	return add_rare(fp, F, a, b, flip);					\
}										\
static __always_inline type f##F##_add(struct isahp_fp *fp, type a, type b,	\
				       type flip)				\
{										\
	if (RARELY(!is_normal(F, a) || !is_normal(F, b)))			\
		return f##F##_add_rare(fp, a, b, flip);				\
	return add_numbers(fp, F, a, b ^ flip, true);				\
}										\
type isahp_f##F##_add(struct isahp_fp *fp, type a, type b)			\
{										\
	return f##F##_add(fp, a, b, 0);						\
}										\
type isahp_f##F##_sub(struct isahp_fp *fp, type a, type b)			\
{										\
	return f##F##_add(fp, a, b, SIGN_BIT(F));				\
}										\
static __attribute__((__noinline__)) type					\
f##F##_mul_rare(struct isahp_fp *fp, type a, type b)				\
{										\
	return mul_rare(fp, F, a, b);						\
}										\
type isahp_f##F##_mul(struct isahp_fp *fp, type a, type b)			\
{										\
	if (RARELY(!is_normal(F, a) || !is_normal(F, b)))			\
		return f##F##_mul_rare(fp, a, b);				\
	return pack(fp, F, product(F, unpack_normal(F, a), unpack_normal(F, b))); \
}										\
static __attribute__((__noinline__)) type					\
f##F##_div_rare(struct isahp_fp *fp, type a, type b)				\
{										\
	return div_rare(fp, F, a, b);						\
}										\
type isahp_f##F##_div(struct isahp_fp *fp, type a, type b)			\
{										\
	if (RARELY(!is_normal(F, a) || !is_normal(F, b)))			\
		return f##F##_div_rare(fp, a, b);				\
	return div_parts(fp, F, unpack_normal(F, a), unpack_normal(F, b));	\
}										\
static __attribute__((__noinline__)) type					\
f##F##_sqrt_rare(struct isahp_fp *fp, type a)					\
{										\
	return sqrt_rare(fp, F, a);						\
}										\
type isahp_f##F##_sqrt(struct isahp_fp *fp, type a)				\
{										\
	if (RARELY(!is_normal(F, a) || sign_of(F, a)))			\
		return f##F##_sqrt_rare(fp, a);					\
	return sqrt_parts(fp, F, unpack_normal(F, a));				\
}										\
static __attribute__((__noinline__)) type					\
f##F##_fma_rare(struct isahp_fp *fp, type x, type y, type z, type product,	\
		type addend)							\
{										\
	return fma_rare(fp, F, x, y, z, product, addend);			\
}										\
type isahp_f##F##_fma(struct isahp_fp *fp, type x, type y, type z,		\
		      unsigned int negate)					\
{										\
	type product = (type)(negate & ISAHP_FMA_NEGATE_PRODUCT) << (F - 1);	\
	type addend = (type)(negate >> 1 & 1) << (F - 1);			\
										\
	if (RARELY(!is_normal(F, x) || !is_normal(F, y) || !is_normal(F, z)))	\
		return f##F##_fma_rare(fp, x, y, z, product, addend);		\
	return fma_parts(fp, F, unpack_normal(F, x ^ product),			\
			 unpack_normal(F, y), unpack_normal(F, z ^ addend));	\
}

DEFINE(32, __u32)
DEFINE(64, __u64)
