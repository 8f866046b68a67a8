/* SPDX-License-Identifier: MIT */
/*
 * bench_mathlib - how fast each variant is, and what a call through isahp costs
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <problem.h>

#include "turns.h"

#define CONTESTANTS_MAX 8

/* What a step of the ISA should bring sgemm in cache, at least. */
#define GOAL_STEP 2.0

static void run(const struct contestant *c, void *job, unsigned long calls)
{
	struct ml_problem *p = job;
	unsigned long i;

	if (c->fn) {
		for (i = 0; i < calls; i++)
			ml_problem_call(p, c->fn);
	} else {
		for (i = 0; i < calls; i++)
			ml_problem_call_operation(p);
	}
}

/* Does each of them compute the right thing? */
static int check(const struct contestant *c, size_t count, struct ml_problem *p)
{
	size_t i, index;

	for (i = 0; i < count; i++) {
		ml_problem_reset(p);
		run(&c[i], p, 1);
		if (ml_problem_wrong(p, &index))
			return -EBADMSG;
	}
	return 0;
}

static const struct contestant *find(const struct contestant *c, size_t count,
				     const char *name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strcmp(c[i].name, name))
			return &c[i];
	}
	return NULL;
}

static void add_result(struct turns *t, const struct ml_problem *p,
		       const char *what, const struct contestant *c,
		       const char *peer_name, const struct contestant *peer,
		       double goal)
{
	struct bench_row row = {
		.value = (double)ml_problem_flops(p) / c->median_ns,
		.unit = "GFLOP/s",
	};

	snprintf(row.name, sizeof(row.name), "%s-%zu-%s", ml_op_name(p->op), p->n,
		 what);
	if (peer) {
		snprintf(row.peer, sizeof(row.peer), "%s", peer_name);
		row.ratio = peer->median_ns / c->median_ns;
		row.goal = goal;
	}
	bench_add(&t->bench, row);
}

static void add_variants(struct turns *t, const struct ml_problem *p,
			 const struct contestant *c, size_t count)
{
	const struct contestant *plain = find(c, count, "c");
	const struct contestant *sse2 = find(c, count, "sse2");
	size_t i;

	for (i = 0; i < count; i++) {
		const char *name = c[i].name;

		add_result(t, p, name, &c[i], "c", &c[i] == plain ? NULL : plain, 0);
		if (!strcmp(name, "avx2"))
			add_result(t, p, "avx2-over-sse2", &c[i], "sse2", sse2,
				   p->op == ML_SGEMM && p->n >= 64 ? GOAL_STEP : 0);
	}
}

/* Direct variants first, then the A/A twin and the call of the one in use. */
static int one_problem(struct turns *t, struct ml_problem *p)
{
	static struct contestant c[CONTESTANTS_MAX];
	const struct isahp_operation *o = ml_op_operation(p->op);
	const struct isahp_variant *chosen = isahp_operation_variant(o);
	const struct contestant *direct;
	char peer[32];
	size_t i, n = 0;
	int ret;

	for (i = 0; i < o->variant_count && n < CONTESTANTS_MAX - 2; i++) {
		const struct isahp_variant *v = &o->variants[i];

		if (ml_variant_runs(v))
			c[n++] = (struct contestant){ .name = v->name,
						      .fn = v->fn };
	}
	c[n] = (struct contestant){ .name = "twin", .fn = chosen->fn };
	c[n + 1] = (struct contestant){ .name = "isahp" };
	ret = check(c, n + 2, p);
	if (ret)
		return ret;
	turns_measure(t, c, n + 2, run, p);
	direct = find(c, n, chosen->name);
	add_variants(t, p, c, n);
	snprintf(peer, sizeof(peer), "%s, direct", chosen->name);
	add_result(t, p, "isahp", &c[n + 1], peer, direct,
		   direct->median_ns < TURNS_LONG_CALL_NS ? 0 : TURNS_GOAL_CALL);
	turns_twins(t, direct, &c[n]);
	return 0;
}

static float *alloc(size_t count, void *arg)
{
	size_t bytes = (count * sizeof(float) + 63) / 64 * 64;

	(void)arg;
	/* Room behind for what TCG's masked loads read; see demo/workers.c. */
	return aligned_alloc(64, bytes + 64);
}

static int one_size(struct turns *t, enum ml_op op, size_t n)
{
	struct ml_problem p = { .op = op, .m = n, .n = n, .k = n, .lda = n,
				.ldb = n, .ldc = n, .alpha = 0.5f };
	struct ml_random random = { 1 };
	int ret;

	ret = ml_problem_alloc(&p, alloc, NULL);
	if (ret)
		goto out;
	ml_problem_fill(&p, &random, 1);
	ml_problem_solve(&p);
	ret = one_problem(t, &p);
out:
	ml_problem_free(&p);
	return ret;
}

static int all_sizes(struct turns *t)
{
	static const size_t sizes[ML_OPS][4] = {
		[ML_SGEMM] = { 16, 32, 128, 512 },
		[ML_SDOT] = { 64, 512, 4096, 262144 },
		[ML_SAXPY] = { 64, 512, 4096, 262144 },
	};
	int op, ret;
	size_t i;

	for (op = 0; op < ML_OPS; op++) {
		if (!turns_wants(t, ml_op_name(op)))
			continue;
		for (i = 0; i < sizeof(sizes[0]) / sizeof(sizes[0][0]); i++) {
			ret = one_size(t, op, sizes[op][i]);
			if (ret)
				return ret;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct turns t = { .rounds = 15, .round_ns = 4e6 };
	int ret;

	bench_init(&t.bench, "mathlib");
	ret = turns_parse(&t, "GFLOP/s of each variant, and of calls through isahp.",
			  argc, argv);
	if (ret)
		return ret - 1;
	ret = all_sizes(&t);
	if (ret) {
		fprintf(stderr, "bench_mathlib: %s\n", ret == -EBADMSG ?
			"a variant computes wrong results; run the mathlib tests" :
			strerror(-ret));
		return EXIT_FAILURE;
	}
	return turns_end(&t);
}
