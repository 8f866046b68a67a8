/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Within pool*.c: how a pool's file is read. */
#ifndef ISAHP_SHIM_POOL_READER_H
#define ISAHP_SHIM_POOL_READER_H

#include <jansson.h>

#include "error.h"
#include "pool.h"

/**
 * struct isahp_pool_connection - a host that is to be asked
 * @remote: how. Its texts are the document's.
 * @host: among the pool's hosts.
 * @number: in the file's list.
 * @control: where its isahpd listens, the document's; or NULL.
 */
struct isahp_pool_connection {
	struct isahp_remote remote;
	size_t host;
	size_t number;
	json_t *control;
};

/**
 * struct isahp_pool_reader - what is being read
 * @pool: into.
 * @folder: paths are relative to.
 * @source: who can connect to hosts, or NULL.
 * @connections: hosts that are to be asked when all files are read.
 * @connection_count: of @connections.
 * @room: allocated.
 * @err: to be filled.
 */
struct isahp_pool_reader {
	struct isahp_pool *pool;
	const char *folder;
	const struct isahp_remote_source *source;
	struct isahp_pool_connection *connections;
	size_t connection_count;
	size_t room;
	struct isahp_error *err;
};

/**
 * struct isahp_pool_field - a field that there may be
 * @name: of it.
 * @read: takes it; NULL: somebody else does.
 */
struct isahp_pool_field {
	const char *name;
	int (*read)(struct isahp_pool_reader *r, const char *key, json_t *value);
};

/** isahp_pool_bad - -EINVAL, "pool: PLACE: ..." */
int isahp_pool_bad(struct isahp_error *err, const char *place, const char *format,
		   ...) __attribute__((format(printf, 3, 4)));

/** isahp_pool_no_memory - -ENOMEM */
int isahp_pool_no_memory(struct isahp_error *err);

/**
 * isahp_pool_fields - read an object, of which each field has to be known
 * @r: where to.
 * @place: of the object, for messages.
 * @object: hostile.
 * @fields: that there may be.
 * @count: of @fields.
 *
 * Return: 0, -EINVAL with the nearest name that is known, or what a field's
 * reader returned.
 */
int isahp_pool_fields(struct isahp_pool_reader *r, const char *place,
		      json_t *object, const struct isahp_pool_field *fields,
		      size_t count);

/**
 * isahp_pool_path - read the path of a control socket
 * @place: of it, for messages.
 * @value: hostile.
 * @ret_path: of ISAHP_POOL_CONTROL_SIZE.
 *
 * Return: 0 or -EINVAL.
 */
int isahp_pool_path(struct isahp_pool_reader *r, const char *place,
		    const json_t *value, char *ret_path);

/** isahp_pool_hosts - the array of hosts; as isahp_pool_from_json() */
int isahp_pool_hosts(struct isahp_pool_reader *r, json_t *hosts);

#endif /* ISAHP_SHIM_POOL_READER_H */
