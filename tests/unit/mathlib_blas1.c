/* SPDX-License-Identifier: MIT */
/*
 * dot, axpy, nrm2 and gemv: each variant is within the stated bound of the
 * truth, carries NaN and Inf, and touches nothing outside its operands.
 */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

#include "mathlib_arena.h"
#include "mathlib_operands.h"

#define ROUNDS 1000

#define T float
#define NAME(x) s_##x
#define OP(x) ml_s##x
#define BOUND(n, sum, alpha) ml_bound(n, sum, alpha)
#define TINY 0x1p-140
#include "mathlib_blas1_type.h"

#define T double
#define NAME(x) d_##x
#define OP(x) ml_d##x
#define BOUND(n, sum, alpha) ml_bound_double(n, sum, alpha)
#define TINY 0x1p-1060
#include "mathlib_blas1_type.h"

Test(mathlib_blas1, dot_is_within_its_bound)
{
	arena_each_variant(&ml_sdot_operation, s_dot_test);
	arena_each_variant(&ml_ddot_operation, d_dot_test);
}

Test(mathlib_blas1, axpy_is_within_its_bound)
{
	arena_each_variant(&ml_saxpy_operation, s_axpy_test);
	arena_each_variant(&ml_daxpy_operation, d_axpy_test);
}

Test(mathlib_blas1, gemv_is_within_its_bound)
{
	arena_each_variant(&ml_sgemv_operation, s_gemv_test);
	arena_each_variant(&ml_dgemv_operation, d_gemv_test);
}

Test(mathlib_blas1, pieces_make_up_the_whole)
{
	s_pieces();
	d_pieces();
}

/* As BLAS has it: what is multiplied by nothing may be anything, or missing. */
Test(mathlib_blas1, what_is_not_read_may_be_missing)
{
	float y[9], before[9];
	int i;

	for (i = 0; i < 9; i++)
		before[i] = y[i] = (float)i - 4;
	ml_saxpy(0, 1, NULL, NULL);
	cr_assert_eq(ml_sdot(0, NULL, NULL), 0);
	ml_sgemv(0, 5, 1, NULL, 5, NULL, 0, NULL);
	ml_sgemv(9, 0, 1, NULL, 5, NULL, 1, y);
	ml_sgemv(9, 5, 0, NULL, 5, NULL, 1, y);
	cr_assert_arr_eq(y, before, sizeof(y));
	for (i = 0; i < 9; i++)
		y[i] = NAN;
	ml_sgemv(9, 5, 0, NULL, 5, NULL, 0, y);
	for (i = 0; i < 9; i++)
		cr_assert_eq(y[i], 0);
	for (i = 0; i < 9; i++)
		y[i] = NAN;
	ml_sgemv(9, 0, 3, NULL, 5, NULL, 0, y);
	for (i = 0; i < 9; i++)
		cr_assert_eq(y[i], 0);
}

/* --- nrm2 ---------------------------------------------------------------------- */

static const double v = 0x1p-53;

static float *floats(size_t n, struct ml_random *random)
{
	float *x = arena_get(0, n * sizeof(*x), random);
	int exponent = (int)ml_random_below(random, 270) - 148;
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = (float)ldexp(ml_random_unit(random),
				    exponent - (int)ml_random_below(random, 20));
	return x;
}

static double *doubles(size_t n, struct ml_random *random)
{
	double *x = arena_get(0, n * sizeof(*x), random);
	int spread = ml_random_below(random, 2) ? 20 : 2000;
	int exponent = (int)ml_random_below(random, 2090) - 1070;
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = ldexp(ml_random_unit(random),
			     exponent - (int)ml_random_below(random, (size_t)spread));
	return x;
}

static void snrm2_test(isahp_fn fn, const char *name)
{
	struct ml_random random = { operands_seed() };
	int round;

	for (round = 0; round < ROUNDS; round++) {
		size_t n = arena_length(&random, 3000), i;
		const float *x = floats(n, &random);
		long double sum = 0;
		double got = ((double (*)(size_t, const float *))fn)(n, x);

		for (i = 0; i < n; i++)
			sum += (long double)x[i] * x[i];
		cr_assert(fabsl(got - sum) <= (n + 1) * v * sum, "%s", name);
	}
}

/* With the scales that ml_dnrm2() uses, where they make sense. */
static void dnrm2_test(isahp_fn fn, const char *name)
{
	static const double scales[] = { 1, 0x1p-540, 0x1p600 };
	struct ml_random random = { operands_seed() };
	int round;

	for (round = 0; round < ROUNDS; round++) {
		size_t n = arena_length(&random, 3000), i;
		const double *x = doubles(n, &random);
		double scale = scales[ml_random_below(&random, 3)];
		double got = ((double (*)(size_t, const double *, double))fn)(
			n, x, scale);
		long double sum = 0;

		for (i = 0; i < n; i++)
			sum += (long double)x[i] * scale * x[i] * scale;
		if (sum < DBL_MAX / 2)
			cr_assert(fabsl(got - sum) <=
				  (n + 1) * v * sum + n * 0x1p-1073L, "%s", name);
		else
			cr_assert(got > DBL_MAX / 3, "%s", name);
	}
}

Test(mathlib_blas1, sums_of_squares_are_within_their_bounds)
{
	arena_each_variant(&ml_snrm2_operation, snrm2_test);
	arena_each_variant(&ml_dnrm2_operation, dnrm2_test);
}

static bool snrm2_right(float (*fn)(size_t, const float *), size_t n,
			struct ml_random *random)
{
	const float *x = floats(n, random);
	size_t r = ml_roundings(n), i;
	long double norm = 0;
	float got = fn(n, x);

	for (i = 0; i < n; i++)
		norm += (long double)x[i] * x[i];
	norm = sqrtl(norm);
	if (norm > FLT_MAX)
		return got == INFINITY || got == FLT_MAX;
	return fabsl(got - norm) <=
	       (0x1p-24 + 2 * (double)(r + 2) * v) * norm + 0x1p-150;
}

static bool dnrm2_right(double (*fn)(size_t, const double *), size_t n,
			struct ml_random *random)
{
	const double *x = doubles(n, random);
	double ru = (double)(ml_roundings(n) + 3) * v;
	long double norm = 0;
	double got = fn(n, x);
	size_t i;

	for (i = 0; i < n; i++)
		norm += (long double)x[i] * x[i];
	norm = sqrtl(norm);
	if (norm > DBL_MAX * (1 - (long double)ru))
		return got >= DBL_MAX * (1 - 2 * ru);
	return fabsl(got - norm) <= ru / (1 - ru) * norm * 1.001L + 0x1p-1075L;
}

Test(mathlib_blas1, norms_neither_overflow_nor_underflow)
{
	struct ml_random random = { operands_seed() };
	int i;

	for (i = 0; i < 4 * ROUNDS; i++) {
		size_t n = arena_length(&random, 3000);

		cr_assert(snrm2_right(ml_snrm2, n, &random));
		cr_assert(dnrm2_right(ml_dnrm2, n, &random));
	}
	for (i = 0; i < 40; i++) {
		cr_assert(snrm2_right(ml_snrm2, ML_PIECE + 3000, &random));
		cr_assert(dnrm2_right(ml_dnrm2, ML_PIECE + 3000, &random));
	}
}

Test(mathlib_blas1, norms_of_what_is_not_finite)
{
	const double special[4] = { 1, INFINITY, -INFINITY, NAN };
	const float single[4] = { 1, INFINITY, -INFINITY, NAN };
	const double large[4] = { DBL_MAX, DBL_MAX / 2, 0, 0 };
	const double small[4] = { 3 * 0x1p-1074, 4 * 0x1p-1074, 0, 0 };

	cr_assert_eq(ml_dnrm2(3, special), INFINITY);
	cr_assert(isnan(ml_dnrm2(4, special)));
	cr_assert_eq(ml_snrm2(3, single), INFINITY);
	cr_assert(isnan(ml_snrm2(4, single)));
	cr_assert_eq(ml_dnrm2(2, large), INFINITY);
	cr_assert_eq(ml_dnrm2(1, large), DBL_MAX);
	cr_assert_eq(ml_dnrm2(4, small), 5 * 0x1p-1074);
	cr_assert_eq(ml_dnrm2(2, small + 2), 0);
	cr_assert_eq(ml_dnrm2(0, NULL), 0);
	cr_assert_eq(ml_snrm2(0, NULL), 0);
}

/* --- controls: broken variants, and the same checker --------------------------- */

/* In single precision where double is promised. */
static double ddot_single(size_t n, const double *x, const double *y)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += (double)(float)(x[i] * y[i]);
	return sum;
}

/* Reads y where beta is 0, so that NaN survives. */
static void sgemv_reads_y(size_t m, size_t n, float alpha, const float *a,
			  size_t lda, const float *x, float beta, float *y)
{
	size_t i;

	for (i = 0; beta == 0 && i < m; i++)
		y[i] *= beta;
	ml_sgemv(m, n, alpha, a, lda, x, beta == 0 ? 1 : beta, y);
}

static double dnrm2_naive(size_t n, const double *x)
{
	return sqrt(ml_ddot(n, x, x));
}

static float snrm2_naive(size_t n, const float *x)
{
	return sqrtf(ml_sdot(n, x, x));
}

/* Rounds up to a whole vector of two. */
static void daxpy_overruns(size_t n, double a, const double *x, double *y)
{
	size_t i;

	for (i = 0; i < (n + 1) / 2 * 2; i++)
		((volatile double *)y)[i] += a * ((const volatile double *)x)[i];
}

Test(mathlib_blas1, broken_variants_are_found)
{
	struct ml_random random = { operands_seed() };
	bool single = false, reads = false, naive = false, naive_f = false;
	int i;

	for (i = 0; i < ROUNDS && !(single && reads && naive && naive_f); i++) {
		single |= !d_dot_right(ddot_single, &random);
		reads |= !s_gemv_right(sgemv_reads_y, &random);
		naive |= !dnrm2_right(dnrm2_naive, 100, &random);
		naive_f |= !snrm2_right(snrm2_naive, 100, &random);
	}
	cr_assert(single && reads && naive && naive_f);
}

Test(mathlib_blas1, an_overrun_hits_the_guard_page, .exit_code = 42)
{
	struct ml_random random = { operands_seed() };
	int i;

	arena_exit_on_segv();
	for (i = 0; i < ROUNDS; i++)
		d_axpy_right(daxpy_overruns, &random);
}
