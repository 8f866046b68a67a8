/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Getting every thread out of what must not be used any more.
 *
 *	reader				updater
 *	------				-------
 *	d = load current		store current = other	(1, release)
 *	store slot = d		(2)	membarrier		(3)
 *	compiler barrier		scan: load slot		(4, acquire)
 *	load current == d?	(5)	wait while slot == d
 *	  no: again with the new one
 *	  yes: read d->fn, call
 *	store slot = NULL (6, release)
 *
 * The membarrier (3) is a full barrier at some point P of every reader's program
 * order. A reader whose (2) comes before P: its slot is seen by (4), which comes
 * after (3). A reader whose (2) comes after P: so does its (5), which therefore
 * sees (1) and tries again. Between them there is no third. (3) is also the
 * partner of the readers' compiler barrier, which keeps (2) before (5) in
 * program order. (4) pairs with (6): when the updater sees the slot free, all
 * that the reader did inside has happened.
 *
 * The scan compares pointers and follows none: a slot may for a moment hold a
 * descriptor that is gone, of a reader that is about to fail (5).
 *
 * In MODE_FENCED the reader has a full fence between (2) and (5) and the updater
 * one at (3): each sees the other, or the other sees it. In MODE_URCU the region
 * is a read-side section, and (3) and (4) are a grace period.
 */
#ifndef ISAHP_SWAP_H
#define ISAHP_SWAP_H

#include "gp_urcu.h"
#include "operation.h"

/**
 * struct isahp_drain - waiting for threads to leave
 * @allowed: features that may stay in use.
 * @nothing: no variant outside @allowed was ever in force.
 * @gp: MODE_URCU: the grace period, NULL until one could be started.
 */
struct isahp_drain {
	struct isahp_features allowed;
	bool nothing;
	struct isahp_gp *gp;
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
 * Return: 0: yes, for good; -EAGAIN: not yet.
 */
int isahp_drain_poll(struct isahp_drain *drain);

/** isahp_drain_end - give up what it holds; may be repeated */
void isahp_drain_end(struct isahp_drain *drain);

/**
 * isahp_swap_leave_block - wait until no thread is inside any of a block's
 * @block: of an operation that has been taken back.
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

#endif /* ISAHP_SWAP_H */
