// SPDX-License-Identifier: GPL-2.0-or-later
#include "pool_reader.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"
#include "text.h"

#define FIELDS(table) table, sizeof(table) / sizeof((table)[0])

/* Room for one more, all zero. */
static int make_room(struct isahp_pool_reader *r, const char *place)
{
	struct isahp_pool *pool = r->pool;
	struct isahp_profile *hosts;
	size_t room;

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
	memset(&pool->hosts[pool->host_count], 0, sizeof(*pool->hosts));
	return 0;
}

static int add_host(struct isahp_pool_reader *r, const char *place, const char *path,
		    const char *name, enum isahp_import_format format)
{
	struct isahp_pool *pool = r->pool;
	struct isahp_error inner;
	int rc = make_room(r, place);

	if (rc)
		return rc;
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

/* The folder is called as it is: only the file's part is a pattern. */
static bool quote(const char *folder, size_t len, char *to, size_t size)
{
	size_t i, at = 0;

	for (i = 0; i < len && at + 2 < size; i++) {
		if (strchr("*?[\\", folder[i]))
			to[at++] = '\\';
		to[at++] = folder[i];
	}
	to[at] = '\0';
	return i == len;
}

/* A path, or a pattern with * and ?, of which each file is a host. */
static int add_files(struct isahp_pool_reader *r, const char *place, const char *file)
{
	char path[PATH_MAX], pattern[2 * PATH_MAX + 1];
	size_t i, folder;
	glob_t found;
	int rc = full_path(r, place, file, path, sizeof(path));

	if (rc || !strpbrk(file, "*?["))
		return rc ? rc : add_host(r, place, path, NULL, ISAHP_IMPORT_AUTO);
	folder = strlen(path) - strlen(file);
	if (!quote(path, folder, pattern, sizeof(pattern)))
		return isahp_pool_bad(r->err, place, "is no path of a file");
	isahp_text_append(pattern, sizeof(pattern), "%s", file);
	switch (glob(pattern, GLOB_ERR, NULL, &found)) {
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

static int note_control(struct isahp_pool_reader *r, size_t host, json_t *control)
{
	struct isahp_pool *pool = r->pool;

	if (!control)
		return 0;
	if (!pool->controls)
		pool->controls = json_object();
	if (json_object_set(pool->controls, pool->hosts[host].name, control))
		return isahp_pool_no_memory(r->err);
	return 0;
}

static int check_control(struct isahp_pool_reader *r, const char *place, json_t *control)
{
	char path[ISAHP_POOL_CONTROL_SIZE];

	return control ? isahp_pool_path(r, place, control, path) : 0;
}

static int read_file(struct isahp_pool_reader *r, const char *place,
		     json_t *host, const char *name)
{
	const json_t *file = json_object_get(host, "file");
	const json_t *format = json_object_get(host, "format");
	json_t *control = json_object_get(host, "control");
	int rc, found = ISAHP_IMPORT_AUTO;
	char path[PATH_MAX];

	if (!json_is_string(file))
		return isahp_pool_bad(r->err, place,
				      "\"file\" has to be there, and a path; or \"connect\", and a URI");
	if (format)
		found = json_is_string(format) ?
			isahp_import_format_find(json_string_value(format)) : -ENOENT;
	if (found < 0)
		return isahp_pool_bad(r->err, place,
			   "\"format\" has to be auto, profile, cpuid, cpuinfo, libvirt, qemu or xen");
	rc = full_path(r, place, json_string_value(file), path, sizeof(path));
	if (!rc)
		rc = check_control(r, place, control);
	if (!rc)
		rc = add_host(r, place, path, name, found);
	/* It was added last. */
	return rc ? rc : note_control(r, r->pool->host_count - 1, control);
}

static int check_connection(struct isahp_pool_reader *r, const char *place,
			    const json_t *host)
{
	const json_t *guests = json_object_get(host, "guests");
	const json_t *timeout = json_object_get(host, "timeout");
	const char *uri = json_string_value(json_object_get(host, "connect"));
	struct isahp_error inner;

	if (!uri)
		return isahp_pool_bad(r->err, place, "\"connect\" has to be a URI of libvirt");
	if (isahp_remote_uri_check(uri, &inner))
		return isahp_pool_bad(r->err, place, "%.500s", inner.text);
	if (guests && (!json_is_string(guests) ||
		       !isahp_remote_guests_valid(json_string_value(guests))))
		return isahp_pool_bad(r->err, place,
				      "\"guests\" has to be what libvirt calls them, as kvm");
	if (timeout && (json_integer_value(timeout) < 1 ||
			json_integer_value(timeout) > ISAHP_REMOTE_TIMEOUT_MAX_S))
		return isahp_pool_bad(r->err, place,
				      "\"timeout\" has to be 1 to %d seconds",
				      ISAHP_REMOTE_TIMEOUT_MAX_S);
	if (!r->source)
		return isahp_pool_bad(r->err, place, "this program does not connect to hosts");
	return 0;
}

/* Its place among the hosts is kept; all are asked at once, later. */
static int add_connection(struct isahp_pool_reader *r, const char *place, size_t number,
			  json_t *host, const char *name)
{
	const json_t *timeout = json_object_get(host, "timeout");
	json_t *control = json_object_get(host, "control");
	struct isahp_pool_connection *more;
	int rc = check_connection(r, place, host);

	if (!rc)
		rc = check_control(r, place, control);
	if (!rc)
		rc = make_room(r, place);
	if (rc)
		return rc;
	if (r->connection_count == r->room) {
		r->room = r->room ? 2 * r->room : 16;
		more = reallocarray(r->connections, r->room, sizeof(*more));
		if (!more)
			return isahp_pool_no_memory(r->err);
		r->connections = more;
	}
	r->connections[r->connection_count++] = (struct isahp_pool_connection){
		.remote = {
			.uri = json_string_value(json_object_get(host, "connect")),
			.guests = json_string_value(json_object_get(host, "guests")),
			.name = name,
			.timeout_s = timeout ? (unsigned int)json_integer_value(timeout) :
					       ISAHP_REMOTE_TIMEOUT_S,
		},
		.host = r->pool->host_count++,
		.number = number,
		.control = control,
	};
	return 0;
}

static int read_host(struct isahp_pool_reader *r, const char *place, size_t number,
		     json_t *host)
{
	static const struct isahp_pool_field files[] = {
		{ "file", NULL }, { "name", NULL }, { "format", NULL },
		{ "control", NULL },
	};
	static const struct isahp_pool_field connections[] = {
		{ "connect", NULL }, { "name", NULL }, { "guests", NULL },
		{ "timeout", NULL }, { "control", NULL },
	};
	bool connect = json_object_get(host, "connect");
	const json_t *name;
	int rc;

	if (json_is_string(host))
		return add_files(r, place, json_string_value(host));
	rc = connect ? isahp_pool_fields(r, place, host, FIELDS(connections)) :
		       isahp_pool_fields(r, place, host, FIELDS(files));
	if (rc)
		return rc;
	name = json_object_get(host, "name");
	if (name && (!json_is_string(name) ||
		     !isahp_profile_name_valid(json_string_value(name))))
		return isahp_pool_bad(r->err, place, "\"name\" has to be printable, without spaces");
	return connect ? add_connection(r, place, number, host, json_string_value(name)) :
			 read_file(r, place, host, json_string_value(name));
}

static int ask(struct isahp_pool_reader *r, struct isahp_remote *remotes)
{
	size_t i, failed = 0;
	struct isahp_error inner;
	char place[64];
	int rc;

	for (i = 0; i < r->connection_count; i++)
		remotes[i] = r->connections[i].remote;
	rc = r->source->read(r->source->context, remotes, r->connection_count, &failed,
			     &inner);
	if (rc) {
		snprintf(place, sizeof(place), "hosts[%zu]", r->connections[failed].number);
		isahp_pool_bad(r->err, place, "%.600s", inner.text);
		r->err->class = inner.class;
		return rc;
	}
	for (i = 0; i < r->connection_count; i++)
		r->pool->hosts[r->connections[i].host] = remotes[i].profile;
	for (i = 0; i < r->connection_count && !rc; i++)
		rc = note_control(r, r->connections[i].host, r->connections[i].control);
	return rc;
}

static int ask_connections(struct isahp_pool_reader *r)
{
	struct isahp_remote *remotes;
	int rc;

	if (!r->connection_count)
		return 0;
	remotes = calloc(r->connection_count, sizeof(*remotes));
	rc = remotes ? ask(r, remotes) : isahp_pool_no_memory(r->err);
	free(remotes);
	return rc;
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
		rc = read_host(r, place, i, host);
		if (rc)
			return rc;
	}
	return ask_connections(r);
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

	free(r->connections);
	return rc ? rc : check_doubles(r);
}
