/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done about instructions of absent features: for the whole guest, a
 * cgroup of version 2 and all below it, or a process; the most specific counts.
 */
#ifndef ISAHP_KMOD_POLICY_H
#define ISAHP_KMOD_POLICY_H

#include <linux/types.h>
#include <isahp/uapi.h>

/* How many cgroups can have a policy of their own. */
#define ISAHP_POLICY_CGROUPS 32

/**
 * isahp_policy_parse - a policy by its name
 * @name: default, emulate, warn or signal, maybe with a newline.
 *
 * Return: enum isahp_undefined_policy, or -EINVAL.
 */
int isahp_policy_parse(const char *name);

/** isahp_policy_name - the other way round; "unknown" for any other number */
const char *isahp_policy_name(unsigned int policy);

/**
 * isahp_policy_current - what counts for the current thread
 * @own: of its process, ISAHP_UNDEFINED_DEFAULT: it has none.
 *
 * Context: any that RCU watches, #UD included.
 *
 * Return: enum isahp_undefined_policy, never ISAHP_UNDEFINED_DEFAULT.
 */
unsigned int isahp_policy_current(unsigned int own);

/**
 * isahp_policy_set_cgroup - give a cgroup a policy
 * @line: "PATH POLICY"; PATH from the root of the cgroup namespace of PID 1's.
 *	ISAHP_UNDEFINED_DEFAULT takes it back.
 *
 * Context: sleeps.
 *
 * Return: 0; -EINVAL; -ENOENT: no such cgroup; -ENOSPC: too many; -EOPNOTSUPP.
 */
int isahp_policy_set_cgroup(char *line);

/**
 * isahp_policy_list_cgroups - "PATH POLICY" a line
 * @buf: a page.
 *
 * Context: sleeps.
 *
 * Return: bytes written.
 */
ssize_t isahp_policy_list_cgroups(char *buf);

/** isahp_policy_exit - let go of the cgroups. Nobody asks any more. */
void isahp_policy_exit(void);

#endif /* ISAHP_KMOD_POLICY_H */
