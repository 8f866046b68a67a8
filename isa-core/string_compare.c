// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "flags.h"
#include "string_compare.h"
#include "swar.h"

/* The immediate's bits (SDM vol. 2B, 4.1.2 to 4.1.6). */
#define IMM_WORDS 1
#define IMM_SIGNED 2
#define IMM_AGGREGATION 0x0c
#define EQUAL_ANY 0x00
#define RANGES 0x04
#define EQUAL_EACH 0x08
#define IMM_NEGATIVE 0x10
#define IMM_MASKED 0x20
#define IMM_MOST 0x40	/* the index is the highest one's; the mask is of elements */

static inline unsigned int elements(unsigned int imm)
{
	return imm & IMM_WORDS ? 8 : 16;
}

static inline __u64 highest(unsigned int imm)
{
	return imm & IMM_WORDS ? SWAR_W : SWAR_B;
}

/* The first @length of bits. */
static inline unsigned int first(unsigned int length)
{
	return (1u << length) - 1;
}

static unsigned int collect(__u64 low, __u64 high, unsigned int imm)
{
	if (imm & IMM_WORDS)
		return swar_bits(low, SWAR_W) | swar_bits(high, SWAR_W) << 4;
	return swar_bits(low, SWAR_B) | swar_bits(high, SWAR_B) << 8;
}

/* Element @i of @v, in each element. */
static __u64 spread(const union isahp_vector *v, unsigned int i, unsigned int imm)
{
	return imm & IMM_WORDS ? swar_each(v->w[i], SWAR_W) :
				 swar_each(v->b[i], SWAR_B);
}

unsigned int isahp_string_implicit(const union isahp_vector *v, unsigned int imm)
{
	__u64 h = highest(imm);
	unsigned int zeros = collect(swar_zero(v->q[0], h), swar_zero(v->q[1], h),
				     imm);

	return zeros ? (unsigned int)__builtin_ctz(zeros) : elements(imm);
}

unsigned int isahp_string_explicit(__s64 value, unsigned int imm)
{
	__u64 length = value < 0 ? -(__u64)value : (__u64)value;

	return length < elements(imm) ? length : elements(imm);
}

/* --- aggregation (SDM vol. 2B, 4.1.4) ------------------------------------ */

/* Which elements of b equal @x, which is the same throughout. */
static unsigned int equal_to(__u64 x, const union isahp_vector *b,
			     unsigned int imm)
{
	__u64 h = highest(imm);

	return collect(swar_zero(x ^ b->q[0], h), swar_zero(x ^ b->q[1], h), imm);
}

static unsigned int equal_any(const union isahp_vector *a, unsigned int a_length,
			      const union isahp_vector *b, unsigned int imm)
{
	unsigned int i, found = 0;

	for (i = 0; i < a_length; i++)
		found |= equal_to(spread(a, i, imm), b, imm);
	return found;
}

/* From a's even elements to its odd ones; a range without an end is none. */
static unsigned int ranges(const union isahp_vector *a, unsigned int a_length,
			   const union isahp_vector *b, unsigned int imm)
{
	const __u64 h = highest(imm), flip = imm & IMM_SIGNED ? h : 0;
	unsigned int i, j, found = 0;

	for (i = 0; i + 1 < a_length; i += 2) {
		__u64 from = spread(a, i, imm) ^ flip;
		__u64 to = spread(a, i + 1, imm) ^ flip, outside[2];

		for (j = 0; j < 2; j++) {
			__u64 x = b->q[j] ^ flip;

			outside[j] = swar_below(x, from, h) | swar_below(to, x, h);
		}
		found |= ~collect(outside[0], outside[1], imm);
	}
	return found;
}

/* Where both have ended they are equal. */
static unsigned int equal_each(const union isahp_vector *a, unsigned int a_length,
			       const union isahp_vector *b, unsigned int b_length,
			       unsigned int imm)
{
	const __u64 h = highest(imm);
	unsigned int same = collect(swar_zero(a->q[0] ^ b->q[0], h),
				    swar_zero(a->q[1] ^ b->q[1], h), imm);
	unsigned int in_a = first(a_length), in_b = first(b_length);

	return (same & in_a & in_b) | (~in_a & ~in_b);
}

/* Where a, or as much of it as there is room for, occurs in b. */
static unsigned int equal_ordered(const union isahp_vector *a,
				  unsigned int a_length,
				  const union isahp_vector *b,
				  unsigned int b_length, unsigned int imm)
{
	const unsigned int room = elements(imm);
	unsigned int i, here, found = ~0u;

	for (i = 0; i < a_length; i++) {
		here = equal_to(spread(a, i, imm), b, imm) & first(b_length);
		found &= here >> i | ~first(room - i);
	}
	return found;
}

unsigned int isahp_string_compare(const union isahp_vector *a, unsigned int a_length,
				  const union isahp_vector *b, unsigned int b_length,
				  unsigned int imm, __u64 *ret_flags)
{
	const unsigned int n = elements(imm);
	unsigned int found;

	switch (imm & IMM_AGGREGATION) {
	case EQUAL_ANY:
		found = equal_any(a, a_length, b, imm) & first(b_length);
		break;
	case RANGES:
		found = ranges(a, a_length, b, imm) & first(b_length);
		break;
	case EQUAL_EACH:
		found = equal_each(a, a_length, b, b_length, imm);
		break;
	default:
		found = equal_ordered(a, a_length, b, b_length, imm);
		break;
	}
	if (imm & IMM_NEGATIVE)
		found ^= imm & IMM_MASKED ? first(b_length) : ~0u;
	found &= first(n);
	*ret_flags = (found ? ISAHP_FLAG_CF : 0) |
		     (b_length < n ? ISAHP_FLAG_ZF : 0) |
		     (a_length < n ? ISAHP_FLAG_SF : 0) |
		     (found & 1 ? ISAHP_FLAG_OF : 0);
	return found;
}

/* --- results ------------------------------------------------------------- */

unsigned int isahp_string_index(unsigned int bits, unsigned int imm)
{
	if (!bits)
		return elements(imm);
	return imm & IMM_MOST ? 31 - __builtin_clz(bits) : __builtin_ctz(bits);
}

void isahp_string_mask(union isahp_vector *ret, unsigned int bits, unsigned int imm)
{
	unsigned int i;

	ret->q[0] = bits;
	ret->q[1] = 0;
	if (!(imm & IMM_MOST))
		return;
	for (i = 0; i < elements(imm); i++) {
		if (imm & IMM_WORDS)
			ret->w[i] = -(bits >> i & 1);
		else
			ret->b[i] = -(bits >> i & 1);
	}
}
