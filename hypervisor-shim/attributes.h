/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM's record (policy/record.h) as it travels with the VM: made of what is known
 * of it here and now, upon what it came with; held against this host's CPU before
 * the VM may come; kept while it is here.
 */
#ifndef ISAHP_SHIM_ATTRIBUTES_H
#define ISAHP_SHIM_ATTRIBUTES_H

#include "policy/admission.h"
#include "vm.h"

/**
 * isahp_attributes_make - a VM's record, as of now
 * @vm: any but a loopback.
 * @err: says why there is none.
 *
 * Pool, level, errata that its kernel works around, and fields that nobody here
 * knows are those of the record that it came with. What its CPUID shows, beyond
 * the features of the table, stays as it was where the kernel was booted: that is
 * what it goes by.
 *
 * Return: a new object; NULL: -EINVAL where the VM contradicts what it was
 * promised, or out of memory.
 */
json_t *isahp_attributes_make(const struct isahp_vm *vm, struct isahp_error *err);

/**
 * isahp_attributes_untold - what a record leaves open, for people
 * @record: as made.
 *
 * Return: a new array of phrases.
 */
json_t *isahp_attributes_untold(const json_t *record);

/**
 * isahp_attributes_errata - of the host where a VM is
 *
 * An emulated CPU has its model's name, and none of that CPU's errata.
 *
 * Return: a mask as isahp_errata_of().
 */
__u64 isahp_attributes_errata(const struct isahp_vm *vm);

/**
 * isahp_attributes_keep - a VM has come with this record
 * @vm: any but a loopback.
 * @record: hostile; copied.
 * @err: names the place and what is wrong there.
 *
 * What was promised to it is promised here, and its envelope holds unless the
 * operator gave another. The record is stored where isahpd was told to.
 *
 * Return: 0, -EINVAL or -ENOMEM; then nothing is changed.
 */
int isahp_attributes_keep(struct isahp_vm *vm, const json_t *record,
			  struct isahp_error *err);

/**
 * isahp_attributes_admit - may a VM with this record come here
 * @vm: as which it would come.
 * @record: hostile; copied.
 * @options: what the operator takes on himself.
 * @ret_data: a new object: `admission`, and `text` for people; also on refusal.
 * @err: the refusal in one line, or what is wrong with the record.
 *
 * Held against what this host's CPU is. A QEMU that emulates is its own host. When
 * the VM is admitted and awaited, the record is kept once it has arrived.
 *
 * Return: 0; -EPERM: refused; -EINVAL or -ENOMEM; but for 0, nothing is changed.
 */
int isahp_attributes_admit(struct isahp_vm *vm, const json_t *record,
			   const struct isahp_admission_options *options,
			   json_t **ret_data, struct isahp_error *err);

/**
 * isahp_attributes_envelope_set - what may ever be announced, from now on
 * @vm: any.
 * @envelope: features. What is announced now, and what was promised, stay in it.
 * @err: says why not.
 *
 * Nothing is announced by it, and nothing taken. What a guest that is not masked
 * does not see in its CPUID is not announced to it, whatever the envelope says. It
 * travels with the VM.
 *
 * Return: 0, or -EBUSY while a job is at work, which was judged by the old one.
 */
int isahp_attributes_envelope_set(struct isahp_vm *vm,
				  const struct isahp_features *envelope,
				  struct isahp_error *err);

/** isahp_attributes_arrived - it runs here now: what was admitted is kept */
void isahp_attributes_arrived(struct isahp_vm *vm);

/** isahp_attributes_rebooted - another kernel: what the one before went by is void */
void isahp_attributes_rebooted(struct isahp_vm *vm);

/** isahp_attributes_gone - it has moved, or is forgotten: so is what was stored */
void isahp_attributes_gone(struct isahp_vm *vm);

/** isahp_attributes_awaited_none - nobody is awaited any more */
void isahp_attributes_awaited_none(struct isahp_vm *vm);

/**
 * isahp_attributes_shown - what QEMU's CPU shows
 * @vm: of the QEMU.
 * @shown: taken over.
 * @layout: of XSAVE images.
 * @kvm: the CPU below executes it.
 */
void isahp_attributes_shown(struct isahp_vm *vm, struct isahp_profile *shown,
			    const struct isahp_layout *layout, bool kvm);

/**
 * isahp_attributes_load - what was stored for a VM of this name, if anything was
 * @vm: just added, without a record.
 *
 * Pool and promises, and not what its kernel was shown or said: a QEMU that comes now
 * boots another, or is awaited with its record. What is not a record is left alone,
 * and logged.
 */
void isahp_attributes_load(struct isahp_vm *vm);

/** isahp_attributes_show - what `vm show` says of it; a new object */
json_t *isahp_attributes_show(const struct isahp_vm *vm);

/** isahp_attributes_free - what it owns of a VM; what was stored stays */
void isahp_attributes_free(struct isahp_vm *vm);

#endif /* ISAHP_SHIM_ATTRIBUTES_H */
