/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ISAHP_CALLBACK_H
#define ISAHP_CALLBACK_H

#include "library.h"

/**
 * struct isahp_answer - what came of asking
 * @error: 0, or the veto's negative errno.
 * @reason: the veto's, or "".
 */
struct isahp_answer {
	int error;
	char reason[ISAHP_REASON_SIZE];
};

/**
 * isahp_callbacks_leaving - ask whether features may leave
 * @change: kind ISAHP_CALLBACK_LEAVING; @priv is set here.
 * @again: the same features, after what stopped the asking: who has agreed to
 *	that is not asked again.
 * @stop: looked at between two of them.
 * @arg: passed to @stop.
 * @ret_verdict: what they say.
 *
 * Dispatching thread only, as all that run callbacks. In order of priority, until
 * one vetoes or @stop says so. Who agrees is owed an end of it, by one of the
 * functions below.
 *
 * Return: 0 when there is a verdict; else what @stop returned.
 */
int isahp_callbacks_leaving(struct isahp_change *change, bool again,
			    int (*stop)(void *arg), void *arg,
			    struct isahp_answer *ret_verdict);

/**
 * isahp_callbacks_tell - tell of what has happened, highest priority number first
 * @agreed: what those are told that have agreed to a LEAVING,
 * @others: and the others. NULL: nothing.
 *
 * ISAHP_CALLBACK_CHANGED and _RESTORED end a LEAVING.
 */
void isahp_callbacks_tell(const struct isahp_change *agreed,
			  const struct isahp_change *others);

/** isahp_callbacks_running - is the caller inside a callback? */
bool isahp_callbacks_running(void);

/** isahp_callbacks_lock - for fork */
void isahp_callbacks_lock(void);
/** isahp_callbacks_unlock - for fork, in the parent */
void isahp_callbacks_unlock(void);
/** isahp_callbacks_child - for fork, in the child: unlocks, nothing runs */
void isahp_callbacks_child(void);

#endif /* ISAHP_CALLBACK_H */
