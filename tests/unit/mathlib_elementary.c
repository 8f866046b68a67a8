/* SPDX-License-Identifier: MIT */
/*
 * exp, log and sin: each variant is within the stated bound of the truth, for
 * operands of all kinds, gives the same bits as plain C, and touches nothing
 * outside its operands.
 *
 * By hand, MATHLIB_STRIDE=1 goes through all 2^32 floats, and MATHLIB_STRIDE=8
 * with MATHLIB_START=0 to 7 does so in eight runs.
 */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mathlib_arena.h"
#include "mathlib_operands.h"

#define ROUNDS 400

/**
 * struct reference - a function of the C library
 * @exact: accurate to some 2^-63;
 * @close: to some 2^-52.
 */
struct reference {
	const char *name;
	long double (*exact)(long double x);
	double (*close)(double x);
};

static const struct reference exp_reference = { "exp", expl, exp };
static const struct reference log_reference = { "log", logl, log };
static const struct reference sin_reference = { "sin", sinl, sin };

#define T float
#define BITS uint32_t
#define DIGITS 24
#define LEAST -149
#define LIMIT 128
#define NAME(x) s_##x
#include "mathlib_elementary_type.h"

#define T double
#define BITS uint64_t
#define DIGITS 53
#define LEAST -1074
#define LIMIT 1024
#define NAME(x) d_##x
#include "mathlib_elementary_type.h"

Test(mathlib_elementary, exp_of_floats)
{
	s_each(&ml_sexp_operation, &exp_reference, ML_SEXP_ULP);
}

Test(mathlib_elementary, exp_of_doubles)
{
	d_each(&ml_dexp_operation, &exp_reference, ML_DEXP_ULP);
}

Test(mathlib_elementary, log_of_floats)
{
	s_each(&ml_slog_operation, &log_reference, ML_SLOG_ULP);
}

Test(mathlib_elementary, log_of_doubles)
{
	d_each(&ml_dlog_operation, &log_reference, ML_DLOG_ULP);
}

Test(mathlib_elementary, sin_of_floats)
{
	s_each(&ml_ssin_operation, &sin_reference, ML_SSIN_ULP);
}

Test(mathlib_elementary, sin_of_doubles)
{
	d_each(&ml_dsin_operation, &sin_reference, ML_DSIN_ULP);
}

/* --- all floats, or one of so many --------------------------------------------- */

#define BLOCK 4096

static uint64_t given(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* As s_off(), but quick where it is easily told: in the exponents' middle. */
static double quick_off(float got, double exact)
{
	uint64_t exponent = d_bits(exact) & 0x7ff0000000000000ull;

	if (!(fabs(exact) > 0x1p-100 && fabs(exact) < 0x1p100))
		return s_off(got, (long double)exact);
	return fabs((double)got - exact) *
	       d_of_bits(((2046ull << 52) - exponent) + (23ull << 52));
}

static void block(const struct isahp_operation *op, const struct reference *of,
		  const float *x, size_t n, double *worst)
{
	static float first[BLOCK], y[BLOCK];
	size_t i, ran = 0;

	for (i = 0; i < op->variant_count; i++) {
		const struct isahp_variant *v = &op->variants[i];

		if (!ml_variant_runs(v))
			continue;
		((s_fn)v->fn)(n, x, ran ? y : first);
		if (ran++)
			cr_assert_eq(memcmp(first, y, n * sizeof(*y)), 0,
				     "%s differs", v->name);
	}
	for (i = 0; i < n; i++) {
		double off = quick_off(first[i], of->close((double)x[i]));

		*worst = off > *worst ? off : *worst;
	}
}

static void all_floats(const struct isahp_operation *op,
		       const struct reference *of, double bound)
{
	struct ml_random random = { operands_seed() };
	uint64_t step = given("MATHLIB_STRIDE", 8191);
	uint64_t at = given("MATHLIB_START", ml_random_below(&random, step));
	static float x[BLOCK];
	double worst = 0;
	uint64_t count = 0;

	while (at < 1ull << 32) {
		size_t n;

		for (n = 0; n < BLOCK && at < 1ull << 32; n++, at += step)
			x[n] = s_of_bits((uint32_t)at);
		count += n;
		block(op, of, x, n, &worst);
		cr_assert_leq(worst, bound, "%s: off by %.4f ulp between %a and %a",
			      op->name, worst, (double)x[0], (double)x[n - 1]);
	}
	fprintf(stderr, "%s: %llu floats, at most %.4f ulp\n", op->name,
		(unsigned long long)count, worst);
}

Test(mathlib_elementary, exp_of_all_floats)
{
	all_floats(&ml_sexp_operation, &exp_reference, ML_SEXP_ULP);
}

Test(mathlib_elementary, log_of_all_floats)
{
	all_floats(&ml_slog_operation, &log_reference, ML_SLOG_ULP);
}

Test(mathlib_elementary, sin_of_all_floats)
{
	all_floats(&ml_ssin_operation, &sin_reference, ML_SSIN_ULP);
}

/* --- the functions, piece by piece ---------------------------------------------- */

Test(mathlib_elementary, pieces_make_up_the_whole)
{
	static const size_t lengths[] = { 0, 1, ML_ELEMENTARY_PIECE - 1,
					  ML_ELEMENTARY_PIECE,
					  ML_ELEMENTARY_PIECE + 1,
					  3 * ML_ELEMENTARY_PIECE + 77 };
	struct ml_random random = { operands_seed() };
	size_t i, j;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t n = lengths[i];
		double *x = arena_get(0, n * sizeof(*x), &random);
		double *y = arena_get(1, n * sizeof(*y), &random);
		float *sx = arena_get(2, n * sizeof(*sx), &random);
		float *sy = arena_get(3, n * sizeof(*sy), &random);

		for (j = 0; j < n; j++) {
			x[j] = d_number(&random);
			sx[j] = s_number(&random);
		}
		ml_dexp(n, x, y);
		ml_sexp(n, sx, sy);
		for (j = 0; j < n; j++)
			cr_assert(d_off(y[j], expl(x[j])) <= ML_DEXP_ULP &&
				  s_off(sy[j], expl(sx[j])) <= ML_SEXP_ULP);
		ml_dsin(n, x, y);
		ml_ssin(n, sx, sy);
		for (j = 0; j < n; j++)
			cr_assert(d_off(y[j], sinl(x[j])) <= ML_DSIN_ULP &&
				  s_off(sy[j], sinl(sx[j])) <= ML_SSIN_ULP);
		memcpy(y, x, n * sizeof(*x));
		memcpy(sy, sx, n * sizeof(*sx));
		ml_dlog(n, x, x);
		ml_slog(n, sx, sx);
		for (j = 0; j < n; j++)
			cr_assert(d_off(x[j], logl(y[j])) <= ML_DLOG_ULP &&
				  s_off(sx[j], logl(sy[j])) <= ML_SLOG_ULP);
		cr_assert(arena_intact(0) && arena_intact(1) && arena_intact(2) &&
			  arena_intact(3));
	}
}

/* --- controls: broken variants, and the same checker --------------------------- */

/* pi to 53 bits only. */
static void dsin_short_pi(size_t n, const double *x, double *y)
{
	size_t i;

	for (i = 0; i < n; i++)
		y[i] = sin(fmod(x[i], 2 * 3.14159265358979323846));
}

/* Without the low part of ln(2). */
static void dexp_short_ln2(size_t n, const double *x, double *y)
{
	size_t i;

	for (i = 0; i < n; i++) {
		double k = rint(x[i] * 1.44269504088896341);

		y[i] = k > -1000 && k < 1000 ?
			       ldexp(exp(x[i] - k * 0x1.62e42fefa39efp-1), (int)k) :
			       exp(x[i]);
	}
}

static void slog_no_subnormals(size_t n, const float *x, float *y)
{
	size_t i;

	for (i = 0; i < n; i++)
		y[i] = x[i] < FLT_MIN && x[i] > 0 ? -INFINITY : (float)log(x[i]);
}

/* Off by one bit, but within the bound: not the same bits. */
static void dlog_other_bits(size_t n, const double *x, double *y)
{
	size_t i;

	for (i = 0; i < n; i++)
		y[i] = (double)logl(x[i]);
}

static void sexp_overruns(size_t n, const float *x, float *y)
{
	size_t i;

	for (i = 0; i < (n + 1) / 2 * 2; i++)
		((volatile float *)y)[i] = ((const volatile float *)x)[i];
}

#define BROKEN(p, op, broken, bound)                                           \
	static bool broken##_is_found(struct ml_random *random)                \
	{                                                                      \
		const struct isahp_operation *o = &ml_##p##op##_operation;     \
		p##_fn c = (p##_fn)o->variants[o->variant_count - 1].fn;       \
		double worst = 0;                                              \
		int i;                                                         \
									       \
		/* Compared with itself, by the bound alone; or with C. */     \
		for (i = 0; i < 10 * ROUNDS; i++) {                            \
			if (!p##_right(broken, bound ? broken : c,             \
				       &op##_reference, bound ? bound : 8,     \
				       random, &worst))                        \
				return true;                                   \
		}                                                              \
		return false;                                                  \
	}

BROKEN(d, sin, dsin_short_pi, ML_DSIN_ULP)
BROKEN(d, exp, dexp_short_ln2, ML_DEXP_ULP)
BROKEN(s, log, slog_no_subnormals, ML_SLOG_ULP)
BROKEN(d, log, dlog_other_bits, 0)

Test(mathlib_elementary, broken_variants_are_found)
{
	struct ml_random random = { operands_seed() };

	cr_assert(dsin_short_pi_is_found(&random));
	cr_assert(dexp_short_ln2_is_found(&random));
	cr_assert(slog_no_subnormals_is_found(&random));
	cr_assert(dlog_other_bits_is_found(&random));
}

Test(mathlib_elementary, an_overrun_hits_the_guard_page, .exit_code = 42)
{
	struct ml_random random = { operands_seed() };
	double worst = 0;
	int i;

	arena_exit_on_segv();
	for (i = 0; i < ROUNDS; i++)
		s_right(sexp_overruns, sexp_overruns, &exp_reference, INFINITY,
			&random, &worst);
}
