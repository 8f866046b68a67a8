/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts that are asked over a connection. Nothing here connects: whoever can hands
 * over what libvirt said there, and it is made a profile of.
 */
#ifndef ISAHP_SHIM_REMOTE_H
#define ISAHP_SHIM_REMOTE_H

#include <stddef.h>

#include "error.h"
#include "profile.h"

#define ISAHP_REMOTE_TIMEOUT_S 20	/* where nothing else is said */
#define ISAHP_REMOTE_TIMEOUT_MAX_S 3600

/**
 * struct isahp_remote - one host
 * @uri: of libvirt, as qemu+ssh://root@h1/system, or an alias of the user's.
 * @guests: NULL: its own CPU. Otherwise what guests of this kind ("kvm") can be
 *	given there.
 * @name: of the host; NULL: as it calls itself.
 * @timeout_s: for all of it.
 * @profile: what it said; to be freed.
 */
struct isahp_remote {
	const char *uri;
	const char *guests;
	const char *name;
	unsigned int timeout_s;
	struct isahp_profile profile;
};

/**
 * struct isahp_remote_source - who can connect
 * @read: ask all hosts, and fill in their profiles: all, or none. Of the hosts that
 *	failed it says one's place among them. Return: 0, or negative with @err,
 *	which begins with the host.
 * @context: for @read.
 */
struct isahp_remote_source {
	int (*read)(void *context, struct isahp_remote *remotes, size_t count,
		    size_t *ret_failed, struct isahp_error *err);
	void *context;
};

/**
 * isahp_remote_uri_check - may a file name this URI
 * @uri: hostile.
 * @err: says why not.
 *
 * Files are handed on, and must not name programs that are run where they are read:
 * a URI's parameters "command" and "netcat" do, the transport "ext", and libvirt's
 * drivers within this process ("embed"). Whoever needs them has aliases for URIs in
 * libvirt.conf.
 *
 * Return: 0, or -EINVAL.
 */
int isahp_remote_uri_check(const char *uri, struct isahp_error *err);

/** isahp_remote_guests_valid - whether it can be a kind of guests: a word as "kvm" */
bool isahp_remote_guests_valid(const char *guests);

/**
 * isahp_remote_import - make a profile of what libvirt said
 * @remote: gets the profile; untouched on failure.
 * @hostname: as the host calls itself; hostile, may be NULL.
 * @capabilities: of the host, XML; hostile.
 * @guests: domain capabilities, XML; hostile; NULL unless @remote asks for them.
 * @err: names the host, and what is wrong.
 *
 * What guests can be given says nothing of the CPU below: its family, model and
 * microcode, by which errata are known, are the host's own, where vendors agree.
 *
 * Return: as isahp_import().
 */
int isahp_remote_import(struct isahp_remote *remote, const char *hostname,
			const char *capabilities, const char *guests,
			struct isahp_error *err);

#endif /* ISAHP_SHIM_REMOTE_H */
