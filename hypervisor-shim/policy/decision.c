// SPDX-License-Identifier: GPL-2.0-or-later
#include "decision.h"

#include <stdio.h>
#include <stdlib.h>

#include <isa-core/features.h>

#include "text.h"

void isahp_decision_add(struct isahp_decisions *list,
			struct isahp_decision decision)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct isahp_decision *array =
			reallocarray(list->array, room, sizeof(*array));

		if (!array) {
			list->failed = true;
			return;
		}
		list->array = array;
		list->room = room;
	}
	list->array[list->count++] = decision;
}

static int place_compare(const struct isahp_place *a, const struct isahp_place *b)
{
	int msr = (a->reg == ISAHP_REGISTER_MSR) - (b->reg == ISAHP_REGISTER_MSR);

	if (msr)
		return msr;
	if (a->leaf != b->leaf)
		return a->leaf < b->leaf ? -1 : 1;
	if (a->subleaf != b->subleaf)
		return a->subleaf < b->subleaf ? -1 : 1;
	if (a->reg != b->reg)
		return a->reg - b->reg;
	return a->shift - b->shift;
}

/* For a sort that keeps what is equal in its order. */
struct ranked {
	struct isahp_decision decision;
	size_t rank;
};

static int ranked_compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int rc = place_compare(&x->decision.place, &y->decision.place);

	return rc ? rc : x->rank < y->rank ? -1 : x->rank > y->rank;
}

void isahp_decision_sort(struct isahp_decisions *list)
{
	struct ranked *ranked = calloc(list->count + 1, sizeof(*ranked));
	size_t i;

	if (!ranked) {
		list->failed = true;
		return;
	}
	for (i = 0; i < list->count; i++)
		ranked[i] = (struct ranked){ list->array[i], i };
	qsort(ranked, list->count, sizeof(*ranked), ranked_compare);
	for (i = 0; i < list->count; i++)
		list->array[i] = ranked[i].decision;
	free(ranked);
}

int isahp_place_feature(const struct isahp_place *place)
{
	int i;

	if (place->reg == ISAHP_REGISTER_MSR || place->width != 1)
		return -1;
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f && f->leaf == place->leaf && f->subleaf == place->subleaf &&
		    f->reg == place->reg && f->bit == place->shift)
			return i;
	}
	return -1;
}

static void format_place(const struct isahp_place *p, char *text, size_t size)
{
	static const char *const registers[] = { "EAX", "EBX", "ECX", "EDX" };
	unsigned int top = (unsigned int)p->shift + p->width - 1;

	if (p->reg == ISAHP_REGISTER_MSR)
		isahp_text_append(text, size, "MSR %x", p->leaf);
	else
		isahp_text_append(text, size, "CPUID %x.%x %s", p->leaf,
				  p->subleaf, registers[p->reg & 3]);
	if (p->width == 1)
		isahp_text_append(text, size, "[%u]", top);
	else if (p->width != (p->reg == ISAHP_REGISTER_MSR ? 64 : 32))
		isahp_text_append(text, size, "[%u:%u]", top, p->shift);
}

/* Numbers that people read are small, or they are bits. */
static void format_value(const struct isahp_decision *d, __u64 value, char *text,
			 size_t size)
{
	if (d->operator == ISAHP_OPERATOR_POLICY || value > 0xffff)
		isahp_text_append(text, size, "%#llx", value);
	else
		isahp_text_append(text, size, "%llu", value);
}

void isahp_decision_format(const struct isahp_decision *d, char *text, size_t size)
{
	const struct isahp_feature_info *needs =
		d->needs < 0 ? NULL : isahp_feature_info(d->needs);
	const struct isahp_feature_info *f =
		d->feature < 0 ? NULL : isahp_feature_info(d->feature);

	text[0] = '\0';
	format_place(&d->place, text, size);
	isahp_text_append(text, size, " %s: ", f ? f->flag : d->name);
	if (d->told)
		format_value(d, d->result, text, size);
	else
		isahp_text_append(text, size, "left open");
	if (d->told && d->before != d->result) {
		isahp_text_append(text, size, ", not ");
		format_value(d, d->before, text, size);
	}
	isahp_text_append(text, size, ": %s", d->rule);
	if (needs)
		isahp_text_append(text, size, " (%s is missing)", needs->flag);
	if (d->lowest)
		isahp_text_append(text, size, " (%s)", d->lowest->name);
}

json_t *isahp_decision_to_json(const struct isahp_decision *d)
{
	static const char *const registers[] = { "eax", "ebx", "ecx", "edx", "msr" };
	const struct isahp_feature_info *needs =
		d->needs < 0 ? NULL : isahp_feature_info(d->needs);
	const struct isahp_feature_info *f =
		d->feature < 0 ? NULL : isahp_feature_info(d->feature);
	bool msr = d->place.reg == ISAHP_REGISTER_MSR;
	char leaf[12], before[20], result[20];

	snprintf(leaf, sizeof(leaf), "0x%x", d->place.leaf);
	snprintf(before, sizeof(before), "0x%llx", d->before);
	snprintf(result, sizeof(result), "0x%llx", d->result);
	/* "s*" and "s?" leave out, and make null of, what is NULL. */
	return json_pack("{s:s, s:o*, s:s, s:i, s:i, s:s, s:s, s:s, s:s?, s:s, s:s*, "
			 "s:s*, s:s*}",
			 msr ? "msr" : "leaf", leaf, "subleaf",
			 msr ? NULL : json_integer(d->place.subleaf), "register",
			 registers[d->place.reg], "shift", (int)d->place.shift,
			 "width", (int)d->place.width, "name", d->name, "operator",
			 isahp_operator_name(d->operator), "before", before, "result",
			 d->told ? result : NULL, "rule", d->rule, "host",
			 d->lowest ? d->lowest->name : NULL, "feature",
			 f ? f->flag : NULL, "needs", needs ? needs->flag : NULL);
}
