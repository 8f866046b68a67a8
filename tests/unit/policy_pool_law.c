// SPDX-License-Identifier: MIT
/*
 * What joins merging, envelopes and admission, whatever the pool: random hosts,
 * random VMs.
 */
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/names.h>
#include <hypervisor-shim/policy/pool.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "policy_env.h"

#define V2 "x86-64-v2,xsave,syscall"
#define HASWELL "x86-64-v3,aes,pclmulqdq,syscall,smep"

static struct isahp_profile random_host(unsigned int number, bool amd)
{
	static const __u32 leaves[] = {
		1, 5, 7, 0xa, 0xd, 0x14, 0x15, 0x19, 0x1c, 0x1d, 0x1e, 0x24,
		0x80000001, 0x80000007, 0x80000008, 0x8000000a, 0x8000001c,
		0x8000001f, 0x80000021, 0x80000022,
	};
	struct isahp_profile p;
	unsigned int i, reg;
	char name[16];

	snprintf(name, sizeof(name), "h%u", number);
	p = policy_host(name, amd ? POLICY_AMD : POLICY_INTEL, 6, 0x6a,
			random() % 2 ? HASWELL ",pku" : V2 ",avx");
	/* A CPU that starts from the same bits and lost some. */
	for (i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		for (reg = 0; reg < 4; reg++)
			if (random() % 2)
				isahp_profile_set(&p, leaves[i], random() % 2, reg,
						  random() % 8 ? ~0u : random(),
						  random());
	isahp_profile_set(&p, 0x80000001, 0, ISAHP_EDX, 1 << 29, 1 << 29);
	isahp_profile_msr_set(&p, 0x10a, random() % 4 ? ~0ULL : (__u64)random(),
			      random());
	return p;
}

/*
 * The law that joins merging and admission: what a pool promises, each of its
 * hosts admits.
 */
Test(pool_law, each_host_admits_what_all_have_promised)
{
	unsigned int seed = (unsigned int)getpid() * 2654435761u, round, i, compared = 0;

	cr_log_info("seed %u", seed);
	srandom(seed);
	for (round = 0; round < 400; round++) {
		struct isahp_merge_options options = { .cross_vendor = true };
		struct isahp_profile hosts[4];
		const struct isahp_profile *list[4];
		struct isahp_vm_record vm = { .name = "vm" };
		struct isahp_merged merged;
		struct isahp_error err;
		size_t j;

		for (i = 0; i < 4; i++) {
			hosts[i] = random_host(i, random() % 2);
			list[i] = &hosts[i];
		}
		if (!isahp_merge(list, 4, &options, &merged, &err)) {
			vm.cpuid = merged.profile;
			for (i = 0; i < 4; i++) {
				struct isahp_admission a = { 0 };

				isahp_admission_cpuid(&vm, &hosts[i], &a);
				for (j = 0; j < a.refusals.count; j++)
					cr_assert_fail("seed %u round %u: %s 0x%x.%u %u[%u]: %s",
						       seed, round,
						       a.refusals.array[j].what,
						       a.refusals.array[j].place.leaf,
						       a.refusals.array[j].place.subleaf,
						       a.refusals.array[j].place.reg,
						       a.refusals.array[j].place.shift,
						       a.refusals.array[j].why);
				isahp_admission_free(&a);
				compared++;
			}
			isahp_merged_free(&merged);
		}
		for (i = 0; i < 4; i++)
			isahp_profile_free(&hosts[i]);
	}
	cr_assert(compared > 400, "seed %u: only %u", seed, compared);
}

static struct isahp_profile random_feature_host(unsigned int number)
{
	static const __u8 models[] = { 0x1, 0x31, 0x3c, 0x55, 0x5c, 0x6a, 0x97, 0xb7 };
	struct isahp_features set = policy_random(38, 40);
	struct isahp_profile p;
	bool amd = random() % 2;
	char text[2048], name[16];

	snprintf(name, sizeof(name), "h%u", number);
	isahp_names_format(&set, text, sizeof(text));
	p = policy_host(name, amd ? POLICY_AMD : POLICY_INTEL,
			amd ? 0x17 + random() % 4 : 6, models[random() % 8], text);
	isahp_profile_set(&p, 1, 0, ISAHP_ECX, 1 << 17 | 1 << 3, ~0u);
	return p;
}

static struct isahp_vm_record random_vm(void)
{
	struct isahp_vm_record vm = {
		.name = "vm", .masked = random() % 2, .registered = true,
		.xcr0 = 3, .boot_vendor = ISAHP_VENDOR_INTEL,
		.vendor = ISAHP_VENDOR_INTEL, .entry = ISAHP_ENTRY_FOLLOWS,
		.errata = random() | random(),
	};

	vm.list[ISAHP_VM_BASELINE] = policy_random(2, 40);
	vm.list[ISAHP_VM_SHOWN] = vm.list[ISAHP_VM_BASELINE];
	vm.list[ISAHP_VM_PINNED] = policy_random(1, 40);
	if (random() % 2)
		isahp_profile_set(&vm.cpuid, 1, 0, ISAHP_ECX, 1 << 17 | 1 << 3,
				  random());
	return vm;
}

/* Where the envelope sees a place for a VM admission lets it in, and nowhere else. */
Test(pool_law, envelope_and_admission_agree)
{
	unsigned int seed = (unsigned int)getpid() * 2654435761u, round, yes = 0, no = 0;
	size_t i, from;

	cr_log_info("seed %u", seed);
	srandom(seed);
	for (round = 0; round < 1500; round++) {
		struct isahp_vm_record vm = random_vm();
		struct isahp_profile hosts[3];
		struct isahp_pool pool = { .name = "p", .hosts = hosts, .host_count = 3 };
		struct isahp_merged none = { 0 };
		struct isahp_envelope e;
		struct isahp_error err;

		for (i = 0; i < 3; i++)
			hosts[i] = random_feature_host(i);
		if (!isahp_pool_envelope(&pool, &none, &vm, &e, &err)) {
			from = random() % 3;
			vm.list[ISAHP_VM_ENVELOPE] = e.envelope;
			vm.list[ISAHP_VM_ANNOUNCED] = isahp_features_or(
				&vm.list[ISAHP_VM_BASELINE], &e.hosts[from].announce);
			for (i = 0; i < 3; i++) {
				bool out = e.hosts[i].errata ||
					   !isahp_features_empty(&e.hosts[i].lacks);
				struct isahp_features rest;
				struct isahp_admission a;
				char *text;

				cr_assert_eq(isahp_pool_check(&pool, &vm, hosts[i].name,
							      &a, &err), 0);
				text = isahp_admission_to_text(&a);
				cr_assert_eq(out, a.verdict == ISAHP_REFUSED,
					     "seed %u round %u: %d, %s", seed, round, out,
					     text);
				/* What may be announced there, and no more. */
				rest = isahp_features_or(&e.envelope, &a.leaving);
				cr_assert(isahp_features_subset(&a.arriving, &rest));
				free(text);
				isahp_admission_free(&a);
				no += out;
				yes += !out;
			}
			isahp_envelope_free(&e);
		} else {
			/* No host at all: each says no. */
			vm.list[ISAHP_VM_ANNOUNCED] = vm.list[ISAHP_VM_BASELINE];
			vm.list[ISAHP_VM_ENVELOPE] = vm.list[ISAHP_VM_BASELINE];
			for (i = 0; i < 3; i++) {
				struct isahp_admission a;

				cr_assert_eq(isahp_pool_check(&pool, &vm, hosts[i].name,
							      &a, &err), 0);
				cr_assert_eq(a.verdict, ISAHP_REFUSED, "seed %u", seed);
				isahp_admission_free(&a);
				no++;
			}
		}
		for (i = 0; i < 3; i++)
			isahp_profile_free(&hosts[i]);
		isahp_profile_free(&vm.cpuid);
	}
	cr_assert(yes > 300 && no > 300, "seed %u: %u in, %u out", seed, yes, no);
}
