/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profile of a host, as its own CPU and kernel tell it.
 */
#ifndef ISAHP_SHIM_NATIVE_H
#define ISAHP_SHIM_NATIVE_H

#include "profile.h"

/**
 * struct isahp_native - where it is read from
 * @cpuid: executes CPUID; @ret_value by enum isahp_cpuid_register.
 * @context: for @cpuid.
 * @root: put before /proc, /sys and /dev.
 * @cpu: whose MSRs.
 */
struct isahp_native {
	void (*cpuid)(void *context, __u32 leaf, __u32 subleaf, __u32 ret_value[4]);
	void *context;
	const char *root;
	unsigned int cpu;
};

/**
 * isahp_native_leaves - every leaf and subleaf
 * @native: anything may answer; what never ends is cut off.
 * @profile: gets them.
 *
 * Return: 0, -E2BIG when there are more than any CPU has, or -ENOMEM.
 */
int isahp_native_leaves(const struct isahp_native *native,
			struct isahp_profile *profile);

/**
 * isahp_native_msrs - those that tell what a CPU is and what may be hidden of it
 * @native: its /dev/cpu/N/msr, where that may be read.
 * @profile: gets those that the CPU has.
 *
 * Return: 0, also when none could be read, or -ENOMEM.
 */
int isahp_native_msrs(const struct isahp_native *native,
		      struct isahp_profile *profile);

/**
 * isahp_native_kernel - microcode and mitigations, from sysfs and /proc/cpuinfo
 * @native: its root.
 * @profile: gets what there is.
 *
 * Return: 0, also when there was nothing, or -ENOMEM.
 */
int isahp_native_kernel(const struct isahp_native *native,
			struct isahp_profile *profile);

#endif /* ISAHP_SHIM_NATIVE_H */
