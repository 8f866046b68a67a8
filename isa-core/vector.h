/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Vector registers as plain memory, and what is common to all operations on
 * them: isa-core touches no SIMD register of its own.
 */
#ifndef ISAHP_CORE_VECTOR_H
#define ISAHP_CORE_VECTOR_H

#include "env.h"

/**
 * union isahp_vector - an XMM, YMM or ZMM register, or what was loaded for one
 *
 * Little endian, as in memory: element 0 comes first.
 */
union isahp_vector {
	__u8 b[64];
	__u16 w[32];
	__u32 d[16];
	__u64 q[8];
};

struct isahp_fp;

/**
 * struct isahp_lanes - what an operation on vectors is told beside its sources
 * @bytes: vector length of the instruction: 4 or 8 (scalars, MMX), 16, 32, 64.
 *	An operation that widens reads a part of its source only, one that
 *	narrows fills a part of the result.
 * @element: size in bytes of an element of the result.
 * @imm: the instruction's immediate byte.
 * @active: a bit for each element of the result, the lowest for element 0. The
 *	others are masked out: they raise no exception, and what is computed for
 *	them does not matter. All ones where there is no mask.
 * @fp: control and flags of floating point (float.h); NULL where none is needed.
 */
struct isahp_lanes {
	__u8 bytes;
	__u8 element;
	__u8 imm;
	__u64 active;
	struct isahp_fp *fp;
};

/**
 * typedef isahp_lanes_fn - an operation on vectors
 * @l: @bytes of @ret are computed, the rest is left alone: the caller zeroes,
 *	merges masks, and keeps the upper part of a scalar's register.
 * @ret: aliases no source. An operation whose result is a mask, a general
 *	register's value or flags gives it in q[0].
 * @a: first source: VEX.vvvv and EVEX.vvvv, or the destination's old value in
 *	legacy SSE.
 * @b: second source: ModRM.rm, a register or memory already loaded. The only
 *	source of an operation that has one.
 * @c: third: the destination's old value where VEX and EVEX read it, the mask
 *	register of VBLENDV.
 *
 * Sources that an operation does not use may be NULL. Pure but for the flags in
 * @l->fp.
 */
typedef void (*isahp_lanes_fn)(const struct isahp_lanes *l, union isahp_vector *ret,
			       const union isahp_vector *a,
			       const union isahp_vector *b,
			       const union isahp_vector *c);

#endif /* ISAHP_CORE_VECTOR_H */
