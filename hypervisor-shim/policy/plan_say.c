// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "names.h"
#include "plan.h"
#include "text.h"

/* Of many names, so many are said. */
#define NAMES 6

static const struct {
	const char *word;
	const char *phrase;
} whys[] = {
#define ROW(sym, word, phrase) [ISAHP_PLAN_##sym] = { word, phrase },
	ISAHP_PLAN_WHY_TABLE(ROW)
#undef ROW
};

static const char *const dos[] = {
	[ISAHP_PLAN_REMOVE] = "announce-remove",
	[ISAHP_PLAN_LOWER] = "lower-baseline",
	[ISAHP_PLAN_JOIN] = "join",
	[ISAHP_PLAN_MIGRATE] = "migrate",
	[ISAHP_PLAN_LEAVE] = "leave",
	[ISAHP_PLAN_CHANGE] = "change",
	[ISAHP_PLAN_RAISE] = "raise-baseline",
	[ISAHP_PLAN_ADD] = "announce-add",
};

const char *isahp_plan_word(enum isahp_plan_why why)
{
	return (size_t)why < ISAHP_PLAN_WHYS ? whys[why].word : "";
}

const char *isahp_plan_do_word(enum isahp_plan_do what)
{
	return (size_t)what < ISAHP_PLAN_DOS ? dos[what] : "";
}

void isahp_plan_say(const struct isahp_plan_item *item, char *text, size_t size)
{
	const char *phrase = item->why < ISAHP_PLAN_WHYS ? whys[item->why].phrase : "";
	const char *at = strstr(phrase, "%s");

	text[0] = '\0';
	isahp_text_append(text, size, "%.*s%s%s",
			  at ? (int)(at - phrase) : (int)strlen(phrase), phrase,
			  at && item->who ? item->who : "", at ? at + 2 : "");
}

/* --- lists ------------------------------------------------------------------- */

static void print_set(FILE *to, const struct isahp_features *set)
{
	char text[2048];

	isahp_names_format(set, text, sizeof(text));
	fputs(*text ? text : "nothing", to);
}

/* Features with the same reason in one line. */
static void print_items(FILE *to, const char *what, const struct isahp_plan_items *items)
{
	bool said[ISAHP_FEATURE_MAX] = { false };
	struct isahp_features alike;
	char why[256];
	size_t i, j;

	for (i = 0; i < items->count; i++) {
		const struct isahp_plan_item *a = &items->array[i], *b;

		if (said[i])
			continue;
		alike = isahp_features_none();
		for (j = i; j < items->count; j++) {
			b = &items->array[j];
			if (a->why != b->why || !a->who != !b->who ||
			    (a->who && strcmp(a->who, b->who)))
				continue;
			said[j] = true;
			isahp_features_add(&alike, b->feature);
		}
		isahp_plan_say(a, why, sizeof(why));
		fprintf(to, "  %s ", what);
		print_set(to, &alike);
		fprintf(to, ": %s\n", why);
	}
}

/* "a, b and 3 more" */
static void print_more(FILE *to, size_t said, size_t count)
{
	if (count > said)
		fprintf(to, " and %zu more", count - said);
}

static void print_class(FILE *to, const struct isahp_plan *plan, size_t class)
{
	const struct isahp_plan_class *c = &plan->classes[class];
	size_t count = c->after ? c->after : c->before;

	fputs(c->name, to);
	if (count > 1)
		fprintf(to, " and %zu like it", count - 1);
}

/* --- VMs ----------------------------------------------------------------------- */

static void print_bar(FILE *to, const struct isahp_plan *plan,
		      const struct isahp_plan_bar *bar)
{
	size_t i;

	fprintf(to, "  cannot go to %s", bar->newly ? "the new " : "");
	print_class(to, plan, bar->class);
	fputs(":\n", to);
	for (i = 0; i < bar->refusals->count && i < NAMES; i++) {
		const struct isahp_admission_item *r = &bar->refusals->array[i];

		fprintf(to, "    %s: %s\n", r->what, r->why);
		if (*r->change)
			fprintf(to, "      would do: %s\n", r->change);
	}
	if (bar->refusals->count > NAMES)
		fprintf(to, "    and %zu more reasons\n", bar->refusals->count - NAMES);
}

static void print_group(FILE *to, const struct isahp_plan *plan,
			const struct isahp_plan_group *g)
{
	size_t i;

	fprintf(to, "\nVM%s ", g->vm_count == 1 ? "" : "s");
	for (i = 0; i < g->vm_count && i < NAMES; i++) {
		size_t vm = g->vms[i];

		fprintf(to, "%s%s (%s", i ? ", " : "", plan->vms[vm]->record->name,
			plan->hosts[plan->from[vm]]);
		if (g->moves)
			fprintf(to, " to %s", plan->hosts[plan->to[vm]]);
		fputc(')', to);
	}
	print_more(to, i, g->vm_count);
	fputs(g->stuck ? ": cannot leave\n" : "\n", to);
	print_items(to, "wins", &g->wins);
	print_items(to, "loses", &g->loses);
	fprintf(to, "  may go to %zu other host%s (before: %zu)\n", g->reach,
		g->reach == 1 ? "" : "s", g->reach_before);
	if (!isahp_features_empty(&g->beyond)) {
		fputs("  was promised what the pool promises no more, until it is restarted: ",
		      to);
		print_set(to, &g->beyond);
		fputc('\n', to);
	}
	for (i = 0; i < g->bar_count; i++)
		print_bar(to, plan, &g->bars[i]);
	print_items(to, "has not", g->stuck ? &g->debt : &g->debt_after);
}

/* --- steps ---------------------------------------------------------------------- */

static int same_kind(const struct isahp_plan_step *a, const struct isahp_plan_step *b)
{
	int rc;

	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	if (a->what != b->what)
		return a->what < b->what ? -1 : 1;
	rc = (int)a->blocked - (int)b->blocked;
	if (!rc && a->what != ISAHP_PLAN_MIGRATE)
		rc = memcmp(&a->features, &b->features, sizeof(a->features));
	if (!rc)
		rc = memcmp(&a->leaving, &b->leaving, sizeof(a->leaving));
	if (!rc && a->acts != b->acts)
		rc = a->acts < b->acts ? -1 : 1;
	return rc;
}

static int by_kind(const void *a, const void *b)
{
	const struct isahp_plan_step *const *x = a, *const *y = b;
	int rc = same_kind(*x, *y);

	return rc ? rc : *x < *y ? -1 : 1;
}

static void print_whom(FILE *to, const struct isahp_plan *plan,
		       const struct isahp_plan_step **steps, size_t count)
{
	size_t i;

	for (i = 0; i < count && i < NAMES; i++) {
		const struct isahp_plan_step *s = steps[i];

		if (i)
			fputs(", ", to);
		if (s->what == ISAHP_PLAN_MIGRATE)
			fprintf(to, "%s from %s to %s", plan->vms[s->vm]->record->name,
				s->host, s->to);
		else
			fputs(s->vm == ISAHP_PLAN_NONE ? s->host :
			      plan->vms[s->vm]->record->name, to);
	}
	print_more(to, i, count);
}

static void print_baseline(FILE *to, const struct isahp_plan_items *items)
{
	struct isahp_features set = isahp_features_none();
	size_t i;

	for (i = 0; i < items->count; i++)
		isahp_features_add(&set, items->array[i].feature);
	print_set(to, &set);
}

static void print_migration(FILE *to, const struct isahp_plan_step *s)
{
	unsigned int bit;

	if (!isahp_features_empty(&s->leaving)) {
		fputs("\n     programs let go of ", to);
		print_set(to, &s->leaving);
		fputs(" before", to);
	}
	for (bit = 0; isahp_arrival_phrase(bit); bit++)
		if (s->acts >> bit & 1)
			fprintf(to, "\n     for 32-bit programs, the guest's module will %s",
				isahp_arrival_phrase(bit));
}

static void print_run(FILE *to, const struct isahp_plan *plan,
		      const struct isahp_plan_step **steps, size_t count)
{
	const struct isahp_plan_step *s = steps[0];

	fprintf(to, "%3u. ", s->phase);
	switch (s->what) {
	case ISAHP_PLAN_LOWER:
		fputs("lower the baseline: VMs start from here on without ", to);
		print_baseline(to, &plan->lost);
		break;
	case ISAHP_PLAN_RAISE:
		fputs("raise the baseline: VMs start from here on with ", to);
		print_baseline(to, &plan->won);
		break;
	case ISAHP_PLAN_REMOVE:
		fputs("take ", to);
		print_set(to, &s->features);
		fputs(" from ", to);
		print_whom(to, plan, steps, count);
		fputs(" (announce --remove), and wait until it is acknowledged", to);
		break;
	case ISAHP_PLAN_ADD:
		fputs("announce ", to);
		print_set(to, &s->features);
		fputs(" to ", to);
		print_whom(to, plan, steps, count);
		fputs(" (announce --add)", to);
		break;
	case ISAHP_PLAN_MIGRATE:
		fputs("migrate ", to);
		print_whom(to, plan, steps, count);
		print_migration(to, s);
		break;
	default:
		fputs(s->what == ISAHP_PLAN_JOIN ? "join: " :
		      s->what == ISAHP_PLAN_LEAVE ? "leave: " : "change: ", to);
		print_whom(to, plan, steps, count);
		if (s->blocked)
			fputs(": NOT POSSIBLE while the VMs below are there; the rest has to wait",
			      to);
	}
	fputc('\n', to);
}

static void print_steps(FILE *to, const struct isahp_plan *plan)
{
	const struct isahp_plan_step **steps = calloc(plan->step_count + 1, sizeof(*steps));
	size_t first, end;

	if (!steps) {
		fputs("out of memory\n", to);
		return;
	}
	for (first = 0; first < plan->step_count; first++)
		steps[first] = &plan->steps[first];
	qsort(steps, plan->step_count, sizeof(*steps), by_kind);
	fputs(plan->step_count ? "Steps; those of one number in any order:\n" :
	      "Nothing has to be done.\n", to);
	for (first = 0; first < plan->step_count; first = end) {
		for (end = first + 1; end < plan->step_count; end++)
			if (same_kind(steps[first], steps[end]))
				break;
		print_run(to, plan, steps + first, end - first);
	}
	free(steps);
}

static void print_stuck(FILE *to, const struct isahp_plan *plan)
{
	size_t i;

	if (plan->stuck_count)
		fprintf(to, "\n%zu VM%s cannot leave:\n", plan->stuck_count,
			plan->stuck_count == 1 ? "" : "s");
	for (i = 0; i < plan->stuck_count && i < NAMES; i++) {
		const struct isahp_plan_stuck *s = &plan->stuck[i];

		fprintf(to, "  %s on %s: ", plan->vms[s->vm]->record->name,
			plan->hosts[plan->to[s->vm]]);
		if (s->full)
			fputs("no host that would take it has room\n", to);
		else if (s->nearest == ISAHP_PLAN_NONE)
			fputs("there is no other host\n", to);
		else
			fprintf(to, "the nearest host is %s; the reasons are below\n",
				plan->classes[s->nearest].name);
	}
	if (plan->stuck_count > NAMES)
		fprintf(to, "  and %zu more\n", plan->stuck_count - NAMES);
}

static void print(FILE *to, const void *what)
{
	const struct isahp_plan *plan = what;
	size_t i;

	fprintf(to, "Plan for pool %s: %zu VM%s, %zu host%s of %zu kind%s\n", plan->pool,
		plan->vm_count, plan->vm_count == 1 ? "" : "s", plan->host_count,
		plan->host_count == 1 ? "" : "s", plan->class_count,
		plan->class_count == 1 ? "" : "s");
	print_items(to, "the baseline wins", &plan->won);
	print_items(to, "the baseline loses", &plan->lost);
	print_steps(to, plan);
	print_stuck(to, plan);
	for (i = 0; i < plan->group_count; i++)
		print_group(to, plan, &plan->groups[i]);
}

char *isahp_plan_to_text(const struct isahp_plan *plan)
{
	return isahp_text_of(print, plan);
}
