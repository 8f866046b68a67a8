/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Within request*.c: how a request is taken apart, and who carries out which. */
#ifndef ISAHP_SHIM_REQUEST_H
#define ISAHP_SHIM_REQUEST_H

#include "job.h"

/*
 * Take @args apart by a format of json_unpack_ex(): what is not in the format
 * is an error, so that a misspelt argument is not silently ignored.
 */
#define UNPACK(args, err, ...)                                                \
	({                                                                    \
		json_error_t unpack_error;                                    \
		json_unpack_ex(args, &unpack_error, JSON_STRICT, __VA_ARGS__) ?\
			isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,      \
					"malformed request: %s",              \
					unpack_error.text) : 0;               \
	})

/**
 * isahp_request_vm_set - another envelope
 * @host: whose VMs.
 * @args: of the request.
 * @call: is finished, unless an error is returned.
 * @err: filled then.
 *
 * Return: 0 or a negative errno; likewise the others.
 */
int isahp_request_vm_set(struct isahp_host *host, json_t *args,
			 struct isahp_call *call, struct isahp_error *err);

/** isahp_request_vm_record - a VM's record */
int isahp_request_vm_record(struct isahp_host *host, json_t *args,
			    struct isahp_call *call, struct isahp_error *err);

/** isahp_request_vm_admit - may a VM with this record come here */
int isahp_request_vm_admit(struct isahp_host *host, json_t *args,
			   struct isahp_call *call, struct isahp_error *err);

#endif /* ISAHP_SHIM_REQUEST_H */
