/* SPDX-License-Identifier: MIT */
/*
 * What the project's benchmarks share: samples and their median, the machine
 * they ran on, and one form of result.
 *
 * A figure is measured in turn with its peer, in one run; its ratio is written
 * so that larger is better. Nothing here passes or fails: a goal is met or
 * missed, and is not even stated where no hardware executes the code.
 */
#ifndef ISAHP_BENCH_H
#define ISAHP_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_ROWS 256

/**
 * struct bench_row - one figure
 * @name: what was measured.
 * @value: the figure.
 * @unit: of @value; static.
 * @peer: what it is compared with; "" for nothing.
 * @ratio: to the peer, larger is better; 0 without one.
 * @goal: what @ratio should be at least; 0 for none.
 */
struct bench_row {
	char name[48];
	double value;
	const char *unit;
	char peer[48];
	double ratio;
	double goal;
};

/**
 * struct bench - a suite under way
 * @suite: its name, as in bench_SUITE; static.
 * @json: where results go as well, or NULL.
 * @emulated: no hardware executes this: figures are shown, goals are not.
 * @host: who runs the machine if not the hardware, by CPUID; "" for nobody.
 * @rows: entries of @row in use.
 * @row: in the order they were added.
 */
struct bench {
	const char *suite;
	const char *json;
	bool emulated;
	char host[13];
	size_t rows;
	struct bench_row row[BENCH_ROWS];
};

/**
 * bench_init - begin
 * @b: overwritten.
 * @suite: static.
 *
 * Finds out what executes this.
 */
void bench_init(struct bench *b, const char *suite);

/**
 * bench_arguments - --json FILE and --help, for who takes nothing else
 * @b: initialised.
 * @what: one sentence for --help.
 *
 * Return: 0: go on; else the program's exit status plus 1.
 */
int bench_arguments(struct bench *b, const char *what, int argc, char **argv);

/**
 * bench_add - a figure
 * @b: initialised.
 * @row: copied. Beyond BENCH_ROWS it is dropped.
 */
void bench_add(struct bench *b, struct bench_row row);

/**
 * bench_end - the table, and the JSON
 * @b: with its rows.
 * @noise: how far two runs of the same thing differed (A/A), as a share of 1:
 *	a goal that is missed by less is shown as such.
 *
 * The JSON is an array of {suite, name, value, unit, peer, ratio, goal, met}.
 *
 * Return: the program's exit status.
 */
int bench_end(const struct bench *b, double noise);

/** bench_cpus - how many CPUs this may use; before any bench_pin() */
unsigned int bench_cpus(void);

/** bench_pin - keep the calling thread on the n-th of them */
void bench_pin(unsigned int n);

/** bench_now_ns - CLOCK_MONOTONIC */
double bench_now_ns(void);

/**
 * bench_percentile - of samples
 * @sample: @count of them; sorted afterwards.
 * @count: at least 1.
 * @percent: 0 to 100.
 */
double bench_percentile(double *sample, size_t count, double percent);

#endif /* ISAHP_BENCH_H */
