// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * GFNI (SDM vol. 2A, "GF2P8AFFINEINVQB" and those that follow it), in a time
 * that does not depend on data: no tables, no branches.
 */
#include "gf256.h"
#include "lanes_operation.h"

/* Eight products: x, doubled again and again, where y has a bit. */
static inline __u64 product(__u64 x, __u64 y)
{
	__u64 sum = 0;
	unsigned int bit;

	for (bit = 0; bit < 8; bit++) {
		sum ^= x & (y >> bit & swar_each(1, SWAR_B)) * 0xff;
		x = isahp_gf256_double(x);
	}
	return sum;
}

WORDS(gf2p8mulb, product(x, y))

/*
 * A matrix, row 0 its highest byte, times a column of bits. In all rows at once
 * the bits of the product are added up, in each row's lowest bit; one
 * multiplication brings them together, that of row 7 to the bottom.
 */
static inline __u8 times(__u64 matrix, __u8 x)
{
	__u64 t = matrix & swar_each(x, SWAR_B);

	t ^= t >> 4;
	t ^= t >> 2;
	t ^= t >> 1;
	return (t & swar_each(1, SWAR_B)) * 0x8040201008040201ULL >> 56;
}

OPERATION(gf2p8affineqb)
{
	unsigned int i;

	for (i = 0; i < l->bytes; i++)
		ret->b[i] = times(b->q[i / 8], a->b[i]) ^ l->imm;
}

OPERATION(gf2p8affineinvqb)
{
	union isahp_vector inverse;
	__u64 w[8];

	isahp_gf256_split(w, a->q, l->bytes / 8);
	isahp_gf256_affine_inverse(w);
	isahp_gf256_unaffine(w);
	isahp_gf256_join(inverse.q, w, l->bytes / 8);
	isahp_lanes_gf2p8affineqb(l, ret, &inverse, b, NULL);
}
