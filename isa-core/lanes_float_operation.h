/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* How operations of lanes_float.h are written down. */
#ifndef ISAHP_CORE_LANES_FLOAT_OPERATION_H
#define ISAHP_CORE_LANES_FLOAT_OPERATION_H

#include "lanes_float.h"

#define ISAHP_UNUSED __attribute__((__unused__))

/* The head of an operation's function. */
#define OPERATION(name) \
	void isahp_lanes_##name(const struct isahp_lanes *l ISAHP_UNUSED, \
				union isahp_vector *ret, \
				const union isahp_vector *a ISAHP_UNUSED, \
				const union isahp_vector *b ISAHP_UNUSED, \
				const union isahp_vector *c ISAHP_UNUSED)

/* Each active one of @n elements. */
#define FOR_ACTIVE(l, i, n) \
	for (i = 0; i < (n); i++) \
		if ((l)->active >> i & 1)

/*
 * Element by element of @field, d or q: x, y and z are those of a, b and c as
 * far as the operation has them; F the format.
 */
#define ELEMENTS(name, field, width, expression) \
	OPERATION(name) \
	{ \
		struct isahp_fp *fp = l->fp; \
		unsigned int i; \
\
		FOR_ACTIVE(l, i, l->bytes * 8u / (width)) \
			ret->field[i] = expression; \
	}

/* Of both formats. */
#define BOTH(name, f32, f64) \
	ELEMENTS(name##ps, d, 32, f32) \
	ELEMENTS(name##pd, q, 64, f64)

/*
 * From elements of @from, x, to such of @to: as many as fit into the longer of
 * the two vectors. A shorter result ends in zeros.
 */
#define CONVERT(name, to, from, expression) \
	OPERATION(name) \
	{ \
		const unsigned int size = sizeof(ret->to[0]); \
		const unsigned int n = l->bytes / (size > sizeof(b->from[0]) ? \
						   size : sizeof(b->from[0])); \
		struct isahp_fp *fp = l->fp; \
		unsigned int i; \
\
		FOR_ACTIVE(l, i, n) \
			ret->to[i] = expression(fp, b->from[i]); \
		if (n * size < l->bytes) \
			memset(ret->b + n * size, 0, l->bytes - n * size); \
	}

/* Bit 2 of an immediate: MXCSR's rounding instead of the one it says. */
static inline unsigned int immediate_rounding(const struct isahp_lanes *l)
{
	return l->imm & 4 ? l->fp->rounding : l->imm & 3;
}

#endif /* ISAHP_CORE_LANES_FLOAT_OPERATION_H */
