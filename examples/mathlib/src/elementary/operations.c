/* SPDX-License-Identifier: MIT */
/*
 * The operations: which variants there are, what they need and cost. All give
 * the same bits, so all are of one class of results.
 *
 * A cost is tenths of a nanosecond per call of 4096 elements, as
 * bench_mathlib_vec measures it, on an AMD EPYC of family 25 model 17 (Zen 4),
 * gcc 12 -O2; the machine had other work too. Only their order matters for the
 * choice.
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

OPERATION(ml_sexp, 33100, 48500, 98000, 174300);
OPERATION(ml_dexp, 54900, 90400, 182900, 347100);
OPERATION(ml_slog, 35800, 48100, 113500, 190500);
OPERATION(ml_dlog, 49800, 77900, 182900, 290500);
OPERATION(ml_ssin, 33600, 47000, 94600, 192300);
OPERATION(ml_dsin, 79100, 124100, 273100, 390100);
