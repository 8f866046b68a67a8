/* SPDX-License-Identifier: MIT */
/* What a benchmark found: a table for people, JSON for programs. */
#ifndef MATHLIB_RESULTS_H
#define MATHLIB_RESULTS_H

#include <stddef.h>

#define RESULTS_MAX 256

/**
 * struct result - one figure
 * @name: what was measured.
 * @value: the figure,
 * @unit: in.
 * @peer: what it is compared with, "" for nothing.
 * @ratio: value / peer's value; larger is better.
 * @goal: what @ratio should be at least; 0: there is no goal.
 */
struct result {
	char name[48];
	double value;
	const char *unit;
	char peer[32];
	double ratio;
	double goal;
};

/** struct results - in the order they were added; zero it first */
struct results {
	size_t count;
	struct result row[RESULTS_MAX];
};

/** results_add - room for one more; all zero. NULL when there is none */
struct result *results_add(struct results *r);

/**
 * results_print - the table, on standard output
 * @r: results.
 * @noise: the A/A noise floor: goals missed by less are shown as such.
 */
void results_print(const struct results *r, double noise);

/**
 * results_write - an array of {suite, name, value, unit, peer, ratio, goal, met}
 * @r: results.
 * @path: file to make or replace.
 *
 * Return: 0 or a negative errno.
 */
int results_write(const struct results *r, const char *path);

#endif /* MATHLIB_RESULTS_H */
