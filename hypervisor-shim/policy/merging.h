/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A merge under way: its steps, in their order. For merge.c alone.
 */
#ifndef ISAHP_SHIM_MERGING_H
#define ISAHP_SHIM_MERGING_H

#include "gather.h"
#include "merge.h"

/**
 * struct isahp_merging - what the steps share
 * @options: never NULL.
 * @hosts: sorted by name.
 * @count: of @hosts.
 * @vendors: bit n: some host is of vendor n.
 * @vendor: the one that is shown.
 * @gather: what the hosts say.
 * @profile: the result; each slot of @gather has its leaf or MSR in it, in the
 *	same order.
 * @decisions: so far.
 * @features: of @profile, from the closure on.
 * @hidden: components whose place in XSAVE images is not the same everywhere.
 * @layout_class: enum isahp_layout_class.
 * @err: of the caller.
 */
struct isahp_merging {
	const struct isahp_merge_options *options;
	const struct isahp_profile **hosts;
	size_t count;
	__u32 vendors;
	__u32 vendor;
	struct isahp_gather gather;
	struct isahp_profile profile;
	struct isahp_decisions decisions;
	struct isahp_features features;
	__u64 hidden;
	enum isahp_layout_class layout_class;
	struct isahp_error *err;
};

/**
 * isahp_merging_resolve - each field by its operator
 *
 * Fills in @profile, but for RECOMPUTE and most of POLICY, which stay untold.
 *
 * Return: 0 or -ENOMEM.
 */
int isahp_merging_resolve(struct isahp_merging *m);

/**
 * isahp_merging_conflict - the first host that contradicts the ones before it
 * @seen: of a register.
 * @mask: of a field of it.
 *
 * Return: its index, or ISAHP_SEEN_NONE when those that told agree.
 */
__u32 isahp_merging_conflict(const struct isahp_seen *seen, __u64 mask);

/**
 * isahp_merging_components - compare XSAVE images
 *
 * Return: 0, or -EPERM when they differ and may not.
 */
int isahp_merging_components(struct isahp_merging *m);

/* Components of IA32_XSS (SDM 1, 13.1): 8, and 10 to 16. */
#define ISAHP_MERGING_SUPERVISOR (1ULL << 8 | 0x7fULL << 10)

/**
 * isahp_merging_available - components that no host is known to lack
 *
 * Nor has its kernel left them disabled, nor do they lie elsewhere.
 */
__u64 isahp_merging_available(struct isahp_merging *m);

/** isahp_merging_drop_unowned - components whose features have gone */
void isahp_merging_drop_unowned(struct isahp_merging *m);

/** isahp_merging_sizes - of XSAVE images with the components that are left */
void isahp_merging_sizes(struct isahp_merging *m);

/** isahp_merging_close - take out what rests on something that is not there */
void isahp_merging_close(struct isahp_merging *m);

/** isahp_merging_recompute - what follows from the rest */
void isahp_merging_recompute(struct isahp_merging *m);

/**
 * isahp_merging_identify - find the vendors, and choose the one to show
 *
 * Return: 0, -EPERM or -EINVAL.
 */
int isahp_merging_identify(struct isahp_merging *m);

/**
 * isahp_merging_choose - the fields of POLICY
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int isahp_merging_choose(struct isahp_merging *m);

/** isahp_merging_leaf - of the result, to be changed; NULL when no host has it */
struct isahp_cpuid_leaf *isahp_merging_leaf(struct isahp_merging *m, __u32 leaf,
					    __u32 subleaf);

/** isahp_merging_hide - bits of a register of the result are 0, and known */
static inline void isahp_merging_hide(struct isahp_cpuid_leaf *leaf,
				      unsigned int reg, __u32 bits)
{
	leaf->value[reg] &= ~bits;
	leaf->known[reg] |= bits;
}

#endif /* ISAHP_SHIM_MERGING_H */
