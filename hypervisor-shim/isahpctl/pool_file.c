// SPDX-License-Identifier: GPL-2.0-or-later
#include "pool_file.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "connect.h"
#include "ctl.h"
#include "policy/names.h"
#include "policy/text.h"
#include "pools.h"
#include "write.h"

#define HIDE "hide"
#define LEVEL "level"
#define FEATURES "features"
#define HOSTS "hosts"

/* As isahp_pool_load() takes it. */
static void folder_of(const char *path, char *folder, size_t size)
{
	const char *slash = strrchr(path, '/');

	snprintf(folder, size, "%.*s", slash ? (int)(slash - path) + 1 : 2,
		 slash ? path : "./");
}

static int no_memory(struct isahp_error *err)
{
	return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
			       "out of memory");
}

static int blame(const struct ctl_pool_file *file, struct isahp_error *err)
{
	char shown[256], text[ISAHP_ERROR_TEXT_SIZE];

	isahp_text_sanitize(shown, sizeof(shown), file->path, strlen(file->path));
	strcpy(text, err->text);
	isahp_error_set(err, err->class, 0, "%s: %.700s", shown, text);
	return (int)err->class;
}

/* --- reading ------------------------------------------------------------------ */

/* What a document promises, before it is a file. Return: 0, or the exit code. */
static int promise_of(const struct ctl_pool_file *file, const json_t *document,
		      struct isahp_features *ret, struct isahp_error *err)
{
	struct isahp_merged merged;
	struct isahp_pool pool;
	char folder[PATH_MAX];
	int rc;

	memset(&pool, 0, sizeof(pool));
	folder_of(file->path, folder, sizeof(folder));
	rc = isahp_pool_from_json(document, folder, &ctl_connect, &pool, err);
	if (rc)
		return blame(file, err);
	rc = isahp_pool_merge(&pool, &merged, err);
	if (!rc) {
		*ret = merged.features;
		isahp_merged_free(&merged);
	}
	isahp_pool_free(&pool);
	return rc ? blame(file, err) : 0;
}

int ctl_pool_file_open(const char *path, struct ctl_pool_file *ret,
		       struct isahp_error *err)
{
	int rc;

	memset(ret, 0, sizeof(*ret));
	ret->path = path;
	rc = ctl_pool_load(path, &ret->pool, err);
	if (rc)
		return rc;
	ret->document = isahp_json_file_load(path, &isahp_pool_file, err);
	rc = ret->document ? promise_of(ret, ret->document, &ret->promise, err) :
			     (int)err->class;
	if (rc)
		ctl_pool_file_close(ret);
	return rc;
}

void ctl_pool_file_close(struct ctl_pool_file *file)
{
	json_decref(file->document);
	isahp_pool_free(&file->pool);
	memset(file, 0, sizeof(*file));
}

/* --- writing ------------------------------------------------------------------- */

static int cannot(const struct ctl_pool_file *file, const struct isahp_features *wanted,
		  const struct isahp_features *is, struct isahp_error *err)
{
	struct isahp_features less = isahp_features_andnot(wanted, is);
	struct isahp_features more = isahp_features_andnot(is, wanted);
	char lacks[256], has[256];

	isahp_names_format(&less, lacks, sizeof(lacks));
	isahp_names_format(&more, has, sizeof(has));
	isahp_error_set(err, ISAHP_ERROR_POLICY, 0,
			"its hosts do not promise what the plan says (missing: %s; more: %s): make a new plan",
			*lacks ? lacks : "nothing", *has ? has : "nothing");
	return blame(file, err);
}

/* Takes @document over, in place of what there was. */
static int commit(struct ctl_pool_file *file, json_t *document, struct isahp_error *err)
{
	const char *path = file->path;
	int rc = ctl_write_json(path, document, err);

	if (rc)
		return rc;
	ctl_pool_file_close(file);
	return ctl_pool_file_open(path, file, err);
}

/* Takes @document over and writes it, made to promise just @promise. */
static int settle(struct ctl_pool_file *file, json_t *document,
		  const struct isahp_features *promise, struct isahp_error *err)
{
	struct isahp_features is, hidden = isahp_features_none();
	struct isahp_error ignored;
	int rc = promise_of(file, document, &is, err);

	if (!rc && !isahp_features_equal(&is, promise)) {
		isahp_names_from_json(json_object_get(document, HIDE), &hidden, &ignored);
		is = isahp_features_andnot(&is, promise);
		hidden = isahp_features_or(&hidden, &is);
		json_object_set_new(document, HIDE, isahp_names_to_json(&hidden));
		rc = promise_of(file, document, &is, err);
		if (!rc && !isahp_features_equal(&is, promise))
			rc = cannot(file, promise, &is, err);
	}
	if (!rc)
		return commit(file, document, err);
	json_decref(document);
	return rc;
}

/* --- hosts --------------------------------------------------------------------- */

int ctl_pool_file_join(struct ctl_pool_file *file, const char *host,
		       const char *profile, struct isahp_error *err)
{
	json_t *document = json_deep_copy(file->document), *entry;

	if (!document)
		return no_memory(err);
	entry = json_pack("{s:s, s:s}", "file", profile, "name", host);
	json_array_append_new(json_object_get(document, HOSTS), entry);
	return settle(file, document, &file->promise, err);
}

/* The folder is called as it is: only the entry is a pattern, as in pool_hosts.c. */
static int expand(const struct ctl_pool_file *file, const char *entry, glob_t *ret,
		  size_t *ret_skip)
{
	char folder[PATH_MAX], pattern[2 * PATH_MAX + 1] = "";
	size_t i, at = 0;

	folder_of(file->path, folder, sizeof(folder));
	*ret_skip = *entry == '/' ? 0 : strlen(folder);
	for (i = 0; i < *ret_skip; i++) {
		if (strchr("*?[\\", folder[i]))
			pattern[at++] = '\\';
		pattern[at++] = folder[i];
	}
	if (at + strlen(entry) >= sizeof(pattern))
		return -1;
	strcpy(pattern + at, entry);
	return glob(pattern, 0, NULL, ret) ? -1 : 0;
}

/* The files of a pattern one by one, but for one. */
static json_t *without(const glob_t *files, size_t skip, size_t one)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < files->gl_pathc; i++)
		if (i != one)
			json_array_append_new(array,
					      json_string(files->gl_pathv[i] + skip));
	return array;
}

/*
 * What stands instead of an entry when host number @host goes; NULL: it brings
 * others. @next: number of the first that it brings; of the next entry's, then.
 */
static json_t *reduced(const struct ctl_pool_file *file, const json_t *entry,
		       size_t host, size_t *next)
{
	const char *pattern = json_string_value(entry);
	json_t *rest = NULL;
	size_t first = *next, skip;
	glob_t files;

	if (!pattern || !strpbrk(pattern, "*?[")) {
		*next += 1;
		return host == first ? json_array() : NULL;
	}
	if (expand(file, pattern, &files, &skip))
		return NULL;
	*next += files.gl_pathc;
	if (host >= first && host < *next)
		rest = without(&files, skip, host - first);
	globfree(&files);
	return rest;
}

/* Hosts are in the order of entries, and of a pattern in that of its files. */
static size_t number_of(const struct ctl_pool_file *file, const char *host)
{
	size_t i;

	for (i = 0; i < file->pool.host_count; i++)
		if (!strcmp(file->pool.hosts[i].name, host))
			break;
	return i;
}

int ctl_pool_file_leave(struct ctl_pool_file *file, const char *host,
			struct isahp_error *err)
{
	json_t *document = json_deep_copy(file->document), *hosts, *rest = NULL, *item;
	size_t i, j, next = 0, number = number_of(file, host);

	hosts = json_object_get(document, HOSTS);
	for (i = 0; i < json_array_size(hosts); i++) {
		rest = reduced(file, json_array_get(hosts, i), number, &next);
		if (rest)
			break;
	}
	/* A file more or less, meanwhile, and it would be another host's entry. */
	for (j = i + 1; rest && j < json_array_size(hosts); j++)
		json_decref(reduced(file, json_array_get(hosts, j), number, &next));
	if (!rest || next != file->pool.host_count) {
		json_decref(rest);
		json_decref(document);
		isahp_error_set(err, ISAHP_ERROR_FAILED, 0,
				"no entry of \"hosts\" can be found that brings %s: take it out by hand",
				host);
		return blame(file, err);
	}
	json_array_remove(hosts, i);
	json_array_foreach(rest, j, item)
		json_array_insert(hosts, i + j, item);
	json_decref(rest);
	return settle(file, document, &file->promise, err);
}

/* --- what it promises ------------------------------------------------------------ */

int ctl_pool_file_promise(struct ctl_pool_file *file,
			  const struct isahp_features *promise, const char *level,
			  const json_t *hide, struct isahp_error *err)
{
	json_t *document = json_deep_copy(file->document);

	if (!document)
		return no_memory(err);
	json_object_del(document, HIDE);
	if (json_array_size(hide))
		json_object_set(document, HIDE, (json_t *)hide);
	if (level) {
		json_object_del(document, LEVEL);
		json_object_del(document, FEATURES);
		if (strcmp(level, "none"))
			json_object_set_new(document, LEVEL, json_string(level));
	}
	if (json_equal(document, file->document) &&
	    isahp_features_equal(&file->promise, promise)) {
		json_decref(document);
		return 0;
	}
	return settle(file, document, promise, err);
}
