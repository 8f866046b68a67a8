/* SPDX-License-Identifier: MIT */
/* The alphabet of RFC 4648, section 4, both ways. */
#include "variants.h"

#define FOUR(c) (c), (c) + 1, (c) + 2, (c) + 3
#define DIGITS(c) FOUR(c), FOUR((c) + 4), (c) + 8, (c) + 9
#define LETTERS(c) DIGITS(c), DIGITS((c) + 10), FOUR((c) + 20), (c) + 24, (c) + 25

const char ml_base64_digit[64] = {
	LETTERS('A'), LETTERS('a'), DIGITS('0'), '+', '/'
};

#define X ML_BASE64_BAD
#define X8 X, X, X, X, X, X, X, X
#define X16 X8, X8

const uint8_t ml_base64_value[256] = {
	X16, X16,
	X8, X, X, X, /* + */ 62, X, X, X, /* / */ 63,
	DIGITS(52), X, X, X, X, X, X,
	X, LETTERS(0), X, X, X, X, X,
	X, LETTERS(26), X, X, X, X, X,
	X16, X16, X16, X16, X16, X16, X16, X16,
};
