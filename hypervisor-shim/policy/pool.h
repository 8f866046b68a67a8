/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pool: hosts between which VMs move, and what the operator wants of them. One
 * readable JSON file (docs/policy.md).
 */
#ifndef ISAHP_SHIM_POOL_H
#define ISAHP_SHIM_POOL_H

#include <jansson.h>
#include <stdbool.h>

#include "admission.h"
#include "envelope.h"
#include "error.h"
#include "json_file.h"
#include "level.h"
#include "merge.h"
#include "profile.h"
#include "record.h"
#include "remote.h"

#define ISAHP_POOL_FORMAT 1 /* of the file */
#define ISAHP_POOL_HOSTS_MAX 100000
#define ISAHP_POOL_CONTROL_SIZE 108 /* a socket's path */

extern const struct isahp_json_kind isahp_pool_file;

/**
 * struct isahp_pool - what the file says
 * @name: of the pool.
 * @hosts: their profiles; owned.
 * @host_count: of @hosts.
 * @room: allocated.
 * @wanted: a level or a list of features was given.
 * @level: it: CPUID shows no more than that, of what it says something about.
 * @pinned: @baseline was given: CPUID shows that, and a host that lacks some of
 *	it is an error.
 * @baseline: features for programs; kernels' are as the hosts have them.
 * @hidden: features that CPUID does not show, kernels' among them, whatever else is
 *	wanted.
 * @superset: VMs are shown all that their host has, not the baseline alone.
 * @accepted: errata that the operator takes on himself, a mask.
 * @accept_entry: 32-bit programs may die where their entry does not exist.
 * @control: where hosts' isahpds listen; %h is the host. Empty: not said.
 * @controls: the same of single hosts: an object of paths by host; NULL: of none.
 * @options: of the merge. Names hosts of this pool.
 * @identity_vendor: what @options points to.
 * @identity_name: what @options points to.
 */
struct isahp_pool {
	char name[ISAHP_PROFILE_NAME_SIZE];
	struct isahp_profile *hosts;
	size_t host_count;
	size_t room;
	bool wanted;
	struct isahp_level level;
	bool pinned;
	struct isahp_features baseline;
	struct isahp_features hidden;
	bool superset;
	__u64 accepted;
	bool accept_entry;
	char control[ISAHP_POOL_CONTROL_SIZE];
	json_t *controls;
	struct isahp_merge_options options;
	char identity_vendor[13];
	char identity_name[49];
};

/**
 * isahp_pool_load - read a pool's file and its hosts' profiles
 * @path: of the file. Paths in it are relative to its folder.
 * @ret_pool: to be freed; untouched on failure. It must not be copied: it points
 *	into itself.
 * @err: names the file, the place in it, and what is wrong there.
 *
 * Return: 0; -EINVAL, with the nearest known name where a field is unknown;
 * -ENOMEM; or the negative errno of reading a file.
 */
int isahp_pool_load(const char *path, struct isahp_pool *ret_pool,
		    struct isahp_error *err);

/**
 * isahp_pool_load_from - the same, where hosts may be asked over connections, too
 * @source: who can; NULL: such hosts are an error.
 */
int isahp_pool_load_from(const char *path, const struct isahp_remote_source *source,
			 struct isahp_pool *ret_pool, struct isahp_error *err);

/**
 * isahp_pool_from_json - the same from memory
 * @json: hostile, but for the files that it names: whoever writes a pool's file
 *	may have them read. It may not have programs run (isahp_remote_uri_check()).
 * @folder: that paths are relative to.
 * @source: as above.
 * @ret_pool: as above.
 * @err: as above.
 *
 * Return: as above.
 */
int isahp_pool_from_json(const json_t *json, const char *folder,
			 const struct isahp_remote_source *source,
			 struct isahp_pool *ret_pool, struct isahp_error *err);

/** isahp_pool_free - what it owns; all zero then */
void isahp_pool_free(struct isahp_pool *pool);

/** isahp_pool_host - by name; NULL: none */
const struct isahp_profile *isahp_pool_host(const struct isahp_pool *pool,
					    const char *name);

/**
 * isahp_pool_control - where a host's isahpd listens
 * @pool: loaded.
 * @host: by name; it need not be in the pool yet.
 * @ret_path: receives the path of the socket,
 * @size: of it.
 *
 * Return: 0, or -ENOENT where the pool's file does not say, or no such path can be.
 */
int isahp_pool_control(const struct isahp_pool *pool, const char *host,
		       char *ret_path, size_t size);

/**
 * isahp_pool_merge - what the pool promises
 * @pool: loaded.
 * @ret: to be freed by isahp_merged_free(), before the pool.
 * @err: says why it promises nothing.
 *
 * All that the hosts have in common, less what is not wanted, less what an erratum
 * of one of them hides.
 *
 * Return: 0; -EINVAL, -EPERM or -ENOMEM as isahp_merge(), and -EPERM where a level
 * wants what no host has, or a pinned baseline what one of them lacks.
 */
int isahp_pool_merge(const struct isahp_pool *pool, struct isahp_merged *ret,
		     struct isahp_error *err);

/**
 * isahp_pool_envelope - what a VM is promised, announced and denied in the pool
 * @pool: loaded.
 * @merged: isahp_pool_merge() of it.
 * @vm: its record; NULL: one that is yet to boot there, with isahp.ko.
 * @ret: to be freed before the pool.
 * @err: says why the VM has no place.
 *
 * Return: as isahp_envelope_make().
 */
int isahp_pool_envelope(const struct isahp_pool *pool,
			const struct isahp_merged *merged,
			const struct isahp_vm_record *vm,
			struct isahp_envelope *ret, struct isahp_error *err);

/**
 * isahp_pool_check_each - the same of all hosts, in the pool's order
 * @pool: loaded.
 * @vm: its record.
 * @each: is given the answers, one by one; what it returns, if not 0, ends it.
 * @context: for @each.
 * @err: says what went wrong with the check itself.
 *
 * Takes time in proportion to the hosts times their kinds.
 *
 * Return: 0, what @each returned, or -ENOMEM.
 */
int isahp_pool_check_each(const struct isahp_pool *pool,
			  const struct isahp_vm_record *vm,
			  int (*each)(const struct isahp_admission *, void *),
			  void *context, struct isahp_error *err);

/**
 * isahp_pool_check - may a VM go to a host of the pool
 * @pool: loaded: its other hosts tell what could be had on this one.
 * @vm: its record.
 * @host: by name.
 * @ret: to be freed.
 * @err: names the hosts if there is none of that name.
 *
 * Return: as isahp_admission_check(), and -ENOENT.
 */
int isahp_pool_check(const struct isahp_pool *pool,
		     const struct isahp_vm_record *vm, const char *host,
		     struct isahp_admission *ret, struct isahp_error *err);

#endif /* ISAHP_SHIM_POOL_H */
