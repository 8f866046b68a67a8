/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* How operations of lanes.h are written down. */
#ifndef ISAHP_CORE_LANES_OPERATION_H
#define ISAHP_CORE_LANES_OPERATION_H

#include "lanes.h"
#include "swar.h"

#define ISAHP_MAYBE_UNUSED __attribute__((unused))

/* The head of an operation's function. */
#define OPERATION(name) \
	void isahp_lanes_##name(const struct isahp_lanes *l ISAHP_MAYBE_UNUSED, \
				union isahp_vector *ret, \
				const union isahp_vector *a ISAHP_MAYBE_UNUSED, \
				const union isahp_vector *b ISAHP_MAYBE_UNUSED, \
				const union isahp_vector *c ISAHP_MAYBE_UNUSED)

/*
 * Word by word: x and y are those of the sources. One source is the second, b:
 * a may be NULL then.
 */
#define WORDS1(name, expression) \
	OPERATION(name) \
	{ \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / 8; i++) { \
			__u64 y = b->q[i]; \
\
			ret->q[i] = expression; \
		} \
	}

#define WORDS(name, expression) \
	OPERATION(name) \
	{ \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / 8; i++) { \
			__u64 x = a->q[i], y = b->q[i]; \
\
			ret->q[i] = expression; \
		} \
	}

/* Element by element of @field (b, w, d, q) of the same width as the result's. */
#define ELEMENTS1(name, field, type, expression) \
	OPERATION(name) \
	{ \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / sizeof(type); i++) { \
			type y = b->field[i]; \
\
			ret->field[i] = expression; \
		} \
	}

#define ELEMENTS(name, field, type, expression) \
	OPERATION(name) \
	{ \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / sizeof(type); i++) { \
			type x = a->field[i], y = b->field[i]; \
\
			ret->field[i] = expression; \
		} \
	}

#define ELEMENTS3(name, field, type, expression) \
	OPERATION(name) \
	{ \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / sizeof(type); i++) { \
			type x = a->field[i], y = b->field[i], z = c->field[i]; \
\
			ret->field[i] = expression; \
		} \
	}

/* Most operations stay within lanes of 128 bits; MMX has 64 at all. */
static inline unsigned int lane_bytes(const struct isahp_lanes *l)
{
	return l->bytes < 16 ? 8 : 16;
}

static inline __s32 saturate(__s32 value, __s32 low, __s32 high)
{
	return value < low ? low : value > high ? high : value;
}

static inline __s16 saturate_w(__s32 value)
{
	return saturate(value, -32768, 32767);
}

#endif /* ISAHP_CORE_LANES_OPERATION_H */
