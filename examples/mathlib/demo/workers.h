/* SPDX-License-Identifier: MIT */
/* The working threads: call, check, count. */
#ifndef MATHDEMO_WORKERS_H
#define MATHDEMO_WORKERS_H

#include <problem.h>

#include "options.h"

/* Room for the variants of an operation. */
#define DEMO_VARIANTS 4

/**
 * struct demo_counts - what was done
 * @calls: by operation and index of the variant that served.
 * @flops: floating-point operations.
 * @wrong: calls with a wrong result.
 */
struct demo_counts {
	uint64_t calls[ML_OPS][DEMO_VARIANTS];
	uint64_t flops;
	uint64_t wrong;
};

struct demo_workers;

/**
 * demo_workers_start - make problems and threads
 * @options: stay the caller's, until demo_workers_free().
 * @ret_workers: to be stopped and freed.
 *
 * Signals stay blocked in the threads as they are in the caller.
 * -ENOMEM; -EAGAIN: no more threads.
 */
int demo_workers_start(const struct demo_options *options,
		       struct demo_workers **ret_workers);

/** demo_workers_count - the sum over all threads so far */
struct demo_counts demo_workers_count(const struct demo_workers *workers);

/** demo_workers_planted - has the wrong result been planted? */
bool demo_workers_planted(const struct demo_workers *workers);

/** demo_workers_stop - end the threads, once they have finished their calls */
void demo_workers_stop(struct demo_workers *workers);

/** demo_workers_free - @workers is stopped, or NULL */
void demo_workers_free(struct demo_workers *workers);

#endif /* MATHDEMO_WORKERS_H */
