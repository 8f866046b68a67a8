/* SPDX-License-Identifier: MIT */
/*
 * What the ISA files have in common: the section that each ISA's code goes to.
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

/*
 * An operation of floating point with a variant of its own for each of the four,
 * at these costs. Wants <isahp/isahp.h>.
 */
#define ML_OPERATION(name, avx512, avx2, sse2, c)                              \
	ISAHP_OPERATION_DEFINE(name,                                           \
		ISAHP_VARIANT("avx512", name##_avx512, avx512,                 \
			      ISAHP_SET(AVX512F)),                             \
		ISAHP_VARIANT("avx2", name##_avx2, avx2, ISAHP_SET(AVX2, FMA)), \
		ISAHP_VARIANT("sse2", name##_sse2, sse2, ISAHP_SET_NONE),      \
		ISAHP_VARIANT("c", name##_c, c, ISAHP_SET_NONE))

#endif /* ML_VARIANTS_H */
