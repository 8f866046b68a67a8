/* SPDX-License-Identifier: MIT */
#include "workers.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "line.h"

/* A round: matrices of four shapes, and a long vector now and then. */
#define PROBLEMS 6

/**
 * struct worker - a thread
 * @workers: all of them.
 * @thread: the thread.
 * @index: its number.
 * @call: calls so far.
 * @problem: its own.
 * @counts: written by the thread only, read by any (relaxed): each number is
 *	right, they need not fit together.
 */
struct worker {
	struct demo_workers *workers;
	pthread_t thread;
	unsigned int index;
	uint64_t call;
	struct ml_problem problem[PROBLEMS];
	struct demo_counts counts __attribute__((aligned(64)));
};

/**
 * struct demo_workers - all threads
 * @options: the caller's.
 * @bound: the variants with --bind, else NULL.
 * @started: threads that there are.
 * @stop: no new call.
 * @planted: a wrong result was.
 * @told: a wrong result has been described.
 * @worker: options->threads of them.
 */
struct demo_workers {
	const struct demo_options *options;
	const struct isahp_variant *bound[ML_OPS];
	unsigned int started;
	int stop;
	int planted;
	int told;
	struct worker worker[];
};

/*
 * With room for a vector behind: a masked load touches only what it is asked
 * for, but QEMU's TCG (7.2) reads all of it, and would fault at the end of a
 * mapping.
 */
static float *alloc(size_t count, void *arg)
{
	(void)arg;
	return calloc(count + 8, sizeof(float));
}

static struct ml_problem shape(size_t size, unsigned int which)
{
	static const float factors[][2] = { { 1, 0 }, { 1, 1 }, { -0.5f, 2 },
					    { 3, 0 } };
	struct ml_problem p = { .n = 16 * size, .alpha = 0.75f };

	switch (which) {
	case 1:
		p.op = ML_SDOT;
		return p;
	case 4:
		p.op = ML_SAXPY;
		return p;
	}
	which -= which / 2;
	p.op = ML_SGEMM;
	p.alpha = factors[which][0];
	p.beta = factors[which][1];
	/* Not only multiples of a vector. */
	p.m = size;
	p.n = size - (which == 1 && size > 1);
	p.k = size + (which == 2);
	p.lda = p.k;
	p.ldb = p.n;
	p.ldc = p.n + which;
	return p;
}

static int make_problems(struct worker *w)
{
	const struct demo_options *o = w->workers->options;
	struct ml_random random = { o->seed ^ (uint64_t)w->index << 32 };
	unsigned int i;

	for (i = 0; i < PROBLEMS; i++) {
		struct ml_problem *p = &w->problem[i];

		*p = shape(o->size, i);
		if (ml_problem_alloc(p, alloc, NULL))
			return -ENOMEM;
		ml_problem_fill(p, &random, 1);
		ml_problem_solve(p);
	}
	return 0;
}

static void free_problems(struct worker *w)
{
	unsigned int i;

	for (i = 0; i < PROBLEMS; i++)
		ml_problem_free(&w->problem[i]);
}

/* What serves before an operation is registered, and after. */
static const struct isahp_variant *anywhere(const struct isahp_operation *o)
{
	const struct isahp_variant *v = o->variants;

	while (v->needs.word[0] | v->needs.word[1] | v->needs.word[2] |
	       v->needs.word[3])
		v++;
	return v;
}

/* A region rather than a plain ml_sgemm(), to know which variant served. */
static const struct isahp_variant *call(const struct demo_workers *all,
					struct ml_problem *p)
{
	const struct isahp_variant *variant = all->bound[p->op];
	struct isahp_region region;
	isahp_fn fn;

	if (variant) {
		ml_problem_call(p, variant->fn);
		return variant;
	}
	fn = isahp_enter(ml_op_operation(p->op), &region);
	variant = region.d ? region.d->variant :
			     anywhere(ml_op_operation(p->op));
	ml_problem_call(p, fn);
	isahp_leave(&region);
	return variant;
}

static void add(uint64_t *count, uint64_t n)
{
	__atomic_store_n(count, *count + n, __ATOMIC_RELAXED);
}

/* JSON has no NaN. */
static void add_float(struct line *l, const char *name, float x, bool json)
{
	const char *format = !json	 ? " %s %.9g" :
			     isfinite(x) ? ",\"%s\":%.9g" :
					   ",\"%s\":\"%g\"";

	line_add(l, format, name, (double)x);
}

static void tell_wrong(struct worker *w, const struct ml_problem *p,
		       const struct isahp_variant *variant, size_t index)
{
	bool json = w->workers->options->json;
	struct line l = { 0 };

	if (__atomic_exchange_n(&w->workers->told, 1, __ATOMIC_RELAXED))
		return;
	line_add(&l, json ? "{\"wrong_result\":{\"op\":\"%s\",\"variant\":\"%s\","
			    "\"thread\":%u,\"call\":%llu,\"index\":%zu" :
			    "WRONG %s by %s, thread %u, call %llu, index %zu:",
		 ml_op_name(p->op), variant->name, w->index,
		 (unsigned long long)w->call, index);
	add_float(&l, "expected", p->expect[index], json);
	add_float(&l, "got", p->out[index], json);
	add_float(&l, "bound", p->bound[index], json);
	line_add(&l, json ? "}}" : " (further ones are counted only)");
	line_write(&l);
}

static void plant(struct worker *w, struct ml_problem *p)
{
	p->out[0] = p->expect[0] + 1 + 4 * p->bound[0];
	__atomic_store_n(&w->workers->planted, 1, __ATOMIC_RELAXED);
}

static void work(struct worker *w, struct ml_problem *p)
{
	struct demo_workers *all = w->workers;
	const struct isahp_variant *variant;
	size_t index = 0;

	ml_problem_reset(p);
	variant = call(all, p);
	w->call++;
	if (!w->index && w->call == all->options->plant_wrong)
		plant(w, p);
	if (ml_problem_wrong(p, &index)) {
		tell_wrong(w, p, variant, index);
		add(&w->counts.wrong, 1);
	}
	add(&w->counts.calls[p->op]
		[variant - ml_op_operation(p->op)->variants], 1);
	add(&w->counts.flops, ml_problem_flops(p));
}

static void *run(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	for (;;) {
		for (i = 0; i < PROBLEMS; i++) {
			if (__atomic_load_n(&w->workers->stop, __ATOMIC_RELAXED))
				return NULL;
			work(w, &w->problem[i]);
		}
	}
}

static int bind_all(struct demo_workers *all)
{
	int op;

	for (op = 0; op < ML_OPS; op++) {
		if (ml_op_operation(op)->variant_count > DEMO_VARIANTS)
			return -E2BIG;
		if (all->options->bind)
			all->bound[op] = ml_op_variant(op, all->options->bind);
	}
	return 0;
}

int demo_workers_start(const struct demo_options *options,
		       struct demo_workers **ret_workers)
{
	size_t size = sizeof(struct demo_workers) +
		      options->threads * sizeof(struct worker);
	struct demo_workers *all = aligned_alloc(64, (size + 63) / 64 * 64);
	unsigned int i;
	int ret;

	if (!all)
		return -ENOMEM;
	*all = (struct demo_workers){ .options = options };
	for (i = 0; i < options->threads; i++)
		all->worker[i] = (struct worker){ .workers = all, .index = i };
	ret = bind_all(all);
	for (i = 0; i < options->threads && !ret; i++)
		ret = make_problems(&all->worker[i]);
	for (i = 0; i < options->threads && !ret; i++) {
		ret = -pthread_create(&all->worker[i].thread, NULL, run,
				      &all->worker[i]);
		all->started += !ret;
	}
	if (ret) {
		demo_workers_stop(all);
		demo_workers_free(all);
		return ret;
	}
	*ret_workers = all;
	return 0;
}

static uint64_t count(const uint64_t *from)
{
	return __atomic_load_n(from, __ATOMIC_RELAXED);
}

struct demo_counts demo_workers_count(const struct demo_workers *workers)
{
	struct demo_counts sum = { 0 };
	unsigned int i, v;
	int op;

	for (i = 0; i < workers->options->threads; i++) {
		const struct demo_counts *c = &workers->worker[i].counts;

		for (op = 0; op < ML_OPS; op++) {
			for (v = 0; v < DEMO_VARIANTS; v++)
				sum.calls[op][v] += count(&c->calls[op][v]);
		}
		sum.flops += count(&c->flops);
		sum.wrong += count(&c->wrong);
	}
	return sum;
}

bool demo_workers_planted(const struct demo_workers *workers)
{
	return __atomic_load_n(&workers->planted, __ATOMIC_RELAXED);
}

void demo_workers_stop(struct demo_workers *workers)
{
	__atomic_store_n(&workers->stop, 1, __ATOMIC_RELAXED);
	for (; workers->started; workers->started--)
		pthread_join(workers->worker[workers->started - 1].thread, NULL);
}

void demo_workers_free(struct demo_workers *workers)
{
	unsigned int i;

	if (!workers)
		return;
	for (i = 0; i < workers->options->threads; i++)
		free_problems(&workers->worker[i]);
	free(workers);
}
