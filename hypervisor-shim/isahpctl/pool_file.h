/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing a pool's file: what VMs start from. Each change is one new file in place
 * of the old one, which is read as a pool before it is written, and promises what
 * it is to promise. What a change does not concern stays as it was.
 */
#ifndef ISAHPCTL_POOL_FILE_H
#define ISAHPCTL_POOL_FILE_H

#include <jansson.h>

#include "policy/pool.h"

/**
 * struct ctl_pool_file - a pool's file, and the pool that it is
 * @path: of it, borrowed.
 * @document: what is in it; owned.
 * @pool: it; where it is, since it points into itself.
 * @promise: what the pool promises.
 */
struct ctl_pool_file {
	const char *path;
	json_t *document;
	struct isahp_pool pool;
	struct isahp_features promise;
};

/**
 * ctl_pool_file_open - read it
 * @path: of it; stays.
 * @ret: to be closed; must not be copied.
 * @err: names the file, and the place in it.
 *
 * Return: 0, or the exit code.
 */
int ctl_pool_file_open(const char *path, struct ctl_pool_file *ret,
		       struct isahp_error *err);

/** ctl_pool_file_close - what it owns */
void ctl_pool_file_close(struct ctl_pool_file *file);

/**
 * ctl_pool_file_join - a host comes
 * @file: changed, and written; as it was on failure, as in the others below.
 * @host: its name.
 * @profile: the file with its profile.
 * @err: says what is wrong.
 *
 * What the pool promises stays: what it would gain is hidden.
 *
 * Return: 0, or the exit code.
 */
int ctl_pool_file_join(struct ctl_pool_file *file, const char *host,
		       const char *profile, struct isahp_error *err);

/** ctl_pool_file_leave - a host goes; the same */
int ctl_pool_file_leave(struct ctl_pool_file *file, const char *host,
			struct isahp_error *err);

/**
 * ctl_pool_file_promise - what VMs start from, from now on
 * @file: changed, and written.
 * @promise: exactly that.
 * @level: of the pool; "none": none; NULL: as it is.
 * @hide: what the operator wants hidden, an array; NULL: nothing.
 * @err: says why the pool's hosts cannot promise it.
 *
 * Where hosts and level come to just that, nothing else is hidden.
 */
int ctl_pool_file_promise(struct ctl_pool_file *file,
			  const struct isahp_features *promise, const char *level,
			  const json_t *hide, struct isahp_error *err);

#endif /* ISAHPCTL_POOL_FILE_H */
