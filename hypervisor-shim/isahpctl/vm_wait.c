// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data;
	int rc;

	if (!json_object_get(args, "for"))
		json_object_set_new(args, "for", json_string("settled"));
	rc = ctl_request(ctl, ctl->socket, "vm-await", args, &data, &err);
	return ctl_finish(ctl, rc, data, &err, NULL);
}

static const struct ctl_option options[] = {
	{ "for", CTL_CONDITION, "for" },
	{ "timeout", CTL_NUMBER, "timeout_ms" },
	{ 0 },
};

const struct ctl_command ctl_vm_wait = {
	.name = "vm wait",
	.summary = "wait until something is true of a VM",
	.usage = "vm wait NAME [--for target|registered|settled] [--timeout MS]\n"
		 "Wait until the features of the VM's host are known (target), its guest\n"
		 "has registered (registered), or has acknowledged what is in force\n"
		 "(settled, the default). Exit code 4 after --timeout (default 10000).\n",
	.positionals = ctl_takes_vm,
	.options = options,
	.run = run,
};
