// SPDX-License-Identifier: GPL-2.0-or-later
#include "attributes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "attributes_file.h"
#include "job.h"
#include "policy/errata.h"
#include "policy/names.h"
#include "policy/qemu_words.h"

static int no_memory(struct isahp_error *err)
{
	return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM, "out of memory");
}

/* --- making ---------------------------------------------------------------- */

/* A field at a time: of what is kept all else stays. */
static void take_guest(const struct isahp_vm *vm, struct isahp_vm_record *record)
{
	const struct isahp_vm_guest *guest = &vm->guest;

	if (!guest->registered)
		return;
	record->registered = true;
	record->xcr0 = guest->xcr0;
	record->layout = guest->layout;
	record->boot_vendor = guest->boot_vendor;
	record->list[ISAHP_VM_PINNED] = guest->pinned;
	/* Who registers has the module, which changes the entry or says no. */
	if (record->entry == ISAHP_ENTRY_UNTOLD)
		record->entry = ISAHP_ENTRY_FOLLOWS;
}

/* As QEMU and the guest say, or as it will be. */
static struct isahp_features shown_by(const struct isahp_vm *vm,
				      const struct isahp_vm_record *record)
{
	struct isahp_features set = isahp_profile_features(&vm->cpu);

	set = isahp_features_or(&vm->guest.visible, &set);
	if (isahp_features_empty(&set))
		set = record->list[vm->config.masked ? ISAHP_VM_BASELINE :
						       ISAHP_VM_ANNOUNCED];
	return set;
}

static void take_lists(const struct isahp_vm *vm, struct isahp_vm_record *record)
{
	struct isahp_features kernels = isahp_features_of_class(ISAHP_CLASS_SYSTEM);
	struct isahp_features *list = record->list, set;

	list[ISAHP_VM_BASELINE] = isahp_features_or(&list[ISAHP_VM_BASELINE],
						    &vm->config.baseline);
	/* Before its first record: what that will have. */
	list[ISAHP_VM_ANNOUNCED] = vm->attached ? vm->record.present : vm->profile;
	list[ISAHP_VM_SHOWN] = shown_by(vm, record);
	/* The CPUID of a masked VM shows the baseline, and no more. */
	if (isahp_features_empty(&list[ISAHP_VM_BASELINE]) && vm->config.masked &&
	    vm->guest.registered) {
		set = isahp_features_or(&list[ISAHP_VM_ANNOUNCED], &kernels);
		list[ISAHP_VM_BASELINE] = isahp_features_and(&list[ISAHP_VM_SHOWN],
							     &set);
	}
	/* Of what only kernels look at announcements say nothing. */
	set = isahp_features_and(&kernels, &list[ISAHP_VM_BASELINE]);
	list[ISAHP_VM_ANNOUNCED] = isahp_features_or(&list[ISAHP_VM_ANNOUNCED], &set);
	/* Who gave no envelope has set no bounds elsewhere either. */
	set = isahp_features_known();
	list[ISAHP_VM_ENVELOPE] = vm->config.have_envelope ?
		isahp_features_or(&vm->config.envelope, &list[ISAHP_VM_ANNOUNCED]) : set;
}

/* Of register images the guest itself tells more: that is not said twice. */
static void drop_images(struct isahp_profile *cpuid)
{
	size_t i, kept = 0;

	for (i = 0; i < cpuid->leaf_count; i++)
		if (cpuid->leaves[i].leaf != 0xd || cpuid->leaves[i].subleaf == 1)
			cpuid->leaves[kept++] = cpuid->leaves[i];
	cpuid->leaf_count = kept;
}

/*
 * Which errata a kernel finds: by what it is shown; and where that is the CPU that
 * it is on, it finds what the host's kernel has found.
 */
static __u64 found_errata(const struct isahp_vm *vm, const struct isahp_profile *shown,
			  bool booted_here)
{
	struct isahp_signature s = isahp_profile_signature(shown), is;
	__u64 errata = isahp_errata_found(shown);
	struct isahp_profile host = { 0 };
	struct isahp_error ignored;

	if (!booted_here || vm->emulated || !s.family ||
	    isahp_profile_native(&host, &ignored))
		return errata;
	is = isahp_profile_signature(&host);
	if (is.family == s.family && is.model == s.model && is.stepping == s.stepping &&
	    isahp_profile_vendor(&host) == isahp_profile_vendor(shown))
		errata |= isahp_errata_of(&host);
	isahp_profile_free(&host);
	return errata;
}

/*
 * The kernel goes by what it saw when it was booted. Features of the table, which
 * come and go, are as they are now.
 */
static int take_cpuid(const struct isahp_vm *vm, struct isahp_vm_record *record)
{
	bool booted_here = !record->cpuid.leaf_count && vm->cpu.leaf_count;
	struct isahp_features gone;
	unsigned int i;
	int rc = 0;

	if (booted_here) {
		isahp_profile_free(&record->cpuid);
		rc = isahp_profile_copy(&vm->cpu, vm->config.name, &record->cpuid);
	}
	if (rc)
		return rc;
	/* Where nobody has said what its kernel does: what one would. */
	if (!record->errata)
		record->errata = found_errata(vm, &record->cpuid, booted_here);
	if (record->layout.known)
		drop_images(&record->cpuid);
	gone = isahp_profile_features(&record->cpuid);
	gone = isahp_features_andnot(&gone, &record->list[ISAHP_VM_SHOWN]);
	for (i = 0; !rc && i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f && isahp_features_has(&gone, i))
			rc = isahp_profile_set(&record->cpuid, f->leaf, f->subleaf,
					       f->reg, 1u << f->bit, 0);
	}
	return rc;
}

/* What it was promised and has not is another pool's promise. */
static int check_promise(const struct isahp_vm_record *record, struct isahp_error *err)
{
	struct isahp_features rest = isahp_features_andnot(
		&record->list[ISAHP_VM_BASELINE], &record->list[ISAHP_VM_ANNOUNCED]);
	char names[512];

	if (isahp_features_empty(&rest))
		return 0;
	isahp_names_format(&rest, names, sizeof(names));
	return isahp_error_set(err, ISAHP_ERROR_FAILED, -EINVAL,
			       "VM '%s' runs without %s, which the baseline has: it is of another pool",
			       record->name, names);
}

static int make(const struct isahp_vm *vm, struct isahp_vm_record *record,
		struct isahp_error *err)
{
	int rc = 0;

	if (vm->config.ops->no_state)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "'%s' is this machine's own processes, which move nowhere",
				       vm->config.name);
	if (vm->kept.document)
		rc = isahp_vm_record_from_json(vm->kept.document, record, err);
	if (rc)
		return rc;
	strcpy(record->name, vm->config.name);
	record->masked = vm->config.masked;
	record->vendor = vm->attached ? vm->record.vendor : vm->vendor;
	take_lists(vm, record);
	take_guest(vm, record);
	rc = take_cpuid(vm, record);
	if (rc)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, rc,
				       "VM '%s': %s", vm->config.name, strerror(-rc));
	return check_promise(record, err);
}

json_t *isahp_attributes_make(const struct isahp_vm *vm, struct isahp_error *err)
{
	struct isahp_vm_record record = { 0 }, back;
	json_t *json = NULL;
	int rc = make(vm, &record, err);

	if (!rc) {
		json = isahp_vm_record_to_json(&record);
		rc = json ? 0 : no_memory(err);
	}
	isahp_vm_record_free(&record);
	/* What the next host would refuse as nonsense is not written. */
	if (!rc)
		rc = isahp_vm_record_from_json(json, &back, err);
	if (rc) {
		json_decref(json);
		return NULL;
	}
	isahp_vm_record_free(&back);
	return json;
}

json_t *isahp_attributes_untold(const json_t *record)
{
	const json_t *guest = json_object_get(record, "guest");
	json_t *untold = json_array();

	if (!json_object_get(guest, "xcr0"))
		json_array_append_new(untold, json_string(
			"what its kernel needs (no guest has registered)"));
	if (!json_object_get(record, "cpuid"))
		json_array_append_new(untold, json_string(
			"all of its CPUID, the widths of its addresses and which errata its kernel works around (QEMU was not asked: --qmp)"));
	if (!json_object_get(guest, "entry32"))
		json_array_append_new(untold, json_string(
			"what it can do about its 32-bit system calls"));
	return untold;
}

/* --- keeping --------------------------------------------------------------- */

/* Takes @record over. */
static void keep(struct isahp_vm *vm, struct isahp_vm_record *record)
{
	struct isahp_features all = isahp_features_known();
	const struct isahp_features *list = record->list;

	vm->config.baseline = isahp_features_or(&vm->config.baseline,
						&list[ISAHP_VM_BASELINE]);
	if (!vm->config.have_envelope &&
	    !isahp_features_equal(&list[ISAHP_VM_ENVELOPE], &all)) {
		vm->config.have_envelope = true;
		vm->config.envelope = isahp_features_or(&list[ISAHP_VM_ENVELOPE],
							&list[ISAHP_VM_BASELINE]);
	}
	isahp_vm_record_free(&vm->kept);
	vm->kept = *record;
	isahp_attributes_store(vm);
}

int isahp_attributes_keep(struct isahp_vm *vm, const json_t *json,
			  struct isahp_error *err)
{
	struct isahp_vm_record record;
	int rc;

	if (vm->config.ops->no_state)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "a %s moves nowhere: leave out the record",
				       vm->config.ops->kind);
	rc = isahp_vm_record_from_json(json, &record, err);
	if (!rc)
		keep(vm, &record);
	return rc;
}

int isahp_attributes_envelope_set(struct isahp_vm *vm,
				  const struct isahp_features *envelope,
				  struct isahp_error *err)
{
	struct isahp_vm_record record;
	struct isahp_error ignored;
	json_t *made;

	if (vm->job)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -EBUSY,
				       "VM '%s' is busy with %s: wait, or `isahpctl abort %s`",
				       vm->config.name, vm->job->what, vm->config.name);
	vm->config.have_envelope = true;
	vm->config.envelope = isahp_features_or(envelope, &vm->config.baseline);
	vm->config.envelope = isahp_features_or(&vm->config.envelope,
						vm->attached ? &vm->record.present :
							       &vm->profile);
	isahp_log(ISAHP_LOG_INFO, "vm %s: another envelope", vm->config.name);
	/* What is stored would bring the old one back. */
	made = vm->kept.document ? isahp_attributes_make(vm, &ignored) : NULL;
	if (made && !isahp_vm_record_from_json(made, &record, &ignored))
		keep(vm, &record);
	json_decref(made);
	return 0;
}

void isahp_attributes_arrived(struct isahp_vm *vm)
{
	struct isahp_vm_record record = vm->arriving;

	if (!record.document)
		return;
	memset(&vm->arriving, 0, sizeof(vm->arriving));
	isahp_log(ISAHP_LOG_INFO, "vm %s: has come with its record", vm->config.name);
	keep(vm, &record);
}

/* What a kernel said and was shown goes with it; pool and promises are the VM's. */
static void drop_kernel(json_t *document)
{
	static const char *const its[] = {
		"cpuid", "guest", "physical_bits", "linear_bits",
	};
	size_t i;

	for (i = 0; i < sizeof(its) / sizeof(its[0]); i++)
		json_object_del(document, its[i]);
}

void isahp_attributes_rebooted(struct isahp_vm *vm)
{
	struct isahp_vm_record record;
	struct isahp_error err;
	json_t *json;

	if (!vm->kept.document)
		return;
	json = json_deep_copy(vm->kept.document);
	drop_kernel(json);
	if (json && !isahp_vm_record_from_json(json, &record, &err))
		keep(vm, &record);
	json_decref(json);
}

void isahp_attributes_load(struct isahp_vm *vm)
{
	struct isahp_vm_record record;
	struct isahp_error err;
	json_t *json;

	if (vm->config.ops->no_state || !isahp_attributes_stored(vm, &json, &err))
		return;
	/* No QEMU comes back to an isahpd that has begun anew: it is another. */
	drop_kernel(json);
	if (!json || isahp_vm_record_from_json(json, &record, &err)) {
		isahp_log(ISAHP_LOG_WARNING, "vm %s: what is stored of it is not taken: %s",
			  vm->config.name, err.text);
	} else {
		isahp_log(ISAHP_LOG_INFO, "vm %s: goes on with the record that is stored",
			  vm->config.name);
		keep(vm, &record);
	}
	json_decref(json);
}

void isahp_attributes_awaited_none(struct isahp_vm *vm)
{
	isahp_vm_record_free(&vm->arriving);
}

void isahp_attributes_gone(struct isahp_vm *vm)
{
	isahp_vm_record_free(&vm->kept);
	isahp_attributes_unstore(vm);
}

void isahp_attributes_free(struct isahp_vm *vm)
{
	isahp_vm_record_free(&vm->kept);
	isahp_vm_record_free(&vm->arriving);
	isahp_profile_free(&vm->cpu);
}

json_t *isahp_attributes_show(const struct isahp_vm *vm)
{
	const struct isahp_vm_record *kept = &vm->kept;
	json_t *show = json_pack("{s:i, s:b, s:b}", "format", ISAHP_VM_RECORD_FORMAT,
				 "kept", kept->document != NULL, "awaited",
				 vm->arriving.document != NULL);

	if (*kept->pool)
		json_object_set_new(show, "pool", json_string(kept->pool));
	if (*kept->level)
		json_object_set_new(show, "level", json_string(kept->level));
	return show;
}

/* --- what QEMU's CPU shows ------------------------------------------------------ */

void isahp_attributes_shown(struct isahp_vm *vm, struct isahp_profile *shown,
			    const struct isahp_layout *layout, bool kvm)
{
	int rc = 0;
	unsigned int i;

	/* Only KVM shows KVM's features, whatever the model has. */
	if (!kvm)
		rc = isahp_profile_set(shown, ISAHP_QEMU_KVM_LEAF, 0, ISAHP_EAX, ~0U, 0);
	/* Where XSAVE's components lie is in no word of QEMU's. */
	for (i = ISAHP_LAYOUT_FIRST; !rc && i < ISAHP_LAYOUT_END; i++) {
		if (!layout->known || !(layout->xcr0 >> i & 1))
			continue;
		rc = isahp_profile_set(shown, 0xd, i, ISAHP_EAX, ~0U,
				       layout->component[i].size);
		if (!rc)
			rc = isahp_profile_set(shown, 0xd, i, ISAHP_EBX, ~0U,
					       layout->component[i].offset);
	}
	if (rc) {
		isahp_profile_free(shown);
		return;
	}
	isahp_profile_free(&vm->cpu);
	vm->cpu = *shown;
	vm->emulated = !kvm;
}
