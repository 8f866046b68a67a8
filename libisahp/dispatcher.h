/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ISAHP_DISPATCHER_H
#define ISAHP_DISPATCHER_H

#include <stdbool.h>

/** isahp_dispatcher_interest - an operation with new needs was registered */
void isahp_dispatcher_interest(void);

/**
 * isahp_dispatcher_resume - in a fork's child: follow again, if the parent did
 *
 * Once; if it fails operations stay on variants that need nothing, and
 * isahp_status.error says why.
 */
void isahp_dispatcher_resume(void);

/**
 * isahp_dispatcher_child - in a fork's child: nothing is followed for now
 *
 * isahp_library.lock held. Return: whether isahp_dispatcher_resume() is wanted.
 */
bool isahp_dispatcher_child(void);

#endif /* ISAHP_DISPATCHER_H */
