/* SPDX-License-Identifier: MIT */
/* What happens to one workload from an event until its host is left again. */
#ifndef ML_STAY_H
#define ML_STAY_H

#include "contest.h"
#include "events.h"

#define FIRST_CALLS 1000
#define STAY_ROUNDS 8192
#define TRACE_POINTS 8192

/**
 * struct stay - on a host
 * @change: what it began with; number 0: with nothing.
 * @first_calls: calls that ended after @change was heard of, in
 * @first_ns: nanoseconds from then on; FIRST_CALLS of them, or a few more.
 * @lost_ns: for so long other programs had the CPU meanwhile; not in @first_ns.
 * @lost_all_ns: and from the event until the end.
 * @rounds: entries in use of
 * @at_ns: when a round began, and
 * @ns: what it gave; see contest_round().
 * @points: entries in use of
 * @trace_ns: when some milliseconds of nothing but isahp's calls ended, and
 * @trace_call_ns: how long one of them took.
 */
struct stay {
	struct change change;
	double first_calls;
	double first_ns;
	double lost_ns;
	double lost_all_ns;
	size_t rounds;
	double at_ns[STAY_ROUNDS];
	double ns[STAY_ROUNDS][WAYS];
	size_t points;
	double trace_ns[TRACE_POINTS];
	double trace_call_ns[TRACE_POINTS];
};

/**
 * stay_measure - wait for an event, and look at what follows
 * @c: begun.
 * @s: overwritten.
 * @await: the change to wait for: one more than this; nothing but isahp's calls
 *	are made meanwhile, and the first thousand after it. ~0u: none.
 * @last_ns: how long it lasts, from the event on; longer by what other programs
 *	take of it, up to three times as long.
 *
 * Return: 0; -ETIMEDOUT: no event came.
 */
int stay_measure(struct contest *c, struct stay *s, unsigned int await,
		 double last_ns);

#endif /* ML_STAY_H */
