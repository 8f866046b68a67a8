/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From events to variants: what happens when features leave or arrive.
 *
 * All of it runs under the dispatcher's lock.
 */
#ifndef ISAHP_FOLLOW_H
#define ISAHP_FOLLOW_H

#include "source.h"
#include "swap.h"

/**
 * struct isahp_follow - following one source
 * @link: to it.
 * @event: handled last; @any: there was one.
 * @any: see @event.
 * @settled: usable when nothing was leaving.
 * @told: callbacks were asked about a LEAVING that is not over,
 * @told_after: and that leaves this.
 * @waiting: @drain is under way for @event.
 * @late: callbacks know that threads were inside at its deadline.
 * @drain: threads on their way out.
 * @interrupts: nonzero: somebody wants the dispatcher's lock now. Atomic.
 */
struct isahp_follow {
	struct isahp_source_link link;
	struct isahp_event event;
	bool any;
	struct isahp_features settled;
	bool told;
	struct isahp_features told_after;
	bool waiting;
	bool late;
	struct isahp_drain drain;
	uint32_t interrupts;
};

/**
 * isahp_follow_start - connect and put operations on what is usable
 * @f: zeroed but for @interrupts.
 * @ops: kind of source.
 * @path: where it is.
 *
 * As the source's @open; -ETIMEDOUT: its page can not be read.
 */
int isahp_follow_start(struct isahp_follow *f, const struct isahp_source_ops *ops,
		       const char *path);

/**
 * isahp_follow_turn - handle all that has come
 * @f: started.
 *
 * Return: number of events handled. -ECHILD: a callback has forked and this is
 * the child, where @f is not following any more. Another negative errno: the
 * source is lost, isahp_status.error is set and operations are on the safe side.
 */
int isahp_follow_turn(struct isahp_follow *f);

/**
 * isahp_follow_stop - leave in order if that is possible within a second
 * @f: started; closed afterwards.
 *
 * Operations stay on variants that need nothing.
 */
void isahp_follow_stop(struct isahp_follow *f);

/**
 * isahp_follow_child - in a fork's child: drop what belongs to the parent
 * @f: the parent's.
 *
 * isahp_library.lock held. Return: whether the parent was following.
 */
bool isahp_follow_child(struct isahp_follow *f);

#endif /* ISAHP_FOLLOW_H */
