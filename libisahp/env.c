// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "env.h"

const char *isahp_env_path(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}

int isahp_env_features(const char *list, struct isahp_features *ret_set)
{
	static const char separators[] = ", \t";
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

void isahp_env_read(struct isahp_library *lib)
{
	const char *forbid = isahp_env_path("ISAHP_FORBID");
	struct isahp_features set;

	lib->disabled = read_switch(lib, "ISAHP_DISABLE", false);
	read_mode(lib);
	if (!forbid)
		return;
	if (isahp_env_features(forbid, &set))
		lib->environment = -EINVAL;
	lib->never = isahp_features_dependents(&set);
}
