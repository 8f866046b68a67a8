/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pools and records as commands have them: files.
 */
#ifndef ISAHPCTL_POOLS_H
#define ISAHPCTL_POOLS_H

#include <jansson.h>
#include <stdbool.h>

#include "policy/pool.h"

/**
 * ctl_is_pool - whether a file holds a pool
 * @path: of any file.
 */
bool ctl_is_pool(const char *path);

/**
 * ctl_pool_load - a pool by its file
 * @path: of it.
 * @ret: to be freed; must not be copied.
 * @err: names the file, and the place in it.
 *
 * Return: 0, or the exit code.
 */
int ctl_pool_load(const char *path, struct isahp_pool *ret, struct isahp_error *err);

/**
 * struct ctl_pool - a pool, what it promises, and what a VM would find
 * @pool: loaded.
 * @merged: of it.
 * @envelope: of a VM that is yet to boot.
 */
struct ctl_pool {
	struct isahp_pool pool;
	struct isahp_merged merged;
	struct isahp_envelope envelope;
};

/**
 * ctl_pool_open - load, merge and sort
 *
 * As ctl_pool_load(); also fails where the pool promises nothing.
 */
int ctl_pool_open(const char *path, struct ctl_pool *ret, struct isahp_error *err);

/** ctl_pool_close - what it owns */
void ctl_pool_close(struct ctl_pool *pool);

/** ctl_pool_level - the level that the pool's file names; "" where there is none */
const char *ctl_pool_level(const struct isahp_pool *pool);

/** ctl_pool_names - the hosts, an array of strings */
json_t *ctl_pool_names(const struct isahp_pool *pool);

/**
 * ctl_record_load - a VM's record by its file
 * @path: of it; "-" is standard input.
 * @ret: to be freed.
 * @err: names the file, and the place in it.
 *
 * Return: 0, or the exit code.
 */
int ctl_record_load(const char *path, struct isahp_vm_record *ret,
		    struct isahp_error *err);

#endif /* ISAHPCTL_POOLS_H */
