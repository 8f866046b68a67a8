/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHP_SHIM_SHOW_H
#define ISAHP_SHIM_SHOW_H

#include "job.h"

/** isahp_show_vm - all there is to know of a VM; NULL when out of memory */
json_t *isahp_show_vm(struct isahp_vm *vm);

/**
 * isahp_show_await - finish a call when something has become true of a VM
 * @vm: the VM.
 * @what: "target" (its host's features are known), "registered" (its guest has
 *	registered), "settled" (running, and its guest has acknowledged).
 * @timeout_ms: then the call fails.
 * @call: gets what isahp_show_vm() says.
 * @err: why not.
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int isahp_show_await(struct isahp_vm *vm, const char *what, __u64 timeout_ms,
		     struct isahp_call *call, struct isahp_error *err);

#endif /* ISAHP_SHIM_SHOW_H */
