// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libvirt's client library. It is loaded where it is used, for it brings forty
 * others along, and most commands connect to nobody.
 */
#include <dlfcn.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include "isahpctl/connect.h"

#define LIBRARY "libvirt.so.0"

#define CALLS(X)				\
	X(virConnectClose)			\
	X(virConnectGetCapabilities)		\
	X(virConnectGetDomainCapabilities)	\
	X(virConnectGetHostname)		\
	X(virConnectOpen)			\
	X(virConnectOpenReadOnly)		\
	X(virGetLastError)			\
	X(virSetErrorFunc)

#define MEMBER(name) __typeof__(&name) name;
struct library {
	CALLS(MEMBER)
};
#undef MEMBER

static void say(FILE *out, const char *text)
{
	fwrite(text, 1, strlen(text) + 1, out);
}

static bool load(struct library *lib)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

#define LOAD(name)							\
	lib->name = handle ? (__typeof__(&name))dlsym(handle, #name) : NULL; \
	if (!lib->name)							\
		return false;
	CALLS(LOAD)
#undef LOAD
	return true;
}

/* Errors are ours to print. */
static void quiet(void *context, virErrorPtr error)
{
	(void)context, (void)error;
}

static void fail(FILE *out, const char *kind, const virError *error)
{
	say(out, kind);
	say(out, error && error->message ? error->message : "no reason was given");
}

/* Nothing was done yet: what is no URI, or whom nobody can reach. */
static void fail_to_open(FILE *out, const virError *error)
{
	bool nonsense = error && (error->code == VIR_ERR_NO_CONNECT ||
				  error->code == VIR_ERR_INVALID_ARG ||
				  error->domain == VIR_FROM_URI);

	fail(out, nonsense ? CTL_LIBVIRT_USAGE : CTL_LIBVIRT_UNREACHABLE, error);
}

static void ask(const struct library *lib, virConnectPtr connection,
		const struct isahp_remote *remote, FILE *out)
{
	char *name = lib->virConnectGetHostname(connection), *host, *guests = NULL;

	host = lib->virConnectGetCapabilities(connection);
	if (host && remote->guests)
		guests = lib->virConnectGetDomainCapabilities(connection, NULL, NULL, NULL,
							      remote->guests, 0);
	if (!host || (remote->guests && !guests)) {
		fail(out, CTL_LIBVIRT_FAILED, lib->virGetLastError());
		return;
	}
	say(out, CTL_LIBVIRT_ANSWER);
	say(out, name ? name : "");
	say(out, host);
	if (guests)
		say(out, guests);
	/* The process ends here; nothing is given back. */
}

void ctl_libvirt_ask(const struct isahp_remote *remote, int fd)
{
	FILE *out = fdopen(fd, "w");
	virConnectPtr connection;
	struct library lib;

	if (!out)
		return;
	if (!load(&lib)) {
		say(out, CTL_LIBVIRT_FAILED);
		say(out, LIBRARY " is not there, or too old: install libvirt0");
		fclose(out);
		return;
	}
	lib.virSetErrorFunc(NULL, quiet);
	/*
	 * Since CVE-2019-10167 libvirt tells only those who may change things what
	 * guests can be given.
	 */
	connection = remote->guests ? lib.virConnectOpen(remote->uri) :
				      lib.virConnectOpenReadOnly(remote->uri);
	if (connection)
		ask(&lib, connection, remote, out);
	else
		fail_to_open(out, lib.virGetLastError());
	/* Whoever is there writes into its log who left without a word. */
	if (connection)
		lib.virConnectClose(connection);
	fclose(out);
}

const char *ctl_libvirt_missing(void)
{
	return NULL;
}
