// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Multiplication and addition in one, of vectors. SDM vol. 2 under each mnemonic.
 *
 * Loops live of it: normal floats that are rounded to nearest are not computed by a
 * call for each element.
 */
#include "float_sum.h"
#include "lanes_float_operation.h"

/*
 * Normal numbers, rounded to nearest: the product is a whole number of 47 or 48 bits,
 * and so is z in its units, exactly, where they are of about the same size. False:
 * they are not, or the sum is zero, or might be tiny or too large. @lost: is not 0
 * where a result was inexact.
 */
static __always_inline bool fma_nearest(__u32 x, __u32 y, __u32 z, __u64 *lost,
					__u32 *ret)
{
	const __u64 low = (1ULL << LOW_BITS(32)) - 1;
	const __u32 one = 1u << FRACTION_BITS(32);
	__u64 a = (__u64)((x & (one - 1)) | one) * ((y & (one - 1)) | one), b;
	unsigned int exponent = exponent_of(32, x) + exponent_of(32, y) - BIAS(32);
	unsigned int shift = exponent_of(32, z) + FRACTION_BITS(32) - exponent, top;
	/* Ones where something is negative. */
	__u64 subtract = -(__u64)((x ^ y ^ z) >> 31), below;

	/* Its leading bit is bit 61 then, or a lower one, and no sum has bit 63. */
	if (RARELY(shift > 38))
		return false;
	b = (__u64)((z & (one - 1)) | one) << shift;
	a += NEGATE(subtract, b);
	if (RARELY(!a))
		return false;
	below = -(a >> 63);
	a = NEGATE(below, a);
	top = __builtin_clzll(a) ^ 63;
	a <<= 62 - top;
	exponent += top - 46;
	if (RARELY(exponent - 1 >= EXPONENT_MAX(32) - 2))
		return false;
	*lost |= a & low;
	a += (low >> 1) + (a >> LOW_BITS(32) & 1);
	*ret = ((x ^ y ^ (__u32)below) & 1u << 31) +
	       ((exponent - 1) << FRACTION_BITS(32)) + (__u32)(a >> LOW_BITS(32));
	return true;
}

/* @x * @y + @z, of which even and odd elements negate ISAHP_FMA_NEGATE_*. */
#define FUSED_SLOWLY(suffix, field, F) \
	static void fused_##suffix##_slowly( \
		const struct isahp_lanes *l, union isahp_vector *ret, \
		const union isahp_vector *x, const union isahp_vector *y, \
		const union isahp_vector *z, const __u8 negate[2]) \
	{ \
		unsigned int i; \
\
		FOR_ACTIVE(l, i, l->bytes * 8u / (F)) \
			ret->field[i] = isahp_f##F##_fma(l->fp, x->field[i], \
							 y->field[i], z->field[i], \
							 negate[i & 1]); \
	}

FUSED_SLOWLY(ps, d, 32)
FUSED_SLOWLY(pd, q, 64)

static __always_inline void fused_nearest(const struct isahp_lanes *l,
					  union isahp_vector *ret,
					  const union isahp_vector *x,
					  const union isahp_vector *y,
					  const union isahp_vector *z,
					  unsigned int even, unsigned int odd)
{
	__u64 lost = 0;
	unsigned int i;

	for (i = 0; i < l->bytes / 4u; i++) {
		unsigned int negate = i & 1 ? odd : even;
		__u32 product = negate << 31, addend = negate >> 1 << 31;

		__u32 vx = x->d[i], vy = y->d[i], vz = z->d[i];

		if (RARELY(!is_normal(32, vx) || !is_normal(32, vy) ||
			   !is_normal(32, vz) ||
			   !fma_nearest(vx ^ product, vy, vz ^ addend, &lost,
					&ret->d[i])))
			ret->d[i] = isahp_f32_fma(l->fp, vx, vy, vz, negate);
	}
	if (lost)
		l->fp->flags |= ISAHP_FP_PE;
}

static void fused_ps(const struct isahp_lanes *l, union isahp_vector *ret,
		     const union isahp_vector *x, const union isahp_vector *y,
		     const union isahp_vector *z, const __u8 negate[2])
{
	if (l->active != ~0ULL || l->fp->rounding != ISAHP_ROUND_NEAREST)
		fused_ps_slowly(l, ret, x, y, z, negate);
	else if (negate[0] | negate[1])
		fused_nearest(l, ret, x, y, z, negate[0], negate[1]);
	else
		fused_nearest(l, ret, x, y, z, 0, 0);
}

static void fused_pd(const struct isahp_lanes *l, union isahp_vector *ret,
		     const union isahp_vector *x, const union isahp_vector *y,
		     const union isahp_vector *z, const __u8 negate[2])
{
	fused_pd_slowly(l, ret, x, y, z, negate);
}

/*
 * The digits say which operand is which factor and which the addend, 1 being the
 * destination, c, 2 the first source, a, and 3 the second, b. They also are the
 * order in which NaNs are looked for.
 */
#define FUSED_OF(name, suffix, even, odd) \
	OPERATION(name##132##suffix) \
	{ \
		fused_##suffix(l, ret, c, b, a, (const __u8[2]){ even, odd }); \
	} \
	OPERATION(name##213##suffix) \
	{ \
		fused_##suffix(l, ret, a, c, b, (const __u8[2]){ even, odd }); \
	} \
	OPERATION(name##231##suffix) \
	{ \
		fused_##suffix(l, ret, a, b, c, (const __u8[2]){ even, odd }); \
	}

#define FUSED(name, even, odd) \
	FUSED_OF(name, ps, even, odd) \
	FUSED_OF(name, pd, even, odd)

#define PRODUCT ISAHP_FMA_NEGATE_PRODUCT
#define ADDEND ISAHP_FMA_NEGATE_ADDEND

FUSED(fmadd, 0, 0)
FUSED(fmsub, ADDEND, ADDEND)
FUSED(fnmadd, PRODUCT, PRODUCT)
FUSED(fnmsub, PRODUCT | ADDEND, PRODUCT | ADDEND)
FUSED(fmaddsub, ADDEND, 0)
FUSED(fmsubadd, 0, ADDEND)
