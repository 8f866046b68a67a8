/* SPDX-License-Identifier: MIT */
/*
 * The operations: which variants there are, what they need and cost. All give
 * the same bits, so all are of one class of results.
 */
#include <mathlib/mathlib.h>

#include "variants.h"

#define OPERATION(name, avx512, avx2, sse2, c)                                 \
	ISAHP_OPERATION_DEFINE_FLAGS(name, ISAHP_OPERATION_SAME_BITS,          \
		ISAHP_VARIANT_RESULTS("avx512", name##_avx512, avx512, 1,      \
				      ISAHP_SET(AVX512F)),                     \
		ISAHP_VARIANT_RESULTS("avx2", name##_avx2, avx2, 1,            \
				      ISAHP_SET(AVX2)),                        \
		ISAHP_VARIANT_RESULTS("sse2", name##_sse2, sse2, 1,            \
				      ISAHP_SET_NONE),                         \
		ISAHP_VARIANT_RESULTS("c", name##_c, c, 1, ISAHP_SET_NONE))

OPERATION(ml_sexp, 100, 200, 400, 800);
OPERATION(ml_dexp, 100, 200, 400, 800);
OPERATION(ml_slog, 100, 200, 400, 800);
OPERATION(ml_dlog, 100, 200, 400, 800);
OPERATION(ml_ssin, 100, 200, 400, 800);
OPERATION(ml_dsin, 100, 200, 400, 800);
