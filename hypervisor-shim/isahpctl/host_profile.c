// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ask_qemu.h"
#include "connect.h"
#include "ctl.h"
#include "hosts.h"
#include "policy/export.h"
#include "policy/import.h"
#include "policy/model.h"
#include "write.h"

static int take_model(const char *name, struct isahp_profile *profile,
		      struct isahp_error *err)
{
	const struct isahp_model *model = isahp_model_find(name);

	if (!model)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "no CPU model is called '%s': QEMU's names and libvirt's are known, as Haswell-v2 or EPYC-Milan",
				       name);
	return isahp_model_profile(model, profile) ?
		       isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				       "out of memory") : 0;
}

static int take_native(json_t *args, struct isahp_profile *profile,
		       struct isahp_error *err)
{
	const json_t *cpu = json_object_get(args, "cpu");
	json_int_t number = json_integer_value(cpu);
	int rc;

	if (cpu && (number < 0 || number > INT_MAX))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "--cpu is the number of a CPU");
	rc = cpu ? isahp_profile_native_cpu((unsigned int)number, profile, err) :
		   isahp_profile_native(profile, err);
	return rc ? (int)err->class : 0;
}

static int take_connection(json_t *args, const char *uri, const char *name,
			   unsigned int timeout_s, struct isahp_profile *profile,
			   struct isahp_error *err)
{
	struct isahp_remote remote = {
		.uri = uri,
		.guests = json_string_value(json_object_get(args, "guests")),
		.name = name,
		.timeout_s = timeout_s,
	};
	int rc;

	if (!*uri)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "--connect wants a URI, as qemu+ssh://root@HOST/system");
	if (remote.guests && !isahp_remote_guests_valid(remote.guests))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "--guests is what libvirt calls them: kvm, qemu, xen");
	rc = ctl_connect_one(&remote, err);
	if (!rc)
		*profile = remote.profile;
	return rc;
}

static int check_timeout(json_t *args, struct isahp_error *err)
{
	const json_t *timeout = json_object_get(args, "timeout");

	if (!timeout || (json_integer_value(timeout) >= 1 &&
			 json_integer_value(timeout) <= ISAHP_REMOTE_TIMEOUT_MAX_S))
		return 0;
	return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
			       "--timeout is 1 to %d seconds", ISAHP_REMOTE_TIMEOUT_MAX_S);
}

static int check(json_t *args, struct isahp_error *err)
{
	bool from = json_object_get(args, "from"), model = json_object_get(args, "model");
	bool connect = json_object_get(args, "connect"), qmp = json_object_get(args, "qmp");

	if (from + model + connect + qmp > 1)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "either --from or --connect or --qmp or --model");
	if (json_object_get(args, "format") && !from)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "--format says what --from FILE holds");
	if (json_object_get(args, "cpu") && (from || connect || qmp || model))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "--cpu is of the host that this runs on");
	if (json_object_get(args, "guests") && !connect)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "--guests goes with --connect URI");
	if (json_object_get(args, "timeout") && !connect && !qmp)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "--timeout goes with --connect URI or --qmp SOCKET");
	return check_timeout(args, err);
}

static int take(json_t *args, struct isahp_profile *profile, struct isahp_error *err)
{
	const char *from = json_string_value(json_object_get(args, "from"));
	const char *model = json_string_value(json_object_get(args, "model"));
	const char *connect = json_string_value(json_object_get(args, "connect"));
	const char *qmp = json_string_value(json_object_get(args, "qmp"));
	const char *format = json_string_value(json_object_get(args, "format"));
	const char *name = json_string_value(json_object_get(args, "name"));
	const json_t *timeout = json_object_get(args, "timeout");
	unsigned int timeout_s = timeout ? (unsigned int)json_integer_value(timeout) :
					   ISAHP_REMOTE_TIMEOUT_S;
	int rc = check(args, err);

	if (rc)
		return rc;
	if (name && !isahp_profile_name_valid(name))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "--name has to be printable, without spaces, and shorter than %d characters",
				       ISAHP_PROFILE_NAME_SIZE);
	if (from)
		return ctl_host_read(from, format, name, profile, err);
	if (connect)
		return take_connection(args, connect, name, timeout_s, profile, err);
	if (qmp)
		return ctl_ask_qemu(qmp, name, timeout_s, profile, err);
	rc = model ? take_model(model, profile, err) : take_native(args, profile, err);
	if (!rc && name)
		strcpy(profile->name, name);
	return rc;
}

/* Return: to be given to free(); NULL with @err set. */
static char *form(const struct isahp_profile *profile, const char *format,
		  struct isahp_error *err)
{
	int number = isahp_import_format_find(format ? format : "profile");
	char *text;

	if (number <= ISAHP_IMPORT_AUTO) {
		isahp_error_set(err, ISAHP_ERROR_USAGE, 0,
				"--to is profile, cpuid, cpuinfo, libvirt, qemu or xen, not '%s'",
				format);
		return NULL;
	}
	if (number != ISAHP_IMPORT_PROFILE)
		return isahp_export(profile, (enum isahp_import_format)number, err);
	text = isahp_profile_to_text(profile);
	if (!text)
		isahp_error_set(err, ISAHP_ERROR_FAILED, 0, "out of memory");
	return text;
}

static int run(const struct ctl *ctl, json_t *args)
{
	const char *out = json_string_value(json_object_get(args, "out"));
	const char *to = json_string_value(json_object_get(args, "to"));
	struct isahp_profile profile = { 0 };
	struct isahp_error err;
	char *text = NULL;
	int rc = take(args, &profile, &err);

	if (!rc) {
		text = form(&profile, to, &err);
		rc = text ? ctl_write(out, text, &err) : (int)err.class;
	}
	free(text);
	isahp_profile_free(&profile);
	return rc ? ctl_finish(ctl, rc, NULL, &err, NULL) : 0;
}

static const struct ctl_option options[] = {
	{ "from", CTL_FILE, "from" },
	{ "format", CTL_FORMAT, "format" },
	{ "connect", CTL_TEXT, "connect" },
	{ "guests", CTL_GUESTS, "guests" },
	{ "qmp", CTL_FILE, "qmp" },
	{ "timeout", CTL_NUMBER, "timeout" },
	{ "model", CTL_MODEL, "model" },
	{ "cpu", CTL_NUMBER, "cpu" },
	{ "name", CTL_TEXT, "name" },
	{ "to", CTL_FORMAT, "to" },
	{ "out", CTL_FILE, "out" },
	{ 0 },
};

const struct ctl_command ctl_host_profile = {
	.name = "host profile",
	.summary = "write down what this host's CPU is",
	.usage =
	"host profile [--cpu N | --from FILE [--format FORMAT] |\n"
	"       --connect URI [--guests TYPE] [--timeout SECONDS] |\n"
	"       --qmp SOCKET [--timeout SECONDS] | --model MODEL]\n"
	"       [--name NAME] [--to FORMAT] [--out FILE]\n"
	"Write a host's profile, in JSON: each leaf of CPUID, XCR0, microcode, what its\n"
	"kernel mitigates, and MSRs where /dev/cpu/N/msr may be read. That is what the\n"
	"other commands take for a host. What its CPUs differ in is unknown.\n"
	"\n"
	"  --cpu N           of one CPU alone\n"
	"  --from FILE       not of this host, but of what a file tells: another profile,\n"
	"                    `cpuid -r`, /proc/cpuinfo, `virsh capabilities` or\n"
	"                    `domcapabilities`, the answer to QEMU's\n"
	"                    query-cpu-model-expansion, a Xen featureset; - is standard\n"
	"                    input\n"
	"  --format FORMAT   what the file is, if it is not recognised: profile, cpuid,\n"
	"                    cpuinfo, libvirt, qemu, xen\n"
	"  --connect URI     of the host that libvirt reaches so, as\n"
	"                    qemu+ssh://root@h1/system; asked read-only\n"
	"  --guests TYPE     not its bare CPU, but what guests of that type (kvm, qemu,\n"
	"                    xen) can be given; libvirt tells that only those who may\n"
	"                    change things\n"
	"  --qmp SOCKET      what the QEMU at this socket would give a guest: its model\n"
	"                    host where it has KVM, else max\n"
	"  --timeout SECONDS for all of it (default: 20)\n"
	"  --model MODEL     of a CPU that QEMU or libvirt names, as Haswell-v2: for pools\n"
	"                    that are only planned\n"
	"  --name NAME       of the host (default: its own, or the file's)\n"
	"  --to FORMAT       write it as another program would (default: profile)\n"
	"  --out FILE        write it there, all or nothing\n",
	.options = options,
	.local = true,
	.run = run,
};
