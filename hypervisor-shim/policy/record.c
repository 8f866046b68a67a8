// SPDX-License-Identifier: GPL-2.0-or-later
#include "record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <isa-core/features.h>

#include "errata.h"
#include "hex.h"
#include "names.h"
#include "text.h"

#define FORMAT_KEY "isahp-vm"
/* Objects within the record. */
#define GUEST "guest"
#define XSAVE "xsave"
#define CPUID "cpuid"
#define WORKAROUNDS "workarounds"

/* Those that the guest itself told lie in "guest". */
static const struct {
	const char *name;
	bool guests;
} lists[] = {
	[ISAHP_VM_BASELINE] = { "baseline" },
	[ISAHP_VM_SHOWN] = { "shown" },
	[ISAHP_VM_ENVELOPE] = { "envelope" },
	[ISAHP_VM_ANNOUNCED] = { "announced" },
	[ISAHP_VM_PINNED] = { "pinned", true },
};

const char *isahp_vm_list_name(enum isahp_vm_list list)
{
	return (size_t)list < ISAHP_VM_LISTS ? lists[list].name : "";
}

static int bad(struct isahp_error *err, const char *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int bad(struct isahp_error *err, const char *place, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
			       "VM record: %s: %s", place, what);
}

/* --- reading --------------------------------------------------------------- */

static void add_unknown(struct isahp_vm_record *record, enum isahp_vm_list list,
			const char *name)
{
	struct isahp_vm_unknown *u = &record->unknown[record->unknown_count];

	if (record->unknown_count == ISAHP_VM_RECORD_UNKNOWN_MAX) {
		record->unknown_more = true;
		return;
	}
	u->list = list;
	isahp_text_sanitize(u->name, sizeof(u->name), name, strlen(name));
	record->unknown_count++;
}

static int read_list(const json_t *object, enum isahp_vm_list list,
		     struct isahp_vm_record *record, struct isahp_error *err)
{
	const char *name = lists[list].name;
	const json_t *array = json_object_get(object, name), *item;
	size_t i;

	if (!array)
		return 0;
	if (!json_is_array(array) ||
	    json_array_size(array) > ISAHP_VM_RECORD_LIST_MAX)
		return bad(err, name, "has to be an array of features' names");
	json_array_foreach(array, i, item) {
		const char *feature = json_string_value(item);
		int number;

		if (!feature)
			return bad(err, name, "a feature's name is a string");
		number = isahp_feature_find(feature, strlen(feature));
		if (number >= 0)
			isahp_features_add(&record->list[list], number);
		else if (list != ISAHP_VM_ENVELOPE)
			/* What may come one day will not be announced: that is all. */
			add_unknown(record, list, feature);
	}
	return 0;
}

static int read_word(const json_t *object, const char *key, char *to,
		     struct isahp_error *err)
{
	const json_t *json = json_object_get(object, key);

	if (!json)
		return 0;
	if (!json_is_string(json) ||
	    !isahp_profile_name_valid(json_string_value(json)))
		return bad(err, key,
			   "has to be printable, without spaces, fewer than 64 characters");
	snprintf(to, ISAHP_PROFILE_NAME_SIZE, "%s", json_string_value(json));
	return 0;
}

static int read_vendor(const json_t *object, const char *key, __u32 *ret_vendor,
		       struct isahp_error *err)
{
	const json_t *json = json_object_get(object, key);
	int vendor;

	if (!json)
		return 0;
	vendor = json_is_string(json) ? isahp_vendor_find(json_string_value(json)) :
					-ENOENT;
	if (vendor < 0)
		return bad(err, key, "has to be intel, amd, hygon, zhaoxin or unknown");
	*ret_vendor = vendor;
	return 0;
}

static int read_bits(const json_t *object, const char *key, unsigned int *ret_bits,
		     struct isahp_error *err)
{
	const json_t *json = json_object_get(object, key);
	json_int_t bits = json_integer_value(json);

	if (!json)
		return 0;
	/* SDM vol. 3A, 4.1.4: 52 and 57 are the most. */
	if (!json_is_integer(json) || bits < 32 || bits > 64)
		return bad(err, key, "has to be a number of address bits, 32 to 64");
	*ret_bits = bits;
	return 0;
}

static int read_errata(const json_t *guest, struct isahp_vm_record *record,
		       struct isahp_error *err)
{
	const json_t *array = json_object_get(guest, WORKAROUNDS), *item;
	size_t i;

	if (!array)
		return 0;
	if (!json_is_array(array) ||
	    json_array_size(array) > ISAHP_VM_RECORD_LIST_MAX)
		return bad(err, GUEST "." WORKAROUNDS, "has to be an array of names");
	json_array_foreach(array, i, item) {
		int number = json_is_string(item) ?
			     isahp_erratum_find(json_string_value(item)) : -ENOENT;

		if (!json_is_string(item))
			return bad(err, GUEST "." WORKAROUNDS, "a name is a string");
		/* One that is not known here is asked for by no host. */
		if (number >= 0)
			record->errata |= 1ULL << number;
	}
	return 0;
}

static int read_xsave(const json_t *guest, struct isahp_vm_record *record,
		      struct isahp_error *err)
{
	const json_t *xcr0 = json_object_get(guest, "xcr0");
	const json_t *xsave = json_object_get(guest, XSAVE);

	if (xcr0 && !isahp_hex_number(xcr0, 16, &record->xcr0))
		return bad(err, GUEST ".xcr0", "has to be as \"0x207\"");
	record->registered = xcr0;
	if (!xsave)
		return 0;
	if (isahp_layout_from_json(xsave, &record->layout, err))
		return bad(err, GUEST "." XSAVE, "is no layout of XSAVE images");
	if (record->layout.xcr0 != record->xcr0)
		return bad(err, GUEST "." XSAVE,
			   "is of other components than xcr0 has");
	return 0;
}

static int read_guest(const json_t *json, struct isahp_vm_record *record,
		      struct isahp_error *err)
{
	const json_t *guest = json_object_get(json, GUEST);
	const json_t *entry = json_object_get(guest, "entry32");
	int rc, found;

	if (!guest)
		return 0;
	if (!json_is_object(guest))
		return bad(err, GUEST, "has to be an object");
	rc = read_list(guest, ISAHP_VM_PINNED, record, err);
	if (!rc)
		rc = read_vendor(guest, "boot_vendor", &record->boot_vendor, err);
	if (!rc)
		rc = read_xsave(guest, record, err);
	if (!rc)
		rc = read_errata(guest, record, err);
	if (rc || !entry)
		return rc;
	found = json_is_string(entry) ?
		isahp_entry_guest_find(json_string_value(entry)) : -ENOENT;
	if (found < 0)
		return bad(err, GUEST ".entry32",
			   "has to be unneeded, follows, fixed or untold");
	record->entry = found;
	return 0;
}

static int read_cpuid(const json_t *json, struct isahp_vm_record *record,
		      struct isahp_error *err)
{
	const json_t *cpuid = json_object_get(json, CPUID);
	struct isahp_error inner;
	int rc;

	if (!cpuid)
		return 0;
	rc = isahp_profile_from_json(cpuid, &record->cpuid, &inner);
	return rc == -EINVAL ? bad(err, CPUID, "%.200s", inner.text) : rc;
}

static int read_header(const json_t *json, struct isahp_vm_record *record,
		       struct isahp_error *err)
{
	const json_t *format = json_object_get(json, FORMAT_KEY);
	const json_t *masked = json_object_get(json, "masked");
	int rc;

	if (!json_is_integer(format) || json_integer_value(format) < 1)
		return bad(err, FORMAT_KEY, "has to be there, and 1");
	if (json_integer_value(format) > ISAHP_VM_RECORD_FORMAT)
		return bad(err, FORMAT_KEY,
			   "%" JSON_INTEGER_FORMAT " is newer than this host's isahp, which knows %d: update it, or choose another host",
			   json_integer_value(format), ISAHP_VM_RECORD_FORMAT);
	rc = read_word(json, "name", record->name, err);
	if (rc)
		return rc;
	if (!*record->name)
		return bad(err, "name", "has to be there");
	if (masked && !json_is_boolean(masked))
		return bad(err, "masked", "has to be true or false");
	record->masked = json_is_true(masked);
	rc = read_word(json, "pool", record->pool, err);
	if (!rc)
		rc = read_word(json, "level", record->level, err);
	if (!rc)
		rc = read_vendor(json, "vendor", &record->vendor, err);
	if (!rc)
		rc = read_bits(json, "physical_bits", &record->physical_bits, err);
	return rc ? rc : read_bits(json, "linear_bits", &record->linear_bits, err);
}

/* Refuses a record in which something is left of a difference. */
static int want_none(const struct isahp_features *a, const struct isahp_features *b,
		     const char *place, const char *format, struct isahp_error *err)
{
	struct isahp_features rest = isahp_features_andnot(a, b);
	char names[128];

	if (isahp_features_empty(&rest))
		return 0;
	isahp_names_format(&rest, names, sizeof(names));
	return bad(err, place, format, names);
}

/* What a VM may use now lies between what it was promised and what may come. */
static int check(const struct isahp_vm_record *record, struct isahp_error *err)
{
	const struct isahp_features *list = record->list;
	struct isahp_features shown = isahp_profile_features(&record->cpuid), most;
	int rc;

	most = isahp_features_or(&list[ISAHP_VM_ENVELOPE], &list[ISAHP_VM_BASELINE]);
	rc = want_none(&list[ISAHP_VM_BASELINE], &list[ISAHP_VM_ANNOUNCED], "announced",
		       "lacks %s of the baseline, which is never taken", err);
	if (!rc)
		rc = want_none(&shown, &list[ISAHP_VM_SHOWN], CPUID,
			       "shows %s, which is not in \"shown\"", err);
	if (!rc)
		rc = want_none(&list[ISAHP_VM_ANNOUNCED], &most, "announced",
			       "%s: not in the envelope", err);
	return rc;
}

/* What was left out has the value that it has in the plain case. */
static void fill_in(const json_t *json, struct isahp_vm_record *record)
{
	struct isahp_features *list = record->list;

	if (!json_object_get(json, lists[ISAHP_VM_ANNOUNCED].name))
		list[ISAHP_VM_ANNOUNCED] = list[ISAHP_VM_BASELINE];
	if (!json_object_get(json, lists[ISAHP_VM_ENVELOPE].name))
		list[ISAHP_VM_ENVELOPE] = isahp_features_or(
			&list[ISAHP_VM_BASELINE], &list[ISAHP_VM_ANNOUNCED]);
	if (!json_object_get(json, lists[ISAHP_VM_SHOWN].name))
		list[ISAHP_VM_SHOWN] = record->masked ? list[ISAHP_VM_BASELINE] :
							list[ISAHP_VM_ANNOUNCED];
}

static int read_record(const json_t *json, struct isahp_vm_record *record,
		       struct isahp_error *err)
{
	unsigned int i;
	int rc;

	if (!json_is_object(json))
		return bad(err, "document", "has to be a JSON object");
	rc = read_header(json, record, err);
	for (i = 0; !rc && i < ISAHP_VM_LISTS; i++)
		if (!lists[i].guests)
			rc = read_list(json, i, record, err);
	if (!rc)
		rc = read_guest(json, record, err);
	if (!rc)
		rc = read_cpuid(json, record, err);
	if (rc)
		return rc;
	fill_in(json, record);
	return check(record, err);
}

int isahp_vm_record_from_json(const json_t *json,
			      struct isahp_vm_record *ret_record,
			      struct isahp_error *err)
{
	struct isahp_vm_record record = { 0 };
	int rc = read_record(json, &record, err);

	if (!rc) {
		record.document = json_deep_copy(json);
		rc = record.document ? 0 : -ENOMEM;
	}
	if (rc == -ENOMEM)
		isahp_error_set(err, ISAHP_ERROR_FAILED, rc, "out of memory");
	if (rc) {
		isahp_vm_record_free(&record);
		return rc;
	}
	*ret_record = record;
	return 0;
}

void isahp_vm_record_free(struct isahp_vm_record *record)
{
	isahp_profile_free(&record->cpuid);
	json_decref(record->document);
	memset(record, 0, sizeof(*record));
}
