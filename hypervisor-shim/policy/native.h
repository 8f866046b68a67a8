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
 * @xcr0: executes XGETBV of register 0. Only where CPUID says that it may.
 * @enter: stays on a CPU from here on; negative where that can not be.
 * @context: for all of them.
 * @root: put before /proc, /sys and /dev.
 * @cpu: on which it is: whose MSRs and microcode.
 */
struct isahp_native {
	void (*cpuid)(void *context, __u32 leaf, __u32 subleaf, __u32 ret_value[4]);
	__u64 (*xcr0)(void *context);
	int (*enter)(void *context, unsigned int cpu);
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
 * isahp_native_cpus - what some CPUs have in common
 * @native: its @cpu is set to each.
 * @cpus: @count of them. Those that can not be entered do not count.
 * @count: of @cpus.
 * @profile: gets leaves, MSRs, XCR0 and microcode; what they differ in is unknown.
 *
 * Return: 0, -ENODEV where none could be entered, or as isahp_native_leaves().
 */
int isahp_native_cpus(struct isahp_native *native, const unsigned int *cpus,
		      size_t count, struct isahp_profile *profile);

/**
 * isahp_native_online - the CPUs of a host
 * @native: its root.
 * @ret_cpus: receives their numbers, as many as fit.
 * @max: how many fit.
 *
 * Return: how many; 0 where the system does not tell.
 */
size_t isahp_native_online(const struct isahp_native *native, unsigned int *ret_cpus,
			   size_t max);

/**
 * isahp_native_microcode - its revision, from sysfs or /proc/cpuinfo; 0: not told
 */
__u32 isahp_native_microcode(const struct isahp_native *native);

/**
 * isahp_native_kernel - mitigations, from sysfs
 * @native: its root.
 * @profile: gets what there is.
 *
 * Return: 0, also when there was nothing, or -ENOMEM.
 */
int isahp_native_kernel(const struct isahp_native *native,
			struct isahp_profile *profile);

#endif /* ISAHP_SHIM_NATIVE_H */
