/* SPDX-License-Identifier: MIT */
/*
 * The operations: which variants there are, what they need and cost.
 *
 * A cost is tenths of a nanosecond per call as mathlib_bench measured it: sgemm
 * of 128 x 128 x 128, sdot and saxpy of 4096 elements (operands in L2), on an
 * AMD EPYC of family 25 model 17 (Zen 4), gcc 12 -O2, medians of 31 rounds.
 * Only their order matters for the choice. On that CPU, which executes 512 bits
 * as two halves, AVX-512 is worth it for sgemm alone: fewer loads per product.
 */
#include <mathlib/mathlib.h>

#include "variants.h"

ISAHP_OPERATION_DEFINE(ml_sgemm,
	ISAHP_VARIANT("avx512", ml_sgemm_avx512, 365000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_sgemm_avx2, 392000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sgemm_sse2, 1170000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sgemm_c, 11830000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_sdot,
	ISAHP_VARIANT("avx512", ml_sdot_avx512, 1590, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_sdot_avx2, 1510, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sdot_sse2, 3020, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sdot_c, 33300, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_saxpy,
	ISAHP_VARIANT("avx512", ml_saxpy_avx512, 1640, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_saxpy_avx2, 1620, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_saxpy_sse2, 3070, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_saxpy_c, 22400, ISAHP_SET_NONE));
