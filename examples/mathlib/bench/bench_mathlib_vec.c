/* SPDX-License-Identifier: MIT */
/*
 * bench_mathlib_vec - how fast each variant of blas1, bits, igemm, elementary
 * and fft is, and what their public functions cost, which go through long
 * operands in pieces
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <problem.h>

#include "turns.h"
#include "vec_jobs.h"

#define CONTESTANTS_MAX 9

/** struct sized - a job of a size */
struct sized {
	const struct vec_job *job;
	size_t size;
};

static void run(const struct contestant *c, void *job, unsigned long calls)
{
	const struct sized *s = job;
	unsigned long i;

	for (i = 0; i < calls; i++) {
		if (c->fn)
			s->job->variant(c->fn, s->size);
		else
			c->call(s->size);
	}
}

static void add(struct turns *t, const struct vec_job *job, size_t size,
		const struct contestant *c, const struct contestant *peer,
		double goal)
{
	struct bench_row row = {
		.value = job->work(size) / c->median_ns,
		.unit = job->unit,
	};

	snprintf(row.name, sizeof(row.name), "%s-%zu-%s", job->name, size, c->name);
	if (peer && peer != c) {
		snprintf(row.peer, sizeof(row.peer), "%s", peer->name);
		row.ratio = peer->median_ns / c->median_ns;
		row.goal = goal;
	}
	bench_add(&t->bench, row);
}

/* Variants, the last of which is plain C; its twin; the function; the peer. */
static void one_size(struct turns *t, const struct vec_job *job, size_t size)
{
	static struct contestant c[CONTESTANTS_MAX];
	const struct isahp_variant *chosen = isahp_operation_variant(job->op);
	struct sized sized = { job, size };
	size_t i, n = 0, variants, direct = 0;

	for (i = 0; i < job->op->variant_count; i++) {
		const struct isahp_variant *v = &job->op->variants[i];

		if (!ml_variant_runs(v))
			continue;
		if (v == chosen)
			direct = n;
		c[n++] = (struct contestant){ .name = v->name, .fn = v->fn };
	}
	variants = n;
	c[n++] = (struct contestant){ .name = "twin", .fn = chosen->fn };
	c[n++] = (struct contestant){ .name = "function", .call = job->function };
	if (job->peer)
		c[n++] = (struct contestant){ .name = job->peer_name,
					      .call = job->peer };
	turns_measure(t, c, n, run, &sized);
	for (i = 0; i < variants; i++)
		add(t, job, size, &c[i], &c[variants - 1], 0);
	add(t, job, size, &c[variants + 1], &c[direct],
	    c[direct].median_ns < TURNS_LONG_CALL_NS ? 0 : TURNS_GOAL_CALL);
	if (job->peer) {
		c[variants + 1].name = "over-peer";
		add(t, job, size, &c[variants + 1], &c[variants + 2], 0);
	}
	turns_twins(t, &c[direct], &c[variants]);
}

static void some(struct turns *t, const struct vec_job *jobs, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!turns_wants(t, jobs[i].name))
			continue;
		one_size(t, &jobs[i], jobs[i].small);
		one_size(t, &jobs[i], jobs[i].large);
	}
}

int main(int argc, char **argv)
{
	static struct turns t = { .rounds = 11, .round_ns = 2e6 };
	const char *peer;
	int ret;

	bench_init(&t.bench, "mathlib_vec");
	ret = turns_parse(&t, "Throughput of each variant of blas1, bits, igemm, "
			      "elementary and fft, and of\nthe functions.",
			  argc, argv);
	if (ret)
		return ret - 1;
	if (vec_jobs_init() || wave_jobs_init()) {
		fputs("bench_mathlib_vec: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	peer = vec_peer_init();
	some(&t, vec_jobs, VEC_JOBS);
	some(&t, wave_jobs, WAVE_JOBS);
	printf("peer: %s\n", peer ? peer : "none, libopenblas.so.0 is not there");
	return turns_end(&t);
}
