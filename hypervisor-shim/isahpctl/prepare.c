// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data;
	int rc = ctl_request(ctl, ctl->socket, "prepare", args, &data, &err);

	return ctl_finish(ctl, rc, data, &err, ctl_print_answer);
}

static const struct ctl_option options[] = {
	{ "remove", CTL_FEATURES, "remove" },
	{ "vendor-next", CTL_VENDOR, "vendor_next" },
	{ "deadline", CTL_NUMBER, "deadline_ms" },
	{ 0 },
};

const struct ctl_command ctl_prepare = {
	.name = "prepare",
	.summary = "ask a guest to let go of features, and leave it at that",
	.usage =
	"prepare VM [--remove LIST] [--vendor-next NAME] [--deadline MS]\n"
	"The first half of a removal: `commit` or `abort` is the second. Says how\n"
	"long the acknowledgement took. Without one the exit code is 4, and the\n"
	"request stays pending until `abort`.\n"
	"\n"
	"  --remove LIST        features that leave, with what depends on them\n"
	"  --vendor-next NAME   the CPU's vendor changes, too\n"
	"  --deadline MS        how long the guest may take (default 5000)\n",
	.positionals = ctl_takes_vm,
	.options = options,
	.run = run,
};
