// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Shifts and rotations: all elements by one count, each by its own, whole lanes
 * by bytes, and bit fields.
 *
 * A count is never reduced modulo the width (SDM vol. 2B, "PSLLW/PSLLD/PSLLQ"),
 * but those of rotations and of VPSHLD and its like are.
 */
#include "lanes_operation.h"

/* --- one count for all --------------------------------------------------- */

static void shift_left(const struct isahp_lanes *l, union isahp_vector *ret,
		       const union isahp_vector *b, __u64 count, __u64 h)
{
	const unsigned int top = swar_top(h);
	__u64 keep;
	unsigned int i;

	if (count > top) {
		memset(ret, 0, l->bytes);
		return;
	}
	keep = swar_each(~0ULL >> (63 - top) << count & ~0ULL >> (63 - top), h);
	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] = b->q[i] << count & keep;
}

static void shift_right(const struct isahp_lanes *l, union isahp_vector *ret,
			const union isahp_vector *b, __u64 count, __u64 h)
{
	const unsigned int top = swar_top(h);
	__u64 keep;
	unsigned int i;

	if (count > top) {
		memset(ret, 0, l->bytes);
		return;
	}
	keep = swar_each(~0ULL >> (63 - top) >> count, h);
	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] = b->q[i] >> count & keep;
}

static void shift_sign(const struct isahp_lanes *l, union isahp_vector *ret,
		       const union isahp_vector *b, __u64 count, __u64 h)
{
	const unsigned int top = swar_top(h);
	__u64 keep;
	unsigned int i;

	if (count > top)
		count = top;
	keep = swar_each(~0ULL >> (63 - top) >> count, h);
	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] = (b->q[i] >> count & keep) |
			    (swar_fill(b->q[i], h) & ~keep);
}

/* A shift by a register takes its count from b's lowest 64 bits. */
#define SHIFT(name, how, h) \
	OPERATION(name) { how(l, ret, a, b->q[0], h); } \
	OPERATION(name##_imm) { how(l, ret, b, l->imm, h); }

SHIFT(psllw, shift_left, SWAR_W)
SHIFT(pslld, shift_left, SWAR_D)
SHIFT(psllq, shift_left, SWAR_Q)
SHIFT(psrlw, shift_right, SWAR_W)
SHIFT(psrld, shift_right, SWAR_D)
SHIFT(psrlq, shift_right, SWAR_Q)
SHIFT(psraw, shift_sign, SWAR_W)
SHIFT(psrad, shift_sign, SWAR_D)
SHIFT(vpsraq, shift_sign, SWAR_Q)

/* --- a count for each ---------------------------------------------------- */

ELEMENTS(vpsllvw, w, __u16, y > 15 ? 0 : x << y)
ELEMENTS(vpsllvd, d, __u32, y > 31 ? 0 : x << y)
ELEMENTS(vpsllvq, q, __u64, y > 63 ? 0 : x << y)
ELEMENTS(vpsrlvw, w, __u16, y > 15 ? 0 : x >> y)
ELEMENTS(vpsrlvd, d, __u32, y > 31 ? 0 : x >> y)
ELEMENTS(vpsrlvq, q, __u64, y > 63 ? 0 : x >> y)
ELEMENTS(vpsravw, w, __u16, (__s16)x >> (y > 15 ? 15 : y))
ELEMENTS(vpsravd, d, __u32, (__s32)x >> (y > 31 ? 31 : y))
ELEMENTS(vpsravq, q, __u64, (__s64)x >> (y > 63 ? 63 : y))

/* --- rotations ----------------------------------------------------------- */

static inline __u32 rotate_d(__u32 x, unsigned int count)
{
	return x << (count & 31) | x >> (-count & 31);
}

static inline __u64 rotate_q(__u64 x, unsigned int count)
{
	return x << (count & 63) | x >> (-count & 63);
}

ELEMENTS1(vprold, d, __u32, rotate_d(y, l->imm))
ELEMENTS1(vprolq, q, __u64, rotate_q(y, l->imm))
ELEMENTS1(vprord, d, __u32, rotate_d(y, -(unsigned int)l->imm))
ELEMENTS1(vprorq, q, __u64, rotate_q(y, -(unsigned int)l->imm))
ELEMENTS(vprolvd, d, __u32, rotate_d(x, y))
ELEMENTS(vprolvq, q, __u64, rotate_q(x, y))
ELEMENTS(vprorvd, d, __u32, rotate_d(x, -y))
ELEMENTS(vprorvq, q, __u64, rotate_q(x, -(unsigned int)y))

/* --- of two elements side by side ---------------------------------------- */

static inline __u16 join_left_w(__u16 high, __u16 low, unsigned int count)
{
	return ((__u32)high << 16 | low) << (count & 15) >> 16;
}

static inline __u16 join_right_w(__u16 high, __u16 low, unsigned int count)
{
	return ((__u32)high << 16 | low) >> (count & 15);
}

static inline __u32 join_left_d(__u32 high, __u32 low, unsigned int count)
{
	return ((__u64)high << 32 | low) << (count & 31) >> 32;
}

static inline __u32 join_right_d(__u32 high, __u32 low, unsigned int count)
{
	return ((__u64)high << 32 | low) >> (count & 31);
}

static inline __u64 join_left_q(__u64 high, __u64 low, unsigned int count)
{
	count &= 63;
	return count ? high << count | low >> (64 - count) : high;
}

static inline __u64 join_right_q(__u64 high, __u64 low, unsigned int count)
{
	count &= 63;
	return count ? low >> count | high << (64 - count) : low;
}

/* By the immediate a is the half that stays; by b it is c, the destination. */
#define JOIN(suffix, type) \
	ELEMENTS(vpshld##suffix, suffix, type, join_left_##suffix(x, y, l->imm)) \
	ELEMENTS(vpshrd##suffix, suffix, type, join_right_##suffix(y, x, l->imm)) \
	ELEMENTS3(vpshldv##suffix, suffix, type, join_left_##suffix(z, x, y)) \
	ELEMENTS3(vpshrdv##suffix, suffix, type, join_right_##suffix(x, z, y))

JOIN(w, __u16)
JOIN(d, __u32)
JOIN(q, __u64)

/* Eight bits from anywhere in b's quadword, for each byte of a. */
OPERATION(vpmultishiftqb)
{
	unsigned int i;

	for (i = 0; i < l->bytes; i++)
		ret->b[i] = rotate_q(b->q[i / 8], -(unsigned int)a->b[i]);
}

/* --- lanes by bytes ------------------------------------------------------ */

/* 16 bytes from byte @from on of a lane with nothing above it. */
static void lane_from(union isahp_vector *ret, unsigned int at,
		      const union isahp_vector *b, unsigned int from)
{
	__u64 low = b->q[at / 8], high = b->q[at / 8 + 1];

	if (from > 7) {
		low = high;
		high = 0;
	}
	if (from > 15)
		low = 0;
	ret->q[at / 8] = join_right_q(high, low, 8 * (from & 7));
	ret->q[at / 8 + 1] = high >> 8 * (from & 7);
}

OPERATION(psrldq)
{
	unsigned int i;

	for (i = 0; i < l->bytes; i += 16)
		lane_from(ret, i, b, l->imm);
}

OPERATION(pslldq)
{
	unsigned int i, by = 8 * (l->imm & 7);

	for (i = 0; i < l->bytes / 8; i += 2) {
		__u64 low = b->q[i], high = b->q[i + 1];

		if (l->imm > 7) {
			high = low;
			low = 0;
		}
		if (l->imm > 15)
			high = 0;
		ret->q[i] = low << by;
		ret->q[i + 1] = join_left_q(high, low, by);
	}
}

/* --- SSE4a's fields (APM vol. 4, "EXTRQ", "INSERTQ") ---------------------- */

/* A length of 0 means 64. What would reach beyond bit 63 is undefined. */
static inline __u64 bits_mask(unsigned int control)
{
	return ~0ULL >> (-control & 63);
}

static __u64 bits_get(__u64 value, unsigned int control)
{
	return value >> (control >> 8 & 63) & bits_mask(control);
}

static __u64 bits_put(__u64 value, __u64 field, unsigned int control)
{
	unsigned int at = control >> 8 & 63;

	return swar_pick(bits_mask(control) << at, field << at, value);
}

/*
 * Length in bits 0 to 5, place in bits 8 to 13 of what says so: b for EXTRQ, b's
 * upper half for INSERTQ, and for those with two immediates these, as c.
 */
OPERATION(extrq)
{
	ret->q[0] = bits_get(a->q[0], b->w[0]);
	ret->q[1] = 0;
}

OPERATION(extrq_imm)
{
	ret->q[0] = bits_get(a->q[0], c->w[0]);
	ret->q[1] = 0;
}

OPERATION(insertq)
{
	ret->q[0] = bits_put(a->q[0], b->q[0], b->w[4]);
	ret->q[1] = 0;
}

OPERATION(insertq_imm)
{
	ret->q[0] = bits_put(a->q[0], b->q[0], c->w[0]);
	ret->q[1] = 0;
}
