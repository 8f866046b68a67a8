/* SPDX-License-Identifier: MIT */
/* The operations: which variants there are, what they need and cost. */
#include <mathlib/mathlib.h>

#include "variants.h"

#define OPERATION(name, avx512, avx2, sse2, c)                                 \
	ISAHP_OPERATION_DEFINE(name,                                           \
		ISAHP_VARIANT("avx512", name##_avx512, avx512,                 \
			      ISAHP_SET(AVX512F)),                             \
		ISAHP_VARIANT("avx2", name##_avx2, avx2, ISAHP_SET(AVX2, FMA)), \
		ISAHP_VARIANT("sse2", name##_sse2, sse2, ISAHP_SET_NONE),      \
		ISAHP_VARIANT("c", name##_c, c, ISAHP_SET_NONE))

OPERATION(ml_sfft, 100, 200, 400, 800);
OPERATION(ml_dfft, 100, 200, 400, 800);
