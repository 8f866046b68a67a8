// SPDX-License-Identifier: MIT
/*
 * Fields for which a plain AND over a pool is wrong, on six real servers; and
 * what a merge says when it can not, or chooses.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/names.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_hosts.h"

#define INTEL_HOSTS 4

static struct isahp_profile hosts[HOSTS];
static const struct isahp_merge_options mixed = { .cross_vendor = true };

static void setup(void)
{
	host_all(hosts);
}

static void teardown(void)
{
	host_free(hosts, HOSTS);
}

TestSuite(trap, .init = setup, .fini = teardown);
TestSuite(merge, .init = setup, .fini = teardown);

/* What a plain AND makes of a register: that the trap is one. */
static __u32 naive(const enum host *which, size_t count, __u32 leaf, __u32 subleaf,
		   unsigned int reg)
{
	__u32 all = ~0u;
	size_t i;

	for (i = 0; i < count; i++)
		all &= host_get(&hosts[which[i]], leaf, subleaf, reg);
	return all;
}

static struct isahp_merged merge_of(const enum host *which, size_t count,
				    const struct isahp_merge_options *options)
{
	const struct isahp_profile *list[HOSTS];
	struct isahp_merged merged;
	struct isahp_error err = { 0 };
	size_t i;

	for (i = 0; i < count; i++)
		list[i] = &hosts[which[i]];
	cr_assert_eq(isahp_merge(list, count, options, &merged, &err), 0, "%s", err.text);
	return merged;
}

#define NAIVE(leaf, subleaf, reg, ...)                                        \
	naive((const enum host[]){ __VA_ARGS__ },                             \
	      sizeof((enum host[]){ __VA_ARGS__ }) / sizeof(enum host), leaf, \
	      subleaf, reg)
#define MERGE(options, ...)                                                   \
	merge_of((const enum host[]){ __VA_ARGS__ },                          \
		 sizeof((enum host[]){ __VA_ARGS__ }) / sizeof(enum host), options)
#define INTELS HOST_CASCADE_LAKE, HOST_ICE_LAKE, HOST_SAPPHIRE_RAPIDS, HOST_GRANITE_RAPIDS
#define ALL INTELS, HOST_MILAN, HOST_GENOA

static bool has(const struct isahp_merged *m, const char *list)
{
	struct isahp_features set;
	struct isahp_error err;

	cr_assert_eq(isahp_names_parse(list, &set, &err), 0, "%s", err.text);
	return isahp_features_subset(&set, &m->features);
}

static const struct isahp_decision *decision(const struct isahp_merged *m, __u32 leaf,
					     __u32 subleaf, unsigned int reg,
					     unsigned int shift)
{
	const struct isahp_decision *last = NULL;
	size_t i;

	for (i = 0; i < m->decision_count; i++) {
		const struct isahp_decision *d = &m->decisions[i];

		if (d->place.leaf == leaf && d->place.subleaf == subleaf &&
		    d->place.reg == reg && d->place.shift == shift)
			last = d;
	}
	return last;
}

Test(trap, xsave_size_is_computed)
{
	struct isahp_merged m = MERGE(NULL, INTELS);

	cr_assert_eq(NAIVE(0xd, 0, ISAHP_ECX, INTELS), 0xa00);
	cr_assert_eq(host_get(&m.profile, 0xd, 0, ISAHP_EAX), 0x2e7);
	cr_assert_eq(host_get(&m.profile, 0xd, 0, ISAHP_ECX), 0xa88);
	cr_assert_eq(m.layout_class, ISAHP_LAYOUT_CLASS_INTEL);
	cr_assert_eq(decision(&m, 0xd, 0, ISAHP_ECX, 0)->operator,
		     ISAHP_OPERATOR_RECOMPUTE);
	isahp_merged_free(&m);
}

/* XCR0 may have PKRU there, and where it lies was left out: not "no such place". */
Test(trap, a_place_that_is_not_listed_is_not_told)
{
	struct isahp_profile *p = &hosts[HOST_MILAN];
	struct isahp_merged m;
	size_t i;

	m = MERGE(&mixed, HOST_MILAN, HOST_GENOA);
	cr_assert(has(&m, "pku"));
	isahp_merged_free(&m);
	for (i = 0; p->leaves[i].leaf != 0xd || p->leaves[i].subleaf != 9; i++)
		;
	memmove(&p->leaves[i], &p->leaves[i + 1],
		(--p->leaf_count - i) * sizeof(p->leaves[0]));
	m = MERGE(&mixed, HOST_MILAN, HOST_ICE_LAKE);
	cr_assert_not(has(&m, "pku"));
	cr_assert(has(&m, "avx2"));
	isahp_merged_free(&m);
	/* CPUs of one vendor agree in it; but how large images are is not told. */
	m = MERGE(&mixed, HOST_MILAN, HOST_GENOA);
	cr_assert(has(&m, "pku"));
	cr_assert_eq(isahp_profile_leaf(&m.profile, 0xd, 0)->known[ISAHP_ECX], 0);
	isahp_merged_free(&m);
}

Test(trap, xsave_layouts_of_two_vendors_are_refused_or_hidden)
{
	static const struct isahp_merge_options refuse = {
		.cross_vendor = true,
		.layout = ISAHP_LAYOUT_REFUSE,
	};
	const struct isahp_profile *list[HOSTS];
	struct isahp_merged m;
	struct isahp_error err;
	size_t i;

	cr_assert_eq(NAIVE(0xd, 0, ISAHP_ECX, ALL), 0x800);
	for (i = 0; i < HOSTS; i++)
		list[i] = &hosts[i];
	cr_assert_eq(isahp_merge(list, HOSTS, &refuse, &m, &err), -EPERM);
	cr_assert_eq(err.class, ISAHP_ERROR_POLICY);
	cr_assert(strstr(err.text, "PKRU") && strstr(err.text, "2688") &&
			  strstr(err.text, "2432"), "%s", err.text);

	/* AMD's alone are fine, and of the size that the row names. */
	m = MERGE(&refuse, HOST_MILAN, HOST_GENOA);
	cr_assert_eq(host_get(&m.profile, 0xd, 0, ISAHP_ECX), 0x988);
	cr_assert_eq(m.layout_class, ISAHP_LAYOUT_CLASS_AMD);
	isahp_merged_free(&m);

	/* Hidden: what is left is x87, SSE and AVX, the same on all. */
	m = MERGE(&mixed, ALL);
	cr_assert_eq(m.layout_class, ISAHP_LAYOUT_CLASS_MIXED);
	cr_assert_eq(host_get(&m.profile, 0xd, 0, ISAHP_EAX), 7);
	cr_assert_eq(host_get(&m.profile, 0xd, 0, ISAHP_ECX), 832);
	cr_assert(has(&m, "avx2") && !has(&m, "pku"));
	isahp_merged_free(&m);
}

Test(trap, xsave_offsets_are_equal_or_hidden)
{
	static const __u32 component[] = { 5, 6, 7, 9 };
	static const __u32 at_intel[] = { 1088, 1152, 1664, 2688 };
	static const __u32 at_amd[] = { 832, 896, 1408, 2432 };
	struct isahp_merged one = MERGE(NULL, HOST_ICE_LAKE, HOST_SAPPHIRE_RAPIDS);
	struct isahp_merged other = MERGE(NULL, HOST_GENOA);
	struct isahp_merged both = MERGE(&mixed, HOST_ICE_LAKE, HOST_GENOA);
	size_t i;

	for (i = 0; i < 4; i++) {
		const struct isahp_decision *d = decision(&both, 0xd, component[i],
							  ISAHP_EBX, 0);

		cr_assert_eq(host_get(&one.profile, 0xd, component[i], ISAHP_EBX),
			     at_intel[i]);
		cr_assert_eq(host_get(&other.profile, 0xd, component[i], ISAHP_EBX),
			     at_amd[i]);
		cr_assert_eq(host_get(&both.profile, 0xd, component[i], ISAHP_EBX), 0);
		cr_assert_eq(host_get(&both.profile, 0xd, component[i], ISAHP_EAX), 0);
		cr_assert_eq(d->operator, ISAHP_OPERATOR_EQUAL);
		cr_assert_eq(host_get(&both.profile, 0xd, 0, ISAHP_EAX) >> component[i] & 1,
			     0);
	}
	cr_assert(has(&one, "avx512f,avx512vbmi,pku") && has(&other, "avx512f,pku"));
	cr_assert_eq(host_get(&both.profile, 7, 0, ISAHP_EBX) >> 16 & 1, 0);
	cr_assert(!has(&both, "avx512f") && !has(&both, "avx512vl") &&
		  !has(&both, "pku") && has(&both, "avx2,vaes"));
	/* Said aloud, with what rests on what. */
	cr_assert(strstr(decision(&both, 7, 0, ISAHP_EBX, 16)->rule, "elsewhere"));
	cr_assert_eq(decision(&both, 7, 0, ISAHP_EBX, 31)->needs, ISAHP_FEATURE_AVX512F);
	isahp_merged_free(&one);
	isahp_merged_free(&other);
	isahp_merged_free(&both);
}

Test(trap, physical_address_bits_are_the_least)
{
	struct isahp_merged m = MERGE(NULL, HOST_ICE_LAKE, HOST_GRANITE_RAPIDS);
	const struct isahp_decision *d = decision(&m, 0x80000008u, 0, ISAHP_EAX, 0);

	cr_assert_eq(NAIVE(0x80000008u, 0, ISAHP_EAX, HOST_ICE_LAKE,
			   HOST_GRANITE_RAPIDS) & 0xff, 0x24);
	cr_assert_eq(host_get(&m.profile, 0x80000008u, 0, ISAHP_EAX) & 0xff, 0x2e);
	cr_assert_str_eq(d->lowest->name, "icx");
	cr_assert_eq(d->before, 0x34);
	isahp_merged_free(&m);
}

Test(trap, address_bits_are_the_least_byte_by_byte)
{
	struct isahp_merged m = MERGE(&mixed, ALL);

	cr_assert_eq(NAIVE(0x80000008u, 0, ISAHP_EAX, ALL), 0x3020);
	cr_assert_eq(host_get(&m.profile, 0x80000008u, 0, ISAHP_EAX), 0x302e);
	isahp_merged_free(&m);
}

static unsigned int capability(const struct isahp_merged *m, unsigned int bit)
{
	const struct isahp_msr *msr = isahp_profile_msr(&m->profile, 0x10a);

	cr_assert_not_null(msr);
	cr_assert(msr->known >> bit & 1);
	return msr->value >> bit & 1;
}

Test(trap, fb_clear_and_rrsba_are_there_where_any_host_has_them)
{
	struct isahp_merged m = MERGE(NULL, INTELS);
	struct isahp_merged without = MERGE(NULL, HOST_SAPPHIRE_RAPIDS, HOST_GRANITE_RAPIDS);
	struct isahp_merged icx = MERGE(NULL, HOST_ICE_LAKE);

	cr_assert_eq(capability(&m, 17), 1);
	cr_assert_eq(capability(&m, 19), 1);
	cr_assert_str_eq(decision(&m, 0x10a, 0, ISAHP_REGISTER_MSR, 17)->lowest->name,
			 "clx");
	cr_assert_eq(decision(&m, 0x10a, 0, ISAHP_REGISTER_MSR, 19)->operator,
		     ISAHP_OPERATOR_OR);
	/* A promise beside them (TSX_CTRL, which Ice Lake lacks) needs them all. */
	cr_assert_eq(capability(&m, 7), 0);
	cr_assert_eq(capability(&m, 0), 1);
	cr_assert_eq(capability(&without, 17), 0);
	cr_assert_eq(capability(&icx, 19), 0);
	isahp_merged_free(&m);
	isahp_merged_free(&without);
	isahp_merged_free(&icx);
}

Test(trap, capabilities_go_with_the_bit_that_announces_them)
{
	struct isahp_merged m = MERGE(&mixed, HOST_ICE_LAKE, HOST_MILAN);

	cr_assert_eq(host_get(&m.profile, 7, 0, ISAHP_EDX) >> 29 & 1, 0);
	cr_assert_eq(isahp_profile_msr(&m.profile, 0x10a)->value, 0);
	cr_assert(strstr(decision(&m, 0x10a, 0, ISAHP_REGISTER_MSR, 0)->rule, "announces"));
	isahp_merged_free(&m);
}

Test(trap, md_clear_is_there_where_any_host_has_it)
{
	struct isahp_merged all = MERGE(&mixed, ALL), m;

	cr_assert_eq(NAIVE(7, 0, ISAHP_EDX, ALL) >> 10 & 1, 0);
	cr_assert_eq(host_get(&all.profile, 7, 0, ISAHP_EDX) >> 10 & 1, 1);
	m = MERGE(NULL, HOST_MILAN, HOST_GENOA);
	cr_assert_eq(host_get(&m.profile, 7, 0, ISAHP_EDX) >> 10 & 1, 0);
	isahp_merged_free(&m);
	/* One of the vendor without the microcode. */
	host_put(&hosts[HOST_ICE_LAKE], 7, 0, ISAHP_EDX,
		 host_get(&hosts[HOST_ICE_LAKE], 7, 0, ISAHP_EDX) & ~(1u << 10));
	m = MERGE(NULL, INTELS);
	cr_assert_eq(host_get(&m.profile, 7, 0, ISAHP_EDX) >> 10 & 1, 1);
	isahp_merged_free(&m);
	isahp_merged_free(&all);
}

Test(trap, mpx_and_its_state_go_together)
{
	struct isahp_merged m = MERGE(NULL, INTELS);
	struct isahp_merged one = MERGE(NULL, HOST_CASCADE_LAKE);

	cr_assert_eq(host_get(&one.profile, 7, 0, ISAHP_EBX) >> 14 & 1, 1);
	cr_assert_eq(host_get(&one.profile, 0xd, 0, ISAHP_EAX) >> 3 & 3, 3);
	cr_assert_eq(host_get(&m.profile, 7, 0, ISAHP_EBX) >> 14 & 1, 0);
	cr_assert_eq(host_get(&m.profile, 0xd, 0, ISAHP_EAX) >> 3 & 3, 0);
	isahp_merged_free(&m);
	isahp_merged_free(&one);

	/* The flag without the state, */
	host_put(&hosts[HOST_ICE_LAKE], 7, 0, ISAHP_EBX,
		 host_get(&hosts[HOST_ICE_LAKE], 7, 0, ISAHP_EBX) | 1u << 14);
	m = MERGE(NULL, HOST_CASCADE_LAKE, HOST_ICE_LAKE);
	cr_assert_eq(host_get(&m.profile, 7, 0, ISAHP_EBX) >> 14 & 1, 0);
	isahp_merged_free(&m);
	/* and the state without the flag. */
	host_put(&hosts[HOST_CASCADE_LAKE], 7, 0, ISAHP_EBX,
		 host_get(&hosts[HOST_CASCADE_LAKE], 7, 0, ISAHP_EBX) & ~(1u << 14));
	m = MERGE(NULL, HOST_CASCADE_LAKE);
	cr_assert_eq(host_get(&m.profile, 0xd, 0, ISAHP_EAX) >> 3 & 3, 0);
	cr_assert_eq(host_get(&m.profile, 0xd, 3, ISAHP_EAX), 0);
	isahp_merged_free(&m);
}

Test(merge, one_host_is_itself)
{
	for (int i = 0; i < HOSTS; i++) {
		struct isahp_merged m = MERGE(NULL, i);

		for (size_t j = 0; j < hosts[i].leaf_count; j++) {
			const struct isahp_cpuid_leaf *l = &hosts[i].leaves[j];
			const struct isahp_cpuid_leaf *got =
				isahp_profile_leaf(&m.profile, l->leaf, l->subleaf);

			cr_assert_not_null(got, "%x.%x", l->leaf, l->subleaf);
			/* D.1 EBX depends on what the host's kernel has enabled. */
			if (l->leaf == 0xd && l->subleaf == 1)
				continue;
			cr_assert_arr_eq(got->value, l->value, sizeof(l->value),
					 "%s %x.%x", hosts[i].name, l->leaf, l->subleaf);
		}
		isahp_merged_free(&m);
	}
}

/* "features" would be true of every bit of the register. */
Test(merge, a_bit_without_a_row_is_called_as_others_call_it)
{
	struct isahp_merged m;
	char text[256];

	host_put(&hosts[HOST_MILAN], 0x80000001, 0, ISAHP_ECX,
		 host_get(&hosts[HOST_MILAN], 0x80000001, 0, ISAHP_ECX) | 1 << 2);
	host_put(&hosts[HOST_GENOA], 0x80000001, 0, ISAHP_ECX,
		 host_get(&hosts[HOST_GENOA], 0x80000001, 0, ISAHP_ECX) & ~(1 << 2));
	m = MERGE(NULL, HOST_MILAN, HOST_GENOA);
	isahp_decision_format(decision(&m, 0x80000001, 0, ISAHP_ECX, 2), text, sizeof(text));
	cr_assert(strstr(text, "CPUID 80000001.0 ECX[2] svm: 0, not 1"), "%s", text);
	isahp_merged_free(&m);
}

Test(merge, shows_no_vendor_that_was_not_told)
{
	struct isahp_merged m;
	unsigned int reg;

	for (reg = 0; reg < 4; reg++)
		((struct isahp_cpuid_leaf *)isahp_profile_leaf(
			&hosts[HOST_ICE_LAKE], 0, 0))->known[reg] = 0;
	m = MERGE(&mixed, HOST_MILAN, HOST_ICE_LAKE);
	cr_assert_eq(isahp_profile_vendor(&m.profile), ISAHP_VENDOR_AMD);
	isahp_merged_free(&m);
}

Test(merge, refuses_several_vendors_unless_they_are_meant)
{
	const struct isahp_profile *list[] = { &hosts[HOST_ICE_LAKE], &hosts[HOST_MILAN] };
	struct isahp_merge_options o = { 0 };
	struct isahp_merged m;
	struct isahp_error err;

	cr_assert_eq(isahp_merge(list, 2, &o, &m, &err), -EPERM);
	cr_assert(strstr(err.text, "icx") && strstr(err.text, "milan"), "%s", err.text);
	o.cross_vendor = true;
	o.vendor = ISAHP_VENDOR_HYGON;
	cr_assert_eq(isahp_merge(list, 2, &o, &m, &err), -EINVAL);
	cr_assert(strstr(err.text, "hygon"), "%s", err.text);
	o.vendor = ISAHP_VENDOR_AMD;
	cr_assert_eq(isahp_merge(list, 2, &o, &m, &err), 0);
	cr_assert_eq(isahp_profile_vendor(&m.profile), ISAHP_VENDOR_AMD);
	cr_assert_eq(host_get(&m.profile, 1, 0, ISAHP_EAX), 0xa00f11);
	isahp_merged_free(&m);
}

Test(merge, chooses_an_identity_and_says_how)
{
	struct isahp_merge_options o = { .cross_vendor = true };
	struct isahp_merged m = MERGE(&o, ALL);
	const char *artificial = "Xenwashere__";
	__u32 text[3];

	/* Most are Intel's, and of these the oldest is Cascade Lake. */
	cr_assert_eq(isahp_profile_vendor(&m.profile), ISAHP_VENDOR_INTEL);
	cr_assert_eq(host_get(&m.profile, 1, 0, ISAHP_EAX), 0x50657);
	cr_assert(strstr(decision(&m, 1, 0, ISAHP_EAX, 0)->rule, "oldest"));
	isahp_merged_free(&m);

	o.identity = ISAHP_IDENTITY_ARTIFICIAL;
	o.identity_vendor = artificial;
	m = MERGE(&o, ALL);
	text[0] = host_get(&m.profile, 0, 0, ISAHP_EBX);
	text[1] = host_get(&m.profile, 0, 0, ISAHP_EDX);
	text[2] = host_get(&m.profile, 0, 0, ISAHP_ECX);
	cr_assert_arr_eq(text, artificial, 12);
	isahp_merged_free(&m);
}

Test(merge, identity_and_caches_may_be_those_of_a_host)
{
	const struct isahp_profile *list[] = { &hosts[HOST_ICE_LAKE],
					       &hosts[HOST_SAPPHIRE_RAPIDS] };
	struct isahp_merge_options o = { .identity = ISAHP_IDENTITY_HOST,
					 .identity_host = list[1] };
	struct isahp_merged m;
	struct isahp_error err;

	cr_assert_eq(isahp_merge(list, 2, &o, &m, &err), 0);
	cr_assert_eq(host_get(&m.profile, 1, 0, ISAHP_EAX), 0x806f8);
	isahp_merged_free(&m);
	o.identity_host = &hosts[HOST_MILAN];
	cr_assert_eq(isahp_merge(list, 2, &o, &m, &err), -EINVAL);
	cr_assert(strstr(err.text, "not in the pool"), "%s", err.text);
}

/* Leaf 4: type and level in EAX, ways in EBX, sets in ECX. */
static void put_cache(struct isahp_profile *p, __u32 ways, __u32 sets)
{
	host_put(p, 4, 0, ISAHP_EAX, 0x4000 | 1 << 5 | 1);
	host_put(p, 4, 0, ISAHP_EBX, (ways - 1) << 22 | 63);
	host_put(p, 4, 0, ISAHP_ECX, sets - 1);
	host_put(p, 4, 0, ISAHP_EDX, 0);
}

Test(merge, caches_follow_the_policy)
{
	struct isahp_merge_options o = { .cache = ISAHP_CACHE_LEAST };
	struct isahp_merged m;

	/* 48 KiB twice, 32 KiB once; a plain AND would make 8 ways of 64 bytes. */
	put_cache(&hosts[HOST_CASCADE_LAKE], 8, 64);
	put_cache(&hosts[HOST_ICE_LAKE], 12, 64);
	put_cache(&hosts[HOST_SAPPHIRE_RAPIDS], 12, 64);
	m = MERGE(&o, HOST_CASCADE_LAKE, HOST_ICE_LAKE, HOST_SAPPHIRE_RAPIDS);
	cr_assert_eq(host_get(&m.profile, 4, 0, ISAHP_EBX) >> 22, 7);
	/* Who shares it is of no use to a guest. */
	cr_assert_eq(host_get(&m.profile, 4, 0, ISAHP_EAX), 1 << 5 | 1);
	isahp_merged_free(&m);

	o.cache = ISAHP_CACHE_COMMON;
	m = MERGE(&o, HOST_CASCADE_LAKE, HOST_ICE_LAKE, HOST_SAPPHIRE_RAPIDS);
	cr_assert_eq(host_get(&m.profile, 4, 0, ISAHP_EBX) >> 22, 11);
	cr_assert(strstr(decision(&m, 4, 0, ISAHP_EBX, 0)->rule, "frequent"));
	isahp_merged_free(&m);

	o.cache = ISAHP_CACHE_PRESENT;
	o.topology = ISAHP_TOPOLOGY_EQUAL;
	m = MERGE(&o, HOST_CASCADE_LAKE, HOST_ICE_LAKE, HOST_SAPPHIRE_RAPIDS);
	cr_assert_eq(isahp_profile_leaf(&m.profile, 4, 0)->known[ISAHP_EBX], 0);
	cr_assert_eq(host_get(&m.profile, 4, 0, ISAHP_EAX), 0x4000);
	isahp_merged_free(&m);
}

/* As large, and built otherwise: which host comes first must not matter. */
Test(merge, caches_as_large_are_chosen_by_a_rule)
{
	struct isahp_merged a, b;

	/* Fewer ways are not a smaller cache. */
	put_cache(&hosts[HOST_CASCADE_LAKE], 8, 64);
	put_cache(&hosts[HOST_ICE_LAKE], 4, 256);
	a = MERGE(NULL, HOST_CASCADE_LAKE, HOST_ICE_LAKE);
	cr_assert_eq(host_get(&a.profile, 4, 0, ISAHP_EBX) >> 22, 7);
	isahp_merged_free(&a);

	put_cache(&hosts[HOST_ICE_LAKE], 16, 32);
	a = MERGE(NULL, HOST_CASCADE_LAKE, HOST_ICE_LAKE);
	cr_assert_str_eq(hosts[HOST_CASCADE_LAKE].name, "clx");
	strcpy(hosts[HOST_CASCADE_LAKE].name, "zzz");
	b = MERGE(NULL, HOST_CASCADE_LAKE, HOST_ICE_LAKE);
	cr_assert_eq(host_get(&a.profile, 4, 0, ISAHP_EBX),
		     host_get(&b.profile, 4, 0, ISAHP_EBX));
	isahp_merged_free(&a);
	isahp_merged_free(&b);
}

Test(merge, components_that_are_not_there_have_no_place)
{
	struct isahp_merged m;

	/* Dumps list them, all 0: MPX's, where Cascade Lake has it alone. */
	for (__u32 reg = 0; reg < 4; reg++)
		host_put(&hosts[HOST_ICE_LAKE], 0xd, 3, reg, 0);
	m = MERGE(NULL, HOST_CASCADE_LAKE, HOST_ICE_LAKE);
	cr_assert_eq(m.layout_class, ISAHP_LAYOUT_CLASS_INTEL);
	isahp_merged_free(&m);
}

Test(merge, compacted_images_are_aligned)
{
	/* 576 + AVX 256, AVX-512 64 + 512 + 1024, PKRU 8: 2440; tiles at 64. */
	struct isahp_merged m = MERGE(NULL, HOST_SAPPHIRE_RAPIDS);

	cr_assert_eq(host_get(&m.profile, 0xd, 1, ISAHP_EBX), 2496 + 64 + 8192);
	isahp_merged_free(&m);
	m = MERGE(NULL, HOST_ICE_LAKE);
	cr_assert_eq(host_get(&m.profile, 0xd, 1, ISAHP_EBX), 2440);
	isahp_merged_free(&m);
}

Test(merge, what_has_to_be_equal_and_is_not_told_is_not_known)
{
	struct isahp_merged m;

	host_put(&hosts[HOST_CASCADE_LAKE], 0x15, 0, ISAHP_EAX, 2);
	host_put(&hosts[HOST_CASCADE_LAKE], 0x15, 0, ISAHP_EBX, 200);
	host_put(&hosts[HOST_ICE_LAKE], 0x15, 0, ISAHP_EAX, 2);
	m = MERGE(NULL, HOST_CASCADE_LAKE, HOST_ICE_LAKE);
	cr_assert_eq(isahp_profile_leaf(&m.profile, 0x15, 0)->known[ISAHP_EAX], ~0u);
	cr_assert_eq(host_get(&m.profile, 0x15, 0, ISAHP_EAX), 2);
	cr_assert_eq(isahp_profile_leaf(&m.profile, 0x15, 0)->known[ISAHP_EBX], 0);
	cr_assert_eq(host_get(&m.profile, 0x15, 0, ISAHP_EBX), 0);
	cr_assert_str_eq(decision(&m, 0x15, 0, ISAHP_EBX, 0)->lowest->name, "icx");
	isahp_merged_free(&m);
}

Test(merge, what_a_host_did_not_tell_is_not_promised)
{
	struct isahp_profile flags = { .name = "flags" };
	struct isahp_profile list[2] = { hosts[HOST_ICE_LAKE] };
	struct isahp_merge_options o = { .cross_vendor = true };
	const struct isahp_decision *d;
	struct isahp_merged m;

	/* As from /proc/cpuinfo: flags that it lists, and no others, are known. */
	isahp_profile_set(&flags, 0, 0, ISAHP_EBX, ~0u, 0x756e6547);
	isahp_profile_set(&flags, 0, 0, ISAHP_EDX, ~0u, 0x49656e69);
	isahp_profile_set(&flags, 0, 0, ISAHP_ECX, ~0u, 0x6c65746e);
	isahp_profile_set(&flags, 1, 0, ISAHP_ECX, ~0u,
			  host_get(&hosts[HOST_ICE_LAKE], 1, 0, ISAHP_ECX));
	isahp_profile_set(&flags, 7, 0, ISAHP_EBX, 1u << 5 | 1u << 8, ~0u);
	list[1] = flags;
	m = host_merge(list, 2, NULL);
	cr_assert(has(&m, "avx2,bmi2"));
	cr_assert(!has(&m, "avx512f") && !has(&m, "adx"));
	d = decision(&m, 7, 0, ISAHP_EBX, 19);
	cr_assert(!d->told && strstr(d->rule, "not tell"));
	cr_assert_str_eq(d->lowest->name, "flags");
	cr_assert_eq(isahp_profile_leaf(&m.profile, 7, 0)->known[ISAHP_EBX] >> 19 & 1, 0);
	isahp_merged_free(&m);

	/* Of two vendors, AVX alone can be trusted to lie at the same place. */
	isahp_profile_set(&flags, 7, 0, ISAHP_ECX, ~0u, 1u << 3);
	list[0] = hosts[HOST_MILAN];
	list[1] = flags;
	m = host_merge(list, 2, &o);
	cr_assert(has(&m, "avx2") && !has(&m, "pku"));
	isahp_merged_free(&m);
	list[0] = hosts[HOST_ICE_LAKE];
	m = host_merge(list, 2, &o);
	cr_assert(has(&m, "avx2,pku"));
	isahp_merged_free(&m);
	isahp_profile_free(&flags);
}

Test(merge, what_the_kernel_has_not_enabled_is_not_promised)
{
	struct isahp_merged m;

	hosts[HOST_SAPPHIRE_RAPIDS].xcr0 &= ~0x60000ULL;
	m = MERGE(NULL, HOST_SAPPHIRE_RAPIDS, HOST_GRANITE_RAPIDS);
	cr_assert(!has(&m, "amx_tile") && !has(&m, "amx_int8") && has(&m, "avx512_fp16"));
	cr_assert_eq(host_get(&m.profile, 0xd, 0, ISAHP_ECX), 0xa88);
	cr_assert_eq(m.profile.xcr0, 0x2e7);
	isahp_merged_free(&m);
}

Test(merge, leaves_that_a_host_lacks_are_all_zero_there)
{
	struct isahp_merged m;

	/* Its last leaf is 6: it has no AVX2, though its file does not say so. */
	struct isahp_profile old = host_make(HOST_ICE_LAKE);
	struct isahp_profile list[2];

	snprintf(old.name, sizeof(old.name), "old");
	host_put(&old, 0, 0, ISAHP_EAX, 6);
	old.leaf_count = 0;
	for (size_t i = 0; i < hosts[HOST_ICE_LAKE].leaf_count; i++)
		if (hosts[HOST_ICE_LAKE].leaves[i].leaf < 7 ||
		    hosts[HOST_ICE_LAKE].leaves[i].leaf >= 0x80000000u)
			old.leaves[old.leaf_count++] = hosts[HOST_ICE_LAKE].leaves[i];
	host_put(&old, 0, 0, ISAHP_EAX, 6);
	list[0] = hosts[HOST_ICE_LAKE];
	list[1] = old;
	m = host_merge(list, 2, NULL);
	cr_assert_eq(host_get(&m.profile, 0, 0, ISAHP_EAX), 6);
	cr_assert_null(isahp_profile_leaf(&m.profile, 7, 0));
	cr_assert(!has(&m, "avx2") && !has(&m, "avx"));
	isahp_merged_free(&m);
	isahp_profile_free(&old);
}

/* Intel's CPUs answer leaves that they do not have with the last one's values. */
Test(merge, leaves_beyond_the_last_are_noise)
{
	static const __u32 noise[] = { 0x20000000, 0x80860000u, 0xc0000000u };
	struct isahp_merged m;

	for (size_t i = 0; i < 3; i++)
		host_put(&hosts[HOST_ICE_LAKE], noise[i], 0, ISAHP_EAX, 7);
	m = MERGE(NULL, HOST_CASCADE_LAKE, HOST_ICE_LAKE);
	for (size_t i = 0; i < 3; i++) {
		cr_assert_null(isahp_profile_leaf(&m.profile, noise[i], 0), "%x", noise[i]);
		cr_assert_null(decision(&m, noise[i], 0, ISAHP_EAX, 0));
	}
	isahp_merged_free(&m);
}

Test(merge, geometry_that_differs_hides_what_announces_it)
{
	struct isahp_merged m;

	for (int i = HOST_SAPPHIRE_RAPIDS; i <= HOST_GRANITE_RAPIDS; i++) {
		host_put(&hosts[i], 0x1d, 0, ISAHP_EAX, 1);
		host_put(&hosts[i], 0x1d, 1, ISAHP_EAX, 0x04002000);
		host_put(&hosts[i], 0x1d, 1, ISAHP_EBX, 0x00080040);
		host_put(&hosts[i], 0x1d, 1, ISAHP_ECX, 16);
		host_put(&hosts[i], 0x1d, 1, ISAHP_EDX, 0);
	}
	m = MERGE(NULL, HOST_SAPPHIRE_RAPIDS, HOST_GRANITE_RAPIDS);
	cr_assert(has(&m, "amx_tile,amx_int8"));
	cr_assert_eq(host_get(&m.profile, 0x1d, 1, ISAHP_EBX), 0x00080040);
	isahp_merged_free(&m);
	host_put(&hosts[HOST_GRANITE_RAPIDS], 0x1d, 1, ISAHP_ECX, 32);
	m = MERGE(NULL, HOST_SAPPHIRE_RAPIDS, HOST_GRANITE_RAPIDS);
	cr_assert(!has(&m, "amx_tile") && !has(&m, "amx_int8"));
	cr_assert_eq(host_get(&m.profile, 0xd, 0, ISAHP_EAX) >> 17 & 3, 0);
	cr_assert_eq(host_get(&m.profile, 0xd, 0, ISAHP_ECX), 0xa88);
	cr_assert(strstr(decision(&m, 7, 0, ISAHP_EDX, 24)->rule, "differ"));
	isahp_merged_free(&m);
}

Test(merge, guest_address_bits_of_zero_are_the_physical_ones)
{
	struct isahp_merged m;

	host_put(&hosts[HOST_GENOA], 0x80000008u, 0, ISAHP_EAX, 0x2f3934);
	m = MERGE(NULL, HOST_GENOA, HOST_MILAN);
	/* Milan's are its 48 physical ones: 47 is less. */
	cr_assert_eq(host_get(&m.profile, 0x80000008u, 0, ISAHP_EAX), 0x2f3030);
	isahp_merged_free(&m);
	host_put(&hosts[HOST_GENOA], 0x80000008u, 0, ISAHP_EAX, 0x333934);
	m = MERGE(NULL, HOST_GENOA, HOST_MILAN);
	cr_assert_eq(host_get(&m.profile, 0x80000008u, 0, ISAHP_EAX), 0x303030);
	isahp_merged_free(&m);
}

Test(merge, refuses_what_makes_no_pool)
{
	struct isahp_profile empty = { .name = "arm" };
	const struct isahp_profile *list[] = { &hosts[0], &hosts[0], &empty };
	struct isahp_merged m = { .decision_count = 77 };
	struct isahp_error err;

	cr_assert_eq(isahp_merge(list, 0, NULL, &m, &err), -EINVAL);
	cr_assert_eq(isahp_merge(list, 2, NULL, &m, &err), -EINVAL);
	cr_assert(strstr(err.text, "two hosts are called 'clx'"), "%s", err.text);
	cr_assert_eq(isahp_merge(list + 1, 2, NULL, &m, &err), -EINVAL);
	cr_assert(strstr(err.text, "arm"), "%s", err.text);
	list[1] = &hosts[1];
	host_put(&hosts[1], 0x80000001u, 0, ISAHP_EDX, 0);
	cr_assert_eq(isahp_merge(list, 2, NULL, &m, &err), -EPERM);
	cr_assert(strstr(err.text, "icx has no 64-bit mode"), "%s", err.text);
	cr_assert_eq(m.decision_count, 77, "written on failure");
}

Test(merge, its_result_is_a_profile_like_any)
{
	struct isahp_merge_options o = { .cross_vendor = true, .name = "rack 7" };
	const struct isahp_profile *list[] = { &hosts[0] };
	struct isahp_merged m;
	struct isahp_profile again;
	struct isahp_error err;
	json_t *json;

	cr_assert_eq(isahp_merge(list, 1, &o, &m, &err), -EINVAL);
	cr_assert(strstr(err.text, "spaces"), "%s", err.text);
	o.name = "rack7";
	m = MERGE(&o, ALL);
	json = isahp_profile_to_json(&m.profile);
	cr_assert_eq(isahp_profile_from_json(json, &again, &err), 0, "%s", err.text);
	json_decref(json);
	cr_assert_str_eq(again.name, "rack7");
	cr_assert_eq(again.leaf_count, m.profile.leaf_count);
	cr_assert_eq(memcmp(again.leaves, m.profile.leaves,
			    again.leaf_count * sizeof(*again.leaves)), 0);
	cr_assert_eq(again.xcr0, 7);
	isahp_profile_free(&again);
	isahp_merged_free(&m);
}

Test(merge, more_leaves_than_a_profile_holds_are_refused)
{
	const struct isahp_profile *list[] = { &hosts[0], &hosts[1] };
	struct isahp_merged m;
	struct isahp_error err;

	for (unsigned int i = 0; i < 400; i++) {
		host_put(&hosts[0], 0x1000 + i, 0, ISAHP_EAX, i);
		host_put(&hosts[1], 0x2000 + i, 0, ISAHP_EAX, i);
	}
	cr_assert_eq(isahp_merge(list, 2, NULL, &m, &err), -E2BIG);
	cr_assert(strstr(err.text, "icx"), "%s", err.text);
}

Test(merge, decisions_read_well)
{
	static const char *const expected[] = {
		"CPUID 7.0 EBX[14] mpx: 0, not 1: not on every host (gnr)",
		"CPUID 7.0 EDX[24] amx_tile: 0, not 1: not on every host (clx)",
		"CPUID 80000008.0 EAX[7:0] physical address bits: 46, not 52: "
		"the least of all hosts (clx)",
		"MSR 10a[17] FB_CLEAR: 1, not 0: a guest has to heed it on some host, "
		"so in the pool (clx)",
		"CPUID d.0 ECX XSAVE image, all: 2696, not 2560: follows from the "
		"components that are left; before: a plain AND",
	};
	struct isahp_merged m = MERGE(NULL, INTELS);
	char text[256];

	for (size_t e = 0; e < sizeof(expected) / sizeof(expected[0]); e++) {
		bool found = false;

		for (size_t i = 0; i < m.decision_count && !found; i++) {
			isahp_decision_format(&m.decisions[i], text, sizeof(text));
			found = !strcmp(text, expected[e]);
		}
		cr_expect(found, "%s", expected[e]);
	}
	isahp_merged_free(&m);
}

static void expect_json(const struct isahp_decision *d, const char *expected)
{
	json_t *json = isahp_decision_to_json(d), *wanted = json_loads(expected, 0, NULL);
	char *text;

	cr_assert_not_null(json);
	cr_assert_not_null(wanted);
	text = json_dumps(json, JSON_SORT_KEYS);
	cr_expect(json_equal(json, wanted), "%s", text);
	free(text);
	json_decref(json);
	json_decref(wanted);
}

Test(merge, decisions_are_stable_json)
{
	struct isahp_profile untold = host_make(HOST_ICE_LAKE);
	struct isahp_profile list[2] = { hosts[HOST_ICE_LAKE] };
	struct isahp_merged m = MERGE(&mixed, HOST_ICE_LAKE, HOST_GENOA);

	expect_json(decision(&m, 7, 0, ISAHP_EBX, 31),
		    "{\"leaf\": \"0x7\", \"subleaf\": 0, \"register\": \"ebx\","
		    " \"shift\": 31, \"width\": 1, \"name\": \"avx512vl\","
		    " \"operator\": \"AND\", \"before\": \"0x1\", \"result\": \"0x0\","
		    " \"rule\": \"AVX-512 subset\", \"feature\": \"avx512vl\","
		    " \"needs\": \"avx512f\"}");
	isahp_merged_free(&m);
	m = MERGE(NULL, INTELS);
	expect_json(decision(&m, 0x10a, 0, ISAHP_REGISTER_MSR, 17),
		    "{\"msr\": \"0x10a\", \"register\": \"msr\", \"shift\": 17,"
		    " \"width\": 1, \"name\": \"FB_CLEAR\", \"operator\": \"OR\","
		    " \"before\": \"0x0\", \"result\": \"0x1\", \"rule\": \"a guest has"
		    " to heed it on some host, so in the pool\", \"host\": \"clx\"}");
	isahp_merged_free(&m);

	strcpy(untold.name, "untold");
	for (size_t i = 0; i < untold.leaf_count; i++)
		if (untold.leaves[i].leaf == 0x80000008u)
			untold.leaves[i].known[ISAHP_EAX] = 0;
	list[1] = untold;
	m = host_merge(list, 2, NULL);
	cr_assert_not(decision(&m, 0x80000008u, 0, ISAHP_EAX, 0)->told);
	expect_json(decision(&m, 0x80000008u, 0, ISAHP_EAX, 0),
		    "{\"leaf\": \"0x80000008\", \"subleaf\": 0, \"register\": \"eax\","
		    " \"shift\": 0, \"width\": 8, \"name\": \"physical address bits\","
		    " \"operator\": \"MIN\", \"before\": \"0x2e\", \"result\": null,"
		    " \"rule\": \"a host did not tell\", \"host\": \"untold\"}");
	isahp_merged_free(&m);
	isahp_profile_free(&untold);
}
