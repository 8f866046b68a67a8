/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHP_SHIM_MIGRATE_H
#define ISAHP_SHIM_MIGRATE_H

#include "job.h"

/**
 * struct isahp_migrate_args - where to
 * @uri: for QEMU's `migrate`, as tcp:HOST:PORT or unix:PATH.
 * @target: what the VM will find there.
 * @vendor: enum isahp_vendor of the CPU there.
 * @deadline_ms: for the guest.
 * @force: move even when the guest does not agree.
 */
struct isahp_migrate_args {
	const char *uri;
	struct isahp_target target;
	__u32 vendor;
	__u64 deadline_ms;
	bool force;
};

/**
 * isahp_migrate - prepare the guest, then let QEMU move it
 * @vm: with QMP, and running.
 * @args: copied.
 * @call: progress per stage; finished with times and the guest's answer when
 *	QEMU says that the VM is at its new host, or why it is not. In the latter
 *	case the guest has been told that all is as it was. Not finished when
 *	this returns an error.
 * @err: why not.
 *
 * Cancelling ends in migrate_cancel and ABORT, unless the move is completed.
 *
 * Return: 0, or -EPERM (policy), -EBUSY, -ENOTCONN, -ENOMEM.
 */
int isahp_migrate(struct isahp_vm *vm, const struct isahp_migrate_args *args,
		  struct isahp_call *call, struct isahp_error *err);

#endif /* ISAHP_SHIM_MIGRATE_H */
