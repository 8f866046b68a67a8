// SPDX-License-Identifier: GPL-2.0-or-later
#include "admission.h"

#include <stdio.h>

#include <isa-core/features.h>

#include "errata.h"
#include "text.h"

/* Return: 1 or 0: the VM's CPUID shows what it is about; -1: nobody has said. */
static int shows(const struct isahp_vm_record *vm, const struct isahp_erratum *e)
{
	const struct isahp_cpuid_bit *b = &e->hide;
	const struct isahp_cpuid_leaf *leaf;

	if (e->feature >= 0)
		return isahp_features_has(&vm->list[ISAHP_VM_SHOWN], e->feature) ||
		       isahp_features_has(&vm->list[ISAHP_VM_PINNED], e->feature);
	leaf = isahp_profile_leaf(&vm->cpuid, b->leaf, b->subleaf);
	if (!leaf || !(leaf->known[b->reg] >> b->bit & 1))
		return -1;
	return leaf->value[b->reg] >> b->bit & 1;
}

static void remedy(const struct isahp_profile *host, unsigned int number,
		   struct isahp_admission_item *item)
{
	const struct isahp_erratum *e = isahp_erratum(number);
	__u32 microcode = isahp_erratum_microcode(number, host);

	if (microcode > host->microcode) {
		item->remedy = ISAHP_REMEDY_MICROCODE;
		snprintf(item->change, sizeof(item->change),
			 "update the microcode of %s to 0x%x or later",
			 host->name, microcode);
		if (host->microcode)
			isahp_text_append(item->change, sizeof(item->change),
					  " (it has 0x%x)", host->microcode);
	} else if (e->programs) {
		item->remedy = ISAHP_REMEDY_RESTART;
		snprintf(item->change, sizeof(item->change),
			 "restart the VM with a CPUID without %s, as the baseline of a pool with %s has it",
			 e->hide.name, host->name);
	} else if (e->option) {
		item->remedy = ISAHP_REMEDY_OPTION;
		snprintf(item->change, sizeof(item->change),
			 "boot the guest with %s, and add %s to its workarounds",
			 e->option, e->name);
	} else {
		item->remedy = ISAHP_REMEDY_RESTART;
		snprintf(item->change, sizeof(item->change),
			 "restart the VM with a CPUID that shows a CPU with this weakness, so that its kernel finds it; or accept it for the pool");
	}
}

__u64 isahp_admission_hidden(const struct isahp_vm_record *vm)
{
	const struct isahp_erratum *e;
	__u64 hidden = 0;
	unsigned int i;

	for (i = 0; (e = isahp_erratum(i)); i++) {
		int shown = e->hide.leaf ? shows(vm, e) : 1;

		if (!shown || (shown < 0 && e->seldom))
			hidden |= 1ULL << i;
	}
	return hidden;
}

void isahp_admission_errata(const struct isahp_vm_record *vm,
			    const struct isahp_profile *host, __u64 errata,
			    const struct isahp_admission_options *options,
			    struct isahp_admission *admission)
{
	__u64 of = errata & ~isahp_admission_hidden(vm);
	const struct isahp_erratum *e;
	unsigned int i;

	for (i = 0; (e = isahp_erratum(i)); i++) {
		struct isahp_admission_item item = {
			.kind = ISAHP_OBJECTION_ERRATUM,
			.needs = ISAHP_NEED_ERRATUM,
		};

		if (!(of >> i & 1) || (vm->errata >> i & 1 && !e->programs))
			continue;
		snprintf(item.what, sizeof(item.what), "erratum %s", e->name);
		snprintf(item.why, sizeof(item.why), e->programs ?
			 "%s: its programs have to %s" : "%s, unless a kernel will %s",
			 e->what, e->help);
		if (e->hide.leaf)
			item.place = (struct isahp_place){
				.leaf = e->hide.leaf, .subleaf = e->hide.subleaf,
				.reg = e->hide.reg, .shift = e->hide.bit, .width = 1,
			};
		remedy(host, i, &item);
		isahp_admission_add(options->accepted >> i & 1 ?
				    &admission->remarks : &admission->refusals, &item);
	}
}
