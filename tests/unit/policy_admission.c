// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/admission.h>
#include <hypervisor-shim/policy/errata.h>
#include <isa-core/features.h>
#include <stdlib.h>
#include <string.h>

#include "policy_env.h"
#include "policy_fixture.h"

#define V2 "x86-64-v2,xsave,syscall"
#define HASWELL "x86-64-v3,aes,pclmulqdq,syscall,smep"
#define INTEL ISAHP_VENDOR_INTEL
#define AMD ISAHP_VENDOR_AMD

static const struct isahp_admission_item *
find(const struct isahp_admission_items *items, const char *what)
{
	size_t i;

	for (i = 0; i < items->count; i++)
		if (!strcmp(items->array[i].what, what))
			return &items->array[i];
	return NULL;
}

/* The only thing that is in the way. */
static const struct isahp_admission_item *only(struct fixture *f, const char *what)
{
	const struct isahp_admission_item *item;

	fixture_check(f);
	item = find(&f->a.refusals, what);
	if (!item || f->a.refusals.count != 1)
		fixture_show(f);
	cr_assert(item, "%s", what);
	cr_assert_eq(f->a.refusals.count, 1);
	cr_assert_eq(f->a.verdict, ISAHP_REFUSED);
	cr_assert_eq(isahp_admission_exit(&f->a), ISAHP_ERROR_POLICY);
	return item;
}

static void admitted(struct fixture *f, enum isahp_admission_verdict verdict)
{
	fixture_check(f);
	if (f->a.verdict != verdict)
		fixture_show(f);
	cr_assert_eq(f->a.verdict, verdict);
	cr_assert_eq(isahp_admission_exit(&f->a), 0);
}

static void expect_place(const struct isahp_admission_item *item, __u32 leaf,
			 __u32 subleaf, unsigned int reg, unsigned int bit)
{
	cr_assert(item->place.leaf == leaf && item->place.subleaf == subleaf &&
		  item->place.reg == reg && item->place.shift == bit,
		  "%s: 0x%x.%u %u[%u]", item->what, item->place.leaf,
		  item->place.subleaf, item->place.reg, item->place.shift);
}

Test(admission, lets_a_vm_go_where_all_is)
{
	struct fixture f = fixture_of(V2 ",avx", "aes", policy_host("b", POLICY_INTEL, 6,
						   0x3c, HASWELL));
	struct isahp_features aes = policy_set("aes"), more = policy_set("avx2,pclmulqdq");

	isahp_profile_msr_set(&f.host, 0x10a, ~0ULL, 0x21);
	admitted(&f, ISAHP_ADMITTED);
	cr_assert(isahp_features_empty(&f.a.leaving));
	cr_assert(isahp_features_subset(&more, &f.a.arriving));
	/* Silent, or not in the envelope: not announced. */
	cr_assert_not(isahp_features_has(&f.a.arriving, ISAHP_FEATURE_ABM));
	f.vm.list[ISAHP_VM_ENVELOPE] = f.vm.list[ISAHP_VM_ANNOUNCED];
	admitted(&f, ISAHP_ADMITTED);
	cr_assert(isahp_features_empty(&f.a.arriving));
	/* AES is announced, and has to be let go of. */
	isahp_profile_set(&f.host, 1, 0, ISAHP_ECX, 1 << 25, 0);
	admitted(&f, ISAHP_ADMITTED_AFTER);
	cr_assert(isahp_features_equal(&f.a.leaving, &aes));
	fixture_end(&f);
}

Test(admission, baseline_kernel_and_programs_are_named)
{
	struct fixture f = fixture_of(V2 ",bmi2", "adx",
				   policy_host("b", POLICY_INTEL, 6, 0x3c, V2 ",avx,smep"));
	const struct isahp_admission_item *item = only(&f, "bmi2");

	cr_assert_eq(item->kind, ISAHP_OBJECTION_BASELINE);
	cr_assert_eq(item->needs, ISAHP_NEED_BASELINE | ISAHP_NEED_PROGRAMS);
	expect_place(item, 7, 0, ISAHP_EBX, 8);
	cr_assert_eq(item->remedy, ISAHP_REMEDY_RESTART);
	fixture_end(&f);

	/* A kernel's choice at boot; a kernel's use now. */
	f = fixture_of(V2, "avx2,avx",
		    policy_host("b", POLICY_INTEL, 6, 0x3c, V2 ",avx"));
	f.vm.list[ISAHP_VM_PINNED] = policy_set("smap");
	item = only(&f, "smap");
	cr_assert_eq(item->kind, ISAHP_OBJECTION_PINNED);
	cr_assert_eq(item->needs, ISAHP_NEED_KERNEL);
	cr_assert_eq(item->remedy, ISAHP_REMEDY_OPTION);
	cr_assert(strstr(item->change, "clearcpuid=smap"), "%s", item->change);
	f.vm.list[ISAHP_VM_PINNED] = policy_set("avx2");
	item = only(&f, "avx2");
	cr_assert_eq(item->needs, ISAHP_NEED_KERNEL | ISAHP_NEED_PROGRAMS);
	cr_assert_eq(item->remedy, ISAHP_REMEDY_STOP);
	cr_assert(strstr(item->change, "isahp/users"), "%s", item->change);
	f.vm.list[ISAHP_VM_PINNED] = isahp_features_none();
	admitted(&f, ISAHP_ADMITTED_AFTER);
	fixture_end(&f);
}

/* CPUID shows all of a superset guest; programs still let go of features. */
Test(admission, features_are_the_rules_business)
{
	struct fixture f = fixture_of("none", "avx2,avx,xsave,x86-64-v2",
				   policy_host("b", POLICY_INTEL, 6, 0x3c, V2 ",avx"));

	f.vm.masked = false;
	f.vm.list[ISAHP_VM_SHOWN] = f.vm.list[ISAHP_VM_ANNOUNCED];
	isahp_profile_set(&f.vm.cpuid, 7, 0, ISAHP_EBX, 1 << 5, 1 << 5);
	admitted(&f, ISAHP_ADMITTED_AFTER);
	cr_assert(isahp_features_has(&f.a.leaving, ISAHP_FEATURE_AVX2));
	/* FZRM: has a name in Linux, and no row in the table. */
	isahp_profile_set(&f.vm.cpuid, 7, 1, ISAHP_EAX, 1 << 10, 1 << 10);
	isahp_profile_set(&f.host, 7, 1, ISAHP_EAX, 1 << 10, 0);
	expect_place(only(&f, "fzrm"), 7, 1, ISAHP_EAX, 10);
	fixture_end(&f);
}

Test(admission, silent_features_and_register_state_stay)
{
	struct fixture f = fixture_of(V2, "abm,avx",
				   policy_host("b", POLICY_INTEL, 6, 0x3c, V2 ",avx"));
	const struct isahp_admission_item *item = only(&f, "abm");

	cr_assert_eq(item->kind, ISAHP_OBJECTION_SILENT);
	cr_assert_eq(item->needs, ISAHP_NEED_PROGRAMS);
	expect_place(item, 0x80000001, 0, ISAHP_ECX, 5);
	fixture_end(&f);
	f = fixture_of(V2, "avx", policy_host("b", POLICY_INTEL, 6, 0x3c, V2));
	item = only(&f, "avx");
	cr_assert_eq(item->kind, ISAHP_OBJECTION_STATE_ENABLED);
	cr_assert(item->needs & ISAHP_NEED_IMAGE);
	cr_assert(strstr(item->change, "clearcpuid=avx"), "%s", item->change);
	f.vm.xcr0 = 0x207;
	f.vm.layout = isahp_layout_tcg(0x207);
	f.vm.list[ISAHP_VM_ANNOUNCED] = policy_set("pku");
	fixture_check(&f);
	item = find(&f.a.refusals, "pku");
	cr_assert(item && strstr(item->change, "with nopku,"));
	f.vm.list[ISAHP_VM_ANNOUNCED] = policy_set("avx");
	memset(&f.vm.layout, 0, sizeof(f.vm.layout));
	f.vm.registered = false;
	item = only(&f, "avx");
	cr_assert_eq(item->kind, ISAHP_OBJECTION_STATE_UNTOLD);
	cr_assert_eq(item->remedy, ISAHP_REMEDY_MODULE);
	fixture_end(&f);
}

/* PKRU lies at 2688 on Intel's, at 2432 on AMD's (merge_traps: D.9.EBX). */
Test(admission, images_laid_out_otherwise_do_not_fit)
{
	struct isahp_profile here = policy_host("a", POLICY_INTEL, 6, 0x6a,
						HASWELL ",pku,avx512f");
	struct fixture f = fixture_of(V2 ",avx,pku", "none",
				   policy_host("b", POLICY_AMD, 0x1a, 2,
					       HASWELL ",pku,avx512f"));
	const struct isahp_admission_item *item;

	f.vm.xcr0 = f.vm.layout.xcr0 = 0x207;
	f.vm.layout = isahp_layout_tcg(0x207);
	item = only(&f, "PKRU state");
	cr_assert_eq(item->kind, ISAHP_OBJECTION_IMAGE);
	cr_assert_eq(item->needs, ISAHP_NEED_IMAGE);
	expect_place(item, 0xd, 9, ISAHP_EBX, 0);
	cr_assert(strstr(item->why, "byte 2688 of an XSAVE image, at 2432 there"), "%s",
		  item->why);
	cr_assert(strstr(item->change, "nopku"), "%s", item->change);
	isahp_profile_free(&f.host);
	f.host = here;
	admitted(&f, ISAHP_ADMITTED);
	/* Its kernel has switched it off: the smallest change is over there. */
	f.host.xcr0 = 7;
	item = find(&f.a.refusals, "PKRU state");
	fixture_check(&f);
	item = find(&f.a.refusals, "PKRU state");
	cr_assert(item && item->remedy == ISAHP_REMEDY_HOST_KERNEL);
	item = find(&f.a.refusals, "pku");
	cr_assert(item && item->remedy == ISAHP_REMEDY_HOST_KERNEL);
	fixture_end(&f);
}

Test(admission, what_was_not_told_is_no_yes)
{
	struct fixture f = fixture_of(V2, "avx2,avx",
				   policy_cpu("b", POLICY_INTEL, 6, 0x3c, 3));
	const struct isahp_admission_item *item;

	fixture_check(&f);
	item = find(&f.a.refusals, "sse4_2");
	cr_assert(item && item->kind == ISAHP_OBJECTION_UNTOLD &&
		  item->remedy == ISAHP_REMEDY_PROFILE);
	item = find(&f.a.refusals, "physical address bits");
	cr_assert(item && item->kind == ISAHP_OBJECTION_UNTOLD);
	/* Nobody is hurt where AVX2 counts as absent. */
	cr_assert_null(find(&f.a.refusals, "avx2"));
	fixture_end(&f);
}

/* Of images beyond AVX's it has to be known where they have what. */
Test(admission, images_have_to_be_known)
{
	struct fixture f = fixture_of(V2 ",avx,pku", "none",
				   policy_host("b", POLICY_INTEL, 6, 0x6a, HASWELL ",pku"));
	struct isahp_cpuid_leaf *leaf;
	size_t i;

	f.vm.xcr0 = 0x207;
	cr_assert_eq(only(&f, "XSAVE images")->remedy, ISAHP_REMEDY_MODULE);
	cr_assert_eq(f.a.refusals.array[0].needs, ISAHP_NEED_IMAGE);
	/* An older guest, of which CPUID is known. */
	isahp_profile_set(&f.vm.cpuid, 0xd, 0, ISAHP_EAX, ~0u, 0x207);
	for (i = 2; i < 10; i += 7) {
		isahp_profile_set(&f.vm.cpuid, 0xd, i, ISAHP_EAX, ~0u, i == 2 ? 256 : 8);
		isahp_profile_set(&f.vm.cpuid, 0xd, i, ISAHP_EBX, ~0u, i == 2 ? 576 : 2688);
	}
	admitted(&f, ISAHP_ADMITTED);
	isahp_profile_set(&f.vm.cpuid, 0xd, 9, ISAHP_EBX, ~0u, 2432);
	cr_assert_eq(only(&f, "PKRU state")->kind, ISAHP_OBJECTION_IMAGE);
	isahp_profile_set(&f.vm.cpuid, 0xd, 9, ISAHP_EBX, ~0u, 2688);
	/* A guest without the module may have enabled what it is shown. */
	f.vm.registered = false;
	admitted(&f, ISAHP_ADMITTED);
	/* A host that does not tell. */
	for (i = 0; i < f.host.leaf_count; i++) {
		leaf = &f.host.leaves[i];
		if (leaf->leaf == 0xd && leaf->subleaf == 9)
			leaf->known[ISAHP_EBX] = 0;
	}
	cr_assert_eq(only(&f, "XSAVE images")->remedy, ISAHP_REMEDY_PROFILE);
	fixture_end(&f);
}

Test(admission, a_newer_feature_is_refused_by_name)
{
	struct fixture f = fixture_of(V2, "none",
				   policy_host("b", POLICY_INTEL, 6, 0x3c, HASWELL));
	const struct isahp_admission_item *item;

	f.vm.unknown_count = 2;
	f.vm.unknown[0].list = ISAHP_VM_PINNED;
	strcpy(f.vm.unknown[0].name, "avx99");
	/* In the envelope alone it is of no importance. */
	f.vm.unknown[1].list = ISAHP_VM_ENVELOPE;
	item = only(&f, "avx99");
	cr_assert_eq(item->needs, ISAHP_NEED_KERNEL);
	cr_assert_eq(item->remedy, ISAHP_REMEDY_UPDATE);
	fixture_end(&f);
}

/* Another host with the same CPU has it: then it can be had. */
Test(admission, the_smallest_change_is_looked_for_on_the_host)
{
	struct isahp_profile peer = policy_host("c", POLICY_INTEL, 6, 0x3c, HASWELL);
	const struct isahp_profile *peers[] = { &peer };
	struct fixture f = fixture_of(V2 ",aes", "none",
				   policy_host("b", POLICY_INTEL, 6, 0x3c, V2 ",avx"));

	cr_assert_eq(only(&f, "aes")->remedy, ISAHP_REMEDY_RESTART);
	f.options.peers = peers;
	f.options.peer_count = 1;
	cr_assert_eq(only(&f, "aes")->remedy, ISAHP_REMEDY_FIRMWARE);
	cr_assert(strstr(f.a.refusals.array[0].change, "c has the same CPU"));
	f.host.microcode = 0x10;
	peer.microcode = 0x12;
	cr_assert_eq(only(&f, "aes")->remedy, ISAHP_REMEDY_MICROCODE);
	cr_assert(strstr(f.a.refusals.array[0].change, "from 0x10 to 0x12"));
	/* Another stepping proves nothing. */
	isahp_profile_set(&peer, 1, 0, ISAHP_EAX, 15, 7);
	cr_assert_eq(only(&f, "aes")->remedy, ISAHP_REMEDY_RESTART);
	isahp_profile_free(&peer);
	fixture_end(&f);
}

Test(admission, addresses_have_to_exist)
{
	struct fixture f = fixture_of(V2, "none",
				   policy_host("b", POLICY_INTEL, 6, 0x3c, HASWELL));
	const struct isahp_admission_item *item;

	f.vm.physical_bits = 46;
	admitted(&f, ISAHP_ADMITTED);
	f.vm.physical_bits = 52;
	item = only(&f, "physical address bits");
	cr_assert_eq(item->needs, ISAHP_NEED_ADDRESS);
	expect_place(item, 0x80000008, 0, ISAHP_EAX, 0);
	cr_assert(strstr(item->change, "phys-bits=46"), "%s", item->change);
	f.vm.physical_bits = 0;
	f.vm.linear_bits = 57;
	cr_assert(strstr(only(&f, "linear address bits")->change, "no5lvl"));
	/* The record does not say it, but CPUID does. */
	f.vm.linear_bits = 0;
	isahp_profile_set(&f.vm.cpuid, 0x80000008, 0, ISAHP_EAX, 0xffff, 0x3030);
	only(&f, "physical address bits");
	fixture_end(&f);
}

Test(admission, errata_need_a_kernel_that_knows)
{
	struct fixture f = fixture_of(V2, "none",
				   policy_host("b", POLICY_INTEL, 6, 0xb7, HASWELL));
	const struct isahp_admission_item *item;

	f.host.microcode = 0x100;
	item = only(&f, "erratum intel-invlpg-pcid");
	cr_assert_eq(item->needs, ISAHP_NEED_ERRATUM);
	cr_assert_eq(item->remedy, ISAHP_REMEDY_MICROCODE);
	expect_place(item, 1, 0, ISAHP_ECX, 17);
	cr_assert(strstr(item->change, "0x118 or later (it has 0x100)"), "%s",
		  item->change);
	/* Hidden from it: of no importance. */
	isahp_profile_set(&f.vm.cpuid, 1, 0, ISAHP_ECX, 1 << 17, 0);
	admitted(&f, ISAHP_ADMITTED);
	isahp_profile_set(&f.vm.cpuid, 1, 0, ISAHP_ECX, 1 << 17, 1 << 17);
	isahp_profile_set(&f.host, 1, 0, ISAHP_ECX, 1 << 17, 1 << 17);
	only(&f, "erratum intel-invlpg-pcid");
	f.host.microcode = 0x118;
	admitted(&f, ISAHP_ADMITTED);
	/* Hidden or not, its kernel is built on it. */
	f.host.microcode = 0x118;
	isahp_profile_free(&f.host);
	f.host = policy_host("b", POLICY_AMD, 0x17, 0x31, HASWELL ",xsavec,xsaves");
	f.vm.errata = ~(1ULL << isahp_erratum_find("amd-1386-xsaves"));
	isahp_profile_set(&f.host, 1, 0, ISAHP_ECX, 1 << 17, 1 << 17);
	admitted(&f, ISAHP_ADMITTED_AFTER);
	f.vm.list[ISAHP_VM_PINNED] = policy_set("xsaves");
	only(&f, "erratum amd-1386-xsaves");
	f.vm.list[ISAHP_VM_PINNED] = isahp_features_none();
	f.vm.errata = 0;
	isahp_profile_free(&f.host);
	f.host = policy_host("b", POLICY_INTEL, 6, 0x6a, HASWELL);
	isahp_profile_set(&f.host, 1, 0, ISAHP_ECX, 1 << 17, 1 << 17);
	admitted(&f, ISAHP_ADMITTED);
	/* Meltdown: a boot option; or the operator takes it on himself. */
	isahp_profile_msr_set(&f.host, 0x10a, 1, 0);
	item = only(&f, "erratum meltdown");
	cr_assert(strstr(item->change, "pti=on"), "%s", item->change);
	f.options.accepted = 1ULL << isahp_erratum_find("meltdown");
	admitted(&f, ISAHP_ADMITTED);
	cr_assert_eq(f.a.remarks.count, 1);
	f.options.accepted = 0;
	f.vm.errata = 1ULL << isahp_erratum_find("meltdown");
	admitted(&f, ISAHP_ADMITTED);
	cr_assert_eq(f.a.remarks.count, 0);
	fixture_end(&f);
}

Test(admission, the_other_vendor_is_a_normal_case)
{
	struct fixture f = fixture_of(V2 ",avx", "none",
				   policy_host("b", POLICY_AMD, 0x1a, 2, HASWELL));
	const struct isahp_admission_item *item;

	admitted(&f, ISAHP_ADMITTED_AFTER);
	cr_assert(f.a.arrival.acts & ISAHP_ARRIVAL_CSTAR);
	cr_assert_eq(f.a.arrival.form, ISAHP_ENTRY_SYSCALL);
	f.vm.entry = ISAHP_ENTRY_FIXED;
	item = only(&f, "32-bit system calls");
	cr_assert_eq(item->needs, ISAHP_NEED_ENTRY);
	cr_assert_eq(item->remedy, ISAHP_REMEDY_MODULE);
	cr_assert(strstr(item->why, "by sysenter, which CPUs of amd do not"), "%s",
		  item->why);
	f.options.accept_entry = true;
	admitted(&f, ISAHP_ADMITTED);
	cr_assert(find(&f.a.remarks, "32-bit system calls"));
	/* It runs on the vendor that it was booted on, as far as anybody said. */
	f.options.accept_entry = false;
	f.vm.boot_vendor = 0;
	f.vm.vendor = AMD;
	admitted(&f, ISAHP_ADMITTED);
	/* A record that tells neither vendor. */
	f.vm.boot_vendor = f.vm.vendor = 0;
	cr_assert_eq(only(&f, "32-bit system calls")->remedy, ISAHP_REMEDY_PROFILE);
	fixture_end(&f);
}

/* Each of them is a VMCALL, of which a guest with read-only text dies on AMD. */
Test(admission, a_kernel_that_calls_kvm_stays_with_its_vendor)
{
	struct fixture f = fixture_of(V2, "none",
				   policy_host("b", POLICY_AMD, 0x1a, 2, HASWELL));
	const struct isahp_admission_item *item;

	admitted(&f, ISAHP_ADMITTED_AFTER);
	item = find(&f.a.remarks, "KVM's paravirtual calls");
	cr_assert(item && item->kind == ISAHP_OBJECTION_HYPERCALL);
	/* What takes no call: the clock, stolen time, the end of an interrupt. */
	isahp_profile_set(&f.vm.cpuid, 0x40000001, 0, ISAHP_EAX, ~0u, 0x01000069);
	admitted(&f, ISAHP_ADMITTED_AFTER);
	cr_assert_null(find(&f.a.remarks, "KVM's paravirtual calls"));
	isahp_profile_set(&f.vm.cpuid, 0x40000001, 0, ISAHP_EAX, 1 << 11, ~0u);
	item = only(&f, "kvm-pv-ipi");
	cr_assert_eq(item->needs, ISAHP_NEED_KERNEL);
	cr_assert_eq(item->remedy, ISAHP_REMEDY_RESTART);
	expect_place(item, 0x40000001, 0, ISAHP_EAX, 11);
	cr_assert(strstr(item->why, "booted on intel, its kernel calls KVM by VMCALL, where CPUs of amd have VMMCALL"),
		  "%s", item->why);
	cr_assert(strstr(item->why, "the guest faults"), "whole: %s", item->why);
	isahp_profile_set(&f.vm.cpuid, 0x40000001, 0, ISAHP_EAX, 1 << 7, ~0u);
	fixture_check(&f);
	cr_assert_eq(f.a.refusals.count, 2);
	/* Home again; and where the vendor is another, but not the instruction. */
	f.vm.boot_vendor = AMD;
	admitted(&f, ISAHP_ADMITTED_AFTER);
	f.vm.boot_vendor = f.vm.vendor = ISAHP_VENDOR_HYGON;
	admitted(&f, ISAHP_ADMITTED);
	fixture_end(&f);
}

/* Nested paging, ASIDs, IBS, SVM itself; MONITOR, which programs just try. */
Test(admission, what_only_hosts_have_is_never_a_reason)
{
	struct fixture f = fixture_of(V2, "none",
				   policy_host("b", POLICY_AMD, 0x1a, 2, HASWELL));
	const struct isahp_admission_item *item;
	struct isahp_profile *shown = &f.vm.cpuid;

	f.vm.boot_vendor = f.vm.vendor = AMD;
	isahp_profile_set(&f.host, 1, 0, ISAHP_ECX, ~0u, 0);
	isahp_profile_set(&f.host, 0x80000001, 0, ISAHP_ECX, ~0u, 1);
	f.vm.list[ISAHP_VM_BASELINE] = policy_set("none");
	f.vm.list[ISAHP_VM_ANNOUNCED] = policy_set("none");
	isahp_profile_set(shown, 0x80000001, 0, ISAHP_ECX, ~0u, 1 << 2 | 1 << 10 | 1 << 12);
	isahp_profile_set(shown, 0x8000000a, 0, ISAHP_EDX, ~0u, 1);
	isahp_profile_set(shown, 0x8000000a, 0, ISAHP_EBX, ~0u, 0x8000);
	isahp_profile_set(shown, 0x8000001b, 0, ISAHP_EAX, ~0u, 0xff);
	isahp_profile_set(shown, 1, 0, ISAHP_ECX, ~0u, 1 << 3 | 1 << 5 | 1 << 21);
	isahp_profile_set(shown, 5, 0, ISAHP_EAX, ~0u, 64);
	admitted(&f, ISAHP_ADMITTED);
	item = find(&f.a.remarks, "monitor");
	cr_assert(item && strstr(item->why, "idle=nomwait"));
	expect_place(item, 1, 0, ISAHP_ECX, 3);
	cr_assert(find(&f.a.remarks, "svm"));
	cr_assert(find(&f.a.remarks, "ibs"));
	/* But what a program may use is one, row or no row in the feature table. */
	isahp_profile_set(shown, 1, 0, ISAHP_EDX, 1 << 15, 1 << 15);
	isahp_profile_set(&f.host, 1, 0, ISAHP_EDX, 1 << 15, 0);
	item = only(&f, "cmov");
	cr_assert_eq(item->kind, ISAHP_OBJECTION_CPUID);
	expect_place(item, 1, 0, ISAHP_EDX, 15);
	fixture_end(&f);
}

/* Each operator of field.h: the host admits what merging would leave alone. */
Test(admission, fields_are_held_against_their_operators)
{
	struct fixture f = fixture_of(V2, "none",
				   policy_host("b", POLICY_INTEL, 6, 0x6a, HASWELL));
	struct isahp_profile *shown = &f.vm.cpuid;

	/* MIN: counters of the PMU. EQUAL: the TSC's ratio. */
	isahp_profile_set(&f.host, 0xa, 0, ISAHP_EAX, ~0u, 0x07300402);
	isahp_profile_set(shown, 0xa, 0, ISAHP_EAX, ~0u, 0x07300402);
	isahp_profile_set(&f.host, 0x15, 0, ISAHP_EAX, ~0u, 2);
	isahp_profile_set(shown, 0x15, 0, ISAHP_EAX, ~0u, 2);
	/* AND in an MSR: SSB_NO; OR: RRSBA. Chosen: the name. */
	isahp_profile_msr_set(shown, 0x10a, ~0ULL, 0x21);
	isahp_profile_set(shown, 0x80000002, 0, ISAHP_EAX, ~0u, 0x1234);
	isahp_profile_set(&f.host, 0x80000002, 0, ISAHP_EAX, ~0u, 0x4321);
	admitted(&f, ISAHP_ADMITTED);
	isahp_profile_set(shown, 0xa, 0, ISAHP_EAX, 0xff00, 0x0800);
	expect_place(only(&f, "counters"), 0xa, 0, ISAHP_EAX, 8);
	isahp_profile_set(shown, 0xa, 0, ISAHP_EAX, 0xff00, 0x0200);
	admitted(&f, ISAHP_ADMITTED);
	isahp_profile_set(shown, 0x15, 0, ISAHP_EAX, ~0u, 3);
	only(&f, "TSC ratio");
	isahp_profile_set(shown, 0x15, 0, ISAHP_EAX, ~0u, 0);
	admitted(&f, ISAHP_ADMITTED);
	isahp_profile_msr_set(shown, 0x10a, 1 << 4, 1 << 4);
	expect_place(only(&f, "ssb-no"), 0x10a, 0,
		     ISAHP_REGISTER_MSR, 4);
	isahp_profile_msr_set(shown, 0x10a, 1 << 4, 0);
	isahp_profile_msr_set(&f.host, 0x10a, 1 << 19, 1 << 19);
	admitted(&f, ISAHP_ADMITTED);
	cr_assert(find(&f.a.remarks, "RRSBA"));
	/* MAX: bits that memory encryption costs. RFDS_NO is an erratum's matter. */
	isahp_profile_set(shown, 0x8000001f, 0, ISAHP_EBX, 0xfc0, 5 << 6);
	isahp_profile_set(&f.host, 0x8000001f, 0, ISAHP_EBX, 0xfc0, 4 << 6);
	isahp_profile_msr_set(shown, 0x10a, 1 << 27, 1 << 27);
	admitted(&f, ISAHP_ADMITTED);
	isahp_profile_set(&f.host, 0x8000001f, 0, ISAHP_EBX, 0xfc0, 6 << 6);
	only(&f, "physical address bits lost");
	isahp_profile_set(&f.host, 0x8000001f, 0, ISAHP_EBX, 0xfc0, 5 << 6);
	/* Not told there. */
	f.host.msrs[0].known = 0;
	isahp_profile_msr_set(shown, 0x10a, 1 << 4, 1 << 4);
	fixture_check(&f);
	cr_assert_eq(find(&f.a.refusals, "ssb-no")->kind,
		     ISAHP_OBJECTION_UNTOLD);
	fixture_end(&f);
}

/* Another profile of it would say no more: it is an older CPU. */
Test(admission, a_leaf_that_a_host_says_it_lacks_is_told)
{
	struct fixture f = fixture_of(V2, "none",
				   policy_host("b", POLICY_INTEL, 6, 0x6a, HASWELL));
	const struct isahp_admission_item *item;
	unsigned int reg;

	/* BHI_CTRL; then leaf 8000_0021h, that AMD's CPUs of today have. */
	isahp_profile_set(&f.vm.cpuid, 7, 2, ISAHP_EDX, ~0u, 1 << 4);
	cr_assert_eq(only(&f, "bhi-ctrl")->kind, ISAHP_OBJECTION_UNTOLD);
	isahp_profile_set(&f.host, 7, 0, ISAHP_EAX, ~0u, 1);
	item = only(&f, "bhi-ctrl");
	cr_assert_eq(item->kind, ISAHP_OBJECTION_CPUID);
	cr_assert_eq(item->remedy, ISAHP_REMEDY_RESTART);
	isahp_profile_set(&f.vm.cpuid, 7, 2, ISAHP_EDX, ~0u, 0);
	isahp_profile_set(&f.vm.cpuid, 0x80000021, 0, ISAHP_EAX, ~0u, 1 << 6);
	cr_assert_eq(only(&f, "null-sel-clr-base")->kind, ISAHP_OBJECTION_UNTOLD);
	for (reg = 0; reg < 4; reg++)
		isahp_profile_set(&f.host, 0x80000000, 0, reg, ~0u, 0x80000008);
	cr_assert_eq(only(&f, "null-sel-clr-base")->kind, ISAHP_OBJECTION_CPUID);
	isahp_profile_set(&f.vm.cpuid, 0x80000021, 0, ISAHP_EAX, ~0u, 0);
	/* Features of the table, too: AVX-IFMA is in leaf 7, subleaf 1. */
	for (reg = 0; reg < f.host.leaf_count; reg++)
		if (f.host.leaves[reg].leaf == 7 && f.host.leaves[reg].subleaf == 1)
			memmove(&f.host.leaves[reg], &f.host.leaves[reg + 1],
				(--f.host.leaf_count - reg) * sizeof(f.host.leaves[0]));
	f.vm.list[ISAHP_VM_PINNED] = policy_set("avx_ifma");
	cr_assert_eq(only(&f, "avx_ifma")->kind, ISAHP_OBJECTION_UNTOLD);
	isahp_profile_set(&f.host, 7, 0, ISAHP_EAX, ~0u, 0);
	cr_assert_eq(only(&f, "avx_ifma")->kind, ISAHP_OBJECTION_PINNED);
	fixture_end(&f);
}

Test(admission, is_said_in_json_and_in_words)
{
	struct fixture f = fixture_of(V2 ",bmi2", "aes",
				   policy_host("b", POLICY_AMD, 0x1a, 2, V2));
	json_t *json, *item, *place;
	char *text;

	f.vm.xcr0 = 3;
	fixture_check(&f);
	json = isahp_admission_to_json(&f.a);
	cr_assert_str_eq(json_string_value(json_object_get(json, "verdict")), "refused");
	cr_assert_eq(json_integer_value(json_object_get(json, "exit")), 3);
	item = json_array_get(json_object_get(json, "refusals"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(item, "kind")), "baseline");
	cr_assert_str_eq(json_string_value(json_object_get(item, "what")), "bmi2");
	place = json_object_get(item, "cpuid");
	cr_assert_str_eq(json_string_value(json_object_get(place, "leaf")), "0x7");
	cr_assert_str_eq(json_string_value(json_object_get(place, "register")), "ebx");
	cr_assert_eq(json_integer_value(json_object_get(place, "bit")), 8);
	cr_assert_str_eq(json_string_value(json_array_get(
		json_object_get(item, "needed_by"), 0)), "baseline");
	cr_assert_str_eq(json_string_value(json_object_get(
		json_object_get(item, "remedy"), "kind")), "restart-vm");
	/* Not BMI2, which it cannot let go of. */
	cr_assert_eq(json_array_size(json_object_get(json, "leaving")), 1);
	cr_assert_eq(json_array_size(json_object_get(json_object_get(json, "entry32"),
						     "acts")), 5);
	json_decref(json);
	text = isahp_admission_to_text(&f.a);
	cr_assert(strstr(text, "VM web1 may not go to b: 1 reason\n"), "%s", text);
	cr_assert(strstr(text, "bmi2 [CPUID 0x7.0 EBX bit 8]: in the VM's baseline"), "%s",
		  text);
	cr_assert(strstr(text, "would do: restart the VM"), "%s", text);
	cr_assert(strstr(text, "MSR_CSTAR"), "%s", text);
	free(text);
	fixture_end(&f);
}

/* What programs go by: byte for byte, from one version to the next. */
Test(admission, json_is_stable)
{
	struct fixture f = fixture_of(V2 ",bmi2", "aes,abm",
				   policy_host("b", POLICY_AMD, 0x19, 1, V2));
	char path[] = POLICY_DATA "/admission.json", *text;
	json_t *json, *golden;

	f.vm.xcr0 = 3;
	f.vm.physical_bits = 52;
	f.vm.list[ISAHP_VM_PINNED] = policy_set("smap");
	isahp_profile_msr_set(&f.vm.cpuid, 0x10a, 1 << 4, 1 << 4);
	isahp_profile_set(&f.vm.cpuid, 1, 0, ISAHP_ECX, 1 << 3, 1 << 3);
	isahp_profile_set(&f.host, 1, 0, ISAHP_ECX, 1 << 3, 0);
	fixture_check(&f);
	json = isahp_admission_to_json(&f.a);
	text = json_dumps(json, JSON_INDENT(2));
	if (getenv("POLICY_RECORD"))
		cr_assert_eq(json_dump_file(json, path, JSON_INDENT(2)), 0);
	golden = json_load_file(path, 0, NULL);
	cr_assert(golden, "%s: record it with POLICY_RECORD=1", path);
	cr_assert(json_equal(json, golden),
		  "not as in %s (POLICY_RECORD=1 writes it anew): %s", path, text);
	free(text);
	json_decref(json);
	json_decref(golden);
	fixture_end(&f);
}

/* A record that shows everything: bounded, and still no. */
Test(admission, an_absurd_record_is_refused_within_bounds)
{
	struct fixture f = fixture_of("none", "none",
				   policy_host("b", POLICY_INTEL, 6, 0x6a, HASWELL));
	json_t *json;
	__u32 i, reg;

	for (i = 0; i < 500; i++)
		for (reg = 0; reg < 4; reg++)
			isahp_profile_set(&f.vm.cpuid, 0x80000001 + i, 0, reg, ~0u, ~0u);
	for (i = 1; i < 8; i++)
		for (reg = 0; reg < 4; reg++)
			isahp_profile_set(&f.vm.cpuid, 7, i, reg, ~0u, ~0u);
	fixture_check(&f);
	cr_assert_eq(f.a.verdict, ISAHP_REFUSED);
	cr_assert(f.a.refusals.more && f.a.refusals.count == 1024);
	json = isahp_admission_to_json(&f.a);
	cr_assert(json_is_true(json_object_get(json, "more")));
	json_decref(json);
	fixture_end(&f);
}
