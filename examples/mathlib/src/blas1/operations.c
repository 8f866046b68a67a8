/* SPDX-License-Identifier: MIT */
/*
 * The operations: which variants there are, what they need and cost.
 *
 * A cost is tenths of a nanosecond per call, as bench_mathlib_vec measured it
 * for 4096 elements (gemv: 64 x 64) on an AMD EPYC of family 25 model 17 (Zen
 * 4), gcc 12 -O3. Only their order matters for the choice.
 */
#include <mathlib/mathlib.h>

#include "variants.h"

#define OPERATION(name, avx512, avx2, sse2, c)                                 \
	ISAHP_OPERATION_DEFINE(name,                                           \
		ISAHP_VARIANT("avx512", name##_avx512, avx512,                 \
			      ISAHP_SET(AVX512F)),                             \
		ISAHP_VARIANT("avx2", name##_avx2, avx2, ISAHP_SET(AVX2, FMA)), \
		ISAHP_VARIANT("sse2", name##_sse2, sse2, ISAHP_SET_NONE),      \
		ISAHP_VARIANT("c", name##_c, c, ISAHP_SET_NONE))

OPERATION(ml_sdot, 1590, 1510, 3020, 33300);
OPERATION(ml_ddot, 1590, 1510, 3020, 33300);
OPERATION(ml_saxpy, 1640, 1620, 3070, 22400);
OPERATION(ml_daxpy, 1640, 1620, 3070, 22400);
OPERATION(ml_snrm2, 1590, 1510, 3020, 33300);
OPERATION(ml_dnrm2, 1590, 1510, 3020, 33300);
OPERATION(ml_sgemv, 1590, 1510, 3020, 33300);
OPERATION(ml_dgemv, 1590, 1510, 3020, 33300);
