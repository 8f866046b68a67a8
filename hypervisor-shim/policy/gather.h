/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What many hosts say, register by register: the first half of a merge.
 *
 * One pass over all leaves of all hosts. AND, OR and EQUAL need to know of each
 * bit only whether some host has it 0, 1, or did not tell; numbers are kept as
 * the least and the most. Which means: a host costs the same whatever the fields
 * of its leaves are.
 */
#ifndef ISAHP_SHIM_GATHER_H
#define ISAHP_SHIM_GATHER_H

#include "error.h"
#include "field.h"
#include "profile.h"

/* Numbers in one register: leaf 0AH EAX has as many. */
#define ISAHP_SEEN_NUMBERS 4
#define ISAHP_SEEN_NONE 0xffffffffu

/**
 * struct isahp_seen_number - a field of MIN or MAX
 * @field: its row.
 * @least: over all hosts, where they told,
 * @most: likewise.
 * @host_least: index of the first host that says so, and
 * @host_most: likewise.
 */
struct isahp_seen_number {
	const struct isahp_field *field;
	__u64 least;
	__u64 most;
	__u32 host_least;
	__u32 host_most;
};

/**
 * struct isahp_seen - one register on all hosts
 * @zero: bits that are 0 on some host,
 * @one: that are 1 on some,
 * @unknown: that some did not tell.
 * @numbers: of @number in use.
 * @number: fields of MIN and MAX.
 * @host_zero: of each bit, the first host that has it 0, or ISAHP_SEEN_NONE.
 * @host_one: likewise 1.
 * @host_unknown: likewise, not told.
 */
struct isahp_seen {
	__u64 zero;
	__u64 one;
	__u64 unknown;
	unsigned int numbers;
	struct isahp_seen_number number[ISAHP_SEEN_NUMBERS];
	__u32 host_zero[64];
	__u32 host_one[64];
	__u32 host_unknown[64];
};

/**
 * struct isahp_gathered - one input of CPUID, or one MSR, on all hosts
 * @leaf: EAX, or the MSR's number.
 * @subleaf: ECX.
 * @msr: it is one; then only @seen[0] is used.
 * @tuning: a cache leaf: who does not have it has no say.
 * @component: of a component of XSAVE: likewise.
 * @least_cache: of leaves 4 and 8000_001DH: the leaf of the smallest one.
 * @least_address: of 8000_0008H: the least guest physical address bits.
 * @address_zero: all hosts said 0 there: as the physical ones.
 * @seen: by enum isahp_cpuid_register.
 */
struct isahp_gathered {
	__u32 leaf;
	__u32 subleaf;
	bool msr;
	bool tuning;
	bool component;
	const struct isahp_cpuid_leaf *least_cache;
	__u32 least_address;
	bool address_zero;
	struct isahp_seen seen[4];
};

/**
 * struct isahp_gather - everything
 * @hosts: sorted by name; borrowed.
 * @count: of @hosts.
 * @slots: sorted: CPUID by leaf and subleaf, then MSRs; owned.
 * @slot_count: of @slots.
 */
struct isahp_gather {
	const struct isahp_profile *const *hosts;
	size_t count;
	struct isahp_gathered *slots;
	size_t slot_count;
};

/**
 * isahp_gather_hosts - read all profiles
 * @gather: overwritten; to be freed, also on failure.
 * @hosts: sorted by name.
 * @count: at least 1.
 * @err: names the host.
 *
 * A leaf that a host does not list is all 0 where the host's own CPUID says that
 * it has none (SDM 2A, CPUID, 00H: the last leaf; a leaf's subleaf 0 for the
 * others), and not told otherwise, as is an MSR.
 *
 * Return: 0, -E2BIG, or -ENOMEM.
 */
int isahp_gather_hosts(struct isahp_gather *gather,
		       const struct isahp_profile *const *hosts, size_t count,
		       struct isahp_error *err);

/**
 * isahp_gather_absent - what does not list a leaf: has it none, or did it not tell
 * @host: its profile, without the leaf.
 * @leaf: EAX.
 * @subleaf: ECX.
 *
 * Return: whether its CPUID says that it has none: then all of it is 0.
 */
bool isahp_gather_absent(const struct isahp_profile *host, __u32 leaf, __u32 subleaf);

/** isahp_gather_find - look one up; NULL when no host has it */
const struct isahp_gathered *isahp_gather_find(const struct isahp_gather *gather,
					   bool msr, __u32 leaf, __u32 subleaf);

/** isahp_gather_free - all zero then */
void isahp_gather_free(struct isahp_gather *gather);

#endif /* ISAHP_SHIM_GATHER_H */
