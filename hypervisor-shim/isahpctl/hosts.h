/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts as commands have them: read from files, and told of as JSON.
 */
#ifndef ISAHPCTL_HOSTS_H
#define ISAHPCTL_HOSTS_H

#include <jansson.h>

#include "policy/error.h"
#include "policy/profile.h"

/**
 * struct ctl_hosts - profiles, in the order of their files
 * @profiles: @count of them; owned.
 * @count: of @profiles.
 */
struct ctl_hosts {
	struct isahp_profile *profiles;
	size_t count;
};

/**
 * ctl_host_read - one profile from one file
 * @path: of any format that is recognised; "-" is standard input; or a URI, by
 *	which libvirt reaches the host.
 * @format: auto, profile, cpuid, cpuinfo, libvirt, qemu, xen; NULL: auto.
 * @name: what the host is called; NULL: as the file says, or as it is called.
 * @ret: to be freed.
 * @err: names the file, and the place in it.
 *
 * Return: 0, or the exit code.
 */
int ctl_host_read(const char *path, const char *format, const char *name,
		  struct isahp_profile *ret, struct isahp_error *err);

/**
 * ctl_hosts_read - one profile from each file
 * @paths: array of strings; NULL: of the host that this runs on.
 * @ret: to be freed.
 * @err: as above.
 *
 * Hosts whose files give them the same name are called as their files are.
 *
 * Return: 0, or the exit code.
 */
int ctl_hosts_read(const json_t *paths, struct ctl_hosts *ret,
		   struct isahp_error *err);

/** ctl_hosts_free - what it owns; all zero then */
void ctl_hosts_free(struct ctl_hosts *hosts);

/**
 * ctl_host_features - what a host has of the table
 *
 * Return: a new object: by flag, `yes`; `off`: CPUID shows it, but something that
 * it needs is missing, or its register state is not enabled; `no`; `untold`.
 */
json_t *ctl_host_features(const struct isahp_profile *profile);

/** ctl_host_to_json - what there is to say of a host, its features last */
json_t *ctl_host_to_json(const struct isahp_profile *profile);

/** ctl_class_name - of enum isahp_feature_class: removable, silent, state, system */
const char *ctl_class_name(unsigned int class);

/** ctl_class_meaning - the same in a phrase */
const char *ctl_class_meaning(unsigned int class);

#endif /* ISAHPCTL_HOSTS_H */
