/* SPDX-License-Identifier: MIT */
/*
 * Base64: each variant encodes and decodes as an independent, simple one does,
 * stops at the same group, and touches nothing outside its operands; bad input
 * is rejected, at the right place.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mathlib_arena.h"
#include "mathlib_operands.h"

#define ROUNDS 1500
#define LIMIT 6000

typedef void (*encode_fn)(const uint8_t *, size_t, char *);
typedef size_t (*decode_fn)(const char *, size_t, uint8_t *);

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int digit(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* Six bits at a time out of a row of bits; no padding. */
static void encode_bits(const uint8_t *src, size_t groups, char *dst)
{
	size_t i, bit;

	for (i = 0; i < 4 * groups; i++) {
		unsigned int value = 0;

		for (bit = 6 * i; bit < 6 * i + 6; bit++)
			value = 2 * value + (src[bit / 8] >> (7 - bit % 8) & 1);
		dst[i] = alphabet[value];
	}
}

static bool encode_right(encode_fn fn, struct ml_random *random)
{
	size_t groups = arena_length(random, LIMIT);
	uint8_t *src = arena_get(0, 3 * groups, random);
	char *dst = arena_get(1, 4 * groups, random);
	char *expect = arena_get(2, 4 * groups, random);

	arena_fill(src, 3 * groups, random);
	encode_bits(src, groups, expect);
	fn(src, groups, dst);
	return !memcmp(dst, expect, 4 * groups) && arena_intact(1);
}

/* Bytes in, their text out, up to one wrong character in it, bytes back. */
static bool decode_right(decode_fn fn, struct ml_random *random)
{
	size_t groups = arena_length(random, LIMIT), good = groups;
	uint8_t *src = arena_get(0, 3 * groups, random);
	char *text = arena_get(1, 4 * groups, random);
	uint8_t *dst = arena_get(2, 3 * groups, random);

	arena_fill(src, 3 * groups, random);
	encode_bits(src, groups, text);
	if (groups && ml_random_below(random, 2)) {
		size_t at = ml_random_below(random, 4 * groups);

		text[at] = (char)ml_random_u64(random);
		if (digit(text[at]) < 0)
			good = at / 4;
		else
			text[at] = '=', good = at / 4;
	}
	return fn(text, groups, dst) == good && !memcmp(dst, src, 3 * good) &&
	       arena_intact(2);
}

ARENA_EACH_ROUND(encode, ROUNDS)
ARENA_EACH_ROUND(decode, ROUNDS)

Test(mathlib_base64, each_encode_agrees_with_a_simple_one)
{
	arena_each_variant(&ml_base64_encode_operation, encode_test);
}

Test(mathlib_base64, each_decode_agrees_with_a_simple_one)
{
	arena_each_variant(&ml_base64_decode_operation, decode_test);
}

/* All 256 bytes at each place of a text that every variant has a loop for. */
static void decode_each_byte(isahp_fn fn, const char *name)
{
	const size_t groups = 40;
	char text[160];
	uint8_t dst[120];
	size_t at;
	int c;

	for (at = 0; at < sizeof(text); at++) {
		for (c = 0; c < 256; c++) {
			memset(text, 'x', sizeof(text));
			text[at] = (char)c;
			cr_assert_eq(((decode_fn)fn)(text, groups, dst),
				     digit((char)c) < 0 ? at / 4 : groups,
				     "%s: byte %d at %zu", name, c, at);
		}
	}
}

Test(mathlib_base64, every_byte_at_every_place_is_judged_right)
{
	arena_each_variant(&ml_base64_decode_operation, decode_each_byte);
}

/* --- the public functions --------------------------------------------------- */

static const struct {
	const char *bytes, *text;
} rfc4648[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
};

Test(mathlib_base64, has_the_values_of_rfc_4648)
{
	size_t i, length, bad = 77;
	char text[16], bytes[16];

	for (i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
		const char *in = rfc4648[i].bytes, *out = rfc4648[i].text;

		cr_assert_eq(ml_base64_encode(in, strlen(in), text), strlen(out));
		cr_assert_eq(ml_base64_encoded_length(strlen(in)), strlen(out));
		cr_assert_arr_eq(text, out, strlen(out));
		cr_assert_eq(ml_base64_decode(out, strlen(out), bytes, &length,
					      &bad), 0);
		cr_assert_eq(length, strlen(in));
		cr_assert_arr_eq(bytes, in, length);
	}
	cr_assert_eq(bad, 77, "untouched where nothing is wrong");
}

Test(mathlib_base64, tells_where_bad_text_goes_wrong)
{
	static const struct {
		const char *text;
		size_t length, bad;
	} cases[] = {
		{ "Zg=", 0, 2 }, { "Z", 0, 1 }, { "Zg", 0, 2 }, { "Zm9", 0, 3 },
		{ "====", 0, 0 }, { "Z===", 0, 1 }, { "=g==", 0, 0 },
		{ "Zg=v", 0, 2 }, { "Zg==Zg==", 0, 2 }, { "Zh==", 0, 1 },
		{ "Zm9=", 0, 2 }, { "Zm9v=", 3, 4 }, { "Zm9v====", 3, 4 },
		{ "Zm9vZm-v", 3, 6 }, { "Zm9v\n", 3, 4 }, { " m9v", 0, 0 },
		{ "Zm9vY===", 3, 5 }, { "Zm9vYg=", 3, 6 }, { "Zm\x80v", 0, 2 },
	};
	size_t i, length, bad;
	char bytes[16];

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;

		cr_assert_eq(ml_base64_decode(text, strlen(text), bytes, &length,
					      &bad), -EINVAL, "%s", text);
		cr_assert_eq(length, cases[i].length, "%s: %zu", text, length);
		cr_assert_eq(bad, cases[i].bad, "%s: %zu", text, bad);
	}
}

/* Room for exactly what a right text stands for. */
static void there_and_back(size_t n, struct ml_random *random)
{
	size_t chars = ml_base64_encoded_length(n), length, bad;
	uint8_t *src = arena_get(0, n, random);
	char *text = arena_get(1, chars, random);
	uint8_t *dst = arena_get(2, n, random);

	arena_fill(src, n, random);
	cr_assert_eq(ml_base64_encode(src, n, text), chars);
	cr_assert(arena_intact(1));
	cr_assert_eq(ml_base64_decode(text, chars, dst, &length, &bad), 0);
	cr_assert_eq(length, n);
	cr_assert(arena_intact(2));
	cr_assert(!memcmp(src, dst, n));
	if (!n)
		return;
	bad = ml_random_below(random, chars - 4 + 1);
	text[bad] = '*';
	length = bad;
	cr_assert_eq(ml_base64_decode(text, chars, dst, &length, &bad), -EINVAL);
	cr_assert_eq(text[bad], '*');
	cr_assert_eq(length, bad / 4 * 3);
	cr_assert(arena_intact(2));
	cr_assert(!memcmp(src, dst, length));
}

Test(mathlib_base64, what_was_encoded_is_decoded)
{
	struct ml_random random = { operands_seed() };
	int i;

	for (i = 0; i < ROUNDS; i++)
		there_and_back(arena_length(&random, LIMIT), &random);
	/* Several pieces: one of them is ML_PIECE_BYTES of text. */
	for (i = -4; i < 5; i++)
		there_and_back(3 * ML_PIECE_BYTES / 4 + (size_t)i, &random);
	there_and_back(600000, &random);
}

/* --- controls: broken variants, and the same checker --------------------------- */

/* Takes the other alphabet's '-' for a digit. */
static size_t decode_lenient(const char *src, size_t groups, uint8_t *dst)
{
	size_t good = ml_base64_decode_piece(src, groups, dst);
	uint8_t rest[3];

	while (good < groups && memchr(src + 4 * good, '-', 4) &&
	       !ml_base64_decode_piece(src + 4 * good, 1, rest))
		good++;
	return good;
}

static size_t decode_spills(const char *src, size_t groups, uint8_t *dst)
{
	size_t good = ml_base64_decode_piece(src, groups, dst);

	((volatile uint8_t *)dst)[3 * groups] = 0;
	return good;
}

static void encode_swaps(const uint8_t *src, size_t groups, char *dst)
{
	ml_base64_encode_piece(src, groups, dst);
	if (groups > 20)
		dst[4 * groups - 1] = dst[4 * groups - 2];
}

Test(mathlib_base64, broken_variants_are_found)
{
	struct ml_random random = { operands_seed() };
	bool lenient = false, swaps = false;
	int i;

	for (i = 0; i < 20 * ROUNDS && !(lenient && swaps); i++) {
		lenient |= !decode_right(decode_lenient, &random);
		swaps |= !encode_right(encode_swaps, &random);
	}
	cr_assert(lenient && swaps);
}

Test(mathlib_base64, an_overrun_hits_the_guard_page, .exit_code = 42)
{
	struct ml_random random = { operands_seed() };
	int i;

	arena_exit_on_segv();
	for (i = 0; i < ROUNDS; i++)
		decode_right(decode_spills, &random);
}
