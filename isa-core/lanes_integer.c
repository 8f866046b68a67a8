// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Integer arithmetic but multiplication, comparison and logic. A 64-bit word of
 * elements at a time wherever the sum of its parts is no slower (swar.h).
 *
 * SDM vol. 2B, "PADDB/PADDW/PADDD/PADDQ" and those that follow it.
 */
#include "lanes_operation.h"

/* --- sums ---------------------------------------------------------------- */

/* A carry came out of what is the majority of x, y and the sum's complement. */
static inline __u64 add_unsigned(__u64 x, __u64 y, __u64 h)
{
	__u64 sum = swar_add(x, y, h);

	return sum | swar_fill((x & y) | ((x | y) & ~sum), h);
}

static inline __u64 sub_unsigned(__u64 x, __u64 y, __u64 h)
{
	return swar_sub(x, y, h) & ~swar_fill(swar_below(x, y, h), h);
}

/* Over when both had one sign, and the sum has the other. */
static inline __u64 add_signed(__u64 x, __u64 y, __u64 h)
{
	__u64 sum = swar_add(x, y, h);

	return swar_pick(swar_fill(~(x ^ y) & (x ^ sum), h), swar_limit(x, h), sum);
}

static inline __u64 sub_signed(__u64 x, __u64 y, __u64 h)
{
	__u64 difference = swar_sub(x, y, h);

	return swar_pick(swar_fill((x ^ y) & (x ^ difference), h),
			 swar_limit(x, h), difference);
}

/* (x + y + 1) / 2 without the ninth bit. */
static inline __u64 average(__u64 x, __u64 y, __u64 h)
{
	return (x | y) - (((x ^ y) & ~swar_each(1, h)) >> 1);
}

#define SATURATING(suffix, h) \
	WORDS(padds##suffix, add_signed(x, y, h)) \
	WORDS(psubs##suffix, sub_signed(x, y, h)) \
	WORDS(paddus##suffix, add_unsigned(x, y, h)) \
	WORDS(psubus##suffix, sub_unsigned(x, y, h)) \
	WORDS(pavg##suffix, average(x, y, h))

SATURATING(b, SWAR_B)
SATURATING(w, SWAR_W)

/* --- order --------------------------------------------------------------- */

static inline __u64 least(__u64 less, __u64 x, __u64 y, __u64 h)
{
	return swar_pick(swar_fill(less, h), x, y);
}

#define ORDER_SIGNED(prefix, suffix, h) \
	WORDS(prefix##mins##suffix, least(swar_less(x, y, h), x, y, h)) \
	WORDS(prefix##maxs##suffix, least(swar_less(y, x, h), x, y, h))

#define ORDER(prefix, suffix, h) \
	ORDER_SIGNED(prefix, suffix, h) \
	WORDS(prefix##minu##suffix, least(swar_below(x, y, h), x, y, h)) \
	WORDS(prefix##maxu##suffix, least(swar_below(y, x, h), x, y, h))

ORDER_SIGNED(p, b, SWAR_B)
ORDER(p, w, SWAR_W)
ORDER(p, d, SWAR_D)
ORDER(vp, q, SWAR_Q)

WORDS(pcmpeqq, swar_fill(swar_zero(x ^ y, SWAR_Q), SWAR_Q))
WORDS(pcmpgtq, swar_fill(swar_less(y, x, SWAR_Q), SWAR_Q))
WORDS(pcmpgtw, swar_fill(swar_less(y, x, SWAR_W), SWAR_W))

/* --- signs --------------------------------------------------------------- */

static inline __u64 magnitude(__u64 y, __u64 h)
{
	return swar_negate(y, swar_fill(y, h), h);
}

/* x, or its negative, or 0, as y is above, below or at 0. */
static inline __u64 with_sign(__u64 x, __u64 y, __u64 h)
{
	return swar_negate(x, swar_fill(y, h), h) &
	       ~swar_fill(swar_zero(y, h), h);
}

WORDS1(pabsb, magnitude(y, SWAR_B))
WORDS1(pabsw, magnitude(y, SWAR_W))
WORDS1(pabsd, magnitude(y, SWAR_D))
WORDS1(vpabsq, magnitude(y, SWAR_Q))
WORDS(psignb, with_sign(x, y, SWAR_B))
WORDS(psignw, with_sign(x, y, SWAR_W))
WORDS(psignd, with_sign(x, y, SWAR_D))

/* --- logic --------------------------------------------------------------- */

/* Bit n of the immediate, in every bit of a word. */
static inline __u64 everywhere(unsigned int imm, unsigned int n)
{
	return -(__u64)(imm >> n & 1);
}

/*
 * The immediate is the table of a function of three bits: c, the destination,
 * is the index's bit 2, a bit 1, b bit 0. Halved by b, by a, and by c.
 */
OPERATION(vpternlog)
{
	const __u64 t0 = everywhere(l->imm, 0), t1 = everywhere(l->imm, 1);
	const __u64 t2 = everywhere(l->imm, 2), t3 = everywhere(l->imm, 3);
	const __u64 t4 = everywhere(l->imm, 4), t5 = everywhere(l->imm, 5);
	const __u64 t6 = everywhere(l->imm, 6), t7 = everywhere(l->imm, 7);
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i++) {
		__u64 x = a->q[i], y = b->q[i];
		__u64 t00 = swar_pick(y, t1, t0), t01 = swar_pick(y, t3, t2);
		__u64 t10 = swar_pick(y, t5, t4), t11 = swar_pick(y, t7, t6);

		ret->q[i] = swar_pick(c->q[i], swar_pick(x, t11, t10),
				      swar_pick(x, t01, t00));
	}
}

/* --- counting bits ------------------------------------------------------- */

/* Of each element, by adding up neighbours of one, two, four bits. */
static inline __u64 ones_b(__u64 y)
{
	y -= y >> 1 & swar_each(0x55, SWAR_B);
	y = (y & swar_each(0x33, SWAR_B)) + (y >> 2 & swar_each(0x33, SWAR_B));
	return (y + (y >> 4)) & swar_each(0x0f, SWAR_B);
}

static inline __u64 ones_w(__u64 y)
{
	y = ones_b(y);
	return (y + (y >> 8)) & swar_each(0x1f, SWAR_W);
}

static inline __u64 ones_d(__u64 y)
{
	y = ones_w(y);
	return (y + (y >> 16)) & swar_each(0x3f, SWAR_D);
}

WORDS1(vpopcntb, ones_b(y))
WORDS1(vpopcntw, ones_w(y))
WORDS1(vpopcntd, ones_d(y))
WORDS1(vpopcntq, ones_b(y) * swar_each(1, SWAR_B) >> 56)

ELEMENTS1(vplzcntd, d, __u32, y ? __builtin_clz(y) : 32)
ELEMENTS1(vplzcntq, q, __u64, y ? __builtin_clzll(y) : 64)

/* Bit j of element i: equal to element j, which comes before it. */
#define CONFLICT(name, field, type) \
	OPERATION(name) \
	{ \
		unsigned int i, j; \
\
		for (i = 0; i < l->bytes / sizeof(type); i++) { \
			type same = 0; \
\
			for (j = 0; j < i; j++) \
				same |= (type)(b->field[i] == b->field[j]) << j; \
			ret->field[i] = same; \
		} \
	}

CONFLICT(vpconflictd, d, __u32)
CONFLICT(vpconflictq, q, __u64)

/* --- the frequent ones --------------------------------------------------- */

#include "lanes_words.def"
