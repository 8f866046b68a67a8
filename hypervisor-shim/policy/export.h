/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHP_SHIM_EXPORT_H
#define ISAHP_SHIM_EXPORT_H

#include "import.h"

/**
 * isahp_export - write a profile as another program would
 * @profile: any.
 * @format: not ISAHP_IMPORT_AUTO.
 * @err: says what the profile lacks for it.
 *
 * cpuid: the leaves that are wholly known. cpuinfo: one CPU, with the flags that
 * Linux has a name for. libvirt: a <cpu>, as `virsh hypervisor-cpu-baseline` and
 * domains take it: the model of this vendor that is nearest, and what to require
 * and to disable beside. qemu: a CPU model expansion. xen: a featureset.
 *
 * libvirt and Xen have no word for "unknown": what the profile does not tell is not
 * there; but registers of which it tells nothing stay as libvirt's model has them.
 *
 * What is read back from it has nothing that the profile has not.
 *
 * Return: to be given to free(); NULL: @err.
 */
char *isahp_export(const struct isahp_profile *profile, enum isahp_import_format format,
		   struct isahp_error *err);

#endif /* ISAHP_SHIM_EXPORT_H */
