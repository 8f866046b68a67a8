// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Masks: comparisons into them, vectors of them, what is computed on opmasks,
 * and tests of vectors that end in flags.
 */
#include "flags.h"
#include "lanes_operation.h"

/* --- a bit for each element ---------------------------------------------- */

/* Those of the @i th word, where a mask has them. */
static __always_inline __u64 bits_of(__u64 word, unsigned int i, __u64 h)
{
	return swar_bits(word, h) << 64 / (swar_top(h) + 1) * i;
}

static __always_inline void bits(const struct isahp_lanes *l,
				 union isahp_vector *ret,
				 const union isahp_vector *b, __u64 h)
{
	__u64 mask = 0;
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i++)
		mask |= bits_of(b->q[i], i, h);
	ret->q[0] = mask;
}

OPERATION(pmovmskb) { bits(l, ret, b, SWAR_B); }
OPERATION(vpmovw2m) { bits(l, ret, b, SWAR_W); }
OPERATION(movmskps) { bits(l, ret, b, SWAR_D); }
OPERATION(movmskpd) { bits(l, ret, b, SWAR_Q); }

#define FROM_MASK(suffix, field, type) \
	OPERATION(vpmovm2##suffix) \
	{ \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / sizeof(type); i++) \
			ret->field[i] = -(type)(b->q[0] >> i & 1); \
	}

FROM_MASK(b, b, __u8)
FROM_MASK(w, w, __u16)
FROM_MASK(d, d, __u32)
FROM_MASK(q, q, __u64)

OPERATION(vpbroadcastmb2q)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] = b->b[0];
}

OPERATION(vpbroadcastmw2d)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 4; i++)
		ret->d[i] = b->w[0];
}

/* --- comparisons --------------------------------------------------------- */

/*
 * The predicates are EQ, LT, LE, FALSE, and by bit 2 their complements NEQ, NLT,
 * NLE, TRUE (SDM vol. 2C, "VPCMPD/VPCMPUD"). What is flipped in both sources
 * turns signed numbers into unsigned ones.
 */
static __always_inline void compare(const struct isahp_lanes *l,
				    union isahp_vector *ret,
				    const union isahp_vector *a,
				    const union isahp_vector *b,
				    unsigned int imm, __u64 flip, __u64 h)
{
	const unsigned int which = imm & 3;
	const __u64 complement = imm & 4 ? ~0ULL : 0;
	const __u64 equal = which == 0 || which == 2 ? h : 0;
	const __u64 below = which == 1 || which == 2 ? h : 0;
	__u64 mask = 0;
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i++) {
		__u64 x = a->q[i], y = b->q[i];
		__u64 holds = (swar_zero(x ^ y, h) & equal) |
			      (swar_below(x ^ flip, y ^ flip, h) & below);

		mask |= bits_of(holds ^ complement, i, h);
	}
	ret->q[0] = mask;
}

static __always_inline void test(const struct isahp_lanes *l, union isahp_vector *ret,
				 const union isahp_vector *a,
				 const union isahp_vector *b, __u64 complement,
				 __u64 h)
{
	__u64 mask = 0;
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i++)
		mask |= bits_of(complement ^ swar_zero(a->q[i] & b->q[i], h), i, h);
	ret->q[0] = mask;
}

#define INTO_MASK(suffix, h) \
	OPERATION(vpcmp##suffix) { compare(l, ret, a, b, l->imm, h, h); } \
	OPERATION(vpcmpu##suffix) { compare(l, ret, a, b, l->imm, 0, h); } \
	OPERATION(vpcmpeq##suffix) { compare(l, ret, a, b, 0, 0, h); } \
	OPERATION(vpcmpgt##suffix) { compare(l, ret, a, b, 6, h, h); } \
	OPERATION(vptestm##suffix) { test(l, ret, a, b, ~0ULL, h); } \
	OPERATION(vptestnm##suffix) { test(l, ret, a, b, 0, h); }

INTO_MASK(b, SWAR_B)
INTO_MASK(w, SWAR_W)
INTO_MASK(d, SWAR_D)
INTO_MASK(q, SWAR_Q)

/* Which of a's elements are among b's, and which of b's among a's. */
#define INTERSECT(name, field, type) \
	OPERATION(name) \
	{ \
		unsigned int i, j; \
\
		ret->q[0] = 0; \
		ret->q[1] = 0; \
		for (i = 0; i < l->bytes / sizeof(type); i++) { \
			for (j = 0; j < l->bytes / sizeof(type); j++) { \
				__u64 same = a->field[i] == b->field[j]; \
\
				ret->q[0] |= same << i; \
				ret->q[1] |= same << j; \
			} \
		} \
	}

INTERSECT(vp2intersectd, d, __u32)
INTERSECT(vp2intersectq, q, __u64)

/* For each byte of b a bit of a's quadword. */
OPERATION(vpshufbitqmb)
{
	__u64 mask = 0;
	unsigned int i;

	for (i = 0; i < l->bytes; i++)
		mask |= (a->q[i / 8] >> (b->b[i] & 63) & 1) << i;
	ret->q[0] = mask;
}

/* --- opmasks ------------------------------------------------------------- */

/* As wide as the row of lanes.def says, and zero above. */
static inline __u64 width(const struct isahp_lanes *l)
{
	return ~0ULL >> (64 - 8 * l->element);
}

#define OPMASK(name, expression) \
	OPERATION(name) \
	{ \
		__u64 x = a->q[0], y = b->q[0]; \
\
		ret->q[0] = (expression) & width(l); \
	}

OPMASK(kadd, x + y)
OPMASK(kand, x & y)
OPMASK(kandn, ~x & y)
OPMASK(kor, x | y)
OPMASK(kxor, x ^ y)
OPMASK(kxnor, ~(x ^ y))

OPERATION(kmov)
{
	ret->q[0] = b->q[0] & width(l);
}

OPERATION(knot)
{
	ret->q[0] = ~b->q[0] & width(l);
}

OPERATION(kshiftl)
{
	ret->q[0] = l->imm > 63 ? 0 : b->q[0] << l->imm & width(l);
}

OPERATION(kshiftr)
{
	ret->q[0] = l->imm > 63 ? 0 : (b->q[0] & width(l)) >> l->imm;
}

/* b's half below a's; of the result's width each has half. */
OPERATION(kunpck)
{
	unsigned int half = 4 * l->element;

	ret->q[0] = (a->q[0] << half & width(l)) | (b->q[0] & ~(~0ULL << half));
}

/* --- flags --------------------------------------------------------------- */

static __u64 zero_carry(bool zero, bool carry)
{
	return (zero ? ISAHP_FLAG_ZF : 0) | (carry ? ISAHP_FLAG_CF : 0);
}

OPERATION(kortest)
{
	__u64 both = (a->q[0] | b->q[0]) & width(l);

	ret->q[0] = zero_carry(!both, both == width(l));
}

OPERATION(ktest)
{
	ret->q[0] = zero_carry(!(a->q[0] & b->q[0] & width(l)),
			       !(~a->q[0] & b->q[0] & width(l)));
}

/* Of those bits that @keep leaves: the highest of each element, or all. */
static void test_all(const struct isahp_lanes *l, union isahp_vector *ret,
		     const union isahp_vector *a, const union isahp_vector *b,
		     __u64 keep)
{
	__u64 both = 0, only = 0;
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i++) {
		both |= a->q[i] & b->q[i];
		only |= ~a->q[i] & b->q[i];
	}
	ret->q[0] = zero_carry(!(both & keep), !(only & keep));
}

OPERATION(ptest) { test_all(l, ret, a, b, ~0ULL); }
OPERATION(vtestps) { test_all(l, ret, a, b, SWAR_D); }
OPERATION(vtestpd) { test_all(l, ret, a, b, SWAR_Q); }
