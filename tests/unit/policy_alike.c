// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/alike.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <string.h>

#include "policy_env.h"
#include "policy_plan.h"

#define V3 "x86-64-v3,aes,pclmulqdq,syscall"

/* One VM after the other, in which one thing is different. */
static void differ(struct isahp_vm_record *vm, unsigned int what)
{
	switch (what) {
	case 0: vm->masked = false; break;
	case 1: vm->registered = false; break;
	case 2: vm->xcr0 ^= 4; break;
	case 3: vm->layout.known = false; break;
	case 4: vm->layout.component[2].offset++; break;
	case 5: vm->layout.component[ISAHP_LAYOUT_END - 1].size++; break;
	case 6: vm->boot_vendor = ISAHP_VENDOR_AMD; break;
	case 7: vm->vendor = ISAHP_VENDOR_AMD; break;
	case 8: vm->entry = ISAHP_ENTRY_FIXED; break;
	case 9: vm->physical_bits = 40; break;
	case 10: vm->linear_bits = 57; break;
	case 11: vm->errata = 1; break;
	case 12: vm->unknown_count = 1; break;
	case 13: vm->unknown_more = true; break;
	case 14: isahp_profile_set(&vm->cpuid, 7, 0, ISAHP_EBX, 1, 0); break;
	case 15: isahp_profile_msr_set(&vm->cpuid, 0x10a, 1, 0); break;
	default: vm->list[what - 16].word[1] ^= 1;
	}
}

Test(alike, vms_that_differ_in_anything_are_not_alike)
{
	const unsigned int ways = 16 + ISAHP_VM_LISTS;
	struct isahp_vm_record other;
	struct world w;
	unsigned int i;

	memset(&w, 0, sizeof(w));
	world_host(&w, policy_host("a", POLICY_INTEL, 6, 0x6a, V3));
	world_vm(&w, "web1", "a", V3, "none");
	world_vm(&w, "web2", "a", V3, "none");
	cr_assert(isahp_alike_vms(&w.records[0], &w.records[1]), "their names alone");
	cr_assert_eq(isahp_alike_vm_hash(&w.records[0]), isahp_alike_vm_hash(&w.records[1]));
	for (i = 0; i < ways; i++) {
		other = w.records[0];
		differ(&other, i);
		cr_assert_not(isahp_alike_vms(&w.records[0], &other), "%u", i);
		isahp_profile_free(&other.cpuid);
	}
	world_free(&w);
}

static void differ_host(struct isahp_profile *host, unsigned int what)
{
	switch (what) {
	case 0: isahp_profile_set(host, 7, 0, ISAHP_EBX, 1, ~0u); break;
	case 1: isahp_profile_set(host, 0x77, 0, ISAHP_EAX, ~0u, 0); break;
	case 2: host->leaves[2].known[1] ^= 1; break;
	case 3: host->xcr0 ^= 4; break;
	case 4: host->xcr0_known = false; break;
	case 5: host->microcode++; break;
	case 6: isahp_profile_msr_set(host, 0x10a, 1, 0); break;
	case 7: isahp_profile_msr_set(host, 0x3a, 1, 1); break;
	default: isahp_profile_mitigation_set(host, "mds", "Not affected");
	}
}

Test(alike, hosts_that_differ_in_anything_but_names_are_not_alike)
{
	struct isahp_profile a = policy_host("a", POLICY_INTEL, 6, 0x6a, V3), b;
	unsigned int i;

	for (i = 0; i < 9; i++) {
		b = policy_host("b", POLICY_INTEL, 6, 0x6a, V3);
		isahp_profile_set(&b, 1, 0, ISAHP_EBX, 0xff000000, 0);
		isahp_profile_set(&a, 1, 0, ISAHP_EBX, 0xff000000, ~0u);
		snprintf(b.kernel, sizeof(b.kernel), "6.1.0");
		cr_assert(isahp_alike_hosts(&a, &b));
		cr_assert_eq(isahp_alike_host_hash(&a), isahp_alike_host_hash(&b));
		differ_host(&b, i);
		cr_assert_not(isahp_alike_hosts(&a, &b), "%u", i);
		isahp_profile_free(&b);
	}
	isahp_profile_free(&a);
}
