/* SPDX-License-Identifier: MIT */
/* The functions that each ISA file of elementary defines. */
#ifndef ML_ELEMENTARY_VARIANTS_H
#define ML_ELEMENTARY_VARIANTS_H

#include <stdint.h>

#include "../variants.h"

#define ML_ELEMENTARY_DECLARE(isa)                                             \
	void ml_sexp_##isa(size_t n, const float *x, float *y);                \
	void ml_dexp_##isa(size_t n, const double *x, double *y);              \
	void ml_slog_##isa(size_t n, const float *x, float *y);                \
	void ml_dlog_##isa(size_t n, const double *x, double *y);              \
	void ml_ssin_##isa(size_t n, const float *x, float *y);                \
	void ml_dsin_##isa(size_t n, const double *x, double *y)

ML_ELEMENTARY_DECLARE(c);
ML_ELEMENTARY_DECLARE(sse2);
ML_ELEMENTARY_DECLARE(avx2);
ML_ELEMENTARY_DECLARE(avx512);

/* 2/pi: see constants.h. */
extern const uint64_t ml_2_pi[] __attribute__((visibility("hidden")));

#endif /* ML_ELEMENTARY_VARIANTS_H */
