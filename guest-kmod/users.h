/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own code that executes removable features: ciphers, RAID-6,
 * packet filters. It chose at boot, or when its module was loaded, by what the
 * CPU had then, and nobody tells it of a change.
 *
 * So it is looked whether such code is in use; and what is not is held: while
 * features leave or are gone, nobody can begin to use it.
 */
#ifndef ISAHP_KMOD_USERS_H
#define ISAHP_KMOD_USERS_H

#include <linux/types.h>
#include <isahp/features.h>

/** isahp_users_init - find what has to be looked at. Return: 0 or -errno. */
int isahp_users_init(void);

/** isahp_users_exit - let go of all that is held, but for what is missing now */
void isahp_users_exit(void);

/**
 * isahp_users_forget - what isahp_users_features() saw so far does not count
 *
 * Of what it costs something to look at it remembers what it saw for a while.
 *
 * Context: sleeps.
 */
void isahp_users_forget(void);

/**
 * isahp_users_features - what kernel code that is in use now executes
 *
 * Errs on the safe side: what can not be looked at counts as in use.
 *
 * Context: sleeps.
 */
struct isahp_features isahp_users_features(void);

/**
 * isahp_users_describe - name who is in the way
 * @set: features.
 * @buf: receives "NAME NAME ...", those whose use of @set was found.
 * @size: of @buf, at least 1.
 *
 * Context: sleeps.
 */
void isahp_users_describe(const struct isahp_features *set, char *buf, size_t size);

/**
 * isahp_users_hold - let nobody begin to use what leaves or is gone
 * @gone: all that may not be entered now. Everything else is let go again.
 *
 * Takes the features out of boot_cpu_data, so that modules that are loaded and
 * programs that are compiled from now on do without; hides ciphers that nobody
 * uses; and refuses modules that are linked to code that would execute them.
 * Who is in use stays: look with isahp_users_features() after this.
 *
 * Context: sleeps.
 */
void isahp_users_hold(const struct isahp_features *gone);

#endif /* ISAHP_KMOD_USERS_H */
