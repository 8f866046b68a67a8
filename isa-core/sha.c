// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * SHA-1 and SHA-256 (FIPS 180-4; SDM vol. 2B, "SHA1MSG1" and those that follow
 * it). Doubleword 3 holds what comes first in SHA-1, doubleword 0 in SHA-256.
 */
#include "lanes_operation.h"

static inline __u32 rol(__u32 x, unsigned int count)
{
	return x << count | x >> (32 - count);
}

static inline __u32 ror(__u32 x, unsigned int count)
{
	return x >> count | x << (32 - count);
}

static inline __u32 choose(__u32 x, __u32 y, __u32 z)
{
	return z ^ (x & (y ^ z));
}

static inline __u32 majority(__u32 x, __u32 y, __u32 z)
{
	return (x & y) | (z & (x | y));
}

/* --- SHA-1 --------------------------------------------------------------- */

/* FIPS 180-4, 4.1.1 and 4.2.1; the immediate says which 20 rounds. */
static inline __u32 sha1_f(unsigned int which, __u32 x, __u32 y, __u32 z)
{
	switch (which) {
	case 0:
		return choose(x, y, z) + 0x5a827999;
	case 1:
		return (x ^ y ^ z) + 0x6ed9eba1;
	case 2:
		return majority(x, y, z) + 0x8f1bbcdc;
	default:
		return (x ^ y ^ z) + 0xca62c1d6;
	}
}

/* The first word of b has E in it already, by SHA1NEXTE. */
OPERATION(sha1rnds4)
{
	__u32 A = a->d[3], B = a->d[2], C = a->d[1], D = a->d[0], E = 0, t;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		t = sha1_f(l->imm & 3, B, C, D) + rol(A, 5) + b->d[3 - i] + E;
		E = D;
		D = C;
		C = rol(B, 30);
		B = A;
		A = t;
	}
	ret->d[3] = A;
	ret->d[2] = B;
	ret->d[1] = C;
	ret->d[0] = D;
}

OPERATION(sha1nexte)
{
	memcpy(ret, b, 12);
	ret->d[3] = b->d[3] + rol(a->d[3], 30);
}

OPERATION(sha1msg1)
{
	ret->d[3] = a->d[1] ^ a->d[3];
	ret->d[2] = a->d[0] ^ a->d[2];
	ret->d[1] = b->d[3] ^ a->d[1];
	ret->d[0] = b->d[2] ^ a->d[0];
}

OPERATION(sha1msg2)
{
	ret->d[3] = rol(a->d[3] ^ b->d[2], 1);
	ret->d[2] = rol(a->d[2] ^ b->d[1], 1);
	ret->d[1] = rol(a->d[1] ^ b->d[0], 1);
	ret->d[0] = rol(a->d[0] ^ ret->d[3], 1);
}

/* --- SHA-256 ------------------------------------------------------------- */

/* FIPS 180-4, 4.1.2. */
static inline __u32 upper_0(__u32 x)
{
	return ror(x, 2) ^ ror(x, 13) ^ ror(x, 22);
}

static inline __u32 upper_1(__u32 x)
{
	return ror(x, 6) ^ ror(x, 11) ^ ror(x, 25);
}

static inline __u32 lower_0(__u32 x)
{
	return ror(x, 7) ^ ror(x, 18) ^ x >> 3;
}

static inline __u32 lower_1(__u32 x)
{
	return ror(x, 17) ^ ror(x, 19) ^ x >> 10;
}

/* b is A, B, E, F from the top, a is C, D, G, H; c has words and constants. */
OPERATION(sha256rnds2)
{
	__u32 A = b->d[3], B = b->d[2], C = a->d[3], D = a->d[2];
	__u32 E = b->d[1], F = b->d[0], G = a->d[1], H = a->d[0], t;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		t = H + upper_1(E) + choose(E, F, G) + c->d[i];
		H = G;
		G = F;
		F = E;
		E = D + t;
		t += upper_0(A) + majority(A, B, C);
		D = C;
		C = B;
		B = A;
		A = t;
	}
	ret->d[3] = A;
	ret->d[2] = B;
	ret->d[1] = E;
	ret->d[0] = F;
}

OPERATION(sha256msg1)
{
	ret->d[0] = a->d[0] + lower_0(a->d[1]);
	ret->d[1] = a->d[1] + lower_0(a->d[2]);
	ret->d[2] = a->d[2] + lower_0(a->d[3]);
	ret->d[3] = a->d[3] + lower_0(b->d[0]);
}

OPERATION(sha256msg2)
{
	ret->d[0] = a->d[0] + lower_1(b->d[2]);
	ret->d[1] = a->d[1] + lower_1(b->d[3]);
	ret->d[2] = a->d[2] + lower_1(ret->d[0]);
	ret->d[3] = a->d[3] + lower_1(ret->d[1]);
}
