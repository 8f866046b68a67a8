/* SPDX-License-Identifier: MIT */
/*
 * Plain C: runs anywhere, and is what the other variants are compared to.
 * Written to be seen to be right; unsigned, as sums may wrap.
 */
#include "variants.h"

ML_CODE(c)
void ml_igemm_c(size_t m, size_t n, size_t k, const uint8_t *a, size_t lda,
		const int8_t *b, size_t ldb, int add, int32_t *c, size_t ldc)
{
	size_t i, j, p;

	for (i = 0; i < m; i++) {
		uint32_t *row = (uint32_t *)c + i * ldc;

		for (j = 0; j < n && !add; j++)
			row[j] = 0;
		for (p = 0; p < k; p++) {
			for (j = 0; j < n; j++)
				row[j] += (uint32_t)(a[i * lda + p] *
						     b[p * ldb + j]);
		}
	}
}
