// SPDX-License-Identifier: GPL-2.0-or-later
#include "json_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "text.h"

struct reader {
	FILE *file;
	size_t left;
	int error;
	bool too_large;
};

/* For json_load_callback(). A pipe does not tell its size before. */
static size_t read_some(void *buffer, size_t size, void *data)
{
	struct reader *r = data;
	size_t got = fread(buffer, 1, size, r->file);

	if (ferror(r->file))
		r->error = errno;
	else if (got > r->left)
		r->too_large = true;
	if (r->error || r->too_large)
		return (size_t)-1;
	r->left -= got;
	return got;
}

json_t *isahp_json_file_read(FILE *file, const char *path,
			     const struct isahp_json_kind *kind,
			     struct isahp_error *err)
{
	struct reader r = { .file = file, .left = kind->max };
	char what[JSON_ERROR_TEXT_LENGTH], shown[256];
	json_error_t e;
	json_t *json = json_load_callback(read_some, &r, JSON_REJECT_DUPLICATES, &e);

	if (json && !r.error && !r.too_large)
		return json;
	json_decref(json); /* what the rest would have been is not known */
	isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
	isahp_text_sanitize(what, sizeof(what), e.text, sizeof(e.text));
	if (r.error)
		isahp_error_set(err, ISAHP_ERROR_FAILED, 0, "%s: %s", shown,
				strerror(r.error));
	else if (r.too_large)
		isahp_error_set(err, ISAHP_ERROR_USAGE, 0, "%s: larger than any %s",
				shown, kind->name);
	else
		isahp_error_set(err, ISAHP_ERROR_USAGE, 0, "%s: line %d: %s", shown,
				e.line, what);
	return NULL;
}

json_t *isahp_json_file_load(const char *path, const struct isahp_json_kind *kind,
			     struct isahp_error *err)
{
	FILE *file = fopen(path, "re");
	char shown[256];
	json_t *json;

	if (!file) {
		isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
		isahp_error_set(err, ISAHP_ERROR_FAILED, 0, "%s: %s", shown,
				strerror(errno));
		return NULL;
	}
	json = isahp_json_file_read(file, path, kind, err);
	fclose(file);
	return json;
}
