/* SPDX-License-Identifier: MIT */
/*
 * igemm: matrix products of 8-bit integers with 32-bit sums. Results are exact
 * and bit-identical in all variants: plain C, SSE2, AVX2, AVX-512BW, and
 * AVX-512 VNNI.
 *
 * The product of unsigned and signed bytes that SSSE3 and AVX2 have (PMADDUBSW)
 * saturates sums of two products at 16 bits: 255 * 127 * 2 does not fit, and the
 * result would depend on the CPU. Variants without VNNI hence widen to 16 bits
 * and use PMADDWD, which is exact.
 */
#ifndef MATHLIB_IGEMM_H
#define MATHLIB_IGEMM_H

#include <mathlib/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What one region works on at most: 2^22 products, some ten microseconds with
 * VNNI, less than a millisecond with SSE2, and a few in plain C, which is taken
 * only where it is asked for.
 */
#define ML_IGEMM_ROWS ((size_t)256)
#define ML_IGEMM_COLS ((size_t)64)
#define ML_IGEMM_DEPTH ((size_t)256)

extern ML_API struct isahp_operation ml_igemm_operation;

/* The operation is the function's, not the piece's, by name. */
#define ml_igemm_piece_operation ml_igemm_operation
ISAHP_OPERATION_DECLARE(ml_igemm_piece, void,
	(size_t m, size_t n, size_t k, const uint8_t *a, size_t lda,
	 const int8_t *b, size_t ldb, int add, int32_t *c, size_t ldc),
	(m, n, k, a, lda, b, ldb, add, c, ldc))

/**
 * ml_igemm - C = A * B, or C = A * B + C, row-major
 * @m: rows of A and C.
 * @n: columns of B and C.
 * @k: columns of A, rows of B; 0: A * B is 0.
 * @a: m x k, row i begins at a + i * lda; not read where m * k is 0.
 * @lda: elements from row to row, at least @k.
 * @b: k x n; not read where k * n is 0.
 * @ldb: at least @n.
 * @add: nonzero: to what C holds; otherwise C is not read.
 * @c: m x n, must not overlap @a or @b. What lies between its rows is neither
 *	read nor written.
 * @ldc: at least @n.
 *
 * Sums are modulo 2^32 (two's complement): those of up to 65,793 products fit.
 * No alignment but that of int32_t; any thread may call; nothing is allocated,
 * up to 24 KB of stack are used; no errors are reported, so sizes are the
 * caller's duty. The call is outside of any region now and then, so that the
 * removal of a feature does not wait for all of it.
 */
ML_API void ml_igemm(size_t m, size_t n, size_t k, const uint8_t *a, size_t lda,
		     const int8_t *b, size_t ldb, int add, int32_t *c,
		     size_t ldc);

#ifdef __cplusplus
}
#endif

#endif /* MATHLIB_IGEMM_H */
