// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The smallest change that would let something pass: what can be done to the host
 * is looked for before what stops a guest.
 */
#include "admission.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <isa-core/features.h>

#include "envelope.h"
#include "names.h"

/* What a kernel of Linux decides on at boot: guest-kmod/pinned.c. */
static bool is_decided_at_boot(unsigned int number)
{
	static const __u8 at_boot[] = {
		ISAHP_FEATURE_RDTSCP, ISAHP_FEATURE_RDPID, ISAHP_FEATURE_RDRAND,
		ISAHP_FEATURE_RDSEED, ISAHP_FEATURE_FSGSBASE, ISAHP_FEATURE_CX16,
		ISAHP_FEATURE_CLWB, ISAHP_FEATURE_POPCNT, ISAHP_FEATURE_SERIALIZE,
		ISAHP_FEATURE_MWAITX, ISAHP_FEATURE_WAITPKG,
		ISAHP_FEATURE_MOVDIR64B,
	};
	const struct isahp_feature_info *f = isahp_feature_info(number);
	unsigned int i;

	for (i = 0; i < sizeof(at_boot); i++)
		if (at_boot[i] == number)
			return true;
	return f->class == ISAHP_CLASS_SYSTEM || f->class == ISAHP_CLASS_STATE;
}

static void set(struct isahp_admission_item *item,
		enum isahp_admission_remedy remedy, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void set(struct isahp_admission_item *item,
		enum isahp_admission_remedy remedy, const char *format, ...)
{
	va_list args;

	item->remedy = remedy;
	va_start(args, format);
	vsnprintf(item->change, sizeof(item->change), format, args);
	va_end(args);
}

static bool same_cpu(const struct isahp_profile *a, const struct isahp_profile *b)
{
	struct isahp_signature x = isahp_profile_signature(a);
	struct isahp_signature y = isahp_profile_signature(b);

	return x.family && isahp_profile_vendor(a) == isahp_profile_vendor(b) &&
	       x.family == y.family && x.model == y.model &&
	       x.stepping == y.stepping;
}

static bool is_shown(const struct isahp_profile *host, unsigned int number)
{
	const struct isahp_feature_info *f = isahp_feature_info(number);
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(host, f->leaf, f->subleaf);

	return l && l->value[f->reg] >> f->bit & 1;
}

/* Another host with the very same CPU has it: it can be had here. */
static bool on_host(const struct isahp_profile *host,
		    const struct isahp_admission_options *options,
		    unsigned int number, struct isahp_admission_item *item)
{
	const struct isahp_features shown = isahp_profile_features(host);
	const char *flag = isahp_feature_info(number)->flag;
	size_t i;

	if (isahp_features_has(&shown, number)) {
		set(item, ISAHP_REMEDY_HOST_KERNEL,
		    "let the kernel of %s use it: its CPU has %s, but what it needs is switched off there (look at the kernel's command line: noxsave, clearcpuid=)",
		    host->name, flag);
		return true;
	}
	for (i = 0; i < options->peer_count; i++) {
		const struct isahp_profile *peer = options->peers[i];
		struct isahp_features usable;

		/* Of many peers few have what one host lacks. */
		if (peer == host || !is_shown(peer, number) || !same_cpu(peer, host))
			continue;
		usable = isahp_envelope_usable(peer);
		if (!isahp_features_has(&usable, number))
			continue;
		if (peer->microcode > host->microcode && host->microcode)
			set(item, ISAHP_REMEDY_MICROCODE,
			    "update the microcode of %s from 0x%x to 0x%x: %s has the same CPU with that, and shows %s",
			    host->name, host->microcode, peer->microcode,
			    peer->name, flag);
		else
			set(item, ISAHP_REMEDY_FIRMWARE,
			    "look at the firmware set-up and kernel options of %s: %s has the same CPU, and shows %s",
			    host->name, peer->name, flag);
		return true;
	}
	return false;
}

static void for_feature(const struct isahp_vm_record *vm,
			const struct isahp_profile *host,
			const struct isahp_admission_options *options,
			enum isahp_objection_kind kind, unsigned int number,
			struct isahp_admission_item *item)
{
	const char *flag = isahp_feature_info(number)->flag;
	bool promised = isahp_features_has(&vm->list[ISAHP_VM_BASELINE], number);

	if (kind == ISAHP_OBJECTION_UNTOLD) {
		set(item, ISAHP_REMEDY_PROFILE,
		    "take a profile of %s by isahpctl there: what it was read from does not tell of %s",
		    host->name, flag);
		return;
	}
	if (kind == ISAHP_OBJECTION_STATE_UNTOLD) {
		set(item, ISAHP_REMEDY_MODULE,
		    "load isahp.ko in the guest, which tells what it has enabled");
		return;
	}
	if (on_host(host, options, number, item))
		return;
	if (kind == ISAHP_OBJECTION_PINNED && !promised && !is_decided_at_boot(number))
		set(item, ISAHP_REMEDY_STOP,
		    "stop what uses %s in the guest's kernel: /sys/class/misc/isahp/users there names it",
		    flag);
	else if (kind == ISAHP_OBJECTION_STATE_ENABLED)
		/* Without the component in XCR0 no program may use it either. */
		set(item, ISAHP_REMEDY_OPTION,
		    "boot the guest with %s%s, and without it in its baseline",
		    number == ISAHP_FEATURE_PKU ? "nopku" : "clearcpuid=",
		    number == ISAHP_FEATURE_PKU ? "" : flag);
	else if (kind == ISAHP_OBJECTION_PINNED && !promised)
		set(item, ISAHP_REMEDY_OPTION,
		    "boot the guest with clearcpuid=%s: its kernel then does without",
		    flag);
	else
		set(item, ISAHP_REMEDY_RESTART,
		    "restart the VM with a CPUID without %s, as the baseline of a pool with %s has it",
		    flag, host->name);
}

/* Number of the feature by which a kernel leaves a component out, or -1. */
static int owner_of(unsigned int component)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f && f->class == ISAHP_CLASS_STATE &&
		    f->xfeatures >> component & 1)
			return (int)i;
	}
	return -1;
}

static void for_component(const struct isahp_profile *host, unsigned int component,
			  struct isahp_admission_item *item)
{
	const struct isahp_cpuid_leaf *d = isahp_profile_leaf(host, 0xd, 0);
	int owner = owner_of(component);

	if (host->xcr0_known && !(host->xcr0 >> component & 1) && d && component < 32 &&
	    d->value[ISAHP_EAX] >> component & 1)
		set(item, ISAHP_REMEDY_HOST_KERNEL,
		    "let the kernel of %s enable it in XCR0: its CPU has it (look at the kernel's command line)",
		    host->name);
	else if (owner < 0)
		set(item, ISAHP_REMEDY_NONE, "choose another host");
	else if (owner == ISAHP_FEATURE_PKU)
		set(item, ISAHP_REMEDY_OPTION,
		    "boot the guest with nopku: its images then have no PKRU");
	else
		set(item, ISAHP_REMEDY_OPTION,
		    "boot the guest with clearcpuid=%s: its images are then without it",
		    isahp_feature_info(owner)->flag);
}

void isahp_admission_remedy(const struct isahp_vm_record *vm,
			    const struct isahp_profile *host,
			    const struct isahp_admission_options *options,
			    const struct isahp_objection *objection,
			    struct isahp_admission_item *item)
{
	if (objection->feature >= 0)
		for_feature(vm, host, options, objection->kind, objection->feature,
			    item);
	else
		for_component(host, objection->component, item);
}
