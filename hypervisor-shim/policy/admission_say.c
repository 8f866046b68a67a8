// SPDX-License-Identifier: GPL-2.0-or-later
#include "admission.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "text.h"

static const char *const verdicts[] = {
	[ISAHP_ADMITTED] = "admitted",
	[ISAHP_ADMITTED_AFTER] = "admitted-after",
	[ISAHP_REFUSED] = "refused",
};

static const char *const remedies[] = {
#define ROW(sym, word) [ISAHP_REMEDY_##sym] = word,
	ISAHP_REMEDY_TABLE(ROW)
#undef ROW
};

static const struct {
	const char *word;
	const char *phrase;
} needs[] = {
#define ROW(bit, sym, word, phrase) [bit] = { word, phrase },
	ISAHP_NEED_TABLE(ROW)
#undef ROW
};

#define NEEDS (sizeof(needs) / sizeof(needs[0]))

static const char *const registers[] = { "eax", "ebx", "ecx", "edx" };

static json_t *hex(__u32 value)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%x", value);
	return json_string(text);
}

static void add_place(json_t *object, const struct isahp_place *p)
{
	json_t *place;

	if (!p->width)
		return;
	if (p->reg == ISAHP_REGISTER_MSR)
		place = json_pack("{s:o, s:i, s:i}", "number", hex(p->leaf), "bit",
				  p->shift, "width", p->width);
	else
		place = json_pack("{s:o, s:o, s:s, s:i, s:i}", "leaf", hex(p->leaf),
				  "subleaf", hex(p->subleaf), "register",
				  registers[p->reg & 3], "bit", p->shift, "width",
				  p->width);
	json_object_set_new(object, p->reg == ISAHP_REGISTER_MSR ? "msr" : "cpuid",
			    place);
}

static json_t *item_to_json(const struct isahp_admission_item *item)
{
	json_t *object = json_object(), *who = json_array();
	unsigned int i;

	for (i = 0; i < NEEDS; i++)
		if (item->needs >> i & 1)
			json_array_append_new(who, json_string(needs[i].word));
	json_object_set_new(object, "kind",
			    json_string(isahp_objection_word(item->kind)));
	json_object_set_new(object, "what", json_string(item->what));
	add_place(object, &item->place);
	json_object_set_new(object, "needed_by", who);
	json_object_set_new(object, "reason", json_string(item->why));
	if (item->remedy != ISAHP_REMEDY_NONE || *item->change)
		json_object_set_new(object, "remedy",
				    json_pack("{s:s, s:s}", "kind",
					      remedies[item->remedy], "text",
					      item->change));
	return object;
}

static json_t *items_to_json(const struct isahp_admission_items *items)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < items->count; i++)
		json_array_append_new(array, item_to_json(&items->array[i]));
	return array;
}

json_t *isahp_admission_to_json(const struct isahp_admission *admission)
{
	const struct isahp_admission *a = admission;

	return json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:b, s:o, s:o, s:{s:s, s:o}}",
			 "vm", a->vm, "host", a->host, "verdict",
			 verdicts[a->verdict], "exit", (int)isahp_admission_exit(a),
			 "refusals", items_to_json(&a->refusals), "remarks",
			 items_to_json(&a->remarks), "more",
			 a->refusals.more || a->remarks.more, "leaving",
			 isahp_names_to_json(&a->leaving), "arriving",
			 isahp_names_to_json(&a->arriving), "entry32", "enter_by",
			 isahp_entry_form_name(a->arrival.form), "acts",
			 isahp_arrival_to_json(a->arrival.acts));
}

/* --- for people ------------------------------------------------------------- */

static void print_place(FILE *to, const struct isahp_place *p)
{
	if (!p->width)
		return;
	if (p->reg == ISAHP_REGISTER_MSR)
		fprintf(to, " [MSR 0x%x", p->leaf);
	else
		fprintf(to, " [CPUID 0x%x.%x %c%c%c", p->leaf, p->subleaf, 'E',
			"ABCD"[p->reg & 3], 'X');
	if (p->width == 1)
		fprintf(to, " bit %u]", p->shift);
	else if (p->width == 32)
		fputc(']', to);
	else
		fprintf(to, " bits %u-%u]", p->shift, p->shift + p->width - 1);
}

static void print_item(FILE *to, const struct isahp_admission_item *item)
{
	const char *comma = "";
	unsigned int i;

	fprintf(to, "  %s", item->what);
	print_place(to, &item->place);
	fprintf(to, ": %s\n", item->why);
	if (item->needs) {
		fputs("      needed by: ", to);
		for (i = 0; i < NEEDS; i++)
			if (item->needs >> i & 1) {
				fprintf(to, "%s%s", comma, needs[i].phrase);
				comma = ", ";
			}
		fputc('\n', to);
	}
	if (*item->change)
		fprintf(to, "      would do: %s\n", item->change);
}

static void print_set(FILE *to, const char *what, const struct isahp_features *set)
{
	char text[1024];

	isahp_names_format(set, text, sizeof(text));
	if (*text)
		fprintf(to, "%s: %s\n", what, text);
}

static void print(FILE *to, const void *what)
{
	const struct isahp_admission *a = what;
	unsigned int bit;
	size_t i;

	if (a->verdict == ISAHP_REFUSED)
		fprintf(to, "VM %s may not go to %s: %zu reason%s\n", a->vm, a->host,
			a->refusals.count, a->refusals.count == 1 ? "" : "s");
	else
		fprintf(to, "VM %s may go to %s%s\n", a->vm, a->host,
			a->verdict == ISAHP_ADMITTED ? "" :
			", once what follows is done");
	for (i = 0; i < a->refusals.count; i++)
		print_item(to, &a->refusals.array[i]);
	if (a->refusals.more)
		fputs("  and more\n", to);
	print_set(to, "programs have to let go of", &a->leaving);
	print_set(to, "can be announced there", &a->arriving);
	if (a->arrival.acts)
		fputs("the guest's module will, for 32-bit programs:\n", to);
	for (bit = 0; isahp_arrival_phrase(bit); bit++)
		if (a->arrival.acts >> bit & 1)
			fprintf(to, "  %s\n", isahp_arrival_phrase(bit));
	if (a->remarks.count)
		fputs("no reason to refuse, but to be known:\n", to);
	for (i = 0; i < a->remarks.count; i++)
		print_item(to, &a->remarks.array[i]);
}

char *isahp_admission_to_text(const struct isahp_admission *admission)
{
	return isahp_text_of(print, admission);
}
