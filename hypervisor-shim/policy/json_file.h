/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON documents in files that people name. */
#ifndef ISAHP_SHIM_JSON_FILE_H
#define ISAHP_SHIM_JSON_FILE_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "error.h"

/**
 * struct isahp_json_kind - what a file is to be
 * @name: for errors: "pool's file".
 * @max: bytes that one has at most.
 */
struct isahp_json_kind {
	const char *name;
	size_t max;
};

/**
 * isahp_json_file_read - the document in an open file
 * @file: may be a pipe; stays open.
 * @path: its name, for errors; hostile.
 * @kind: what it is to be.
 * @err: names the file, and the line where it is no JSON. Printable.
 *
 * Return: the document; NULL with @err set.
 */
json_t *isahp_json_file_read(FILE *file, const char *path,
			     const struct isahp_json_kind *kind,
			     struct isahp_error *err);

/** isahp_json_file_load - the same of a file that is to be opened */
json_t *isahp_json_file_load(const char *path, const struct isahp_json_kind *kind,
			     struct isahp_error *err);

#endif /* ISAHP_SHIM_JSON_FILE_H */
