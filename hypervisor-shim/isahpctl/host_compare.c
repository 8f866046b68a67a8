// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "ctl.h"
#include "hosts.h"
#include "matrix.h"
#include "paint.h"
#include "policy/layout.h"

/* --- what there is to compare ---------------------------------------------- */

/* Whether those that told differ; of features, whether some host has it. */
static bool differs(json_t *by_host)
{
	json_t *first = NULL, *value;
	bool differ = false, some = false;
	const char *name;

	json_object_foreach(by_host, name, value) {
		const char *word = json_string_value(value);

		if (json_is_null(value))
			continue;
		some |= !word || !strcmp(word, "yes") || !strcmp(word, "off");
		differ |= first && !json_equal(first, value);
		first = first ? first : value;
	}
	return some && differ;
}

static json_t *by_host(const json_t *hosts, const char *group, const char *key,
		       const char *member)
{
	json_t *object = json_object(), *host, *value;
	size_t i;

	json_array_foreach(hosts, i, host) {
		value = json_object_get(json_object_get(host, group), key);
		if (member)
			value = json_object_get(value, member);
		json_object_set_new(object, ctl_text(host, "name"),
				    value ? json_incref(value) : json_null());
	}
	return object;
}

static json_t *compare_features(const json_t *hosts)
{
	json_t *features = json_array();
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);
		json_t *has;

		if (!f)
			continue;
		has = by_host(hosts, "features", f->flag, NULL);
		json_array_append_new(
			features, json_pack("{s:s, s:s, s:b, s:o}", "flag", f->flag,
					    "class", ctl_class_name(f->class),
					    "differs", differs(has), "hosts", has));
	}
	return features;
}

static json_t *compare_xsave(const json_t *hosts)
{
	json_t *components = json_array(), *host, *offsets;
	unsigned int i;
	size_t at;
	bool any;

	for (i = ISAHP_LAYOUT_FIRST; i < ISAHP_LAYOUT_END; i++) {
		const char *name = isahp_layout_name(i);

		any = false;
		json_array_foreach(hosts, at, host)
			any |= !!json_object_get(json_object_get(host, "xsave"), name);
		if (!any)
			continue;
		offsets = by_host(hosts, "xsave", name, "offset");
		json_array_append_new(
			components, json_pack("{s:s, s:b, s:o}", "name", name,
					      "differs", differs(offsets), "offsets",
					      offsets));
	}
	return components;
}

/* All that is said of a host but what it is called and where that is from. */
static char *kind_of(const json_t *host)
{
	json_t *copy = json_copy((json_t *)host);
	char *text;

	json_object_del(copy, "name");
	json_object_del(copy, "source");
	json_object_del(copy, "kernel");
	text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(copy);
	return text;
}

/* One of each kind, with the names of all. */
static json_t *group(const json_t *hosts)
{
	json_t *kinds = json_object(), *array = json_array(), *host, *first;
	size_t i;
	char *kind;

	json_array_foreach(hosts, i, host) {
		kind = kind_of(host);
		first = kind ? json_object_get(kinds, kind) : NULL;
		if (!first) {
			json_object_set_new(host, "names", json_array());
			json_array_append(array, host);
			first = host;
			if (kind)
				json_object_set(kinds, kind, host);
		}
		json_array_append(json_object_get(first, "names"),
				  json_object_get(host, "name"));
		free(kind);
	}
	json_decref(kinds);
	return array;
}

static json_t *describe(const struct ctl_hosts *hosts, bool grouped)
{
	json_t *array = json_array(), *groups;
	size_t i;

	for (i = 0; i < hosts->count; i++)
		json_array_append_new(array, ctl_host_to_json(&hosts->profiles[i]));
	if (!grouped)
		return array;
	groups = group(array);
	json_decref(array);
	return groups;
}

static json_t *compare(const struct ctl_hosts *hosts, bool grouped)
{
	json_t *array = describe(hosts, grouped), *features, *xsave, *host;
	size_t i;

	features = compare_features(array);
	xsave = compare_xsave(array);
	json_array_foreach(array, i, host)
		json_object_del(host, "features");
	return json_pack("{s:o, s:o, s:o}", "hosts", array, "features", features,
			 "xsave", xsave);
}

/* --- for people ------------------------------------------------------------ */

static const char *cpu_of(const json_t *host, char *text, size_t size)
{
	if (!json_object_get(host, "family"))
		return "?";
	snprintf(text, size, "%lld/%lld/%lld", ctl_integer(host, "family"),
		 ctl_integer(host, "model"), ctl_integer(host, "stepping"));
	return text;
}

static const char *bits_of(const json_t *host, char *text, size_t size)
{
	if (!json_object_get(host, "physical_bits"))
		return "?";
	if (!json_object_get(host, "linear_bits"))
		snprintf(text, size, "%lld", ctl_integer(host, "physical_bits"));
	else
		snprintf(text, size, "%lld/%lld", ctl_integer(host, "physical_bits"),
			 ctl_integer(host, "linear_bits"));
	return text;
}

/* The others of its kind; "" where there are none. */
static const char *others_of(const json_t *host, char *text, size_t size)
{
	size_t count = json_array_size(json_object_get(host, "names"));

	*text = '\0';
	if (count > 1)
		snprintf(text, size, "  and %zu more", count - 1);
	return text;
}

static void print_hosts(const json_t *hosts)
{
	const json_t *host;
	char cpu[64], bits[48], others[48];
	int width = 4;
	size_t i;

	json_array_foreach(hosts, i, host)
		if ((int)strlen(ctl_text(host, "name")) > width)
			width = (int)strlen(ctl_text(host, "name"));
	printf("%4s  %-*s  %-8s %-12s %-10s %-7s %s\n", "", width, "HOST", "VENDOR",
	       "FAM/MOD/STEP", "LEVEL", "ADDRESS", "MICROCODE");
	json_array_foreach(hosts, i, host) {
		printf("%4zu  ", i + 1);
		ctl_paint(CTL_PAINT_HEAD, width, ctl_text(host, "name"));
		printf("  %-8s %-12s %-10s %-7s %s%s\n", ctl_text(host, "vendor"),
		       cpu_of(host, cpu, sizeof(cpu)), ctl_text(host, "level"),
		       bits_of(host, bits, sizeof(bits)), ctl_text(host, "microcode"),
		       others_of(host, others, sizeof(others)));
	}
	putchar('\n');
}

static json_t *word_of(const json_t *value)
{
	static const char *const words[][2] = {
		{ "yes", "yes" }, { "no", "-" }, { "off", "off" }, { "untold", "?" },
	};
	const char *text = json_string_value(value);
	char number[24];
	size_t i;

	for (i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i][0], text))
			return json_string(words[i][1]);
	if (!json_is_integer(value))
		return json_string("?");
	snprintf(number, sizeof(number), "%lld",
		 (long long)json_integer_value(value));
	return json_string(number);
}

static void add_row(json_t *rows, const json_t *names, const char *label,
		    const json_t *values)
{
	json_t *cells = json_array(), *name;
	size_t i;

	json_array_foreach(names, i, name)
		json_array_append_new(cells, word_of(json_object_get(
						     values, json_string_value(name))));
	ctl_matrix_row(rows, label, cells);
}

static void add_class(json_t *rows, const json_t *names, const json_t *features,
		      unsigned int class, bool all)
{
	const json_t *f;
	bool headed = false;
	size_t i;

	json_array_foreach(features, i, f) {
		if (strcmp(ctl_text(f, "class"), ctl_class_name(class)))
			continue;
		if (!all && !json_is_true(json_object_get(f, "differs")))
			continue;
		if (!headed)
			ctl_matrix_heading(rows, ctl_class_name(class),
					   ctl_class_meaning(class));
		headed = true;
		add_row(rows, names, ctl_text(f, "flag"), json_object_get(f, "hosts"));
	}
}

static void add_xsave(json_t *rows, const json_t *names, const json_t *xsave, bool all)
{
	const json_t *c;
	bool headed = false;
	size_t i;

	json_array_foreach(xsave, i, c) {
		if (!all && !json_is_true(json_object_get(c, "differs")))
			continue;
		if (!headed)
			ctl_matrix_heading(rows, "xsave",
					   "where components lie in register images, by byte");
		headed = true;
		add_row(rows, names, ctl_text(c, "name"), json_object_get(c, "offsets"));
	}
}

static const char *plural(size_t count)
{
	return count == 1 ? "feature is" : "features are";
}

/* What the table leaves out. */
static void print_rest(const json_t *features)
{
	size_t everywhere = 0, nowhere = 0, i;
	const json_t *f;

	json_array_foreach(features, i, f) {
		json_t *has = json_object_get(f, "hosts"), *value;
		bool some = false;
		const char *name;

		if (json_is_true(json_object_get(f, "differs")))
			continue;
		json_object_foreach(has, name, value)
			some |= !strcmp(ctl_text(has, name), "yes") ||
				!strcmp(ctl_text(has, name), "off");
		everywhere += some;
		nowhere += !some;
	}
	printf("%zu %s the same on all, %zu more on none. --all shows them.\n",
	       everywhere, plural(everywhere), nowhere);
}

static void print_with(const json_t *data, bool all)
{
	const json_t *hosts = json_object_get(data, "hosts"), *host;
	const json_t *features = json_object_get(data, "features");
	json_t *names = json_array(), *rows = json_array();
	unsigned int class;
	size_t i;

	print_hosts(hosts);
	json_array_foreach(hosts, i, host)
		json_array_append(names, json_object_get(host, "name"));
	for (class = ISAHP_CLASS_REMOVABLE; class <= ISAHP_CLASS_SYSTEM; class++)
		add_class(rows, names, features, class, all);
	add_xsave(rows, names, json_object_get(data, "xsave"), all);
	if (json_array_size(rows)) {
		ctl_matrix_print(names, rows, false);
		putchar('\n');
	}
	if (!all)
		print_rest(features);
	json_decref(names);
	json_decref(rows);
}

static void print_differences(const json_t *data)
{
	print_with(data, false);
}

static void print_all(const json_t *data)
{
	print_with(data, true);
}

static int run(const struct ctl *ctl, json_t *args)
{
	bool all = json_is_true(json_object_get(args, "all"));
	bool grouped = json_is_true(json_object_get(args, "group"));
	struct ctl_hosts hosts;
	struct isahp_error err;
	json_t *data = NULL;
	int rc = ctl_hosts_read(json_object_get(args, "files"), &hosts, &err);

	if (!rc)
		data = compare(&hosts, grouped);
	ctl_hosts_free(&hosts);
	return ctl_finish(ctl, rc, data, &err, all ? print_all : print_differences);
}

static const struct ctl_positional positionals[] = {
	{ "FILE", CTL_FILE, "files", CTL_MANY },
	{ 0 },
};

static const struct ctl_option options[] = {
	{ "all", CTL_FLAG, "all" },
	{ "group", CTL_FLAG, "group" },
	{ 0 },
};

const struct ctl_command ctl_host_compare = {
	.name = "host compare",
	.summary = "which host has what, in one table",
	.usage =
	"host compare FILE... [--all] [--group]\n"
	"Compare hosts by their profiles, or by any files that `host profile --from`\n"
	"takes. What some hosts have and others have not is a row each, by class; hosts\n"
	"are columns, called by their numbers where their names do not fit the terminal.\n"
	"Two profiles of one host are told apart by their files.\n"
	"\n"
	"  yes   it has it\n"
	"  -     it has not\n"
	"  off   CPUID shows it, but something that it needs is missing, or its register\n"
	"        state is not enabled\n"
	"  ?     the file does not say\n"
	"\n"
	"  --all     also what is the same on all hosts, and what none has\n"
	"  --group   one column for all hosts that are the same, down to the microcode\n",
	.positionals = positionals,
	.options = options,
	.local = true,
	.run = run,
};
