/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel code that takes part, by <isahp/kernel.h>. */
#ifndef ISAHP_KMOD_PARTICIPANT_H
#define ISAHP_KMOD_PARTICIPANT_H

#include <isahp/kernel.h>
#include <isahp/uapi.h>

/**
 * isahp_participants_tell - call everybody
 * @event: enum isahp_kernel_event.
 * @state: as published.
 * @ret_veto: receives the name of who refused, cut to fit; only on failure.
 *
 * Context: sleeps.
 *
 * Return: 0; a negative errno: a PREPARE was vetoed. Other events cannot be.
 */
int isahp_participants_tell(enum isahp_kernel_event event,
			    const struct isahp_event *state,
			    char ret_veto[ISAHP_COMM_SIZE]);

#endif /* ISAHP_KMOD_PARTICIPANT_H */
