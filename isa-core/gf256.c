// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "gf256.h"

#define EVEN_1 0x5555555555555555ULL
#define EVEN_2 0x3333333333333333ULL
#define EVEN_4 0x0f0f0f0f0f0f0f0fULL

/* Exchange the bits of x that ~@even has with those of y that @even has. */
static inline void exchange(__u64 *x, __u64 *y, unsigned int shift, __u64 even)
{
	__u64 t = (*x >> shift ^ *y) & even;

	*x ^= t << shift;
	*y ^= t;
}

/*
 * A word's number and a bit's place in its byte change roles, digit by digit. Not in
 * loops: compilers would leave the words in memory.
 */
static void transpose(__u64 w[8])
{
	__u64 a = w[0], b = w[1], c = w[2], d = w[3];
	__u64 e = w[4], f = w[5], g = w[6], h = w[7];

	exchange(&a, &b, 1, EVEN_1);
	exchange(&c, &d, 1, EVEN_1);
	exchange(&e, &f, 1, EVEN_1);
	exchange(&g, &h, 1, EVEN_1);
	exchange(&a, &c, 2, EVEN_2);
	exchange(&b, &d, 2, EVEN_2);
	exchange(&e, &g, 2, EVEN_2);
	exchange(&f, &h, 2, EVEN_2);
	exchange(&a, &e, 4, EVEN_4);
	exchange(&b, &f, 4, EVEN_4);
	exchange(&c, &g, 4, EVEN_4);
	exchange(&d, &h, 4, EVEN_4);
	w[0] = a;
	w[1] = b;
	w[2] = c;
	w[3] = d;
	w[4] = e;
	w[5] = f;
	w[6] = g;
	w[7] = h;
}

/* The same where all words but the first two are 0, as they are most often. */
static void split_2(__u64 bits[8], const __u64 *words)
{
	__u64 x = words[0], y = words[1], x2, y2;

	exchange(&x, &y, 1, EVEN_1);
	x2 = x >> 2 & EVEN_2;
	y2 = y >> 2 & EVEN_2;
	x &= EVEN_2;
	y &= EVEN_2;
	bits[0] = x & EVEN_4;
	bits[1] = y & EVEN_4;
	bits[2] = x2 & EVEN_4;
	bits[3] = y2 & EVEN_4;
	bits[4] = x >> 4 & EVEN_4;
	bits[5] = y >> 4 & EVEN_4;
	bits[6] = x2 >> 4 & EVEN_4;
	bits[7] = y2 >> 4 & EVEN_4;
}

static void join_2(__u64 *words, const __u64 bits[8])
{
	__u64 x = bits[0] | bits[4] << 4 | (bits[2] | bits[6] << 4) << 2;
	__u64 y = bits[1] | bits[5] << 4 | (bits[3] | bits[7] << 4) << 2;

	exchange(&x, &y, 1, EVEN_1);
	words[0] = x;
	words[1] = y;
}

void isahp_gf256_split(__u64 bits[8], const __u64 *words, unsigned int count)
{
	if (count == 2) {
		split_2(bits, words);
		return;
	}
	memset(bits, 0, 64);
	memcpy(bits, words, 8 * count);
	transpose(bits);
}

void isahp_gf256_join(__u64 *words, __u64 bits[8], unsigned int count)
{
	if (count == 2) {
		join_2(words, bits);
		return;
	}
	transpose(bits);
	memcpy(words, bits, 8 * count);
}

/*
 * The circuit of Boyar and Peralta, "A depth-16 circuit for the AES S-box"
 * (IACR ePrint 2011/332), with their names of signals but for the inverters of
 * the constant. x0 and s0 are the highest bits.
 */
void isahp_gf256_affine_inverse(__u64 bits[8])
{
	const __u64 x0 = bits[7], x1 = bits[6], x2 = bits[5], x3 = bits[4];
	const __u64 x4 = bits[3], x5 = bits[2], x6 = bits[1], x7 = bits[0];

	/* Into GF((2^4)^2). */
	const __u64 y14 = x3 ^ x5, y13 = x0 ^ x6, y9 = x0 ^ x3, y8 = x0 ^ x5;
	const __u64 t0 = x1 ^ x2, y1 = t0 ^ x7, y4 = y1 ^ x3, y12 = y13 ^ y14;
	const __u64 y2 = y1 ^ x0, y5 = y1 ^ x6, y3 = y5 ^ y8, t1 = x4 ^ y12;
	const __u64 y15 = t1 ^ x5, y20 = t1 ^ x1, y6 = y15 ^ x7, y10 = y15 ^ t0;
	const __u64 y11 = y20 ^ y9, y7 = x7 ^ y11, y17 = y10 ^ y11;
	const __u64 y19 = y10 ^ y8, y16 = t0 ^ y11, y21 = y13 ^ y16, y18 = x0 ^ y16;

	/* The norm, its inverse in GF(2^4), and the two products with that. */
	const __u64 t2 = y12 & y15, t4 = (y3 & y6) ^ t2, t6 = (y4 & x7) ^ t2;
	const __u64 t7 = y13 & y16, t9 = (y5 & y1) ^ t7, t11 = (y2 & y7) ^ t7;
	const __u64 t12 = y9 & y11, t14 = (y14 & y17) ^ t12, t16 = (y8 & y10) ^ t12;
	const __u64 t21 = t4 ^ t14 ^ y20, t22 = t6 ^ t16 ^ y19;
	const __u64 t23 = t9 ^ t14 ^ y21, t24 = t11 ^ t16 ^ y18;
	const __u64 t25 = t21 ^ t22, t26 = t21 & t23, t27 = t24 ^ t26;
	const __u64 t29 = (t25 & t27) ^ t22, t30 = t23 ^ t24, t31 = t22 ^ t26;
	const __u64 t33 = (t31 & t30) ^ t24, t34 = t23 ^ t33, t35 = t27 ^ t33;
	const __u64 t36 = t24 & t35, t37 = t36 ^ t34, t38 = t27 ^ t36;
	const __u64 t40 = t25 ^ (t29 & t38), t41 = t40 ^ t37, t42 = t29 ^ t33;
	const __u64 t43 = t29 ^ t40, t44 = t33 ^ t37, t45 = t42 ^ t41;
	const __u64 z0 = t44 & y15, z1 = t37 & y6, z2 = t33 & x7, z3 = t43 & y16;
	const __u64 z4 = t40 & y1, z5 = t29 & y7, z6 = t42 & y11, z7 = t45 & y17;
	const __u64 z8 = t41 & y10, z9 = t44 & y12, z10 = t37 & y3, z11 = t33 & y4;
	const __u64 z12 = t43 & y13, z13 = t40 & y5, z14 = t29 & y2;
	const __u64 z15 = t42 & y9, z16 = t45 & y14, z17 = t41 & y8;

	/* Back, and times A. */
	const __u64 t46 = z15 ^ z16, t48 = z5 ^ z13, t50 = z2 ^ z12;
	const __u64 t53 = z0 ^ z3, t54 = z6 ^ z7, t57 = t50 ^ t53, t58 = z4 ^ t46;
	const __u64 t59 = z3 ^ t54, t60 = t46 ^ t57, t61 = z14 ^ t57;
	const __u64 t62 = z7 ^ z8 ^ t58, t63 = z9 ^ z10 ^ t58, t64 = z4 ^ t59;
	const __u64 t65 = t61 ^ t62, t66 = z1 ^ t63, s3 = t53 ^ t66;

	bits[7] = t59 ^ t63;
	bits[6] = t64 ^ s3;
	bits[5] = z16 ^ z17 ^ t64 ^ t65;
	bits[4] = s3;
	bits[3] = z2 ^ z5 ^ t66;
	bits[2] = z10 ^ z11 ^ t65;
	bits[1] = z12 ^ t48 ^ t62;
	bits[0] = t48 ^ t60;
}

/* FIPS 197, 5.3.2, is the inverse of A: bits i + 2, i + 5 and i + 7. */
void isahp_gf256_unaffine(__u64 bits[8])
{
	const __u64 x0 = bits[0], x1 = bits[1], x2 = bits[2], x3 = bits[3];
	const __u64 x4 = bits[4], x5 = bits[5], x6 = bits[6], x7 = bits[7];

	bits[0] = x2 ^ x5 ^ x7;
	bits[1] = x3 ^ x6 ^ x0;
	bits[2] = x4 ^ x7 ^ x1;
	bits[3] = x5 ^ x0 ^ x2;
	bits[4] = x6 ^ x1 ^ x3;
	bits[5] = x7 ^ x2 ^ x4;
	bits[6] = x0 ^ x3 ^ x5;
	bits[7] = x1 ^ x4 ^ x6;
}
