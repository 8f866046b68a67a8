// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ctl.h"

static void print(const json_t *data)
{
	const json_t *vms = json_object_get(data, "vms"), *vm;
	size_t i;

	printf("%-20s %-9s %-9s %-9s %-24s %9s %7s\n", "NAME", "KIND", "STATE",
	       "PHASE", "GUEST", "ACK MS", "RECORD");
	json_array_foreach(vms, i, vm) {
		const json_t *guest = json_object_get(vm, "guest");
		const json_t *stats = json_object_get(vm, "stats");
		const json_t *record = json_object_get(vm, "record");

		printf("%-20s %-9s %-9s %-9s %-24s %9.3f %7lld\n",
		       ctl_text(vm, "name"), ctl_text(vm, "kind"),
		       ctl_text(vm, "run_state"), ctl_text(vm, "phase"),
		       ctl_text(guest, "release"),
		       ctl_real(stats, "ack_ms_last"),
		       ctl_integer(record, "sequence"));
	}
}

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data;
	int rc = ctl_request(ctl, ctl->socket, "vm-list", args, &data, &err);

	return ctl_finish(ctl, rc, data, &err, print);
}

const struct ctl_command ctl_vm_list = {
	.name = "vm list",
	.summary = "the VMs, one per line",
	.usage = "vm list\n"
		 "List the VMs that isahpd knows.\n",
	.run = run,
};
