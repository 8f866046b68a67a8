/* SPDX-License-Identifier: MIT */
/*
 * Long operands, piece by piece: each call below is a region of its own, so
 * that a removal waits for a piece at most. Compiled for x86-64's base.
 */
#include <emmintrin.h>
#include <mathlib/mathlib.h>

#define PIECE(left) ((left) < ML_PIECE ? (left) : ML_PIECE)

#define DOT(p, T)                                                              \
	T ml_##p##dot_long(size_t n, const T *x, const T *y)                   \
	{                                                                      \
		T sum = 0;                                                     \
		size_t i;                                                      \
									       \
		for (i = 0; i < n; i += ML_PIECE)                              \
			sum += ml_##p##dot_piece(PIECE(n - i), x + i, y + i);  \
		return sum;                                                    \
	}

#define AXPY(p, T)                                                             \
	void ml_##p##axpy_long(size_t n, T a, const T *x, T *y)                \
	{                                                                      \
		size_t i;                                                      \
									       \
		for (i = 0; i < n; i += ML_PIECE)                              \
			ml_##p##axpy_piece(PIECE(n - i), a, x + i, y + i);     \
	}

/*
 * As many rows as make a piece; rows longer than that are cut, and what comes
 * later is added to y: a multiplication by 1 is exact.
 */
#define GEMV(p, T)                                                             \
	static void p##gemv_rows(size_t m, size_t n, T alpha, const T *a,      \
				 size_t lda, const T *x, T beta, T *y)         \
	{                                                                      \
		size_t j = 0;                                                  \
									       \
		do {                                                           \
			ml_##p##gemv_piece(m, PIECE(n - j), alpha, a + j, lda, \
					   x + j, j ? 1 : beta, y);            \
			j += PIECE(n - j);                                     \
		} while (j < n);                                               \
	}                                                                      \
									       \
	void ml_##p##gemv(size_t m, size_t n, T alpha, const T *a, size_t lda, \
			  const T *x, T beta, T *y)                            \
	{                                                                      \
		size_t step = n < ML_PIECE ? ML_PIECE / (n + 1) : 1;           \
		size_t i, rows;                                                \
									       \
		if (alpha == 0)                                                \
			n = 0;                                                 \
		for (i = 0; i < m; i += rows) {                                \
			rows = m - i < step ? m - i : step;                    \
			/* No rows to step over where A may be none. */        \
			p##gemv_rows(rows, n, alpha, n ? a + i * lda : a,      \
				     n ? lda : 0, x, beta, y + i);             \
		}                                                              \
	}

DOT(s, float)
DOT(d, double)
AXPY(s, float)
AXPY(d, double)
GEMV(s, float)
GEMV(d, double)

/* Not libm's: that would be called for the errno of negative numbers. */
static double root(double x)
{
	__m128d v = _mm_set_sd(x);

	return _mm_cvtsd_f64(_mm_sqrt_sd(v, v));
}

float ml_snrm2(size_t n, const float *x)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i += ML_PIECE)
		sum += ml_snrm2_piece(PIECE(n - i), x + i);
	return (float)root(sum);
}

static double squares(size_t n, const double *x, double scale)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i += ML_PIECE)
		sum += ml_dnrm2_piece(PIECE(n - i), x + i, scale);
	return sum;
}

/*
 * A sum of at least 2^-900 has lost at most 2^-1075 per square that underflowed,
 * which is nothing beside it. One that overflowed is at least 2^1023: divided by
 * 2^1080 it is at least 2^-57, and its terms are below 2^968. One below 2^-900
 * has elements below 2^-450 alone: times 2^600 they are below 2^150, and the
 * smallest subnormal's square is 2^-948.
 */
double ml_dnrm2(size_t n, const double *x)
{
	double sum = squares(n, x, 1);

	if (sum >= 0x1p-900 && sum < __builtin_inf())
		return root(sum);
	if (sum < 0x1p-900)
		return root(squares(n, x, 0x1p600)) * 0x1p-600;
	if (sum != sum)
		return sum;
	return root(squares(n, x, 0x1p-540)) * 0x1p540;
}
