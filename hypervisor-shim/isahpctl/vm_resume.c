// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data;
	int rc = ctl_request(ctl, ctl->socket, "vm-resume", args, &data, &err);

	return ctl_finish(ctl, rc, data, &err, NULL);
}

const struct ctl_command ctl_vm_resume = {
	.name = "vm resume",
	.summary = "say that a VM runs here now (where QMP does not)",
	.usage = "vm resume NAME\n"
		 "Tell isahpd that the VM has just begun to run on this host, after a\n"
		 "migration or a restored snapshot: a COMMIT of what is present here is\n"
		 "written until the guest acknowledges it. With --qmp this is automatic.\n",
	.positionals = ctl_takes_vm,
	.run = run,
};
