// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <isa-core/features.h>

#include "tool.h"

/* Bytes of a name that are shown; mangled ones have some thousands at times. */
#define TEXT_LONGEST 4096

json_t *tool_features(const struct isahp_features *set)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_MAX; i++) {
		const struct isahp_feature_info *info = isahp_feature_info(i);

		if (isahp_features_has(set, i))
			json_array_append_new(
				list, info ? json_string(info->flag) :
					     json_sprintf("feature-%u", i));
	}
	return list;
}

/* Does a control character begin here? U+0080 to U+009F are two bytes. */
static bool controls(const char *s)
{
	unsigned char c = (unsigned char)s[0], next = c ? (unsigned char)s[1] : 0;

	return c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0);
}

json_t *tool_text(const char *name)
{
	char copy[TEXT_LONGEST + 8];
	json_t *s;
	size_t n;

	if (!name)
		return json_null();
	for (n = 0; name[n] && n < TEXT_LONGEST; n++) {
		copy[n] = controls(name + n) ? '?' : name[n];
		/* The second byte as well. */
		if (copy[n] != name[n] && (unsigned char)name[n] == 0xc2)
			copy[++n] = '?';
	}
	/* Nothing is cut within a character. */
	while (name[n] && n && ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;
	strcpy(copy + n, name[n] ? "..." : "");
	/* jansson takes UTF-8 only; a file's names may be anything. */
	s = json_string(copy);
	return s ? s : json_string("(not UTF-8)");
}

const char *tool_explain(int rc, const char *why)
{
	switch (rc) {
	case -E2BIG:
		return why ? why : "more code than can be looked at";
	case -ENODATA:
		return "defines no operations of isahp";
	case -ENOMEM:
		return "out of memory";
	default:
		return why ? why : "makes no sense";
	}
}

static json_t *show_variant(const struct image *im, const struct operation *op,
			    const struct variant *v)
{
	uint64_t offset = 0;
	const char *function = v->fn.external;
	json_t *o = json_object();

	if (!function)
		function = image_symbol(im, v->fn.value, &offset);
	json_object_set_new(o, "name", tool_text(v->name));
	json_object_set_new(o, "needs", tool_features(&v->needs));
	json_object_set_new(o, "cost", json_integer(v->cost));
	json_object_set_new(o, "function",
			    function && !offset ? tool_text(function) : json_null());
	json_object_set_new(o, "address",
			    v->fn.external ? json_null() :
					     json_sprintf("0x%" PRIx64, v->fn.value));
	if (op->has_results)
		json_object_set_new(o, "results", json_integer(v->results));
	return o;
}

int tool_show(const char *path, const struct image *im, json_t **ret_json,
	      const char **ret_why)
{
	struct operations ops;
	json_t *file, *list;
	size_t i, j;
	int rc = operations_read(im, &ops);

	*ret_why = tool_explain(rc, ops.why);
	if (rc) {
		operations_free(&ops);
		return rc;
	}
	list = json_array();
	for (i = 0; i < ops.count; i++) {
		const struct operation *op = &ops.list[i];
		json_t *o = json_object(), *variants = json_array();

		for (j = 0; j < op->variant_count; j++)
			json_array_append_new(
				variants, show_variant(im, op, &op->variants[j]));
		json_object_set_new(o, "name", tool_text(op->name));
		json_object_set_new(o, "flags", json_integer(op->flags));
		json_object_set_new(o, "variants", variants);
		json_array_append_new(list, o);
	}
	file = json_object();
	json_object_set_new(file, "file", tool_text(path));
	json_object_set_new(file, "operations", list);
	operations_free(&ops);
	*ret_json = file;
	return 0;
}

static void show_needs(const json_t *needs, FILE *out)
{
	size_t i;
	json_t *flag;

	if (!json_array_size(needs))
		fprintf(out, "nothing");
	json_array_foreach(needs, i, flag)
		fprintf(out, "%s%s", i ? "," : "", json_string_value(flag));
}

static void show_variant_text(const json_t *v, FILE *out)
{
	const char *function = json_string_value(json_object_get(v, "function"));
	const char *address = json_string_value(json_object_get(v, "address"));
	const json_t *results = json_object_get(v, "results");

	fprintf(out, "    %-12s cost %-10" JSON_INTEGER_FORMAT " needs ",
		json_string_value(json_object_get(v, "name")),
		json_integer_value(json_object_get(v, "cost")));
	show_needs(json_object_get(v, "needs"), out);
	fprintf(out, "; %s", function ? function : "no symbol");
	fprintf(out, " %s", address ? address : "in another object");
	if (json_integer_value(results))
		fprintf(out, "; results class %" JSON_INTEGER_FORMAT,
			json_integer_value(results));
	fprintf(out, "\n");
}

void tool_show_text(const json_t *shown, FILE *out)
{
	const json_t *list = json_object_get(shown, "operations");
	json_t *op, *v;
	size_t i, j;

	fprintf(out, "%s: %zu operations\n",
		json_string_value(json_object_get(shown, "file")),
		json_array_size(list));
	json_array_foreach(list, i, op) {
		uint64_t flags = (uint64_t)json_integer_value(
			json_object_get(op, "flags"));

		fprintf(out, "  %s", json_string_value(json_object_get(op, "name")));
		if (flags)
			fprintf(out, " (flags 0x%" PRIx64 "%s)", flags,
				flags & 1 ? ": same bits or no swap" : "");
		fprintf(out, "\n");
		json_array_foreach(json_object_get(op, "variants"), j, v)
			show_variant_text(v, out);
	}
}
