// SPDX-License-Identifier: GPL-2.0-or-later
#include "pool_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

int isahp_pool_bad(struct isahp_error *err, const char *place, const char *format, ...)
{
	char what[512], where[96];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	isahp_text_sanitize(where, sizeof(where), place, strlen(place));
	return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL, "pool: %s: %s", where,
			       what);
}

int isahp_pool_no_memory(struct isahp_error *err)
{
	return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM, "out of memory");
}

int isahp_pool_path(struct isahp_pool_reader *r, const char *place,
		    const json_t *value, char *ret_path)
{
	const char *path = json_string_value(value);

	if (!path || *path != '/' || strlen(path) >= ISAHP_POOL_CONTROL_SIZE)
		return isahp_pool_bad(r->err, place,
				      "\"control\" has to be a socket's path: from / on, of fewer than %d characters",
				      ISAHP_POOL_CONTROL_SIZE);
	strcpy(ret_path, path);
	return 0;
}

#define SHORT 24

static size_t edits(const char *a, const char *b)
{
	size_t row[SHORT + 1], i, j, last, left, la = strlen(a), lb = strlen(b);

	if (la > SHORT || lb > SHORT)
		return SIZE_MAX;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		last = row[0];
		row[0] = i;
		for (j = 1; j <= lb; j++) {
			left = row[j];
			last += a[i - 1] != b[j - 1];
			if (row[j] + 1 < last)
				last = row[j] + 1;
			if (row[j - 1] + 1 < last)
				last = row[j - 1] + 1;
			row[j] = last;
			last = left;
		}
	}
	return row[lb];
}

static int unknown(struct isahp_pool_reader *r, const struct isahp_pool_field *fields, size_t count,
		   const char *place, const char *key)
{
	size_t i, d, best = strlen(key) / 2 + 1;
	const char *near = NULL;
	char shown[64], list[256] = "";

	for (i = 0; i < count; i++) {
		d = edits(key, fields[i].name);
		if (d < best) {
			best = d;
			near = fields[i].name;
		}
		isahp_text_append(list, sizeof(list), "%s%s", i ? ", " : "",
				  fields[i].name);
	}
	isahp_text_sanitize(shown, sizeof(shown), key, strlen(key));
	if (near)
		return isahp_pool_bad(r->err, place, "unknown field '%s': did you mean '%s'?",
			   shown, near);
	return isahp_pool_bad(r->err, place, "unknown field '%s': there are %s", shown, list);
}

int isahp_pool_fields(struct isahp_pool_reader *r, const char *place, json_t *object,
		       const struct isahp_pool_field *fields, size_t count)
{
	json_t *value;
	const char *key;
	size_t i;
	int rc;

	if (!json_is_object(object))
		return isahp_pool_bad(r->err, place, "has to be an object");
	json_object_foreach(object, key, value) {
		for (i = 0; i < count && strcmp(fields[i].name, key); i++)
			;
		if (i == count)
			return unknown(r, fields, count, place, key);
		rc = fields[i].read ? fields[i].read(r, key, value) : 0;
		if (rc)
			return rc;
	}
	return 0;
}
