// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What moves elements within lanes of 128 bits: shuffles, unpacking, packing,
 * blends. Floating-point types among them: no arithmetic is done to them.
 */
#include "lanes_operation.h"

/* --- by bytes ------------------------------------------------------------ */

OPERATION(pshufb)
{
	const unsigned int last = lane_bytes(l) - 1;
	unsigned int i;

	for (i = 0; i < l->bytes; i++)
		ret->b[i] = b->b[i] & 0x80 ? 0 :
			    a->b[(i & ~last) + (b->b[i] & last)];
}

/* 64 bits from bit @shift on, below 64. */
static inline __u64 word_from(__u64 low, __u64 high, unsigned int shift)
{
	return low >> shift | high << 1 << (63 - shift);
}

/* From byte @imm on of a above b, and of nothing above both. MMX has two words. */
OPERATION(palignr)
{
	const unsigned int shift = 8 * (l->imm & 7);
	const bool mmx = l->bytes < 16;
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i += 2) {
		__u64 w0 = b->q[i], w1 = mmx ? a->q[0] : b->q[i + 1];
		__u64 w2 = mmx ? 0 : a->q[i], w3 = mmx ? 0 : a->q[i + 1];

		if (l->imm & 16) {
			w0 = w2;
			w1 = w3;
			w2 = w3 = 0;
		}
		if (l->imm & 8) {
			w0 = w1;
			w1 = w2;
			w2 = w3;
		}
		if (l->imm > 31)
			w0 = w1 = w2 = 0;
		ret->q[i] = word_from(w0, w1, shift);
		if (!mmx)
			ret->q[i + 1] = word_from(w1, w2, shift);
	}
}

/* --- by an immediate ----------------------------------------------------- */

OPERATION(pshufd)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 4; i++)
		ret->d[i] = b->d[(i & ~3u) + (l->imm >> 2 * (i & 3) & 3)];
}

static inline __u64 shuffle_words(__u64 q, unsigned int imm)
{
	return (q >> 16 * (imm & 3) & 0xffff) |
	       (q >> 16 * (imm >> 2 & 3) & 0xffff) << 16 |
	       (q >> 16 * (imm >> 4 & 3) & 0xffff) << 32 |
	       (q >> 16 * (imm >> 6 & 3) & 0xffff) << 48;
}

WORDS1(pshuflw, i & 1 ? y : shuffle_words(y, l->imm))
WORDS1(pshufhw, i & 1 ? shuffle_words(y, l->imm) : y)

/* Two elements of each lane from a, two from b. */
OPERATION(shufps)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 4; i += 4) {
		ret->d[i] = a->d[i + (l->imm & 3)];
		ret->d[i + 1] = a->d[i + (l->imm >> 2 & 3)];
		ret->d[i + 2] = b->d[i + (l->imm >> 4 & 3)];
		ret->d[i + 3] = b->d[i + (l->imm >> 6 & 3)];
	}
}

OPERATION(shufpd)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i += 2) {
		ret->q[i] = a->q[i + (l->imm >> i & 1)];
		ret->q[i + 1] = b->q[i + (l->imm >> (i + 1) & 1)];
	}
}

OPERATION(vpermilpd_imm)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] = b->q[(i & ~1u) + (l->imm >> i & 1)];
}

OPERATION(vpermilpd)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] = a->q[(i & ~1u) + (b->q[i] >> 1 & 1)];
}

OPERATION(vpermilps)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 4; i++)
		ret->d[i] = a->d[(i & ~3u) + (b->d[i] & 3)];
}

/*
 * Bits 6 and 7 choose in b, 4 and 5 a place in the result, 0 to 3 are zeroed.
 * Memory is one element, whatever bits 6 and 7 say: the caller clears them.
 */
OPERATION(insertps)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		ret->d[i] = l->imm >> i & 1 ? 0 : i == (l->imm >> 4 & 3) ?
			    b->d[l->imm >> 6] : a->d[i];
}

/* --- unpacking ----------------------------------------------------------- */

/* The lower four bytes, or two words, of x at even places, zeros between them. */
static inline __u64 loosen_b(__u64 x)
{
	x = (x & 0xffff) | (x & 0xffff0000) << 16;
	return (x | x << 8) & swar_each(0xff, SWAR_W);
}

static inline __u64 loosen_w(__u64 x)
{
	return (x & 0xffff) | (x & 0xffff0000) << 16;
}

static inline __u64 loosen_d(__u64 x)
{
	return x & 0xffffffff;
}

/*
 * Elements of a and b in turn, from the lower or upper half of each lane, which
 * is one word of 128 bits, and half a word of MMX's 64.
 */
#define UNPACK(suffix, loosen, width) \
	OPERATION(punpckl##suffix) \
	{ \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / 8; i++) { \
			unsigned int up = i & 1 ? 32 : 0, from = i & ~1u; \
\
			ret->q[i] = loosen(a->q[from] >> up) | \
				    loosen(b->q[from] >> up) << width; \
		} \
	} \
	OPERATION(punpckh##suffix) \
	{ \
		const unsigned int high = l->bytes < 16 ? 0 : 1; \
		unsigned int i; \
\
		for (i = 0; i < l->bytes / 8; i++) { \
			unsigned int up = !high || i & 1 ? 32 : 0; \
			unsigned int from = i | high; \
\
			ret->q[i] = loosen(a->q[from] >> up) | \
				    loosen(b->q[from] >> up) << width; \
		} \
	}

UNPACK(bw, loosen_b, 8)
UNPACK(wd, loosen_w, 16)
UNPACK(dq, loosen_d, 32)

OPERATION(punpcklqdq)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i += 2) {
		ret->q[i] = a->q[i];
		ret->q[i + 1] = b->q[i];
	}
}

OPERATION(punpckhqdq)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i += 2) {
		ret->q[i] = a->q[i + 1];
		ret->q[i + 1] = b->q[i + 1];
	}
}

/* --- packing ------------------------------------------------------------- */

/* Signed elements, saturated to half their width: a's of each lane, then b's. */
#define PACK(name, from, signed_type, to, low, high) \
	OPERATION(name) \
	{ \
		const unsigned int n = lane_bytes(l) / sizeof(signed_type); \
		unsigned int i, j; \
\
		for (i = 0; i < l->bytes / sizeof(signed_type); i += n) { \
			for (j = 0; j < n; j++) { \
				ret->to[2 * i + j] = saturate( \
					(signed_type)a->from[i + j], low, high); \
				ret->to[2 * i + n + j] = saturate( \
					(signed_type)b->from[i + j], low, high); \
			} \
		} \
	}

PACK(packsswb, w, __s16, b, -128, 127)
PACK(packuswb, w, __s16, b, 0, 255)
PACK(packssdw, d, __s32, w, -32768, 32767)
PACK(packusdw, d, __s32, w, 0, 65535)

/* --- blends -------------------------------------------------------------- */

/* A bit of the immediate for each element; words' eight serve each lane. */
ELEMENTS(pblendw, w, __u16, l->imm >> (i & 7) & 1 ? y : x)
ELEMENTS(vpblendd, d, __u32, l->imm >> i & 1 ? y : x)
ELEMENTS(blendpd, q, __u64, l->imm >> i & 1 ? y : x)

WORDS(pblendvb, swar_pick(swar_fill(c->q[i], SWAR_B), y, x))
WORDS(blendvps, swar_pick(swar_fill(c->q[i], SWAR_D), y, x))
WORDS(blendvpd, swar_pick(swar_fill(c->q[i], SWAR_Q), y, x))

ELEMENTS(vpblendmb, b, __u8, l->active >> i & 1 ? y : x)
ELEMENTS(vpblendmw, w, __u16, l->active >> i & 1 ? y : x)
ELEMENTS(vpblendmd, d, __u32, l->active >> i & 1 ? y : x)
ELEMENTS(vpblendmq, q, __u64, l->active >> i & 1 ? y : x)

/* --- moves --------------------------------------------------------------- */

/* Scalars too: the caller keeps or zeroes what is above. */
OPERATION(mov)
{
	memcpy(ret, b, l->bytes);
}

OPERATION(movddup)
{
	unsigned int i;

	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] = b->q[i & ~1u];
}

WORDS1(movsldup, (y & 0xffffffff) | y << 32)
WORDS1(movshdup, y >> 32 | (y & ~0xffffffffULL))

/* The lower half is b's, or b's upper half; the upper half is a's. */
OPERATION(movlps)
{
	ret->q[0] = b->q[0];
	ret->q[1] = a->q[1];
}

OPERATION(movhlps)
{
	ret->q[0] = b->q[1];
	ret->q[1] = a->q[1];
}

/* To memory: the upper half. */
OPERATION(movhps_store)
{
	ret->q[0] = b->q[1];
}
