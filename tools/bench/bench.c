// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "bench.h"

#include <cpuid.h>
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* CPUID.1:ECX.31 is for hypervisors to set; the leaf is their signature. */
static void find_host(struct bench *b)
{
	unsigned int eax, ebx, ecx = 0, edx, host[3];

	__get_cpuid(1, &eax, &ebx, &ecx, &edx);
	if (!(ecx >> 31))
		return;
	__cpuid(0x40000000, eax, host[0], host[1], host[2]);
	memcpy(b->host, host, sizeof(host));
	b->emulated = !strncmp(b->host, "TCG", 3);
}

void bench_init(struct bench *b, const char *suite)
{
	memset(b, 0, sizeof(*b));
	b->suite = suite;
	find_host(b);
}

int bench_arguments(struct bench *b, const char *what, int argc, char **argv)
{
	if (argc == 1)
		return 0;
	if (argc == 3 && !strcmp(argv[1], "--json")) {
		b->json = argv[2];
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		printf("Usage: bench_%s [--json FILE]\n%s\n\n"
		       "  --json FILE   write the figures to FILE as well\n"
		       "  --help        this text\n",
		       b->suite, what);
		return 1;
	}
	fprintf(stderr, "bench_%s: unknown argument '%s'; see --help\n", b->suite,
		argv[1]);
	return 3;
}

void bench_add(struct bench *b, struct bench_row row)
{
	if (b->rows == BENCH_ROWS)
		return;
	if (b->emulated || !*row.peer)
		row.goal = 0;
	b->row[b->rows++] = row;
}

static const char *verdict(const struct bench_row *row, double noise)
{
	if (row->ratio >= row->goal)
		return "met";
	return row->ratio + noise >= row->goal ? "missed, within noise" : "missed";
}

static void print_row(const struct bench_row *row, double noise)
{
	printf("%-30s %12.3f %-8s", row->name, row->value, row->unit);
	if (*row->peer)
		printf(" %7.3f  %-24s", row->ratio, row->peer);
	if (row->goal > 0)
		printf(" %5.2f %s", row->goal, verdict(row, noise));
	putchar('\n');
}

static void print_machine(const struct bench *b)
{
	unsigned int brand[13] = { 0 };
	unsigned int i;

	for (i = 0; i < 3; i++)
		__get_cpuid(0x80000002 + i, &brand[4 * i], &brand[4 * i + 1],
			    &brand[4 * i + 2], &brand[4 * i + 3]);
	printf("CPU: %s; accelerator: %s%s\n", (char *)brand,
	       *b->host ? b->host : "none, bare metal",
	       b->emulated ? " (emulated: speed means nothing)" : "");
}

static json_t *row_to_json(const char *suite, const struct bench_row *row)
{
	json_t *peer = *row->peer ? json_string(row->peer) : json_null();
	json_t *ratio = *row->peer ? json_real(row->ratio) : json_null();
	json_t *goal = row->goal > 0 ? json_real(row->goal) : json_null();
	json_t *met = row->goal > 0 ? json_boolean(row->ratio >= row->goal) :
				      json_null();

	return json_pack("{s:s, s:s, s:f, s:s, s:o, s:o, s:o, s:o}", "suite",
			 suite, "name", row->name, "value", row->value, "unit",
			 row->unit, "peer", peer, "ratio", ratio, "goal", goal,
			 "met", met);
}

static int write_json(const struct bench *b)
{
	json_t *array = json_array();
	size_t i;
	int rc;

	for (i = 0; i < b->rows; i++)
		json_array_append_new(array, row_to_json(b->suite, &b->row[i]));
	rc = json_dump_file(array, b->json, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	if (rc)
		fprintf(stderr, "bench_%s: cannot write %s: %s\n", b->suite, b->json,
			strerror(errno));
	json_decref(array);
	return rc;
}

int bench_end(const struct bench *b, double noise)
{
	size_t i;

	print_machine(b);
	printf("%-30s %12s %-8s %7s  %-24s %5s\n", b->suite, "median", "unit",
	       "ratio", "to", "goal");
	for (i = 0; i < b->rows; i++)
		print_row(&b->row[i], noise);
	printf("A/A noise floor: %.2f %% (the same thing measured twice)\n",
	       noise * 100);
	return b->json && write_json(b) ? 1 : 0;
}
