// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paravirtual calls to KVM. A kernel makes them by VMCALL or VMMCALL, which it
 * chooses at boot by its CPU's vendor (Linux arch/x86/include/asm/kvm_para.h,
 * KVM_HYPERCALL). Where the other one is wanted, KVM writes it into the guest's
 * code (arch/x86/kvm/x86.c, emulator_fix_hypercall()), as the guest itself could:
 * kernel text that is read-only, as it is in each Linux of today, faults, and the
 * kernel dies of a call.
 */
#include "admission.h"

#include <stdio.h>

#include "names.h"

#define LEAF_KVM 0x40000001u

/* Features for which Linux calls (arch/x86/kernel/kvm.c); as QEMU has them. */
static const struct {
	__u8 bit;
	const char *name;
} callers[] = {
	{ 7, "kvm-pv-unhalt" },
	{ 11, "kvm-pv-ipi" },
	{ 13, "kvm-pv-sched-yield" },
};

#define CALLERS (sizeof(callers) / sizeof(callers[0]))

/* NULL: nobody knows. */
static const char *call_of(__u32 vendor)
{
	switch (vendor) {
	case ISAHP_VENDOR_AMD:
	case ISAHP_VENDOR_HYGON:
		return "VMMCALL";
	case ISAHP_VENDOR_INTEL:
	case ISAHP_VENDOR_ZHAOXIN:
		return "VMCALL";
	default:
		return NULL;
	}
}

/* Whether its kernel makes any. */
static void say_untold(struct isahp_admission_item *item, const char *made, __u32 there,
		       struct isahp_admission *to)
{
	item->place.width = 32;
	snprintf(item->what, sizeof(item->what), "KVM's paravirtual calls");
	item->remedy = ISAHP_REMEDY_NONE;
	snprintf(item->why, sizeof(item->why),
		 "the record does not tell whether its kernel makes them, by %s, which CPUs of %s lack: it would die of one",
		 made, isahp_vendor_name(there));
	snprintf(item->change, sizeof(item->change),
		 "start VMs of such a pool without kvm-pv-unhalt, kvm-pv-ipi and kvm-pv-sched-yield, as named models of QEMU are");
	isahp_admission_add(&to->remarks, item);
}

void isahp_admission_hypercall(const struct isahp_vm_record *vm,
			       const struct isahp_profile *host,
			       struct isahp_admission *admission)
{
	__u32 from = vm->boot_vendor ? vm->boot_vendor : vm->vendor;
	__u32 to = isahp_profile_vendor(host);
	const char *made = call_of(from), *wanted = call_of(to);
	const struct isahp_cpuid_leaf *leaf =
		isahp_profile_leaf(&vm->cpuid, LEAF_KVM, 0);
	struct isahp_admission_item item = {
		.kind = ISAHP_OBJECTION_HYPERCALL,
		.place = { .leaf = LEAF_KVM, .reg = ISAHP_EAX, .width = 1 },
		.needs = ISAHP_NEED_KERNEL,
		.remedy = ISAHP_REMEDY_RESTART,
	};
	bool untold = false;
	size_t i;

	if (!made || !wanted || made == wanted)
		return;
	snprintf(item.why, sizeof(item.why),
		 "booted on %s, its kernel calls KVM by %s, where CPUs of %s have %s: KVM cannot put that into read-only code, and the guest faults",
		 isahp_vendor_name(from), made, isahp_vendor_name(to), wanted);
	for (i = 0; i < CALLERS; i++) {
		item.place.shift = callers[i].bit;
		if (!leaf || !(leaf->known[ISAHP_EAX] >> callers[i].bit & 1)) {
			untold = true;
			continue;
		}
		if (!(leaf->value[ISAHP_EAX] >> callers[i].bit & 1))
			continue;
		snprintf(item.what, sizeof(item.what), "%s", callers[i].name);
		snprintf(item.change, sizeof(item.change),
			 "restart the VM with %s=off (QEMU)", callers[i].name);
		isahp_admission_add(&admission->refusals, &item);
	}
	item.place.shift = 0;
	if (untold)
		say_untold(&item, made, to, admission);
}
