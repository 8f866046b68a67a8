// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What moves elements across lanes: permutations, broadcasts, insertion and
 * extraction, widening and narrowing, compression and expansion.
 */
#include "lanes_operation.h"

/* --- permutations -------------------------------------------------------- */

/*
 * An element of the source for each index, which is taken modulo their number.
 * VPERMI2 and VPERMT2 differ in what they overwrite: the indexes, or the first
 * of the two tables.
 */
#define PERMUTE(suffix, field, type) \
	OPERATION(vperm##suffix) \
	{ \
		const unsigned int n = l->bytes / sizeof(type); \
		unsigned int i; \
\
		for (i = 0; i < n; i++) \
			ret->field[i] = b->field[a->field[i] & (n - 1)]; \
	} \
	static void permute2_##suffix(const struct isahp_lanes *l, \
				      union isahp_vector *ret, \
				      const union isahp_vector *index, \
				      const union isahp_vector *low, \
				      const union isahp_vector *high) \
	{ \
		const unsigned int n = l->bytes / sizeof(type); \
		unsigned int i; \
\
		for (i = 0; i < n; i++) { \
			type at = index->field[i]; \
\
			ret->field[i] = (at & n ? high : low)->field[at & (n - 1)]; \
		} \
	} \
	OPERATION(vpermi2##suffix) { permute2_##suffix(l, ret, c, a, b); } \
	OPERATION(vpermt2##suffix) { permute2_##suffix(l, ret, a, c, b); }

PERMUTE(b, b, __u8)
PERMUTE(w, w, __u16)
PERMUTE(d, d, __u32)
PERMUTE(q, q, __u64)

/* Within 256 bits, by two bits of the immediate for each quadword. */
OPERATION(vpermq_imm)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] = b->q[(i & ~3u) + (l->imm >> 2 * (i & 3) & 3)];
}

/* Each half is one of the four of a and b, or zero. */
OPERATION(vperm2i128)
{
	unsigned int i, choice = l->imm;

	for (i = 0; i < 32; i += 16, choice >>= 4) {
		if (choice & 8)
			memset(ret->b + i, 0, 16);
		else
			memcpy(ret->b + i, (choice & 2 ? b : a)->b +
			       16 * (choice & 1), 16);
	}
}

/* Lanes: the lower half of the result are a's, the upper half b's. */
OPERATION(vshufi32x4)
{
	const unsigned int lanes = l->bytes / 16, bits = lanes / 2;
	unsigned int i;

	for (i = 0; i < lanes; i++)
		memcpy(ret->b + 16 * i, (i < lanes / 2 ? a : b)->b +
		       16 * (l->imm >> bits * i & (lanes - 1)), 16);
}

/* From element @imm on of a above b. */
#define ALIGN(name, field, type) \
	OPERATION(name) \
	{ \
		const unsigned int n = l->bytes / sizeof(type); \
		unsigned int i, from; \
\
		for (i = 0; i < n; i++) { \
			from = (l->imm & (n - 1)) + i; \
			ret->field[i] = from < n ? b->field[from] : \
						   a->field[from - n]; \
		} \
	}

ALIGN(valignd, d, __u32)
ALIGN(valignq, q, __u64)

/* --- broadcasts ---------------------------------------------------------- */

static void broadcast(const struct isahp_lanes *l, union isahp_vector *ret,
		      __u64 word)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] = word;
}

/* From a vector's first element, from memory, from a general register. */
OPERATION(vpbroadcastb) { broadcast(l, ret, swar_each(b->b[0], SWAR_B)); }
OPERATION(vpbroadcastw) { broadcast(l, ret, swar_each(b->w[0], SWAR_W)); }
OPERATION(vpbroadcastd) { broadcast(l, ret, swar_each(b->d[0], SWAR_D)); }
OPERATION(vpbroadcastq) { broadcast(l, ret, b->q[0]); }

OPERATION(vbroadcasti128)
{
	unsigned int i;

	for (i = 0; i < l->bytes; i += 16)
		memcpy(ret->b + i, b, 16);
}

OPERATION(vbroadcasti64x4)
{
	memcpy(ret, b, 32);
	memcpy(ret->b + 32, b, 32);
}

/* --- insertion and extraction -------------------------------------------- */

#define INSERT(suffix, field, type) \
	OPERATION(pinsr##suffix) \
	{ \
		const unsigned int n = 16 / sizeof(type); \
\
		memcpy(ret, a, 16); \
		ret->field[l->imm & (n - 1)] = b->q[0]; \
	} \
	OPERATION(pextr##suffix) \
	{ \
		const unsigned int n = 16 / sizeof(type); \
\
		ret->q[0] = b->field[l->imm & (n - 1)]; \
	}

INSERT(b, b, __u8)
INSERT(d, d, __u32)
INSERT(q, q, __u64)

/* Of MMX registers too, which have half as many. */
OPERATION(pinsrw)
{
	const unsigned int n = lane_bytes(l) / 2;

	memcpy(ret, a, 2 * n);
	ret->w[l->imm & (n - 1)] = b->q[0];
}

OPERATION(pextrw)
{
	ret->q[0] = b->w[l->imm & (lane_bytes(l) / 2 - 1)];
}

/* 128 or 256 bits of a longer vector. */
#define PART(size, insert, extract) \
	OPERATION(insert) \
	{ \
		memcpy(ret, a, l->bytes); \
		memcpy(ret->b + size * (l->imm & (l->bytes / size - 1)), b, size); \
	} \
	OPERATION(extract) \
	{ \
		memcpy(ret, b->b + size * (l->imm & (l->bytes / size - 1)), size); \
	}

PART(16, vinserti128, vextracti128)
PART(32, vinserti64x4, vextracti64x4)

/* --- widening ------------------------------------------------------------ */

#define WIDEN(name, from, from_type, to, to_type) \
	OPERATION(name) \
	{ \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / sizeof(to_type); i++) \
			ret->to[i] = (to_type)(from_type)b->from[i]; \
	}

WIDEN(pmovsxbw, b, __s8, w, __u16)
WIDEN(pmovsxbd, b, __s8, d, __u32)
WIDEN(pmovsxbq, b, __s8, q, __u64)
WIDEN(pmovsxwd, w, __s16, d, __u32)
WIDEN(pmovsxwq, w, __s16, q, __u64)
WIDEN(pmovsxdq, d, __s32, q, __u64)
WIDEN(pmovzxbw, b, __u8, w, __u16)
WIDEN(pmovzxbd, b, __u8, d, __u32)
WIDEN(pmovzxbq, b, __u8, q, __u64)
WIDEN(pmovzxwd, w, __u16, d, __u32)
WIDEN(pmovzxwq, w, __u16, q, __u64)
WIDEN(pmovzxdq, d, __u32, q, __u64)

/* --- narrowing ----------------------------------------------------------- */

static inline __s64 limit_signed(__s64 value, __s64 high)
{
	return value < -high - 1 ? -high - 1 : value > high ? high : value;
}

static inline __u64 limit_unsigned(__u64 value, __u64 high)
{
	return value > high ? high : value;
}

/* Truncated, or saturated as signed or as unsigned numbers. */
#define NARROW(suffix, from, signed_type, to, high) \
	OPERATION(vpmov##suffix) \
	{ \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / sizeof(signed_type); i++) \
			ret->to[i] = b->from[i]; \
	} \
	OPERATION(vpmovs##suffix) \
	{ \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / sizeof(signed_type); i++) \
			ret->to[i] = limit_signed((signed_type)b->from[i], high); \
	} \
	OPERATION(vpmovus##suffix) \
	{ \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / sizeof(signed_type); i++) \
			ret->to[i] = limit_unsigned(b->from[i], 2ULL * high + 1); \
	}

NARROW(wb, w, __s16, b, 0x7f)
NARROW(db, d, __s32, b, 0x7f)
NARROW(qb, q, __s64, b, 0x7f)
NARROW(dw, d, __s32, w, 0x7fff)
NARROW(qw, q, __s64, w, 0x7fff)
NARROW(qd, q, __s64, d, 0x7fffffff)

/* --- compression and expansion ------------------------------------------- */

/*
 * Active elements move together to the front, and the destination's, c, stay
 * behind them; or those at the front take the active places, in between c's.
 */
#define COMPRESS(suffix, field, type) \
	OPERATION(vpcompress##suffix) \
	{ \
		unsigned int i, n = 0; \
\
		for (i = 0; i < l->bytes / sizeof(type); i++) \
			if (l->active >> i & 1) \
				ret->field[n++] = b->field[i]; \
		for (; n < l->bytes / sizeof(type); n++) \
			ret->field[n] = c->field[n]; \
	} \
	OPERATION(vpexpand##suffix) \
	{ \
		unsigned int i, n = 0; \
\
		for (i = 0; i < l->bytes / sizeof(type); i++) \
			ret->field[i] = l->active >> i & 1 ? b->field[n++] : \
							    c->field[i]; \
	}

COMPRESS(b, b, __u8)
COMPRESS(w, w, __u16)
COMPRESS(d, d, __u32)
COMPRESS(q, q, __u64)
