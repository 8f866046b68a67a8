// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "env.h"
#include "push.h"

static const char separators[] = ", \t";

const char *isahp_env_path(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}

int isahp_env_features(const char *list, struct isahp_features *ret_set)
{
	int rc = 0;

	*ret_set = isahp_features_none();
	for (;;) {
		size_t len;
		int number;

		list += strspn(list, separators);
		if (!*list)
			return rc;
		len = strcspn(list, separators);
		number = isahp_feature_find(list, len);
		if (number < 0)
			rc = -EINVAL;
		else
			isahp_features_add(ret_set, (unsigned int)number);
		list += len;
	}
}

/* The next "operation=variant" of a list; false at its end. */
static bool next_entry(const char **list, const char **ret_entry, size_t *ret_len)
{
	*list += strspn(*list, separators);
	*ret_entry = *list;
	*ret_len = strcspn(*list, separators);
	*list += *ret_len;
	return *ret_len;
}

static bool well_formed(const char *list)
{
	const char *entry, *equal;
	size_t len;

	while (next_entry(&list, &entry, &len)) {
		equal = memchr(entry, '=', len);
		if (!equal || equal == entry || equal == entry + len - 1 ||
		    memchr(equal + 1, '=', len - (size_t)(equal + 1 - entry)))
			return false;
	}
	return true;
}

static bool same(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && !memcmp(name, text, len);
}

bool isahp_env_forces(const char *force, const char *operation,
		      const char *variant)
{
	const char *entry, *equal;
	bool forces = false;
	size_t len, name;

	while (force && next_entry(&force, &entry, &len)) {
		equal = memchr(entry, '=', len);
		name = (size_t)(equal - entry);
		if (same(operation, entry, name))
			forces = same(variant, equal + 1, len - name - 1);
	}
	return forces;
}

/* A copy: the program may change its environment. */
static void read_force(struct isahp_library *lib)
{
	const char *force = isahp_env_path("ISAHP_FORCE");

	if (!force)
		return;
	lib->force = well_formed(force) ? strdup(force) : NULL;
	if (!lib->force)
		lib->environment = well_formed(force) ? -ENOMEM : -EINVAL;
}

/* Unset: @unset. "0" or "1"; anything else is an error. */
static bool read_switch(struct isahp_library *lib, const char *name, bool unset)
{
	const char *value = isahp_env_path(name);

	if (!value)
		return unset;
	if (strcmp(value, "0") && strcmp(value, "1"))
		lib->environment = -EINVAL;
	return strcmp(value, "0");
}

static void read_mode(struct isahp_library *lib)
{
	const char *gp = isahp_env_path("ISAHP_GP");

	lib->mode = read_switch(lib, "ISAHP_MEMBARRIER", true) ?
			    ISAHP_MODE_MEMBARRIER :
			    ISAHP_MODE_FENCED;
	if (!gp || !strcmp(gp, "slots"))
		return;
	if (!strcmp(gp, "urcu"))
		lib->mode = ISAHP_MODE_URCU;
	else
		lib->environment = -EINVAL;
}

static void read_push(struct isahp_library *lib)
{
	static const char *const hows[] = {
		[ISAHP_PUSH_RAISE] = "raise",
		[ISAHP_PUSH_PARK] = "park",
		[ISAHP_PUSH_NONE] = "none",
	};
	const char *value = isahp_env_path("ISAHP_PUSH");

	while (value && lib->push < sizeof(hows) / sizeof(hows[0]) &&
	       strcmp(value, hows[lib->push]))
		lib->push++;
	if (lib->push == sizeof(hows) / sizeof(hows[0])) {
		lib->push = ISAHP_PUSH_NONE;
		lib->environment = -EINVAL;
	}
}

void isahp_env_read(struct isahp_library *lib)
{
	const char *forbid = isahp_env_path("ISAHP_FORBID");
	struct isahp_features set;

	lib->disabled = read_switch(lib, "ISAHP_DISABLE", false);
	read_mode(lib);
	read_force(lib);
	read_push(lib);
	if (!forbid)
		return;
	if (isahp_env_features(forbid, &set))
		lib->environment = -EINVAL;
	lib->never = isahp_features_dependents(&set);
}
