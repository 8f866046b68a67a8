// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ctl.h"

static void print(const json_t *data)
{
	if (json_object_get(data, "stopping"))
		printf("%s: what was under way is being stopped\n",
		       ctl_text(data, "vm"));
	else
		ctl_print_answer(data);
}

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data;
	int rc = ctl_request(ctl, ctl->socket, "abort", args, &data, &err);

	return ctl_finish(ctl, rc, data, &err, print);
}

const struct ctl_command ctl_abort = {
	.name = "abort",
	.summary = "what was prepared will not happen; also stops a migration",
	.usage = "abort VM\n"
		 "End what `prepare` began: all is as it was. While `announce` or\n"
		 "`migrate` is under way for the VM, stops that.\n",
	.positionals = ctl_takes_vm,
	.run = run,
};
