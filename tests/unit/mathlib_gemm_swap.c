/* SPDX-License-Identifier: MIT */
/*
 * Products while the CPU changes under them: results stay right, packed
 * operands follow, old ones are freed, and no product holds up a removal until
 * its end. One that does, a control, is noticed.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mathlib_gemm_host.h"

#define THREADS 3
#define TRIES 20

/* An unoptimised build is 30 times as slow. */
#ifdef __SANITIZE_ADDRESS__
#define LARGE_ROWS 200
#define SMALL_ROWS 20
#define ROUNDS 3
#else
#define LARGE_ROWS 4000
#define SMALL_ROWS 150
#define ROUNDS 12
#endif

TestSuite(mathlib_gemm_swap, .init = setup, .fini = teardown, .timeout = 110);

/* --- products all the time --------------------------------------------------- */

/**
 * struct worker - a thread that multiplies with a plan that others use too
 * @done: products so far.
 * @wrong: elements.
 */
struct worker {
	pthread_t thread;
	struct gemm_case g;
	const struct ml_plan *plan;
	unsigned int done;
	size_t wrong;
};

static int stop;

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		gemm_case_reset(&w->g);
		gemm_case_planned(&w->g, w->plan);
		w->wrong += gemm_case_wrong(&w->g, "planned", 97);
		gemm_case_reset(&w->g);
		gemm_case_call(&w->g, NULL);
		w->wrong += gemm_case_wrong(&w->g, "called", 97);
		__atomic_add_fetch(&w->done, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Plans come and go while others are laid out anew. */
static void *churn(void *arg)
{
	struct ml_random random = { operands_seed() };
	struct gemm_case g;
	struct ml_plan *plan;
	size_t *wrong = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		gemm_case_make(&g, &random, ml_random_below(&random, 2) ? 4 : 8,
			       false);
		if (g.k && g.n) {
			plan = gemm_case_plan(&g);
			gemm_case_planned(&g, plan);
			*wrong += gemm_case_wrong(&g, "churn", 1);
			ml_plan_free(plan);
		}
		gemm_case_free(&g);
	}
	return NULL;
}

static void make_case(struct gemm_case *g, size_t size, size_t m)
{
	struct ml_random random = { 1 };

	*g = (struct gemm_case){ .size = size, .m = m, .n = 333, .k = 520,
				 .lda = 520, .ldb = 333, .ldc = 340,
				 .alpha = 0.5, .beta = 2 };
	gemm_case_fill(g, &random, 1);
}

/* One B for all of a precision, as they share the plan. */
static void make_workers(struct worker *w, struct ml_plan *plan[2], size_t m)
{
	int i;

	for (i = 0; i < THREADS * 2; i++) {
		make_case(&w[i].g, i % 2 ? 8 : 4, m + 7 * (size_t)i);
		memcpy(w[i].g.b, w[i % 2].g.b, w[i].g.b_len * w[i].g.size);
	}
	plan[0] = gemm_case_plan(&w[0].g);
	plan[1] = gemm_case_plan(&w[1].g);
	for (i = 0; i < THREADS * 2; i++)
		w[i].plan = plan[i % 2];
}

static void progress(struct worker *w)
{
	unsigned int before[THREADS * 2], i;

	for (i = 0; i < THREADS * 2; i++)
		before[i] = __atomic_load_n(&w[i].done, __ATOMIC_ACQUIRE);
	for (i = 0; i < THREADS * 2; i++)
		eventually(__atomic_load_n(&w[i].done, __ATOMIC_ACQUIRE) >
			   before[i] + 1);
}

static void check_layouts(struct ml_plan *const plan[2], const struct host *h)
{
	cr_assert_eq(layout_of(plan[0]), h->layout[0]);
	cr_assert_eq(layout_of(plan[1]), h->layout[1]);
}

static void migrate(struct worker *w, struct ml_plan *const plan[2])
{
	const struct host *const hosts[] = { &narrow, &bare, &wide };
	size_t i;

	for (i = 0; i < 3; i++) {
		if (i < 2) {
			leave_for(hosts[i]);
			/* Before the acknowledgement, not some time after. */
			check_layouts(plan, hosts[i]);
		}
		arrive_at(hosts[i]);
		eventually(layout_of(plan[0]) == hosts[i]->layout[0]);
		eventually(layout_of(plan[1]) == hosts[i]->layout[1]);
		progress(w);
	}
}

Test(mathlib_gemm_swap, operands_follow_under_products_that_stay_right)
{
	static struct worker w[THREADS * 2];
	struct ml_plan *plan[2];
	size_t mapped, wrong = 0;
	pthread_t churner;
	int i, round;

	/* Each operand of a plan is a mapping of its own, and counted. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	make_workers(w, plan, SMALL_ROWS);
	check_layouts(plan, now);
	mapped = mallinfo2().hblks;
	stop = 0;
	for (i = 0; i < THREADS * 2; i++)
		cr_assert_eq(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	cr_assert_eq(pthread_create(&churner, NULL, churn, &wrong), 0);
	for (round = 0; round < ROUNDS; round++)
		migrate(w, plan);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(churner, NULL);
	for (i = 0; i < THREADS * 2; i++) {
		pthread_join(w[i].thread, NULL);
		wrong += w[i].wrong;
		gemm_case_free(&w[i].g);
	}
	cr_assert_eq(wrong, 0);
	cr_assert_eq(mallinfo2().hblks, mapped, "%zu operands were not freed",
		     mallinfo2().hblks - mapped);
	ml_plan_free(plan[0]);
	ml_plan_free(plan[1]);
}

/* --- a long product ------------------------------------------------------------ */

/**
 * struct large - a product of 33 GFLOP in a thread
 * @how: to compute it.
 */
struct large {
	struct gemm_case g;
	struct ml_plan *plan;
	void (*how)(struct large *l);
};

static volatile float *element(const struct large *l, size_t i, size_t j)
{
	return (volatile float *)l->g.c + i * l->g.ldc + j;
}

static void large_make(struct large *l, void (*how)(struct large *))
{
	struct ml_random random = { operands_seed() };

	*l = (struct large){ .how = how };
	l->g = (struct gemm_case){ .size = 4, .m = LARGE_ROWS, .n = 2048,
				   .k = 2048, .lda = 2048, .ldb = 2048,
				   .ldc = 2048, .alpha = 1, .beta = 0 };
	gemm_case_fill(&l->g, &random, 1);
	l->plan = gemm_case_plan(&l->g);
}

static void large_free(struct large *l)
{
	ml_plan_free(l->plan);
	gemm_case_free(&l->g);
}

static void *large_thread(void *arg)
{
	struct large *l = arg;

	l->how(l);
	return NULL;
}

/*
 * While it computes, the host changes: was that acknowledged before its last
 * element was there? Depends on who runs when: there is more than one try.
 */
static bool acknowledged_under_way(struct large *l, const struct host *h)
{
	volatile float *last = element(l, l->g.m - 1, l->g.n - 1);
	pthread_t thread;
	bool under_way;

	*element(l, 0, 0) = NAN;
	*last = NAN;
	cr_assert_eq(pthread_create(&thread, NULL, large_thread, l), 0);
	while (isnan(*element(l, 0, 0)))
		usleep(100);
	leave_for(h);
	under_way = isnan(*last);
	arrive_at(h);
	pthread_join(thread, NULL);
	cr_assert_eq(gemm_case_wrong(&l->g, "large", 200003), 0);
	arrive_at(&wide);
	return under_way;
}

static bool ever_under_way(struct large *l, int tries)
{
	bool yes = false;

	while (!yes && tries--)
		yes = acknowledged_under_way(l, tries % 2 ? &narrow : &bare);
	return yes;
}

static void by_call(struct large *l)
{
	gemm_case_call(&l->g, NULL);
}

static void by_plan(struct large *l)
{
	gemm_case_planned(&l->g, l->plan);
}

/* As one would who knows regions, and nothing of blocks. */
static void in_one_region(struct large *l)
{
	struct isahp_region region;
	isahp_fn fn = isahp_enter(&ml_sgemm_operation, &region);

	gemm_case_call(&l->g, fn);
	isahp_leave(&region);
}

Test(mathlib_gemm_swap, a_long_product_does_not_hold_up_a_removal)
{
	struct large l;

	large_make(&l, by_call);
	cr_assert(ever_under_way(&l, TRIES));
	large_free(&l);
}

Test(mathlib_gemm_swap, nor_does_one_with_a_plan)
{
	struct large l;

	large_make(&l, by_plan);
	cr_assert(ever_under_way(&l, TRIES));
	large_free(&l);
}

Test(mathlib_gemm_swap, one_that_holds_its_region_does)
{
	struct large l;

	large_make(&l, in_one_region);
	cr_assert_not(ever_under_way(&l, 3));
	large_free(&l);
}

/* An old operand that a product is on outlives the plan's change, and no more. */
Test(mathlib_gemm_swap, an_operand_that_is_held_stays_as_it_is)
{
	const struct ml_packed *held;
	struct ml_plan *plan;
	struct gemm_case g;

	make_case(&g, 4, 100);
	plan = gemm_case_plan(&g);
	held = ml_plan_get(plan);
	leave_for(&bare);
	cr_expect_eq(layout_of(plan), 8);
	cr_expect_eq(held->layout, 32);
	/* By the operation of its layout, which is on another variant now. */
	gemm_case_packed(&g, isahp_operation_variant(ml_packed_operation(held))->fn,
			 held);
	cr_expect_eq(gemm_case_wrong(&g, "held", 1), 0);
	cr_expect_str_eq(isahp_operation_variant(ml_packed_operation(held))->name,
			 "sse2");
	ml_packed_put(held);
	ml_plan_free(plan);
	gemm_case_free(&g);
}

/* --- vetoes, and plans of every moment ----------------------------------------- */

static int refuse(const struct isahp_change *change, void *arg)
{
	uint32_t *layout = arg;

	if (change->kind != ISAHP_CALLBACK_LEAVING)
		return 0;
	*layout = layout_of(*(struct ml_plan **)(layout + 2));
	return -EBUSY;
}

Test(mathlib_gemm_swap, a_veto_brings_the_layout_back)
{
	struct {
		uint32_t layout[2];
		struct ml_plan *plan;
	} arg = { { 0, 0 }, NULL };
	struct isahp_features gone;
	struct gemm_case g;
	__u64 n;

	make_case(&g, 4, 100);
	arg.plan = gemm_case_plan(&g);
	/* After the plans' own. */
	cr_assert_eq(isahp_callback_add(refuse, arg.layout, 10), 0);
	gone = isahp_features_andnot(&now->has, &bare.has);
	n = lib_shim_prepare(&shim, &gone, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_NAK, LONG_MS));
	cr_expect_eq(arg.layout[0], 8);
	cr_expect_eq(layout_of(arg.plan), 32);
	lib_shim_abort(&shim, &wide.has);
	isahp_callback_remove(refuse, arg.layout);
	ml_plan_free(arg.plan);
	gemm_case_free(&g);
}

static struct gemm_case moment;

/* Operations are still where they were. */
static int plan_at_leaving(const struct isahp_change *change, void *arg)
{
	if (change->kind == ISAHP_CALLBACK_LEAVING)
		*(struct ml_plan **)arg = gemm_case_plan(&moment);
	return 0;
}

Test(mathlib_gemm_swap, a_plan_made_while_features_leave_is_made_for_after)
{
	struct ml_plan *early, *amid = NULL, *late;

	make_case(&moment, 4, 100);
	early = gemm_case_plan(&moment);
	cr_assert_eq(isahp_callback_add(plan_at_leaving, &amid, 10), 0);
	leave_for(&narrow);
	late = gemm_case_plan(&moment);
	cr_assert_not_null(amid);
	cr_expect_eq(layout_of(early), 16);
	cr_expect_eq(layout_of(amid), 16);
	cr_expect_eq(generation_of(amid), 0, "laid out twice");
	cr_expect_eq(layout_of(late), 16);
	isahp_callback_remove(plan_at_leaving, &amid);
	ml_plan_free(early);
	ml_plan_free(amid);
	ml_plan_free(late);
	gemm_case_free(&moment);
}

#ifndef __SANITIZE_ADDRESS__ /* gcc 12's may leave a lock of its own held */
static void *hold_often(void *plan)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		ml_packed_put(ml_plan_get(plan));
	return NULL;
}

Test(mathlib_gemm_swap, a_child_can_use_the_plans_it_inherits)
{
	pthread_t thread[THREADS];
	struct ml_plan *plan;
	struct gemm_case g;
	int i, status;
	pid_t child;

	make_case(&g, 4, 2);
	plan = gemm_case_plan(&g);
	stop = 0;
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, hold_often, plan);
	for (i = 0; i < 200; i++) {
		child = fork();
		cr_assert_geq(child, 0);
		if (!child) {
			alarm(10);
			gemm_case_planned(&g, plan);
			_exit(gemm_case_wrong(&g, "child", 7) ? 1 : 0);
		}
		cr_assert_eq(waitpid(child, &status, 0), child);
		cr_assert_eq(status, 0);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	ml_plan_free(plan);
	gemm_case_free(&g);
}
#endif
