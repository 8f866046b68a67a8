// SPDX-License-Identifier: GPL-2.0-or-later
/* Fields that have no right value: chosen, by a rule that is told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isahp/abi.h>
#include <isa-core/features.h>

#include "merging.h"
#include "names.h"

#define LEAF_CACHE_DESCRIPTORS 2
#define LEAF_CACHE 4
#define LEAF_TLB 0x18
#define LEAF_CACHE_AMD 0x8000001du
#define LEAF_NAME 0x80000002u
#define VENDORS (ISAHP_VENDOR_ZHAOXIN + 1)
#define LONG_MODE (1u << 29)

/* Bits of one field in one register of the result. */
struct spot {
	struct isahp_cpuid_leaf *leaf;
	const struct isahp_gathered *slot;
	unsigned int reg;
	const struct isahp_field *field;
	__u32 mask;
};

static void decide(struct isahp_merging *m, const struct spot *s, const char *rule,
		   const struct isahp_profile *host)
{
	const struct isahp_seen *seen = &s->slot->seen[s->reg];

	if (!(seen->zero & seen->one & s->mask))
		return; /* it is the same everywhere */
	isahp_decision_add(&m->decisions, (struct isahp_decision){
		.place = { s->leaf->leaf, s->leaf->subleaf, s->reg, s->field->shift,
			   s->field->width },
		.operator = ISAHP_OPERATOR_POLICY,
		.told = (s->leaf->known[s->reg] & s->mask) == s->mask,
		.before = (seen->one & ~seen->zero & s->mask) >> s->field->shift,
		.result = (s->leaf->value[s->reg] & s->mask) >> s->field->shift,
		.rule = rule,
		.name = s->field->name,
		.lowest = host,
		.feature = -1,
		.needs = -1,
	});
}

typedef void choose_fn(struct isahp_merging *m, const struct spot *spot, const void *how);

/* Every field of a kind. */
static void each(struct isahp_merging *m, enum isahp_choice choice, choose_fn *fn,
		 const void *how)
{
	const struct isahp_field *map[64];
	unsigned int reg, bit;
	size_t i, leaf = 0;

	for (i = 0; i < m->gather.slot_count; i++) {
		struct spot s = { .slot = &m->gather.slots[i] };

		if (s.slot->msr)
			continue;
		s.leaf = &m->profile.leaves[leaf++];
		for (reg = 0; reg < 4; reg++) {
			isahp_field_map(s.slot->leaf, s.slot->subleaf, reg, map);
			for (bit = 0; bit < 32; bit++) {
				if (map[bit]->choice != choice ||
				    map[bit]->shift > bit ||
				    (bit && map[bit] == map[bit - 1]))
					continue;
				s.reg = reg;
				s.field = map[bit];
				s.mask = 0;
				for (unsigned int b = bit; b < 32; b++)
					if (map[b] == s.field)
						s.mask |= 1u << b;
				fn(m, &s, how);
			}
		}
	}
}

static void spot_set(const struct spot *s, __u32 value, __u32 known)
{
	s->leaf->value[s->reg] = (s->leaf->value[s->reg] & ~s->mask) | (value & s->mask);
	s->leaf->known[s->reg] = (s->leaf->known[s->reg] & ~s->mask) | (known & s->mask);
}

struct from {
	const struct isahp_profile *host;
	const char *rule;
};

static void choose_from(struct isahp_merging *m, const struct spot *s, const void *how)
{
	const struct from *from = how;
	const struct isahp_cpuid_leaf *l =
		isahp_profile_leaf(from->host, s->leaf->leaf, s->leaf->subleaf);

	if (l)
		spot_set(s, l->value[s->reg], l->known[s->reg]);
	decide(m, s, from->rule, from->host);
}

static void choose_nothing(struct isahp_merging *m, const struct spot *s, const void *how)
{
	spot_set(s, 0, 0);
	decide(m, s, how, NULL);
}

static void choose_equal(struct isahp_merging *m, const struct spot *s, const void *how)
{
	const struct isahp_seen *seen = &s->slot->seen[s->reg];

	if (seen->unknown & s->mask || ((seen->one | seen->zero) & s->mask) != s->mask)
		return;
	if (seen->zero & seen->one & s->mask)
		spot_set(s, 0, s->mask);
	else
		spot_set(s, (__u32)seen->one, s->mask);
	decide(m, s, how, NULL);
}

static const struct isahp_profile *seen_host(const struct isahp_merging *m, __u32 index)
{
	return index == ISAHP_SEEN_NONE ? NULL : m->hosts[index];
}

static void choose_least_cache(struct isahp_merging *m, const struct spot *s,
			       const void *how)
{
	const struct isahp_seen *seen = &s->slot->seen[s->reg];
	__u32 leaf = s->leaf->leaf;
	unsigned int i;

	if (leaf == LEAF_CACHE_DESCRIPTORS || leaf == LEAF_TLB) {
		choose_equal(m, s, "not the same on all hosts");
	} else if (leaf == LEAF_CACHE || leaf == LEAF_CACHE_AMD) {
		if (s->slot->least_cache)
			spot_set(s, s->slot->least_cache->value[s->reg],
				 s->slot->least_cache->known[s->reg]);
		decide(m, s, how, NULL);
	} else {
		for (i = 0; i < seen->numbers; i++) {
			const struct isahp_seen_number *n = &seen->number[i];

			if (n->field != s->field || n->host_least == ISAHP_SEEN_NONE)
				continue;
			spot_set(s, (__u32)n->least, s->mask);
			decide(m, s, how, seen_host(m, n->host_least));
		}
	}
}

static int is_host(const struct isahp_merging *m, const struct isahp_profile *host,
		   const char *what)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		if (m->hosts[i] == host)
			return 0;
	return isahp_error_set(m->err, ISAHP_ERROR_USAGE, -EINVAL,
			       "%s is to be that of a host, which is not in the pool",
			       what);
}

static __u32 register_of(const struct isahp_profile *host, __u32 leaf, unsigned int reg)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(host, leaf, 0);

	return l ? l->value[reg] : 0;
}

/* What is shown of a host beside its vendor: ISAHP_CHOICE_IDENTITY's fields. */
static const struct {
	__u32 leaf;
	__u32 reg;
	__u32 mask;
} shown[] = {
#define SHOWN(leaf)                                                           \
	{ leaf, ISAHP_EAX, ~0u }, { leaf, ISAHP_EBX, ~0u },                   \
	{ leaf, ISAHP_ECX, ~0u }, { leaf, ISAHP_EDX, ~0u }
	{ 1, ISAHP_EAX, ~0u },
	{ 1, ISAHP_EBX, 0xff },
	{ 0x80000001u, ISAHP_EAX, ~0u },
	{ 0x80000001u, ISAHP_EBX, ~0u },
	SHOWN(LEAF_NAME), SHOWN(LEAF_NAME + 1), SHOWN(LEAF_NAME + 2),
};

/* A total order of it, so that the order of hosts does not matter. */
static int age_compare(const struct isahp_profile *a, const struct isahp_profile *b)
{
	struct isahp_signature sa = isahp_profile_signature(a);
	struct isahp_signature sb = isahp_profile_signature(b);
	size_t i;

	if (sa.family != sb.family)
		return sa.family < sb.family ? -1 : 1;
	if (sa.model != sb.model)
		return sa.model < sb.model ? -1 : 1;
	if (sa.stepping != sb.stepping)
		return sa.stepping < sb.stepping ? -1 : 1;
	for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		__u32 va = register_of(a, shown[i].leaf, shown[i].reg) & shown[i].mask;
		__u32 vb = register_of(b, shown[i].leaf, shown[i].reg) & shown[i].mask;

		if (va != vb)
			return va < vb ? -1 : 1;
	}
	return 0;
}

static const struct isahp_profile *oldest(const struct isahp_merging *m)
{
	const struct isahp_profile *best = NULL;
	size_t i;

	for (i = 0; i < m->count; i++)
		if (isahp_profile_vendor(m->hosts[i]) == m->vendor &&
		    (!best || age_compare(m->hosts[i], best) < 0))
			best = m->hosts[i];
	return best;
}

/* Text into a row of registers of the result; a leaf that no host has stays out. */
static void text_set(struct isahp_merging *m, __u32 leaf, const __u8 *order,
		     unsigned int registers, const char *text)
{
	struct isahp_cpuid_leaf *l = isahp_merging_leaf(m, leaf, 0);
	unsigned int i;

	for (i = 0; l && i < registers; i++) {
		memcpy(&l->value[order[i]], text + 4 * i, 4);
		l->known[order[i]] = 0xffffffff;
	}
}

static int artificial(struct isahp_merging *m)
{
	static const __u8 vendor_order[] = { ISAHP_EBX, ISAHP_EDX, ISAHP_ECX };
	static const __u8 name_order[] = { ISAHP_EAX, ISAHP_EBX, ISAHP_ECX, ISAHP_EDX };
	const char *vendor = m->options->identity_vendor;
	const char *name = m->options->identity_name;
	char padded[48] = { 0 };
	unsigned int i;

	if (!vendor || !*vendor || strlen(vendor) > 12 || (name && strlen(name) > 48))
		return isahp_error_set(m->err, ISAHP_ERROR_USAGE, -EINVAL,
				       "an artificial vendor has 1 to 12 characters, "
				       "and an artificial name up to 48");
	memcpy(padded, vendor, strlen(vendor));
	text_set(m, 0, vendor_order, 3, padded);
	text_set(m, 0x80000000u, vendor_order, 3, padded);
	if (!name)
		return 0;
	memset(padded, 0, sizeof(padded));
	memcpy(padded, name, strlen(name));
	for (i = 0; i < 3; i++)
		text_set(m, LEAF_NAME + i, name_order, 4, padded + 16 * i);
	return 0;
}

static int choose_identity(struct isahp_merging *m)
{
	struct from from = {
		.host = oldest(m),
		.rule = "of the vendor that is shown, the oldest host's: software "
			"knows its errata",
	};

	if (m->options->identity == ISAHP_IDENTITY_HOST) {
		from.host = m->options->identity_host;
		from.rule = "of the host that was chosen: where the guest was booted";
	}
	if (from.host)
		each(m, ISAHP_CHOICE_IDENTITY, choose_from, &from);
	return m->options->identity == ISAHP_IDENTITY_ARTIFICIAL ? artificial(m) : 0;
}

struct kind {
	__u64 hash;
	__u32 host;
};

static int kind_compare(const void *a, const void *b)
{
	const struct kind *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->host < y->host ? -1 : x->host > y->host;
}

/* FNV-1a over what it says of its caches. */
static __u64 cache_hash(const struct isahp_profile *host)
{
	__u64 hash = 0xcbf29ce484222325ULL;
	size_t i, j;

	for (i = 0; i < host->leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &host->leaves[i];
		const __u8 *bytes = (const __u8 *)l;

		if (isahp_field_find(l->leaf, l->subleaf, ISAHP_EBX, 0)->choice !=
		    ISAHP_CHOICE_CACHE)
			continue;
		for (j = 0; j < sizeof(*l); j++)
			hash = (hash ^ bytes[j]) * 0x100000001b3ULL;
	}
	return hash;
}

/* Of the most frequent kind the first by name; of kinds as frequent, too. */
static const struct isahp_profile *common_cache(struct isahp_merging *m)
{
	struct kind *kinds = calloc(m->count, sizeof(*kinds));
	size_t i, begin = 0, best = 0;
	__u32 host = 0;

	if (!kinds)
		return NULL;
	for (i = 0; i < m->count; i++)
		kinds[i] = (struct kind){ cache_hash(m->hosts[i]), (__u32)i };
	qsort(kinds, m->count, sizeof(*kinds), kind_compare);
	for (i = 1; i <= m->count; i++) {
		if (i < m->count && kinds[i].hash == kinds[begin].hash)
			continue;
		if (i - begin > best || (i - begin == best && kinds[begin].host < host)) {
			best = i - begin;
			host = kinds[begin].host;
		}
		begin = i;
	}
	free(kinds);
	return m->hosts[host];
}

static int choose_cache(struct isahp_merging *m)
{
	struct from from = { .host = m->options->cache_host,
			     .rule = "of the host that was chosen" };

	switch (m->options->cache) {
	case ISAHP_CACHE_LEAST:
		each(m, ISAHP_CHOICE_CACHE, choose_least_cache,
		     "the smallest of all hosts: what is tuned for it suits each");
		return 0;
	case ISAHP_CACHE_PRESENT:
		each(m, ISAHP_CHOICE_CACHE, choose_nothing,
		     "a guest sees those of the host it is on");
		return 0;
	case ISAHP_CACHE_COMMON:
		from.host = common_cache(m);
		from.rule = "of the most frequent kind of host";
		if (!from.host)
			return isahp_error_set(m->err, ISAHP_ERROR_FAILED, -ENOMEM,
					       "out of memory");
		break;
	case ISAHP_CACHE_HOST:
		break;
	}
	each(m, ISAHP_CHOICE_CACHE, choose_from, &from);
	return 0;
}

int isahp_merging_choose(struct isahp_merging *m)
{
	int rc = choose_identity(m);

	if (!rc)
		rc = choose_cache(m);
	if (rc)
		return rc;
	if (m->options->topology == ISAHP_TOPOLOGY_EQUAL)
		each(m, ISAHP_CHOICE_TOPOLOGY, choose_equal,
		     "kept where it is the same on all hosts");
	else
		each(m, ISAHP_CHOICE_TOPOLOGY, choose_nothing,
		     "the hypervisor shows the guest's own");
	each(m, ISAHP_CHOICE_LIVE, choose_nothing,
	     "the hypervisor says it while the guest runs");
	return 0;
}

static const struct isahp_profile *first_of(const struct isahp_merging *m, __u32 vendor)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		if (isahp_profile_vendor(m->hosts[i]) == vendor)
			return m->hosts[i];
	return NULL;
}

static int refuse_vendors(struct isahp_merging *m)
{
	const struct isahp_profile *a = m->hosts[0], *b = NULL;
	__u32 vendor;

	for (vendor = 0; vendor < VENDORS; vendor++)
		if (vendor != isahp_profile_vendor(a) && first_of(m, vendor))
			b = first_of(m, vendor);
	return isahp_error_set(m->err, ISAHP_ERROR_POLICY, -EPERM,
			       "%s has a CPU of vendor %s, %s one of vendor %s: split "
			       "the pool, or say that it is meant to be of several "
			       "vendors (\"cross_vendor\": true)",
			       a->name, isahp_vendor_name(isahp_profile_vendor(a)),
			       b->name, isahp_vendor_name(isahp_profile_vendor(b)));
}

/* AMD64 since APM 2, 1.1: 8000_0001H EDX bit 29. */
static int check_long_mode(struct isahp_merging *m)
{
	const struct isahp_gathered *slot =
		isahp_gather_find(&m->gather, false, 0x80000001u, 0);
	const struct isahp_seen *s;
	unsigned int bit = __builtin_ctz(LONG_MODE);

	if (!slot)
		return 0;
	s = &slot->seen[ISAHP_EDX];
	if (!(s->zero & s->one & LONG_MODE))
		return 0;
	return isahp_error_set(m->err, ISAHP_ERROR_POLICY, -EPERM,
			       "%s has no 64-bit mode, %s has: they are different "
			       "machines, and no guest fits both; split the pool",
			       m->hosts[s->host_zero[bit]]->name,
			       m->hosts[s->host_one[bit]]->name);
}

int isahp_merging_identify(struct isahp_merging *m)
{
	const struct isahp_merge_options *o = m->options;
	size_t counts[VENDORS] = { 0 }, i;
	__u32 vendor;

	for (i = 0; i < m->count; i++) {
		vendor = isahp_profile_vendor(m->hosts[i]);
		counts[vendor]++;
		m->vendors |= 1u << vendor;
	}
	if (m->vendors & (m->vendors - 1) && !o->cross_vendor)
		return refuse_vendors(m);
	if (o->vendor >= VENDORS || (o->vendor && !counts[o->vendor]))
		return isahp_error_set(m->err, ISAHP_ERROR_USAGE, -EINVAL,
				       "no host is of vendor %s, which is to be shown",
				       isahp_vendor_name(o->vendor));
	/* One that was told, as long as there is one. */
	counts[ISAHP_VENDOR_UNKNOWN] = 0;
	for (vendor = 0; vendor < VENDORS; vendor++)
		if (counts[vendor] > counts[m->vendor])
			m->vendor = vendor;
	if (o->vendor)
		m->vendor = o->vendor;
	if (o->identity == ISAHP_IDENTITY_HOST && is_host(m, o->identity_host, "the identity"))
		return -EINVAL;
	if (o->cache == ISAHP_CACHE_HOST && is_host(m, o->cache_host, "the cache"))
		return -EINVAL;
	return check_long_mode(m);
}
