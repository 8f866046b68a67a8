// SPDX-License-Identifier: GPL-2.0-or-later
#include "hex.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool isahp_hex_digits(const char **text, unsigned int max, __u64 *ret_value)
{
	const char *s = *text;
	__u64 value = 0;

	for (; digit(*s) >= 0; s++) {
		if (s - *text >= max)
			return false;
		value = value << 4 | (__u64)digit(*s);
	}
	if (s == *text)
		return false;
	*text = s;
	*ret_value = value;
	return true;
}

static bool scan(const char **text, unsigned int max, __u64 *ret_value)
{
	const char *s = *text;

	if (s[0] != '0' || s[1] != 'x')
		return false;
	s += 2;
	if (!isahp_hex_digits(&s, max, ret_value))
		return false;
	*text = s;
	return true;
}

bool isahp_hex_number(const json_t *json, unsigned int digits, __u64 *ret_value)
{
	const char *text = json_string_value(json);
	__u64 value;

	if (!text || !scan(&text, digits, &value) || *text)
		return false;
	*ret_value = value;
	return true;
}

bool isahp_hex_masked(const json_t *json, unsigned int digits, __u64 *ret_value,
		      __u64 *ret_known)
{
	__u64 value, known = ~0ULL >> (64 - 4 * digits);
	const char *text = json_string_value(json);

	if (!text || !scan(&text, digits, &value))
		return false;
	if (*text == '/') {
		text++;
		if (!scan(&text, digits, &known))
			return false;
	}
	if (*text || value & ~known)
		return false;
	*ret_value = value;
	*ret_known = known;
	return true;
}
