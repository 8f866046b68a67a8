// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "hosts.h"
#include "write.h"

static int take(json_t *args, struct isahp_profile *profile, struct isahp_error *err)
{
	const char *from = json_string_value(json_object_get(args, "from"));
	const char *format = json_string_value(json_object_get(args, "format"));
	const char *name = json_string_value(json_object_get(args, "name"));

	if (from)
		return ctl_host_read(from, format, name, profile, err);
	if (format)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "--format says what --from FILE holds");
	if (name && !isahp_profile_name_valid(name))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "a host's name is printable, without spaces, and shorter than %d characters",
				       ISAHP_PROFILE_NAME_SIZE);
	if (isahp_profile_native(profile, err))
		return ISAHP_ERROR_FAILED;
	if (name)
		strcpy(profile->name, name);
	return 0;
}

static int run(const struct ctl *ctl, json_t *args)
{
	const char *out = json_string_value(json_object_get(args, "out"));
	struct isahp_profile profile = { 0 };
	struct isahp_error err;
	int rc = take(args, &profile, &err);

	if (!rc)
		rc = ctl_write_json(out, isahp_profile_to_json(&profile), &err);
	isahp_profile_free(&profile);
	return rc ? ctl_finish(ctl, rc, NULL, &err, NULL) : 0;
}

static const struct ctl_option options[] = {
	{ "from", CTL_FILE, "from" },
	{ "format", CTL_FORMAT, "format" },
	{ "name", CTL_TEXT, "name" },
	{ "out", CTL_FILE, "out" },
	{ 0 },
};

const struct ctl_command ctl_host_profile = {
	.name = "host profile",
	.summary = "write down what this host's CPU is",
	.usage =
	"host profile [--from FILE [--format FORMAT]] [--name NAME] [--out FILE]\n"
	"Write a host's profile, in JSON: each leaf of CPUID, XCR0, microcode, what its\n"
	"kernel mitigates, and MSRs where /dev/cpu/0/msr may be read. That is what the\n"
	"other commands take for a host.\n"
	"\n"
	"  --from FILE       not of this host, but of what a file tells: another profile,\n"
	"                    `cpuid -r`, /proc/cpuinfo, `virsh capabilities` or\n"
	"                    `domcapabilities`, the answer to QEMU's\n"
	"                    query-cpu-model-expansion, a Xen featureset; - is standard\n"
	"                    input\n"
	"  --format FORMAT   what the file is, if it is not recognised: profile, cpuid,\n"
	"                    cpuinfo, libvirt, qemu, xen\n"
	"  --name NAME       of the host (default: its own, or the file's)\n"
	"  --out FILE        write it there, all or nothing\n",
	.options = options,
	.local = true,
	.run = run,
};
