// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "move.h"

static void print(const json_t *data)
{
	const json_t *answer = json_object_get(data, "answer");

	if (answer)
		ctl_print_answer(answer);
	printf("%s: moved in %.0f ms, of which stopped %.0f ms",
	       ctl_text(data, "vm"), ctl_real(data, "total_ms"),
	       ctl_real(data, "downtime_ms"));
	if (json_object_get(data, "commit_ms"))
		printf("; new host acknowledged after %.3f ms",
		       ctl_real(data, "commit_ms"));
	putchar('\n');
	ctl_print_features("left behind", json_object_get(data, "left"));
}

static const char *text_of(const json_t *args, const char *key)
{
	return json_string_value(json_object_get(args, key));
}

static int run(const struct ctl *global, json_t *args)
{
	struct ctl shown = *global;
	const char *there = text_of(args, "dest_vm"), *accept = text_of(args, "accept");
	struct ctl_move move = {
		.vm = text_of(args, "vm"),
		.vm_there = there ? there : text_of(args, "vm"),
		.from = global->socket,
		.to = text_of(args, "dest_control"),
		.uri = text_of(args, "uri"),
		.deadline_ms = ctl_integer(args, "deadline_ms"),
		.force = json_is_true(json_object_get(args, "force")),
	};
	json_t *errata = accept ? ctl_split(accept) : NULL, *data;
	struct isahp_error err;
	int rc;

	if (!move.to || !move.uri) {
		fprintf(stderr, "isahpctl: migrate wants --to URI and --dest-control PATH, see isahpctl migrate --help\n");
		json_decref(errata);
		return ISAHP_ERROR_USAGE;
	}
	shown.progress = true;
	move.accept = errata;
	rc = ctl_move(&shown, &move, &data, &err);
	if (rc == ISAHP_ERROR_POLICY && !global->json)
		ctl_move_explain(data);
	json_decref(errata);
	return ctl_finish(&shown, rc, data, &err, print);
}

static const struct ctl_option options[] = {
	{ "to", CTL_TEXT, "uri" },
	{ "dest-control", CTL_FILE, "dest_control" },
	{ "dest-vm", CTL_TEXT, "dest_vm" },
	{ "accept", CTL_TEXT, "accept" },
	{ "deadline", CTL_NUMBER, "deadline_ms" },
	{ "force", CTL_FLAG, "force" },
	{ 0 },
};

const struct ctl_command ctl_migrate = {
	.name = "migrate",
	.summary = "prepare a guest for another host, then move it there",
	.usage =
	"migrate VM --to URI --dest-control PATH [--dest-vm NAME]\n"
	"       [--accept ERRATA] [--deadline MS] [--force]\n"
	"Move a VM to a host with other features: have the isahpd there check the VM's\n"
	"record against its host, let the guest drain what that lacks, migrate, and wait\n"
	"until the guest has acknowledged its new host, which keeps the record. Both\n"
	"ends need `vm add --qmp`. When the VM is refused (exit code 3, each reason\n"
	"named) nothing has happened. When the guest does not acknowledge (exit code 4,\n"
	"laggards named), or QEMU fails, the guest is told that all is as it was. Ctrl-C\n"
	"cancels in the same way.\n"
	"\n"
	"  --to URI              for QEMU's migrate, as tcp:HOST:PORT or unix:PATH\n"
	"  --dest-control PATH   control socket of the isahpd at the destination\n"
	"  --dest-vm NAME        the VM's name there (default: the same)\n"
	"  --accept ERRATA       errata of the destination that you take on yourself, by\n"
	"                        name, and entry32, as a pool does (accept)\n"
	"  --deadline MS         how long the guest may take (default 5000)\n"
	"  --force               move even without the guest's consent\n",
	.positionals = ctl_takes_vm,
	.options = options,
	.run = run,
};
