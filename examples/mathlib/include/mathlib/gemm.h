/* SPDX-License-Identifier: MIT */
/* Matrix products. For what holds of all of mathlib see <mathlib/mathlib.h>. */
#ifndef MATHLIB_GEMM_H
#define MATHLIB_GEMM_H

#include <stddef.h>
#include <stdint.h>
#include <isahp/isahp.h>
#include <mathlib/api.h>

#ifdef __cplusplus
extern "C" {
#endif

extern ML_API struct isahp_operation ml_sgemm_operation;

/**
 * ml_sgemm - C = alpha * A * B + beta * C, row-major
 * @m: rows of A and C.
 * @n: columns of B and C.
 * @k: columns of A, rows of B; 0 leaves C = beta * C.
 * @alpha: finite; 0: A and B are not read.
 * @a: m x k, row i begins at a + i * lda; not read where m * k is 0.
 * @lda: floats from row to row, at least @k.
 * @b: k x n,
 * @ldb: at least @n.
 * @beta: finite; 0: C is not read, so NaN in it does not survive.
 * @c: m x n, must not overlap @a or @b. What lies between its rows is neither
 *	read nor written.
 * @ldc: at least @n.
 *
 * Two variants differ in c_ij by at most ml_bound(k + 2, |alpha| * sum_p
 * |a_ip * b_pj| + |beta * c_ij|, alpha): besides its product and its additions
 * a term is multiplied by alpha, and the sum is added to beta * c.
 */
ISAHP_OPERATION_DECLARE(ml_sgemm, void,
	(size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
	 const float *b, size_t ldb, float beta, float *c, size_t ldc),
	(m, n, k, alpha, a, lda, b, ldb, beta, c, ldc))

#ifdef __cplusplus
}
#endif

#endif /* MATHLIB_GEMM_H */
