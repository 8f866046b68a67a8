// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data;
	int rc = ctl_request(ctl, ctl->socket, "announce", args, &data, &err);

	return ctl_finish(ctl, rc, data, &err, ctl_print_answer);
}

static const struct ctl_option options[] = {
	{ "add", CTL_FEATURES, "add" },
	{ "remove", CTL_FEATURES, "remove" },
	{ "present", CTL_FEATURES, "present" },
	{ "deadline", CTL_NUMBER, "deadline_ms" },
	{ "force", CTL_FLAG, "force" },
	{ 0 },
};

const struct ctl_command ctl_announce = {
	.name = "announce",
	.summary = "change a guest's features without moving it",
	.usage =
	"announce VM (--add LIST | --remove LIST | --present LIST)\n"
	"       [--deadline MS] [--force]\n"
	"Announce that features arrive or leave. A removal is prepared, committed\n"
	"once the guest has acknowledged it, and aborted when it does not: then the\n"
	"laggards are named and the exit code is 4.\n"
	"\n"
	"  --add LIST        features that arrive\n"
	"  --remove LIST     features that leave, with what depends on them\n"
	"  --present LIST    instead: what shall be there in the end\n"
	"  --deadline MS     how long the guest may take (default 5000)\n"
	"  --force           commit a removal even without the guest's consent\n",
	.positionals = ctl_takes_vm,
	.options = options,
	.run = run,
};
