/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is inside what: the scan of all records. */
#ifndef ISAHP_INSIDE_H
#define ISAHP_INSIDE_H

#include "record.h"

/**
 * struct isahp_inside - a thread that is inside what must be left
 * @tid: the thread's; of an orphaned record the one that entered; 0: unknown.
 * @descriptor: what it is inside of, maybe dangling; NULL: maybe anything.
 */
struct isahp_inside {
	pid_t tid;
	const struct isahp_descriptor *descriptor;
};

/**
 * typedef isahp_stop_fn - is @descriptor to be left?
 *
 * Called with the pool's lock held. The descriptor may be dangling: look it up,
 * do not read it.
 */
typedef bool (*isahp_stop_fn)(const struct isahp_descriptor *descriptor,
			      const void *arg);

/**
 * isahp_threads_inside - is any thread inside what must be left?
 * @stop: tells.
 * @arg: passed on.
 *
 * Call after publication and isahp_barrier(), in MODE_URCU after a grace period.
 * Any doubt counts as inside.
 */
bool isahp_threads_inside(isahp_stop_fn stop, const void *arg);

/**
 * isahp_threads_each_inside - who is inside what must be left?
 * @stop: as above,
 * @arg: passed on.
 * @fn: called for each, with the pool's lock held and all signals blocked.
 * @fn_arg: passed on.
 *
 * A thread that is nested is told of more than once.
 */
void isahp_threads_each_inside(isahp_stop_fn stop, const void *arg,
			       void (*fn)(const struct isahp_inside *inside, void *arg),
			       void *fn_arg);

/**
 * isahp_threads_pin - one that is inside what must be left, and alive
 * @at: where to go on from; 0 at first.
 * @stop: as above,
 * @arg: passed on.
 *
 * It does not end before isahp_thread_unpin(): its @tid is its own. Not the
 * caller. NULL: no more.
 */
struct isahp_thread *isahp_threads_pin(size_t *at, isahp_stop_fn stop,
				       const void *arg);

/** isahp_thread_unpin - of isahp_threads_pin() */
void isahp_thread_unpin(struct isahp_thread *t);

/** isahp_threads_own - is the calling thread inside it? */
bool isahp_threads_own(isahp_stop_fn stop, const void *arg);

/** isahp_thread_in_doubt - nobody knows what it is inside of */
bool isahp_thread_in_doubt(const struct isahp_thread *t);

#endif /* ISAHP_INSIDE_H */
