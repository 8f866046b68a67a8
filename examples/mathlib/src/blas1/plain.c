/* SPDX-License-Identifier: MIT */
/*
 * Plain C: runs anywhere, and is what the other variants are compared to.
 * Written to be seen to be right.
 */
#include "variants.h"

#define DOT(name, T)                                                           \
	ML_CODE(c) T name(size_t n, const T *x, const T *y)                    \
	{                                                                      \
		T sum = 0;                                                     \
		size_t i;                                                      \
									       \
		for (i = 0; i < n; i++)                                        \
			sum += x[i] * y[i];                                    \
		return sum;                                                    \
	}

#define AXPY(name, T)                                                          \
	ML_CODE(c) void name(size_t n, T a, const T *x, T *y)                  \
	{                                                                      \
		size_t i;                                                      \
									       \
		for (i = 0; i < n; i++)                                        \
			y[i] += a * x[i];                                      \
	}

#define GEMV(name, T)                                                          \
	ML_CODE(c) void name(size_t m, size_t n, T alpha, const T *a,          \
			     size_t lda, const T *x, T beta, T *y)             \
	{                                                                      \
		size_t i, j;                                                   \
									       \
		for (i = 0; i < m; i++) {                                      \
			T sum = 0;                                             \
									       \
			for (j = 0; j < n; j++)                                \
				sum += a[i * lda + j] * x[j];                  \
			sum *= alpha;                                          \
			y[i] = beta == 0 ? sum : sum + beta * y[i];            \
		}                                                              \
	}

DOT(ml_sdot_c, float)
DOT(ml_ddot_c, double)
AXPY(ml_saxpy_c, float)
AXPY(ml_daxpy_c, double)
GEMV(ml_sgemv_c, float)
GEMV(ml_dgemv_c, double)

ML_CODE(c) double ml_snrm2_c(size_t n, const float *x)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += (double)x[i] * x[i];
	return sum;
}

ML_CODE(c) double ml_dnrm2_c(size_t n, const double *x, double scale)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += (scale * x[i]) * (scale * x[i]);
	return sum;
}
