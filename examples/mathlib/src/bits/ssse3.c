/* SPDX-License-Identifier: MIT */
/*
 * SSSE3's byte shuffle: compiled with -mssse3, declared with SSSE3.
 *
 * Base64 after Mula and Lemire, Faster Base64 Encoding and Decoding Using AVX2
 * Instructions (2018); see base64.h.
 */
#include <tmmintrin.h>

#include "variants.h"

#define V __m128i
#define OP(op) _mm_##op
#define OP_SI(op) _mm_##op##_si128
#define LANES(x) x
#include "base64.h"

ML_CODE(ssse3)
void ml_base64_encode_ssse3(const uint8_t *src, size_t groups, char *dst)
{
	/* 16 bytes are read, of which four groups are used. */
	for (; groups >= 6; groups -= 4, src += 12, dst += 16)
		_mm_storeu_si128((void *)dst,
				 encode(_mm_loadu_si128((const void *)src)));
	ml_base64_encode_groups(src, groups, dst);
}

ML_CODE(ssse3)
size_t ml_base64_decode_ssse3(const char *src, size_t groups, uint8_t *dst)
{
	size_t i;

	/* 16 bytes are written, of which four groups are right. */
	for (i = 0; groups - i >= 6; i += 4) {
		__m128i x = _mm_loadu_si128((const void *)(src + 4 * i));
		__m128i bad;

		x = decode(x, &bad);
		if (_mm_movemask_epi8(_mm_cmpeq_epi8(bad, _mm_setzero_si128())) !=
		    0xffff)
			break;
		_mm_storeu_si128((void *)(dst + 3 * i), x);
	}
	return i + ml_base64_decode_groups(src + 4 * i, groups - i, dst + 3 * i);
}
