// SPDX-License-Identifier: GPL-2.0-or-later
#include "pools.h"

#include <stdio.h>
#include <string.h>

#include "connect.h"
#include "policy/json_file.h"
#include "policy/text.h"

static const struct isahp_json_kind record_file = { "VM's record", 16 * 1024 * 1024 };

bool ctl_is_pool(const char *path)
{
	struct isahp_error ignored;
	json_t *json;
	bool is;

	/* What comes through a pipe comes once. */
	if (!strcmp(path, "-"))
		return false;
	json = isahp_json_file_load(path, &isahp_pool_file, &ignored);
	is = json_object_get(json, "isahp-pool");
	json_decref(json);
	return is;
}

int ctl_pool_load(const char *path, struct isahp_pool *ret, struct isahp_error *err)
{
	return isahp_pool_load_from(path, &ctl_connect, ret, err) ? (int)err->class : 0;
}

/* Whose fault it is has to be said. */
static int blame(const char *path, struct isahp_error *err)
{
	char shown[256], text[ISAHP_ERROR_TEXT_SIZE];

	isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
	strcpy(text, err->text);
	isahp_error_set(err, err->class, 0, "%s: %s", shown, text);
	return (int)err->class;
}

int ctl_pool_open(const char *path, struct ctl_pool *ret, struct isahp_error *err)
{
	int rc = ctl_pool_load(path, &ret->pool, err);

	if (rc)
		return rc;
	if (isahp_pool_merge(&ret->pool, &ret->merged, err)) {
		isahp_pool_free(&ret->pool);
		return blame(path, err);
	}
	if (isahp_pool_envelope(&ret->pool, &ret->merged, NULL, &ret->envelope, err)) {
		isahp_merged_free(&ret->merged);
		isahp_pool_free(&ret->pool);
		return blame(path, err);
	}
	return 0;
}

void ctl_pool_close(struct ctl_pool *pool)
{
	isahp_envelope_free(&pool->envelope);
	isahp_merged_free(&pool->merged);
	isahp_pool_free(&pool->pool);
}

const char *ctl_pool_level(const struct isahp_pool *pool)
{
	/* A list of features has no name. */
	return pool->wanted && pool->level.kind != ISAHP_LEVEL_FEATURES ?
		       pool->level.name : "";
}

json_t *ctl_pool_names(const struct isahp_pool *pool)
{
	json_t *names = json_array();
	size_t i;

	for (i = 0; i < pool->host_count; i++)
		json_array_append_new(names, json_string(pool->hosts[i].name));
	return names;
}

static json_t *load(const char *path, struct isahp_error *err)
{
	return strcmp(path, "-") ? isahp_json_file_load(path, &record_file, err) :
				   isahp_json_file_read(stdin, path, &record_file, err);
}

int ctl_record_load(const char *path, struct isahp_vm_record *ret,
		    struct isahp_error *err)
{
	json_t *json = load(path, err);
	int rc;

	if (!json)
		return (int)err->class;
	rc = isahp_vm_record_from_json(json, ret, err);
	json_decref(json);
	return rc ? blame(path, err) : 0;
}
