/* SPDX-License-Identifier: MIT */
/*
 * bench_gemm - matrix products against OpenBLAS, ISA by ISA, on one thread
 *
 * OpenBLAS chooses its kernels when it is loaded, so each ISA is measured in a
 * process of its own, with OpenBLAS held to the core type whose kernels use that
 * ISA. Ours runs twice under two names: how much those differ (A/A) is the noise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bench.h>
#include <problem.h>

#include "gemm_peer.h"

#define ROUNDS 9
#define ROUND_NS 4e6
#define GOAL 0.8

/* An ISA: the name of our variants, and OpenBLAS's core type. */
static const struct {
	const char *variant;
	const char *core;
} isas[] = {
	{ "sse2", "Prescott" },
	{ "avx2", "Haswell" },
	{ "avx512", "SkylakeX" },
};

static const struct gemm_shape shapes[] = {
	{ 128, 128, 128, false, false },
	{ 256, 256, 256, false, false },
	{ 512, 512, 512, false, false },
	{ 1024, 1024, 1024, false, false },
	{ 512, 512, 512, true, false },
	{ 512, 512, 512, false, true },
	{ 127, 129, 131, false, false },
	{ 333, 777, 555, false, false },
	{ 333, 777, 555, true, true },
	{ 1000, 40, 500, false, false },
	{ 40, 1000, 500, false, false },
	{ 700, 700, 20, false, false },
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

enum contestant { OURS, AGAIN, PEER, PACKED, CONTESTANTS };

/** struct figure - what a process found out about one shape */
struct figure {
	double ns[CONTESTANTS]; /* 0: was not there */
};

/** struct problem - operands of one shape */
struct problem {
	const struct gemm_shape *shape;
	size_t size;
	const struct isahp_variant *variant;
	const struct gemm_peer *peer;
	struct ml_plan *plan;
	const struct ml_packed *packed;
	void *a, *b, *c, *expect;
};

static const struct isahp_variant *find(const struct isahp_operation *op,
					const char *name)
{
	size_t i;

	for (i = 0; op && i < op->variant_count; i++) {
		if (!strcmp(op->variants[i].name, name))
			return &op->variants[i];
	}
	return NULL;
}

static void *operand(size_t count, size_t size)
{
	void *m = aligned_alloc(64, (count * size + 63) / 64 * 64);
	size_t i;

	if (!m) {
		fputs("bench_gemm: no memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	/* Whole numbers whose sums are exact: results are equal, or wrong. */
	for (i = 0; i < count; i++) {
		if (size == sizeof(float))
			((float *)m)[i] = (float)(i * 7 % 11) - 5;
		else
			((double *)m)[i] = (double)(i * 7 % 11) - 5;
	}
	return m;
}

static void by_variant(const struct problem *p, isahp_fn fn)
{
	const struct gemm_shape *s = p->shape;
	size_t lda = s->ta ? s->m : s->k, ldb = s->tb ? s->k : s->n;

	if (p->size == sizeof(float))
		ml_sgemm_by(fn, s->ta, s->tb, s->m, s->n, s->k, 1, p->a, lda,
			    p->b, ldb, 0, p->c, s->n);
	else
		ml_dgemm_by(fn, s->ta, s->tb, s->m, s->n, s->k, 1, p->a, lda,
			    p->b, ldb, 0, p->c, s->n);
}

static void by_packed(const struct problem *p)
{
	const struct gemm_shape *s = p->shape;
	size_t lda = s->ta ? s->m : s->k;

	if (p->size == sizeof(float))
		ml_sgemm_packed_by(p->variant->fn, p->packed, s->ta, s->m, 1,
				   p->a, lda, 0, p->c, s->n);
	else
		ml_dgemm_packed_by(p->variant->fn, p->packed, s->ta, s->m, 1,
				   p->a, lda, 0, p->c, s->n);
}

/* Of this thread: what else the machine runs does not count. */
static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double run(const struct problem *p, enum contestant who, unsigned long calls)
{
	double start = cpu_ns();
	unsigned long i;

	for (i = 0; i < calls; i++) {
		if (who == PEER)
			gemm_peer_call(p->peer, p->size, p->shape, p->a, p->b, p->c);
		else if (who == PACKED)
			by_packed(p);
		else
			by_variant(p, p->variant->fn);
	}
	return (cpu_ns() - start) / (double)calls;
}

static bool there(const struct problem *p, enum contestant who)
{
	return (who != PEER || p->peer->sgemm) && (who != PACKED || p->packed);
}

static void wrong(const struct problem *p, enum contestant who)
{
	fprintf(stderr, "bench_gemm: %zux%zux%zu is wrong by contestant %d\n",
		p->shape->m, p->shape->n, p->shape->k, who);
	exit(EXIT_FAILURE);
}

static void measure(const struct problem *p, struct figure *f)
{
	size_t bytes = p->shape->m * p->shape->n * p->size;
	double ns[CONTESTANTS][ROUNDS];
	unsigned long calls[CONTESTANTS];
	int who, round;

	for (who = 0; who < CONTESTANTS; who++) {
		if (!there(p, who))
			continue;
		run(p, who, 1);
		if (memcmp(p->c, p->expect, bytes))
			wrong(p, who);
		calls[who] = (unsigned long)(ROUND_NS / run(p, who, 1)) + 1;
	}
	for (round = 0; round < ROUNDS; round++) {
		for (who = 0; who < CONTESTANTS; who++) {
			if (there(p, who))
				ns[who][round] = run(p, who, calls[who]);
		}
	}
	for (who = 0; who < CONTESTANTS; who++)
		f->ns[who] = there(p, who) ?
				     bench_percentile(ns[who], ROUNDS, 50) : 0;
}

/* The operand as the ISA's variant wants it: what a process picks if held to it. */
static void pack(struct problem *p)
{
	const struct gemm_shape *s = p->shape;
	size_t ldb = s->tb ? s->k : s->n;
	int rc;

	if (p->size == sizeof(float))
		rc = ml_sgemm_pack(s->tb, s->k, s->n, p->b, ldb, &p->plan);
	else
		rc = ml_dgemm_pack(s->tb, s->k, s->n, p->b, ldb, &p->plan);
	if (rc)
		return;
	p->packed = ml_plan_get(p->plan);
	if (!find(ml_packed_operation(p->packed), p->variant->name)) {
		ml_packed_put(p->packed);
		p->packed = NULL;
	}
}

static void one_shape(const struct gemm_shape *s, size_t size,
		      const char *variant, const struct gemm_peer *peer,
		      struct figure *f)
{
	const struct isahp_operation *op = size == sizeof(float) ?
		&ml_sgemm_operation : &ml_dgemm_operation;
	struct problem p = { .shape = s, .size = size, .peer = peer,
			     .variant = find(op, variant),
			     .a = operand(s->m * s->k, size),
			     .b = operand(s->k * s->n, size),
			     .c = operand(s->m * s->n, size) };

	by_variant(&p, find(op, "c")->fn);
	p.expect = p.c;
	p.c = operand(s->m * s->n, size);
	pack(&p);
	measure(&p, f);
	if (p.packed)
		ml_packed_put(p.packed);
	ml_plan_free(p.plan);
	free(p.a);
	free(p.b);
	free(p.c);
	free(p.expect);
}

/* In a process of its own. */
static void one_isa(size_t isa, int out)
{
	struct figure figures[2][SHAPES];
	struct gemm_peer peer;
	size_t i;

	bench_pin(0);
	gemm_peer_open(isas[isa].core, &peer);
	for (i = 0; i < SHAPES; i++) {
		one_shape(&shapes[i], sizeof(float), isas[isa].variant, &peer,
			  &figures[0][i]);
		one_shape(&shapes[i], sizeof(double), isas[isa].variant, &peer,
			  &figures[1][i]);
	}
	if (write(out, figures, sizeof(figures)) != sizeof(figures))
		exit(EXIT_FAILURE);
	exit(EXIT_SUCCESS);
}

static void add(struct bench *b, size_t isa, size_t size,
		const struct gemm_shape *s, const char *how, double ns,
		double peer_ns)
{
	struct bench_row row = {
		.value = 2.0 * (double)s->m * (double)s->n * (double)s->k / ns,
		.unit = "GFLOP/s",
	};

	snprintf(row.name, sizeof(row.name), "%cgemm-%s-%zux%zux%zu%s%s%s",
		 size == sizeof(float) ? 's' : 'd', isas[isa].variant, s->m,
		 s->n, s->k, s->ta ? "-at" : "", s->tb ? "-bt" : "", how);
	if (peer_ns > 0) {
		snprintf(row.peer, sizeof(row.peer), "OpenBLAS %s: %.1f",
			 isas[isa].core, row.value * ns / peer_ns);
		row.ratio = peer_ns / ns;
		row.goal = GOAL;
	}
	bench_add(b, row);
}

static void add_all(struct bench *b, size_t isa, struct figure figures[2][SHAPES],
		    double *noise)
{
	size_t t, i;

	for (t = 0; t < 2; t++) {
		for (i = 0; i < SHAPES; i++) {
			const double *ns = figures[t][i].ns;
			size_t size = t ? sizeof(double) : sizeof(float);
			double apart = __builtin_fabs(ns[OURS] / ns[AGAIN] - 1);

			if (apart > *noise)
				*noise = apart;
			add(b, isa, size, &shapes[i], "", ns[OURS], ns[PEER]);
			if (ns[PACKED] > 0 && i < 4)
				add(b, isa, size, &shapes[i], "-packed",
				    ns[PACKED], ns[PEER]);
		}
	}
}

static int measure_isa(struct bench *b, size_t isa, double *noise)
{
	struct figure figures[2][SHAPES];
	size_t got = 0;
	ssize_t n = 1;
	int ends[2], status;
	pid_t child;

	if (pipe(ends))
		return -1;
	fflush(NULL);
	child = fork();
	if (child < 0)
		return -1;
	if (!child) {
		close(ends[0]);
		one_isa(isa, ends[1]);
	}
	close(ends[1]);
	while (n > 0) {
		n = read(ends[0], (char *)figures + got, sizeof(figures) - got);
		got += n > 0 ? (size_t)n : 0;
	}
	close(ends[0]);
	if (waitpid(child, &status, 0) != child || status || got < sizeof(figures))
		return -1;
	add_all(b, isa, figures, noise);
	return 0;
}

int main(int argc, char **argv)
{
	static struct bench b;
	double noise = 0;
	size_t i;
	int ret;

	bench_init(&b, "gemm");
	ret = bench_arguments(&b, "Matrix products per ISA, against OpenBLAS held "
				  "to that ISA's core type.", argc, argv);
	if (ret)
		return ret - 1;
	for (i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
		if (!ml_variant_runs(find(&ml_sgemm_operation, isas[i].variant))) {
			printf("%s: this CPU lacks it\n", isas[i].variant);
			continue;
		}
		if (measure_isa(&b, i, &noise)) {
			fprintf(stderr, "bench_gemm: %s: no figures\n",
				isas[i].variant);
			return EXIT_FAILURE;
		}
	}
	for (i = 0; i < b.rows && !b.row[i].ratio; i++)
		;
	if (i == b.rows)
		puts("no peer: libopenblas0-pthread is not installed");
	bench_add(&b, (struct bench_row){ .name = "noise-floor-a-a",
					  .value = noise, .unit = "ratio" });
	return bench_end(&b, noise);
}
