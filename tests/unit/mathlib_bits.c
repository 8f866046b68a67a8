/* SPDX-License-Identifier: MIT */
/*
 * Population count, hamming distance and CRC32C: each variant gives what
 * counting bit by bit gives, and touches nothing outside its operands; so do
 * the public functions, on operands of several pieces too.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "mathlib_arena.h"
#include "mathlib_operands.h"

#define ROUNDS 1500
#define LIMIT 20000

typedef uint64_t (*popcount_fn)(const void *, size_t);
typedef uint64_t (*hamming_fn)(const void *, const void *, size_t);
typedef uint32_t (*crc32c_fn)(uint32_t, const void *, size_t);

static uint64_t count_bits(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t sum = 0;
	size_t i;
	int bit;

	for (i = 0; i < n; i++) {
		for (bit = 0; bit < 8; bit++)
			sum += (a[i] ^ (b ? b[i] : 0)) >> bit & 1;
	}
	return sum;
}

/* Without the inversions. */
static uint32_t crc_bits(uint32_t crc, const uint8_t *p, size_t n)
{
	int bit;

	for (; n; n--, p++) {
		crc ^= *p;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

/* Mostly random, sometimes all ones, which is the most there is to count. */
static uint8_t *operand(unsigned int index, size_t n, struct ml_random *random)
{
	uint8_t *p = arena_get(index, n, random);
	size_t i;

	arena_fill(p, n, random);
	for (i = 0; i < n && !(n & 7); i++)
		p[i] = 0xff;
	return p;
}

static bool popcount_right(popcount_fn fn, struct ml_random *random)
{
	size_t n = arena_length(random, LIMIT);
	uint8_t *p = operand(0, n, random);

	return fn(p, n) == count_bits(p, NULL, n) && arena_intact(0);
}

static bool hamming_right(hamming_fn fn, struct ml_random *random)
{
	size_t n = arena_length(random, LIMIT);
	uint8_t *a = operand(0, n, random), *b = operand(1, n, random);

	return fn(a, b, n) == count_bits(a, b, n);
}

static bool crc32c_right(crc32c_fn fn, struct ml_random *random)
{
	size_t n = arena_length(random, LIMIT);
	uint8_t *p = operand(0, n, random);
	uint32_t crc = (uint32_t)ml_random_u64(random);

	return fn(crc, p, n) == crc_bits(crc, p, n);
}

ARENA_EACH_ROUND(popcount, ROUNDS)
ARENA_EACH_ROUND(hamming, ROUNDS)
ARENA_EACH_ROUND(crc32c, ROUNDS)

Test(mathlib_bits, each_popcount_counts_as_bit_by_bit)
{
	arena_each_variant(&ml_popcount_operation, popcount_test);
}

Test(mathlib_bits, each_hamming_counts_as_bit_by_bit)
{
	arena_each_variant(&ml_hamming_operation, hamming_test);
}

Test(mathlib_bits, each_crc32c_counts_as_bit_by_bit)
{
	arena_each_variant(&ml_crc32c_operation, crc32c_test);
}

/* --- known answers ----------------------------------------------------------- */

static void crc32c_known(isahp_fn fn, const char *name)
{
	static const struct {
		uint8_t first;
		int8_t step;
		uint32_t crc;
	} known[] = {
		{ 0x00, 0, 0x8a9136aa }, { 0xff, 0, 0x62a8ab43 },
		{ 0x00, 1, 0x46dd794e }, { 0x1f, -1, 0x113fdb5c },
	};
	uint8_t p[32];
	size_t i, j;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		for (j = 0; j < sizeof(p); j++)
			p[j] = (uint8_t)(known[i].first + (int)j * known[i].step);
		cr_assert_eq(~((crc32c_fn)fn)(~0u, p, sizeof(p)), known[i].crc,
			     "%s %zu", name, i);
	}
	cr_assert_eq(~((crc32c_fn)fn)(~0u, "123456789", 9), 0xe3069283, "%s", name);
}

Test(mathlib_bits, crc32c_has_the_values_of_rfc_3720)
{
	arena_each_variant(&ml_crc32c_operation, crc32c_known);
	cr_assert_eq(ml_crc32c(0, "123456789", 9), 0xe3069283);
	cr_assert_eq(ml_crc32c(ml_crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
	cr_assert_eq(ml_crc32c(0x1234, NULL, 0), 0x1234);
}

Test(mathlib_bits, counts_have_known_values)
{
	const uint8_t a[9] = { 0xff, 1, 0, 0x80, 3, 0, 0, 0, 0x10 };
	const uint8_t b[9] = { 0xfe, 1, 0, 0x00, 3, 0, 0, 0, 0x01 };

	cr_assert_eq(ml_popcount(a, 9), 13);
	cr_assert_eq(ml_hamming(a, b, 9), 4);
	cr_assert_eq(ml_popcount(a, 0), 0);
	cr_assert_eq(ml_hamming(a, a, 9), 0);
}

/* --- several pieces ------------------------------------------------------------ */

Test(mathlib_bits, long_operands_are_cut_without_a_trace)
{
	struct ml_random random = { operands_seed() };
	static const size_t lengths[] = {
		ML_PIECE_BYTES - 1, ML_PIECE_BYTES, ML_PIECE_BYTES + 1,
		2 * ML_PIECE_BYTES, 3 * ML_PIECE_BYTES + 77,
	};
	size_t i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t n = lengths[i];
		uint8_t *a = arena_get(0, n, &random);
		uint8_t *b = arena_get(1, n, &random);

		arena_fill(a, n, &random);
		arena_fill(b, n, &random);
		cr_assert_eq(ml_popcount(a, n), count_bits(a, NULL, n));
		cr_assert_eq(ml_hamming(a, b, n), count_bits(a, b, n));
		cr_assert_eq(ml_crc32c(7, a, n), ~crc_bits(~7u, a, n));
	}
}

/* --- controls: broken variants, and the same checker --------------------------- */

static uint64_t popcount_forgets(const void *p, size_t n)
{
	return ml_popcount(p, n & ~(size_t)7);
}

static uint64_t hamming_repeats(const void *a, const void *b, size_t n)
{
	return ml_hamming(a, b, n / 2) + ml_hamming(a, b, n - n / 2);
}

/* One bit less in what a second block is multiplied by. */
static uint32_t crc32c_misplaces(uint32_t crc, const void *p, size_t n)
{
	return ~ml_crc32c(~crc, p, n) ^ (n > 768 ? 1u << 31 : 0);
}

static uint64_t popcount_overruns(const void *p, size_t n)
{
	return ml_popcount(p, n) + 0 * *((const volatile uint8_t *)p + n);
}

#define MUST_BE_FOUND(kind, fn, found)                                         \
	do {                                                                   \
		struct ml_random random = { operands_seed() };                 \
		int i;                                                         \
									       \
		for (i = 0; i < ROUNDS && !(found); i++)                       \
			found = !kind##_right(fn, &random);                    \
	} while (0)

Test(mathlib_bits, broken_variants_are_found)
{
	bool count = false, distance = false, crc = false;

	MUST_BE_FOUND(popcount, popcount_forgets, count);
	MUST_BE_FOUND(hamming, hamming_repeats, distance);
	MUST_BE_FOUND(crc32c, crc32c_misplaces, crc);
	cr_assert(count && distance && crc);
}

Test(mathlib_bits, an_overrun_hits_the_guard_page, .exit_code = 42)
{
	bool found = false;

	arena_exit_on_segv();
	MUST_BE_FOUND(popcount, popcount_overruns, found);
}
