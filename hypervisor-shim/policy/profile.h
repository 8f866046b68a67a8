/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host's CPU is: CPUID, MSRs, and what its kernel makes of them.
 *
 * Nothing in a profile is computed: it is what was read, or what somebody's file
 * said. Of sources that know flags alone (/proc/cpuinfo, libvirt) only these
 * bits are known.
 */
#ifndef ISAHP_SHIM_PROFILE_H
#define ISAHP_SHIM_PROFILE_H

#include <isahp/features.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define ISAHP_PROFILE_FORMAT 1	/* of the JSON form */
#define ISAHP_PROFILE_NAME_SIZE 64
/* More than any CPU has; a file with more is refused. */
#define ISAHP_PROFILE_LEAVES_MAX 512
#define ISAHP_PROFILE_MSRS_MAX 256
#define ISAHP_PROFILE_MITIGATIONS_MAX 64

/**
 * struct isahp_cpuid_leaf - what CPUID returns for one input
 * @leaf: EAX and
 * @subleaf: ECX on entry.
 * @value: by enum isahp_cpuid_register.
 * @known: the bits of @value that were told; the others are 0.
 */
struct isahp_cpuid_leaf {
	__u32 leaf;
	__u32 subleaf;
	__u32 value[4];
	__u32 known[4];
};

/**
 * struct isahp_msr - one model-specific register
 * @number: its address.
 * @value: its bits.
 * @known: the bits that were told.
 */
struct isahp_msr {
	__u32 number;
	__u64 value;
	__u64 known;
};

/**
 * struct isahp_mitigation - what a kernel says of one weakness of its CPU
 * @name: a file of /sys/devices/system/cpu/vulnerabilities.
 * @state: what it says: one line of printable ASCII.
 */
struct isahp_mitigation {
	char name[40];
	char state[256];
};

/**
 * struct isahp_profile - one host
 * @name: of the host: printable ASCII, no spaces.
 * @source: what it was read from, as "/proc/cpuinfo"; empty: not told.
 * @kernel: its kernel's release, as uname has it; empty: not told.
 * @leaves: sorted by leaf, then subleaf; no doubles.
 * @leaf_count: of @leaves.
 * @msrs: sorted by number; no doubles.
 * @msr_count: of @msrs.
 * @xcr0: components that the host's kernel has enabled.
 * @xcr0_known: it was told.
 * @microcode: revision as Linux prints it; 0: not told.
 * @mitigations: sorted by name; no doubles.
 * @mitigation_count: of @mitigations.
 * @document: the JSON object that it was read from, where that has what this
 *	version does not know, or is spelled otherwise; or NULL. Owned.
 */
struct isahp_profile {
	char name[ISAHP_PROFILE_NAME_SIZE];
	char source[ISAHP_PROFILE_NAME_SIZE];
	char kernel[ISAHP_PROFILE_NAME_SIZE];
	struct isahp_cpuid_leaf *leaves;
	size_t leaf_count;
	struct isahp_msr *msrs;
	size_t msr_count;
	__u64 xcr0;
	bool xcr0_known;
	__u32 microcode;
	struct isahp_mitigation *mitigations;
	size_t mitigation_count;
	json_t *document;
};

/**
 * isahp_profile_leaf - look up an input of CPUID
 * @profile: sorted.
 * @leaf: EAX.
 * @subleaf: ECX; 0 where CPUID ignores it.
 *
 * Return: the leaf, or NULL when it was not told.
 */
const struct isahp_cpuid_leaf *
isahp_profile_leaf(const struct isahp_profile *profile, __u32 leaf, __u32 subleaf);

/**
 * isahp_profile_set - say what some bits of a register are
 * @profile: gets the leaf if it lacks it.
 * @leaf: EAX.
 * @subleaf: ECX.
 * @reg: enum isahp_cpuid_register.
 * @bits: which.
 * @value: theirs; others are ignored.
 *
 * Return: 0, -E2BIG beyond ISAHP_PROFILE_LEAVES_MAX, or -ENOMEM.
 */
int isahp_profile_set(struct isahp_profile *profile, __u32 leaf, __u32 subleaf,
		      unsigned int reg, __u32 bits, __u32 value);

/**
 * isahp_profile_msr - look up a register
 *
 * Return: it, or NULL when it was not told.
 */
const struct isahp_msr *isahp_profile_msr(const struct isahp_profile *profile,
					  __u32 number);

/**
 * isahp_profile_msr_set - say what some bits of a register are
 *
 * Return: 0, -E2BIG beyond ISAHP_PROFILE_MSRS_MAX, or -ENOMEM.
 */
int isahp_profile_msr_set(struct isahp_profile *profile, __u32 number,
			  __u64 bits, __u64 value);

/**
 * isahp_profile_name_valid - may a host be called so
 *
 * Return: whether it is printable ASCII without spaces and neither empty nor
 * longer than a profile holds.
 */
bool isahp_profile_name_valid(const char *name);

/**
 * isahp_profile_mitigation_set - say what the kernel says of a weakness
 * @profile: gets it, or has it replaced.
 * @name: as in sysfs.
 * @state: made fit for a terminal; cut where it is too long.
 *
 * Return: 0, -EINVAL for a name that is none, -E2BIG beyond
 * ISAHP_PROFILE_MITIGATIONS_MAX, or -ENOMEM.
 */
int isahp_profile_mitigation_set(struct isahp_profile *profile, const char *name,
				 const char *state);

/**
 * isahp_profile_features - the features of the table that it shows
 *
 * As CPUID says it: neither closed nor cut down to what XCR0 enables.
 */
struct isahp_features isahp_profile_features(const struct isahp_profile *profile);

/** isahp_profile_vendor - enum isahp_vendor by leaf 0, where all of it was told */
__u32 isahp_profile_vendor(const struct isahp_profile *profile);

/**
 * struct isahp_signature - family, model and stepping
 *
 * The extended ones are added in, as the manuals do (SDM vol. 2A, CPUID, figure
 * 3-6; APM vol. 3, E.3.2).
 */
struct isahp_signature {
	unsigned int family;
	unsigned int model;
	unsigned int stepping;
};

/** isahp_profile_signature - by leaf 1; all 0 where it was not told */
struct isahp_signature isahp_profile_signature(const struct isahp_profile *profile);

/**
 * isahp_profile_common_bits - bits that tell of a host, not of one of its CPUs
 * @leaf: EAX.
 * @reg: enum isahp_cpuid_register.
 *
 * All but APIC IDs and what is coded in them (SDM vol. 2A, APM vol. 3, CPUID).
 */
__u32 isahp_profile_common_bits(__u32 leaf, unsigned int reg);

/**
 * isahp_profile_copy - another of the same
 * @profile: to be copied.
 * @name: of the copy, valid.
 * @ret: to be freed; untouched on failure.
 *
 * Return: 0 or -ENOMEM.
 */
int isahp_profile_copy(const struct isahp_profile *profile, const char *name,
		       struct isahp_profile *ret);

/** isahp_profile_free - what it owns, not the structure itself; all zero then */
void isahp_profile_free(struct isahp_profile *profile);

/**
 * isahp_profile_native - of the host this runs on
 * @ret_profile: to be freed.
 * @err: says what could not be read.
 *
 * Every leaf and subleaf; XCR0; microcode and mitigations from sysfs; MSRs where
 * /dev/cpu/N/msr may be read. Of each CPU that is online and where this thread may
 * run, one after the other: what they differ in is unknown, as features that only
 * some cores have.
 *
 * Return: 0, or -EIO, -ENOMEM.
 */
int isahp_profile_native(struct isahp_profile *ret_profile, struct isahp_error *err);

/**
 * isahp_profile_native_cpu - the same of one CPU alone
 * @cpu: its number.
 *
 * Return: as above; -EINVAL: no CPU where this thread may run.
 */
int isahp_profile_native_cpu(unsigned int cpu, struct isahp_profile *ret_profile,
			     struct isahp_error *err);

/**
 * isahp_profile_from_json - the project's own form
 * @json: hostile.
 * @ret_profile: to be freed.
 * @err: names the place (a path in the document) and what is wrong there.
 *
 * docs/policy.md describes it.
 *
 * Return: 0, -EINVAL, or -ENOMEM.
 */
int isahp_profile_from_json(const json_t *json, struct isahp_profile *ret_profile,
			    struct isahp_error *err);

/**
 * isahp_profile_to_json - the inverse
 *
 * Fields that this version does not know are as and where they were, and a
 * number that has not changed is spelled as it was.
 *
 * Return: a new object; NULL: out of memory.
 */
json_t *isahp_profile_to_json(const struct isahp_profile *profile);

/**
 * isahp_profile_to_text - the JSON form as it lies in files
 *
 * One line for each leaf and MSR. Reading such a file and writing it again gives
 * the same bytes.
 *
 * Return: to be given to free(); NULL: out of memory.
 */
char *isahp_profile_to_text(const struct isahp_profile *profile);

#endif /* ISAHP_SHIM_PROFILE_H */
