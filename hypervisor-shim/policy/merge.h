/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a pool of hosts can promise: many profiles become one, that a guest may
 * be shown on each of them.
 *
 * Field by field by the operators of field.h; then what rests on something that
 * is not there goes too, and what follows from the rest is computed; then what
 * has no right value is chosen. Everything that is not plain equality on all
 * hosts is told, with the rule and the host that decided.
 *
 * What a host did not tell is not promised, and stays untold in the result.
 */
#ifndef ISAHP_SHIM_MERGE_H
#define ISAHP_SHIM_MERGE_H

#include "decision.h"
#include "error.h"
#include "profile.h"

/**
 * enum isahp_identity - vendor, family, model, stepping and name that are shown
 * @ISAHP_IDENTITY_OLDEST: of the hosts of the vendor that is shown, those with
 *	the lowest family, model and stepping; software knows their errata.
 * @ISAHP_IDENTITY_HOST: those of @identity_host: where the guest was booted.
 * @ISAHP_IDENTITY_ARTIFICIAL: @identity_vendor, and @identity_name as a name.
 *	Family, model and stepping are the oldest host's.
 */
enum isahp_identity {
	ISAHP_IDENTITY_OLDEST,
	ISAHP_IDENTITY_HOST,
	ISAHP_IDENTITY_ARTIFICIAL,
};

/**
 * enum isahp_cache - caches and TLBs that are shown
 * @ISAHP_CACHE_LEAST: of each, the smallest: tuned for it, code runs well on all.
 * @ISAHP_CACHE_COMMON: those of the most frequent kind of host.
 * @ISAHP_CACHE_HOST: those of @cache_host.
 * @ISAHP_CACHE_PRESENT: left out: a guest sees those of the host it is on.
 */
enum isahp_cache {
	ISAHP_CACHE_LEAST,
	ISAHP_CACHE_COMMON,
	ISAHP_CACHE_HOST,
	ISAHP_CACHE_PRESENT,
};

/**
 * enum isahp_topology - cores, threads and packages that are shown
 * @ISAHP_TOPOLOGY_GUEST: left out: the hypervisor shows the guest's own.
 * @ISAHP_TOPOLOGY_EQUAL: where all hosts agree, theirs: for who places virtual
 *	CPUs the same way on each host.
 */
enum isahp_topology {
	ISAHP_TOPOLOGY_GUEST,
	ISAHP_TOPOLOGY_EQUAL,
};

/**
 * enum isahp_layout_policy - hosts whose XSAVE images differ
 * @ISAHP_LAYOUT_HIDE: the components that lie elsewhere, with the features that
 *	own them.
 * @ISAHP_LAYOUT_REFUSE: no such pool.
 */
enum isahp_layout_policy {
	ISAHP_LAYOUT_HIDE,
	ISAHP_LAYOUT_REFUSE,
};

/**
 * enum isahp_layout_class - where hosts put what XSAVE saves
 * @ISAHP_LAYOUT_CLASS_NONE: they save nothing beyond AVX, which lies at byte 576
 *	on all.
 * @ISAHP_LAYOUT_CLASS_INTEL: as Intel's: PKRU at 2688, AVX-512 at 1088.
 * @ISAHP_LAYOUT_CLASS_AMD: as AMD's: PKRU at 2432, AVX-512 at 832.
 * @ISAHP_LAYOUT_CLASS_OTHER: the same on all, and another.
 * @ISAHP_LAYOUT_CLASS_MIXED: not the same on all.
 */
enum isahp_layout_class {
	ISAHP_LAYOUT_CLASS_NONE,
	ISAHP_LAYOUT_CLASS_INTEL,
	ISAHP_LAYOUT_CLASS_AMD,
	ISAHP_LAYOUT_CLASS_OTHER,
	ISAHP_LAYOUT_CLASS_MIXED,
};

/**
 * struct isahp_merge_options - choices; all zero is a fair default
 * @name: of the result, as a host's (isahp_profile_name_valid()); NULL: "pool".
 * @cross_vendor: hosts of more than one vendor are meant.
 * @vendor: enum isahp_vendor to show in a pool of several; 0: that of most
 *	hosts.
 * @identity: enum isahp_identity.
 * @identity_host: for ISAHP_IDENTITY_HOST: one of the hosts.
 * @identity_vendor: for ISAHP_IDENTITY_ARTIFICIAL: up to 12 characters.
 * @identity_name: up to 48 characters, or NULL.
 * @cache: enum isahp_cache.
 * @cache_host: for ISAHP_CACHE_HOST: one of the hosts.
 * @topology: enum isahp_topology.
 * @layout: enum isahp_layout_policy.
 */
struct isahp_merge_options {
	const char *name;
	bool cross_vendor;
	__u32 vendor;
	enum isahp_identity identity;
	const struct isahp_profile *identity_host;
	const char *identity_vendor;
	const char *identity_name;
	enum isahp_cache cache;
	const struct isahp_profile *cache_host;
	enum isahp_topology topology;
	enum isahp_layout_policy layout;
};

/**
 * struct isahp_merged - what the pool promises
 * @profile: as a host's, with bits unknown that not every host told.
 * @decisions: what is not plain equality, by place; borrow names from the hosts.
 * @decision_count: of @decisions.
 * @features: of @profile; closed: what they depend on is among them, and the
 *	register state that they own is on every host.
 * @layout_class: of the hosts.
 */
struct isahp_merged {
	struct isahp_profile profile;
	struct isahp_decision *decisions;
	size_t decision_count;
	struct isahp_features features;
	enum isahp_layout_class layout_class;
};

/**
 * isahp_merge - what all of these hosts can promise
 * @hosts: in any order: it does not matter. They stay, unchanged, while the
 *	result is in use.
 * @count: at least 1.
 * @options: NULL: all zero.
 * @ret: to be freed; untouched on failure.
 * @err: names the host and what to do.
 *
 * A merged profile can be merged again: a pool of pools. Takes time in proportion
 * to the number of leaves of all hosts.
 *
 * Return: 0; -EINVAL: no hosts, two of the same name, one that tells nothing, or
 * options that make no sense; -EPERM: several vendors, or layouts, that @options
 * do not allow, or 32-bit hosts among 64-bit ones; -E2BIG: more kinds of leaves
 * than a profile holds; -ENOMEM.
 */
int isahp_merge(const struct isahp_profile *const *hosts, size_t count,
		const struct isahp_merge_options *options,
		struct isahp_merged *ret, struct isahp_error *err);

/** isahp_merged_free - what it owns, not the structure itself; all zero then */
void isahp_merged_free(struct isahp_merged *merged);

/** isahp_layout_class_name - none, Intel, AMD, other, mixed */
const char *isahp_layout_class_name(enum isahp_layout_class class);

#endif /* ISAHP_SHIM_MERGE_H */
