/* SPDX-License-Identifier: MIT */
/*
 * Matrix products: every variant, on plain, transposed and packed operands, is
 * as near to the truth as <mathlib/gemm.h> says and touches nothing else; so is
 * one that goes from variant to variant, and one that gets no work space. The
 * checker that says so finds broken ones.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mathlib_arena.h"
#include "mathlib_gemm_case.h"
#include "examples/mathlib/src/gemm/gemm.h"

/* An unoptimised build is 30 times as slow. */
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS 12
#define WORKERS 10
#else
#define ROUNDS 250
#define WORKERS 40
#endif

static struct isahp_operation *const operations[] = {
	&ml_sgemm_operation,
	&ml_dgemm_operation,
};

static const struct {
	struct isahp_operation *op;
	size_t size;
	uint32_t layout;
} packed[] = {
	{ &ml_sgemm_packed_nr8_operation, sizeof(float), 8 },
	{ &ml_sgemm_packed_nr16_operation, sizeof(float), 16 },
	{ &ml_sgemm_packed_nr32_operation, sizeof(float), 32 },
	{ &ml_dgemm_packed_nr4_operation, sizeof(double), 4 },
	{ &ml_dgemm_packed_nr8_operation, sizeof(double), 8 },
	{ &ml_dgemm_packed_nr16_operation, sizeof(double), 16 },
};

#define PACKED (sizeof(packed) / sizeof(packed[0]))

static size_t size_of(const struct isahp_operation *op)
{
	return op == &ml_sgemm_operation ? sizeof(float) : sizeof(double);
}

typedef size_t (*trial)(struct ml_random *random, const struct isahp_variant *v,
			size_t which, bool special);

static size_t plain_trial(struct ml_random *random, const struct isahp_variant *v,
			  size_t which, bool special)
{
	struct gemm_case g;
	size_t wrong;

	gemm_case_make(&g, random, size_of(operations[which]), special);
	gemm_case_call(&g, v->fn);
	wrong = gemm_case_wrong(&g, v->name, 1);
	gemm_case_free(&g);
	return wrong;
}

static size_t packed_trial(struct ml_random *random, const struct isahp_variant *v,
			   size_t which, bool special)
{
	struct ml_packed b;
	struct gemm_case g;
	size_t wrong;

	gemm_case_make(&g, random, packed[which].size, special);
	gemm_case_lay_out(&g, packed[which].layout, &b);
	gemm_case_packed(&g, v->fn, &b);
	wrong = gemm_case_wrong(&g, packed[which].op->name, 1);
	gemm_case_free(&g);
	return wrong;
}

/** struct trials - of one operation, the @which-th of its kind */
struct trials {
	trial try;
	size_t which;
	bool special;
};

static void trials_of(const struct isahp_variant *v, void *arg)
{
	struct ml_random random = { operands_seed() };
	const struct trials *t = arg;
	int round;

	for (round = 0; round < ROUNDS; round++)
		cr_assert_eq(t->try(&random, v, t->which, t->special), 0, "%s",
			     v->name);
}

static void all_variants(const struct isahp_operation *op, trial try,
			 size_t which, bool special)
{
	struct trials t = { try, which, special };

	arena_each_variant_of(op, trials_of, &t);
}

Test(mathlib_gemm, sgemm_is_within_the_bound_of_the_truth)
{
	all_variants(operations[0], plain_trial, 0, false);
}

Test(mathlib_gemm, dgemm_is_within_the_bound_of_the_truth)
{
	all_variants(operations[1], plain_trial, 1, false);
}

Test(mathlib_gemm, sgemm_carries_nan_and_inf)
{
	all_variants(operations[0], plain_trial, 0, true);
}

Test(mathlib_gemm, dgemm_carries_nan_and_inf)
{
	all_variants(operations[1], plain_trial, 1, true);
}

Test(mathlib_gemm, each_layout_is_served_by_each_of_its_variants)
{
	size_t i;

	for (i = 0; i < PACKED; i++)
		all_variants(packed[i].op, packed_trial, i, i % 2);
}

Test(mathlib_gemm, each_operation_ends_with_a_variant_that_needs_nothing)
{
	size_t i, w;

	for (i = 0; i < PACKED; i++) {
		const struct isahp_operation *op = packed[i].op;

		for (w = 0; w < ISAHP_FEATURE_WORDS; w++)
			cr_expect_eq(op->variants[op->variant_count - 1].needs.word[w],
				     0);
	}
}

/* As BLAS has it: what is multiplied by nothing may be anything, or missing. */
Test(mathlib_gemm, what_is_not_read_may_be_missing)
{
	float c[3 * 40], before[3 * 40];
	int i;

	for (i = 0; i < 120; i++)
		before[i] = c[i] = (float)i - 4;
	ml_sgemm(ML_PLAIN, ML_PLAIN, 3, 40, 0, 1, NULL, 0, NULL, 40, 1, c, 40);
	ml_sgemm(ML_PLAIN, ML_PLAIN, 3, 40, 7, 0, NULL, 7, NULL, 40, 1, c, 40);
	cr_assert_arr_eq(c, before, sizeof(c));
	ml_sgemm(ML_PLAIN, ML_PLAIN, 0, 40, 7, 1, NULL, 7, NULL, 40, 0, NULL, 40);
	ml_sgemm(ML_PLAIN, ML_PLAIN, 3, 0, 7, 1, NULL, 7, NULL, 0, 0, NULL, 0);
	for (i = 0; i < 120; i++)
		c[i] = NAN;
	ml_sgemm(ML_TRANSPOSED, ML_PLAIN, 3, 40, 7, 0, NULL, 3, NULL, 40, 0, c, 40);
	for (i = 0; i < 120; i++)
		cr_assert_eq(c[i], 0);
	for (i = 0; i < 120; i++)
		c[i] = NAN;
	ml_sgemm(ML_PLAIN, ML_PLAIN, 3, 40, 0, 5, NULL, 0, NULL, 40, 0, c, 40);
	for (i = 0; i < 120; i++)
		cr_assert_eq(c[i], 0);
}

/* --- plans -------------------------------------------------------------------- */

Test(mathlib_gemm, a_plan_holds_what_the_header_says)
{
	struct ml_random random = { operands_seed() };
	const struct ml_packed *got;
	struct ml_packed expect;
	struct ml_plan *plan;
	struct gemm_case g;
	size_t bytes;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		gemm_case_make(&g, &random, round % 2 ? 4 : 8, true);
		if (!g.k || !g.n) {
			gemm_case_free(&g);
			continue;
		}
		plan = gemm_case_plan(&g);
		got = ml_plan_get(plan);
		gemm_case_lay_out(&g, got->layout, &expect);
		bytes = g.k * g.size * ((g.n + got->layout - 1) / got->layout *
					got->layout);
		cr_assert_eq(memcmp(got->data, expect.data, bytes), 0);
		cr_assert_eq((uintptr_t)got->data % 64, 0);
		cr_assert_not_null(ml_packed_operation(got));
		gemm_case_planned(&g, plan);
		cr_assert_eq(gemm_case_wrong(&g, "plan", 1), 0);
		ml_packed_put(got);
		ml_plan_free(plan);
		gemm_case_free(&g);
	}
}

Test(mathlib_gemm, an_impossible_plan_is_refused)
{
	struct ml_plan *plan = NULL;
	float one = 1;

	cr_expect_eq(ml_sgemm_pack(ML_PLAIN, 0, 1, &one, 1, &plan), -EINVAL);
	cr_expect_eq(ml_sgemm_pack(ML_PLAIN, 1, 0, &one, 1, &plan), -EINVAL);
	cr_expect_eq(ml_sgemm_pack(ML_PLAIN, 1, 1, NULL, 1, &plan), -EINVAL);
	cr_expect_eq(ml_sgemm_pack(ML_PLAIN, SIZE_MAX / 8, SIZE_MAX / 8, &one, 1,
				   &plan), -ENOMEM);
	cr_expect_eq(ml_sgemm_pack(ML_PLAIN, 1, SIZE_MAX - 1, &one, 1, &plan),
		     -ENOMEM);
	cr_expect_null(plan);
	ml_plan_free(NULL);
}

/* --- from variant to variant -------------------------------------------------- */

static const struct isahp_variant *any_variant(struct ml_random *random,
					       const struct isahp_operation *op)
{
	const struct isahp_variant *v;

	do {
		v = &op->variants[ml_random_below(random, op->variant_count)];
	} while (!ml_variant_runs(v));
	return v;
}

/* What the library does when its operation moves on after each block. */
static unsigned int by_turns(struct ml_random *random, const struct gemm_case *g,
			     const struct isahp_operation *op, const void *b,
			     size_t panel)
{
	static char work_a[1 << 20], work_b[1 << 20];
	static const uint32_t version = 1;
	struct ml_gemm p = {
		.m = g->m, .n = g->n, .k = g->k,
		.alpha = g->alpha, .beta = g->beta, .a = g->a,
		.a_row = g->ta ? 1 : g->lda, .a_col = g->ta ? g->lda : 1,
		.b = b, .panel = panel,
		.b_row = g->tb ? 1 : g->ldb, .b_col = g->tb ? g->ldb : 1,
		.c = g->c, .ldc = g->ldc, .work_b = work_b,
		/* Small blocks, unless a layout says otherwise. */
		.kc = panel ? ML_PACKED_ROWS : 1 + ml_random_below(random, 100),
		.nc = ML_GEMM_NR * (1 + ml_random_below(random, 3)),
		.version = &version,
	};
	unsigned int turns = 0;

	if (ml_random_below(random, 2))
		p.work_a = work_a;
	p.direct = !panel && p.b_col == 1 && ml_random_below(random, 2);
	while (!((ml_gemm_fn)any_variant(random, op)->fn)(&p))
		turns++;
	return turns;
}

Test(mathlib_gemm, a_product_goes_on_by_another_variant_after_any_block)
{
	struct ml_random random = { operands_seed() };
	unsigned int turns = 0;
	struct ml_packed b;
	struct gemm_case g;
	int round;

	for (round = 0; round < 4 * ROUNDS; round++) {
		size_t which = ml_random_below(&random, PACKED);
		const struct isahp_operation *op = packed[which].op;

		gemm_case_make(&g, &random, packed[which].size, round % 3 == 0);
		gemm_case_lay_out(&g, packed[which].layout, &b);
		if (g.m && g.n && g.k && g.alpha != 0) {
			if (round % 2)
				turns += by_turns(&random, &g, op, b.data, b.layout);
			else
				turns += by_turns(&random, &g,
						  operations[g.size == 8], g.b, 0);
			cr_assert_eq(gemm_case_wrong(&g, "turns", 1), 0);
		}
		gemm_case_free(&g);
	}
	fprintf(stderr, "%u changes of variant\n", turns);
	cr_assert_gt(turns, (unsigned int)ROUNDS);
}

/* --- without work space ------------------------------------------------------- */

#define CASES 8

/* Large enough for work space, whose size is 600 KB at least. */
static void make_cases(struct gemm_case *cases)
{
	struct ml_random random = { operands_seed() };
	int i;

	for (i = 0; i < CASES; i++) {
		struct gemm_case *g = &cases[i];

		*g = (struct gemm_case){ .size = i & 1 ? 4 : 8,
					 .ta = i & 2 ? ML_TRANSPOSED : ML_PLAIN,
					 .tb = i & 4 ? ML_TRANSPOSED : ML_PLAIN,
					 .m = 70, .n = 500, .k = 300,
					 .ldc = 500, .alpha = 1.5, .beta = -1 };
		g->lda = g->ta ? g->m : g->k;
		g->ldb = g->tb ? g->k : g->n;
		gemm_case_fill(g, &random, 1);
	}
}

static void *multiply_all(void *arg)
{
	struct gemm_case *cases = arg;
	size_t wrong = 0;
	size_t i, v;

	for (i = 0; i < CASES; i++) {
		struct gemm_case *g = &cases[i];
		const struct isahp_operation *op = operations[g->size == 8];

		for (v = 0; v < op->variant_count; v++) {
			if (!ml_variant_runs(&op->variants[v]))
				continue;
			gemm_case_reset(g);
			gemm_case_call(g, op->variants[v].fn);
			wrong += gemm_case_wrong(g, op->variants[v].name, 7);
		}
	}
	return (void *)wrong;
}

/* Pages of address space in use. */
static size_t mapped(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	size_t pages = 0;

	cr_assert_eq(fscanf(statm, "%zu", &pages), 1);
	fclose(statm);
	return pages;
}

Test(mathlib_gemm, without_memory_for_work_space_results_are_right)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), before;
	struct gemm_case cases[CASES];
	pthread_attr_t attr;
	struct rlimit limit;
	pthread_t thread;
	void *wrong;

#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("the sanitizer's mappings are beyond any limit");
#endif
	make_cases(cases);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	before = mapped();
	limit.rlim_cur = limit.rlim_max = before * page + (400 << 10);
	cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
	cr_assert_eq(mmap(NULL, 600000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0), MAP_FAILED, "there is memory");
	cr_assert_eq(pthread_create(&thread, &attr, multiply_all, cases), 0);
	pthread_join(thread, &wrong);
	cr_assert_eq((size_t)wrong, 0);
}

Test(mathlib_gemm, work_space_goes_with_its_thread)
{
	struct gemm_case cases[CASES];
	pthread_t thread;
	size_t before = 0;
	void *wrong;
	int i;

	make_cases(cases);
	for (i = 0; i < WORKERS; i++) {
		if (i == 4)
			before = mapped();
		cr_assert_eq(pthread_create(&thread, NULL, multiply_all, cases), 0);
		pthread_join(thread, &wrong);
		cr_assert_eq((size_t)wrong, 0);
	}
	/* 36 threads' would be 9,000 pages and more. */
	if (WORKERS >= 40)
		cr_assert_lt(mapped(), before + 1000);
}

/* --- controls ------------------------------------------------------------------ */

static void must_be_found(size_t (*how)(struct gemm_case *, struct ml_random *))
{
	struct ml_random random = { operands_seed() };
	struct gemm_case g;
	size_t wrong = 0;
	int round;

	for (round = 0; round < 8 * ROUNDS && !wrong; round++) {
		gemm_case_make(&g, &random, round % 2 ? 4 : 8, round % 4 == 0);
		wrong = how(&g, &random);
		gemm_case_free(&g);
	}
	cr_assert_gt(wrong, 0);
}

static size_t forget_a_column(struct gemm_case *g, struct ml_random *random)
{
	size_t n = g->n;

	(void)random;
	g->n -= n % 2;
	gemm_case_call(g, NULL);
	g->n = n;
	return gemm_case_wrong(g, "control", 1);
}

Test(mathlib_gemm, a_forgotten_column_is_found)
{
	must_be_found(forget_a_column);
}

static size_t write_between_rows(struct gemm_case *g, struct ml_random *random)
{
	(void)random;
	gemm_case_call(g, NULL);
	if (g->m > 1 && g->ldc > g->n && g->n)
		((char *)g->c)[g->n * g->size] ^= 1;
	return gemm_case_wrong(g, "control", 1);
}

Test(mathlib_gemm, a_write_between_rows_is_found)
{
	must_be_found(write_between_rows);
}

/* One product of all is off by a few units of the last place of the sum. */
static size_t lose_bits(struct gemm_case *g, struct ml_random *random)
{
	double off = g->size == 4 ? 0x1p-10 : 0x1p-39;

	(void)random;
	gemm_case_call(g, NULL);
	if (g->c_len && g->size == 4)
		((float *)g->c)[0] *= (float)(1 + off);
	else if (g->c_len)
		((double *)g->c)[0] *= 1 + off;
	return gemm_case_wrong(g, "control", 1);
}

Test(mathlib_gemm, lost_bits_are_found)
{
	must_be_found(lose_bits);
}

static size_t read_c(struct gemm_case *g, struct ml_random *random)
{
	double beta = g->beta;

	(void)random;
	if (beta != 0)
		return 0;
	/* NaN * 0 is NaN. */
	g->beta = 0x1p-149;
	gemm_case_call(g, NULL);
	g->beta = beta;
	return gemm_case_wrong(g, "control", 1);
}

Test(mathlib_gemm, nan_of_an_unread_c_is_found)
{
	must_be_found(read_c);
}

static size_t mistake_the_layout(struct gemm_case *g, struct ml_random *random)
{
	size_t which = g->size == 4 ? 1 : 4;
	struct ml_packed b;

	(void)random;
	gemm_case_lay_out(g, packed[which + 1].layout, &b);
	b.layout = packed[which].layout;
	gemm_case_packed(g, ml_packed_operation(&b)->variants[2].fn, &b);
	return gemm_case_wrong(g, "control", 1);
}

Test(mathlib_gemm, a_call_by_the_wrong_layout_is_found)
{
	must_be_found(mistake_the_layout);
}

static size_t overrun(struct gemm_case *g, struct ml_random *random)
{
	(void)random;
	g->n++;
	gemm_case_call(g, NULL);
	return 0;
}

Test(mathlib_gemm, an_overrun_hits_the_guard_page, .exit_code = 42)
{
	arena_exit_on_segv();
	must_be_found(overrun);
}
