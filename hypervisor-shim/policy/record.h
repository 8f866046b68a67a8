/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to be known of a VM where it goes: the attributes that travel with it.
 *
 * A JSON object (docs/policy.md). Newer writers may say more: what this version
 * does not know is carried along as it is. A feature that it does not know is not
 * lost either: nobody here can say whether a host has it, and admission says so.
 */
#ifndef ISAHP_SHIM_RECORD_H
#define ISAHP_SHIM_RECORD_H

#include <isahp/abi.h>
#include <jansson.h>
#include <stdbool.h>

#include "entry.h"
#include "error.h"
#include "layout.h"
#include "profile.h"

#define ISAHP_VM_RECORD_FORMAT 1 /* of the JSON form */
#define ISAHP_VM_RECORD_UNKNOWN_MAX 16
#define ISAHP_VM_RECORD_LIST_MAX 512

/** enum isahp_vm_list - the lists of features in a record */
enum isahp_vm_list {
	ISAHP_VM_BASELINE,	/* promised for the VM's whole life */
	ISAHP_VM_SHOWN,		/* what its CPUID shows */
	ISAHP_VM_ENVELOPE,	/* what may come and go */
	ISAHP_VM_ANNOUNCED,	/* what programs may use now, all in all */
	ISAHP_VM_PINNED,	/* what its kernel cannot lose */
	ISAHP_VM_LISTS,
};

/**
 * struct isahp_vm_unknown - a feature that this version has no row for
 * @list: where it stands.
 * @name: printable ASCII.
 */
struct isahp_vm_unknown {
	enum isahp_vm_list list;
	char name[40];
};

/**
 * struct isahp_vm_record - one VM
 * @name: printable ASCII, no spaces.
 * @pool: it belongs to; empty: not told.
 * @level: as the operator chose it; empty: none.
 * @masked: @shown is the baseline, and all else is announced.
 * @list: by enum isahp_vm_list. Without a `shown`, the baseline of a masked VM;
 *	of any other what is announced.
 * @registered: the guest told @list[ISAHP_VM_PINNED], @xcr0 and @layout.
 * @xcr0: XSAVE components that its kernel has enabled.
 * @layout: of its XSAVE images.
 * @boot_vendor: enum isahp_vendor that its kernel was booted on.
 * @vendor: that it runs on now.
 * @entry: what it can do about its 32-bit system calls.
 * @physical_bits: of addresses, as its CPUID shows; 0: not told.
 * @linear_bits: the same.
 * @errata: those that its kernel works around: a mask by their numbers.
 * @cpuid: what its CPUID shows, bit by bit; no leaves: not told.
 * @unknown: features without a row, but for those of the envelope alone.
 * @unknown_count: of @unknown.
 * @unknown_more: there are more than that.
 * @document: what it was read from, or NULL; owned.
 */
struct isahp_vm_record {
	char name[ISAHP_PROFILE_NAME_SIZE];
	char pool[ISAHP_PROFILE_NAME_SIZE];
	char level[ISAHP_PROFILE_NAME_SIZE];
	bool masked;
	struct isahp_features list[ISAHP_VM_LISTS];
	bool registered;
	__u64 xcr0;
	struct isahp_layout layout;
	__u32 boot_vendor;
	__u32 vendor;
	enum isahp_entry_guest entry;
	unsigned int physical_bits;
	unsigned int linear_bits;
	__u64 errata;
	struct isahp_profile cpuid;
	struct isahp_vm_unknown unknown[ISAHP_VM_RECORD_UNKNOWN_MAX];
	size_t unknown_count;
	bool unknown_more;
	json_t *document;
};

/** isahp_vm_list_name - baseline, shown, envelope, announced, pinned */
const char *isahp_vm_list_name(enum isahp_vm_list list);

/**
 * isahp_vm_record_from_json - read one
 * @json: hostile.
 * @ret_record: to be freed; untouched on failure.
 * @err: names the place and what is wrong there.
 *
 * Return: 0, -EINVAL (not a record, a newer format, or one that contradicts
 * itself), or -ENOMEM.
 */
int isahp_vm_record_from_json(const json_t *json,
			      struct isahp_vm_record *ret_record,
			      struct isahp_error *err);

/**
 * isahp_vm_record_to_json - write one
 *
 * Starts from the document that was read: what has not changed is as it was, byte
 * by byte when it is dumped.
 *
 * Return: a new object; NULL: out of memory.
 */
json_t *isahp_vm_record_to_json(const struct isahp_vm_record *record);

/** isahp_vm_record_free - what it owns; all zero then */
void isahp_vm_record_free(struct isahp_vm_record *record);

#endif /* ISAHP_SHIM_RECORD_H */
