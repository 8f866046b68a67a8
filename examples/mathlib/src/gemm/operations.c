/* SPDX-License-Identifier: MIT */
/*
 * The operations: which variants there are, what they need and cost.
 *
 * A cost is tenths of a nanosecond per call as bench_mathlib measured it: sgemm
 * of 128 x 128 x 128, on an AMD EPYC of family 25 model 17 (Zen 4), gcc 12 -O2,
 * medians of 31 rounds. Only their order matters for the choice.
 */
#include <mathlib/gemm.h>

#include "gemm.h"

ISAHP_OPERATION_DEFINE(ml_sgemm,
	ISAHP_VARIANT("avx512", ml_sgemm_avx512, 365000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_sgemm_avx2, 392000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sgemm_sse2, 1170000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sgemm_c, 11830000, ISAHP_SET_NONE));
