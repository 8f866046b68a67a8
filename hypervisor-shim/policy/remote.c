// SPDX-License-Identifier: GPL-2.0-or-later
#include "remote.h"

#include <errno.h>
#include <libxml/uri.h>
#include <libxml/xmlmemory.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "import.h"
#include "text.h"

#define NAME_OF_NONE "host"

/* --- what may be asked ----------------------------------------------------------- */

/* libvirt compares names of parameters without regard to case, once unescaped. */
static bool names_a_program(const char *parameter, size_t len)
{
	char *name;
	bool does;

	/* 0 would stand for all that follows. */
	if (!len)
		return false;
	name = xmlURIUnescapeString(parameter, (int)len, NULL);
	does = !name || !strcasecmp(name, "command") || !strcasecmp(name, "netcat");
	xmlFree(name);
	return does;
}

static bool query_names_a_program(const char *query)
{
	size_t len;

	for (; query && *query; query += len + (query[len] != '\0')) {
		len = strcspn(query, "&;");
		if (names_a_program(query, strcspn(query, "=&;")))
			return true;
	}
	return false;
}

int isahp_remote_uri_check(const char *uri, struct isahp_error *err)
{
	xmlURI *parsed = *uri ? xmlParseURIRaw(uri, 1) : NULL;
	const char *transport;
	bool bad;

	if (!parsed)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "no URI of libvirt: it is as qemu+ssh://root@HOST/system");
	transport = parsed->scheme ? strchr(parsed->scheme, '+') : NULL;
	bad = (transport && !strcasecmp(transport, "+ext")) ||
	      (parsed->path && !strncmp(parsed->path, "/embed", 6)) ||
	      query_names_a_program(parsed->query_raw);
	xmlFreeURI(parsed);
	if (bad)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "a file may not have programs run here (command=, netcat=, +ext, /embed): give the URI an alias in libvirt.conf (uri_aliases), and name that");
	return 0;
}

bool isahp_remote_guests_valid(const char *guests)
{
	size_t len = strspn(guests, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len && len < 32 && !guests[len];
}

/* --- what was said --------------------------------------------------------------- */

static int add(struct isahp_profile *to, const struct isahp_profile *from, __u32 leaf,
	       unsigned int reg, __u32 bits)
{
	const struct isahp_cpuid_leaf *f = isahp_profile_leaf(from, leaf, 0);
	const struct isahp_cpuid_leaf *t = isahp_profile_leaf(to, leaf, 0);

	bits &= f ? f->known[reg] : 0;
	bits &= t ? ~t->known[reg] : ~0U;
	return bits ? isahp_profile_set(to, leaf, 0, reg, bits, f->value[reg]) : 0;
}

/* Who it is; not what it can do. */
static int identify(struct isahp_profile *guests, const struct isahp_profile *host)
{
	__u32 own = isahp_profile_vendor(guests);
	int rc;

	if (own && own != isahp_profile_vendor(host))
		return 0;
	rc = add(guests, host, 0, ISAHP_EBX, ~0U);
	if (!rc)
		rc = add(guests, host, 0, ISAHP_ECX, ~0U);
	if (!rc)
		rc = add(guests, host, 0, ISAHP_EDX, ~0U);
	if (!rc)
		rc = add(guests, host, 1, ISAHP_EAX, ~0U);
	if (!rc)
		rc = add(guests, host, 0x80000008, ISAHP_EAX, 0xff);
	guests->microcode = host->microcode;
	return rc;
}

static void name_it(const struct isahp_remote *remote, const char *hostname, char *name)
{
	size_t i;

	snprintf(name, ISAHP_PROFILE_NAME_SIZE, "%s",
		 remote->name ? remote->name : hostname ? hostname : "");
	for (i = 0; name[i]; i++)
		if (name[i] <= ' ' || name[i] > '~')
			name[i] = '-';
	if (!*name)
		strcpy(name, NAME_OF_NONE);
}

/* Where from, without what follows the '?'. */
static void say_source(const struct isahp_remote *remote, struct isahp_profile *profile)
{
	char shown[ISAHP_PROFILE_NAME_SIZE];

	isahp_text_sanitize(shown, sizeof(shown), remote->uri, strcspn(remote->uri, "?"));
	if (remote->guests)
		snprintf(profile->source, sizeof(profile->source), "%s guests at %.40s",
			 remote->guests, shown);
	else
		snprintf(profile->source, sizeof(profile->source), "%s", shown);
}

int isahp_remote_import(struct isahp_remote *remote, const char *hostname,
			const char *capabilities, const char *guests,
			struct isahp_error *err)
{
	char name[ISAHP_PROFILE_NAME_SIZE];
	struct isahp_profile host, profile;
	int rc;

	name_it(remote, hostname, name);
	rc = isahp_import(capabilities, strlen(capabilities), ISAHP_IMPORT_LIBVIRT, name,
			  &host, err);
	if (rc)
		return rc;
	if (guests) {
		rc = isahp_import(guests, strlen(guests), ISAHP_IMPORT_LIBVIRT, name,
				  &profile, err);
		if (!rc && identify(&profile, &host)) {
			isahp_profile_free(&profile);
			rc = isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
					     "%s: out of memory", name);
		}
		isahp_profile_free(&host);
		if (rc)
			return rc;
	} else {
		profile = host;
	}
	say_source(remote, &profile);
	remote->profile = profile;
	return 0;
}
