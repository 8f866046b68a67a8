// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "bench.h"

#include <cpuid.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
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

/* CPUs that are allowed, from the @first one, @count of them. */
static void pin(unsigned int first, unsigned int count)
{
	unsigned int n = 0;
	cpu_set_t set;
	int cpu;

	CPU_ZERO(&set);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		if (n >= first && n - first < count)
			CPU_SET(cpu, &set);
		n++;
	}
	(void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

void bench_pin(unsigned int n)
{
	pin(n, 1);
}

void bench_pin_first(unsigned int n)
{
	pin(0, n);
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

double bench_ratio(const double *a, const double *b, size_t count)
{
	static double ratio[BENCH_SAMPLES];
	size_t i;

	for (i = 0; i < count; i++)
		ratio[i] = a[i] / b[i];
	return bench_percentile(ratio, count, 50);
}

double bench_noise(const double *a, const double *again, size_t count)
{
	size_t part = (count + 2) / 3;
	double worst = 0;
	size_t i;

	for (i = 0; i < count; i += part) {
		size_t left = count - i < part ? count - i : part;

		worst = fmax(worst, fabs(bench_ratio(again + i, a + i, left) - 1));
	}
	return worst;
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
	b->quick = getenv("ISAHP_BENCH_QUICK");
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

/* What is met is what is printed: 1.000002 is 1. */
static double five_digits(double ratio)
{
	char text[32];

	snprintf(text, sizeof(text), "%.5g", ratio);
	return strtod(text, NULL);
}

void bench_add(struct bench *b, struct bench_row row)
{
	if (b->rows == BENCH_ROWS)
		return;
	if (b->emulated || !*row.peer) {
		row.goal = 0;
		row.at_most = false;
	}
	row.ratio = five_digits(row.ratio);
	b->row[b->rows++] = row;
}

static bool has_goal(const struct bench_row *row)
{
	return row->goal > 0 || row->at_most;
}

static bool met(const struct bench_row *row)
{
	return row->at_most ? row->ratio <= row->goal : row->ratio >= row->goal;
}

static double noise_of(const struct bench_row *row, double noise)
{
	return row->noise > 0 ? row->noise : noise;
}

static const char *verdict(const struct bench_row *row, double noise)
{
	bool inside = row->goal > 0 &&
		      fabs(row->ratio / row->goal - 1) <= noise_of(row, noise);

	if (!has_goal(row))
		return "";
	if (met(row))
		return inside ? "met, inside the noise" : "met";
	return inside ? "missed, inside the noise" : "missed";
}

static void print_goal(const struct bench_row *row, double noise)
{
	char goal[16] = "", share[16] = "";

	if (has_goal(row)) {
		snprintf(goal, sizeof(goal), "%s %.4g", row->at_most ? "<=" : ">=",
			 row->goal);
		snprintf(share, sizeof(share), "%.2f %%",
			 100 * noise_of(row, noise));
	}
	printf(" %9.4f %-8s %7s  %-24s %s", row->ratio, goal, share,
	       verdict(row, noise), row->peer);
	if (row->peer_value > 0)
		printf(", %.6g %s", row->peer_value, row->unit);
}

static void print_row(const struct bench_row *row, double noise)
{
	printf("%-40s %10.3f %-7s", row->name, row->value, row->unit);
	if (*row->peer)
		print_goal(row, noise);
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

static json_t *real_or_null(bool there, double value)
{
	return there ? json_real(value) : json_null();
}

static json_t *text_or_null(bool there, const char *text)
{
	return there ? json_string(text) : json_null();
}

static json_t *row_to_json(const char *suite, const struct bench_row *row,
			   double noise)
{
	bool peer = *row->peer, goal = has_goal(row);

	noise = noise_of(row, noise);
	return json_pack("{s:s, s:s, s:f, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "suite", suite, "name", row->name, "value", row->value,
			 "unit", row->unit,
			 "peer", text_or_null(peer, row->peer),
			 "peer_value", real_or_null(row->peer_value > 0, row->peer_value),
			 "ratio", real_or_null(peer, row->ratio),
			 "goal", real_or_null(goal, row->goal),
			 "goal_is", text_or_null(goal, row->at_most ? "at most" : "at least"),
			 "met", goal ? json_boolean(met(row)) : json_null(),
			 "noise", real_or_null(peer && noise > 0, noise),
			 "verdict", text_or_null(goal, verdict(row, noise)),
			 "samples", row->samples ? json_integer((json_int_t)row->samples) :
						   json_null());
}

static int write_json(const struct bench *b, double noise)
{
	json_t *array = json_array();
	size_t i;
	int rc;

	for (i = 0; i < b->rows; i++)
		json_array_append_new(array, row_to_json(b->suite, &b->row[i],
							 noise));
	rc = json_dump_file(array, b->json, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	if (rc)
		fprintf(stderr, "bench_%s: cannot write %s: %s\n", b->suite, b->json,
			strerror(errno));
	json_decref(array);
	return rc;
}

int bench_end(const struct bench *b, double noise)
{
	double floor = noise;
	size_t i;

	print_machine(b);
	printf("%-40s %10s %-7s %9s %-8s %7s  %-24s %s\n", b->suite, "median",
	       "unit", "ratio", "goal", "noise", "", "to");
	for (i = 0; i < b->rows; i++) {
		print_row(&b->row[i], noise);
		floor = fmax(floor, b->row[i].noise);
	}
	printf("A/A noise floor: %.2f %% (the same thing measured twice; the worst of all)\n",
	       floor * 100);
	if (b->quick)
		printf("In a hurry: this shows that it works, not how fast it is.\n");
	return b->json && write_json(b, noise) ? 1 : 0;
}
