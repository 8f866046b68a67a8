// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing starts from the document that was read, and replaces what reads
 * differently now: what is unknown, and how the rest was spelled, stays.
 */
#include "record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <isa-core/features.h>

#include "errata.h"
#include "hex.h"
#include "names.h"

/* Sets what is not so already. All return 0, or -1 when memory is short. */
static int put(json_t *object, const char *key, json_t *value)
{
	if (value && json_equal(json_object_get(object, key), value)) {
		json_decref(value);
		return 0;
	}
	return json_object_set_new(object, key, value);
}

static int put_word(json_t *object, const char *key, const char *word)
{
	return *word ? put(object, key, json_string(word)) : 0;
}

static int put_hex(json_t *object, const char *key, __u64 value)
{
	char text[24];
	__u64 was;

	if (isahp_hex_number(json_object_get(object, key), 16, &was) && was == value)
		return 0;
	snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)value);
	return put(object, key, json_string(text));
}

static int put_vendor(json_t *object, const char *key, __u32 vendor)
{
	const char *was = json_string_value(json_object_get(object, key));

	if (was ? isahp_vendor_find(was) == (int)vendor : !vendor)
		return 0;
	return put(object, key, json_string(isahp_vendor_name(vendor)));
}

/* Names that have no row stay, behind those that have. */
static int put_list(json_t *object, enum isahp_vm_list list,
		    const struct isahp_vm_record *record)
{
	const char *key = isahp_vm_list_name(list);
	json_t *old = json_object_get(object, key), *item, *array;
	struct isahp_features was = isahp_features_none();
	size_t i;

	json_array_foreach(old, i, item) {
		int number = isahp_feature_find(json_string_value(item),
						json_string_length(item));

		if (number >= 0)
			isahp_features_add(&was, number);
	}
	if (old && isahp_features_equal(&was, &record->list[list]))
		return 0;
	array = isahp_names_to_json(&record->list[list]);
	json_array_foreach(old, i, item)
		if (isahp_feature_find(json_string_value(item),
				       json_string_length(item)) < 0)
			json_array_append(array, item);
	return json_object_set_new(object, key, array);
}

/* Left out, they are read as what they mostly are: fill_in() of record.c. */
static bool goes_without_saying(const struct isahp_vm_record *record,
				enum isahp_vm_list list)
{
	const struct isahp_features *l = record->list;
	struct isahp_features most;

	switch (list) {
	case ISAHP_VM_BASELINE:
		return isahp_features_empty(&l[list]);
	case ISAHP_VM_ANNOUNCED:
		return isahp_features_equal(&l[list], &l[ISAHP_VM_BASELINE]);
	case ISAHP_VM_ENVELOPE:
		most = isahp_features_or(&l[ISAHP_VM_BASELINE],
					 &l[ISAHP_VM_ANNOUNCED]);
		return isahp_features_equal(&l[list], &most);
	case ISAHP_VM_SHOWN:
		return isahp_features_equal(&l[list],
					    &l[record->masked ? ISAHP_VM_BASELINE :
						ISAHP_VM_ANNOUNCED]);
	default:
		return false;
	}
}

static int put_lists(json_t *document, const struct isahp_vm_record *record)
{
	unsigned int i;
	int rc = 0;

	for (i = ISAHP_VM_BASELINE; i <= ISAHP_VM_ANNOUNCED; i++)
		if (json_object_get(document, isahp_vm_list_name(i)) ||
		    !goes_without_saying(record, i))
			rc |= put_list(document, i, record);
	return rc;
}

static int put_errata(json_t *guest, const struct isahp_vm_record *record)
{
	json_t *old = json_object_get(guest, "workarounds"), *item, *array;
	__u64 was = 0;
	size_t at;
	int number;

	json_array_foreach(old, at, item) {
		number = isahp_erratum_find(json_string_value(item));
		if (number >= 0)
			was |= 1ULL << number;
	}
	if (was == record->errata)
		return 0;
	array = isahp_errata_to_json(record->errata);
	json_array_foreach(old, at, item)
		if (isahp_erratum_find(json_string_value(item)) < 0)
			json_array_append(array, item);
	return json_object_set_new(guest, "workarounds", array);
}

/* Components that a newer writer described further keep what it said. */
static int put_layout(json_t *guest, const struct isahp_vm_record *record)
{
	const json_t *old = json_object_get(guest, "xsave");
	json_t *is = isahp_layout_to_json(&record->layout), *was = NULL;
	struct isahp_layout layout;
	struct isahp_error err;
	bool same;

	if (old && !isahp_layout_from_json(old, &layout, &err))
		was = isahp_layout_to_json(&layout);
	same = was && json_equal(is, was);
	json_decref(was);
	if (!record->layout.known || same) {
		json_decref(is);
		return 0;
	}
	return json_object_set_new(guest, "xsave", is);
}

static bool has_guest(const struct isahp_vm_record *record)
{
	return record->registered || record->boot_vendor || record->errata ||
	       record->entry != ISAHP_ENTRY_UNTOLD ||
	       !isahp_features_empty(&record->list[ISAHP_VM_PINNED]);
}

static int put_guest(json_t *document, const struct isahp_vm_record *record)
{
	json_t *guest = json_object_get(document, "guest");
	int rc = 0;

	if (!guest) {
		if (!has_guest(record))
			return 0;
		guest = json_object();
		rc = json_object_set_new(document, "guest", guest);
		if (rc)
			return rc;
	}
	rc |= put_vendor(guest, "boot_vendor", record->boot_vendor);
	if (record->entry != ISAHP_ENTRY_UNTOLD || json_object_get(guest, "entry32"))
		rc |= put(guest, "entry32",
			  json_string(isahp_entry_guest_name(record->entry)));
	if (!isahp_features_empty(&record->list[ISAHP_VM_PINNED]) ||
	    json_object_get(guest, "pinned"))
		rc |= put_list(guest, ISAHP_VM_PINNED, record);
	rc |= put_errata(guest, record);
	if (!record->registered)
		return rc;
	rc |= put_hex(guest, "xcr0", record->xcr0);
	return rc | put_layout(guest, record);
}

static int put_cpuid(json_t *document, const struct isahp_vm_record *record)
{
	if (!record->cpuid.leaf_count)
		return 0;
	return put(document, "cpuid", isahp_profile_to_json(&record->cpuid));
}

static int put_header(json_t *document, const struct isahp_vm_record *record)
{
	int rc = 0;

	if (!json_object_get(document, "isahp-vm"))
		rc = json_object_set_new(document, "isahp-vm",
					 json_integer(ISAHP_VM_RECORD_FORMAT));
	rc |= put_word(document, "name", record->name);
	rc |= put_word(document, "pool", record->pool);
	rc |= put_word(document, "level", record->level);
	if (record->masked || json_object_get(document, "masked"))
		rc |= put(document, "masked", json_boolean(record->masked));
	rc |= put_vendor(document, "vendor", record->vendor);
	if (record->physical_bits)
		rc |= put(document, "physical_bits",
			  json_integer(record->physical_bits));
	if (record->linear_bits)
		rc |= put(document, "linear_bits", json_integer(record->linear_bits));
	return rc;
}

json_t *isahp_vm_record_to_json(const struct isahp_vm_record *record)
{
	json_t *document = record->document ? json_deep_copy(record->document) :
					      json_object();

	if (!document || put_header(document, record) ||
	    put_lists(document, record) || put_guest(document, record) ||
	    put_cpuid(document, record)) {
		json_decref(document);
		return NULL;
	}
	return document;
}
