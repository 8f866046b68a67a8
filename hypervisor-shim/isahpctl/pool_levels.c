// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include <isa-core/features.h>

#include "ctl.h"
#include "matrix.h"
#include "paint.h"
#include "policy/level.h"
#include "policy/names.h"
#include "pools.h"

static const char *kind_name(enum isahp_level_kind kind)
{
	static const char *const names[] = {
		[ISAHP_LEVEL_PSABI] = "psabi",
		[ISAHP_LEVEL_GENERATION] = "generation",
		[ISAHP_LEVEL_MODEL] = "model",
		[ISAHP_LEVEL_FEATURES] = "features",
	};

	return names[kind];
}

static bool words_empty(const __u32 *words)
{
	unsigned int i;

	for (i = 0; i < ISAHP_WORD_COUNT; i++)
		if (words[i])
			return false;
	return true;
}

/* What one host makes of one level. */
static json_t *fit(const struct isahp_level *level, const struct isahp_profile *host)
{
	struct isahp_features wants = isahp_level_wants(level);
	struct isahp_level_fit f;
	char text[512];
	bool fits;

	isahp_level_features(level, host, &f);
	fits = isahp_features_subset(&wants, &f.features) &&
	       words_empty(f.missing_bits);
	isahp_level_explain(level, &f, host->name, text, sizeof(text));
	return json_pack("{s:b, s:o, s:o, s:o, s:s}", "fits", fits, "lacks",
			 isahp_names_to_json(&f.lacks), "untold",
			 isahp_names_to_json(&f.untold), "broken",
			 isahp_names_to_json(&f.broken), "text", text);
}

static json_t *describe(const struct isahp_pool *pool, const struct isahp_level *level)
{
	json_t *hosts = json_object();
	size_t i, fits = 0;

	for (i = 0; i < pool->host_count; i++) {
		json_t *one = fit(level, &pool->hosts[i]);

		fits += json_is_true(json_object_get(one, "fits"));
		json_object_set_new(hosts, pool->hosts[i].name, one);
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:o}", "name", level->name,
			 "title", level->title, "kind", kind_name(level->kind),
			 "vendor", isahp_vendor_name(level->vendor), "fitting",
			 (json_int_t)fits, "on_all", fits == pool->host_count, "hosts",
			 hosts);
}

/* Levels by name, or all of them. */
static int collect(const struct isahp_pool *pool, const json_t *wanted, json_t *levels,
		   struct isahp_error *err)
{
	struct isahp_level level;
	const json_t *name;
	size_t i;

	json_array_foreach(wanted, i, name) {
		if (isahp_level_find(json_string_value(name), &level, err))
			return (int)err->class;
		json_array_append_new(levels, describe(pool, &level));
	}
	for (i = 0; !wanted && isahp_level_at(i, &level); i++)
		json_array_append_new(levels, describe(pool, &level));
	return 0;
}

/* --- for people ------------------------------------------------------------- */

static json_t *cell(const json_t *fit)
{
	size_t lacks = json_array_size(json_object_get(fit, "lacks")) +
		       json_array_size(json_object_get(fit, "broken"));
	char text[32];

	if (json_is_true(json_object_get(fit, "fits")))
		return json_string("yes");
	if (!lacks && json_array_size(json_object_get(fit, "untold")))
		return json_string("?");
	/* Bits without a row of their own are all that it lacks. */
	snprintf(text, sizeof(text), "-%zu", lacks);
	return json_string(lacks ? text : "-");
}

static void add_row(json_t *rows, const json_t *names, const json_t *level)
{
	const json_t *hosts = json_object_get(level, "hosts"), *name;
	json_t *cells = json_array();
	size_t i;

	json_array_foreach(names, i, name)
		json_array_append_new(cells, cell(json_object_get(
						     hosts, json_string_value(name))));
	ctl_matrix_row(rows, ctl_text(level, "name"), cells);
}

/* Whether a level is worth a row where there are too many of them. */
static bool matters(const json_t *level)
{
	return !strcmp(ctl_text(level, "kind"), "psabi") ||
	       ctl_integer(level, "fitting");
}

static void print_table(const json_t *data, bool all)
{
	static const char *const kinds[][2] = {
		{ "psabi", "what compilers go by" },
		{ "generation", "AMD's processors by family and revision" },
		{ "model", "CPUs that QEMU and libvirt name" },
	};
	const json_t *levels = json_object_get(data, "levels"), *level;
	const json_t *names = json_object_get(data, "hosts");
	json_t *rows = json_array();
	size_t kind, i, left = 0;

	for (kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		bool headed = false;

		json_array_foreach(levels, i, level) {
			if (strcmp(ctl_text(level, "kind"), kinds[kind][0]))
				continue;
			if (!all && !matters(level)) {
				left++;
				continue;
			}
			if (!headed)
				ctl_matrix_heading(rows, kinds[kind][0], kinds[kind][1]);
			headed = true;
			add_row(rows, names, level);
		}
	}
	ctl_matrix_print(names, rows, true);
	if (left)
		printf("\n%zu more levels, of which no host has all. --all shows them.\n",
		       left);
	json_decref(rows);
}

static void print_fitting(const json_t *data)
{
	print_table(data, false);
}

static void print_all(const json_t *data)
{
	print_table(data, true);
}

/* One level after the other: who lacks what. */
static void print_each(const json_t *data)
{
	json_t *levels = json_object_get(data, "levels"), *level, *hosts, *host;
	const char *name;
	size_t i;

	json_array_foreach(levels, i, level) {
		hosts = json_object_get(level, "hosts");
		ctl_paint(CTL_PAINT_HEAD, 0, ctl_text(level, "name"));
		printf(" (%s): %lld of %zu hosts have all of it\n",
		       ctl_text(level, "title"), ctl_integer(level, "fitting"),
		       json_object_size(hosts));
		json_object_foreach(hosts, name, host)
			if (!json_is_true(json_object_get(host, "fits")))
				printf("  %s\n", ctl_text(host, "text"));
	}
}

static int run(const struct ctl *ctl, json_t *args)
{
	const json_t *wanted = json_object_get(args, "levels");
	bool all = json_is_true(json_object_get(args, "all"));
	json_t *levels = json_array(), *data = NULL;
	struct isahp_pool pool;
	struct isahp_error err;
	int rc = ctl_pool_load(json_string_value(json_object_get(args, "pool")), &pool,
			       &err);

	if (!rc) {
		rc = collect(&pool, wanted, levels, &err);
		data = json_pack("{s:s, s:o, s:O}", "pool", pool.name, "hosts",
				 ctl_pool_names(&pool), "levels", levels);
		isahp_pool_free(&pool);
	}
	json_decref(levels);
	if (rc) {
		json_decref(data);
		data = NULL;
	}
	return ctl_finish(ctl, rc, data, &err,
			  wanted ? print_each : all ? print_all : print_fitting);
}

static const struct ctl_positional positionals[] = {
	{ "POOLFILE", CTL_FILE, "pool", CTL_ONE },
	{ "LEVEL", CTL_LEVEL, "levels", CTL_ANY },
	{ 0 },
};

static const struct ctl_option options[] = {
	{ "all", CTL_FLAG, "all" },
	{ 0 },
};

const struct ctl_command ctl_pool_levels = {
	.name = "pool levels",
	.summary = "which levels the hosts of a pool have all of",
	.usage =
	"pool levels POOLFILE [LEVEL...] [--all]\n"
	"Hold the hosts of a pool against levels: x86-64-v1 to -v4, AMD's generations,\n"
	"and the CPU models that QEMU and libvirt name. With a LEVEL, say what each host\n"
	"lacks of it. A level goes into the pool's file as \"level\".\n"
	"\n"
	"  yes   the host has all of it\n"
	"  -3    it lacks three features; - alone: bits that have no name\n"
	"  ?     its profile does not tell all of it\n"
	"\n"
	"  --all   also levels of which no host has all\n",
	.positionals = positionals,
	.options = options,
	.local = true,
	.run = run,
};
