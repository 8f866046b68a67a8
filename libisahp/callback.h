/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ISAHP_CALLBACK_H
#define ISAHP_CALLBACK_H

#include "library.h"

/**
 * isahp_callbacks_leaving - ask whether features may leave
 * @change: kind ISAHP_CALLBACK_LEAVING.
 * @again: all have agreed to another LEAVING, which this one supersedes.
 *
 * Dispatching thread only, as all that run callbacks. In order of priority,
 * until one vetoes; those that had agreed are then told ISAHP_CALLBACK_RESTORED,
 * last first.
 *
 * Return: 0, or what the vetoing one returned.
 */
int isahp_callbacks_leaving(const struct isahp_change *change, bool again);

/**
 * isahp_callbacks_tell - tell everyone, highest priority number first
 * @change: kind ISAHP_CALLBACK_CHANGED or _RESTORED.
 */
void isahp_callbacks_tell(const struct isahp_change *change);

/** isahp_callbacks_running - is the caller inside a callback? */
bool isahp_callbacks_running(void);

/** isahp_callbacks_lock - for fork */
void isahp_callbacks_lock(void);
/** isahp_callbacks_unlock - for fork, in the parent */
void isahp_callbacks_unlock(void);
/** isahp_callbacks_child - for fork, in the child: unlocks, nothing runs */
void isahp_callbacks_child(void);

#endif /* ISAHP_CALLBACK_H */
