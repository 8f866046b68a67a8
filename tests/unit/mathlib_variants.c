/* SPDX-License-Identifier: MIT */
/*
 * Every variant agrees with plain C within the stated bound, touches nothing
 * outside its operands, and the checker that says so finds broken ones.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mathlib_arena.h"
#include "mathlib_operands.h"

#define ROUNDS 1500

/* One random problem, solved by @fn: how many elements are wrong? */
static size_t trial(struct ml_random *random, enum ml_op op, isahp_fn fn,
		    void (*spoil)(struct ml_problem *, struct ml_random *))
{
	struct ml_problem p = operands_shape(random, op);
	struct operands o = { .at_end = ml_random_below(random, 2) };
	size_t wrong, index = 0;

	cr_assert_eq(ml_problem_alloc(&p, operands_alloc, &o), 0);
	ml_problem_fill(&p, random, operands_scale(random));
	if (spoil)
		spoil(&p, random);
	ml_problem_solve(&p);
	ml_problem_reset(&p);
	ml_problem_call(&p, fn);
	wrong = ml_problem_wrong(&p, &index);
	if (wrong)
		fprintf(stderr, "%s m=%zu n=%zu k=%zu lda=%zu ldb=%zu ldc=%zu "
			"alpha=%a beta=%a: %zu wrong, first [%zu] is %a, not "
			"%a +- %a\n", ml_op_name(op), p.m, p.n, p.k, p.lda,
			p.ldb, p.ldc, p.alpha, p.beta, wrong, index,
			p.out[index], p.expect[index], p.bound[index]);
	operands_free(&o);
	return wrong;
}

/** struct trials - of one operation */
struct trials {
	enum ml_op op;
	void (*spoil)(struct ml_problem *, struct ml_random *);
};

static void trials_of(const struct isahp_variant *v, void *arg)
{
	struct ml_random random = { operands_seed() };
	const struct trials *t = arg;
	int round;

	for (round = 0; round < ROUNDS; round++)
		cr_assert_eq(trial(&random, t->op, v->fn, t->spoil), 0, "%s of %s",
			     v->name, ml_op_name(t->op));
}

static void all_variants(enum ml_op op,
			 void (*spoil)(struct ml_problem *, struct ml_random *))
{
	struct trials t = { op, spoil };

	arena_each_variant_of(ml_op_operation(op), trials_of, &t);
}

Test(mathlib_variants, sgemm_agrees_with_plain_c)
{
	all_variants(ML_SGEMM, NULL);
}

Test(mathlib_variants, sdot_agrees_with_plain_c)
{
	all_variants(ML_SDOT, NULL);
}

Test(mathlib_variants, saxpy_agrees_with_plain_c)
{
	all_variants(ML_SAXPY, NULL);
}

static void spoil(float *x, size_t n, struct ml_random *random)
{
	static const float special[] = { NAN, INFINITY, -INFINITY };
	size_t i = ml_random_below(random, 3);

	/* At most two: more, and most results are NaN. */
	for (; n && i < 2; i++)
		x[ml_random_below(random, n)] = special[ml_random_below(random, 3)];
}

static void spoil_all(struct ml_problem *p, struct ml_random *random)
{
	spoil(p->a, p->a_len, random);
	spoil(p->b, p->b_len, random);
	spoil(p->initial, p->out_len, random);
}

Test(mathlib_variants, sgemm_carries_nan_and_inf_as_plain_c_does)
{
	all_variants(ML_SGEMM, spoil_all);
}

Test(mathlib_variants, sdot_carries_nan_and_inf_as_plain_c_does)
{
	all_variants(ML_SDOT, spoil_all);
}

Test(mathlib_variants, saxpy_carries_nan_and_inf_as_plain_c_does)
{
	all_variants(ML_SAXPY, spoil_all);
}

/* --- plain C itself --------------------------------------------------------- */

static double exact_element(const struct ml_problem *p, size_t i, size_t j)
{
	double sum = 0;
	size_t q;

	for (q = 0; p->alpha != 0 && q < p->k; q++)
		sum += (double)p->a[p->ta ? q * p->lda + i : i * p->lda + q] *
		       p->b[p->tb ? j * p->ldb + q : q * p->ldb + j];
	sum *= p->alpha;
	if (p->beta != 0)
		sum += (double)p->beta * p->initial[i * p->ldc + j];
	return sum;
}

Test(mathlib_variants, plain_sgemm_is_within_half_the_bound_of_the_truth)
{
	struct ml_random random = { operands_seed() };
	int round;

	for (round = 0; round < ROUNDS; round++) {
		struct ml_problem p = operands_shape(&random, ML_SGEMM);
		struct operands o = { .at_end = 1 };
		size_t i, j;

		cr_assert_eq(ml_problem_alloc(&p, operands_alloc, &o), 0);
		ml_problem_fill(&p, &random, operands_scale(&random));
		ml_problem_solve(&p);
		for (i = 0; i < p.m; i++) {
			for (j = 0; j < p.n; j++) {
				size_t at = i * p.ldc + j;

				cr_assert_leq(fabs(p.expect[at] -
						   exact_element(&p, i, j)),
					      p.bound[at] / 2 * 1.000001);
			}
		}
		operands_free(&o);
	}
}

Test(mathlib_variants, plain_sdot_and_saxpy_compute_what_they_say)
{
	const float x[3] = { 1, 2, 3 }, y[3] = { 4, 5, -6 };
	float z[3] = { 4, 5, -6 };

	cr_assert_eq(((float (*)(size_t, const float *, const float *))
		      ml_op_variant(ML_SDOT, "c")->fn)(3, x, y), -4);
	((void (*)(size_t, float, const float *, float *))
	 ml_op_variant(ML_SAXPY, "c")->fn)(3, 2, x, z);
	cr_assert(z[0] == 6 && z[1] == 9 && z[2] == 0);
}

/* --- controls: broken variants, and the same checker ----------------------- */

/* Sums in another precision: the last bits of each product are lost. */
static float sdot_coarse(size_t n, const float *x, const float *y)
{
	float sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += x[i] * y[i] * (1 + 0x1p-12f);
	return sum;
}

/* Rounds up to a whole vector of four. */
static void saxpy_overruns(size_t n, float a, const float *x, float *y)
{
	size_t i;

	for (i = 0; i < (n + 3) / 4 * 4; i++)
		((volatile float *)y)[i] += a * ((const volatile float *)x)[i];
}

static void must_be_found(enum ml_op op, isahp_fn fn,
			  void (*how)(struct ml_problem *, struct ml_random *))
{
	struct ml_random random = { operands_seed() };
	size_t wrong = 0;
	int round;

	for (round = 0; round < ROUNDS && !wrong; round++)
		wrong = trial(&random, op, fn, how);
	cr_assert_gt(wrong, 0);
}

Test(mathlib_variants, lost_bits_are_found)
{
	must_be_found(ML_SDOT, (isahp_fn)sdot_coarse, NULL);
}

Test(mathlib_variants, an_overrun_hits_the_guard_page, .exit_code = 42)
{
	struct ml_random random = { operands_seed() };
	int round;

	arena_exit_on_segv();
	for (round = 0; round < ROUNDS; round++)
		trial(&random, ML_SAXPY, (isahp_fn)saxpy_overruns, NULL);
}

/* --- where code lies -------------------------------------------------------- */

Test(mathlib_variants, each_variant_lies_in_the_section_of_its_name)
{
	int op;
	size_t i;

	for (op = 0; op < ML_OPS; op++) {
		const struct isahp_operation *o = ml_op_operation(op);

		for (i = 0; i < o->variant_count; i++)
			cr_assert_str_eq(ml_code_variant((uintptr_t)o->variants[i].fn),
					 o->variants[i].name);
	}
	cr_assert_null(ml_code_variant((uintptr_t)ml_code_variant));
	cr_assert_null(ml_code_variant((uintptr_t)memcpy));
	cr_assert_null(ml_code_variant(0));
}
