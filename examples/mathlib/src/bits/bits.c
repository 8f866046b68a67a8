/* SPDX-License-Identifier: MIT */
/*
 * Long operands, piece by piece: each call below is a region of its own, so
 * that a removal waits for a piece at most. What base64 does at its ends is
 * here, once for all variants. Compiled for x86-64's base.
 */
#include <errno.h>
#include <stdbool.h>
#include <mathlib/mathlib.h>

#include "variants.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))

uint64_t ml_popcount_long(const void *p, size_t n)
{
	const uint8_t *a = p;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i += ML_PIECE_BYTES)
		sum += ml_popcount_piece(a + i, MIN(n - i, ML_PIECE_BYTES));
	return sum;
}

uint64_t ml_hamming_long(const void *p, const void *q, size_t n)
{
	const uint8_t *a = p, *b = q;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i += ML_PIECE_BYTES)
		sum += ml_hamming_piece(a + i, b + i, MIN(n - i, ML_PIECE_BYTES));
	return sum;
}

uint32_t ml_crc32c_long(uint32_t crc, const void *p, size_t n)
{
	const uint8_t *a = p;
	size_t i;

	crc = ~crc;
	for (i = 0; i < n; i += ML_PIECE_BYTES)
		crc = ml_crc32c_piece(crc, a + i, MIN(n - i, ML_PIECE_BYTES));
	return ~crc;
}

/* --- base64 ----------------------------------------------------------------- */

#define GROUPS (ML_PIECE_BYTES / 4)

size_t ml_base64_encode(const void *src, size_t n, char *dst)
{
	const uint8_t *s = src;
	size_t groups = n / 3, i, step;

	for (i = 0; i < groups; i += step) {
		step = MIN(groups - i, GROUPS);
		ml_base64_encode_piece(s + 3 * i, step, dst + 4 * i);
	}
	s += 3 * i;
	dst += 4 * i;
	if (n % 3) {
		uint32_t x = (uint32_t)s[0] << 16;

		if (n % 3 == 2)
			x |= (uint32_t)s[1] << 8;
		dst[0] = ml_base64_digit[x >> 18];
		dst[1] = ml_base64_digit[x >> 12 & 63];
		dst[2] = n % 3 == 2 ? ml_base64_digit[x >> 6 & 63] : '=';
		dst[3] = '=';
	}
	return ml_base64_encoded_length(n);
}

static bool is_digit(char c)
{
	return ml_base64_value[(uint8_t)c] != ML_BASE64_BAD;
}

/* The first of @n characters that is no digit; @n if all are. */
static size_t digits(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && is_digit(s[i]); i++)
		;
	return i;
}

/*
 * The last group, which ends with '='. Return: as digits(), 4 when it is right;
 * then @ret_length gets its bytes, 1 or 2.
 */
static size_t decode_padded(const char *s, uint8_t *dst, size_t *ret_length)
{
	size_t count = s[2] == '=' ? 2 : 3, good = digits(s, count);
	uint32_t x;

	if (good < count)
		return good;
	x = (uint32_t)ml_base64_value[(uint8_t)s[0]] << 18 |
	    (uint32_t)ml_base64_value[(uint8_t)s[1]] << 12;
	if (count == 3)
		x |= (uint32_t)ml_base64_value[(uint8_t)s[2]] << 6;
	/* Bits behind the last byte: none may be set. */
	if (x & (count == 3 ? 0xff : 0xffff))
		return count - 1;
	dst[0] = (uint8_t)(x >> 16);
	if (count == 3)
		dst[1] = (uint8_t)(x >> 8);
	*ret_length = count - 1;
	return 4;
}

int ml_base64_decode(const char *src, size_t n, void *dst, size_t *ret_length,
		     size_t *ret_bad)
{
	bool padded = n && n % 4 == 0 && src[n - 1] == '=';
	size_t groups = n / 4 - padded, good = 0, bad, length = 0;
	uint8_t *d = dst;

	while (good < groups) {
		size_t step = MIN(groups - good, GROUPS);
		size_t done = ml_base64_decode_piece(src + 4 * good, step,
						     d + 3 * good);

		good += done;
		if (done < step)
			break;
	}
	if (good < groups)
		bad = digits(src + 4 * good, 4);
	else if (padded)
		bad = decode_padded(src + 4 * good, d + 3 * good, &length);
	else
		bad = digits(src + 4 * good, n % 4);
	*ret_length = 3 * good + length;
	if (4 * good + bad == n && n % 4 == 0)
		return 0;
	*ret_bad = 4 * good + bad;
	return -EINVAL;
}
