/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHPCTL_MITIGATIONS_H
#define ISAHPCTL_MITIGATIONS_H

#include "policy/profile.h"

/**
 * ctl_mitigations_read - what a kernel says of its CPU's weaknesses
 * @path: of what `grep -r . /sys/devices/system/cpu/vulnerabilities` printed there;
 *	"-" is standard input.
 * @ret: gets its @mitigations; to be freed.
 * @err: names the file and the line.
 *
 * Return: 0, or the exit code.
 */
int ctl_mitigations_read(const char *path, struct isahp_profile *ret,
			 struct isahp_error *err);

#endif /* ISAHPCTL_MITIGATIONS_H */
