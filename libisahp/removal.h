/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A removal: freeze, ask, publish, drain, acknowledge. A part of following a
 * source (follow.h), under the same lock.
 */
#ifndef ISAHP_REMOVAL_H
#define ISAHP_REMOVAL_H

#include "callback.h"
#include "follow.h"

/**
 * isahp_removal_begin - features are leaving
 * @f: @event is the one that says so.
 * @after: what is usable without them.
 *
 * Returns when it was answered, when something newer is in force, at the
 * deadline, or when interrupted.
 *
 * Return: 0; -ECHILD: a callback has forked and this is the child; another
 * negative errno: the source is lost.
 */
int isahp_removal_begin(struct isahp_follow *f, const struct isahp_features *after);

/**
 * isahp_removal_wait - wait for the threads, acknowledge when the last is out
 * @f: @waiting is set.
 *
 * Ends early for a newer event, at the deadline, or when interrupted; in the
 * latter two cases f->waiting stays, and the next turn looks again: the guest
 * takes an ACK as long as its PREPARE is pending.
 *
 * Return: as isahp_removal_begin().
 */
int isahp_removal_wait(struct isahp_follow *f);

/** isahp_removal_end - nothing is asked of anybody (any more) */
void isahp_removal_end(struct isahp_follow *f);

/* --- of follow.c ------------------------------------------------------------- */

/** isahp_follow_usable - what operations may use; with @select they go there */
void isahp_follow_usable(const struct isahp_features *usable, bool select);

/** isahp_follow_present - what would be usable if nothing were leaving */
struct isahp_features isahp_follow_present(const struct isahp_follow *f,
					   const struct isahp_event *e);

/**
 * isahp_follow_look - what does the source say now?
 * @f: following.
 *
 * Return: 1: something newer than @event is in force; 0; a negative errno: the
 * source is lost.
 */
int isahp_follow_look(struct isahp_follow *f);

/** isahp_follow_interrupted - does somebody want the dispatcher's lock? */
bool isahp_follow_interrupted(const struct isahp_follow *f);

/** isahp_follow_change - what a callback is to be told */
struct isahp_change isahp_follow_change(uint32_t kind,
					const struct isahp_features *before,
					const struct isahp_features *after);

/**
 * isahp_follow_tell - as isahp_callbacks_tell()
 * @agreed: as there.
 * @others: as there.
 *
 * -ECHILD: a callback has forked, this is the child.
 */
int isahp_follow_tell(const struct isahp_change *agreed,
		      const struct isahp_change *others);

#endif /* ISAHP_REMOVAL_H */
