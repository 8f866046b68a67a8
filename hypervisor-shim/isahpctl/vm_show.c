// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ctl.h"

static void print_xsave(const json_t *guest)
{
	const json_t *components, *c;
	size_t i;

	components = json_object_get(json_object_get(guest, "xsave"), "components");
	if (!components)
		return;
	printf("%-14s%lld bytes%s:", "  xsave", ctl_integer(guest, "xsave_size"),
	       json_is_true(json_object_get(guest, "xsave_compacted")) ?
		       " (compacted in its kernel)" : "");
	json_array_foreach(components, i, c)
		printf("%s %s at %lld, %lld", i ? ";" : "", ctl_text(c, "name"),
		       ctl_integer(c, "offset"), ctl_integer(c, "size"));
	putchar('\n');
}

static void print_guest(const json_t *guest)
{
	if (json_object_get(guest, "refused_version"))
		printf("%-14sa guest speaks protocol version %lld or later only: isahpd is too old for it\n",
		       "refused", ctl_integer(guest, "refused_version"));
	if (!json_is_true(json_object_get(guest, "registered"))) {
		printf("%-14snot registered\n", "guest");
		return;
	}
	printf("%-14s%s, protocol %lld, %lld CPUs, booted on %s, XCR0 %#llx\n",
	       "guest", ctl_text(guest, "release"), ctl_integer(guest, "version"),
	       ctl_integer(guest, "cpus"), ctl_text(guest, "boot_vendor"),
	       ctl_integer(guest, "xcr0"));
	print_xsave(guest);
	ctl_print_features("  pinned", json_object_get(guest, "pinned"));
	ctl_print_features("  visible", json_object_get(guest, "visible"));
}

static void print_registrants(const json_t *array)
{
	const json_t *r;
	size_t i;

	json_array_foreach(array, i, r) {
		printf("%-14spid %lld %s%s%s%s\n", "registrant",
		       ctl_integer(r, "pid"), ctl_text(r, "comm"),
		       json_is_true(json_object_get(r, "pending")) ? ", pending" : "",
		       json_is_true(json_object_get(r, "vetoed")) ? ", vetoed" : "",
		       json_is_true(json_object_get(r, "untracked")) ? ", untracked" : "");
		ctl_print_features("  interest", json_object_get(r, "interest"));
	}
}

static void print(const json_t *vm)
{
	const json_t *record = json_object_get(vm, "record");
	const json_t *qmp = json_object_get(vm, "qmp");
	const json_t *stats = json_object_get(vm, "stats");

	printf("%-14s%s\n", "name", ctl_text(vm, "name"));
	printf("%-14s%s at %s, %s\n", "kind", ctl_text(vm, "kind"),
	       ctl_text(vm, "socket"),
	       json_is_true(json_object_get(vm, "connected")) ? "connected" :
								"nobody connected");
	if (qmp)
		printf("%-14s%s, %s\n", "qmp", ctl_text(qmp, "path"),
		       json_is_true(json_object_get(qmp, "connected")) ?
			       "connected" : "not connected");
	printf("%-14s%s, phase %s, job %s\n", "state", ctl_text(vm, "run_state"),
	       ctl_text(vm, "phase"), ctl_text(vm, "job"));
	printf("%-14s%s %lld, epoch %s, vendor %s\n", "record",
	       ctl_text(record, "type"), ctl_integer(record, "sequence"),
	       ctl_text(record, "epoch"), ctl_text(record, "vendor"));
	ctl_print_features("  present", json_object_get(record, "present"));
	ctl_print_features("  leaving", json_object_get(record, "leaving"));
	ctl_print_features("host", json_object_get(vm, "host_features"));
	if (json_object_get(vm, "baseline"))
		ctl_print_features("  baseline", json_object_get(vm, "baseline"));
	print_guest(json_object_get(vm, "guest"));
	print_registrants(json_object_get(vm, "registrants"));
	printf("%-14s%lld records, %lld acks (last %.3f ms, mean %.3f ms, max %.3f ms), %lld naks\n",
	       "statistics", ctl_integer(stats, "records"),
	       ctl_integer(stats, "acks"), ctl_real(stats, "ack_ms_last"),
	       ctl_real(stats, "ack_ms_mean"), ctl_real(stats, "ack_ms_max"),
	       ctl_integer(stats, "naks"));
	printf("%-14s%lld hypercalls, %lld bad, throttled %lld times, %lld attachments, %lld rewrites\n",
	       "", ctl_integer(stats, "hypercalls"),
	       ctl_integer(stats, "bad_requests"), ctl_integer(stats, "throttled"),
	       ctl_integer(stats, "attachments"), ctl_integer(stats, "rewrites"));
}

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_error err;
	json_t *data;
	int rc = ctl_request(ctl, ctl->socket, "vm-show", args, &data, &err);

	return ctl_finish(ctl, rc, data, &err, print);
}

const struct ctl_command ctl_vm_show = {
	.name = "vm show",
	.summary = "all there is to know of one VM",
	.usage = "vm show NAME\n"
		 "Show a VM: its host's features, the record in force, what its guest\n"
		 "said of itself and of the record, and statistics.\n",
	.positionals = ctl_takes_vm,
	.run = run,
};
