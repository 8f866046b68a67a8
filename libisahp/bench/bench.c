// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bench.h"

static cpu_set_t allowed;

unsigned int bench_cpus(void)
{
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return 0;
	return (unsigned int)CPU_COUNT(&allowed);
}

void bench_pin(unsigned int n)
{
	cpu_set_t set;
	int cpu;

	CPU_ZERO(&set);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || n--)
			continue;
		CPU_SET(cpu, &set);
		(void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
		return;
	}
}

double bench_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_percentile(double *sample, size_t count, double percent)
{
	size_t at = (size_t)((double)(count - 1) * percent / 100 + 0.5);

	qsort(sample, count, sizeof(*sample), compare);
	return sample[at];
}

int bench_begin(struct bench *b, const char *suite, int argc, char **argv)
{
	memset(b, 0, sizeof(*b));
	b->suite = suite;
	if (argc == 3 && !strcmp(argv[1], "--json")) {
		b->json = argv[2];
		return 0;
	}
	if (argc == 1)
		return 0;
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		printf("Usage: bench_%s [--json FILE]\n"
		       "Measure libisahp natively, each figure beside its peer's.\n\n"
		       "  --json FILE   write the figures to FILE as well\n"
		       "  --help        this text\n",
		       suite);
		return 1;
	}
	fprintf(stderr, "bench_%s: unknown argument '%s'; see --help\n", suite, argv[1]);
	return 3;
}

void bench_add(struct bench *b, struct bench_row row)
{
	if (b->rows < BENCH_ROWS)
		b->row[b->rows++] = row;
}

static double ratio(const struct bench_row *r)
{
	return r->peer_value / r->value;
}

static const char *verdict(const struct bench_row *r, double noise)
{
	if (!r->peer || r->goal <= 0)
		return "";
	if (ratio(r) >= r->goal)
		return "met";
	return ratio(r) + noise >= r->goal ? "missed, within noise" : "missed";
}

static void print_row(const struct bench_row *r, double noise)
{
	printf("%-28s %10.2f %-3s", r->name, r->value, r->unit);
	if (r->peer)
		printf(" %10.2f  %5.2f  %s", r->peer_value, ratio(r), r->peer);
	if (r->goal > 0)
		printf(" (goal %.2f: %s)", r->goal, verdict(r, noise));
	putchar('\n');
}

static void write_row(FILE *f, const struct bench *b, const struct bench_row *r)
{
	fprintf(f, "  {\"suite\": \"%s\", \"name\": \"%s\", \"value\": %.4g, \"unit\": \"%s\", ",
		b->suite, r->name, r->value, r->unit);
	if (r->peer)
		fprintf(f, "\"peer\": \"%s\", \"ratio\": %.4g, ", r->peer, ratio(r));
	else
		fputs("\"peer\": null, \"ratio\": null, ", f);
	if (r->goal > 0)
		fprintf(f, "\"goal\": %g, \"met\": %s}", r->goal,
			ratio(r) >= r->goal ? "true" : "false");
	else
		fputs("\"goal\": null, \"met\": null}", f);
}

static int write_json(const struct bench *b)
{
	FILE *f = fopen(b->json, "w");
	size_t i;

	if (!f)
		return -errno;
	fputs("[\n", f);
	for (i = 0; i < b->rows; i++) {
		write_row(f, b, &b->row[i]);
		fputs(i + 1 < b->rows ? ",\n" : "\n", f);
	}
	fputs("]\n", f);
	return fclose(f) ? -errno : 0;
}

int bench_end(const struct bench *b, double noise)
{
	size_t i;
	int rc;

	printf("%-28s %10s %-3s %10s  %5s  peer\n", b->suite, "median", "", "peer's",
	       "ratio");
	for (i = 0; i < b->rows; i++)
		print_row(&b->row[i], noise);
	printf("accelerator: native; A/A noise floor %.2f %%\n", noise * 100);
	rc = b->json ? write_json(b) : 0;
	if (rc)
		fprintf(stderr, "bench_%s: cannot write %s: %s\n", b->suite, b->json,
			strerror(-rc));
	return rc ? 1 : 0;
}
