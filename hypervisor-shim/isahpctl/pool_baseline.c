// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "ctl.h"
#include "hosts.h"
#include "paint.h"
#include "pools.h"
#include "policy/configure.h"
#include "policy/floor.h"
#include "policy/names.h"
#include "write.h"

/* --- what is promised, for people and programs ------------------------------ */

/* What CPUID shows of its own accord; leaf 8000_0008h. */
static void put_addresses(json_t *json, const struct isahp_profile *profile)
{
	const struct isahp_cpuid_leaf *leaf =
		isahp_profile_leaf(profile, 0x80000008, 0);

	if (leaf && (leaf->known[ISAHP_EAX] & 0xff) == 0xff)
		json_object_set_new(json, "physical_bits",
				    json_integer(leaf->value[ISAHP_EAX] & 0xff));
}

static json_t *vendors(const struct isahp_pool *pool)
{
	json_t *counts = json_object();
	size_t i;

	for (i = 0; i < pool->host_count; i++) {
		__u32 vendor = isahp_profile_vendor(&pool->hosts[i]);
		const char *name = isahp_vendor_name(vendor);

		json_object_set_new(counts, name,
				    json_integer(ctl_integer(counts, name) + 1));
	}
	return counts;
}

static json_t *baseline(const struct ctl_pool *p)
{
	__u32 vendor = isahp_profile_vendor(&p->merged.profile);
	json_t *json = json_pack("{s:s, s:I, s:o, s:s}", "pool", p->pool.name, "hosts",
				 (json_int_t)p->pool.host_count, "vendors",
				 vendors(&p->pool), "shown_vendor",
				 isahp_vendor_name(vendor));

	if (*ctl_pool_level(&p->pool))
		json_object_set_new(json, "level",
				    json_string(ctl_pool_level(&p->pool)));
	put_addresses(json, &p->merged.profile);
	json_object_set_new(json, "layout", json_string(isahp_layout_class_name(
						    p->merged.layout_class)));
	json_object_set_new(json, "features",
			    isahp_names_to_json(&p->merged.features));
	json_object_set_new(json, "vm", isahp_envelope_to_json(&p->envelope));
	json_object_set_new(json, "profile", isahp_profile_to_json(&p->merged.profile));
	return json;
}

static void print_vendors(json_t *counts)
{
	const char *name, *separator = "";
	json_t *count;

	json_object_foreach(counts, name, count) {
		printf("%s%lld of %s", separator,
		       (long long)json_integer_value(count), name);
		separator = ", ";
	}
}

/* Hosts of which the same is to be said, together: {names, host}. */
static json_t *alike(const json_t *hosts)
{
	json_t *groups = json_object(), *group, *host, *copy;
	size_t i;
	char *key;

	json_array_foreach(hosts, i, host) {
		copy = json_copy(host);
		json_object_del(copy, "name");
		json_object_del(copy, "vendor");
		key = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
		json_decref(copy);
		group = key ? json_object_get(groups, key) : NULL;
		if (!group && key) {
			group = json_pack("{s:[], s:O}", "names", "host", host);
			json_object_set_new(groups, key, group);
		}
		json_array_append(json_object_get(group, "names"),
				  json_object_get(host, "name"));
		free(key);
	}
	return groups;
}

static void print_group(const json_t *group)
{
	const json_t *names = json_object_get(group, "names"), *name;
	const json_t *host = json_object_get(group, "host");
	bool excluded = json_is_true(json_object_get(host, "excluded"));
	size_t i;

	json_array_foreach(names, i, name) {
		if (i == 4)
			break;
		printf(i ? ", " : "  ");
		ctl_paint(excluded ? CTL_PAINT_BAD : CTL_PAINT_HEAD, 0,
			  json_string_value(name));
	}
	if (i < json_array_size(names))
		printf(" and %zu more", json_array_size(names) - i);
	puts(excluded ? ": VMs cannot go there" : "");
	if (!excluded)
		ctl_print_features("", json_object_get(host, "announce"));
	if (json_array_size(json_object_get(host, "lacks")))
		ctl_print_features("    lacks", json_object_get(host, "lacks"));
	if (json_array_size(json_object_get(host, "errata")))
		ctl_print_features("    errata", json_object_get(host, "errata"));
}

static void print(const json_t *data)
{
	const json_t *vm = json_object_get(data, "vm");
	json_t *groups = alike(json_object_get(vm, "hosts")), *group;
	const char *key;

	ctl_paint(CTL_PAINT_HEAD, 0, ctl_text(data, "pool"));
	printf(": %lld host%s (", ctl_integer(data, "hosts"),
	       ctl_integer(data, "hosts") == 1 ? "" : "s");
	print_vendors(json_object_get(data, "vendors"));
	printf("), shown as %s\n", ctl_text(data, "shown_vendor"));
	if (json_object_get(data, "level"))
		printf("%-14s%s\n", "level", ctl_text(data, "level"));
	if (json_object_get(data, "physical_bits"))
		printf("%-14s%lld bits physical\n", "addresses",
		       ctl_integer(data, "physical_bits"));
	printf("%-14s%s\n", "xsave layout", ctl_text(data, "layout"));
	ctl_print_features("promised", json_object_get(data, "features"));
	printf("\nannounced beyond that, on each host:\n");
	json_object_foreach(groups, key, group)
		print_group(group);
	json_decref(groups);
	printf("\n`pool explain` says why the rest is not promised.\n");
}

/* --- as configuration ------------------------------------------------------- */

/* What the model may have beyond the table; @floor: ISAHP_WORD_COUNT words. */
static int floor_of(const struct isahp_pool *pool, __u32 *floor,
		    struct isahp_error *err)
{
	const struct isahp_profile **hosts = calloc(pool->host_count, sizeof(*hosts));
	size_t i;

	if (!hosts)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				       "out of memory");
	for (i = 0; i < pool->host_count; i++)
		hosts[i] = &pool->hosts[i];
	isahp_floor_of(hosts, pool->host_count, floor);
	free(hosts);
	return 0;
}

static struct isahp_guest_cpu guest_cpu(const struct ctl_pool *p, const __u32 *floor,
					const char *qemu)
{
	const struct isahp_cpuid_leaf *leaf =
		isahp_profile_leaf(&p->merged.profile, 0x80000008, 0);
	struct isahp_guest_cpu cpu = {
		.shown = p->merged.features,
		/* The merge has decided each, and left out what was not told. */
		.decided = isahp_features_known(),
		.vendor = isahp_profile_vendor(&p->merged.profile),
		.floor = floor,
		.qemu = qemu,
		.enforce = true,
	};

	if (leaf && (leaf->known[ISAHP_EAX] & 0xff) == 0xff)
		cpu.phys_bits = leaf->value[ISAHP_EAX] & 0xff;
	return cpu;
}

/* Return: 0, or the exit code. */
static int configure(const struct ctl_pool *p, const char *form, const char *qemu,
		     char **ret_text, struct isahp_error *err)
{
	__u32 floor[ISAHP_WORD_COUNT] = { 0 };
	struct isahp_guest_cpu cpu = guest_cpu(p, floor, qemu);
	struct isahp_configuration configuration = { 0 };
	char unnamed[512];
	int rc = floor_of(&p->pool, floor, err);

	if (rc)
		return rc;
	if (!strcmp(form, "qemu"))
		rc = isahp_configure_qemu(&cpu, &configuration, err);
	else if (!strcmp(form, "libvirt"))
		rc = isahp_configure_libvirt(&cpu, &configuration, err);
	else if (!strcmp(form, "xl"))
		rc = isahp_configure_xl(&cpu, &configuration, err);
	else
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "--as is text, profile, qemu, libvirt or xl, not '%s'",
				       form);
	if (rc)
		return (int)err->class;
	isahp_names_format(&configuration.unnamed, unnamed, sizeof(unnamed));
	if (*unnamed)
		fprintf(stderr, "isahpctl: %s has no name for %s: its guests will not see that\n",
			form, unnamed);
	rc = asprintf(ret_text, "%s\n", configuration.text) < 0 ?
		     isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				     "out of memory") : 0;
	isahp_configuration_free(&configuration);
	return rc;
}

static int write_form(const struct ctl *ctl, const struct ctl_pool *p,
		      const char *form, json_t *args, struct isahp_error *err)
{
	const char *out = json_string_value(json_object_get(args, "out"));
	const char *qemu = json_string_value(json_object_get(args, "qemu"));
	char *text = NULL;
	int rc = 0;

	if (!strcmp(form, "profile"))
		text = isahp_profile_to_text(&p->merged.profile);
	else
		rc = configure(p, form, qemu, &text, err);
	if (!rc && !text)
		rc = isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				     "out of memory");
	/* A file gets what its reader wants; a profile is JSON as it is. */
	if (!rc && ctl->json && !out && strcmp(form, "profile"))
		rc = ctl_write_json(NULL, json_pack("{s:s%}", form, text,
						    strlen(text) - 1), err);
	else if (!rc)
		rc = ctl_write(out, text, err);
	free(text);
	return rc;
}

static int run(const struct ctl *ctl, json_t *args)
{
	const char *form = json_string_value(json_object_get(args, "as"));
	const char *path = json_string_value(json_object_get(args, "pool"));
	bool text = !form || !strcmp(form, "text");
	struct ctl_pool pool;
	struct isahp_error err;
	json_t *data = NULL;
	int rc;

	if (text && json_object_get(args, "out")) {
		isahp_error_set(&err, ISAHP_ERROR_USAGE, 0,
				"--out is for --as profile, qemu, libvirt and xl");
		return ctl_finish(ctl, ISAHP_ERROR_USAGE, NULL, &err, NULL);
	}
	rc = ctl_pool_open(path, &pool, &err);
	if (rc)
		return ctl_finish(ctl, rc, NULL, &err, NULL);
	if (text)
		data = baseline(&pool);
	else
		rc = write_form(ctl, &pool, form, args, &err);
	ctl_pool_close(&pool);
	return text || rc ? ctl_finish(ctl, rc, data, &err, print) : 0;
}

static const struct ctl_positional positionals[] = {
	{ "POOLFILE", CTL_FILE, "pool", CTL_ONE },
	{ 0 },
};

static const struct ctl_option options[] = {
	{ "as", CTL_FORM, "as" },
	{ "qemu", CTL_TEXT, "qemu" },
	{ "out", CTL_FILE, "out" },
	{ 0 },
};

const struct ctl_command ctl_pool_baseline = {
	.name = "pool baseline",
	.summary = "what a pool of hosts can promise to every VM",
	.usage =
	"pool baseline POOLFILE [--as FORM] [--qemu VERSION] [--out FILE]\n"
	"Say what all hosts of a pool have in common, as a VM's CPUID may show it on each\n"
	"of them, and what isahp can announce beyond that on each host.\n"
	"\n"
	"  --as FORM         text (the default); profile: what CPUID shows, as that of a\n"
	"                    host, which can be merged again; qemu: the argument of -cpu;\n"
	"                    libvirt: the <cpu> element; xl: its cpuid=\n"
	"  --qemu VERSION    the oldest QEMU of the pool, as 7.2: no newer model is named\n"
	"  --out FILE        write it there, all or nothing\n"
	"\n"
	"A pool is a JSON file; paths in it are relative to its folder, and a pattern\n"
	"stands for all files that it matches:\n"
	"\n"
	"  {\"isahp-pool\": 1, \"name\": \"web\", \"hosts\": [\"profiles/*.json\"],\n"
	"   \"level\": \"x86-64-v3\", \"cross_vendor\": true}\n",
	.positionals = positionals,
	.options = options,
	.local = true,
	.run = run,
};
