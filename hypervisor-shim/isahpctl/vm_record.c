// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "mitigations.h"
#include "move.h"
#include "policy/errata.h"
#include "policy/names.h"
#include "pools.h"
#include "write.h"

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
	/* What QEMU said itself goes before. */
	if (!record->cpuid.leaf_count && record->masked && record->registered &&
	    isahp_features_equal(&record->list[ISAHP_VM_SHOWN], &p.merged.features)) {
		leaf = isahp_profile_leaf(shown, 0x80000008, 0);
		if (leaf && (leaf->known[ISAHP_EAX] & 0xffff) == 0xffff) {
			record->physical_bits = leaf->value[ISAHP_EAX] & 0xff;
			record->linear_bits = leaf->value[ISAHP_EAX] >> 8 & 0xff;
		}
		record->errata = isahp_errata_found(shown);
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
	if (!isahp_features_empty(set))
		return 0;
	return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
			       "isahpd was not told what VM '%s' was promised: name its pool with --pool POOLFILE, or the features with --baseline LIST",
			       record->name);
}

/* The guest's own report counts more than what a kernel of its CPU would do. */
static int take_report(json_t *args, struct isahp_vm_record *record,
		       struct isahp_error *err)
{
	const char *path = json_string_value(json_object_get(args, "vulnerabilities"));
	__u32 vendor = record->boot_vendor ? record->boot_vendor : record->vendor;
	struct isahp_profile guest;
	int rc;

	if (!path)
		return 0;
	rc = ctl_mitigations_read(path, &guest, err);
	if (rc)
		return rc;
	record->errata = isahp_errata_reported(&guest, vendor, record->errata);
	isahp_profile_free(&guest);
	return 0;
}

/* Announcements are for programs: of what only kernels look at they say nothing. */
static void fill_in(struct isahp_vm_record *record)
{
	struct isahp_features *list = record->list, kernels;

	if (isahp_features_empty(&list[ISAHP_VM_ANNOUNCED]))
		list[ISAHP_VM_ANNOUNCED] = list[ISAHP_VM_BASELINE];
	kernels = isahp_features_of_class(ISAHP_CLASS_SYSTEM);
	kernels = isahp_features_and(&kernels, &list[ISAHP_VM_BASELINE]);
	list[ISAHP_VM_ANNOUNCED] = isahp_features_or(&list[ISAHP_VM_ANNOUNCED], &kernels);
	if (!record->registered && !record->cpuid.leaf_count)
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

/* Of what the pool has told since, nothing is missing any more. */
static void tell_missing(const struct isahp_vm_record *record, const json_t *untold)
{
	const json_t *item;
	bool begun = false;
	size_t i;

	json_array_foreach(untold, i, item) {
		const char *what = json_string_value(item);

		if (!what || (record->cpuid.leaf_count && strstr(what, "CPUID")))
			continue;
		if (!begun)
			fprintf(stderr, "isahpctl: VM '%s': the record does not tell",
				record->name);
		fprintf(stderr, "%s %s", begun ? ";" : "", what);
		begun = true;
	}
	if (begun)
		fputc('\n', stderr);
}

static int take(const struct ctl *ctl, json_t *args, struct isahp_vm_record *record,
		json_t **ret_untold, struct isahp_error *err)
{
	const char *vm = json_string_value(json_object_get(args, "vm"));
	struct isahp_error inner;
	json_t *data;
	int rc = ctl_move_record(ctl, ctl->socket, vm, &data, err);

	if (rc)
		return rc;
	if (isahp_vm_record_from_json(json_object_get(data, "record"), record, &inner))
		rc = isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				     "isahpd's record of VM '%s' is none that this isahpctl knows: %.700s",
				     vm, inner.text);
	else
		*ret_untold = json_incref(json_object_get(data, "untold"));
	json_decref(data);
	return rc;
}

static int run(const struct ctl *ctl, json_t *args)
{
	const char *out = json_string_value(json_object_get(args, "out"));
	struct isahp_vm_record record = { 0 };
	json_t *untold = NULL;
	struct isahp_error err;
	int rc = take(ctl, args, &record, &untold, &err);

	if (!rc)
		rc = take_baseline(args, &record, &err);
	if (!rc)
		rc = take_report(args, &record, &err);
	if (!rc) {
		fill_in(&record);
		rc = contradicts(&record, &err);
	}
	if (!rc)
		rc = ctl_write_json(out, isahp_vm_record_to_json(&record), &err);
	if (!rc)
		tell_missing(&record, untold);
	json_decref(untold);
	isahp_vm_record_free(&record);
	return rc ? ctl_finish(ctl, rc, NULL, &err, NULL) : 0;
}

static const struct ctl_option options[] = {
	{ "pool", CTL_FILE, "pool" },
	{ "baseline", CTL_FEATURES, "baseline" },
	{ "vulnerabilities", CTL_FILE, "vulnerabilities" },
	{ "out", CTL_FILE, "out" },
	{ 0 },
};

const struct ctl_command ctl_vm_record = {
	.name = "vm record",
	.summary = "write down what has to be known of a VM where it goes",
	.usage =
	"vm record NAME [--pool POOLFILE | --baseline LIST]\n"
	"       [--vulnerabilities FILE] [--out FILE]\n"
	"Write a running VM's record, in JSON, for `vm check` and `pool plan`: its\n"
	"baseline, what is announced to it, what its CPUID shows, what its kernel said\n"
	"it needs, the layout of its register images, and what it came with from other\n"
	"hosts. What isahpd does not know of it is left out, and named on standard\n"
	"error; a host is not taken to have what the record does not tell.\n"
	"\n"
	"  --pool POOLFILE   the pool whose promise the VM was given\n"
	"  --baseline LIST   what the VM was promised, where isahpd was not told\n"
	"  --vulnerabilities FILE   what its kernel works around, as it says itself: of\n"
	"                    `grep -r . /sys/devices/system/cpu/vulnerabilities` there;\n"
	"                    - is standard input\n"
	"  --out FILE        write it there, all or nothing\n",
	.positionals = ctl_takes_vm,
	.options = options,
	.run = run,
};
