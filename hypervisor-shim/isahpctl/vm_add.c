// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static void print(const json_t *vm)
{
	printf("%s: added, %s at %s\n", ctl_text(vm, "name"),
	       ctl_text(vm, "kind"), ctl_text(vm, "socket"));
	if (!strcmp(ctl_text(vm, "kind"), "ivshmem"))
		printf("QEMU: -chardev socket,id=iv,path=%s -device ivshmem-doorbell,chardev=iv,vectors=2,master=on\n",
		       ctl_text(vm, "socket"));
}

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data;
	int rc;

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
	"  --loopback        no VM: this machine's processes are the guest\n"
	"  --socket PATH     where to listen (default: in isahpd's directory,\n"
	"                    vm-NAME.sock or loopback.sock)\n"
	"  --play-silent     loopback only: silent features may be removed\n",
	.positionals = positionals,
	.options = options,
	.run = run,
};
