// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <isa-core/features.h>

#include "nonzero.h"
#include "rest.h"
#include "tool.h"

static const char *const kind_names[] = {
	[FINDING_MISSING] = "undeclared-feature",
	[FINDING_UNNAMED] = "unnamed-feature",
	[FINDING_UNKNOWN] = "unknown-instruction",
	[FINDING_OUTSIDE] = "outside",
	[FINDING_DIRTY] = "dirty-upper-halves",
	[FINDING_NO_CODE] = "no-code",
	[FINDING_INDIRECT_CALL] = "indirect-call",
	[FINDING_INDIRECT_JUMP] = "indirect-jump",
	[FINDING_EXTERNAL] = "external",
	[FINDING_IFUNC] = "ifunc",
	[FINDING_INTERPOSABLE] = "interposable",
};

static const char *const kind_texts[] = {
	[FINDING_MISSING] = "needs what is not declared",
	[FINDING_UNNAMED] = "needs a feature that isahp has no name for",
	[FINDING_UNKNOWN] = "not an instruction that this program knows",
	[FINDING_OUTSIDE] = "not followed: to where the file has no code",
	[FINDING_DIRTY] = "leaves upper halves of wide registers in use: no vzeroupper",
	[FINDING_NO_CODE] = "not checked: the function is not in this file",
	[FINDING_INDIRECT_CALL] = "not followed: call through a pointer",
	[FINDING_INDIRECT_JUMP] = "not followed: jump through a pointer",
	[FINDING_EXTERNAL] = "not followed: in another object",
	[FINDING_IFUNC] = "not followed: bound to the CPU that the program starts on (ifunc)",
	[FINDING_INTERPOSABLE] = "followed, but another object may come before it",
};

/* Nobody reads more; what there are beyond is counted. */
#define LISTED_MAX 10000

struct checking {
	const struct image *image;
	const struct tool_options *options;
	const struct code *code; /* NULL: none was found */
	struct rest rest;
	json_t *list;
	json_int_t findings;
	json_int_t warnings;
};

static json_t *place(const struct image *im, uint64_t address)
{
	uint64_t offset = 0, end;
	const char *name = image_symbol(im, address, &offset);
	json_t *o = json_object();

	if (!name && !image_function(im, address, &offset, &end))
		offset = address - offset;
	json_object_set_new(o, "function", tool_text(name));
	json_object_set_new(o, "offset", json_integer((json_int_t)offset));
	json_object_set_new(o, "address", json_sprintf("0x%" PRIx64, address));
	return o;
}

/* What compilers call when all is lost; the program ends there. */
static const char *const last_words[] = {
	"__stack_chk_fail", "__assert_fail", "__chk_fail", "abort",
};

static bool trusted(const struct tool_options *options, const char *name)
{
	size_t i;

	for (i = 0; name && i < sizeof(last_words) / sizeof(last_words[0]); i++)
		if (!strcmp(last_words[i], name))
			return true;

	for (i = 0; name && i < options->trusted_count; i++)
		if (!strcmp(options->trusted[i], name))
			return true;
	return false;
}

static int add(void *arg, const struct finding *f)
{
	struct checking *c = arg;
	bool warning = finding_is_warning(f->kind);
	char text_of[CODE_TEXT] = "";
	json_t *o;

	if (warning && trusted(c->options, f->name))
		return 0;
	if (warning && !c->options->strict)
		c->warnings++;
	else
		c->findings++;
	if (c->findings + c->warnings > LISTED_MAX)
		return 0;
	o = place(c->image, f->address);
	json_object_set_new(o, "kind", json_string(kind_names[f->kind]));
	json_object_set_new(o, "text", json_string(kind_texts[f->kind]));
	json_object_set_new(o, "warning",
			    json_boolean(warning && !c->options->strict));
	if (c->code) {
		code_disassemble(c->code, f->address, text_of);
		json_object_set_new(o, "instruction", tool_text(text_of));
	}
	if (f->kind == FINDING_MISSING)
		json_object_set_new(o, "missing", tool_features(&f->missing));
	if (f->name)
		json_object_set_new(o, "name", tool_text(f->name));
	if (f->kind == FINDING_DIRTY)
		json_object_set_new(o, "since", place(c->image, f->since));
	json_array_append_new(c->list, o);
	return 0;
}

static int check_code(struct checking *c, const struct variant *v, size_t *budget,
		      json_t *o)
{
	struct finding none = { .kind = FINDING_NO_CODE, .name = v->fn.external };
	struct code code;
	int rc;

	if (v->fn.external || v->fn.ifunc) {
		none.kind = v->fn.ifunc ? FINDING_IFUNC : FINDING_NO_CODE;
		none.address = v->fn.value;
		return add(c, &none);
	}
	rc = code_follow(c->image, v->fn.value, budget, NULL, NULL, &code);
	if (rc)
		return rc;
	json_object_set_new(o, "instructions",
			    json_integer((json_int_t)code.node_count));
	c->code = &code;
	rc = nonzero_find(&code, v->fn.value, budget);
	if (!rc)
		rc = finding_each(&code, v, c->options->rep_bsf, budget, add, c);
	if (!rc && c->options->rest)
		rc = rest_seen(&c->rest, &code);
	c->code = NULL;
	code_free(&code);
	return rc;
}

static int check_variant(struct checking *c, const struct variant *v,
			 size_t *budget, json_t *variants)
{
	json_t *o = json_object();
	int rc;

	c->list = json_array();
	json_object_set_new(o, "name", tool_text(v->name));
	json_object_set_new(o, "needs", tool_features(&v->needs));
	json_object_set_new(o, "findings", c->list);
	json_array_append_new(variants, o);
	rc = check_code(c, v, budget, o);
	return rc;
}

/* One variant has to need nothing: what calls get while all others may not run. */
static bool has_base(const struct operation *op)
{
	size_t i;

	for (i = 0; i < op->variant_count; i++)
		if (isahp_features_empty(&op->variants[i].needs))
			return true;
	return false;
}

static int check_operation(struct checking *c, const struct operation *op,
			   size_t *budget, json_t *list)
{
	json_t *o = json_object(), *variants = json_array();
	size_t i;
	int rc = 0;

	json_object_set_new(o, "name", tool_text(op->name));
	json_object_set_new(o, "variants", variants);
	json_object_set_new(o, "has_base", json_boolean(has_base(op)));
	json_array_append_new(list, o);
	if (!has_base(op))
		c->findings++;
	for (i = 0; !rc && i < op->variant_count; i++)
		rc = check_variant(c, &op->variants[i], budget, variants);
	return rc;
}

static int add_rest(void *arg, const struct code *code, const struct finding *f)
{
	struct checking *c = arg;

	c->code = code;
	return add(c, f);
}

static int check_rest(struct checking *c, size_t *budget, json_t *file)
{
	json_t *o;
	size_t count;
	int rc;

	c->list = json_array();
	rc = rest_each(&c->rest, c->image, budget, add_rest, c, &count);
	o = json_pack("{s:I, s:o}", "instructions", (json_int_t)count,
		      "findings", c->list);
	json_object_set_new(file, "rest", o);
	return rc;
}

int tool_check(const char *path, const struct image *im,
	       const struct tool_options *options, json_t **ret_json,
	       const char **ret_why)
{
	struct checking c = { .image = im, .options = options };
	json_t *file = json_object(), *list = json_array();
	size_t budget = options->budget, i;
	struct operations ops;
	int rc = operations_read(im, &ops);

	*ret_why = tool_explain(rc, ops.why);
	if (!rc && !ops.count)
		rc = -ENODATA;
	for (i = 0; !rc && i < ops.count; i++) {
		rc = check_operation(&c, &ops.list[i], &budget, list);
		ops.why = NULL;
	}
	if (!rc && options->rest)
		rc = check_rest(&c, &budget, file);
	*ret_why = tool_explain(rc, ops.why);
	rest_free(&c.rest);
	json_object_set_new(file, "file", tool_text(path));
	json_object_set_new(file, "operations", list);
	json_object_set_new(file, "finding_count", json_integer(c.findings));
	json_object_set_new(file, "warning_count", json_integer(c.warnings));
	json_object_set_new(file, "cut",
			    json_boolean(c.findings + c.warnings > LISTED_MAX));
	operations_free(&ops);
	if (rc)
		json_decref(file);
	else
		*ret_json = file;
	return rc;
}

static const char *string(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void print_place(const json_t *o, FILE *out)
{
	const char *function = string(o, "function");

	fprintf(out, "%s+0x%" PRIx64 " (%s)", function ? function : "no symbol",
		(uint64_t)json_integer_value(json_object_get(o, "offset")),
		string(o, "address"));
}

static void print_finding(const json_t *f, FILE *out)
{
	const json_t *missing = json_object_get(f, "missing");
	const json_t *since = json_object_get(f, "since");
	const char *name = string(f, "name");
	const char *instruction = string(f, "instruction");
	json_t *flag;
	size_t i;

	print_place(f, out);
	if (instruction)
		fprintf(out, ": %s", instruction);
	fprintf(out, ": %s%s", json_is_true(json_object_get(f, "warning")) ?
				       "warning: " : "",
		string(f, "text"));
	json_array_foreach(missing, i, flag)
		fprintf(out, "%s%s", i ? "," : ": ", json_string_value(flag));
	if (name)
		fprintf(out, ": %s", name);
	if (since) {
		fprintf(out, ", since ");
		print_place(since, out);
	}
	fprintf(out, "\n");
}

static void print_operation(const json_t *op, const char *path, FILE *out,
			    json_int_t *instructions)
{
	json_t *v, *f;
	size_t i, j;

	if (!json_is_true(json_object_get(op, "has_base")))
		fprintf(out, "%s: %s: no variant that needs nothing\n", path,
			string(op, "name"));
	json_array_foreach(json_object_get(op, "variants"), i, v) {
		*instructions +=
			json_integer_value(json_object_get(v, "instructions"));
		json_array_foreach(json_object_get(v, "findings"), j, f) {
			fprintf(out, "%s: %s[%s]: ", path, string(op, "name"),
				string(v, "name"));
			print_finding(f, out);
		}
	}
}

void tool_check_text(const json_t *checked, FILE *out)
{
	const json_t *list = json_object_get(checked, "operations");
	const json_t *rest = json_object_get(checked, "rest");
	json_int_t instructions = 0;
	size_t i, variants = 0;
	json_t *op;

	json_array_foreach(list, i, op) {
		print_operation(op, string(checked, "file"), out, &instructions);
		variants += json_array_size(json_object_get(op, "variants"));
	}
	instructions += json_integer_value(json_object_get(rest, "instructions"));
	json_array_foreach(json_object_get(rest, "findings"), i, op) {
		fprintf(out, "%s: outside of all variants: ",
			string(checked, "file"));
		print_finding(op, out);
	}
	if (json_is_true(json_object_get(checked, "cut")))
		fprintf(out, "%s: more than %d are not listed\n",
			string(checked, "file"), LISTED_MAX);
	fprintf(out,
		"%s: %zu operations, %zu variants, %" JSON_INTEGER_FORMAT
		" instructions: %" JSON_INTEGER_FORMAT
		" findings, %" JSON_INTEGER_FORMAT " warnings\n",
		string(checked, "file"), json_array_size(list), variants,
		instructions,
		json_integer_value(json_object_get(checked, "finding_count")),
		json_integer_value(json_object_get(checked, "warning_count")));
}
