/* SPDX-License-Identifier: MIT */
/*
 * The operations: which variants there are, what they need and cost.
 *
 * A cost is tenths of a nanosecond per call of 4096 bytes (base64: characters),
 * as bench_mathlib_vec measures it, on an AMD EPYC of family 25 model 17 (Zen 4),
 * gcc 12 -O3; the fastest of 82 rounds, as the machine had other work too. Only
 * their order matters for the choice.
 */
#include <mathlib/mathlib.h>

#include "variants.h"

ISAHP_OPERATION_DEFINE(ml_popcount,
	ISAHP_VARIANT("vpopcntdq", ml_popcount_vpopcntdq, 237,
		      ISAHP_SET(AVX512F, AVX512_VPOPCNTDQ)),
	ISAHP_VARIANT("avx2", ml_popcount_avx2, 622, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("popcnt", ml_popcount_popcnt, 1110, ISAHP_SET(POPCNT)),
	ISAHP_VARIANT("sse2", ml_popcount_sse2, 1330, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_popcount_c, 4010, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_hamming,
	ISAHP_VARIANT("vpopcntdq", ml_hamming_vpopcntdq, 389,
		      ISAHP_SET(AVX512F, AVX512_VPOPCNTDQ)),
	ISAHP_VARIANT("avx2", ml_hamming_avx2, 735, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("popcnt", ml_hamming_popcnt, 1600, ISAHP_SET(POPCNT)),
	ISAHP_VARIANT("sse2", ml_hamming_sse2, 1590, ISAHP_SET_NONE),
	ISAHP_VARIANT("c", ml_hamming_c, 4310, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_crc32c,
	ISAHP_VARIANT("vpclmul", ml_crc32c_vpclmul, 746,
		      ISAHP_SET(AVX512F, VPCLMULQDQ)),
	ISAHP_VARIANT("pclmul", ml_crc32c_pclmul, 1700,
		      ISAHP_SET(SSE4_2, PCLMULQDQ)),
	ISAHP_VARIANT("sse4_2", ml_crc32c_sse4_2, 4080, ISAHP_SET(SSE4_2)),
	ISAHP_VARIANT("c", ml_crc32c_c, 15300, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_base64_encode,
	ISAHP_VARIANT("avx512vbmi", ml_base64_encode_avx512vbmi, 440,
		      ISAHP_SET(AVX512BW, AVX512VBMI)),
	ISAHP_VARIANT("avx2", ml_base64_encode_avx2, 1840, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("ssse3", ml_base64_encode_ssse3, 3000, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("c", ml_base64_encode_c, 15600, ISAHP_SET_NONE));

ISAHP_OPERATION_DEFINE(ml_base64_decode,
	ISAHP_VARIANT("avx512vbmi", ml_base64_decode_avx512vbmi, 1260,
		      ISAHP_SET(AVX512BW, AVX512VBMI)),
	ISAHP_VARIANT("avx2", ml_base64_decode_avx2, 1820, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("ssse3", ml_base64_decode_ssse3, 3610, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("c", ml_base64_decode_c, 15400, ISAHP_SET_NONE));
