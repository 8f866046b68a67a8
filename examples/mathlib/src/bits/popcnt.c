/* SPDX-License-Identifier: MIT */
/* POPCNT, word by word: compiled with -mpopcnt, declared with POPCNT. */

#include "variants.h"

/*
 * Four sums: Intel's POPCNT before Cannon Lake waits for the register that it
 * writes to (erratum HSD146 and others).
 */
ML_INLINE uint64_t count(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t sum[4] = { 0 };
	size_t i;
	int k;

	for (i = 0; n - i >= 32; i += 32) {
#pragma GCC unroll 4
		for (k = 0; k < 4; k++)
			sum[k] += (uint64_t)__builtin_popcountll(
				ml_count_load(a, b, i + 8 * k));
	}
	for (; n - i >= 8; i += 8)
		sum[0] += (uint64_t)__builtin_popcountll(ml_count_load(a, b, i));
	sum[1] += (uint64_t)__builtin_popcountll(ml_count_rest(a, b, i, n));
	return sum[0] + sum[1] + sum[2] + sum[3];
}

ML_CODE(popcnt) uint64_t ml_popcount_popcnt(const void *p, size_t n)
{
	return count(p, NULL, n);
}

ML_CODE(popcnt)
uint64_t ml_hamming_popcnt(const void *a, const void *b, size_t n)
{
	return count(a, b, n);
}
