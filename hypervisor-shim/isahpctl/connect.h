/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts that are asked through libvirt.
 *
 * libvirt's library can not be told to give up: it waits for an ssh that waits for
 * ever. So each host is asked by a process of its own, which may be killed; nor
 * does anything that the library does to a process happen to this one.
 */
#ifndef ISAHPCTL_CONNECT_H
#define ISAHPCTL_CONNECT_H

#include <stdbool.h>

#include "policy/remote.h"

/** ctl_connect - asks up to 32 hosts at a time; Ctrl-C ends it */
extern const struct isahp_remote_source ctl_connect;

/**
 * ctl_connect_one - ask one host
 * @remote: gets its profile; to be freed.
 * @err: begins with the host.
 *
 * Return: 0, or the exit code.
 */
int ctl_connect_one(struct isahp_remote *remote, struct isahp_error *err);

/** ctl_connect_is_uri - whether what stands for a host's file is a URI: it has "://" */
bool ctl_connect_is_uri(const char *text);

/* --- libvirt/: ask.c, or none.c where it was built without libvirt --------------- */

/*
 * What the process writes: texts that end with a NUL each. First what it is:
 * ANSWER, then the host's name, its capabilities, and those of guests where they
 * were asked for; or of what kind the failure is, then libvirt's words.
 */
#define CTL_LIBVIRT_ANSWER "answer"
#define CTL_LIBVIRT_USAGE "usage"		/* no such URI */
#define CTL_LIBVIRT_UNREACHABLE "unreachable"	/* no connection */
#define CTL_LIBVIRT_FAILED "failed"		/* connected, and no answer */

/**
 * ctl_libvirt_ask - connect, ask, and write the answer
 * @remote: whom.
 * @fd: where to.
 *
 * In a process of its own. Takes as long as it takes.
 */
void ctl_libvirt_ask(const struct isahp_remote *remote, int fd);

/** ctl_libvirt_missing - why it can not be asked, and how it could; NULL: it can */
const char *ctl_libvirt_missing(void);

#endif /* ISAHPCTL_CONNECT_H */
