// SPDX-License-Identifier: GPL-2.0-or-later
#include "pool_reader.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

#define FIELDS(table) table, sizeof(table) / sizeof((table)[0])

static int add_host(struct isahp_pool_reader *r, const char *place, const char *path,
		    const char *name, enum isahp_import_format format)
{
	struct isahp_pool *pool = r->pool;
	struct isahp_profile *hosts;
	struct isahp_error inner;
	size_t room;
	int rc;

	if (pool->host_count == ISAHP_POOL_HOSTS_MAX)
		return isahp_pool_bad(r->err, place, "more than %d hosts", ISAHP_POOL_HOSTS_MAX);
	if (pool->host_count == pool->room) {
		room = pool->room ? 2 * pool->room : 16;
		hosts = realloc(pool->hosts, room * sizeof(*hosts));
		if (!hosts)
			return isahp_pool_no_memory(r->err);
		pool->hosts = hosts;
		pool->room = room;
	}
	rc = isahp_import_file(path, format, name, &pool->hosts[pool->host_count],
			       &inner);
	if (rc) {
		isahp_pool_bad(r->err, place, "%.500s", inner.text);
		r->err->class = inner.class;
		return rc;
	}
	pool->host_count++;
	return 0;
}

static int full_path(struct isahp_pool_reader *r, const char *place, const char *file,
		     char *path, size_t size)
{
	bool whole = *file == '/';
	int len = snprintf(path, size, "%s%s%s", whole ? "" : r->folder,
			   whole ? "" : "/", file);

	if (!*file || len < 0 || (size_t)len >= size)
		return isahp_pool_bad(r->err, place, "is no path of a file");
	return 0;
}

/* A path, or a pattern with * and ?, of which each file is a host. */
static int add_files(struct isahp_pool_reader *r, const char *place, const char *file)
{
	char path[PATH_MAX];
	glob_t found;
	size_t i;
	int rc = full_path(r, place, file, path, sizeof(path));

	if (rc || !strpbrk(file, "*?["))
		return rc ? rc : add_host(r, place, path, NULL, ISAHP_IMPORT_AUTO);
	switch (glob(path, GLOB_ERR, NULL, &found)) {
	case 0:
		break;
	case GLOB_NOSPACE:
		return isahp_pool_no_memory(r->err);
	default:
		return isahp_pool_bad(r->err, place, "no file is called so");
	}
	for (i = 0; !rc && i < found.gl_pathc; i++)
		rc = add_host(r, place, found.gl_pathv[i], NULL, ISAHP_IMPORT_AUTO);
	globfree(&found);
	return rc;
}

static int read_host(struct isahp_pool_reader *r, const char *place, json_t *host)
{
	static const struct isahp_pool_field fields[] = {
		{ "file", NULL }, { "name", NULL }, { "format", NULL },
	};
	const json_t *file, *name, *format;
	int rc, found = ISAHP_IMPORT_AUTO;
	char path[PATH_MAX];

	if (json_is_string(host))
		return add_files(r, place, json_string_value(host));
	rc = isahp_pool_fields(r, place, host, FIELDS(fields));
	if (rc)
		return rc;
	file = json_object_get(host, "file");
	name = json_object_get(host, "name");
	format = json_object_get(host, "format");
	if (!json_is_string(file))
		return isahp_pool_bad(r->err, place, "\"file\" has to be there, and a path");
	if (name && (!json_is_string(name) ||
		     !isahp_profile_name_valid(json_string_value(name))))
		return isahp_pool_bad(r->err, place, "\"name\" has to be printable, without spaces");
	if (format)
		found = json_is_string(format) ?
			isahp_import_format_find(json_string_value(format)) : -ENOENT;
	if (found < 0)
		return isahp_pool_bad(r->err, place,
			   "\"format\" has to be auto, profile, cpuid, cpuinfo, libvirt, qemu or xen");
	rc = full_path(r, place, json_string_value(file), path, sizeof(path));
	return rc ? rc : add_host(r, place, path, json_string_value(name), found);
}

static int read_hosts(struct isahp_pool_reader *r, json_t *hosts)
{
	char place[64];
	json_t *host;
	size_t i;
	int rc;

	if (!json_array_size(hosts))
		return isahp_pool_bad(r->err, "hosts",
				      "has to be there: an array of files with profiles");
	json_array_foreach(hosts, i, host) {
		snprintf(place, sizeof(place), "hosts[%zu]", i);
		rc = read_host(r, place, host);
		if (rc)
			return rc;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct isahp_profile *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int check_doubles(struct isahp_pool_reader *r)
{
	const struct isahp_profile **sorted;
	struct isahp_pool *pool = r->pool;
	size_t i;
	int rc = 0;

	sorted = calloc(pool->host_count, sizeof(*sorted));
	if (!sorted)
		return isahp_pool_no_memory(r->err);
	for (i = 0; i < pool->host_count; i++)
		sorted[i] = &pool->hosts[i];
	qsort(sorted, pool->host_count, sizeof(*sorted), by_name);
	for (i = 1; !rc && i < pool->host_count; i++)
		if (!by_name(&sorted[i - 1], &sorted[i]))
			rc = isahp_pool_bad(r->err, "hosts",
				 "two are called '%s': give one a \"name\", or leave it out",
				 sorted[i]->name);
	free(sorted);
	return rc;
}

int isahp_pool_hosts(struct isahp_pool_reader *r, json_t *hosts)
{
	int rc = read_hosts(r, hosts);

	return rc ? rc : check_doubles(r);
}
