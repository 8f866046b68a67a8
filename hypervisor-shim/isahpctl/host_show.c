// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include <isa-core/features.h>

#include "ctl.h"
#include "hosts.h"
#include "paint.h"

#define LABEL_WIDTH 14

static void print_label(const char *label)
{
	ctl_paint(CTL_PAINT_FAINT, LABEL_WIDTH, label);
}

static void print_line(const json_t *host, const char *label, const char *key)
{
	if (!json_object_get(host, key))
		return;
	print_label(label);
	puts(ctl_text(host, key));
}

static void print_cpu(const json_t *host)
{
	print_label("cpu");
	printf("%s", ctl_text(host, "vendor"));
	if (json_object_get(host, "family"))
		printf(", family %lld (%#llx), model %lld (%#llx), stepping %lld",
		       ctl_integer(host, "family"), ctl_integer(host, "family"),
		       ctl_integer(host, "model"), ctl_integer(host, "model"),
		       ctl_integer(host, "stepping"));
	putchar('\n');
	print_line(host, "", "brand");
}

static void print_addresses(const json_t *host)
{
	if (!json_object_get(host, "physical_bits"))
		return;
	print_label("addresses");
	printf("%lld bits physical", ctl_integer(host, "physical_bits"));
	if (json_object_get(host, "linear_bits"))
		printf(", %lld linear", ctl_integer(host, "linear_bits"));
	putchar('\n');
}

static void print_xsave(json_t *host)
{
	json_t *xsave = json_object_get(host, "xsave"), *c;
	const char *name, *separator = "";

	if (!xsave)
		return;
	print_label("xsave");
	json_object_foreach(xsave, name, c) {
		printf("%s%s at %lld, %lld bytes", separator, name,
		       ctl_integer(c, "offset"), ctl_integer(c, "size"));
		separator = "; ";
	}
	putchar('\n');
}

/* The features of a class that are so. */
static json_t *those(const json_t *host, int class, const char *state)
{
	const json_t *features = json_object_get(host, "features");
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f && (class < 0 || f->class == class) &&
		    !strcmp(ctl_text(features, f->flag), state))
			json_array_append_new(array, json_string(f->flag));
	}
	return array;
}

static void print_those(const json_t *host, const char *label, int class,
			const char *state)
{
	json_t *array = those(host, class, state);

	if (json_array_size(array))
		ctl_print_features(label, array);
	json_decref(array);
}

static void print_host(json_t *host)
{
	const json_t *errata = json_object_get(host, "errata");
	int class;

	ctl_paint(CTL_PAINT_HEAD, 0, ctl_text(host, "name"));
	putchar('\n');
	print_line(host, "source", "source");
	print_line(host, "kernel", "kernel");
	print_cpu(host);
	print_line(host, "microcode", "microcode");
	print_line(host, "level", "level");
	print_addresses(host);
	print_line(host, "xcr0", "xcr0");
	print_xsave(host);
	if (json_array_size(errata))
		ctl_print_features("errata", errata);
	for (class = ISAHP_CLASS_REMOVABLE; class <= ISAHP_CLASS_SYSTEM; class++)
		print_those(host, ctl_class_name(class), class, "yes");
	print_those(host, "off", -1, "off");
	print_those(host, "untold", -1, "untold");
}

static void print(const json_t *data)
{
	const json_t *hosts = json_object_get(data, "hosts");
	json_t *host;
	size_t i;

	json_array_foreach(hosts, i, host) {
		if (i)
			putchar('\n');
		print_host(host);
	}
}

static int run(const struct ctl *ctl, json_t *args)
{
	json_t *array = json_array(), *data;
	struct ctl_hosts hosts;
	struct isahp_error err;
	size_t i;
	int rc = ctl_hosts_read(json_object_get(args, "files"), &hosts, &err);

	for (i = 0; i < hosts.count; i++)
		json_array_append_new(array, ctl_host_to_json(&hosts.profiles[i]));
	data = json_pack("{s:o}", "hosts", array);
	ctl_hosts_free(&hosts);
	if (rc) {
		json_decref(data);
		data = NULL;
	}
	return ctl_finish(ctl, rc, data, &err, print);
}

static const struct ctl_positional positionals[] = {
	{ "FILE", CTL_FILE, "files", CTL_ANY },
	{ 0 },
};

const struct ctl_command ctl_host_show = {
	.name = "host show",
	.summary = "what a host's CPU is and has",
	.usage =
	"host show [FILE...]\n"
	"Show hosts by their profiles, or by any file that `host profile --from` takes;\n"
	"without one, the host that this runs on. Features are listed by class (see\n"
	"`features`).\n"
	"\n"
	"  off      CPUID shows it, but something that it needs is missing, or its\n"
	"           register state is not enabled\n"
	"  untold   the file does not say\n",
	.positionals = positionals,
	.local = true,
	.run = run,
};
