// SPDX-License-Identifier: GPL-2.0-or-later
#include "admission.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "envelope.h"
#include "errata.h"
#include "gather.h"
#include "names.h"
#include "rules.h"
#include "text.h"

/* More than anybody reads; a power of two. */
#define ITEMS_MAX 1024

/* What is looked at together. */
struct look {
	const struct isahp_vm_record *vm;
	const struct isahp_profile *host;
	const struct isahp_admission_options *options;
	struct isahp_admission *to;
	struct isahp_features kept;	/* what cannot be let go of */
	__u64 errata;			/* of the host */
};

void isahp_admission_add(struct isahp_admission_items *items,
			 const struct isahp_admission_item *item)
{
	struct isahp_admission_item *array;
	size_t room;

	if (items->count == ITEMS_MAX) {
		items->more = true;
		return;
	}
	if (items->count == items->room) {
		room = items->room ? 2 * items->room : 16;
		array = realloc(items->array, room * sizeof(*array));
		if (!array) {
			items->failed = true;
			return;
		}
		items->array = array;
		items->room = room;
	}
	items->array[items->count++] = *item;
}

/* --- features and register state -------------------------------------------- */

static unsigned int needs_of(const struct isahp_vm_record *vm, unsigned int number)
{
	const struct isahp_feature_info *f = isahp_feature_info(number);
	unsigned int needs = 0;

	if (isahp_features_has(&vm->list[ISAHP_VM_BASELINE], number))
		needs |= ISAHP_NEED_BASELINE;
	if (isahp_features_has(&vm->list[ISAHP_VM_PINNED], number))
		needs |= ISAHP_NEED_KERNEL;
	if (f->xfeatures && (!vm->registered || f->xfeatures & vm->xcr0))
		needs |= ISAHP_NEED_IMAGE;
	if (isahp_features_has(&vm->list[ISAHP_VM_ANNOUNCED], number))
		needs |= ISAHP_NEED_PROGRAMS;
	return needs;
}

static struct isahp_place place_of(unsigned int number)
{
	const struct isahp_feature_info *f = isahp_feature_info(number);
	struct isahp_place place = {
		.leaf = f->leaf, .subleaf = f->subleaf, .reg = f->reg,
		.shift = f->bit, .width = 1,
	};

	return place;
}

/* EBX of leaf 0Dh, subleaf N, is where component N lies. */
static struct isahp_place place_of_component(unsigned int number)
{
	struct isahp_place place = {
		.leaf = 0xd, .subleaf = number, .reg = ISAHP_EBX, .width = 32,
	};

	return place;
}

static bool is_told(const struct isahp_profile *host, unsigned int number)
{
	const struct isahp_feature_info *f = isahp_feature_info(number);
	const struct isahp_cpuid_leaf *leaf =
		isahp_profile_leaf(host, f->leaf, f->subleaf);

	return leaf ? leaf->known[f->reg] >> f->bit & 1 :
		      isahp_gather_absent(host, f->leaf, f->subleaf);
}

static void take_objection(const struct isahp_objection *objection, void *context)
{
	struct isahp_objection o = *objection;
	struct isahp_admission_item item = { 0 };
	struct look *look = context;

	if (o.feature >= 0) {
		isahp_features_add(&look->kept, o.feature);
		if (!is_told(look->host, o.feature))
			o = isahp_objection_of(ISAHP_OBJECTION_UNTOLD, o.feature);
		item.place = place_of(o.feature);
		item.needs = needs_of(look->vm, o.feature);
	} else {
		item.place = place_of_component(o.component);
		item.needs = ISAHP_NEED_IMAGE;
	}
	item.kind = o.kind;
	isahp_objection_name(&o, item.what, sizeof(item.what));
	snprintf(item.why, sizeof(item.why), "%s", o.why);
	isahp_admission_remedy(look->vm, look->host, look->options, &o, &item);
	isahp_admission_add(&look->to->refusals, &item);
}

/* Where @wanted components lie; not known where one that is there was not told. */
static struct isahp_layout layout_of(const struct isahp_profile *cpu, __u64 wanted)
{
	const struct isahp_cpuid_leaf *d = isahp_profile_leaf(cpu, 0xd, 0), *c;
	struct isahp_layout layout = { .xcr0 = cpu->xcr0 };
	unsigned int i;

	if (!cpu->xcr0_known && d)
		layout.xcr0 = d->value[ISAHP_EAX] | (__u64)d->value[ISAHP_EDX] << 32;
	layout.known = cpu->xcr0_known || (d && d->known[ISAHP_EAX] == 0xffffffff);
	for (i = ISAHP_LAYOUT_FIRST; i < ISAHP_LAYOUT_END; i++) {
		if (!(layout.xcr0 & wanted & 1ULL << i))
			continue;
		c = isahp_profile_leaf(cpu, 0xd, i);
		if (!c || c->known[ISAHP_EAX] != 0xffffffff ||
		    c->known[ISAHP_EBX] != 0xffffffff) {
			layout.known = false;
			break;
		}
		layout.component[i].size = c->value[ISAHP_EAX];
		layout.component[i].offset = c->value[ISAHP_EBX];
	}
	return layout;
}

/* Of a guest that has not said: what it was shown, all enabled. */
static __u64 enabled(const struct isahp_vm_record *vm)
{
	return vm->registered ? vm->xcr0 :
		isahp_features_xfeatures(&vm->list[ISAHP_VM_SHOWN]) | 3;
}

/* AVX lies at byte 576 on all CPUs; all else has to be compared. */
#define SAME_EVERYWHERE 7

static void check_images(struct look *look, const struct isahp_rules *rules,
			 const struct isahp_target *target)
{
	struct isahp_admission_item item = {
		.kind = ISAHP_OBJECTION_UNTOLD,
		.needs = ISAHP_NEED_IMAGE,
		.place = place_of_component(0),
		.what = "XSAVE images",
		.remedy = ISAHP_REMEDY_PROFILE,
	};

	if (!(enabled(look->vm) & ~(__u64)SAME_EVERYWHERE) ||
	    (rules->layout.known && target->layout.known))
		return;
	if (rules->layout.known) {
		snprintf(item.why, sizeof(item.why),
			 "the host's profile does not tell where they have their components");
		snprintf(item.change, sizeof(item.change),
			 "take a profile of %s by isahpctl there", look->host->name);
	} else {
		snprintf(item.why, sizeof(item.why),
			 "the record does not tell where the VM's have their components");
		item.remedy = ISAHP_REMEDY_MODULE;
		snprintf(item.change, sizeof(item.change),
			 "load a newer isahp.ko in the guest, which tells it");
	}
	isahp_admission_add(&look->to->refusals, &item);
}

static struct isahp_rules rules_of(const struct isahp_vm_record *vm)
{
	struct isahp_rules rules = {
		.present = vm->list[ISAHP_VM_ANNOUNCED],
		.envelope = vm->list[ISAHP_VM_ENVELOPE],
		.baseline = vm->list[ISAHP_VM_BASELINE],
		.pinned = vm->list[ISAHP_VM_PINNED],
		.xcr0 = vm->xcr0,
		.layout = vm->layout,
		.registered = vm->registered,
	};

	if (!rules.layout.known && vm->cpuid.leaf_count) {
		rules.layout = layout_of(&vm->cpuid, enabled(vm));
		rules.layout.xcr0 = enabled(vm);
	}
	if (vm->masked)
		rules.gated = isahp_rules_gated(&vm->list[ISAHP_VM_SHOWN]);
	return rules;
}

/* What can be announced there: as isahp_rules_add() lets it be. */
static struct isahp_features arriving(const struct isahp_rules *rules,
				      const struct isahp_features *usable)
{
	struct isahp_features may = isahp_features_and(usable, &rules->envelope);
	unsigned int i;

	may = isahp_features_andnot(&may, &rules->gated);
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (!f || f->class == ISAHP_CLASS_SYSTEM ||
		    f->class == ISAHP_CLASS_SILENT ||
		    (f->class == ISAHP_CLASS_STATE &&
		     (!rules->registered || f->xfeatures & ~rules->xcr0)))
			isahp_features_del(&may, i);
	}
	may = isahp_features_or(&may, &rules->present);
	may = isahp_features_supported(&may);
	return isahp_features_andnot(&may, &rules->present);
}

static void look_at_features(struct look *look)
{
	struct isahp_features usable = isahp_envelope_usable(look->host), may, gone;
	struct isahp_rules rules = rules_of(look->vm), after;
	struct isahp_target target = {
		.layout = layout_of(look->host, enabled(look->vm)),
	};

	may = isahp_envelope_harmless(look->host);
	usable = isahp_features_or(&usable, &may);
	/* Of what it cannot lose, the erratum is the reason. */
	gone = isahp_errata_broken(look->errata, look->options->accepted);
	may = isahp_features_or(&rules.pinned, &rules.baseline);
	gone = isahp_features_andnot(&gone, &may);
	usable = isahp_features_without(&usable, &gone);
	/* What it has now it may keep, where that is. */
	may = isahp_features_or(&rules.envelope, &rules.present);
	target.present = isahp_features_and(&usable, &may);
	target.shown = usable;
	isahp_rules_move_each(&rules, &target, &look->to->leaving, take_objection,
			      look);
	check_images(look, &rules, &target);
	look->to->leaving = isahp_features_andnot(&look->to->leaving, &look->kept);
	after = rules;
	after.present = isahp_features_andnot(&rules.present, &look->to->leaving);
	look->to->arriving = arriving(&after, &usable);
}

static void look_at_unknown(struct look *look)
{
	static const unsigned int needs[] = {
		[ISAHP_VM_BASELINE] = ISAHP_NEED_BASELINE,
		[ISAHP_VM_SHOWN] = ISAHP_NEED_PROGRAMS,
		[ISAHP_VM_ENVELOPE] = 0, /* will not be announced: that is all */
		[ISAHP_VM_ANNOUNCED] = ISAHP_NEED_PROGRAMS,
		[ISAHP_VM_PINNED] = ISAHP_NEED_KERNEL,
	};
	size_t i;

	for (i = 0; i < look->vm->unknown_count; i++) {
		const struct isahp_vm_unknown *u = &look->vm->unknown[i];
		struct isahp_admission_item item = {
			.kind = ISAHP_OBJECTION_UNKNOWN,
			.needs = needs[u->list],
			.remedy = ISAHP_REMEDY_UPDATE,
		};

		if (!item.needs)
			continue;
		snprintf(item.what, sizeof(item.what), "%s%s", u->name,
			 look->vm->unknown_more ? " and more" : "");
		snprintf(item.why, sizeof(item.why), "%s",
			 isahp_objection_phrase(item.kind));
		snprintf(item.change, sizeof(item.change),
			 "update isahp on this host to the version that wrote the record");
		isahp_admission_add(&look->to->refusals, &item);
	}
}

/* --- addresses --------------------------------------------------------------- */

static void check_bits(struct look *look, unsigned int vm, unsigned int shift,
		       const char *what, const char *change)
{
	const struct isahp_cpuid_leaf *leaf =
		isahp_profile_leaf(look->host, 0x80000008, 0);
	struct isahp_admission_item item = {
		.kind = ISAHP_OBJECTION_ADDRESS,
		.needs = ISAHP_NEED_ADDRESS,
		.place = { .leaf = 0x80000008, .reg = ISAHP_EAX, .shift = shift,
			   .width = 8 },
		.remedy = ISAHP_REMEDY_RESTART,
	};
	unsigned int there;

	if (!vm)
		return;
	/* Each CPU with 64-bit mode has 48 (SDM vol. 1, 3.3.7.1): none need say so. */
	if (shift && vm <= 48)
		return;
	snprintf(item.what, sizeof(item.what), "%s", what);
	if (!leaf || (leaf->known[ISAHP_EAX] >> shift & 0xff) != 0xff) {
		item.kind = ISAHP_OBJECTION_UNTOLD;
		snprintf(item.why, sizeof(item.why),
			 "the VM has %u, and the host's profile does not tell how many it has",
			 vm);
		item.remedy = ISAHP_REMEDY_PROFILE;
		snprintf(item.change, sizeof(item.change),
			 "take a profile of %s by isahpctl there", look->host->name);
		isahp_admission_add(&look->to->refusals, &item);
		return;
	}
	there = leaf->value[ISAHP_EAX] >> shift & 0xff;
	if (vm <= there)
		return;
	snprintf(item.why, sizeof(item.why),
		 "the VM's CPUID shows %u, the host has %u: it may use addresses that are none there",
		 vm, there);
	snprintf(item.change, sizeof(item.change), change, there);
	isahp_admission_add(&look->to->refusals, &item);
}

/* The record's word, or what its CPUID shows. */
static unsigned int bits_of(const struct isahp_vm_record *vm, unsigned int told,
			    unsigned int shift)
{
	const struct isahp_cpuid_leaf *leaf =
		isahp_profile_leaf(&vm->cpuid, 0x80000008, 0);

	if (told || !leaf || (leaf->known[ISAHP_EAX] >> shift & 0xff) != 0xff)
		return told;
	return leaf->value[ISAHP_EAX] >> shift & 0xff;
}

static void look_at_addresses(struct look *look)
{
	const struct isahp_vm_record *vm = look->vm;

	check_bits(look, bits_of(vm, vm->physical_bits, 0), 0,
		   "physical address bits",
		   "restart the VM with phys-bits=%u (QEMU), as the least of the pool");
	check_bits(look, bits_of(vm, vm->linear_bits, 8), 8, "linear address bits",
		   "boot the guest with no5lvl, and restart it with %u bits (QEMU: -la57)");
}

/* --- 32-bit system calls -------------------------------------------------------- */

static void look_at_entry(struct look *look)
{
	__u32 to = isahp_profile_vendor(look->host);
	const struct isahp_vm_record *vm = look->vm;
	struct isahp_admission_item item = {
		.kind = ISAHP_OBJECTION_ENTRY,
		.needs = ISAHP_NEED_ENTRY,
		.remedy = ISAHP_REMEDY_MODULE,
		.what = "32-bit system calls",
		.change = "load isahp.ko in the guest, whose kernel then changes the entry",
	};
	__u32 boot = vm->boot_vendor;

	/* A record that tells neither cannot tell of a move between vendors. */
	if (!boot)
		boot = vm->vendor;
	look->to->arrival = isahp_arrival_plan(boot, vm->vendor ? vm->vendor : boot,
					       to, vm->entry);
	if (look->to->arrival.possible)
		return;
	if (!boot) {
		item.remedy = ISAHP_REMEDY_PROFILE;
		snprintf(item.why, sizeof(item.why),
			 "the record does not tell on whose CPU the kernel was booted");
		snprintf(item.change, sizeof(item.change),
			 "write the record anew, on the host where the VM runs");
	} else {
		snprintf(item.why, sizeof(item.why),
			 "a kernel booted on %s has 32-bit programs enter by %s, which CPUs of %s do not execute there",
			 isahp_vendor_name(boot),
			 isahp_entry_form_name(isahp_entry_best(&boot, 1, ISAHP_ENTRY_COMPAT)),
			 isahp_vendor_name(to));
	}
	isahp_admission_add(look->options->accept_entry ? &look->to->remarks :
			    &look->to->refusals, &item);
}

/* --- all of it ------------------------------------------------------------------- */

static int by_change(const void *a, const void *b)
{
	const struct isahp_admission_item *x = a, *y = b;

	if (x->remedy != y->remedy)
		return x->remedy < y->remedy ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->what, y->what);
}

static void sort(struct isahp_admission_items *items)
{
	if (items->count)
		qsort(items->array, items->count, sizeof(*items->array), by_change);
}

int isahp_admission_check(const struct isahp_vm_record *vm,
			  const struct isahp_profile *host,
			  const struct isahp_admission_options *options,
			  struct isahp_admission *ret, struct isahp_error *err)
{
	static const struct isahp_admission_options plain;
	struct isahp_admission a = { 0 };
	struct look look = {
		.vm = vm, .host = host, .options = options ? options : &plain,
		.to = &a, .errata = isahp_errata_of(host),
	};

	memcpy(a.vm, vm->name, sizeof(a.vm));
	memcpy(a.host, host->name, sizeof(a.host));
	look_at_features(&look);
	look_at_unknown(&look);
	isahp_admission_cpuid(vm, host, &a);
	look_at_addresses(&look);
	isahp_admission_errata(vm, host, look.errata, look.options, &a);
	look_at_entry(&look);
	isahp_admission_hypercall(vm, host, &a);
	if (a.refusals.failed || a.remarks.failed) {
		isahp_admission_free(&a);
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	}
	sort(&a.refusals);
	sort(&a.remarks);
	a.verdict = a.refusals.count ? ISAHP_REFUSED :
		    isahp_features_empty(&a.leaving) && !a.arrival.acts ?
		    ISAHP_ADMITTED : ISAHP_ADMITTED_AFTER;
	*ret = a;
	return 0;
}

void isahp_admission_free(struct isahp_admission *admission)
{
	free(admission->refusals.array);
	free(admission->remarks.array);
	memset(admission, 0, sizeof(*admission));
}

enum isahp_error_class isahp_admission_exit(const struct isahp_admission *admission)
{
	return admission->verdict == ISAHP_REFUSED ? ISAHP_ERROR_POLICY :
						     ISAHP_ERROR_NONE;
}
