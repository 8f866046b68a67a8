/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: one JSON object per line, in both directions.
 *
 *	-> {"command": NAME, "arguments": {...}}
 *	<- {"progress": {...}}			any number of times
 *	<- {"data": {...}}			success
 *	<- {"error": {"class": C, "exit": N, "message": TEXT}, "data": {...}}
 *
 * Requests of one connection are served one after the other. Closing (also
 * half-closing) the connection cancels the request under way.
 */
#ifndef ISAHP_SHIM_CONTROL_H
#define ISAHP_SHIM_CONTROL_H

#include "job.h"

#define ISAHP_CONTROL_LINE_MAX 65536u
#define ISAHP_CONTROL_CLIENTS_MAX 64

struct isahp_control;

/**
 * isahp_control_start - serve DIR/control.sock
 * @host: whose VMs are controlled.
 * @ret_control: isahp_control_stop() ends it.
 * @err: what is wrong.
 *
 * Return: 0 or a negative errno.
 */
int isahp_control_start(struct isahp_host *host,
			struct isahp_control **ret_control,
			struct isahp_error *err);

/** isahp_control_stop - close the socket and all connections */
void isahp_control_stop(struct isahp_control *control);

/**
 * isahp_control_handle - carry out one request
 * @host: whose VMs.
 * @line: a JSON text,
 * @size: its bytes.
 * @call: is finished, now or later.
 */
void isahp_control_handle(struct isahp_host *host, const char *line,
			  size_t size, struct isahp_call *call);

#endif /* ISAHP_SHIM_CONTROL_H */
