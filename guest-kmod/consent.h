/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this kernel itself has to say to a record: what it is pinned to, what its
 * own code uses, and kernel code that takes part. The guest's thread alone asks.
 */
#ifndef ISAHP_KMOD_CONSENT_H
#define ISAHP_KMOD_CONSENT_H

#include <isa-core/state.h>
#include <isahp/kernel.h>

/**
 * isahp_consent_prepare - a state came into force
 * @state: it.
 * @entry_err: whether the 32-bit entry could follow it, 0 or a negative errno.
 *
 * From now on no kernel code begins to use what leaves or is away.
 *
 * Context: sleeps.
 *
 * Return: why it must be refused, or ISAHP_NAK_NONE.
 */
enum isahp_nak_reason isahp_consent_prepare(const struct isahp_state *state,
					    int entry_err);

/**
 * isahp_consent_pinned - is something leaving that this kernel needs?
 * @state: in force.
 *
 * To be asked again right before an acknowledgement: kernel code comes and goes.
 * Says so in the log.
 *
 * Context: sleeps.
 */
bool isahp_consent_pinned(const struct isahp_state *state);

/**
 * isahp_consent_participants - tell kernel code that takes part
 * @event: enum isahp_kernel_event.
 * @state: as published.
 *
 * Context: sleeps.
 *
 * Return: ISAHP_NAK_VETO or ISAHP_NAK_NONE.
 */
enum isahp_nak_reason isahp_consent_participants(enum isahp_kernel_event event,
						 const struct isahp_event *state);

/**
 * isahp_consent_list_veto - name who vetoed, in front of all processes
 * @answer: to the record that the last isahp_consent_participants() was about.
 */
void isahp_consent_list_veto(struct isahp_acknowledge_args *answer);

#endif /* ISAHP_KMOD_CONSENT_H */
