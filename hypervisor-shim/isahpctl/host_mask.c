// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "hosts.h"
#include "policy/configure.h"
#include "policy/hex.h"
#include "policy/level.h"
#include "policy/mask_msr.h"
#include "policy/names.h"

static json_t *hex(const char *format, unsigned long long value)
{
	char text[24];

	snprintf(text, sizeof(text), format, value);
	return json_string(text);
}

static json_t *registers(const struct isahp_mask *mask)
{
	json_t *array = json_array(), *json;
	size_t i;

	for (i = 0; i < mask->count; i++) {
		const struct isahp_mask_msr *msr = &mask->msr[i];

		json = json_pack("{s:o, s:o}", "msr", hex("0x%08llx", msr->number), "value",
				 hex("0x%016llx", msr->value));
		if (msr->keep)
			json_object_set_new(json, "keep", hex("0x%016llx", msr->keep));
		if (msr->key)
			json_object_set_new(json, "edi", hex("0x%08llx", msr->key));
		json_array_append_new(array, json);
	}
	return array;
}

/* --- for people ------------------------------------------------------------- */

static void print_register(const json_t *msr)
{
	unsigned long long number = strtoull(ctl_text(msr, "msr"), NULL, 16);
	unsigned long long value = strtoull(ctl_text(msr, "value"), NULL, 16);

	printf("  MSR %08llX  %08llX:%08llX%s", number, value >> 32, value & 0xffffffff,
	       json_object_get(msr, "keep") ? "  (the upper half: as it is read)" : "");
	if (json_object_get(msr, "edi"))
		printf("  (EDI = %s at RDMSR and WRMSR)", ctl_text(msr, "edi"));
	putchar('\n');
}

static void print(const json_t *data)
{
	const json_t *array = json_object_get(data, "registers"), *msr;
	size_t i;

	if (json_object_get(data, "checked")) {
		printf("%s may be written on %s\n", ctl_text(data, "checked"),
		       ctl_text(data, "host"));
		return;
	}
	if (json_object_get(data, "xen")) {
		puts(ctl_text(data, "xen"));
		return;
	}
	printf("%s shows %s with\n", ctl_text(data, "host"), ctl_text(data, "level"));
	json_array_foreach(array, i, msr)
		print_register(msr);
	if (json_array_size(json_object_get(data, "left")))
		ctl_print_features("still shown", json_object_get(data, "left"));
}

/* --- what is asked ---------------------------------------------------------- */

/* "C0011004=00002001178BFBFF"; a ':' may stand between the halves. */
static int parse_check(const char *text, __u32 *ret_number, __u64 *ret_value,
		       struct isahp_error *err)
{
	const char *at = text + 2 * !strncmp(text, "0x", 2);
	__u64 number, value, low;
	bool ok = isahp_hex_digits(&at, 8, &number) && *at++ == '=';

	at += ok ? 2 * !strncmp(at, "0x", 2) : 0;
	ok = ok && isahp_hex_digits(&at, 16, &value);
	if (ok && *at == ':') {
		at++;
		ok = value <= 0xffffffff && isahp_hex_digits(&at, 8, &low);
		value = ok ? value << 32 | low : 0;
	}
	if (!ok || *at)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "--check is MSR=VALUE in hexadecimal, as C0011004=00002001:178BFBFF");
	*ret_number = (__u32)number;
	*ret_value = value;
	return 0;
}

static int check(const struct isahp_profile *host, const char *text, json_t **ret,
		 struct isahp_error *err)
{
	__u32 number = 0;
	__u64 value = 0;
	int rc = parse_check(text, &number, &value, err);

	if (!rc && isahp_mask_check(number, value, host, err))
		rc = (int)err->class;
	if (!rc)
		*ret = json_pack("{s:s, s:s}", "host", host->name, "checked", text);
	return rc;
}

static int mask(const struct isahp_profile *host, const char *name, bool xen, json_t **ret,
		struct isahp_error *err)
{
	struct isahp_level level;
	struct isahp_mask mask;
	char *line;

	if (isahp_level_find(name, &level, err) ||
	    isahp_mask_msrs(&level, host, &mask, err))
		return (int)err->class;
	*ret = json_pack("{s:s, s:s, s:o, s:o}", "host", host->name, "level", level.name,
			 "registers", registers(&mask), "left",
			 isahp_names_to_json(&mask.left));
	if (!xen)
		return 0;
	line = isahp_configure_xen(&mask);
	if (!line) {
		json_decref(*ret);
		*ret = NULL;
		return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				       "out of memory");
	}
	json_object_set_new(*ret, "xen", json_string(line));
	free(line);
	return 0;
}

static int run(const struct ctl *ctl, json_t *args)
{
	const char *level = json_string_value(json_object_get(args, "level"));
	const char *value = json_string_value(json_object_get(args, "check"));
	bool xen = json_is_true(json_object_get(args, "xen"));
	struct isahp_profile host;
	struct isahp_error err;
	json_t *data = NULL;
	int rc;

	if (!level == !value) {
		isahp_error_set(&err, ISAHP_ERROR_USAGE, 0,
				"name a LEVEL, or a value by --check");
		return ctl_finish(ctl, ISAHP_ERROR_USAGE, NULL, &err, NULL);
	}
	rc = ctl_host_read(json_string_value(json_object_get(args, "file")), NULL, NULL,
			   &host, &err);
	if (rc)
		return ctl_finish(ctl, rc, NULL, &err, NULL);
	rc = value ? check(&host, value, &data, &err) : mask(&host, level, xen, &data, &err);
	isahp_profile_free(&host);
	return ctl_finish(ctl, rc, data, &err, print);
}

static const struct ctl_positional positionals[] = {
	{ "FILE", CTL_FILE, "file", CTL_ONE },
	{ "LEVEL", CTL_LEVEL, "level", CTL_OPTIONAL },
	{ 0 },
};

static const struct ctl_option options[] = {
	{ "xen", CTL_FLAG, "xen" },
	{ "check", CTL_TEXT, "check" },
	{ 0 },
};

const struct ctl_command ctl_host_mask = {
	.name = "host mask",
	.summary = "registers that make a host's own CPUID show a level",
	.usage =
	"host mask FILE LEVEL [--xen]\n"
	"       isahpctl host mask FILE --check MSR=VALUE\n"
	"Say what is to be written to a host's CPUID mask or override registers, so that\n"
	"who executes CPUID without a hypervisor in between (the host's programs,\n"
	"containers, Xen's PV guests) is shown a level: AMD's C001_1002 to C001_1005,\n"
	"Intel's up to Sandy Bridge. Where the CPU has none, or its profile does not tell\n"
	"what is to be kept, that is said. Nothing is written.\n"
	"\n"
	"  --xen               as Xen's command line has it (cpuid_mask_ecx=...)\n"
	"  --check MSR=VALUE   judge a value that came from elsewhere, in hexadecimal, as\n"
	"                      C0011004=00002001:178BFBFF; exit code 3 where it is wrong\n",
	.positionals = positionals,
	.options = options,
	.local = true,
	.run = run,
};
