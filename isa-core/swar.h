/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Several small integers in a 64-bit word, worked on at once.
 *
 * An element's width is told by @h, a constant: the highest bit of each element.
 * A comparison gives these bits alone, which swar_fill() makes masks of.
 */
#ifndef ISAHP_CORE_SWAR_H
#define ISAHP_CORE_SWAR_H

#include "env.h"

#define SWAR_B 0x8080808080808080ULL
#define SWAR_W 0x8000800080008000ULL
#define SWAR_D 0x8000000080000000ULL
#define SWAR_Q 0x8000000000000000ULL

/** swar_top - by how much the highest bit of an element is above its lowest */
static inline unsigned int swar_top(__u64 h)
{
	return __builtin_ctzll(h);
}

/** swar_each - a value that fits into an element, in each of them */
static inline __u64 swar_each(__u64 value, __u64 h)
{
	return (h >> swar_top(h)) * value;
}

/** swar_fill - all bits of those elements whose highest bit is set, no others */
static inline __u64 swar_fill(__u64 x, __u64 h)
{
	__u64 m = x & h;

	return m | (m - (m >> swar_top(h)));
}

/** swar_pick - bits of @yes where @mask is set, and of @no where it is not */
static inline __u64 swar_pick(__u64 mask, __u64 yes, __u64 no)
{
	return no ^ ((yes ^ no) & mask);
}

static inline __u64 swar_add(__u64 x, __u64 y, __u64 h)
{
	return ((x & ~h) + (y & ~h)) ^ ((x ^ y) & h);
}

static inline __u64 swar_sub(__u64 x, __u64 y, __u64 h)
{
	return ((x | h) - (y & ~h)) ^ ((x ^ ~y) & h);
}

/*
 * swar_below - highest bits: x < y, unsigned: y's is set and x's is not, or they are
 * the same, and the rest of x does not reach to y's.
 */
static inline __u64 swar_below(__u64 x, __u64 y, __u64 h)
{
	return ((~x & y) | ~((x ^ y) | ((x | h) - (y & ~h)))) & h;
}

/** swar_less - highest bits: x < y, signed */
static inline __u64 swar_less(__u64 x, __u64 y, __u64 h)
{
	return swar_below(x ^ h, y ^ h, h);
}

/** swar_zero - highest bits: the element is zero */
static inline __u64 swar_zero(__u64 x, __u64 h)
{
	return ~(((x & ~h) + ~h) | x) & h;
}

/** swar_negate - the two's complement of those elements that @mask fills */
static inline __u64 swar_negate(__u64 x, __u64 mask, __u64 h)
{
	return swar_sub(x ^ mask, mask, h);
}

/** swar_limit - what a signed result saturates to that went over on x's side */
static inline __u64 swar_limit(__u64 x, __u64 h)
{
	return ~h + ((x & h) >> swar_top(h));
}

/** swar_bits - the highest bits of a word's elements, moved together */
static inline __u64 swar_bits(__u64 x, __u64 h)
{
	x = (x & h) >> swar_top(h);
	switch (h) {
	case SWAR_B:
		return x * 0x0102040810204080ULL >> 56;
	case SWAR_W:
		return x * 0x0001000200040008ULL >> 48 & 15;
	case SWAR_D:
		return (x | x >> 31) & 3;
	default:
		return x;
	}
}

#endif /* ISAHP_CORE_SWAR_H */
