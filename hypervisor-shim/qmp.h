/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of QEMU's machine protocol (QMP), for one VM.
 *
 * Connects to the socket, and again whenever the connection is lost. Asks QEMU
 * for the features and the vendor of the first CPU, and follows its run state.
 * QEMU is not trusted more than its guest: what it says is bounded and checked.
 */
#ifndef ISAHP_SHIM_QMP_H
#define ISAHP_SHIM_QMP_H

#include <jansson.h>
#include <stdbool.h>

#include "policy/error.h"

struct isahp_vm;
struct isahp_qmp;

/**
 * isahp_qmp_fn - the answer to a command
 * @vm: whose QEMU it is.
 * @result: what it returned, borrowed; NULL on failure.
 * @why: on failure, in QEMU's words or ours, sanitized; else NULL.
 * @data: as given.
 */
typedef void (*isahp_qmp_fn)(struct isahp_vm *vm, const json_t *result,
			     const char *why, void *data);

/**
 * isahp_qmp_start - begin to connect
 * @vm: sets @vm->qmp; the path is @vm->config.qmp.
 * @err: what is wrong.
 *
 * Return: 0 or -ENOMEM. A QEMU that is not there yet is no error.
 */
int isahp_qmp_start(struct isahp_vm *vm, struct isahp_error *err);

/** isahp_qmp_stop - close the connection; callbacks are not called any more */
void isahp_qmp_stop(struct isahp_qmp *qmp);

/** isahp_qmp_ready - connected, and commands are taken */
bool isahp_qmp_ready(const struct isahp_qmp *qmp);

/** isahp_qmp_refresh - ask for the features and the run state again */
void isahp_qmp_refresh(struct isahp_qmp *qmp);

/**
 * isahp_qmp_command - send a command
 * @qmp: ready, else @fn gets a failure from the loop.
 * @name: of the command.
 * @arguments: taken over; may be NULL.
 * @fn: called once from the loop, unless isahp_qmp_forget() comes before; may
 *	be NULL.
 * @data: for @fn.
 *
 * Return: 0, -ENOTCONN or -ENOMEM; then @fn is not called.
 */
int isahp_qmp_command(struct isahp_qmp *qmp, const char *name,
		      json_t *arguments, isahp_qmp_fn fn, void *data);

/** isahp_qmp_forget - answers for @data go nowhere from now on */
void isahp_qmp_forget(struct isahp_qmp *qmp, const void *data);

/**
 * isahp_qmp_follow - be told of MIGRATION events
 * @qmp: of the VM.
 * @fn: gets the status ("active", "completed" ...) as @result, a string; or a
 *	failure when the connection is lost. NULL: no more.
 * @data: for @fn.
 */
void isahp_qmp_follow(struct isahp_qmp *qmp, isahp_qmp_fn fn, void *data);

#endif /* ISAHP_SHIM_QMP_H */
