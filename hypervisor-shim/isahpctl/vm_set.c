// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ctl.h"

static void print(const json_t *vm)
{
	printf("%s: ", ctl_text(vm, "name"));
	ctl_print_features("envelope", json_object_get(vm, "envelope"));
}

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data;
	int rc;

	if (!json_object_get(args, "envelope")) {
		fprintf(stderr, "isahpctl: vm set: what is to be set? --envelope LIST, see isahpctl vm set --help\n");
		return ISAHP_ERROR_USAGE;
	}
	rc = ctl_request(ctl, ctl->socket, "vm-set", args, &data, &err);
	return ctl_finish(ctl, rc, data, &err, print);
}

static const struct ctl_option options[] = {
	{ "envelope", CTL_FEATURES, "envelope" },
	{ 0 },
};

const struct ctl_command ctl_vm_set = {
	.name = "vm set",
	.summary = "change what a running VM may be announced",
	.usage =
	"vm set NAME --envelope LIST\n"
	"Give a running VM another envelope: what may ever be announced to it, here and\n"
	"where it goes. What is announced now, and what it was promised, stay in it.\n"
	"Nothing is announced by that: `announce --add` does, or `pool apply`.\n"
	"\n"
	"  --envelope LIST   features, as `vm add` takes them\n",
	.positionals = ctl_takes_vm,
	.options = options,
	.run = run,
};
