/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of a guest's features that do not move the VM.
 */
#ifndef ISAHP_SHIM_ANNOUNCE_H
#define ISAHP_SHIM_ANNOUNCE_H

#include "job.h"

/**
 * struct isahp_announce_args - what shall change
 * @add: features that arrive.
 * @remove: features that leave.
 * @present: instead of the two: what shall be there in the end.
 * @have_present: @present counts.
 * @vendor_next: prepare only: enum isahp_vendor, or 0: stays.
 * @deadline_ms: for the guest.
 * @force: go on without the guest's consent.
 * @prepare_only: stop after the PREPARE was answered.
 */
struct isahp_announce_args {
	struct isahp_features add;
	struct isahp_features remove;
	struct isahp_features present;
	bool have_present;
	__u32 vendor_next;
	__u64 deadline_ms;
	bool force;
	bool prepare_only;
};

/**
 * isahp_announce - change what a guest may use
 * @vm: the VM.
 * @args: how.
 * @call: is finished when it is done: the answer as JSON, or why not. A removal
 *	is PREPAREd, and COMMITted once acknowledged, else ABORTed. Not
 *	finished when this returns an error.
 * @err: why not.
 *
 * Return: 0, or -EPERM (policy), -EBUSY, -ENOTCONN (no guest), -ENOMEM.
 */
int isahp_announce(struct isahp_vm *vm, const struct isahp_announce_args *args,
		   struct isahp_call *call, struct isahp_error *err);

/**
 * isahp_announce_settle - end what `prepare` began
 * @vm: the VM.
 * @type: ISAHP_RECORD_COMMIT or ISAHP_RECORD_ABORT.
 * @force: COMMIT without an acknowledged PREPARE.
 * @call: as for isahp_announce().
 * @err: why not.
 *
 * An ABORT stops a job that is under way, whatever it is.
 *
 * Return: as isahp_announce().
 */
int isahp_announce_settle(struct isahp_vm *vm, __u32 type, bool force,
			  struct isahp_call *call, struct isahp_error *err);

#endif /* ISAHP_SHIM_ANNOUNCE_H */
