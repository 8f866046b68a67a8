/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All registrants together: between registrant.c, which knows what one may do,
 * and roll.c, which knows where each stands and tells them of what is new.
 *
 * Everything here is called with isahp_roll_lock held, unless it says otherwise.
 */
#ifndef ISAHP_KMOD_ROLL_H
#define ISAHP_KMOD_ROLL_H

#include <linux/spinlock.h>
#include "registrant.h"

/* The one lock that registrant.h speaks of. */
extern spinlock_t isahp_roll_lock;

/**
 * isahp_roll_add - a registrant is attached to its process
 * @r: not on the roll; asked nothing yet.
 */
void isahp_roll_add(struct isahp_registrant *r);

/**
 * isahp_roll_remove - it is about to be detached
 * @r: on the roll, caught up.
 *
 * Whoever goes has answered.
 */
void isahp_roll_remove(struct isahp_registrant *r);

/**
 * isahp_roll_catch_up - bring it up to the published state
 * @r: on the roll or not.
 *
 * Before anything else is done with a registrant.
 *
 * Return: whether it is to be woken.
 */
bool isahp_roll_catch_up(struct isahp_registrant *r);

/**
 * isahp_roll_ask - its interest is a new one: ask it if that is leaving
 * @r: on the roll, caught up.
 */
void isahp_roll_ask(struct isahp_registrant *r);

/**
 * isahp_roll_answer - it has answered
 * @r: on the roll, caught up. Nothing happens if it was not asked.
 * @answer: ISAHP_ANSWER_ACKED or ISAHP_ANSWER_VETOED.
 */
void isahp_roll_answer(struct isahp_registrant *r, enum isahp_answer answer);

/**
 * isahp_roll_untrack - a process closed while running on
 * @p: its reference is the roll's from now on. Not untracked yet.
 */
void isahp_roll_untrack(struct isahp_process *p);

/**
 * isahp_roll_track_again - it registered anew, or ended
 * @p: untracked or not.
 *
 * Return: whether it was, and the reference is the caller's.
 */
bool isahp_roll_track_again(struct isahp_process *p);

/**
 * isahp_roll_published - the state in force
 *
 * Return: valid under the lock.
 */
const struct isahp_event *isahp_roll_published(void);

/**
 * isahp_roll_unlock_and_wake - let go of the lock, then wake who sleeps on @r
 * @r: may be closed, and gone, when this returns.
 * @wake: or do not.
 *
 * A wake-up walks over as many sleepers as a user has put there.
 */
void isahp_roll_unlock_and_wake(struct isahp_registrant *r, bool wake)
	__releases(&isahp_roll_lock);

#endif /* ISAHP_KMOD_ROLL_H */
