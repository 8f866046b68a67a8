// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data;
	int rc = ctl_request(ctl, ctl->socket, "commit", args, &data, &err);

	return ctl_finish(ctl, rc, data, &err, ctl_print_answer);
}

static const struct ctl_option options[] = {
	{ "force", CTL_FLAG, "force" },
	{ 0 },
};

const struct ctl_command ctl_commit = {
	.name = "commit",
	.summary = "what was prepared has happened",
	.usage = "commit VM [--force]\n"
		 "End what `prepare` began: the features are gone. Refused while the\n"
		 "guest has not acknowledged, unless --force.\n",
	.positionals = ctl_takes_vm,
	.options = options,
	.run = run,
};
