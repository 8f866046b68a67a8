/* SPDX-License-Identifier: MIT */
#include "turns.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_JSON = 1, OPT_ROUNDS, OPT_MS, OPT_ONLY, OPT_HELP };

static const struct option options[] = {
	{ "json", required_argument, NULL, OPT_JSON },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "ms", required_argument, NULL, OPT_MS },
	{ "only", required_argument, NULL, OPT_ONLY },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static void help(const struct turns *t, const char *what)
{
	printf("Usage: bench_%s [--json FILE] [--rounds N] [--ms N] [--only FUNCTION]\n"
	       "%s\n\n"
	       "  --json FILE      write the figures to FILE as well\n"
	       "  --rounds N       rounds per size (%u)\n"
	       "  --ms N           milliseconds per contestant and round (%.0f)\n"
	       "  --only FUNCTION  one of them, as sdot\n",
	       t->bench.suite, what, t->rounds, t->round_ns / 1e6);
}

/* Return: the number, or 0 after one line on stderr. */
static unsigned int number(const struct turns *t, const char *text,
			   unsigned int max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end != text && !*end && value && value <= max)
		return (unsigned int)value;
	fprintf(stderr, "bench_%s: %s: give a number from 1 to %u\n",
		t->bench.suite, text, max);
	return 0;
}

int turns_parse(struct turns *t, const char *what, int argc, char **argv)
{
	int which;

	while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (which) {
		case OPT_JSON:
			t->bench.json = optarg;
			break;
		case OPT_ROUNDS:
			t->rounds = number(t, optarg, TURNS_ROUNDS_MAX);
			break;
		case OPT_MS:
			t->round_ns = 1e6 * number(t, optarg, 10000);
			break;
		case OPT_ONLY:
			t->only = optarg;
			break;
		case OPT_HELP:
			help(t, what);
			return 1 + EXIT_SUCCESS;
		default:
			return 1 + 2;
		}
		if (!t->rounds || t->round_ns <= 0)
			return 1 + 2;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "bench_%s: %s: takes options only; try --help\n",
		t->bench.suite, argv[optind]);
	return 1 + 2;
}

bool turns_wants(const struct turns *t, const char *function)
{
	return !t->only || !strcmp(t->only, function);
}

typedef void (*run_fn)(const struct contestant *c, void *job, unsigned long calls);

/* Nanoseconds of a call. */
static double time_calls(const struct contestant *c, run_fn run, void *job,
			 unsigned long calls)
{
	double start = bench_now_ns();

	run(c, job, calls);
	return (bench_now_ns() - start) / (double)calls;
}

/* How many calls take about a round. */
static unsigned long calibrate(const struct turns *t, const struct contestant *c,
			       run_fn run, void *job)
{
	unsigned long calls = 1;
	double ns;

	run(c, job, 1);
	while ((ns = time_calls(c, run, job, calls) * (double)calls) <
	       t->round_ns / 4)
		calls *= 2;
	return (unsigned long)((double)calls * t->round_ns / ns) + 1;
}

void turns_measure(const struct turns *t, struct contestant *c, size_t count,
		   run_fn run, void *job)
{
	unsigned int round;
	size_t i;

	for (i = 0; i < count; i++)
		c[i].calls = calibrate(t, &c[i], run, job);
	for (round = 0; round < t->rounds; round++) {
		for (i = 0; i < count; i++)
			c[i].ns[round] = time_calls(&c[i], run, job, c[i].calls);
	}
	for (i = 0; i < count; i++)
		c[i].median_ns = bench_percentile(c[i].ns, t->rounds, 50);
}

void turns_twins(struct turns *t, const struct contestant *a,
		 const struct contestant *twin)
{
	double apart = __builtin_fabs(a->median_ns / twin->median_ns - 1);

	if (apart > t->noise)
		t->noise = apart;
}

int turns_end(struct turns *t)
{
	if (!t->bench.rows) {
		fprintf(stderr, "bench_%s: %s: no such function\n", t->bench.suite,
			t->only ? t->only : "");
		return 2;
	}
	bench_add(&t->bench, (struct bench_row){ .name = "noise-floor-a-a",
						 .value = t->noise,
						 .unit = "ratio" });
	printf("%u rounds of %.0f ms, medians\n", t->rounds, t->round_ns / 1e6);
	return bench_end(&t->bench, t->noise);
}
