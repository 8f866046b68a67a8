/* SPDX-License-Identifier: MIT */
/*
 * blas1: what is bound by memory: dot products, scaled sums, Euclidean norms,
 * and matrix times vector, each in single and double precision. Variants in
 * plain C, SSE2, AVX2+FMA and AVX-512F.
 *
 * Numbers. u is 2^-24 for float and 2^-53 for double; gamma(r) = r*u / (1 - r*u).
 * A result is compared with the exact one; two variants differ by twice as much
 * at most. Where r roundings are spoken of, r is ml_roundings(n). For NaN and
 * Inf see mathlib.h.
 *
 * Long operands. Each of the functions below runs an operation (ml_NAME_piece)
 * on pieces of at most ML_PIECE elements, and is outside of any region between
 * two of them, so that the removal of a feature waits for one piece at most:
 * some ten microseconds. Later pieces may run on another variant than earlier
 * ones, which the bounds cover.
 *
 * Operands need the alignment of their type only. Any thread may call; nothing
 * is allocated; no errors are reported, so sizes are the caller's duty.
 */
#ifndef MATHLIB_BLAS1_H
#define MATHLIB_BLAS1_H

#include <mathlib/api.h>
#include <mathlib/bound.h>

#ifdef __cplusplus
extern "C" {
#endif

/** ML_PIECE - most elements (products, for gemv) that one region works on */
#define ML_PIECE ((size_t)1 << 16)

/**
 * ml_roundings - how often a term of a long sum is rounded
 * @n: terms.
 *
 * At most: its product, the additions within its piece, and those of the
 * pieces' sums.
 */
static inline size_t ml_roundings(size_t n)
{
	return n <= ML_PIECE ? n : ML_PIECE + (n - 1) / ML_PIECE;
}

/* --- dot ------------------------------------------------------------------- */

extern ML_API struct isahp_operation ml_sdot_operation;
extern ML_API struct isahp_operation ml_ddot_operation;

/* The operation is the function's, not the piece's, by name. */
#define ml_sdot_piece_operation ml_sdot_operation
#define ml_ddot_piece_operation ml_ddot_operation
ISAHP_OPERATION_DECLARE(ml_sdot_piece, float,
	(size_t n, const float *x, const float *y), (n, x, y))
ISAHP_OPERATION_DECLARE(ml_ddot_piece, double,
	(size_t n, const double *x, const double *y), (n, x, y))

ML_API float ml_sdot_long(size_t n, const float *x, const float *y);
ML_API double ml_ddot_long(size_t n, const double *x, const double *y);

/**
 * ml_sdot - sum of x_i * y_i
 * @n: elements; 0 gives 0.
 * @x: and
 * @y: may be the same.
 *
 * Two variants differ by at most ml_bound(r, sum |x_i * y_i|, 1).
 */
static inline float ml_sdot(size_t n, const float *x, const float *y)
{
	return n <= ML_PIECE ? ml_sdot_piece(n, x, y) : ml_sdot_long(n, x, y);
}

/** ml_ddot - as ml_sdot(), in double; see ml_bound_double() */
static inline double ml_ddot(size_t n, const double *x, const double *y)
{
	return n <= ML_PIECE ? ml_ddot_piece(n, x, y) : ml_ddot_long(n, x, y);
}

/* --- axpy ------------------------------------------------------------------ */

extern ML_API struct isahp_operation ml_saxpy_operation;
extern ML_API struct isahp_operation ml_daxpy_operation;

#define ml_saxpy_piece_operation ml_saxpy_operation
#define ml_daxpy_piece_operation ml_daxpy_operation
ISAHP_OPERATION_DECLARE(ml_saxpy_piece, void,
	(size_t n, float a, const float *x, float *y), (n, a, x, y))
ISAHP_OPERATION_DECLARE(ml_daxpy_piece, void,
	(size_t n, double a, const double *x, double *y), (n, a, x, y))

ML_API void ml_saxpy_long(size_t n, float a, const float *x, float *y);
ML_API void ml_daxpy_long(size_t n, double a, const double *x, double *y);

/**
 * ml_saxpy - y = a * x + y
 * @n: elements.
 * @a: factor; 0 is no special case.
 * @x: must not overlap @y.
 * @y: read and written.
 *
 * Two variants differ in y_i by at most ml_bound(2, |a * x_i| + |y_i|, 1).
 */
static inline void ml_saxpy(size_t n, float a, const float *x, float *y)
{
	if (n <= ML_PIECE)
		ml_saxpy_piece(n, a, x, y);
	else
		ml_saxpy_long(n, a, x, y);
}

/** ml_daxpy - as ml_saxpy(), in double; see ml_bound_double() */
static inline void ml_daxpy(size_t n, double a, const double *x, double *y)
{
	if (n <= ML_PIECE)
		ml_daxpy_piece(n, a, x, y);
	else
		ml_daxpy_long(n, a, x, y);
}

/* --- nrm2 ------------------------------------------------------------------ */

extern ML_API struct isahp_operation ml_snrm2_operation;
extern ML_API struct isahp_operation ml_dnrm2_operation;

/* Sum of x_i^2, in double: nothing overflows, underflows, or is rounded early. */
#define ml_snrm2_piece_operation ml_snrm2_operation
ISAHP_OPERATION_DECLARE(ml_snrm2_piece, double,
	(size_t n, const float *x), (n, x))

/* Sum of (scale * x_i)^2; @scale is a power of two. */
#define ml_dnrm2_piece_operation ml_dnrm2_operation
ISAHP_OPERATION_DECLARE(ml_dnrm2_piece, double,
	(size_t n, const double *x, double scale), (n, x, scale))

/**
 * ml_snrm2 - Euclidean norm, sqrt(sum x_i^2)
 * @n: elements; 0 gives 0.
 * @x: any finite values: squares neither overflow nor underflow. The result is
 *	Inf only if the norm exceeds the largest float (or Inf is in @x).
 *
 * The squares are added up in double, where they are exact; with v = 2^-53 the
 * result is off by at most (u + 2 * (r + 2) * v) * norm, and 2^-150 where it is
 * subnormal: about half a unit in the last place.
 */
ML_API float ml_snrm2(size_t n, const float *x);

/**
 * ml_dnrm2 - Euclidean norm, sqrt(sum x_i^2)
 * @n: elements; 0 gives 0.
 * @x: any finite values. Where the sum of their squares leaves [2^-900, 2^1024)
 *	they are gone through again, scaled by a power of two, which is exact:
 *	the result is Inf only if the norm exceeds the largest double (or Inf is
 *	in @x), and small elements are not lost.
 *
 * Off by at most gamma(r + 3) * norm, and 2^-1075 where it is subnormal, for
 * n < 2^50.
 */
ML_API double ml_dnrm2(size_t n, const double *x);

/* --- gemv ------------------------------------------------------------------ */

extern ML_API struct isahp_operation ml_sgemv_operation;
extern ML_API struct isahp_operation ml_dgemv_operation;

#define ml_sgemv_piece_operation ml_sgemv_operation
#define ml_dgemv_piece_operation ml_dgemv_operation
ISAHP_OPERATION_DECLARE(ml_sgemv_piece, void,
	(size_t m, size_t n, float alpha, const float *a, size_t lda,
	 const float *x, float beta, float *y),
	(m, n, alpha, a, lda, x, beta, y))
ISAHP_OPERATION_DECLARE(ml_dgemv_piece, void,
	(size_t m, size_t n, double alpha, const double *a, size_t lda,
	 const double *x, double beta, double *y),
	(m, n, alpha, a, lda, x, beta, y))

/**
 * ml_sgemv - y = alpha * A * x + beta * y, row-major
 * @m: rows of A, elements of y.
 * @n: columns of A, elements of x; 0 leaves y = beta * y, and A and x are not
 *	read.
 * @alpha: finite; 0: A and x are not read.
 * @a: m x n, row i begins at a + i * lda. What lies between rows is not read.
 * @lda: elements from row to row, at least @n.
 * @x: must not overlap @y.
 * @beta: finite; 0: y is not read, so NaN in it does not survive.
 * @y: read and written.
 *
 * Two variants differ in y_i by at most ml_bound(n + 2, |alpha| * sum_j
 * |a_ij * x_j| + |beta * y_i|, alpha).
 */
ML_API void ml_sgemv(size_t m, size_t n, float alpha, const float *a, size_t lda,
		     const float *x, float beta, float *y);

/** ml_dgemv - as ml_sgemv(), in double; see ml_bound_double() */
ML_API void ml_dgemv(size_t m, size_t n, double alpha, const double *a,
		     size_t lda, const double *x, double beta, double *y);

#ifdef __cplusplus
}
#endif

#endif /* MATHLIB_BLAS1_H */
