// SPDX-License-Identifier: MIT
/*
 * The published examples of AES, SHA-1, SHA-256 and the carry-less product, by
 * isa-core's operations alone: what they do where no CPU at hand has them.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <isa-core/lanes.h>

static const struct isahp_lanes one_lane = { .bytes = 16, .active = ~0ULL };

static union isahp_vector vector(const char *hex)
{
	union isahp_vector v = { .q = { 0 } };
	unsigned int i, byte;

	for (i = 0; i < 16; i++) {
		sscanf(hex + 2 * i, "%2x", &byte);
		v.b[i] = byte;
	}
	return v;
}

static bool equal(const union isahp_vector *x, const union isahp_vector *y)
{
	return !memcmp(x, y, 16);
}

/* --- AES ----------------------------------------------------------------- */

/* Intel's white paper on AES-NI, figure 24: each key from the one before. */
static void expand(union isahp_vector keys[11])
{
	struct isahp_lanes l = one_lane;
	unsigned int round, i, rcon = 1;

	for (round = 1; round < 11; round++, rcon = rcon << 1 ^ (rcon >> 7) * 0x11b) {
		union isahp_vector t = { .q = { 0 } };
		const union isahp_vector *before = &keys[round - 1];

		l.imm = rcon;
		isahp_lanes_aeskeygenassist(&l, &t, NULL, before, NULL);
		keys[round].d[0] = before->d[0] ^ t.d[3];
		for (i = 1; i < 4; i++)
			keys[round].d[i] = before->d[i] ^ keys[round].d[i - 1];
	}
}

static union isahp_vector encrypt(const union isahp_vector keys[11],
				  union isahp_vector v)
{
	union isahp_vector t;
	unsigned int round;

	isahp_lanes_pxor(&one_lane, &t, &v, &keys[0], NULL);
	for (round = 1; round < 10; round++) {
		v = t;
		isahp_lanes_aesenc(&one_lane, &t, &v, &keys[round], NULL);
	}
	isahp_lanes_aesenclast(&one_lane, &v, &t, &keys[10], NULL);
	return v;
}

static union isahp_vector decrypt(const union isahp_vector keys[11],
				  union isahp_vector v)
{
	union isahp_vector t, key;
	unsigned int round;

	isahp_lanes_pxor(&one_lane, &t, &v, &keys[10], NULL);
	for (round = 9; round; round--) {
		v = t;
		isahp_lanes_aesimc(&one_lane, &key, NULL, &keys[round], NULL);
		isahp_lanes_aesdec(&one_lane, &t, &v, &key, NULL);
	}
	isahp_lanes_aesdeclast(&one_lane, &v, &t, &keys[0], NULL);
	return v;
}

/* FIPS 197, appendix B, A.1 and C.1. */
Test(crypto, aes_128_gives_the_examples_of_fips_197)
{
	static const char *const examples[][3] = {
		{ "2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734",
		  "3925841d02dc09fbdc118597196a0b32" },
		{ "000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff",
		  "69c4e0d86a7b0430d8cdb78070b4c55a" },
	};
	union isahp_vector keys[11], plain, secret, v;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		memset(keys, 0, sizeof(keys));
		keys[0] = vector(examples[i][0]);
		expand(keys);
		plain = vector(examples[i][1]);
		secret = vector(examples[i][2]);
		v = encrypt(keys, plain);
		cr_expect(equal(&v, &secret), "example %u, encryption", i);
		v = decrypt(keys, secret);
		cr_expect(equal(&v, &plain), "example %u, decryption", i);
	}
	keys[0] = vector("2b7e151628aed2a6abf7158809cf4f3c");
	expand(keys);
	v = vector("d014f9a8c9ee2589e13f0cc8b6630ca6");
	cr_expect(equal(&keys[10], &v), "the last round's key of A.1");
}

/* --- SHA ----------------------------------------------------------------- */

/* One block: "abc" padded, in words. FIPS 180-4, 5.1.1; the examples are NIST's. */
static const __u32 abc[16] = { 0x61626380, [15] = 24 };

/* Four words of the schedule, each in its place of the operation's order. */
static union isahp_vector words_1(const __u32 *w)
{
	return (union isahp_vector){ .d = { w[3], w[2], w[1], w[0] } };
}

static union isahp_vector words_256(const __u32 *w)
{
	return (union isahp_vector){ .d = { w[0], w[1], w[2], w[3] } };
}

/* W[t] to W[t + 3] from the 16 before, by both operations of the schedule. */
static void schedule_1(__u32 *w)
{
	union isahp_vector v0 = words_1(w - 16), v4 = words_1(w - 12);
	union isahp_vector v8 = words_1(w - 8), v12 = words_1(w - 4), t, u;
	unsigned int i;

	isahp_lanes_sha1msg1(&one_lane, &t, &v0, &v4, NULL);
	isahp_lanes_pxor(&one_lane, &u, &t, &v8, NULL);
	isahp_lanes_sha1msg2(&one_lane, &t, &u, &v12, NULL);
	for (i = 0; i < 4; i++)
		w[i] = t.d[3 - i];
}

static void schedule_256(__u32 *w)
{
	union isahp_vector v0 = words_256(w - 16), v4 = words_256(w - 12);
	union isahp_vector v9 = words_256(w - 7), v12 = words_256(w - 4), t, u;

	isahp_lanes_sha256msg1(&one_lane, &t, &v0, &v4, NULL);
	isahp_lanes_paddd(&one_lane, &u, &t, &v9, NULL);
	isahp_lanes_sha256msg2(&one_lane, &t, &u, &v12, NULL);
	memcpy(w, t.d, 16);
}

Test(crypto, sha1_of_abc_is_that_of_fips_180)
{
	static const __u32 expected[5] = { 0xa9993e36, 0x4706816a, 0xba3e2571,
					   0x7850c26c, 0x9cd0d89d };
	union isahp_vector abcd = { .d = { 0x10325476, 0x98badcfe, 0xefcdab89,
					   0x67452301 } };
	union isahp_vector start = abcd, before = abcd, e = { .d = { 0 } }, t;
	struct isahp_lanes l = one_lane;
	__u32 w[80];
	unsigned int i;

	memcpy(w, abc, sizeof(abc));
	e.d[3] = 0xc3d2e1f0;
	for (i = 0; i < 80; i += 4) {
		union isahp_vector v;

		if (i > 15)
			schedule_1(w + i);
		v = words_1(w + i);
		if (i)	/* E is A of four rounds before, rotated. */
			isahp_lanes_sha1nexte(&one_lane, &t, &before, &v, NULL);
		else
			isahp_lanes_paddd(&one_lane, &t, &v, &e, NULL);
		before = abcd;
		l.imm = i / 20;
		isahp_lanes_sha1rnds4(&l, &abcd, &before, &t, NULL);
	}
	isahp_lanes_sha1nexte(&one_lane, &t, &before, &e, NULL);
	for (i = 0; i < 4; i++)
		cr_expect_eq(start.d[3 - i] + abcd.d[3 - i], expected[i], "word %u", i);
	cr_expect_eq(t.d[3], expected[4]);
}

/* FIPS 180-4, 4.2.2: of the first 64 primes' cube roots. */
static const __u32 k256[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

Test(crypto, sha256_of_abc_is_that_of_fips_180)
{
	static const __u32 expected[8] = {
		0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
		0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad,
	};
	union isahp_vector abef = { .d = { 0x9b05688c, 0x510e527f, 0xbb67ae85,
					   0x6a09e667 } };
	union isahp_vector cdgh = { .d = { 0x5be0cd19, 0x1f83d9ab, 0xa54ff53a,
					   0x3c6ef372 } };
	union isahp_vector start[2] = { abef, cdgh }, t;
	__u32 w[64], hash[8];
	unsigned int i;

	memcpy(w, abc, sizeof(abc));
	for (i = 0; i < 64; i += 2) {
		union isahp_vector wk;

		if (i > 15 && i % 4 == 0)
			schedule_256(w + i);
		wk.d[0] = w[i] + k256[i];
		wk.d[1] = w[i + 1] + k256[i + 1];
		isahp_lanes_sha256rnds2(&one_lane, &t, &cdgh, &abef, &wk);
		cdgh = abef;
		abef = t;
	}
	for (i = 0; i < 4; i++) {
		static const unsigned char places[4] = { 0, 1, 4, 5 };

		hash[places[i]] = start[0].d[3 - i] + abef.d[3 - i];
		hash[places[i] + 2] = start[1].d[3 - i] + cdgh.d[3 - i];
	}
	cr_expect_arr_eq(hash, expected, sizeof(expected));
}

/* --- PCLMULQDQ ----------------------------------------------------------- */

/* The operands and products of Intel's white paper on it and GCM. */
Test(crypto, the_carry_less_product_is_that_of_the_white_paper)
{
	union isahp_vector a = { .q = { 0x63746f725d53475d, 0x7b5b546573745665 } };
	union isahp_vector b = { .q = { 0x5b477565726f6e5d, 0x4869285368617929 } };
	static const struct {
		unsigned int imm;
		__u64 high, low;
	} products[] = {
		{ 0x00, 0x1d4d84c85c3440c0, 0x929633d5d36f0451 },
		{ 0x01, 0x1a2bf6db3a30862f, 0xbabf262df4b7d5c9 },
		{ 0x10, 0x1bd17c8d556ab5a1, 0x7fa540ac2a281315 },
		{ 0x11, 0x1d1e1f2c592e7c45, 0xd66ee03e410fd4ed },
	};
	struct isahp_lanes l = one_lane;
	union isahp_vector ret;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		l.imm = products[i].imm;
		isahp_lanes_pclmulqdq(&l, &ret, &a, &b, NULL);
		cr_expect_eq(ret.q[0], products[i].low, "immediate %#x", l.imm);
		cr_expect_eq(ret.q[1], products[i].high, "immediate %#x", l.imm);
	}
}
