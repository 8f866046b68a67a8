/* SPDX-License-Identifier: MIT */
/*
 * The swap that is measured, and the threads that are to be moved by it.
 *
 * SSE3 is what is removed; MOVBE stays. (The code uses neither.)
 */
#ifndef ISAHP_BENCH_REMOVAL_H
#define ISAHP_BENCH_REMOVAL_H

#include <isahp/isahp.h>

/** enum reading - what a reader is to do */
enum reading {
	READING_NOTHING,   /* sleep */
	READING_OPERATION, /* call removable() */
	READING_URCU,	   /* the same callee in sections of liburcu-memb */
	READING_LONG,	   /* call a variant that is not removed, 50 ms at a time */
	READING_OVER,	   /* end the thread */
};

#define LONG_NS 50e6

/**
 * struct reader - a thread that calls
 * @wanted: enum reading; set by reader_does().
 * @doing: the same, once the thread does it.
 * @calls: that were begun: of what is removed, in sections, or of what is long.
 * @inside: of what is long: it is in the middle of it.
 * @ticks: moves while the thread runs in any of them.
 * @cpu: for bench_pin(); negative: where it likes.
 */
struct reader {
	unsigned int wanted __attribute__((aligned(128)));
	int cpu;
	unsigned int doing __attribute__((aligned(128)));
	unsigned int calls;
	unsigned int inside;
	unsigned int ticks;
};

/** reader_main - of a thread; @arg is its struct reader */
void *reader_main(void *arg);

/** reader_does - wait until it does; not for READING_OVER */
void reader_does(struct reader *reader, enum reading reading);

/** removable - an operation; about 100 ns in each variant */
ISAHP_OPERATION_DECLARE(removable, void, (void), ())

/** removal_undo - what was removed is usable again; not measured */
void removal_undo(void);

/** removal_undo_and_wait - and all of these have called what can be removed */
void removal_undo_and_wait(struct reader *readers, size_t count);

/**
 * removal - remove it: publish, barrier, drain
 *
 * Return: nanoseconds until nobody was inside any more.
 */
double removal(void);

/** removal_barrier - one membarrier(PRIVATE_EXPEDITED) alone, in nanoseconds */
double removal_barrier(void);

/** removal_urcu - one urcu_memb_synchronize_rcu(), in nanoseconds */
double removal_urcu(void);

#endif /* ISAHP_BENCH_REMOVAL_H */
