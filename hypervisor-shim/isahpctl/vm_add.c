// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include <isa-core/features.h>

#include "ctl.h"
#include "pools.h"

static void print(const json_t *vm)
{
	printf("%s: added, %s at %s\n", ctl_text(vm, "name"),
	       ctl_text(vm, "kind"), ctl_text(vm, "socket"));
	if (!strcmp(ctl_text(vm, "kind"), "ivshmem"))
		printf("QEMU: -chardev socket,id=iv,path=%s -device ivshmem-doorbell,chardev=iv,vectors=2,master=on\n",
		       ctl_text(vm, "socket"));
}

/* A VM that is yet to boot, as the pool's VMs are. */
static int take_pool(json_t *args, const char *path, struct isahp_error *err)
{
	struct isahp_vm_record record = {
		.masked = json_is_true(json_object_get(args, "masked")),
	};
	struct ctl_pool p;
	int rc = ctl_pool_open(path, &p, err);

	if (rc)
		return rc;
	snprintf(record.name, sizeof(record.name), "%s", ctl_text(args, "name"));
	snprintf(record.pool, sizeof(record.pool), "%s", p.pool.name);
	snprintf(record.level, sizeof(record.level), "%s", ctl_pool_level(&p.pool));
	record.list[ISAHP_VM_BASELINE] = p.merged.features;
	record.list[ISAHP_VM_ANNOUNCED] = p.merged.features;
	record.list[ISAHP_VM_SHOWN] = p.merged.features;
	record.list[ISAHP_VM_ENVELOPE] = isahp_features_known();
	json_object_set_new(args, "record", isahp_vm_record_to_json(&record));
	ctl_pool_close(&p);
	return 0;
}

static int take_record(json_t *args, const char *path, struct isahp_error *err)
{
	struct isahp_vm_record record;
	int rc = ctl_record_load(path, &record, err);

	if (rc)
		return rc;
	json_object_set(args, "record", record.document);
	isahp_vm_record_free(&record);
	return 0;
}

/* What it comes with. */
static int take_attributes(json_t *args, struct isahp_error *err)
{
	json_t *pool = json_incref(json_object_get(args, "pool"));
	json_t *record = json_incref(json_object_get(args, "record"));
	int rc = 0;

	json_object_del(args, "pool");
	json_object_del(args, "record");
	if (pool && record)
		rc = isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				     "either --pool or --record: a record names its pool");
	else if (pool)
		rc = take_pool(args, json_string_value(pool), err);
	else if (record)
		rc = take_record(args, json_string_value(record), err);
	json_decref(pool);
	json_decref(record);
	return rc;
}

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data = NULL;
	int rc = take_attributes(args, &err);

	if (rc)
		return ctl_finish(ctl, rc, NULL, &err, NULL);

	if (json_object_get(args, "loopback")) {
		json_object_del(args, "loopback");
		json_object_set_new(args, "kind", json_string("loopback"));
	}
	rc = ctl_request(ctl, ctl->socket, "vm-add", args, &data, &err);
	return ctl_finish(ctl, rc, data, &err, print);
}

static const struct ctl_option options[] = {
	{ "present", CTL_FEATURES, "present" },
	{ "qmp", CTL_FILE, "qmp" },
	{ "vendor", CTL_VENDOR, "vendor" },
	{ "masked", CTL_FLAG, "masked" },
	{ "baseline", CTL_FEATURES, "baseline" },
	{ "envelope", CTL_FEATURES, "envelope" },
	{ "pool", CTL_FILE, "pool" },
	{ "record", CTL_FILE, "record" },
	{ "loopback", CTL_FLAG, "loopback" },
	{ "socket", CTL_FILE, "socket" },
	{ "play-silent", CTL_FLAG, "play_silent" },
	{ 0 },
};

static const struct ctl_positional positionals[] = {
	{ "NAME", CTL_TEXT, "name", CTL_ONE },
	{ 0 },
};

const struct ctl_command ctl_vm_add = {
	.name = "vm add",
	.summary = "make a VM known, and the socket its QEMU connects to",
	.usage =
	"vm add NAME [OPTION]...\n"
	"Make a VM known to isahpd, which then listens for its QEMU.\n"
	"\n"
	"  --qmp PATH        QEMU's QMP socket: features, vendor and run state are\n"
	"                    read from it, and `migrate` needs it\n"
	"  --present LIST    features of the host under the VM, instead of QEMU's\n"
	"                    word: flags as in /proc/cpuinfo, `native`, `none`,\n"
	"                    `x86-64-v1` to `-v4`, `-NAME` to take one out again;\n"
	"                    what they depend on is added\n"
	"  --vendor NAME     intel, amd, hygon, zhaoxin: who made the CPU\n"
	"  --masked          the guest's CPUID shows less than --present; what its\n"
	"                    hypervisor refuses it for that is not announced\n"
	"  --baseline LIST   what every host of the pool has\n"
	"  --envelope LIST   what may ever be announced\n"
	"  --pool POOLFILE   the pool whose promise it is given\n"
	"  --record FILE     the record that it comes with, as from a snapshot; one that\n"
	"                    migrates here brings its own\n"
	"  --loopback        no VM: this machine's processes are the guest\n"
	"  --socket PATH     where to listen (default: in isahpd's directory,\n"
	"                    vm-NAME.sock or loopback.sock)\n"
	"  --play-silent     loopback only: silent features may be removed\n",
	.positionals = positionals,
	.options = options,
	.run = run,
};
