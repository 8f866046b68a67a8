/* SPDX-License-Identifier: MIT */
/*
 * Contestants that run in turn, round after round, so that what the machine does
 * besides meets all of them; the figure is the median of the rounds. One of them
 * runs twice under two names: by how much those two differ (A/A) is the noise
 * floor below which no ratio means anything.
 */
#ifndef ML_TURNS_H
#define ML_TURNS_H

#include <bench.h>
#include <mathlib/mathlib.h>

#define TURNS_ROUNDS_MAX 999

/*
 * By how little a call through isahp may be slower than the variant itself,
 * where that takes TURNS_LONG_CALL_NS at least; of shorter calls it is part.
 */
#define TURNS_GOAL_CALL 0.98
#define TURNS_LONG_CALL_NS 100

/**
 * struct contestant - one way to do a job
 * @name: of the way.
 * @fn: the variant,
 * @call: or, where that is NULL, what to call; NULL: the operation.
 * @calls: in a round.
 * @ns: of a call, by round; sorted afterwards.
 * @median_ns: of them.
 */
struct contestant {
	const char *name;
	isahp_fn fn;
	void (*call)(size_t size);
	unsigned long calls;
	double ns[TURNS_ROUNDS_MAX];
	double median_ns;
};

/**
 * struct turns - how a benchmark is run
 * @rounds: per size.
 * @round_ns: how long a contestant runs in a round, about.
 * @only: the one function to measure; NULL: all.
 * @noise: largest A/A difference so far.
 * @bench: what came out.
 */
struct turns {
	unsigned int rounds;
	double round_ns;
	const char *only;
	double noise;
	struct bench bench;
};

/**
 * turns_parse - --json, --rounds, --ms, --only, --help
 * @t: initialised, with @rounds and @round_ns as they are otherwise.
 * @what: one sentence for --help.
 *
 * Return: 0: go on; else the program's exit status plus 1.
 */
int turns_parse(struct turns *t, const char *what, int argc, char **argv);

/** turns_wants - is this function to be measured? */
bool turns_wants(const struct turns *t, const char *function);

/**
 * turns_measure - run all of them in turn
 * @t: how.
 * @c: @count of them; median_ns is filled in.
 * @run: does @job so many times, by one of them.
 */
void turns_measure(const struct turns *t, struct contestant *c, size_t count,
		   void (*run)(const struct contestant *c, void *job,
			       unsigned long calls),
		   void *job);

/** turns_twins - these two are the same thing: how far apart are they? */
void turns_twins(struct turns *t, const struct contestant *a,
		 const struct contestant *twin);

/**
 * turns_end - the noise floor, the table, and the JSON
 *
 * Return: the program's exit status.
 */
int turns_end(struct turns *t);

#endif /* ML_TURNS_H */
