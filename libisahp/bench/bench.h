/* SPDX-License-Identifier: MIT */
/*
 * What libisahp's benchmarks share: samples, their median, and the project's
 * table and JSON. Every figure is measured in turn with its peer; a ratio is the
 * peer's time over ours, so 1 is equal and more is better.
 */
#ifndef ISAHP_BENCH_H
#define ISAHP_BENCH_H

#include <stddef.h>

#define BENCH_ROWS 32

struct bench_row {
	const char *name;
	double value;		/* in @unit, lower is better */
	const char *unit;
	const char *peer;	/* NULL: none, and no ratio */
	double peer_value;
	double goal;		/* for the ratio; 0: none */
};

struct bench {
	const char *suite;
	const char *json;	/* --json, or NULL */
	struct bench_row row[BENCH_ROWS];
	size_t rows;
};

/* Parses --json and --help. 0: go on; else the program's exit status plus 1. */
int bench_begin(struct bench *b, const char *suite, int argc, char **argv);

void bench_add(struct bench *b, struct bench_row row);

/* Table, JSON, the noise floor: how far two runs of the same thing differ. */
int bench_end(const struct bench *b, double noise);

/* Keep the calling thread on the n-th CPU that it may use. */
void bench_pin(unsigned int n);

/* Must be called before any bench_pin(). */
unsigned int bench_cpus(void);

double bench_now_ns(void);
double bench_percentile(double *sample, size_t count, double percent);

#endif /* ISAHP_BENCH_H */
