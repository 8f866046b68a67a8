/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM and its record, from one isahpd to another: what `migrate` and `pool apply`
 * share.
 */
#ifndef ISAHPCTL_MOVE_H
#define ISAHPCTL_MOVE_H

#include "ctl.h"

/**
 * struct ctl_move - one migration
 * @vm: its name here,
 * @vm_there: and there.
 * @from: control socket of the isahpd here,
 * @to: and there, where the VM is awaited.
 * @uri: for QEMU's migrate.
 * @accept: errata that the operator takes on himself, an array, or NULL.
 * @deadline_ms: for the guest; 0: isahpd's own.
 * @force: move even when the guest does not agree.
 */
struct ctl_move {
	const char *vm;
	const char *vm_there;
	const char *from;
	const char *to;
	const char *uri;
	const json_t *accept;
	long long deadline_ms;
	bool force;
};

/**
 * ctl_move - check, prepare, migrate, wait until it is settled
 * @ctl: how to show progress.
 * @move: borrowed.
 * @ret_data: what there is to say of it, may be NULL; on a refusal by the
 *	destination its `admission`, and `text` for people.
 * @err: filled on failure.
 *
 * Return: 0, or the exit code.
 */
int ctl_move(const struct ctl *ctl, const struct ctl_move *move, json_t **ret_data,
	     struct isahp_error *err);

/**
 * ctl_move_record - a VM's record, of the isahpd where it runs
 * @ctl: how to show progress.
 * @socket: of the isahpd.
 * @vm: name.
 * @ret_data: `record`; `untold`: what that leaves open; `host_errata`: of the host
 *	where it runs. Untouched on failure.
 * @err: filled on failure.
 *
 * Return: 0, or the exit code.
 */
int ctl_move_record(const struct ctl *ctl, const char *socket, const char *vm,
		    json_t **ret_data, struct isahp_error *err);

/**
 * ctl_move_explain - more than fits into one line, of a refusal
 * @data: as ctl_move() returned it; lines go to standard error.
 */
void ctl_move_explain(const json_t *data);

/** ctl_move_knows - whether an isahpd of that `vm show` knows of records */
bool ctl_move_knows(const json_t *show);

#endif /* ISAHPCTL_MOVE_H */
