// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ctl.h"

/* How long the other isahpd may take to learn its QEMU's features. */
#define TARGET_MS 10000
/* How long the guest may take to acknowledge its new host. */
#define SETTLE_MS 30000

static int await(const struct ctl *ctl, const char *socket, const char *vm,
		 const char *what, int timeout_ms, json_t **ret_data,
		 struct isahp_error *err)
{
	json_t *args = json_pack("{s:s, s:s, s:i}", "vm", vm, "for", what,
				 "timeout_ms", timeout_ms);
	int rc = ctl_request(ctl, socket, "vm-await", args, ret_data, err);

	json_decref(args);
	return rc;
}

static void complain_about_destination(struct isahp_error *err)
{
	struct isahp_error copy = *err;

	isahp_error_set(err, copy.class, 0, "destination: %s", copy.text);
}

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

/* Put what the source must know of the target into its request. */
static int describe_target(const struct ctl *ctl, json_t *args,
			   const char *socket, const char *vm,
			   struct isahp_error *err)
{
	json_t *target;
	int rc = await(ctl, socket, vm, "target", TARGET_MS, &target, err);

	if (rc) {
		complain_about_destination(err);
	} else {
		json_object_set(args, "present",
				json_object_get(target, "host_features"));
		json_object_set(args, "vendor",
				json_object_get(target, "host_vendor"));
		/* An older isahpd does not say: nothing is compared then. */
		if (json_object_get(target, "host_shown"))
			json_object_set(args, "shown",
					json_object_get(target, "host_shown"));
		if (json_object_get(target, "host_xsave"))
			json_object_set(args, "xsave",
					json_object_get(target, "host_xsave"));
	}
	json_decref(target);
	return rc;
}

static int settle(const struct ctl *ctl, json_t *data, const char *socket,
		  const char *vm, struct isahp_error *err)
{
	json_t *show;
	int rc;

	/* A guest without the module answers nobody. */
	if (!json_is_true(json_object_get(data, "registered")))
		return 0;
	rc = await(ctl, socket, vm, "settled", SETTLE_MS, &show, err);
	if (rc)
		complain_about_destination(err);
	else
		json_object_set(data, "commit_ms",
				json_object_get(json_object_get(show, "answer"),
						"ack_ms"));
	json_decref(show);
	return rc;
}

static int run(const struct ctl *global, json_t *args)
{
	struct ctl shown = *global, *ctl = &shown;
	json_t *there = json_object_get(args, "dest_control");
	json_t *other = json_object_get(args, "dest_vm");
	struct isahp_error err;
	json_t *data = NULL;
	const char *socket, *vm;
	int rc;

	if (!there || !json_object_get(args, "uri")) {
		fprintf(stderr, "isahpctl: migrate wants --to URI and --dest-control PATH, see isahpctl migrate --help\n");
		return ISAHP_ERROR_USAGE;
	}
	shown.progress = true;
	json_incref(there);
	other = json_incref(other ? other : json_object_get(args, "vm"));
	json_object_del(args, "dest_control");
	json_object_del(args, "dest_vm");
	socket = json_string_value(there);
	vm = json_string_value(other);
	rc = describe_target(ctl, args, socket, vm, &err);
	if (!rc)
		rc = ctl_request(ctl, ctl->socket, "migrate", args, &data, &err);
	if (!rc)
		rc = settle(ctl, data, socket, vm, &err);
	json_decref(there);
	json_decref(other);
	return ctl_finish(ctl, rc, data, &err, print);
}

static const struct ctl_option options[] = {
	{ "to", CTL_TEXT, "uri" },
	{ "dest-control", CTL_FILE, "dest_control" },
	{ "dest-vm", CTL_TEXT, "dest_vm" },
	{ "deadline", CTL_NUMBER, "deadline_ms" },
	{ "force", CTL_FLAG, "force" },
	{ 0 },
};

const struct ctl_command ctl_migrate = {
	.name = "migrate",
	.summary = "prepare a guest for another host, then move it there",
	.usage =
	"migrate VM --to URI --dest-control PATH [--dest-vm NAME]\n"
	"       [--deadline MS] [--force]\n"
	"Move a VM to a host with other features: ask the isahpd there what it has,\n"
	"let the guest drain what it lacks, migrate, and wait until the guest has\n"
	"acknowledged its new host. Both ends need `vm add --qmp`. When the guest\n"
	"does not acknowledge (exit code 4, laggards named), or QEMU fails, the guest\n"
	"is told that all is as it was. Ctrl-C cancels in the same way.\n"
	"\n"
	"  --to URI              for QEMU's migrate, as tcp:HOST:PORT or unix:PATH\n"
	"  --dest-control PATH   control socket of the isahpd at the destination\n"
	"  --dest-vm NAME        the VM's name there (default: the same)\n"
	"  --deadline MS         how long the guest may take (default 5000)\n"
	"  --force               move even without the guest's consent\n",
	.positionals = ctl_takes_vm,
	.options = options,
	.run = run,
};
