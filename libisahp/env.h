/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ISAHP_ENV_H
#define ISAHP_ENV_H

#include "library.h"

/**
 * isahp_env_read - what the environment asks for
 * @lib: gets @never, @force, @disabled, @push, @environment and, as a wish, @mode.
 *
 * The variables are listed in libisahp/README.md. Those of a set-user-ID
 * program are ignored.
 */
void isahp_env_read(struct isahp_library *lib);

/**
 * isahp_env_path - the value of a variable that names a path
 * @name: of the variable.
 *
 * Return: NULL when unset or empty.
 */
const char *isahp_env_path(const char *name);

/**
 * isahp_env_features - parse a list of features
 * @list: flag names (Linux', QEMU's or libvirt's), separated by commas.
 * @ret_set: the features named; filled in with those known even on failure.
 *
 * -EINVAL: a name is unknown.
 */
int isahp_env_features(const char *list, struct isahp_features *ret_set);

/**
 * isahp_env_forces - does ISAHP_FORCE name this variant?
 * @force: "operation=variant,operation2=variant2", well formed, or NULL. Of two
 *	that name an operation the last one counts.
 * @operation: its name.
 * @variant: its name.
 */
bool isahp_env_forces(const char *force, const char *operation,
		      const char *variant);

#endif /* ISAHP_ENV_H */
