// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "ctl.h"
#include "policy/errata.h"
#include "policy/names.h"
#include "pools.h"
#include "write.h"

/* --- what isahpd tells ------------------------------------------------------- */

static int strange(const struct isahp_error *inner, const char *key,
		   struct isahp_error *err)
{
	return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
			       "isahpd says of %s what this isahpctl does not know (%s): update it",
			       key, inner ? inner->text : "another form");
}

static int take_set(const json_t *object, const char *key, struct isahp_features *ret,
		    struct isahp_error *err)
{
	const json_t *array = json_object_get(object, key);
	struct isahp_error inner;

	*ret = isahp_features_none();
	if (array && isahp_names_from_json(array, ret, &inner))
		return strange(&inner, key, err);
	return 0;
}

static __u32 vendor_of(const json_t *object, const char *key)
{
	int vendor = isahp_vendor_find(ctl_text(object, key));

	return vendor < 0 ? ISAHP_VENDOR_UNKNOWN : (__u32)vendor;
}

static int take_guest(const json_t *guest, struct isahp_vm_record *record,
		      struct isahp_error *err)
{
	const json_t *xsave = json_object_get(guest, "xsave");
	struct isahp_error inner;
	int rc;

	if (!json_is_true(json_object_get(guest, "registered")))
		return 0;
	record->registered = true;
	record->xcr0 = (__u64)ctl_integer(guest, "xcr0");
	record->boot_vendor = vendor_of(guest, "boot_vendor");
	rc = take_set(guest, "pinned", &record->list[ISAHP_VM_PINNED], err);
	if (!rc)
		rc = take_set(guest, "visible", &record->list[ISAHP_VM_SHOWN], err);
	if (rc || !xsave)
		return rc;
	return isahp_layout_from_json(xsave, &record->layout, &inner) ?
		       strange(&inner, "xsave", err) : 0;
}

static int take_show(const json_t *show, struct isahp_vm_record *record,
		     struct isahp_error *err)
{
	const json_t *announced = json_object_get(show, "record");
	struct isahp_features *list = record->list;
	int rc;

	if (!strcmp(ctl_text(show, "kind"), "loopback"))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "'%s' is this machine's own processes, which move nowhere",
				       ctl_text(show, "name"));
	snprintf(record->name, sizeof(record->name), "%s", ctl_text(show, "name"));
	record->masked = json_is_true(json_object_get(show, "masked"));
	record->vendor = vendor_of(announced, "vendor");
	if (record->vendor == ISAHP_VENDOR_UNKNOWN)
		record->vendor = vendor_of(show, "host_vendor");
	rc = take_set(announced, "present", &list[ISAHP_VM_ANNOUNCED], err);
	/* Before its first record: what that will have. */
	if (!rc && isahp_features_empty(&list[ISAHP_VM_ANNOUNCED]))
		rc = take_set(show, "host_features", &list[ISAHP_VM_ANNOUNCED], err);
	if (!rc)
		rc = take_set(show, "baseline", &list[ISAHP_VM_BASELINE], err);
	if (!rc)
		rc = take_set(show, "envelope", &list[ISAHP_VM_ENVELOPE], err);
	return rc ? rc : take_guest(json_object_get(show, "guest"), record, err);
}

/* --- what isahpd does not know ----------------------------------------------- */

/* Of a VM that was given what the pool promises, the pool knows the rest. */
static int take_pool(const char *path, struct isahp_vm_record *record,
		     struct isahp_error *err)
{
	const struct isahp_cpuid_leaf *leaf;
	struct isahp_profile *shown;
	struct ctl_pool p;
	int rc = ctl_pool_open(path, &p, err);

	if (rc)
		return rc;
	snprintf(record->pool, sizeof(record->pool), "%s", p.pool.name);
	snprintf(record->level, sizeof(record->level), "%s", ctl_pool_level(&p.pool));
	record->list[ISAHP_VM_BASELINE] = p.merged.features;
	shown = &p.merged.profile;
	if (record->masked && record->registered &&
	    isahp_features_equal(&record->list[ISAHP_VM_SHOWN], &p.merged.features)) {
		leaf = isahp_profile_leaf(shown, 0x80000008, 0);
		if (leaf && (leaf->known[ISAHP_EAX] & 0xffff) == 0xffff) {
			record->physical_bits = leaf->value[ISAHP_EAX] & 0xff;
			record->linear_bits = leaf->value[ISAHP_EAX] >> 8 & 0xff;
		}
		record->errata = isahp_errata_of(shown);
		record->cpuid = *shown;
		*shown = (struct isahp_profile){ 0 };
	}
	ctl_pool_close(&p);
	return 0;
}

static int take_baseline(json_t *args, struct isahp_vm_record *record,
			 struct isahp_error *err)
{
	const char *pool = json_string_value(json_object_get(args, "pool"));
	const char *list = json_string_value(json_object_get(args, "baseline"));
	struct isahp_features *set = &record->list[ISAHP_VM_BASELINE];

	if (pool)
		return take_pool(pool, record, err);
	if (list)
		return isahp_names_parse(list, set, err) ? (int)err->class : 0;
	/* The CPUID of a masked VM shows the baseline, and no more. */
	if (isahp_features_empty(set) && record->masked && record->registered)
		*set = record->list[ISAHP_VM_SHOWN];
	if (!isahp_features_empty(set))
		return 0;
	return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
			       "isahpd was not told what VM '%s' was promised: name its pool with --pool POOLFILE, or the features with --baseline LIST",
			       record->name);
}

/* What has not been said yet is as it will be. */
static void fill_in(struct isahp_vm_record *record)
{
	struct isahp_features *list = record->list, kernels;

	if (isahp_features_empty(&list[ISAHP_VM_ANNOUNCED]))
		list[ISAHP_VM_ANNOUNCED] = list[ISAHP_VM_BASELINE];
	/* Announcements are for programs: of what only kernels look at they say
	 * nothing, and what was promised of that is there. */
	kernels = isahp_features_of_class(ISAHP_CLASS_SYSTEM);
	kernels = isahp_features_and(&kernels, &list[ISAHP_VM_BASELINE]);
	list[ISAHP_VM_ANNOUNCED] = isahp_features_or(&list[ISAHP_VM_ANNOUNCED], &kernels);
	if (!record->registered)
		list[ISAHP_VM_SHOWN] = list[record->masked ? ISAHP_VM_BASELINE :
							     ISAHP_VM_ANNOUNCED];
}

static int contradicts(const struct isahp_vm_record *record, struct isahp_error *err)
{
	struct isahp_features rest = isahp_features_andnot(
		&record->list[ISAHP_VM_BASELINE], &record->list[ISAHP_VM_ANNOUNCED]);
	char names[512];

	isahp_names_format(&rest, names, sizeof(names));
	if (!*names)
		return 0;
	return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
			       "VM '%s' runs without %s, which the baseline has: it is of another pool",
			       record->name, names);
}

static void tell_missing(const struct isahp_vm_record *record)
{
	fprintf(stderr, "isahpctl: VM '%s': the record does not tell", record->name);
	if (!record->registered)
		fputs(" what its kernel needs (no guest has registered),", stderr);
	if (!record->cpuid.leaf_count)
		fputs(" all of its CPUID (--pool tells, for a masked VM that was given what its pool promises), the widths of its addresses, which errata its kernel works around,",
		      stderr);
	fputs(" what it can do about its 32-bit system calls (guest.entry32)\n", stderr);
}

static int run(const struct ctl *ctl, json_t *args)
{
	const char *out = json_string_value(json_object_get(args, "out"));
	json_t *request = json_pack("{s:O}", "vm", json_object_get(args, "vm"));
	struct isahp_vm_record record = { 0 };
	struct isahp_error err;
	json_t *show;
	int rc = ctl_request(ctl, ctl->socket, "vm-show", request, &show, &err);

	json_decref(request);
	if (!rc)
		rc = take_show(show, &record, &err);
	json_decref(show);
	if (!rc)
		rc = take_baseline(args, &record, &err);
	if (!rc) {
		fill_in(&record);
		rc = contradicts(&record, &err);
	}
	if (!rc)
		rc = ctl_write_json(out, isahp_vm_record_to_json(&record), &err);
	if (!rc)
		tell_missing(&record);
	isahp_vm_record_free(&record);
	return rc ? ctl_finish(ctl, rc, NULL, &err, NULL) : 0;
}

static const struct ctl_option options[] = {
	{ "pool", CTL_FILE, "pool" },
	{ "baseline", CTL_FEATURES, "baseline" },
	{ "out", CTL_FILE, "out" },
	{ 0 },
};

const struct ctl_command ctl_vm_record = {
	.name = "vm record",
	.summary = "write down what has to be known of a VM where it goes",
	.usage =
	"vm record NAME [--pool POOLFILE | --baseline LIST] [--out FILE]\n"
	"Write a running VM's record, in JSON, for `vm check`: its baseline, what is\n"
	"announced to it, what its kernel said it needs, the layout of its register\n"
	"images. What isahpd does not know of it is left out, and named on standard\n"
	"error; a host is not taken to have what the record does not tell.\n"
	"\n"
	"  --pool POOLFILE   the pool whose promise the VM was given\n"
	"  --baseline LIST   what the VM was promised, where isahpd was not told\n"
	"  --out FILE        write it there, all or nothing\n",
	.positionals = ctl_takes_vm,
	.options = options,
	.run = run,
};
