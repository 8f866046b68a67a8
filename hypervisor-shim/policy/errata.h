/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errata of CPUs that a hypervisor cannot work around alone: the guest's kernel
 * has to do something, which it decides when it boots, by the CPU that it sees.
 *
 * A guest may go to such a CPU if its kernel does so already, or if what the
 * erratum is about is hidden from it. So the erratum excludes the host, or joins
 * the baseline.
 *
 * Not here: what the hypervisor's kernel or microcode does for all guests
 * (Zenbleed, downfall, iTLB multihit, L1TF's flush ...).
 */
#ifndef ISAHP_SHIM_ERRATA_H
#define ISAHP_SHIM_ERRATA_H

#include <stdbool.h>

#include "error.h"
#include "profile.h"

#define ISAHP_ERRATA_MAX 64

/**
 * struct isahp_cpuid_bit - one bit of CPUID
 * @name: as Linux' flags or QEMU have it.
 * @leaf: 0: none.
 * @subleaf: ECX.
 * @reg: enum isahp_cpuid_register.
 * @bit: 0 to 31.
 */
struct isahp_cpuid_bit {
	const char *name;
	__u32 leaf;
	__u32 subleaf;
	__u8 reg;
	__u8 bit;
};

/**
 * struct isahp_erratum - one of them
 * @name: as it is written in records.
 * @what: goes wrong, as a phrase.
 * @help: what the guest's kernel has to do, as a phrase.
 * @hide: a bit without which nothing has to be done; leaf 0: there is none.
 * @feature: that @hide announces; -1: the table of features has no row for it.
 * @shown: only a CPU whose CPUID shows @hide has it.
 * @seldom: hypervisors show @hide only where they are told to: a guest of which
 *	nobody has said so does not see it.
 * @programs: it hits them, and no kernel can see to it: what @hide stands for is
 *	worth nothing there.
 * @option: makes any Linux guest do it if it is booted with it, or NULL.
 * @file: of /sys/devices/system/cpu/vulnerabilities that tells of it, or NULL.
 *	What a host's kernel says there counts more than the table of models.
 * @source: where it is described.
 */
struct isahp_erratum {
	const char *name;
	const char *what;
	const char *help;
	struct isahp_cpuid_bit hide;
	int feature;
	bool shown;
	bool seldom;
	bool programs;
	const char *option;
	const char *file;
	const char *source;
};

/** isahp_erratum - by number, from 0; NULL behind the last */
const struct isahp_erratum *isahp_erratum(unsigned int number);

/**
 * isahp_erratum_find - by name
 *
 * Return: its number, or -ENOENT.
 */
int isahp_erratum_find(const char *name);

/**
 * isahp_errata_of - the errata of a CPU
 * @host: its profile.
 *
 * Return: a mask by number.
 */
__u64 isahp_errata_of(const struct isahp_profile *host);

/**
 * isahp_errata_found - what a Linux guest works around
 * @shown: what its CPUID shows.
 *
 * As a kernel of 2025 does it (Linux 6.1.192, arch/x86/kernel/cpu/common.c,
 * cpu_set_bug_bits()): in a guest it expects some of them on any model.
 *
 * Return: a mask by number, without those of which programs suffer.
 */
__u64 isahp_errata_found(const struct isahp_profile *shown);

/**
 * isahp_errata_reported - what a guest's kernel says that it works around
 * @guest: its @mitigations.
 * @boot_vendor: enum isahp_vendor of the CPU that it was booted on.
 * @found: what it is taken to work around, of which kernels have no file.
 *
 * Return: a mask by number.
 */
__u64 isahp_errata_reported(const struct isahp_profile *guest, __u32 boot_vendor,
			    __u64 found);

/**
 * isahp_errata_broken - what programs must not use on a host
 * @errata: its own, a mask.
 * @accepted: errata that the operator takes on himself, a mask.
 */
struct isahp_features isahp_errata_broken(__u64 errata, __u64 accepted);

/**
 * isahp_erratum_microcode - the revision that repairs it
 * @number: of the erratum.
 * @cpu: the host.
 *
 * Return: the revision, or 0 where none is known for this CPU.
 */
__u32 isahp_erratum_microcode(unsigned int number,
			      const struct isahp_profile *cpu);

/**
 * isahp_errata_accept - what an operator takes on himself
 * @json: hostile: an array of errata by name, and "entry32".
 * @ret_mask: errata, a mask, and
 * @ret_entry: 32-bit programs may die where their entry does not exist; both are
 *	untouched on failure.
 * @err: says what is wrong.
 *
 * Return: 0 or -EINVAL.
 */
int isahp_errata_accept(const json_t *json, __u64 *ret_mask, bool *ret_entry,
			struct isahp_error *err);

/** isahp_errata_to_json - a mask of them, as an array of their names */
json_t *isahp_errata_to_json(__u64 mask);

#endif /* ISAHP_SHIM_ERRATA_H */
