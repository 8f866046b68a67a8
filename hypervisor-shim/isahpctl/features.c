// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include <isa-core/cpuid.h>
#include <isa-core/features.h>

#include "ctl.h"
#include "hosts.h"

static const char *const registers = "abcd";

static json_t *row(unsigned int number, bool here)
{
	const struct isahp_feature_info *f = isahp_feature_info(number);

	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:s%, s:i, s:I, s:b}",
			 "number", (int)number, "flag", f->flag, "class",
			 ctl_class_name(f->class), "qemu", f->qemu, "libvirt",
			 f->libvirt, "leaf", (json_int_t)f->leaf, "subleaf",
			 (json_int_t)f->subleaf, "register",
			 registers + f->reg, (size_t)1, "bit", (int)f->bit,
			 "xfeatures", (json_int_t)f->xfeatures, "here", here);
}

static void print(const json_t *data)
{
	const json_t *rows = json_object_get(data, "features"), *f;
	size_t i;

	printf("%-20s %-10s %-24s %-5s %-20s %s\n", "FLAG", "CLASS", "CPUID",
	       "HERE", "QEMU", "LIBVIRT");
	json_array_foreach(rows, i, f)
		printf("%-20s %-10s %#10llx.%llx e%sx bit %-2lld %-5s %-20s %s\n",
		       ctl_text(f, "flag"), ctl_text(f, "class"),
		       ctl_integer(f, "leaf"), ctl_integer(f, "subleaf"),
		       ctl_text(f, "register"), ctl_integer(f, "bit"),
		       json_is_true(json_object_get(f, "here")) ? "yes" : "-",
		       ctl_text(f, "qemu"), ctl_text(f, "libvirt"));
}

static int run(const struct ctl *ctl, json_t *args)
{
	struct isahp_features here = isahp_cpuid_features();
	json_t *rows = json_array();
	unsigned int i;

	(void)args;
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_feature_info(i))
			json_array_append_new(rows,
					      row(i, isahp_features_has(&here, i)));
	return ctl_finish(ctl, 0, json_pack("{s:o}", "features", rows), NULL,
			  print);
}

const struct ctl_command ctl_features = {
	.name = "features",
	.summary = "the features that have a name, and which this CPU shows",
	.usage =
	"features\n"
	"List the feature table: flag, class, CPUID coordinates, whether this\n"
	"machine's CPUID shows it, QEMU's and libvirt's spellings. Needs no isahpd.\n"
	"\n"
	"  removable   may come and go\n"
	"  silent      its absence does not trap: never removed\n"
	"  state       owns XSAVE state: neither added to nor taken from a guest\n"
	"              against what it has enabled\n"
	"  system      the kernel's business, not announced to applications\n",
	.local = true,
	.run = run,
};
