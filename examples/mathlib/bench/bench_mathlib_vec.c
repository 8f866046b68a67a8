/* SPDX-License-Identifier: MIT */
/*
 * bench_mathlib_vec - how fast each variant of blas1, bits, igemm, elementary
 * and fft is, and what their public functions cost, which go through long
 * operands in pieces
 *
 * As in bench_mathlib the contestants of one size run in turn, the figure is
 * the median of the rounds, and one of them runs twice (A/A).
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench.h>
#include <problem.h>

#include "vec_jobs.h"

#define ROUNDS_MAX 999
#define CONTESTANTS_MAX 9

/* By how little a call of the function may be slower than its variant. */
#define GOAL_CALL 0.98
#define LONG_CALL_NS 100

/**
 * struct contestant - one way to do a job
 * @fn: the variant,
 * @call: or, where that is NULL, what to call.
 */
struct contestant {
	const char *name;
	isahp_fn fn;
	void (*call)(size_t size);
	unsigned long calls;
	double ns[ROUNDS_MAX];
	double median_ns;
};

struct runs {
	unsigned int rounds;
	double round_ns;
	double noise;
	const char *only;
	struct bench bench;
};

static double run(const struct vec_job *job, const struct contestant *c,
		  size_t size, unsigned long calls)
{
	double start = bench_now_ns();
	unsigned long i;

	for (i = 0; i < calls; i++) {
		if (c->fn)
			job->variant(c->fn, size);
		else
			c->call(size);
	}
	return (bench_now_ns() - start) / (double)calls;
}

static void measure(const struct runs *b, const struct vec_job *job, size_t size,
		    struct contestant *c, size_t count)
{
	unsigned int round;
	double ns;
	size_t i;

	for (i = 0; i < count; i++) {
		c[i].calls = 1;
		run(job, &c[i], size, 1);
		while ((ns = run(job, &c[i], size, c[i].calls) *
			     (double)c[i].calls) < b->round_ns / 4)
			c[i].calls *= 2;
		c[i].calls = 1 + (unsigned long)((double)c[i].calls *
						 b->round_ns / ns);
	}
	for (round = 0; round < b->rounds; round++) {
		for (i = 0; i < count; i++)
			c[i].ns[round] = run(job, &c[i], size, c[i].calls);
	}
	for (i = 0; i < count; i++)
		c[i].median_ns = bench_percentile(c[i].ns, b->rounds, 50);
}

static void add(struct runs *b, const struct vec_job *job, size_t size,
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
	bench_add(&b->bench, row);
}

/* Variants, the last of which is plain C; its twin; the function; the peer. */
static void one_size(struct runs *b, const struct vec_job *job, size_t size)
{
	static struct contestant c[CONTESTANTS_MAX];
	const struct isahp_variant *chosen = isahp_operation_variant(job->op);
	size_t i, n = 0, variants, direct = 0;
	double apart;

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
	measure(b, job, size, c, n);
	for (i = 0; i < variants; i++)
		add(b, job, size, &c[i], &c[variants - 1], 0);
	add(b, job, size, &c[variants + 1], &c[direct],
	    c[direct].median_ns < LONG_CALL_NS ? 0 : GOAL_CALL);
	if (job->peer) {
		c[variants + 1].name = "over-peer";
		add(b, job, size, &c[variants + 1], &c[variants + 2], 0);
	}
	apart = __builtin_fabs(c[direct].median_ns / c[variants].median_ns - 1);
	if (apart > b->noise)
		b->noise = apart;
}

static void some(struct runs *b, const struct vec_job *jobs, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (b->only && strcmp(b->only, jobs[i].name))
			continue;
		one_size(b, &jobs[i], jobs[i].small);
		one_size(b, &jobs[i], jobs[i].large);
	}
}

static void all(struct runs *b)
{
	some(b, vec_jobs, VEC_JOBS);
	some(b, wave_jobs, WAVE_JOBS);
	bench_add(&b->bench, (struct bench_row){ .name = "noise-floor-a-a",
						 .value = b->noise,
						 .unit = "ratio" });
}

static const char help[] =
	"Usage: bench_mathlib_vec [--json FILE] [--rounds N] [--ms N] [--only FUNCTION]\n"
	"Throughput of each variant of blas1, bits, igemm, elementary and fft, and of\n"
	"the functions.\n"
	"\n"
	"  --json FILE      write the figures to FILE as well\n"
	"  --rounds N       rounds per size (11)\n"
	"  --ms N           milliseconds per contestant and round (2)\n"
	"  --only FUNCTION  one of them, as sdot or crc32c\n";

enum { OPT_JSON = 1, OPT_ROUNDS, OPT_MS, OPT_ONLY, OPT_HELP };

static const struct option options[] = {
	{ "json", required_argument, NULL, OPT_JSON },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "ms", required_argument, NULL, OPT_MS },
	{ "only", required_argument, NULL, OPT_ONLY },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* Return: the number, or 0 after one line on stderr. */
static unsigned int number(const char *text, unsigned int max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end != text && !*end && value && value <= max)
		return (unsigned int)value;
	fprintf(stderr, "bench_mathlib_vec: %s: give a number from 1 to %u\n", text,
		max);
	return 0;
}

/* Return: 0, or the exit status plus 1. */
static int parse(int argc, char **argv, struct runs *b)
{
	unsigned int ms = 2;
	int which;

	while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (which) {
		case OPT_JSON:
			b->bench.json = optarg;
			break;
		case OPT_ROUNDS:
			b->rounds = number(optarg, ROUNDS_MAX);
			break;
		case OPT_MS:
			ms = number(optarg, 10000);
			break;
		case OPT_ONLY:
			b->only = optarg;
			break;
		case OPT_HELP:
			fputs(help, stdout);
			return 1 + EXIT_SUCCESS;
		default:
			return 1 + 2;
		}
	}
	if (optind < argc)
		fprintf(stderr, "bench_mathlib_vec: %s: takes options only; try --help\n",
			argv[optind]);
	b->round_ns = ms * 1e6;
	return optind < argc || !ms || !b->rounds ? 1 + 2 : 0;
}

int main(int argc, char **argv)
{
	static struct runs b = { .rounds = 11 };
	const char *peer;
	int ret;

	bench_init(&b.bench, "mathlib_vec");
	ret = parse(argc, argv, &b);
	if (ret)
		return ret - 1;
	if (vec_jobs_init() || wave_jobs_init()) {
		fputs("bench_mathlib_vec: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	peer = vec_peer_init();
	all(&b);
	printf("%u rounds of %.0f ms, medians; peer: %s\n", b.rounds,
	       b.round_ns / 1e6, peer ? peer : "none, libopenblas.so.0 is not there");
	return bench_end(&b.bench, b.noise);
}
