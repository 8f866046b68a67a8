/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHP_SHIM_HEX_H
#define ISAHP_SHIM_HEX_H

#include <jansson.h>
#include <linux/types.h>
#include <stdbool.h>

/**
 * isahp_hex_digits - read digits without "0x"
 * @text: moved behind them, on success.
 * @max: how many there may be, 16 at most.
 * @ret_value: the number.
 *
 * Return: whether there was at least one, and not too many.
 */
bool isahp_hex_digits(const char **text, unsigned int max, __u64 *ret_value);

/**
 * isahp_hex_number - a JSON string "0x1f", and nothing behind it
 * @json: anything.
 * @digits: how many there may be, 16 at most.
 * @ret_value: the number.
 *
 * Return: whether it was one.
 */
bool isahp_hex_number(const json_t *json, unsigned int digits, __u64 *ret_value);

/**
 * isahp_hex_masked - "0xVALUE", or "0xVALUE/0xKNOWN" where bits are unknown
 * @json: anything.
 * @digits: of the register that it is of.
 * @ret_value: the number.
 * @ret_known: all of @digits where it is not said.
 *
 * Return: whether it was one, with no bit set that is not known.
 */
bool isahp_hex_masked(const json_t *json, unsigned int digits, __u64 *ret_value,
		      __u64 *ret_known);

#endif /* ISAHP_SHIM_HEX_H */
