/* SPDX-License-Identifier: MIT */
/* The functions that each ISA file of blas1 defines. */
#ifndef ML_BLAS1_VARIANTS_H
#define ML_BLAS1_VARIANTS_H

#include "../variants.h"

#define ML_BLAS1_TYPE(p, T, isa)                                               \
	T ml_##p##dot_##isa(size_t n, const T *x, const T *y);                 \
	void ml_##p##axpy_##isa(size_t n, T a, const T *x, T *y);              \
	void ml_##p##gemv_##isa(size_t m, size_t n, T alpha, const T *a,       \
				size_t lda, const T *x, T beta, T *y)

#define ML_BLAS1_DECLARE(isa)                                                  \
	ML_BLAS1_TYPE(s, float, isa);                                          \
	ML_BLAS1_TYPE(d, double, isa);                                         \
	double ml_snrm2_##isa(size_t n, const float *x);                       \
	double ml_dnrm2_##isa(size_t n, const double *x, double scale)

ML_BLAS1_DECLARE(c);
ML_BLAS1_DECLARE(sse2);
ML_BLAS1_DECLARE(avx2);
ML_BLAS1_DECLARE(avx512);

#endif /* ML_BLAS1_VARIANTS_H */
