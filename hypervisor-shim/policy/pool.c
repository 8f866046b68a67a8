// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a pool's file; what follows from it is in pool_promise.c. */
#include "pool.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "errata.h"
#include "names.h"
#include "pool_reader.h"
#include "text.h"

#define FORMAT_KEY "isahp-pool"
const struct isahp_json_kind isahp_pool_file = { "pool's file", 64 * 1024 * 1024 };
#define FIELDS(table) table, sizeof(table) / sizeof((table)[0])

/* Return: which of some words a value is, or -1. */
static int word_of(const json_t *value, const char *const *words)
{
	const char *word = json_string_value(value);
	int i;

	for (i = 0; word && words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

static int read_bool(struct isahp_pool_reader *r, const char *key, json_t *value, bool *ret)
{
	if (!json_is_boolean(value))
		return isahp_pool_bad(r->err, key, "has to be true or false");
	*ret = json_is_true(value);
	return 0;
}

static int read_features(struct isahp_pool_reader *r, const char *key, json_t *value,
			 struct isahp_features *ret)
{
	struct isahp_error inner;

	if (isahp_names_from_json(value, ret, &inner))
		return isahp_pool_bad(r->err, key, "%.400s", inner.text);
	return 0;
}

/* --- what the operator wants ----------------------------------------------------- */

static int read_name(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	if (!json_is_string(value) ||
	    !isahp_profile_name_valid(json_string_value(value)))
		return isahp_pool_bad(r->err, key, "has to be printable, without spaces");
	snprintf(r->pool->name, sizeof(r->pool->name), "%s", json_string_value(value));
	return 0;
}

static int read_level(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	struct isahp_error inner;

	if (!json_is_string(value))
		return isahp_pool_bad(r->err, key, "has to be a level's name");
	if (r->pool->wanted)
		return isahp_pool_bad(r->err, key, "either a level or features");
	if (isahp_level_find(json_string_value(value), &r->pool->level, &inner))
		return isahp_pool_bad(r->err, key, "%.400s", inner.text);
	r->pool->wanted = true;
	return 0;
}

/*
 * A wish has to name what it rests on: what it does not name is hidden. But what
 * kernels look at stays as it is: XSAVE is there.
 */
static int check_whole(struct isahp_pool_reader *r, const char *key,
		       const struct isahp_features *set)
{
	struct isahp_features missing, system, closed, fell;
	char needs[256], names[256];

	system = isahp_features_of_class(ISAHP_CLASS_SYSTEM);
	missing = isahp_features_missing(set, set);
	missing = isahp_features_andnot(&missing, &system);
	isahp_names_format(&missing, needs, sizeof(needs));
	if (!*needs)
		return 0;
	closed = isahp_features_or(set, &system);
	closed = isahp_features_supported(&closed);
	fell = isahp_features_andnot(set, &closed);
	isahp_names_format(&fell, names, sizeof(names));
	return isahp_pool_bad(r->err, key, "%s rest%s on %s: name them too", names,
			      strchr(names, ',') ? "" : "s", needs);
}

static int read_wanted(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	struct isahp_features set;
	int rc;

	if (r->pool->wanted)
		return isahp_pool_bad(r->err, key, "either a level or features");
	rc = read_features(r, key, value, &set);
	if (!rc)
		rc = check_whole(r, key, &set);
	if (rc)
		return rc;
	r->pool->wanted = true;
	r->pool->level = isahp_level_of("features", &set);
	return 0;
}

static int read_baseline(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	int rc = read_features(r, key, value, &r->pool->baseline);

	r->pool->pinned = true;
	return rc ? rc : check_whole(r, key, &r->pool->baseline);
}

static int read_hide(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	return read_features(r, key, value, &r->pool->hidden);
}

static int read_mode(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	static const char *const modes[] = { "masked", "superset", NULL };
	int mode = word_of(value, modes);

	if (mode < 0)
		return isahp_pool_bad(r->err, key, "has to be masked or superset");
	r->pool->superset = mode;
	return 0;
}

static int read_cross_vendor(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	return read_bool(r, key, value, &r->pool->options.cross_vendor);
}

static int read_vendor(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	int vendor = json_is_string(value) ?
		     isahp_vendor_find(json_string_value(value)) : -ENOENT;

	if (vendor <= 0)
		return isahp_pool_bad(r->err, key, "has to be intel, amd, hygon or zhaoxin");
	r->pool->options.vendor = vendor;
	return 0;
}

static int read_layout(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	static const char *const words[] = { "hide", "refuse", NULL };
	int word = word_of(value, words);

	if (word < 0)
		return isahp_pool_bad(r->err, key, "has to be hide or refuse");
	r->pool->options.layout = word ? ISAHP_LAYOUT_REFUSE : ISAHP_LAYOUT_HIDE;
	return 0;
}

static int read_topology(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	static const char *const words[] = { "guest", "equal", NULL };
	int word = word_of(value, words);

	if (word < 0)
		return isahp_pool_bad(r->err, key, "has to be guest or equal");
	r->pool->options.topology = word ? ISAHP_TOPOLOGY_EQUAL : ISAHP_TOPOLOGY_GUEST;
	return 0;
}

/* {"host": "a"}: a host of the pool. Hosts are read first. */
static int read_named(struct isahp_pool_reader *r, const char *key, json_t *value,
		      const struct isahp_profile **ret)
{
	const char *name = json_string_value(json_object_get(value, "host"));
	char shown[64];

	*ret = name ? isahp_pool_host(r->pool, name) : NULL;
	if (*ret)
		return 0;
	isahp_text_sanitize(shown, sizeof(shown), name ? name : "",
			    name ? strlen(name) : 0);
	return isahp_pool_bad(r->err, key, "no host of the pool is called '%s'", shown);
}

static int read_cache(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	static const char *const words[] = { "least", "common", "present", NULL };
	static const enum isahp_cache choices[] = {
		ISAHP_CACHE_LEAST, ISAHP_CACHE_COMMON, ISAHP_CACHE_PRESENT,
	};
	static const struct isahp_pool_field fields[] = {
		{ "host", NULL },
	};
	int word = word_of(value, words), rc;

	if (word >= 0) {
		r->pool->options.cache = choices[word];
		return 0;
	}
	if (!json_is_object(value))
		return isahp_pool_bad(r->err, key,
			   "has to be least, common, present or {\"host\": NAME}");
	r->pool->options.cache = ISAHP_CACHE_HOST;
	rc = isahp_pool_fields(r, key, value, FIELDS(fields));
	return rc ? rc : read_named(r, key, value, &r->pool->options.cache_host);
}

static int read_artificial(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	const json_t *vendor = json_object_get(value, "vendor");
	const json_t *name = json_object_get(value, "name");
	struct isahp_pool *pool = r->pool;

	if (!json_is_string(vendor) || !json_string_length(vendor) ||
	    json_string_length(vendor) >= sizeof(pool->identity_vendor))
		return isahp_pool_bad(r->err, key, "\"vendor\" has to be 1 to 12 characters");
	if (name && (!json_is_string(name) ||
		     json_string_length(name) >= sizeof(pool->identity_name)))
		return isahp_pool_bad(r->err, key, "\"name\" has to be at most 48 characters");
	isahp_text_sanitize(pool->identity_vendor, sizeof(pool->identity_vendor),
			    json_string_value(vendor), sizeof(pool->identity_vendor));
	if (name)
		isahp_text_sanitize(pool->identity_name, sizeof(pool->identity_name),
				    json_string_value(name),
				    sizeof(pool->identity_name));
	pool->options.identity = ISAHP_IDENTITY_ARTIFICIAL;
	pool->options.identity_vendor = pool->identity_vendor;
	pool->options.identity_name = name ? pool->identity_name : NULL;
	return 0;
}

static int read_identity(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	static const char *const words[] = { "oldest", NULL };
	static const struct isahp_pool_field fields[] = {
		{ "host", NULL }, { "vendor", NULL }, { "name", NULL },
	};
	int rc;

	if (!word_of(value, words))
		return 0;
	if (!json_is_object(value))
		return isahp_pool_bad(r->err, key,
			   "has to be oldest, {\"host\": NAME} or {\"vendor\": ..., \"name\": ...}");
	rc = isahp_pool_fields(r, key, value, FIELDS(fields));
	if (rc || !json_object_get(value, "host"))
		return rc ? rc : read_artificial(r, key, value);
	r->pool->options.identity = ISAHP_IDENTITY_HOST;
	return read_named(r, key, value, &r->pool->options.identity_host);
}

static int read_accept(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	struct isahp_error inner;

	if (isahp_errata_accept(value, &r->pool->accepted, &r->pool->accept_entry, &inner))
		return isahp_pool_bad(r->err, key, "%.400s", inner.text);
	return 0;
}

static int read_control(struct isahp_pool_reader *r, const char *key, json_t *value)
{
	return isahp_pool_path(r, key, value, r->pool->control);
}

/* --- the file ------------------------------------------------------------------------ */

static const struct isahp_pool_field fields[] = {
	{ FORMAT_KEY, NULL },
	{ "hosts", NULL },	/* before the others, which name hosts */
	{ "name", read_name },
	{ "comment", NULL },
	{ "level", read_level },
	{ "features", read_wanted },
	{ "baseline", read_baseline },
	{ "hide", read_hide },
	{ "mode", read_mode },
	{ "cross_vendor", read_cross_vendor },
	{ "vendor", read_vendor },
	{ "identity", read_identity },
	{ "cache", read_cache },
	{ "topology", read_topology },
	{ "layout", read_layout },
	{ "accept", read_accept },
	{ "control", read_control },
};

static int read_pool(struct isahp_pool_reader *r, json_t *json)
{
	const json_t *format = json_object_get(json, FORMAT_KEY);
	json_t *hosts = json_object_get(json, "hosts");
	int rc;

	if (!json_is_object(json))
		return isahp_pool_bad(r->err, "document", "has to be a JSON object");
	if (!json_is_integer(format) || json_integer_value(format) < 1)
		return isahp_pool_bad(r->err, FORMAT_KEY, "has to be there, and 1");
	if (json_integer_value(format) > ISAHP_POOL_FORMAT)
		return isahp_pool_bad(r->err, FORMAT_KEY,
			   "a newer version than this program knows: update it");
	rc = isahp_pool_hosts(r, hosts);
	if (!rc)
		rc = isahp_pool_fields(r, "document", json, FIELDS(fields));
	if (!rc && !*r->pool->name)
		return isahp_pool_bad(r->err, "name", "has to be there");
	r->pool->options.name = r->pool->name;
	return rc;
}

int isahp_pool_from_json(const json_t *json, const char *folder,
			 const struct isahp_remote_source *source,
			 struct isahp_pool *ret_pool, struct isahp_error *err)
{
	struct isahp_pool_reader r = {
		.pool = ret_pool, .folder = folder, .source = source, .err = err,
	};
	struct isahp_pool before = *ret_pool;
	int rc;

	/* It points into itself, so it is made where it will be. */
	memset(ret_pool, 0, sizeof(*ret_pool));
	rc = read_pool(&r, (json_t *)json);
	if (rc) {
		isahp_pool_free(ret_pool);
		*ret_pool = before;
	}
	return rc;
}

int isahp_pool_load(const char *path, struct isahp_pool *ret_pool,
		    struct isahp_error *err)
{
	return isahp_pool_load_from(path, NULL, ret_pool, err);
}

int isahp_pool_load_from(const char *path, const struct isahp_remote_source *source,
			 struct isahp_pool *ret_pool, struct isahp_error *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX], shown[256], text[ISAHP_ERROR_TEXT_SIZE];
	json_t *json;
	int rc;

	isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
	snprintf(folder, sizeof(folder), "%.*s",
		 slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	json = isahp_json_file_load(path, &isahp_pool_file, err);
	if (!json)
		return err->class == ISAHP_ERROR_FAILED ? -ENOENT : -EINVAL;
	rc = isahp_pool_from_json(json, folder, source, ret_pool, err);
	json_decref(json);
	if (rc) {
		/* What is wrong with a file may be quoted from it. */
		isahp_text_sanitize(text, sizeof(text), err->text, sizeof(err->text));
		isahp_error_set(err, err->class, rc, "%s: %.700s", shown, text);
	}
	return rc;
}

void isahp_pool_free(struct isahp_pool *pool)
{
	size_t i;

	for (i = 0; i < pool->host_count; i++)
		isahp_profile_free(&pool->hosts[i]);
	free(pool->hosts);
	json_decref(pool->controls);
	memset(pool, 0, sizeof(*pool));
}

int isahp_pool_control(const struct isahp_pool *pool, const char *host,
		       char *ret_path, size_t size)
{
	const char *from = json_string_value(json_object_get(pool->controls, host));
	size_t used = 0, len;

	if (!from)
		from = pool->control;
	for (; *from; from++) {
		const char *piece = from;

		len = 1;
		if (from[0] == '%' && from[1] == 'h') {
			piece = host;
			len = strlen(host);
			from++;
		}
		if (used + len >= size)
			return -ENOENT;
		memcpy(ret_path + used, piece, len);
		used += len;
	}
	ret_path[used] = '\0';
	return used ? 0 : -ENOENT;
}

const struct isahp_profile *isahp_pool_host(const struct isahp_pool *pool,
					    const char *name)
{
	size_t i;

	for (i = 0; i < pool->host_count; i++)
		if (!strcmp(pool->hosts[i].name, name))
			return &pool->hosts[i];
	return NULL;
}
