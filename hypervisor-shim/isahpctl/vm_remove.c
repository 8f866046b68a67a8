// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data;
	int rc = ctl_request(ctl, ctl->socket, "vm-remove", args, &data, &err);

	return ctl_finish(ctl, rc, data, &err, NULL);
}

const struct ctl_command ctl_vm_remove = {
	.name = "vm remove",
	.summary = "forget a VM and close its socket",
	.usage = "vm remove NAME\n"
		 "Forget a VM. Its guest keeps what was announced last; a PREPARE that\n"
		 "is pending is aborted.\n",
	.positionals = ctl_takes_vm,
	.run = run,
};
