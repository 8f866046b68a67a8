/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHPCTL_WRITE_H
#define ISAHPCTL_WRITE_H

#include <jansson.h>

#include "policy/error.h"

/**
 * ctl_write - a text to a file, or to standard output
 * @path: of the file; NULL or "-": standard output. It is replaced as a whole,
 *	or left as it is.
 * @text: to be written.
 * @err: says what went wrong.
 *
 * Return: 0, or the exit code.
 */
int ctl_write(const char *path, const char *text, struct isahp_error *err);

/**
 * ctl_write_json - the same of JSON, for people to read
 * @json: taken over; NULL: there was no memory for it.
 */
int ctl_write_json(const char *path, json_t *json, struct isahp_error *err);

#endif /* ISAHPCTL_WRITE_H */
