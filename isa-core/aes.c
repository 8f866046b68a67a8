// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Rounds of AES (FIPS 197; SDM vol. 2A, "AESDEC" and those that follow it). All
 * lanes of a vector go through the S-box together, as bits: its time does not
 * depend on them.
 */
#include "gf256.h"
#include "lanes_operation.h"

static void add(union isahp_vector *v, unsigned int bytes, __u64 constant)
{
	unsigned int i;

	for (i = 0; i < bytes / 8; i++)
		v->q[i] ^= constant;
}

/* FIPS 197, 5.1.1; as a column it is MixColumns' own result. */
#define CONSTANT swar_each(0x63, SWAR_B)

/* The S-box without its constant. */
static void substitute(union isahp_vector *v, unsigned int bytes)
{
	__u64 w[8];

	isahp_gf256_split(w, v->q, bytes / 8);
	isahp_gf256_affine_inverse(w);
	isahp_gf256_join(v->q, w, bytes / 8);
}

/* 1/y is the S-box's way there and 1/A's back. */
static void substitute_back(union isahp_vector *v, unsigned int bytes)
{
	__u64 w[8];

	add(v, bytes, CONSTANT);
	isahp_gf256_split(w, v->q, bytes / 8);
	isahp_gf256_unaffine(w);
	isahp_gf256_affine_inverse(w);
	isahp_gf256_unaffine(w);
	isahp_gf256_join(v->q, w, bytes / 8);
}

#define ROW(n) swar_each(0xffULL << 8 * (n), SWAR_D)

/*
 * A doubleword is a column, its lowest byte row 0. Row r moves by r columns: row
 * 2 comes from the other word, rows 1 and 3 from between the two.
 */
static void shift_rows(union isahp_vector *ret, const union isahp_vector *v,
		       unsigned int bytes, bool back)
{
	unsigned int i;

	for (i = 0; i < bytes / 8; i += 2) {
		__u64 low = v->q[i], high = v->q[i + 1];
		__u64 middle = low >> 32 | high << 32, ends = high >> 32 | low << 32;
		__u64 row1 = back ? ends : middle, row3 = back ? middle : ends;

		ret->q[i] = (low & ROW(0)) | (row1 & ROW(1)) |
			    (high & ROW(2)) | (row3 & ROW(3));
		ret->q[i + 1] = (high & ROW(0)) | (row3 & ROW(1)) |
				(low & ROW(2)) | (row1 & ROW(3));
	}
}

/* Each column's bytes up by 1 or 2 rows. */
static inline __u64 rows_1(__u64 x)
{
	return (x >> 8 & swar_each(0x00ffffff, SWAR_D)) |
	       (x << 24 & swar_each(0xff000000, SWAR_D));
}

static inline __u64 rows_2(__u64 x)
{
	return (x >> 16 & swar_each(0x0000ffff, SWAR_D)) |
	       (x << 16 & swar_each(0xffff0000, SWAR_D));
}

/* 2 a0 + 3 a1 + a2 + a3 = 2 (a0 + a1) + a1 + (a2 + a3). */
static inline __u64 mix(__u64 x)
{
	__u64 next = rows_1(x), sum = x ^ next;

	return isahp_gf256_double(sum) ^ next ^ rows_2(sum);
}

/* The inverse's matrix is that one times another, of 5, 0, 4 and 0. */
static inline __u64 mix_back(__u64 x)
{
	__u64 twice = isahp_gf256_double(x ^ rows_2(x));

	return mix(x ^ isahp_gf256_double(twice));
}

OPERATION(aesenclast)
{
	unsigned int i;

	shift_rows(ret, a, l->bytes, false);
	substitute(ret, l->bytes);
	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] ^= b->q[i] ^ CONSTANT;
}

OPERATION(aesenc)
{
	unsigned int i;

	shift_rows(ret, a, l->bytes, false);
	substitute(ret, l->bytes);
	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] = mix(ret->q[i]) ^ b->q[i] ^ CONSTANT;
}

OPERATION(aesdeclast)
{
	unsigned int i;

	shift_rows(ret, a, l->bytes, true);
	substitute_back(ret, l->bytes);
	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] ^= b->q[i];
}

OPERATION(aesdec)
{
	unsigned int i;

	shift_rows(ret, a, l->bytes, true);
	substitute_back(ret, l->bytes);
	for (i = 0; i < l->bytes / 8; i++)
		ret->q[i] = mix_back(ret->q[i]) ^ b->q[i];
}

WORDS1(aesimc, mix_back(y))

OPERATION(aeskeygenassist)
{
	unsigned int i;

	memcpy(ret, b, 16);
	substitute(ret, 16);
	add(ret, 16, CONSTANT);
	for (i = 0; i < 4; i += 2) {
		__u32 word = ret->d[i + 1];

		ret->d[i] = word;
		ret->d[i + 1] = (word >> 8 | word << 24) ^ l->imm;
	}
}
