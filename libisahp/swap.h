/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Getting every thread out of what must not be used any more.
 *
 *	reader (region.h)			updater
 *	-----------------			-------
 *	slot free?		(1)		store current = other	(A, release)
 *	store slot.frame	(2)		membarrier		(B)
 *	compiler barrier			scan: load slot.d	(C, acquire)
 *	load fast?		(3)		wait while it has to be left
 *	d = load current
 *	store slot.d = d	(4)
 *	compiler barrier
 *	load current == d?	(5)
 *	  no: isahp_enter_taken(), with the new one
 *	  yes: read d->fn, call
 *	store slot.d = NULL	(6, release)
 *	store slot.frame = 0	(7, release)
 *
 * (4)-(5) with (A)-(C). The membarrier (B) is a full barrier at some point P of
 * every thread's program order, which comes after (A) and before (C). A reader
 * whose (4) is before P: (C) sees its slot, or what came after it. A reader
 * whose (4) is after P: so is its (5), which therefore sees (A) and tries again.
 * Between them there is no third. Each compiler barrier's partner is (B): it
 * keeps program order what it looks like, and (B) makes memory follow.
 *
 * (6) with (C): when the updater sees the slot empty, or something else in it,
 * all that the reader did inside has happened. That holds whichever thread
 * leaves: the region came to it by some synchronisation of the application's
 * own, as its stack did. (7) is after (6) for the thread whose slot it is, which
 * may be another: it takes the slot when it sees (7), and its (4) must not be
 * undone by a (6) that comes late. Partner: its (1), through the control
 * dependency to (4).
 *
 * (2) before (3), against signal handlers and isahp_threads_fence(). That clears
 * `fast` when membarrier stops serving; readers then have a full fence in place
 * of the second compiler barrier. What is unknown is who was between (3) and (5)
 * at the time. A thread whose slot 0 is free, found so by its own slow path, is
 * not: between (2) and (7) it is taken, and (2) to come is followed by a (3)
 * that sees `fast` cleared. Until each thread has been found so (`fenced`), all
 * are inside anything.
 *
 * Signal handlers between any two steps. Before (2) they take the same slot and
 * give it back, in whatever order: (1) is true again when they return. From (2)
 * to (7) they find it taken and use another. Hence they must return, or jump,
 * but not switch to a fiber that is inside something.
 *
 * A new thread is registered, under the lock that the scan takes, before it
 * loads any current descriptor. If the scan did not see it then it has taken the
 * lock after the scan, so after (A), which it therefore sees.
 *
 * The overflow count and that of anonymous regions are raised before a full
 * fence, and that before current is loaded; (B) begins with one, and both counts
 * are looked at in (C): the count is seen, or (A) is.
 *
 * The scan compares pointers and follows none: a slot may for a moment hold a
 * descriptor that is gone, of a reader that is about to fail (5).
 *
 * In MODE_FENCED the reader has a full fence between (4) and (5) and the updater
 * one at (B): each sees the other, or the other sees it. In MODE_URCU the region
 * is a read-side section, and (B) is a grace period. The slots are for finding
 * sections that longjmp() left open, and (C) finds those that went with their
 * thread. A section is its thread's: one that ends on another thread, or outlives
 * its own, can not be told from one that has ended, and nothing is acknowledged
 * any more.
 */
#ifndef ISAHP_SWAP_H
#define ISAHP_SWAP_H

#include "gp_urcu.h"
#include "operation.h"
#include "push.h"
#include "inside.h"

/**
 * struct isahp_drain - waiting for threads to leave
 * @allowed: features that may stay in use.
 * @nothing: no variant outside @allowed was ever in force.
 * @gp: MODE_URCU: the grace period, NULL until one could be started.
 * @push: who is late to come out.
 */
struct isahp_drain {
	struct isahp_features allowed;
	bool nothing;
	struct isahp_gp *gp;
	struct isahp_push push;
};

/**
 * isahp_drain_begin - start
 * @drain: the caller's.
 * @allowed: features that may stay in use; operations have been put on
 *	variants within them.
 *
 * Without locks. A negative errno of isahp_barrier(): threads are not known to
 * be out; the drain may still be polled and will end once that is known.
 */
int isahp_drain_begin(struct isahp_drain *drain,
		      const struct isahp_features *allowed);

/**
 * isahp_drain_poll - is everybody out?
 * @drain: begun.
 *
 * Pushes those that do not get a CPU: see isahp_push().
 *
 * Return: 0: yes, for good; -EAGAIN: not yet.
 */
int isahp_drain_poll(struct isahp_drain *drain);

/** isahp_drain_look - the same, without more ado */
int isahp_drain_look(struct isahp_drain *drain);

/** isahp_drain_each - as isahp_threads_each_inside(), of those it waits for */
void isahp_drain_each(struct isahp_drain *drain,
		      void (*fn)(const struct isahp_inside *inside, void *arg),
		      void *arg);

/** isahp_drain_pin - as isahp_threads_pin(), of those it waits for */
struct isahp_thread *isahp_drain_pin(struct isahp_drain *drain, size_t *at);

/**
 * isahp_drain_end - give up what it holds; may be repeated
 *
 * Soon after isahp_drain_poll() has returned 0: newcomers may be waiting.
 */
void isahp_drain_end(struct isahp_drain *drain);

/**
 * isahp_swap_leave_block - wait until no thread is inside any of a block's
 * @block: of an operation that has been taken back.
 *
 * Without locks. Pushes nobody: that would keep every call of every operation
 * waiting, and lend the priority of a thread that is the application's, for
 * memory that nobody else waits for. Who gets no CPU for a second is met again
 * by the caller's next attempt.
 *
 * Up to a second. -EBUSY: somebody still is; -EDEADLK: the caller is.
 */
int isahp_swap_leave_block(struct isahp_block *block);

/**
 * isahp_backoff_ns - how long to sleep before the next look
 * @round: counts up.
 *
 * From 20 microseconds to 2 milliseconds.
 */
uint64_t isahp_backoff_ns(unsigned int round);

/** isahp_now_ns - CLOCK_MONOTONIC */
uint64_t isahp_now_ns(void);

/** isahp_timespec - of nanoseconds */
struct timespec isahp_timespec(uint64_t ns);

#endif /* ISAHP_SWAP_H */
