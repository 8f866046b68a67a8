// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Arithmetic and comparison. SDM vol. 2 under each mnemonic. */
#include "lanes_float_operation.h"

#define ARITHMETIC(name) \
	BOTH(name, isahp_f32_##name(fp, a->d[i], b->d[i]), \
	     isahp_f64_##name(fp, a->q[i], b->q[i]))

ARITHMETIC(add)
ARITHMETIC(sub)
ARITHMETIC(mul)
ARITHMETIC(div)
ARITHMETIC(min)
ARITHMETIC(max)
BOTH(sqrt, isahp_f32_sqrt(fp, b->d[i]), isahp_f64_sqrt(fp, b->q[i]))
BOTH(addsub,
     i & 1 ? isahp_f32_add(fp, a->d[i], b->d[i]) :
	     isahp_f32_sub(fp, a->d[i], b->d[i]),
     i & 1 ? isahp_f64_add(fp, a->q[i], b->q[i]) :
	     isahp_f64_sub(fp, a->q[i], b->q[i]))

/* --- across elements ----------------------------------------------------- */

/* Neighbours of a, then of b, within each 128 bits. */
#define HORIZONTAL(name, op, field, F, n) \
	OPERATION(name) \
	{ \
		unsigned int lane, i; \
\
		for (lane = 0; lane < l->bytes * 8u / F; lane += n) { \
			for (i = 0; i < n; i++) { \
				const union isahp_vector *v = i < n / 2 ? a : b; \
				unsigned int at = lane + 2 * i % n; \
\
				ret->field[lane + i] = isahp_f##F##_##op( \
					l->fp, v->field[at], v->field[at + 1]); \
			} \
		} \
	}

HORIZONTAL(haddps, add, d, 32, 4)
HORIZONTAL(hsubps, sub, d, 32, 4)
HORIZONTAL(haddpd, add, q, 64, 2)
HORIZONTAL(hsubpd, sub, q, 64, 2)

/*
 * Multiply, add in pairs, add the pairs. Each step is an operation of its own: it
 * rounds, and an unmasked exception ends the instruction before the next.
 */
OPERATION(dpps)
{
	struct isahp_fp *fp = l->fp;
	unsigned int n = l->bytes / 4, i;
	__u32 t[16];

	for (i = 0; i < n; i++)
		t[i] = l->imm >> (4 + i % 4) & 1 ?
		       isahp_f32_mul(fp, a->d[i], b->d[i]) : 0;
	if (!isahp_fp_step(fp))
		return;
	for (i = 0; i < n; i += 2)
		t[i] = isahp_f32_add(fp, t[i], t[i + 1]);
	if (!isahp_fp_step(fp))
		return;
	for (i = 0; i < n; i += 4)
		t[i] = isahp_f32_add(fp, t[i], t[i + 2]);
	for (i = 0; i < n; i++)
		ret->d[i] = l->imm >> i % 4 & 1 ? t[i & ~3u] : 0;
}

OPERATION(dppd)
{
	struct isahp_fp *fp = l->fp;
	__u64 t[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		t[i] = l->imm >> (4 + i) & 1 ?
		       isahp_f64_mul(fp, a->q[i], b->q[i]) : 0;
	if (!isahp_fp_step(fp))
		return;
	t[0] = isahp_f64_add(fp, t[0], t[1]);
	for (i = 0; i < 2; i++)
		ret->q[i] = l->imm >> i & 1 ? t[0] : 0;
}

/* --- comparison ---------------------------------------------------------- */

#define EQUAL (1u << ISAHP_ORDER_EQUAL)
#define LESS (1u << ISAHP_ORDER_LESS)
#define GREATER (1u << ISAHP_ORDER_GREATER)
#define NONE (1u << ISAHP_ORDER_NONE)

/* SDM vol. 2, CMPPD, table 3-1: what each predicate holds for. */
static const __u8 predicates[16] = {
	EQUAL, LESS, LESS | EQUAL, NONE,
	LESS | GREATER | NONE, EQUAL | GREATER | NONE, GREATER | NONE,
	LESS | EQUAL | GREATER,
	EQUAL | NONE, LESS | NONE, LESS | EQUAL | NONE, 0,
	LESS | GREATER, EQUAL | GREATER, GREATER, LESS | EQUAL | GREATER | NONE,
};

/*
 * Those by size signal for quiet NaNs, those by equality do not; from 16 on it is
 * the other way round.
 */
static inline bool predicate_signals(unsigned int predicate)
{
	return ((predicate + 1) >> 1 ^ predicate >> 4) & 1;
}

#define COMPARE(suffix, field, F) \
	static inline bool compare_##suffix(const struct isahp_lanes *l, \
					    __u##F x, __u##F y) \
	{ \
		unsigned int predicate = l->imm & 31; \
		enum isahp_order order = isahp_f##F##_compare( \
			l->fp, x, y, predicate_signals(predicate)); \
\
		return predicates[predicate & 15] >> order & 1; \
	} \
\
	OPERATION(cmp##suffix) \
	{ \
		unsigned int i; \
\
		FOR_ACTIVE(l, i, l->bytes * 8u / F) \
			ret->field[i] = -(__u##F)compare_##suffix( \
				l, a->field[i], b->field[i]); \
	} \
\
	OPERATION(vcmp##suffix) \
	{ \
		__u64 bits = 0; \
		unsigned int i; \
\
		FOR_ACTIVE(l, i, l->bytes * 8u / F) \
			bits |= (__u64)compare_##suffix(l, a->field[i], \
							b->field[i]) << i; \
		ret->q[0] = bits; \
	}

COMPARE(ps, d, 32)
COMPARE(pd, q, 64)

/* SDM vol. 2, COMISD: CF, PF and ZF; OF, SF and AF are cleared. */
static const __u8 order_flags[] = {
	[ISAHP_ORDER_EQUAL] = 0x40,
	[ISAHP_ORDER_LESS] = 0x01,
	[ISAHP_ORDER_GREATER] = 0,
	[ISAHP_ORDER_NONE] = 0x45,
};

#define TO_FLAGS(name, field, F, signals) \
	OPERATION(name) \
	{ \
		ret->q[0] = order_flags[isahp_f##F##_compare( \
			l->fp, a->field[0], b->field[0], signals)]; \
	}

TO_FLAGS(comiss, d, 32, true)
TO_FLAGS(comisd, q, 64, true)
TO_FLAGS(ucomiss, d, 32, false)
TO_FLAGS(ucomisd, q, 64, false)
