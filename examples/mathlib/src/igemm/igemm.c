/* SPDX-License-Identifier: MIT */
/*
 * Piece by piece: each call below is a region of its own, so that a removal
 * waits for a piece at most. Compiled for x86-64's base.
 */
#include <mathlib/mathlib.h>

#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* One block of k. */
static void depth(size_t m, size_t n, size_t k, const uint8_t *a, size_t lda,
		  const int8_t *b, size_t ldb, int add, int32_t *c, size_t ldc)
{
	size_t i, j;

	for (j = 0; j < n; j += ML_IGEMM_COLS) {
		for (i = 0; i < m; i += ML_IGEMM_ROWS)
			ml_igemm_piece(MIN(m - i, ML_IGEMM_ROWS),
				       MIN(n - j, ML_IGEMM_COLS), k,
				       k ? a + i * lda : a, lda, k ? b + j : b,
				       ldb, add,
				       c + i * ldc + j, ldc);
	}
}

void ml_igemm(size_t m, size_t n, size_t k, const uint8_t *a, size_t lda,
	      const int8_t *b, size_t ldb, int add, int32_t *c, size_t ldc)
{
	size_t p = 0;

	/* Once at least: where k is 0, C may have to become 0. */
	do {
		depth(m, n, MIN(k - p, ML_IGEMM_DEPTH), a + p, lda, b + p * ldb,
		      ldb, add || p, c, ldc);
		p += ML_IGEMM_DEPTH;
	} while (p < k);
}
