// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include <isa-core/features.h>

#include "ctl.h"
#include "hosts.h"
#include "paint.h"
#include "policy/decision.h"
#include "policy/field.h"
#include "pools.h"

/* --- decisions of the merge -------------------------------------------------- */

static json_t *hex(unsigned long long value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", value);
	return json_string(text);
}

static json_t *place(const struct isahp_place *p)
{
	static const char *const registers[] = { "eax", "ebx", "ecx", "edx" };

	if (p->reg == ISAHP_REGISTER_MSR)
		return json_pack("{s:o, s:i, s:i}", "msr", hex(p->leaf), "shift",
				 (int)p->shift, "width", (int)p->width);
	return json_pack("{s:o, s:o, s:s, s:i, s:i}", "leaf", hex(p->leaf), "subleaf",
			 hex(p->subleaf), "register", registers[p->reg & 3], "shift",
			 (int)p->shift, "width", (int)p->width);
}

static json_t *flag(int feature)
{
	const struct isahp_feature_info *f =
		feature < 0 ? NULL : isahp_feature_info((unsigned int)feature);

	return f ? json_string(f->flag) : json_null();
}

static json_t *decision(const struct isahp_decision *d)
{
	char text[512];

	isahp_decision_format(d, text, sizeof(text));
	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:s, s:s?, s:o, s:s}", "place",
			 place(&d->place), "name", d->name, "operator",
			 isahp_operator_name(d->operator), "result",
			 d->told ? hex(d->result) : json_null(), "before",
			 hex(d->before), "feature", flag(d->feature), "rule", d->rule,
			 "host", d->lowest ? d->lowest->name : NULL, "needs",
			 flag(d->needs), "text", text);
}

/* --- features ---------------------------------------------------------------- */

/* The hosts by what they have of one feature. */
static json_t *hosts_of(const json_t *has, const char *name)
{
	json_t *by_word = json_object(), *features;
	const char *host;

	json_object_foreach((json_t *)has, host, features) {
		const char *word = ctl_text(features, name);
		json_t *list = json_object_get(by_word, word);

		if (!list) {
			list = json_array();
			json_object_set_new(by_word, word, list);
		}
		json_array_append_new(list, json_string(host));
	}
	return by_word;
}

static json_t *feature(const struct ctl_pool *p, const json_t *has, unsigned int number)
{
	const char *name = isahp_feature_info(number)->flag;
	enum isahp_envelope_place where = p->envelope.place[number];
	json_t *hosts = hosts_of(has, name);
	char reason[256];

	isahp_envelope_why(&p->envelope, number, reason, sizeof(reason));
	if (where == ISAHP_ENVELOPE_ABSENT && json_object_get(hosts, "yes"))
		strcpy(reason, "on no host where VMs can go");
	else if (where == ISAHP_ENVELOPE_ABSENT && json_object_get(hosts, "off"))
		strcpy(reason, "on no host that can give it to a VM");
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "flag", name, "class",
			 ctl_class_name(isahp_feature_info(number)->class), "place",
			 isahp_envelope_word(where), "reason", reason, "promised",
			 isahp_features_has(&p->merged.features, number), "hosts",
			 hosts);
}

/* Hosts where no VM of the pool can go. */
static json_t *excluded(const struct ctl_pool *p)
{
	json_t *envelope = isahp_envelope_to_json(&p->envelope), *host;
	json_t *array = json_array();
	size_t i;

	json_array_foreach(json_object_get(envelope, "hosts"), i, host)
		if (json_is_true(json_object_get(host, "excluded")))
			json_array_append_new(
				array, json_pack("{s:O, s:O, s:O}", "name",
						 json_object_get(host, "name"), "lacks",
						 json_object_get(host, "lacks"), "errata",
						 json_object_get(host, "errata")));
	json_decref(envelope);
	return array;
}

/* What each host has, by name. */
static json_t *inventory(const struct isahp_pool *pool)
{
	json_t *has = json_object();
	size_t i;

	for (i = 0; i < pool->host_count; i++)
		json_object_set_new(has, pool->hosts[i].name,
				    ctl_host_features(&pool->hosts[i]));
	return has;
}

static int numbers_of(const json_t *names, struct isahp_features *ret,
		      struct isahp_error *err)
{
	const json_t *name;
	size_t i;

	*ret = names ? isahp_features_none() : isahp_features_known();
	json_array_foreach(names, i, name) {
		const char *text = json_string_value(name);
		int number = isahp_feature_find(text, strlen(text)), near;

		if (number >= 0) {
			isahp_features_add(ret, (unsigned int)number);
			continue;
		}
		near = isahp_feature_nearest(text, strlen(text));
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       near < 0 ? "unknown feature '%s': isahpctl features lists them" :
						  "unknown feature '%s': did you mean '%s'?",
				       text, near < 0 ? "" : isahp_feature_info(
							      (unsigned int)near)->flag);
	}
	return 0;
}

/* Decisions that are about some features; all of them where none are named. */
static json_t *decisions(const struct isahp_merged *merged, bool all,
			 const struct isahp_features *wanted)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < merged->decision_count; i++) {
		const struct isahp_decision *d = &merged->decisions[i];

		if (all || (d->feature >= 0 &&
			    isahp_features_has(wanted, (unsigned int)d->feature)))
			json_array_append_new(array, decision(d));
	}
	return array;
}

static json_t *explain(const struct ctl_pool *p, bool all,
		       const struct isahp_features *wanted)
{
	json_t *has = inventory(&p->pool), *features = json_array();
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_feature_info(i) && isahp_features_has(wanted, i))
			json_array_append_new(features, feature(p, has, i));
	json_decref(has);
	return json_pack("{s:s, s:o, s:o, s:o}", "pool", p->pool.name, "excluded",
			 excluded(p), "features", features, "decisions", decisions(&p->merged, all, wanted));
}

/* --- for people -------------------------------------------------------------- */

/* "no on a, b and 3 more; untold on c": yes is what the others have. */
static void print_hosts(json_t *by_word)
{
	static const char *const words[][2] = {
		{ "yes", "on" }, { "off", "unusable on" }, { "no", "not on" },
		{ "untold", "untold of" },
	};
	const char *separator = "      ";
	size_t i, at, count;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const json_t *list = json_object_get(by_word, words[i][0]);

		count = json_array_size(list);
		if (!count)
			continue;
		printf("%s%s ", separator, words[i][1]);
		for (at = 0; at < count && at < 4; at++)
			printf("%s%s", at ? ", " : "",
			       json_string_value(json_array_get(list, at)));
		if (at < count)
			printf(" and %zu more", count - at);
		separator = "; ";
	}
	putchar('\n');
}

static void print_feature(const json_t *f)
{
	bool promised = json_is_true(json_object_get(f, "promised"));

	printf("  ");
	ctl_paint(promised ? CTL_PAINT_GOOD : CTL_PAINT_HEAD, 0, ctl_text(f, "flag"));
	printf(": %s\n", ctl_text(f, "reason"));
	print_hosts(json_object_get(f, "hosts"));
}

static void print_words(const char *label, const json_t *words)
{
	const json_t *word;
	size_t i;

	if (!json_array_size(words))
		return;
	printf("      %s", label);
	json_array_foreach(words, i, word)
		printf("%s %s", i ? "," : "", json_string_value(word));
	putchar('\n');
}

static void print_excluded(const json_t *data)
{
	const json_t *hosts = json_object_get(data, "excluded"), *host;
	size_t i;

	if (!json_array_size(hosts))
		return;
	ctl_paint(CTL_PAINT_HEAD, 0, "Hosts where VMs cannot go:");
	putchar('\n');
	json_array_foreach(hosts, i, host) {
		printf("  ");
		ctl_paint(CTL_PAINT_BAD, 0, ctl_text(host, "name"));
		putchar('\n');
		print_words("lacks", json_object_get(host, "lacks"));
		print_words("errata that VMs' kernels do not work around (\"accept\" takes them):",
			    json_object_get(host, "errata"));
	}
}

static void print_group(const json_t *features, const char *title, bool announced)
{
	const json_t *f;
	bool headed = false;
	size_t i;

	json_array_foreach(features, i, f) {
		const char *where = ctl_text(f, "place");
		bool is = !strcmp(where, "announced") || !strcmp(where, "everywhere");

		if (!strcmp(where, "absent") || !strcmp(where, "baseline") ||
		    is != announced)
			continue;
		if (!headed) {
			ctl_paint(CTL_PAINT_HEAD, 0, title);
			putchar('\n');
		}
		headed = true;
		print_feature(f);
	}
}

static void print_decisions(const json_t *data)
{
	const json_t *list = json_object_get(data, "decisions"), *d;
	size_t i;

	if (!json_array_size(list))
		return;
	ctl_paint(CTL_PAINT_HEAD, 0, "Decisions, where hosts are not equal:");
	putchar('\n');
	json_array_foreach(list, i, d) {
		printf("  ");
		ctl_paint(CTL_PAINT_FAINT, 10, ctl_text(d, "operator"));
		printf("%s\n", ctl_text(d, "text"));
	}
}

static void print_pool(const json_t *data)
{
	const json_t *features = json_object_get(data, "features");

	print_excluded(data);
	print_group(features, "Not promised, and announced where they are:", true);
	print_group(features, "Kept from VMs:", false);
	print_decisions(data);
}

static void print_features(const json_t *data)
{
	const json_t *features = json_object_get(data, "features"), *f;
	size_t i;

	json_array_foreach(features, i, f)
		print_feature(f);
	print_decisions(data);
}

static int run(const struct ctl *ctl, json_t *args)
{
	const json_t *names = json_object_get(args, "features");
	struct isahp_features wanted;
	struct isahp_error err;
	struct ctl_pool pool;
	json_t *data = NULL;
	int rc = numbers_of(names, &wanted, &err);

	if (!rc)
		rc = ctl_pool_open(json_string_value(json_object_get(args, "pool")),
				   &pool, &err);
	if (!rc) {
		data = explain(&pool, !names, &wanted);
		ctl_pool_close(&pool);
	}
	return ctl_finish(ctl, rc, data, &err, names ? print_features : print_pool);
}

static const struct ctl_positional positionals[] = {
	{ "POOLFILE", CTL_FILE, "pool", CTL_ONE },
	{ "FEATURE", CTL_FEATURES, "features", CTL_ANY },
	{ 0 },
};

const struct ctl_command ctl_pool_explain = {
	.name = "pool explain",
	.summary = "why a pool promises what it does, and nothing else",
	.usage =
	"pool explain POOLFILE [FEATURE...]\n"
	"Say why each feature that some host has is not promised by the pool, and each\n"
	"decision of the merge: the field's place in CPUID, the operator (AND, OR, MIN,\n"
	"MAX, EQUAL, RECOMPUTE, POLICY), the result, the rule, and the host that decided.\n"
	"With a FEATURE: only what is about it, also where it is promised.\n",
	.positionals = positionals,
	.local = true,
	.run = run,
};
