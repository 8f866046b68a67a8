// SPDX-License-Identifier: GPL-2.0-or-later
/* What follows from a pool's file. */
#include "pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "alike.h"
#include "decision.h"
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
	struct isahp_features rest = isahp_features_none(), has;
	char names[256];
	size_t i;

	if (pool->wanted)
		rest = isahp_level_wants(&pool->level);
	for (i = 0; i < pool->host_count; i++) {
		has = isahp_profile_features(&pool->hosts[i]);
		rest = isahp_features_andnot(&rest, &has);
	}
	isahp_names_format(&rest, names, sizeof(names));
	if (!*names)
		return 0;
	return isahp_error_set(err, ISAHP_ERROR_POLICY, -EPERM,
			       "pool %s: %s %s has %s, which no host has: %s",
			       pool->name, pool->level.kind == ISAHP_LEVEL_FEATURES ?
			       "the list of" : "level", pool->level.name, names,
			       pool->level.kind == ISAHP_LEVEL_FEATURES ?
			       "take them out" : "take a lower one, or \"features\"");
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

static bool same_place(const struct isahp_place *a, const struct isahp_place *b)
{
	return a->leaf == b->leaf && a->subleaf == b->subleaf && a->reg == b->reg &&
	       a->shift == b->shift && a->width == b->width;
}

/* What was decided again does not stand as it was. */
static int retell(struct isahp_merged *merged, const struct isahp_decisions *news)
{
	struct isahp_decisions all = { 0 };
	size_t i, j;

	for (i = 0; i < merged->decision_count; i++) {
		const struct isahp_decision *old = &merged->decisions[i];

		for (j = 0; j < news->count; j++)
			if (same_place(&old->place, &news->array[j].place))
				break;
		if (j == news->count)
			isahp_decision_add(&all, *old);
	}
	for (j = 0; j < news->count; j++)
		isahp_decision_add(&all, news->array[j]);
	isahp_decision_sort(&all);
	if (all.failed) {
		free(all.array);
		return -ENOMEM;
	}
	free(merged->decisions);
	merged->decisions = all.array;
	merged->decision_count = all.count;
	return 0;
}

/* What rests on bits that are gone goes too: sizes, components, leaves. */
static int settle(struct isahp_merged *merged, struct isahp_decisions *news,
		  struct isahp_error *err)
{
	const struct isahp_profile *only = &merged->profile;
	struct isahp_merge_options options = {
		.name = merged->profile.name, .cross_vendor = true,
	};
	struct isahp_merged again;
	size_t i;
	int rc = news->failed ? -ENOMEM :
				isahp_merge(&only, 1, &options, &again, err);

	for (i = 0; !rc && i < again.decision_count; i++) {
		struct isahp_decision d = again.decisions[i];

		/* What a pool of one chooses was chosen before. */
		if (d.operator == ISAHP_OPERATOR_POLICY)
			continue;
		d.lowest = NULL;
		isahp_decision_add(news, d);
	}
	if (!rc) {
		isahp_profile_free(&merged->profile);
		merged->profile = again.profile;
		merged->features = again.features;
		memset(&again.profile, 0, sizeof(again.profile));
		isahp_merged_free(&again);
		rc = news->failed ? -ENOMEM : retell(merged, news);
	}
	free(news->array);
	return rc;
}

/* Hides one bit, if it is shown. */
static int hide(struct isahp_merged *merged, const struct isahp_cpuid_bit *b,
		const char *rule, struct isahp_decisions *news)
{
	struct isahp_decision d = {
		.place = { b->leaf, b->subleaf, b->reg, b->bit, 1 },
		.operator = ISAHP_OPERATOR_AND,
		.told = true,
		.before = 1,
		.rule = rule,
		.name = b->name,
		.needs = -1,
	};
	const struct isahp_cpuid_leaf *leaf =
		isahp_profile_leaf(&merged->profile, b->leaf, b->subleaf);

	if (leaf && leaf->value[b->reg] >> b->bit & 1) {
		d.feature = isahp_place_feature(&d.place);
		isahp_decision_add(news, d);
	}
	/* Not told becomes told: it is hidden. */
	return isahp_profile_set(&merged->profile, b->leaf, b->subleaf, b->reg,
				 1u << b->bit, 0);
}

/*
 * CPUID shows what a level has, of that about which it says something. A level of
 * features for programs says nothing of SYSCALL.
 */
static int apply(struct isahp_merged *merged, const struct isahp_level *level,
		 struct isahp_error *err)
{
	struct isahp_decisions news = { 0 };
	struct isahp_level_fit fit;
	int w, rc = 0;

	isahp_level_features(level, &merged->profile, &fit);
	for (w = 0; !rc && w < ISAHP_WORD_COUNT; w++) {
		struct isahp_word_place at = isahp_word_place(w);
		struct isahp_cpuid_bit bit = {
			.leaf = at.leaf,
			.subleaf = at.subleaf, .reg = at.reg,
		};
		const struct isahp_cpuid_leaf *leaf = isahp_profile_leaf(
			&merged->profile, at.leaf, at.subleaf);
		__u32 gone = leaf ? leaf->value[at.reg] & ~fit.bits[w] : 0;

		for (; !rc && gone; gone &= gone - 1) {
			const char *name;

			bit.bit = __builtin_ctz(gone);
			name = isahp_word_flag(w, bit.bit, ISAHP_FLAG_LINUX);
			bit.name = name ? name : "feature";
			rc = hide(merged, &bit, "above what the pool is to show", &news);
		}
	}
	if (!rc)
		return settle(merged, &news, err);
	free(news.array);
	return rc;
}

/* Kernels' features, too. */
static int hide_wanted(const struct isahp_pool *pool, struct isahp_merged *merged,
		       struct isahp_error *err)
{
	struct isahp_features gone =
		isahp_features_and(&pool->hidden, &merged->features);
	struct isahp_decisions news = { 0 };
	unsigned int i;
	int rc = 0;

	if (isahp_features_empty(&gone))
		return 0;
	for (i = 0; !rc && i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);
		struct isahp_cpuid_bit bit = { .name = "feature" };

		if (!f || !isahp_features_has(&gone, i))
			continue;
		bit.leaf = f->leaf;
		bit.subleaf = f->subleaf;
		bit.reg = f->reg;
		bit.bit = f->bit;
		rc = hide(merged, &bit, "the pool is to hide it", &news);
	}
	if (!rc)
		return settle(merged, &news, err);
	free(news.array);
	return rc;
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
	return errata & ~isahp_errata_found(&merged->profile) & ~pool->accepted;
}

static int hide_errata(const struct isahp_pool *pool, struct isahp_merged *merged,
		       struct isahp_error *err)
{
	__u64 errata = hidden_from_guests(pool, merged);
	struct isahp_decisions news = { 0 };
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && isahp_erratum(i); i++) {
		const struct isahp_cpuid_bit *b = &isahp_erratum(i)->hide;

		if (errata >> i & 1 && b->leaf)
			rc = hide(merged, b, "hidden for an erratum of a host", &news);
	}
	if (!rc && news.count)
		return settle(merged, &news, err);
	free(news.array);
	return rc;
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
			       "pool %s: each host has %s of the baseline, but not as a VM could be given it: its registers lie elsewhere on some, or an erratum is about it (`pool explain` without it says which): lower the baseline",
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
	rc = hide_errata(pool, &merged, err);
	if (!rc && pool->wanted)
		rc = apply(&merged, &pool->level, err);
	if (!rc)
		rc = hide_wanted(pool, &merged, err);
	if (!rc && pool->pinned) {
		struct isahp_level pinned = isahp_level_of("baseline",
							   &pool->baseline);

		rc = apply(&merged, &pinned, err);
		if (!rc && !isahp_features_subset(&pool->baseline, &merged.features))
			rc = cannot_promise(pool, &merged, err);
	}
	if (rc) {
		isahp_merged_free(&merged);
		return rc == -ENOMEM || rc == -E2BIG ?
		       isahp_error_set(err, ISAHP_ERROR_FAILED, rc, "pool %s: %s",
				       pool->name, strerror(-rc)) : rc;
	}
	*ret = merged;
	return 0;
}

/* --- VMs -------------------------------------------------------------------------- */

/* x87 and SSE alone where there is no leaf 0Dh (SDM vol. 1, 13.2). */
static __u64 xcr0_of(const struct isahp_profile *shown)
{
	const struct isahp_cpuid_leaf *d = isahp_profile_leaf(shown, 0xd, 0);

	return d ? d->value[ISAHP_EAX] | (__u64)d->value[ISAHP_EDX] << 32 | 3 : 3;
}

static struct isahp_envelope_guest guest_of(const struct isahp_pool *pool,
					    const struct isahp_merged *merged,
					    const struct isahp_vm_record *vm)
{
	struct isahp_envelope_guest guest = {
		.masked = vm ? vm->masked : !pool->superset,
		.booted = vm,
		.errata = pool->accepted,
		.accepted = pool->accepted,
	};

	if (!vm) {
		guest.errata |= isahp_errata_found(&merged->profile);
		/* It will enable what it is shown, and have the module. */
		guest.registered = guest.masked;
		guest.xcr0 = xcr0_of(&merged->profile);
		guest.entry = ISAHP_ENTRY_FOLLOWS;
		return guest;
	}
	guest.registered = vm->registered;
	guest.pinned = vm->list[ISAHP_VM_PINNED];
	guest.xcr0 = vm->xcr0;
	guest.errata |= vm->errata | isahp_admission_hidden(vm);
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

static __u64 hash(const void *host)
{
	return isahp_alike_host_hash(host);
}

static bool same(const void *a, const void *b)
{
	return isahp_alike_hosts(a, b);
}

/* One of each kind: what another of it could tell, it tells. Return: 0 or -ENOMEM. */
static int keep_kinds(const struct isahp_profile **list, size_t *count)
{
	size_t *kind = calloc(*count, sizeof(*kind)), kinds, next = 0, i;
	int rc = kind ? isahp_alike_sort((const void *const *)list, *count, hash, same,
					 kind, &kinds) : -ENOMEM;

	/* Numbered by first appearance: a kind's number is at most its first place. */
	for (i = 0; !rc && i < *count; i++)
		if (kind[i] == next)
			list[next++] = list[i];
	free(kind);
	if (!rc)
		*count = kinds;
	return rc;
}

int isahp_pool_check_each(const struct isahp_pool *pool,
			  const struct isahp_vm_record *vm,
			  int (*each)(const struct isahp_admission *, void *),
			  void *context, struct isahp_error *err)
{
	const struct isahp_profile **list = list_of(pool);
	struct isahp_admission_options options = {
		.accepted = pool->accepted,
		.accept_entry = pool->accept_entry,
		.peers = list,
		.peer_count = pool->host_count,
	};
	struct isahp_admission a;
	size_t i;
	int rc = 0;

	if (!list || keep_kinds(list, &options.peer_count)) {
		free(list);
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	}
	for (i = 0; !rc && i < pool->host_count; i++) {
		rc = isahp_admission_check(vm, &pool->hosts[i], &options, &a, err);
		if (rc)
			break;
		rc = each(&a, context);
		isahp_admission_free(&a);
	}
	free(list);
	return rc;
}
