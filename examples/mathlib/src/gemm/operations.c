/* SPDX-License-Identifier: MIT */
/*
 * The operations: which variants there are, what they need and cost.
 *
 * A cost is tenths of a nanosecond of CPU time per product of 128 x 128 x 128,
 * on an AMD EPYC of family 25 model 17 (Zen 4), gcc 12 -O2, medians of 41. Their
 * order matters for the choice of a variant; and from one layout to another, for
 * the choice of a layout, of equals the one with the widest panels.
 */
#include "gemm.h"

ISAHP_OPERATION_DEFINE(ml_sgemm,
	ISAHP_VARIANT("avx512", ml_sgemm_avx512, 426000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_sgemm_avx2, 437000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sgemm_sse2, 1173000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sgemm_c, 12300000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_sgemm_packed_nr32,
	ISAHP_VARIANT("avx512", ml_sgemm_avx512, 411000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_sgemm_avx2, 441000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sgemm_sse2, 1180000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sgemm_c, 12370000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_sgemm_packed_nr16,
	ISAHP_VARIANT("avx512", ml_sgemm_avx512, 440000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_sgemm_avx2, 432000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sgemm_sse2, 1187000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sgemm_c, 11920000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_sgemm_packed_nr8,
	ISAHP_VARIANT("avx2", ml_sgemm_avx2, 562000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_sgemm_sse2, 1160000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_sgemm_c, 12040000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_dgemm,
	ISAHP_VARIANT("avx512", ml_dgemm_avx512, 812000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_dgemm_avx2, 840000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_dgemm_sse2, 2313000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_dgemm_c, 7680000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_dgemm_packed_nr16,
	ISAHP_VARIANT("avx512", ml_dgemm_avx512, 776000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_dgemm_avx2, 858000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_dgemm_sse2, 2320000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_dgemm_c, 7610000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_dgemm_packed_nr8,
	ISAHP_VARIANT("avx512", ml_dgemm_avx512, 776000, ISAHP_SET(AVX512F)),
	ISAHP_VARIANT("avx2", ml_dgemm_avx2, 825000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_dgemm_sse2, 2340000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_dgemm_c, 10250000, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_dgemm_packed_nr4,
	ISAHP_VARIANT("avx2", ml_dgemm_avx2, 1093000, ISAHP_SET(AVX2, FMA)),
	ISAHP_VARIANT("sse2", ml_dgemm_sse2, 2270000, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_dgemm_c, 17650000, ISAHP_SET_NONE));
