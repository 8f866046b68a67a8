/* SPDX-License-Identifier: MIT */
/* The functions that the ISA files of igemm define. */
#ifndef ML_IGEMM_VARIANTS_H
#define ML_IGEMM_VARIANTS_H

#include <stdint.h>

#include "../variants.h"

#define ML_IGEMM_DECLARE(isa)                                                  \
	void ml_igemm_##isa(size_t m, size_t n, size_t k, const uint8_t *a,    \
			    size_t lda, const int8_t *b, size_t ldb, int add,  \
			    int32_t *c, size_t ldc)

ML_IGEMM_DECLARE(c);
ML_IGEMM_DECLARE(sse2);
ML_IGEMM_DECLARE(avx2);
ML_IGEMM_DECLARE(avx512bw);
ML_IGEMM_DECLARE(avx512vnni);

#endif /* ML_IGEMM_VARIANTS_H */
