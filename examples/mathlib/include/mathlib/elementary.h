/* SPDX-License-Identifier: MIT */
/*
 * elementary: exp, log and sin over arrays, in single and double precision.
 * Variants in plain C, SSE2, AVX2 and AVX-512F.
 *
 * Numbers. Each result is within the stated number of ulp of the exact value,
 * for every operand there is; an ulp is the distance of the two numbers of the
 * type that the exact value lies between (for what lies in between the
 * subnormal ones, 2^-149 or 2^-1074). What overflows is infinite, and what
 * underflows goes to zero gradually. f32 is computed in double and rounded once.
 *
 * Same bits. All variants return the same bits for the same operand, a NaN's
 * included, whatever stands beside it in the array: the operations have
 * ISAHP_OPERATION_SAME_BITS, and all variants are of one class of results. So a
 * program's results do not depend on the CPU it runs on, nor on a swap.
 *
 * These hold in round-to-nearest with gradual underflow (MXCSR as a program
 * starts with it). Exception flags are set by intermediate results too, and
 * errno is never set.
 *
 * Long arrays are gone through in pieces of at most ML_ELEMENTARY_PIECE
 * elements, each a region of its own, so that the removal of a feature waits
 * for one piece at most: less than a millisecond also in plain C.
 *
 * x and y may be the same array, and must not overlap otherwise. They need the
 * alignment of their type only. Any thread may call; nothing is allocated.
 */
#ifndef MATHLIB_ELEMENTARY_H
#define MATHLIB_ELEMENTARY_H

#include <mathlib/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** ML_ELEMENTARY_PIECE - most elements that one region works on */
#define ML_ELEMENTARY_PIECE ((size_t)1 << 13)

#define ML_ELEMENTARY_DECLARE_(op, T)                                          \
	extern ML_API struct isahp_operation ml_##op##_operation;              \
	ISAHP_OPERATION_DECLARE(ml_##op##_piece, void,                         \
		(size_t n, const T *x, T *y), (n, x, y))                       \
	ML_API void ml_##op##_long(size_t n, const T *x, T *y)

/* The operation is the function's, not the piece's, by name. */
#define ml_sexp_piece_operation ml_sexp_operation
#define ml_dexp_piece_operation ml_dexp_operation
#define ml_slog_piece_operation ml_slog_operation
#define ml_dlog_piece_operation ml_dlog_operation
#define ml_ssin_piece_operation ml_ssin_operation
#define ml_dsin_piece_operation ml_dsin_operation

ML_ELEMENTARY_DECLARE_(sexp, float);
ML_ELEMENTARY_DECLARE_(dexp, double);
ML_ELEMENTARY_DECLARE_(slog, float);
ML_ELEMENTARY_DECLARE_(dlog, double);
ML_ELEMENTARY_DECLARE_(ssin, float);
ML_ELEMENTARY_DECLARE_(dsin, double);

#undef ML_ELEMENTARY_DECLARE_

/** ML_SEXP_ULP and the like - by how many ulp a result may be off, at most */
#define ML_SEXP_ULP 0.51
#define ML_DEXP_ULP 1.0
#define ML_SLOG_ULP 0.51
#define ML_DLOG_ULP 1.0
#define ML_SSIN_ULP 0.51
#define ML_DSIN_ULP 1.0

/**
 * ml_sexp - y_i = e to the power of x_i
 * @n: elements.
 * @x: any values. +Inf gives +Inf, -Inf gives 0, NaN gives NaN.
 * @y: within ML_SEXP_ULP.
 */
static inline void ml_sexp(size_t n, const float *x, float *y)
{
	if (n <= ML_ELEMENTARY_PIECE)
		ml_sexp_piece(n, x, y);
	else
		ml_sexp_long(n, x, y);
}

/** ml_dexp - as ml_sexp(), in double, within ML_DEXP_ULP */
static inline void ml_dexp(size_t n, const double *x, double *y)
{
	if (n <= ML_ELEMENTARY_PIECE)
		ml_dexp_piece(n, x, y);
	else
		ml_dexp_long(n, x, y);
}

/**
 * ml_slog - y_i = natural logarithm of x_i
 * @n: elements.
 * @x: any values. Zeros give -Inf, +Inf gives +Inf, negative ones and NaN give
 *	NaN.
 * @y: within ML_SLOG_ULP.
 */
static inline void ml_slog(size_t n, const float *x, float *y)
{
	if (n <= ML_ELEMENTARY_PIECE)
		ml_slog_piece(n, x, y);
	else
		ml_slog_long(n, x, y);
}

/** ml_dlog - as ml_slog(), in double, within ML_DLOG_ULP */
static inline void ml_dlog(size_t n, const double *x, double *y)
{
	if (n <= ML_ELEMENTARY_PIECE)
		ml_dlog_piece(n, x, y);
	else
		ml_dlog_long(n, x, y);
}

/**
 * ml_ssin - y_i = sine of x_i, which is in radians
 * @n: elements.
 * @x: any values. A zero gives that zero; infinities and NaN give NaN. From
 *	2^20 on an element takes some twenty nanoseconds more, in all variants.
 * @y: within ML_SSIN_ULP, large @x included.
 */
static inline void ml_ssin(size_t n, const float *x, float *y)
{
	if (n <= ML_ELEMENTARY_PIECE)
		ml_ssin_piece(n, x, y);
	else
		ml_ssin_long(n, x, y);
}

/** ml_dsin - as ml_ssin(), in double, within ML_DSIN_ULP */
static inline void ml_dsin(size_t n, const double *x, double *y)
{
	if (n <= ML_ELEMENTARY_PIECE)
		ml_dsin_piece(n, x, y);
	else
		ml_dsin_long(n, x, y);
}

#ifdef __cplusplus
}
#endif

#endif /* MATHLIB_ELEMENTARY_H */
