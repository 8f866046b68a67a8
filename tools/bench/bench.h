/* SPDX-License-Identifier: MIT */
/*
 * What the project's benchmarks share: samples and their median, the machine
 * they ran on, and one form of result.
 *
 * A figure is measured in turn with its peer, in one run, and so is one thing
 * twice (A/A): by how much the two differ is the noise below which a ratio means
 * nothing. A goal is a bound on the ratio, from below (larger is better) or from
 * above. Nothing here passes or fails: a goal is met or missed, and said to be
 * inside the noise when it is by less than that. It is not even stated where no
 * hardware executes the code.
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
 * @ratio: to the peer, as @goal has it; 0 without one.
 * @goal: what @ratio should be at least; 0 for none.
 * @at_most: what @ratio should be at most instead; then 0 is a goal too.
 * @peer_value: the peer's figure in the same unit; 0 for unknown.
 * @noise: how far two runs of the same thing differed, as a share of 1; 0: as
 *	bench_end() is told.
 * @samples: how many of each @value, or so; 0 for unknown.
 */
struct bench_row {
	char name[48];
	double value;
	const char *unit;
	char peer[48];
	double ratio;
	double goal;
	bool at_most;
	double peer_value;
	double noise;
	size_t samples;
};

/**
 * struct bench - a suite under way
 * @suite: its name, as in bench_SUITE; static.
 * @json: where results go as well, or NULL.
 * @emulated: no hardware executes this: figures are shown, goals are not.
 * @quick: be done in seconds: shows that it works, not how fast it is.
 * @host: who runs the machine if not the hardware, by CPUID; "" for nobody.
 * @rows: entries of @row in use.
 * @row: in the order they were added.
 */
struct bench {
	const char *suite;
	const char *json;
	bool emulated;
	bool quick;
	char host[13];
	size_t rows;
	struct bench_row row[BENCH_ROWS];
};

/**
 * bench_init - begin
 * @b: overwritten.
 * @suite: static.
 *
 * Finds out what executes this, and whether $ISAHP_BENCH_QUICK is set.
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
 * @row: copied; its ratio is rounded to five digits. Beyond BENCH_ROWS it is
 *	dropped.
 */
void bench_add(struct bench *b, struct bench_row row);

/**
 * bench_end - the table, and the JSON
 * @b: with its rows.
 * @noise: how far two runs of the same thing differed (A/A), as a share of 1,
 *	for rows that say nothing of their own.
 *
 * The JSON is an array of {suite, name, value, unit, peer, peer_value, ratio,
 * goal, goal_is ("at least", "at most"), met, noise, verdict, samples}.
 *
 * Return: the program's exit status.
 */
int bench_end(const struct bench *b, double noise);

/** bench_cpus - how many CPUs this may use; before any bench_pin() */
unsigned int bench_cpus(void);

/** bench_pin - keep the calling thread on the n-th of them */
void bench_pin(unsigned int n);

/** bench_pin_first - keep it, and threads that it makes, on the first n of them */
void bench_pin_first(unsigned int n);

/** bench_now_ns - CLOCK_MONOTONIC */
double bench_now_ns(void);

/**
 * bench_percentile - of samples
 * @sample: @count of them; sorted afterwards.
 * @count: at least 1.
 * @percent: 0 to 100.
 */
double bench_percentile(double *sample, size_t count, double percent);

#define BENCH_SAMPLES 8192

/**
 * bench_ratio - of two things that were measured in turn
 * @a: @count samples, and
 * @b: as many: a[i] and b[i] are of the same round.
 * @count: 1 to BENCH_SAMPLES.
 *
 * Return: the median of the rounds' ratios a/b: what makes a whole round slower
 * cancels out.
 */
double bench_ratio(const double *a, const double *b, size_t count);

/**
 * bench_noise - how far the same thing, measured twice in turn, differs
 * @a: @count samples,
 * @again: as many.
 * @count: as for bench_ratio().
 *
 * Return: of three parts of the run, the worst: how far bench_ratio() is from 1.
 */
double bench_noise(const double *a, const double *again, size_t count);

#endif /* ISAHP_BENCH_H */
