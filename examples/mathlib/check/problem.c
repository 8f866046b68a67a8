/* SPDX-License-Identifier: MIT */
#include "problem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef float (*sdot_fn)(size_t, const float *, const float *);
typedef void (*saxpy_fn)(size_t, float, const float *, float *);

static const char *const names[ML_OPS] = {
	[ML_SGEMM] = "sgemm",
	[ML_SDOT] = "sdot",
	[ML_SAXPY] = "saxpy",
};

const char *ml_op_name(enum ml_op op)
{
	return names[op];
}

struct isahp_operation *ml_op_operation(enum ml_op op)
{
	switch (op) {
	case ML_SGEMM:
		return &ml_sgemm_operation;
	case ML_SDOT:
		return &ml_sdot_operation;
	default:
		return &ml_saxpy_operation;
	}
}

const struct isahp_variant *ml_op_variant(enum ml_op op, const char *name)
{
	const struct isahp_operation *operation = ml_op_operation(op);
	size_t i;

	for (i = 0; i < operation->variant_count; i++) {
		if (!strcmp(operation->variants[i].name, name))
			return &operation->variants[i];
	}
	return NULL;
}

static bool needs(const struct isahp_variant *v, enum isahp_feature feature)
{
	return v->needs.word[feature / 64] >> (feature % 64) & 1;
}

/* What the compiler's runtime calls it must be a literal. */
#define RUNS(v, feature, name)                                                 \
	(!needs(v, ISAHP_FEATURE_##feature) || __builtin_cpu_supports(name))

bool ml_variant_runs(const struct isahp_variant *v)
{
	__builtin_cpu_init();
	return RUNS(v, SSSE3, "ssse3") && RUNS(v, SSE4_2, "sse4.2") &&
	       RUNS(v, POPCNT, "popcnt") && RUNS(v, PCLMULQDQ, "pclmul") &&
	       RUNS(v, AVX2, "avx2") && RUNS(v, FMA, "fma") &&
	       RUNS(v, VPCLMULQDQ, "vpclmulqdq") &&
	       RUNS(v, AVX512F, "avx512f") && RUNS(v, AVX512BW, "avx512bw") &&
	       RUNS(v, AVX512VL, "avx512vl") && RUNS(v, AVX512VBMI, "avx512vbmi") &&
	       RUNS(v, AVX512_VNNI, "avx512vnni") &&
	       RUNS(v, AVX512_VPOPCNTDQ, "avx512vpopcntdq");
}

uint64_t ml_random_u64(struct ml_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

size_t ml_random_below(struct ml_random *random, size_t limit)
{
	return ml_random_u64(random) % limit;
}

float ml_random_unit(struct ml_random *random)
{
	return (float)(ml_random_u64(random) >> 40) * 0x1p-23f - 1;
}

/* Floats that a matrix spans: the last row has no gap after it. */
static size_t span(size_t rows, size_t cols, size_t ld)
{
	return rows && cols ? (rows - 1) * ld + cols : 0;
}

static void set_lengths(struct ml_problem *p)
{
	p->a_len = p->b_len = p->out_len = p->n;
	if (p->op == ML_SGEMM) {
		p->a_len = p->ta ? span(p->k, p->m, p->lda) :
				   span(p->m, p->k, p->lda);
		p->b_len = p->tb ? span(p->n, p->k, p->ldb) :
				   span(p->k, p->n, p->ldb);
		p->out_len = span(p->m, p->n, p->ldc);
	} else if (p->op == ML_SDOT) {
		p->out_len = 1;
	} else {
		p->b_len = 0;
	}
}

int ml_problem_alloc(struct ml_problem *p, float *(*alloc)(size_t, void *),
		     void *arg)
{
	set_lengths(p);
	p->a = alloc(p->a_len, arg);
	p->b = alloc(p->b_len, arg);
	p->out = alloc(p->out_len, arg);
	p->initial = alloc(p->out_len, arg);
	p->expect = alloc(p->out_len, arg);
	p->bound = alloc(p->out_len, arg);
	if (!p->a || !p->b || !p->out || !p->initial || !p->expect || !p->bound)
		return -ENOMEM;
	return 0;
}

void ml_problem_free(struct ml_problem *p)
{
	free(p->a);
	free(p->b);
	free(p->out);
	free(p->initial);
	free(p->expect);
	free(p->bound);
}

static void fill(float *x, size_t n, struct ml_random *random, float scale)
{
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = scale * ml_random_unit(random);
}

void ml_problem_fill(struct ml_problem *p, struct ml_random *random, float scale)
{
	fill(p->a, p->a_len, random, scale);
	fill(p->b, p->b_len, random, scale);
	fill(p->initial, p->out_len, random, scale);
}

static double magnitude(double x)
{
	return __builtin_fabs(x);
}

/*
 * The bound as a float that is not below it. 0 where the result is not finite:
 * there only the same will do.
 */
static float bound_of(double bound, float expect)
{
	union {
		float f;
		uint32_t u;
	} x = { .f = (float)bound };

	if (!(magnitude(expect) < __builtin_inf()))
		return 0;
	if (x.u < 0x7f800000)
		x.u++;
	return x.f;
}

static double sum_products(const float *x, size_t stepx, const float *y,
			   size_t stepy, size_t n)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += magnitude((double)x[i * stepx] * (double)y[i * stepy]);
	return sum;
}

static void bound_sgemm(struct ml_problem *p)
{
	size_t a_row = p->ta ? 1 : p->lda, a_col = p->ta ? p->lda : 1;
	size_t b_row = p->tb ? 1 : p->ldb, b_col = p->tb ? p->ldb : 1;
	size_t i, j;

	memset(p->bound, 0, p->out_len * sizeof(float));
	for (i = 0; i < p->m; i++) {
		for (j = 0; j < p->n; j++) {
			size_t at = i * p->ldc + j;
			double sum = 0;

			if (p->alpha != 0)
				sum += magnitude(p->alpha) *
				       sum_products(p->a + i * a_row, a_col,
						    p->b + j * b_col, b_row,
						    p->k);
			if (p->beta != 0)
				sum += magnitude((double)p->beta * p->initial[at]);
			p->bound[at] = bound_of(ml_bound(p->k + 2, sum, p->alpha),
						p->expect[at]);
		}
	}
}

void ml_problem_solve(struct ml_problem *p)
{
	size_t i;

	ml_problem_reset(p);
	ml_problem_call(p, ml_op_variant(p->op, "c")->fn);
	if (p->out_len)
		memcpy(p->expect, p->out, p->out_len * sizeof(float));
	if (p->op == ML_SDOT) {
		p->bound[0] = bound_of(ml_bound(p->n,
			sum_products(p->a, 1, p->b, 1, p->n), 1), p->expect[0]);
	} else if (p->op == ML_SAXPY) {
		for (i = 0; i < p->n; i++)
			p->bound[i] = bound_of(ml_bound(2,
				magnitude((double)p->alpha * p->a[i]) +
				magnitude(p->initial[i]), 1), p->expect[i]);
	} else if (p->out_len) {
		bound_sgemm(p);
	}
}

void ml_problem_reset(struct ml_problem *p)
{
	size_t i;

	/*
	 * No memcpy, here and in what else runs for each call: libc bound its
	 * own to the CPU of program start, and this must run on any.
	 */
	for (i = 0; i < p->out_len; i++)
		p->out[i] = p->initial[i];
}

void ml_problem_call(struct ml_problem *p, isahp_fn fn)
{
	switch (p->op) {
	case ML_SGEMM:
		ml_sgemm_by(fn, p->ta, p->tb, p->m, p->n, p->k, p->alpha, p->a,
			    p->lda, p->b, p->ldb, p->beta, p->out, p->ldc);
		break;
	case ML_SDOT:
		p->out[0] = ((sdot_fn)fn)(p->n, p->a, p->b);
		break;
	default:
		((saxpy_fn)fn)(p->n, p->alpha, p->a, p->out);
	}
}

void ml_problem_call_operation(struct ml_problem *p)
{
	switch (p->op) {
	case ML_SGEMM:
		ml_sgemm(p->ta, p->tb, p->m, p->n, p->k, p->alpha, p->a, p->lda,
			 p->b, p->ldb, p->beta, p->out, p->ldc);
		break;
	case ML_SDOT:
		p->out[0] = ml_sdot(p->n, p->a, p->b);
		break;
	default:
		ml_saxpy(p->n, p->alpha, p->a, p->out);
	}
}

/* A NaN compares as too far away. */
static bool near(float got, float expect, float bound)
{
	return __builtin_fabsf(got - expect) <= bound;
}

/* What the quick comparison does not accept may still be the same NaN or Inf. */
static bool same_kind(float got, float expect)
{
	return got == expect || (got != got && expect != expect);
}

size_t ml_problem_wrong(const struct ml_problem *p, size_t *ret_index)
{
	size_t wrong = 0, far = 0, i;

	for (i = 0; i < p->out_len; i++)
		far += !near(p->out[i], p->expect[i], p->bound[i]);
	if (!far)
		return 0;
	for (i = 0; i < p->out_len; i++) {
		if (near(p->out[i], p->expect[i], p->bound[i]) ||
		    same_kind(p->out[i], p->expect[i]))
			continue;
		if (!wrong++)
			*ret_index = i;
	}
	return wrong;
}

uint64_t ml_problem_flops(const struct ml_problem *p)
{
	return p->op == ML_SGEMM ? 2 * (uint64_t)p->m * p->n * p->k :
				   2 * (uint64_t)p->n;
}
