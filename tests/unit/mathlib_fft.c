/* SPDX-License-Identifier: MIT */
/*
 * Fourier transforms: each variant is within the stated bound of the truth, one
 * can go on where another left off, and none touches anything outside its
 * operands.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mathlib_arena.h"
#include "mathlib_operands.h"

#define ROUNDS 150
/* Several pieces; and the work of as many doubles fits into an arena. */
#define LARGE ((size_t)30000)

/* The n-th roots of unity. */
struct roots {
	size_t n;
	long double *cos, *sin;
};

static struct roots roots_of(size_t n)
{
	struct roots w = { n, malloc(n * sizeof(*w.cos)), malloc(n * sizeof(*w.sin)) };
	size_t i;

	cr_assert(w.cos && w.sin);
	for (i = 0; i < n; i++) {
		long double angle = 2 * 3.14159265358979323846264338327950288L *
				    (long double)i / (long double)n;

		w.cos[i] = cosl(angle);
		w.sin[i] = sinl(angle);
	}
	return w;
}

static void roots_free(struct roots *w)
{
	free(w->cos);
	free(w->sin);
}

static bool smooth(size_t n)
{
	while (n % 2 == 0)
		n /= 2;
	while (n % 3 == 0)
		n /= 3;
	while (n % 5 == 0)
		n /= 5;
	return n == 1;
}

/* Powers of two, multiples of 16, and others. */
static size_t some_length(struct ml_random *random, size_t limit)
{
	size_t n, step = ml_random_below(random, 2) ? 16 : 1;

	if (!ml_random_below(random, 3)) {
		do {
			n = (size_t)1 << ml_random_below(random, 15);
		} while (n > limit);
		return n;
	}
	do {
		n = step * (1 + ml_random_below(random, limit / step));
	} while (!smooth(n));
	return n;
}

#define T float
#define U 0x1p-24
#define NAME(x) s_##x
#define FFT(x) ml_sfft##x
#include "mathlib_fft_type.h"

#define T double
#define U 0x1p-53
#define NAME(x) d_##x
#define FFT(x) ml_dfft##x
#include "mathlib_fft_type.h"

Test(mathlib_fft, of_floats_is_within_its_bound)
{
	arena_each_variant(&ml_sfft_operation, s_test);
}

Test(mathlib_fft, of_doubles_is_within_its_bound)
{
	arena_each_variant(&ml_dfft_operation, d_test);
}

Test(mathlib_fft, any_variant_goes_on_where_another_left_off)
{
	s_relay();
	d_relay();
}

Test(mathlib_fft, known_transforms)
{
	s_known();
	d_known();
}

Test(mathlib_fft, lengths_that_are_refused)
{
	s_refused();
	d_refused();
}

/* --- controls: broken variants, and the same checker --------------------------- */

static double d_scale = 1;

/* One result of the last stage is off, by @d_scale. */
static int dfft_off(struct ml_fft_job *job)
{
	int more = ml_dfft_piece(job);

	if (!more)
		((double *)job->y)[0] *= d_scale;
	return more;
}

/* Takes the inverse for the other one. */
static int dfft_conjugate(struct ml_fft_job *job)
{
	struct ml_fft_job other = *job;

	other.inverse = !job->inverse;
	while (ml_dfft_piece(&other))
		;
	return 0;
}

/* The second stage of a job is left out by who goes on. */
static int dfft_forgets(struct ml_fft_job *job)
{
	int more = ml_dfft_piece(job);

	if (more)
		job->at += 64;
	return more;
}

static bool found(d_piece fn, size_t n)
{
	struct ml_random random = { operands_seed() };
	double worst = 0;
	int i;

	for (i = 0; i < 100; i++) {
		if (!d_right(fn, n, n > 1000 ? 100 : 0, &random, &worst))
			return true;
	}
	return false;
}

Test(mathlib_fft, broken_variants_are_found)
{
	cr_assert(found(dfft_conjugate, 240));
	cr_assert(found(dfft_forgets, LARGE));
	d_scale = 1 + 0x1p-40;
	cr_assert(found(dfft_off, 48));
	d_scale = 1;
	cr_assert_not(found(dfft_off, 48));
}

/* Believes the arrays to be longer than they are. */
static int sfft_overruns(struct ml_fft_job *job)
{
	float *y = job->y;

	job->y = y + 2;
	return ml_sfft_piece(job);
}

Test(mathlib_fft, an_overrun_hits_the_guard_page, .exit_code = 42)
{
	struct ml_random random = { operands_seed() };
	double worst = 0;
	int i;

	arena_exit_on_segv();
	for (i = 0; i < 200; i++)
		s_right(sfft_overruns, 60, 0, &random, &worst);
}
