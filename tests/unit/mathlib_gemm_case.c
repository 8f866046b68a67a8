/* SPDX-License-Identifier: MIT */
#include "mathlib_gemm_case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

double gemm_case_element(const struct gemm_case *g, const void *x, size_t index)
{
	if (g->size == sizeof(float))
		return ((const float *)x)[index];
	return ((const double *)x)[index];
}

static void set(const struct gemm_case *g, void *x, size_t index, double value)
{
	if (g->size == sizeof(float))
		((float *)x)[index] = (float)value;
	else
		((double *)x)[index] = value;
}

static size_t length(size_t rows, size_t cols, size_t ld, bool transposed)
{
	size_t down = transposed ? cols : rows, across = transposed ? rows : cols;

	return down && across ? (down - 1) * ld + across : 0;
}

static void *room(struct gemm_case *g, size_t count)
{
	void *p = operands_alloc(count * g->size / sizeof(float), &g->memory);

	cr_assert_not_null(p);
	return p;
}

static void randomise(const struct gemm_case *g, void *x, size_t count,
		      struct ml_random *random, double scale)
{
	size_t i;

	for (i = 0; i < count; i++)
		set(g, x, i, scale * ((double)ml_random_unit(random) +
				      0x1p-26 * (double)ml_random_unit(random)));
}

void gemm_case_fill(struct gemm_case *g, struct ml_random *random, double scale)
{
	g->memory = (struct operands){ .at_end = ml_random_below(random, 2) };
	g->a_len = length(g->m, g->k, g->lda, g->ta);
	g->b_len = length(g->k, g->n, g->ldb, g->tb);
	g->c_len = length(g->m, g->n, g->ldc, false);
	g->a = room(g, g->a_len);
	g->b = room(g, g->b_len);
	g->c = room(g, g->c_len);
	g->before = room(g, g->c_len);
	randomise(g, g->a, g->a_len, random, scale);
	randomise(g, g->b, g->b_len, random, scale);
	randomise(g, g->before, g->c_len, random, scale);
	gemm_case_reset(g);
}

/* At most two: more, and most results are NaN. */
static void spoil(const struct gemm_case *g, void *x, size_t count,
		  struct ml_random *random)
{
	static const double values[] = { NAN, INFINITY, -INFINITY };
	size_t i = ml_random_below(random, 3);

	for (; count && i < 2; i++)
		set(g, x, ml_random_below(random, count),
		    values[ml_random_below(random, 3)]);
}

/* Around multiples of what tiles and vectors have; now and then beyond a block. */
static size_t side(struct ml_random *random, size_t small, size_t block)
{
	static const size_t steps[] = { 4, 6, 8, 12, 16, 32 };

	switch (ml_random_below(random, 16)) {
	case 0:
		return ml_random_below(random, 3);
	case 1:
		return block - 2 + ml_random_below(random, 20);
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
		return steps[ml_random_below(random, 6)] *
			       (1 + ml_random_below(random, 3)) -
		       1 + ml_random_below(random, 3);
	default:
		return ml_random_below(random, small);
	}
}

static double factor(struct ml_random *random)
{
	static const double values[] = { 0, 1, 1, -1 };
	size_t pick = ml_random_below(random, 8);

	return pick < 4 ? values[pick] : 4 * (double)ml_random_unit(random);
}

static size_t leading(struct ml_random *random, size_t least)
{
	return least + ml_random_below(random, 2) * ml_random_below(random, 9);
}

static void shape(struct gemm_case *g, struct ml_random *random)
{
	g->m = side(random, 60, 144);
	g->k = side(random, 60, 256);
	g->n = side(random, 90, ml_random_below(random, 2) ? 1024 : 384);
	/* At most one of them large, for time's sake. */
	if (g->m * g->n * g->k > 4000000)
		g->n = 1 + g->n % 32;
	g->ta = ml_random_below(random, 3) ? ML_PLAIN : ML_TRANSPOSED;
	g->tb = ml_random_below(random, 3) ? ML_PLAIN : ML_TRANSPOSED;
	g->lda = leading(random, g->ta ? g->m : g->k);
	g->ldb = leading(random, g->tb ? g->k : g->n);
	g->ldc = leading(random, g->n);
	g->alpha = factor(random);
	g->beta = factor(random);
	if (g->size == sizeof(float)) {
		g->alpha = (double)(float)g->alpha;
		g->beta = (double)(float)g->beta;
	}
}

void gemm_case_make(struct gemm_case *g, struct ml_random *random, size_t size,
		    bool special)
{
	/* Sometimes so small that products underflow. */
	double tiny = size == sizeof(float) ? 0x1p-70 : 0x1p-520;

	*g = (struct gemm_case){ .size = size };
	shape(g, random);
	gemm_case_fill(g, random, ml_random_below(random, 8) ? 1 : tiny);
	if (special) {
		spoil(g, g->a, g->a_len, random);
		spoil(g, g->b, g->b_len, random);
		spoil(g, g->before, g->c_len, random);
		gemm_case_reset(g);
	}
}

void gemm_case_free(struct gemm_case *g)
{
	operands_free(&g->memory);
}

void gemm_case_reset(struct gemm_case *g)
{
	if (g->c_len)
		memcpy(g->c, g->before, g->c_len * g->size);
}

/* --- the truth --------------------------------------------------------------- */

static double a_at(const struct gemm_case *g, size_t i, size_t p)
{
	return gemm_case_element(g, g->a, g->ta ? p * g->lda + i : i * g->lda + p);
}

static double b_at(const struct gemm_case *g, size_t p, size_t j)
{
	return gemm_case_element(g, g->b, g->tb ? j * g->ldb + p : p * g->ldb + j);
}

/* Give or take: half of what two variants may differ by. */
static long double truth(const struct gemm_case *g, size_t i, size_t j,
			 long double *ret_bound)
{
	long double sum = 0, size = 0, old;
	size_t p;

	for (p = 0; p < g->k && g->alpha != 0; p++) {
		long double x = (long double)a_at(g, i, p) * b_at(g, p, j);

		sum += x;
		size += fabsl(x);
	}
	sum *= g->alpha;
	size *= fabs(g->alpha);
	if (g->beta != 0) {
		old = gemm_case_element(g, g->before, i * g->ldc + j);
		sum += g->beta * old;
		size += fabsl(g->beta * old);
	}
	*ret_bound = (g->size == sizeof(float) ?
			      ml_bound(g->k + 2, (double)size, g->alpha) :
			      ml_bound_double(g->k + 2, (double)size, g->alpha)) /
		     2 * 1.001L;
	return sum;
}

static bool right(double got, long double expect, long double bound)
{
	if (isnan(expect) || isinf(expect))
		return isnan(expect) ? isnan(got) : (long double)got == expect;
	return fabsl(got - expect) <= bound;
}

size_t gemm_case_wrong(const struct gemm_case *g, const char *who, size_t step)
{
	size_t wrong = 0, at;

	for (at = 0; at < g->c_len; at += step) {
		double got = gemm_case_element(g, g->c, at);
		long double expect, bound = 0;
		size_t i = at / g->ldc, j = at % g->ldc;

		if (j >= g->n) {
			if (!memcmp((char *)g->c + at * g->size,
				    (char *)g->before + at * g->size, g->size))
				continue;
			expect = gemm_case_element(g, g->before, at);
		} else {
			expect = truth(g, i, j, &bound);
			if (right(got, expect, bound))
				continue;
		}
		if (!wrong++)
			fprintf(stderr, "%s, %zu bytes: m=%zu n=%zu k=%zu ta=%d "
				"tb=%d lda=%zu ldb=%zu ldc=%zu alpha=%a beta=%a: "
				"[%zu][%zu] is %a, not %La +- %La\n", who, g->size,
				g->m, g->n, g->k, g->ta, g->tb, g->lda, g->ldb,
				g->ldc, g->alpha, g->beta, i, j, got, expect,
				bound);
	}
	return wrong;
}

/* --- calls -------------------------------------------------------------------- */

void gemm_case_call(struct gemm_case *g, isahp_fn fn)
{
	if (g->size == sizeof(float) && fn)
		ml_sgemm_by(fn, g->ta, g->tb, g->m, g->n, g->k, (float)g->alpha,
			    g->a, g->lda, g->b, g->ldb, (float)g->beta, g->c,
			    g->ldc);
	else if (g->size == sizeof(float))
		ml_sgemm(g->ta, g->tb, g->m, g->n, g->k, (float)g->alpha, g->a,
			 g->lda, g->b, g->ldb, (float)g->beta, g->c, g->ldc);
	else if (fn)
		ml_dgemm_by(fn, g->ta, g->tb, g->m, g->n, g->k, g->alpha, g->a,
			    g->lda, g->b, g->ldb, g->beta, g->c, g->ldc);
	else
		ml_dgemm(g->ta, g->tb, g->m, g->n, g->k, g->alpha, g->a, g->lda,
			 g->b, g->ldb, g->beta, g->c, g->ldc);
}

void gemm_case_packed(struct gemm_case *g, isahp_fn fn, const struct ml_packed *b)
{
	if (g->size == sizeof(float))
		ml_sgemm_packed_by(fn, b, g->ta, g->m, (float)g->alpha, g->a,
				   g->lda, (float)g->beta, g->c, g->ldc);
	else
		ml_dgemm_packed_by(fn, b, g->ta, g->m, g->alpha, g->a, g->lda,
				   g->beta, g->c, g->ldc);
}

void gemm_case_planned(struct gemm_case *g, const struct ml_plan *plan)
{
	if (g->size == sizeof(float))
		ml_sgemm_packed(plan, g->ta, g->m, (float)g->alpha, g->a, g->lda,
				(float)g->beta, g->c, g->ldc);
	else
		ml_dgemm_packed(plan, g->ta, g->m, g->alpha, g->a, g->lda,
				g->beta, g->c, g->ldc);
}

struct ml_plan *gemm_case_plan(const struct gemm_case *g)
{
	struct ml_plan *plan = NULL;

	if (g->size == sizeof(float))
		cr_assert_eq(ml_sgemm_pack(g->tb, g->k, g->n, g->b, g->ldb,
					   &plan), 0);
	else
		cr_assert_eq(ml_dgemm_pack(g->tb, g->k, g->n, g->b, g->ldb,
					   &plan), 0);
	return plan;
}

void gemm_case_lay_out(struct gemm_case *g, uint32_t layout, struct ml_packed *ret)
{
	size_t columns = (g->n + layout - 1) / layout * layout;
	void *data = room(g, g->k * columns);
	size_t block, j, p, v, at = 0;

	for (block = 0; block < g->k; block += ML_PACKED_ROWS) {
		size_t end = block + ML_PACKED_ROWS < g->k ?
				     block + ML_PACKED_ROWS : g->k;

		for (j = 0; j < columns; j += layout) {
			for (p = block; p < end; p++) {
				for (v = j; v < j + layout; v++)
					set(g, data, at++,
					    v < g->n ? b_at(g, p, v) : 0);
			}
		}
	}
	*ret = (struct ml_packed){ .version = ML_PACKED_VERSION,
				   .layout = layout,
				   .element = (uint32_t)g->size,
				   .k = g->k, .n = g->n, .data = data };
}
