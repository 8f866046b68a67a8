/* SPDX-License-Identifier: MIT */
/*
 * The operations: which variants there are, what they need and cost.
 *
 * A cost is tenths of a nanosecond per product of 128 x 128 x 128, as
 * bench_gemm measured it on an AMD EPYC of family 25 model 17 (Zen 4), gcc 12
 * -O2, medians. Their order matters for the choice of a variant; and from one
 * layout to another, for the choice of a layout.
 */
#include "gemm.h"

ISAHP_OPERATION_DEFINE(ml_sgemm,
	ISAHP_VARIANT("avx512", ml_sgemm_avx512, 365000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_sgemm_avx2, 392000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sgemm_sse2, 1170000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sgemm_c, 11830000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_sgemm_packed_nr32,
	ISAHP_VARIANT("avx512", ml_sgemm_avx512, 365000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_sgemm_avx2, 402000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sgemm_sse2, 1190000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sgemm_c, 11830000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_sgemm_packed_nr16,
	ISAHP_VARIANT("avx512", ml_sgemm_avx512, 500000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_sgemm_avx2, 392000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sgemm_sse2, 1180000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sgemm_c, 11830000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_sgemm_packed_nr8,
	ISAHP_VARIANT("avx2", ml_sgemm_avx2, 600000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sgemm_sse2, 1170000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sgemm_c, 11830000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_dgemm,
	ISAHP_VARIANT("avx512", ml_dgemm_avx512, 730000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_dgemm_avx2, 784000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_dgemm_sse2, 2340000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_dgemm_c, 11830000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_dgemm_packed_nr16,
	ISAHP_VARIANT("avx512", ml_dgemm_avx512, 730000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_dgemm_avx2, 800000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_dgemm_sse2, 2360000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_dgemm_c, 11830000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_dgemm_packed_nr8,
	ISAHP_VARIANT("avx512", ml_dgemm_avx512, 1000000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_dgemm_avx2, 784000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_dgemm_sse2, 2350000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_dgemm_c, 11830000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_dgemm_packed_nr4,
	ISAHP_VARIANT("avx2", ml_dgemm_avx2, 1200000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_dgemm_sse2, 2340000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_dgemm_c, 11830000, ISAHP_SET_NONE));
