/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The field GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, which AES and GFNI share, in
 * a time that does not depend on the elements.
 */
#ifndef ISAHP_CORE_GF256_H
#define ISAHP_CORE_GF256_H

#include "swar.h"

/** isahp_gf256_double - eight elements times x */
static inline __u64 isahp_gf256_double(__u64 x)
{
	return (x & ~SWAR_B) << 1 ^ ((x & SWAR_B) >> 7) * 0x1b;
}

/**
 * isahp_gf256_split - turn bytes into eight words of a bit each
 * @bits: word n has bit n of all bytes, in some order.
 * @words: @count of them, 2 to 8; up to 64 bytes.
 */
void isahp_gf256_split(__u64 bits[8], const __u64 *words, unsigned int count);

/**
 * isahp_gf256_join - the way back
 * @words: @count of them.
 * @bits: of elements that are not among @words 0.
 */
void isahp_gf256_join(__u64 *words, __u64 bits[8], unsigned int count);

/**
 * isahp_gf256_affine_inverse - AES's S-box without its constant
 * @bits: split; each element becomes A * 1/y, with 0 for 1/0, and A the matrix
 *	of FIPS 197, 5.1.1, and 0 remains 0. The S-box is that, XOR 0x63.
 */
void isahp_gf256_affine_inverse(__u64 bits[8]);

/** isahp_gf256_unaffine - 1/A times each of the split elements */
void isahp_gf256_unaffine(__u64 bits[8]);

#endif /* ISAHP_CORE_GF256_H */
