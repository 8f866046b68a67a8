/* SPDX-License-Identifier: MIT */
/*
 * AVX-512 VBMI's byte permutations: compiled with -mavx512bw -mavx512vbmi
 * -mno-popcnt, declared with AVX512BW and AVX512VBMI.
 *
 * Base64 after Mula and Lemire, Base64 encoding and decoding at almost the speed
 * of a memory copy (2019). What is left at the end is done with masks.
 */
#include <immintrin.h>

#include "variants.h"

#define BELOW(n) ((n) < 64 ? (1ULL << (n)) - 1 : ~0ULL)

/* Four bytes for each group: @a of the first, stepping by 3. */
#define GROUP(a) (a) + 1, (a), (a) + 2, (a) + 1
#define GROUPS4(a) GROUP(a), GROUP((a) + 3), GROUP((a) + 6), GROUP((a) + 9)
static const uint8_t split[64] = {
	GROUPS4(0), GROUPS4(12), GROUPS4(24), GROUPS4(36)
};

/* Three bytes of each 24 bits that lie in 32, highest first. */
#define THREE(a) (a) + 2, (a) + 1, (a)
#define THREES4(a) THREE(a), THREE((a) + 4), THREE((a) + 8), THREE((a) + 12)
static const uint8_t join[64] = {
	THREES4(0), THREES4(16), THREES4(32), THREES4(48)
};

ML_INLINE __m512i encode(__m512i x)
{
	/* Bits 10, 4, 22 and 16 on of each 32: the digits, and what is above. */
	const __m512i offsets = _mm512_set1_epi64(0x3036242a1016040a);

	x = _mm512_permutexvar_epi8(_mm512_loadu_si512(split), x);
	x = _mm512_multishift_epi64_epi8(offsets, x);
	/* Of an index only the low six bits count. */
	return _mm512_permutexvar_epi8(x, _mm512_loadu_si512(ml_base64_digit));
}

ML_CODE(avx512vbmi)
void ml_base64_encode_avx512vbmi(const uint8_t *src, size_t groups, char *dst)
{
	__mmask64 in = BELOW(48);

	for (; groups >= 16; groups -= 16, src += 48, dst += 64)
		_mm512_storeu_si512(dst, encode(_mm512_maskz_loadu_epi8(in, src)));
	if (!groups)
		return;
	in = BELOW(3 * groups);
	_mm512_mask_storeu_epi8(dst, BELOW(4 * groups),
				encode(_mm512_maskz_loadu_epi8(in, src)));
}

/* @in: of @x; another character sets a bit of the result. */
ML_INLINE __mmask64 decode(__m512i *x, __mmask64 in)
{
	/* The top bit, where ML_BASE64_BAD is, up to where masks look for it. */
	__m512i low = _mm512_loadu_si512(ml_base64_value);
	__m512i high = _mm512_loadu_si512(ml_base64_value + 64);
	__m512i digit = _mm512_permutex2var_epi8(low, *x, high);
	__m512i bad = _mm512_or_si512(_mm512_add_epi8(digit, digit), *x);

	digit = _mm512_maddubs_epi16(digit, _mm512_set1_epi32(0x01400140));
	digit = _mm512_madd_epi16(digit, _mm512_set1_epi32(0x00011000));
	*x = _mm512_permutexvar_epi8(_mm512_loadu_si512(join), digit);
	return _mm512_movepi8_mask(bad) & in;
}

ML_CODE(avx512vbmi)
size_t ml_base64_decode_avx512vbmi(const char *src, size_t groups, uint8_t *dst)
{
	size_t i, step;

	for (i = 0; i < groups; i += step) {
		__mmask64 in;
		__m512i x;

		step = groups - i < 16 ? groups - i : 16;
		in = BELOW(4 * step);
		x = _mm512_maskz_loadu_epi8(in, src + 4 * i);
		if (decode(&x, in))
			return i + ml_base64_decode_groups(src + 4 * i, step,
							   dst + 3 * i);
		_mm512_mask_storeu_epi8(dst + 3 * i, BELOW(3 * step), x);
	}
	return i;
}
