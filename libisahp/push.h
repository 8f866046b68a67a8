/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stragglers that could run but do not: threads inside what has to be left, on a
 * machine that is busy with others. They are pushed, a short while at a time, in
 * two ways at once: newcomers wait (park.h), and where the process may, they are
 * given priority (raise.h).
 */
#ifndef ISAHP_PUSH_H
#define ISAHP_PUSH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** enum isahp_push_how - what may be done; ISAHP_PUSH */
enum isahp_push_how {
	ISAHP_PUSH_RAISE = 0,
	ISAHP_PUSH_PARK,
	ISAHP_PUSH_NONE,
};

#define ISAHP_PUSH_WATCHED 64

/**
 * struct isahp_straggler - how far a thread had come
 * @tid: the thread's.
 * @ran_ns: its CPU time at the last look.
 */
struct isahp_straggler {
	pid_t tid;
	uint64_t ran_ns;
};

/**
 * struct isahp_push - what is known of a drain's stragglers
 * @looks: so far.
 * @count: entries of @straggler.
 * @parked: newcomers wait.
 * @rest_ns: not to be pushed before this CLOCK_MONOTONIC time.
 * @straggler: those that were inside at the last look, or the first of them.
 */
struct isahp_push {
	uint32_t looks;
	uint32_t count;
	bool parked;
	uint64_t rest_ns;
	struct isahp_straggler straggler[ISAHP_PUSH_WATCHED];
};

struct isahp_drain;

/**
 * isahp_push - push stragglers, if there are any that wait for a CPU
 * @drain: that is not over. Nothing is done after the deadline, and for three
 *	times as long as the last push took.
 *
 * Without locks. All signals are blocked meanwhile; for 20 ms at most.
 *
 * Return: whether the drain is over now. If it is, newcomers still wait, until
 * isahp_push_end() or those 20 ms are over.
 */
bool isahp_push(struct isahp_drain *drain);

/** isahp_push_end - no newcomer waits any more; may be repeated */
void isahp_push_end(struct isahp_push *push);

/** isahp_push_child - in a fork's child, before isahp_threads_child() */
void isahp_push_child(void);

/** isahp_push_count - how many there were so far */
uint64_t isahp_push_count(void);

#endif /* ISAHP_PUSH_H */
