// SPDX-License-Identifier: MIT
/*
 * What holds of every merge, on random hosts: the laws of the operators, and
 * that nothing depends on who comes first. A seed is printed; ISAHP_SEED=N
 * repeats it.
 */
#include <criterion/criterion.h>
#include <isa-core/features.h>
#include <isahp/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_hosts.h"

#define ROUNDS 400
#define POOL_MAX 7

/* Shown as one vendor, whatever the group: most frequent is not a law. */
static const struct isahp_merge_options any = { .cross_vendor = true };

TestSuite(law, .init = host_seed);

static struct isahp_merged merge_as(const struct isahp_profile *hosts, size_t count,
				    const char *name)
{
	struct isahp_merge_options o = any;
	size_t i;

	o.name = name;
	for (i = 0; i < count; i++)
		if (isahp_profile_vendor(&hosts[i]) == ISAHP_VENDOR_INTEL)
			o.vendor = ISAHP_VENDOR_INTEL;
	return host_merge(hosts, count, &o);
}

static size_t random_pool(struct isahp_profile *hosts, bool untold)
{
	size_t count = 1 + host_random(POOL_MAX), i;

	for (i = 0; i < count; i++)
		hosts[i] = host_mutated((unsigned int)i, untold);
	return count;
}

static void shuffle(struct isahp_profile *hosts, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = host_random((unsigned int)i);
		struct isahp_profile t = hosts[i - 1];

		hosts[i - 1] = hosts[j];
		hosts[j] = t;
	}
}

static void same_leaf(const struct isahp_cpuid_leaf *a, const struct isahp_cpuid_leaf *b,
		      const char *law)
{
	for (unsigned int reg = 0; reg < 4; reg++)
		cr_assert(a->value[reg] == b->value[reg] && a->known[reg] == b->known[reg],
			  "%s: %x.%x register %u: %x/%x, %x/%x", law, a->leaf, a->subleaf,
			  reg, a->value[reg], a->known[reg], b->value[reg], b->known[reg]);
}

static void same(const struct isahp_merged *a, const struct isahp_merged *b,
		 const char *law)
{
	static const struct isahp_cpuid_leaf nothing;

	for (size_t i = 0; i < a->profile.leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &a->profile.leaves[i];
		const struct isahp_cpuid_leaf *other =
			isahp_profile_leaf(&b->profile, l->leaf, l->subleaf);

		same_leaf(l, other ? other : &nothing, law);
	}
	for (size_t i = 0; i < b->profile.leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &b->profile.leaves[i];
		const struct isahp_cpuid_leaf *other =
			isahp_profile_leaf(&a->profile, l->leaf, l->subleaf);

		same_leaf(l, other ? other : &nothing, law);
	}
	cr_assert_eq(a->profile.msr_count, b->profile.msr_count, "%s", law);
	for (size_t i = 0; i < a->profile.msr_count; i++)
		cr_assert_eq(memcmp(&a->profile.msrs[i], &b->profile.msrs[i],
				    sizeof(a->profile.msrs[i])), 0, "%s: MSR %x", law,
			     a->profile.msrs[i].number);
	cr_assert(isahp_features_equal(&a->features, &b->features), "%s", law);
	cr_assert_eq(a->profile.xcr0, b->profile.xcr0, "%s", law);
}

/* Commutative: and the reasons are the same, to the host that decided. */
Test(law, order_does_not_matter)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct isahp_profile hosts[POOL_MAX];
		size_t count = random_pool(hosts, round & 1);
		struct isahp_merged a = merge_as(hosts, count, "pool"), b;
		char (*text)[512] = calloc(a.decision_count + 1, sizeof(*text));

		for (size_t i = 0; i < a.decision_count; i++)
			isahp_decision_format(&a.decisions[i], text[i], sizeof(text[i]));
		shuffle(hosts, count);
		b = merge_as(hosts, count, "pool");
		same(&a, &b, "order");
		cr_assert_eq(a.decision_count, b.decision_count);
		for (size_t i = 0; i < b.decision_count; i++) {
			char again[512];

			isahp_decision_format(&b.decisions[i], again, sizeof(again));
			cr_assert_str_eq(again, text[i]);
		}
		free(text);
		isahp_merged_free(&a);
		isahp_merged_free(&b);
		host_free(hosts, count);
	}
}

/* Associative: a pool of pools promises what their hosts do. */
Test(law, grouping_does_not_matter)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct isahp_profile hosts[POOL_MAX], groups[POOL_MAX];
		struct isahp_merged part[POOL_MAX], flat, nested;
		size_t count = random_pool(hosts, false), group = 0, begin = 0;

		shuffle(hosts, count);
		flat = merge_as(hosts, count, "pool");
		while (begin < count) {
			size_t n = 1 + host_random((unsigned int)(count - begin));
			char name[16];

			snprintf(name, sizeof(name), "group%zu", group);
			part[group] = merge_as(&hosts[begin], n, name);
			groups[group] = part[group].profile;
			group++;
			begin += n;
		}
		nested = merge_as(groups, group, "pool");
		same(&flat, &nested, "grouping");
		for (size_t i = 0; i < group; i++)
			isahp_merged_free(&part[i]);
		isahp_merged_free(&flat);
		isahp_merged_free(&nested);
		host_free(hosts, count);
	}
}

/* Idempotent: merged again, alone or beside itself, it stays. */
Test(law, once_is_enough)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct isahp_profile hosts[POOL_MAX], twice[2];
		size_t count = random_pool(hosts, round & 1);
		struct isahp_merged a = merge_as(hosts, count, "pool"), b, c;

		b = merge_as(&a.profile, 1, "pool");
		same(&a, &b, "again");
		twice[0] = a.profile;
		twice[1] = b.profile;
		snprintf(twice[1].name, sizeof(twice[1].name), "twin");
		c = merge_as(twice, 2, "pool");
		same(&a, &c, "twice");
		isahp_merged_free(&a);
		isahp_merged_free(&b);
		isahp_merged_free(&c);
		host_free(hosts, count);
	}
}

Test(law, features_are_closed_and_every_host_has_them)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct isahp_profile hosts[POOL_MAX];
		size_t count = random_pool(hosts, round & 1);
		struct isahp_merged m = merge_as(hosts, count, "pool");
		struct isahp_features closed = isahp_features_supported(&m.features);
		struct isahp_features shown = isahp_profile_features(&m.profile);

		cr_assert(isahp_features_equal(&closed, &m.features));
		cr_assert(isahp_features_equal(&shown, &m.features));
		for (size_t i = 0; i < count; i++) {
			struct isahp_features of = isahp_profile_features(&hosts[i]);

			cr_assert(isahp_features_subset(&m.features, &of));
		}
		isahp_merged_free(&m);
		host_free(hosts, count);
	}
}

/* What is told is what is there; and who reads all of it knows all that was lost. */
Test(law, decisions_are_what_the_profile_says)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct isahp_profile hosts[POOL_MAX];
		size_t count = random_pool(hosts, round & 1);
		struct isahp_merged m = merge_as(hosts, count, "pool");
		struct isahp_features lost = isahp_features_none();

		for (size_t i = 0; i < m.decision_count; i++) {
			const struct isahp_decision *d = &m.decisions[i];
			__u64 mask = (~0ULL >> (64 - d->place.width)) << d->place.shift;
			bool msr = d->place.reg == ISAHP_REGISTER_MSR;
			__u64 value = msr ? isahp_profile_msr(&m.profile,
							      d->place.leaf)->value :
					    host_get(&m.profile, d->place.leaf,
						     d->place.subleaf, d->place.reg);

			cr_assert(d->rule && *d->rule && d->name);
			if (d->told)
				cr_assert_eq((value & mask) >> d->place.shift, d->result,
					     "%x.%x %u", d->place.leaf,
					     d->place.subleaf, d->place.shift);
			if (d->feature >= 0)
				isahp_features_add(&lost, (unsigned int)d->feature);
		}
		for (size_t i = 0; i < count; i++) {
			struct isahp_features of = isahp_profile_features(&hosts[i]);
			struct isahp_features gone = isahp_features_andnot(&of, &m.features);

			for (int f = 0; f < ISAHP_FEATURE_COUNT; f++)
				cr_assert(!isahp_features_has(&gone, f) ||
						  isahp_features_has(&lost, f) ||
						  !isahp_profile_leaf(&m.profile,
							isahp_feature_info(f)->leaf,
							isahp_feature_info(f)->subleaf),
					  "%s", isahp_feature_info(f)->flag);
		}
		isahp_merged_free(&m);
		host_free(hosts, count);
	}
}

/* Where a host gets a feature, a pool loses none. */
Test(law, more_on_a_host_is_never_less_in_the_pool)
{
	unsigned int grew = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct isahp_profile hosts[POOL_MAX];
		size_t count = random_pool(hosts, false);
		struct isahp_merged before = merge_as(hosts, count, "pool"), after;

		for (int n = 0; n < 4; n++) {
			struct isahp_profile *h = &hosts[host_random((unsigned int)count)];
			const struct isahp_feature_info *f =
				isahp_feature_info(host_random(ISAHP_FEATURE_COUNT));

			/* Of the leaves that it has: a longer list is another CPU. */
			if (isahp_profile_leaf(h, f->leaf, f->subleaf))
				isahp_profile_set(h, f->leaf, f->subleaf, f->reg,
						  1u << f->bit, ~0u);
		}
		after = merge_as(hosts, count, "pool");
		cr_assert(isahp_features_subset(&before.features, &after.features));
		grew += !isahp_features_equal(&before.features, &after.features);
		isahp_merged_free(&before);
		isahp_merged_free(&after);
		host_free(hosts, count);
	}
	cr_assert_gt(grew, 0, "nothing was tried");
}

/* What one operator makes of values, written down as its definition. */
static __u64 fold(unsigned int operator, const __u64 *value, size_t count)
{
	__u64 r = value[0];

	for (size_t i = 1; i < count; i++)
		switch (operator) {
		case ISAHP_OPERATOR_AND:
			r &= value[i];
			break;
		case ISAHP_OPERATOR_OR:
			r |= value[i];
			break;
		case ISAHP_OPERATOR_MIN:
			r = value[i] < r ? value[i] : r;
			break;
		case ISAHP_OPERATOR_MAX:
			r = value[i] > r ? value[i] : r;
			break;
		case ISAHP_OPERATOR_EQUAL:
			r = value[i] == r ? r : 0;
			break;
		default:
			cr_assert_fail();
		}
	return r;
}

/* What stands in front of a row is there on every host. */
static void open_gates(struct isahp_profile *p, const struct isahp_field *f)
{
	size_t gates;
	const struct isahp_gate *g = isahp_gate_table(&gates);

	for (size_t i = 0; i < gates; i++)
		if (isahp_gate_opens(&g[i], f->leaf, f->first, f->reg))
			isahp_profile_set(p, g[i].bit.leaf, g[i].bit.subleaf,
					  g[i].bit.reg, 1u << g[i].bit.shift, ~0u);
}

/* Of values drawn so that equal ones, 0 and all ones are frequent. */
static __u64 draw(const struct isahp_field *f, __u64 same_for_all)
{
	__u64 max = ~0ULL >> (64 - f->width);
	__u64 wide = (__u64)host_random(1u << 30) << 34 ^ host_random(1u << 30);

	switch (host_random(6)) {
	case 0:
		return 0;
	case 1:
		return max;
	case 2:
		return wide & max;
	default:
		return same_for_all & max;
	}
}

static void put_field(struct isahp_profile *p, const struct isahp_field *f, __u64 value)
{
	__u64 mask = isahp_field_mask(f);

	if (f->reg == ISAHP_REGISTER_MSR)
		isahp_profile_msr_set(p, f->leaf, mask, value << f->shift);
	else
		isahp_profile_set(p, f->leaf, f->first, f->reg, (__u32)mask,
				  (__u32)(value << f->shift));
}

static void try_row(const struct isahp_field *f)
{
	struct isahp_profile hosts[POOL_MAX] = { 0 };
	size_t count = 2 + host_random(POOL_MAX - 1);
	__u64 value[POOL_MAX], expected, got, all = draw(f, 0);
	const struct isahp_field *map[64];
	struct isahp_merged m;
	unsigned int bit;

	for (size_t i = 0; i < count; i++) {
		snprintf(hosts[i].name, sizeof(hosts[i].name), "h%zu", i);
		value[i] = draw(f, all);
		open_gates(&hosts[i], f);
		put_field(&hosts[i], f, value[i]);
		/* So that a host of MSRs alone is not empty. */
		isahp_profile_set(&hosts[i], 0x77777, 0, ISAHP_ECX, 1, 1);
	}
	m = host_merge(hosts, count, NULL);
	got = f->reg == ISAHP_REGISTER_MSR ?
		      isahp_profile_msr(&m.profile, f->leaf)->value :
		      host_get(&m.profile, f->leaf, f->first, f->reg);
	isahp_field_map(f->leaf, f->first, f->reg, map);
	expected = fold(f->operator, value, count) << f->shift;
	for (bit = f->shift; bit < (unsigned int)f->shift + f->width; bit++)
		if (map[bit] == f)
			cr_assert_eq(got >> bit & 1, expected >> bit & 1,
				     "%x.%x %s %s bit %u", f->leaf, f->first, f->name,
				     isahp_operator_name(f->operator), bit);
	isahp_merged_free(&m);
	host_free(hosts, count);
}

/*
 * What falls for other reasons than its own value: last leaves drop leaves,
 * features fall by their dependencies, and so does what they announce.
 */
static bool entangled(const struct isahp_field *f)
{
	static const __u32 leaves[] = { 0, 1, 7, 0xd, 0x19, 0x1d, 0x1e, 0x24,
					0x80000000u, 0x80000001u, 0x8000001cu,
					0xc0000000u };

	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (f->reg != ISAHP_REGISTER_MSR && f->leaf == leaves[i] &&
		    (f->operator != ISAHP_OPERATOR_OR || f->leaf != 7))
			return true;
	return false;
}

Test(law, every_row_is_merged_by_its_operator)
{
	size_t count, tried[ISAHP_OPERATOR_RECOMPUTE] = { 0 };
	const struct isahp_field *f = isahp_field_table(&count);

	for (size_t i = 0; i < count; i++, f++) {
		if (f->operator >= ISAHP_OPERATOR_RECOMPUTE || entangled(f))
			continue;
		tried[f->operator]++;
		for (int round = 0; round < 50; round++)
			try_row(f);
	}
	for (size_t i = 0; i < ISAHP_OPERATOR_RECOMPUTE; i++)
		cr_assert_gt(tried[i], 2, "%s", isahp_operator_name(i));
}
