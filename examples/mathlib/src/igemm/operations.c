/* SPDX-License-Identifier: MIT */
/*
 * The operation: which variants there are, what they need and cost.
 *
 * A cost is tenths of a nanosecond per call of 128 x 128 x 128,
 * as bench_mathlib_vec measures it, on an AMD EPYC of family 25 model 17 (Zen 4),
 * gcc 12 -O3; the fastest of 82 rounds, as the machine had other work too. Only
 * their order matters for the choice.
 */
#include <mathlib/mathlib.h>

#include "variants.h"

ISAHP_OPERATION_DEFINE(ml_igemm,
	ISAHP_VARIANT("avx512vnni", ml_igemm_avx512vnni, 102000,
		      ISAHP_SET(AVX512F, AVX512_VNNI)),
	ISAHP_VARIANT("avx512bw", ml_igemm_avx512bw, 248000, ISAHP_SET(AVX512BW, AVX512VL)),
	ISAHP_VARIANT("avx2", ml_igemm_avx2, 327000, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("sse2", ml_igemm_sse2, 652000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_igemm_c, 2250000, ISAHP_SET_NONE));
