/* SPDX-License-Identifier: MIT */
/*
 * Products of bytes: each variant gives what 64-bit sums give, modulo 2^32, and
 * touches nothing outside its operands.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "mathlib_arena.h"
#include "mathlib_operands.h"

#define ROUNDS 400

typedef void (*igemm_fn)(size_t, size_t, size_t, const uint8_t *, size_t,
			 const int8_t *, size_t, int, int32_t *, size_t);

/** struct shape - one product; arenas 0 to 3 hold a, b, c, and what c was */
struct shape {
	size_t m, n, k, lda, ldb, ldc;
	int add;
	uint8_t *a;
	int8_t *b;
	int32_t *c, *before;
};

static size_t span(size_t rows, size_t cols, size_t ld)
{
	return rows && cols ? (rows - 1) * ld + cols : 0;
}

static size_t size(struct ml_random *random, size_t limit)
{
	size_t n = ml_random_below(random, limit);

	/* Whole tiles, and one more or less. */
	if (ml_random_below(random, 2))
		n = n / 16 * 16 + ml_random_below(random, 3);
	return n ? n - ml_random_below(random, 2) : 0;
}

/* Random, or as large as can be: where 16 bits are not enough. */
static void fill(struct shape *s, struct ml_random *random)
{
	size_t a = span(s->m, s->k, s->lda), b = span(s->k, s->n, s->ldb);
	int8_t extreme = ml_random_below(random, 2) ? 127 : -128;

	arena_fill(s->a, a, random);
	arena_fill(s->b, b, random);
	if (ml_random_below(random, 3))
		return;
	memset(s->a, 255, a);
	memset(s->b, extreme, b);
}

static struct shape shape(struct ml_random *random, size_t limit)
{
	struct shape s = {
		.m = size(random, limit), .n = size(random, limit),
		.k = size(random, ml_random_below(random, 4) ? limit : 600),
		.add = (int)ml_random_below(random, 2),
	};
	size_t bytes;

	s.lda = s.k + ml_random_below(random, 2) * ml_random_below(random, 9);
	s.ldb = s.n + ml_random_below(random, 2) * ml_random_below(random, 9);
	s.ldc = s.n + ml_random_below(random, 2) * ml_random_below(random, 9);
	bytes = span(s.m, s.n, s.ldc) * sizeof(int32_t);
	s.a = arena_get(0, span(s.m, s.k, s.lda), random);
	s.b = arena_get(1, span(s.k, s.n, s.ldb), random);
	s.c = arena_get(2, bytes, random);
	s.before = arena_get(3, bytes, random);
	fill(&s, random);
	arena_fill(s.before, bytes, random);
	memcpy(s.c, s.before, bytes);
	return s;
}

static bool right(const struct shape *s)
{
	size_t i, j, p;

	for (i = 0; i < s->m; i++) {
		for (j = 0; j < s->ldc && i * s->ldc + j < span(s->m, s->n, s->ldc);
		     j++) {
			int32_t before = s->before[i * s->ldc + j];
			int64_t sum = s->add ? before : 0;

			for (p = 0; p < s->k && j < s->n; p++)
				sum += s->a[i * s->lda + p] * s->b[p * s->ldb + j];
			/* Between rows nothing may have changed. */
			if (s->c[i * s->ldc + j] !=
			    (j < s->n ? (int32_t)(uint32_t)sum : before))
				return false;
		}
	}
	return arena_intact(2);
}

static bool trial(igemm_fn fn, struct ml_random *random, size_t limit)
{
	struct shape s = shape(random, limit);
	bool ok;

	fn(s.m, s.n, s.k, s.a, s.lda, s.b, s.ldb, s.add, s.c, s.ldc);
	ok = right(&s);
	if (!ok)
		fprintf(stderr, "m=%zu n=%zu k=%zu lda=%zu ldb=%zu ldc=%zu add=%d\n",
			s.m, s.n, s.k, s.lda, s.ldb, s.ldc, s.add);
	return ok;
}

static bool igemm_right(igemm_fn fn, struct ml_random *random)
{
	return trial(fn, random, 80);
}

ARENA_EACH_ROUND(igemm, ROUNDS)

Test(mathlib_igemm, each_variant_is_exact)
{
	arena_each_variant(&ml_igemm_operation, igemm_test);
}

Test(mathlib_igemm, pieces_make_up_the_whole)
{
	struct ml_random random = { operands_seed() };
	int i;

	for (i = 0; i < ROUNDS / 20; i++)
		cr_assert(trial(ml_igemm, &random, 400));
	for (i = 0; i < ROUNDS; i++)
		cr_assert(trial(ml_igemm, &random, 80));
}

static void wraps(isahp_fn fn, const char *name)
{
	const size_t k = 70000;
	struct ml_random random = { operands_seed() };
	uint8_t *a = arena_get(0, k, &random);
	int8_t *b = arena_get(1, k, &random);
	int32_t c = 5;

	memset(a, 255, k);
	memset(b, -128, k);
	((igemm_fn)fn)(1, 1, k, a, k, b, 1, 1, &c, 1);
	cr_assert_eq(c, (int32_t)(uint32_t)(5 - (int64_t)k * 255 * 128), "%s", name);
}

Test(mathlib_igemm, sums_wrap_and_do_not_saturate)
{
	arena_each_variant(&ml_igemm_operation, wraps);
}

Test(mathlib_igemm, what_is_not_read_may_be_missing)
{
	int32_t c[2 * 100], i;

	for (i = 0; i < 200; i++)
		c[i] = i + 1;
	ml_igemm(2, 100, 0, NULL, 7, NULL, 100, 1, c, 100);
	for (i = 0; i < 200; i++)
		cr_assert_eq(c[i], i + 1);
	ml_igemm(2, 100, 0, NULL, 7, NULL, 100, 0, c, 100);
	for (i = 0; i < 200; i++)
		cr_assert_eq(c[i], 0);
	ml_igemm(0, 100, 5, NULL, 5, NULL, 100, 0, NULL, 100);
	ml_igemm(2, 0, 5, NULL, 5, NULL, 0, 0, NULL, 0);
}

/* --- controls ------------------------------------------------------------------ */

static int32_t saturated(int32_t x)
{
	return x > 32767 ? 32767 : x < -32768 ? -32768 : x;
}

/* As PMADDUBSW has it: sums of two products saturate at 16 bits. */
static void igemm_saturates(size_t m, size_t n, size_t k, const uint8_t *a,
			    size_t lda, const int8_t *b, size_t ldb, int add,
			    int32_t *c, size_t ldc)
{
	size_t i, j, p;

	for (i = 0; i < m; i++) {
		for (j = 0; j < n; j++) {
			uint32_t sum = add ? (uint32_t)c[i * ldc + j] : 0;

			for (p = 0; p < k; p += 2) {
				int32_t two = a[i * lda + p] * b[p * ldb + j];

				if (p + 1 < k)
					two += a[i * lda + p + 1] *
					       b[(p + 1) * ldb + j];
				sum += (uint32_t)saturated(two);
			}
			c[i * ldc + j] = (int32_t)sum;
		}
	}
}

/* Writes into the gap between the rows of C. */
static void igemm_spills(size_t m, size_t n, size_t k, const uint8_t *a,
			 size_t lda, const int8_t *b, size_t ldb, int add,
			 int32_t *c, size_t ldc)
{
	ml_igemm(m, n, k, a, lda, b, ldb, add, c, ldc);
	if (m > 1 && n && ldc > n)
		c[n]++;
}

Test(mathlib_igemm, broken_variants_are_found)
{
	struct ml_random random = { operands_seed() };
	bool saturates = false, spills = false;
	int i;

	for (i = 0; i < ROUNDS && !(saturates && spills); i++) {
		saturates |= !trial(igemm_saturates, &random, 80);
		spills |= !trial(igemm_spills, &random, 80);
	}
	cr_assert(saturates && spills);
}
