// SPDX-License-Identifier: GPL-2.0-or-later
/* What follows from a pool's file. */
#include "pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "errata.h"
#include "names.h"
#include "text.h"

static const struct isahp_profile **list_of(const struct isahp_pool *pool)
{
	const struct isahp_profile **list = calloc(pool->host_count, sizeof(*list));
	size_t i;

	for (i = 0; list && i < pool->host_count; i++)
		list[i] = &pool->hosts[i];
	return list;
}

/* --- what the operator wants ------------------------------------------------- */

/* A wish that no host can fulfil is a mistake; what some lack is how pools are. */
static int check_wish(const struct isahp_pool *pool, struct isahp_error *err)
{
	struct isahp_features rest = pool->want, has;
	char names[256];
	size_t i;

	for (i = 0; pool->wanted && i < pool->host_count; i++) {
		has = isahp_profile_features(&pool->hosts[i]);
		rest = isahp_features_andnot(&rest, &has);
	}
	isahp_names_format(&rest, names, sizeof(names));
	if (!*names || !pool->wanted)
		return 0;
	return isahp_error_set(err, ISAHP_ERROR_POLICY, -EPERM,
			       "pool %s: %s %s has %s, which no host has: take %s",
			       pool->name, *pool->level ? "level" : "the list of",
			       *pool->level ? pool->level : "features", names,
			       *pool->level ? "a lower one, or \"features\"" :
			       "them out");
}

static int check_pinned(const struct isahp_pool *pool, struct isahp_error *err)
{
	struct isahp_features usable, lacks;
	char names[256];
	size_t i;

	for (i = 0; pool->pinned && i < pool->host_count; i++) {
		usable = isahp_envelope_usable(&pool->hosts[i]);
		lacks = isahp_features_andnot(&pool->baseline, &usable);
		isahp_names_format(&lacks, names, sizeof(names));
		if (*names)
			return isahp_error_set(err, ISAHP_ERROR_POLICY, -EPERM,
					       "pool %s: host %s lacks %s of the baseline: leave the host out, or lower the baseline",
					       pool->name, pool->hosts[i].name, names);
	}
	return 0;
}

static int clear(struct isahp_profile *profile, const struct isahp_features *gone)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f && isahp_features_has(gone, i))
			rc = isahp_profile_set(profile, f->leaf, f->subleaf, f->reg,
					       1u << f->bit, 0);
	}
	return rc;
}

/* CPUID shows @keep of the table and no more. */
static int cut(struct isahp_merged *merged, const struct isahp_features *keep)
{
	struct isahp_features left = isahp_features_and(&merged->features, keep);
	struct isahp_features gone;

	left = isahp_features_supported(&left);
	gone = isahp_profile_features(&merged->profile);
	gone = isahp_features_andnot(&gone, &left);
	merged->features = left;
	return clear(&merged->profile, &gone);
}

/* --- errata -------------------------------------------------------------------- */

/* Of all hosts', those that a kernel does not find in what it is shown. */
static __u64 hidden_from_guests(const struct isahp_pool *pool,
				const struct isahp_merged *merged)
{
	__u64 errata = 0;
	size_t i;

	for (i = 0; i < pool->host_count; i++)
		errata |= isahp_errata_of(&pool->hosts[i]);
	return errata & ~isahp_errata_of(&merged->profile) & ~pool->accepted;
}

static int hide_errata(const struct isahp_pool *pool, struct isahp_merged *merged)
{
	__u64 errata = hidden_from_guests(pool, merged);
	struct isahp_features left;
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && isahp_erratum(i); i++) {
		const struct isahp_cpuid_bit *b = &isahp_erratum(i)->hide;

		if (errata >> i & 1 && b->leaf)
			rc = isahp_profile_set(&merged->profile, b->leaf, b->subleaf,
					       b->reg, 1u << b->bit, 0);
	}
	if (rc)
		return rc;
	left = isahp_profile_features(&merged->profile);
	return cut(merged, &left);
}

/* Each host has it, but not all together: XSAVE's images, an erratum. */
static int cannot_promise(const struct isahp_pool *pool,
			  const struct isahp_merged *merged, struct isahp_error *err)
{
	struct isahp_features rest =
		isahp_features_andnot(&pool->baseline, &merged->features);
	char names[256];

	isahp_names_format(&rest, names, sizeof(names));
	return isahp_error_set(err, ISAHP_ERROR_POLICY, -EPERM,
			       "pool %s: each host has %s of the baseline, but what rests on it is missing, or differs between them in register images, or an erratum is about it: lower the baseline",
			       pool->name, names);
}

int isahp_pool_merge(const struct isahp_pool *pool, struct isahp_merged *ret,
		     struct isahp_error *err)
{
	const struct isahp_profile **list = list_of(pool);
	struct isahp_merged merged;
	int rc;

	if (!list)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	rc = check_wish(pool, err);
	if (!rc)
		rc = check_pinned(pool, err);
	if (!rc)
		rc = isahp_merge(list, pool->host_count, &pool->options, &merged, err);
	free(list);
	if (rc)
		return rc;
	rc = hide_errata(pool, &merged);
	if (!rc && pool->wanted)
		rc = cut(&merged, &pool->want);
	if (!rc && pool->pinned)
		rc = cut(&merged, &pool->baseline);
	if (!rc && pool->pinned &&
	    !isahp_features_equal(&merged.features, &pool->baseline)) {
		rc = cannot_promise(pool, &merged, err);
		isahp_merged_free(&merged);
		return rc;
	}
	if (rc) {
		isahp_merged_free(&merged);
		return isahp_error_set(err, ISAHP_ERROR_FAILED, rc,
				       "pool %s: %s", pool->name, strerror(-rc));
	}
	*ret = merged;
	return 0;
}

/* --- VMs -------------------------------------------------------------------------- */

static struct isahp_envelope_guest guest_of(const struct isahp_pool *pool,
					    const struct isahp_merged *merged,
					    const struct isahp_vm_record *vm)
{
	struct isahp_envelope_guest guest = {
		.masked = vm ? vm->masked : !pool->superset,
		.booted = vm,
		.errata = pool->accepted,
	};

	if (!vm) {
		guest.errata |= isahp_errata_of(&merged->profile);
		return guest;
	}
	guest.registered = vm->registered;
	guest.pinned = vm->list[ISAHP_VM_PINNED];
	guest.xcr0 = vm->xcr0;
	guest.errata |= vm->errata;
	guest.boot_vendor = vm->boot_vendor;
	guest.entry = vm->entry;
	return guest;
}

int isahp_pool_envelope(const struct isahp_pool *pool,
			const struct isahp_merged *merged,
			const struct isahp_vm_record *vm,
			struct isahp_envelope *ret, struct isahp_error *err)
{
	struct isahp_envelope_guest guest = guest_of(pool, merged, vm);
	const struct isahp_profile **list = list_of(pool);
	int rc;

	if (!list)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	rc = isahp_envelope_make(list, pool->host_count,
				 vm ? &vm->list[ISAHP_VM_BASELINE] : &merged->features,
				 &guest, ret, err);
	free(list);
	return rc;
}

int isahp_pool_check(const struct isahp_pool *pool,
		     const struct isahp_vm_record *vm, const char *host,
		     struct isahp_admission *ret, struct isahp_error *err)
{
	const struct isahp_profile *target = isahp_pool_host(pool, host);
	struct isahp_admission_options options = {
		.accepted = pool->accepted,
		.accept_entry = pool->accept_entry,
		.peer_count = pool->host_count,
	};
	const struct isahp_profile **list;
	char shown[64];
	int rc;

	if (!target) {
		isahp_text_sanitize(shown, sizeof(shown), host, strlen(host));
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -ENOENT,
				       "no host of pool %s is called '%s'", pool->name,
				       shown);
	}
	list = list_of(pool);
	if (!list)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	options.peers = list;
	rc = isahp_admission_check(vm, target, &options, ret, err);
	free(list);
	return rc;
}
