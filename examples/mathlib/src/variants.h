/* SPDX-License-Identifier: MIT */
/*
 * What the ISA files have in common: the functions they define, and the
 * section that each ISA's code goes to.
 */
#ifndef ML_VARIANTS_H
#define ML_VARIANTS_H

#include <stddef.h>

#define ML_INLINE static inline __attribute__((always_inline))

/*
 * A name that is a C identifier makes the linker provide __start_ and __stop_
 * symbols. always_inline functions go where their caller is.
 */
#define ML_CODE(isa) __attribute__((section("isa_" #isa)))

#define ML_VARIANT_DECLARE(isa)                                                \
	void ml_sgemm_##isa(size_t m, size_t n, size_t k, float alpha,         \
			    const float *a, size_t lda, const float *b,        \
			    size_t ldb, float beta, float *c, size_t ldc)

ML_VARIANT_DECLARE(c);
ML_VARIANT_DECLARE(sse2);
ML_VARIANT_DECLARE(avx2);
ML_VARIANT_DECLARE(avx512);

#endif /* ML_VARIANTS_H */
