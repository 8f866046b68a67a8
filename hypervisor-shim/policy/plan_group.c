// SPDX-License-Identifier: GPL-2.0-or-later
/* What a change means for VMs alike: what they win, lose, owe, and where they may go. */
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "planning.h"

/* --- lists ------------------------------------------------------------------------- */

static bool add_item(struct isahp_plan_items *items, unsigned int feature,
		     enum isahp_plan_why why, const char *who)
{
	/* No more than features: asked for once, all of it. */
	if (!items->array)
		items->array = malloc(ISAHP_FEATURE_COUNT * sizeof(*items->array));
	if (!items->array)
		return false;
	items->array[items->count++] = (struct isahp_plan_item){
		.feature = feature, .why = why, .who = who,
	};
	return true;
}

static void trim(struct isahp_plan_items *items)
{
	struct isahp_plan_item *array;

	if (!items->array)
		return;
	array = realloc(items->array, items->count * sizeof(*array));
	if (array)
		items->array = array;
}

/* Register state that hosts lay out in different ways is in no baseline. */
static bool images_differ(const struct isahp_planned_pool *side, unsigned int f)
{
	return isahp_feature_info(f)->class == ISAHP_CLASS_STATE &&
	       side->merged.layout_class == ISAHP_LAYOUT_CLASS_MIXED;
}

/* --- VMs alike, on hosts alike -------------------------------------------------------- */

/* What is looked at together. */
struct look {
	struct isahp_planning *p;
	struct isahp_plan_group *g;
	size_t kind;
	const struct isahp_vm_record *vm;
	const struct isahp_envelope *before;
	const struct isahp_envelope *after;
	struct isahp_features could;	/* has, or might have, before */
	struct isahp_features will;	/* has when all is done */
};

/* What isahp may announce on hosts of a class; isahpd keeps to the VM's envelope. */
static struct isahp_features announceable(const struct look *look,
					  const struct isahp_planned_pool *side,
					  const struct isahp_envelope *e, size_t class,
					  const struct isahp_features *has)
{
	struct isahp_features may = isahp_features_none(), all;

	if (!e || side->at[class] == ISAHP_PLAN_NONE)
		return may;
	may = isahp_features_or(&look->vm->list[ISAHP_VM_ENVELOPE],
				&look->vm->list[ISAHP_VM_ANNOUNCED]);
	may = isahp_features_and(&e->hosts[side->at[class]].announce, &may);
	all = isahp_features_or(&may, has);
	all = isahp_features_supported(&all);
	return isahp_features_and(&may, &all);
}

static const char *rests_on(const struct isahp_features *has, unsigned int feature)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_feature_reason(feature, i) && !isahp_features_has(has, i))
			return isahp_feature_info(i)->flag;
	return NULL;
}

static bool add_win(struct look *look, unsigned int f)
{
	struct isahp_planning *p = look->p;
	const struct isahp_plan_class *classes = p->plan->classes;
	const char *lacked = isahp_planning_lacking(p, &p->before, f);

	if (look->after && look->after->place[f] == ISAHP_ENVELOPE_EVERYWHERE && lacked)
		return add_item(&look->g->wins, f, ISAHP_PLAN_EVERYWHERE, lacked);
	if (isahp_features_has(&p->usable[look->g->from], f))
		return add_item(&look->g->wins, f, ISAHP_PLAN_ALLOWED, NULL);
	return add_item(&look->g->wins, f,
			look->g->moves ? ISAHP_PLAN_GOES : ISAHP_PLAN_GETS,
			classes[look->g->to].name);
}

static bool add_loss(struct look *look, unsigned int f)
{
	struct isahp_planning *p = look->p;
	unsigned int place = look->after ? look->after->place[f] : ISAHP_ENVELOPE_ABSENT;
	const char *who;

	if (!isahp_features_has(&p->usable[look->g->to], f))
		return add_item(&look->g->loses, f, ISAHP_PLAN_LACKS,
				p->plan->classes[look->g->to].name);
	who = isahp_planning_lacking(p, &p->after, f);
	if (who && (place == ISAHP_ENVELOPE_SILENT || place == ISAHP_ENVELOPE_STATE_HELD))
		return add_item(&look->g->loses, f, ISAHP_PLAN_HELD, who);
	who = place == ISAHP_ENVELOPE_NEEDS ? rests_on(&look->will, f) : NULL;
	return add_item(&look->g->loses, f, who ? ISAHP_PLAN_RESTS : ISAHP_PLAN_WITHHELD,
			who);
}

/* --- what it could have --------------------------------------------------------------- */

static const char *who_announces(const struct look *look,
				 const struct isahp_planned_pool *side,
				 const struct isahp_envelope *e, unsigned int f)
{
	const char *first = NULL;
	size_t i;

	for (i = 0; i < look->p->plan->class_count; i++) {
		const char *name = look->p->plan->classes[i].name;

		if (side->at[i] != ISAHP_PLAN_NONE &&
		    isahp_features_has(&e->hosts[side->at[i]].announce, f) &&
		    (!first || strcmp(name, first) < 0))
			first = name;
	}
	return first;
}

/* Of what CPUID hides, why: the level, or a host. */
static enum isahp_plan_why why_hidden(const struct isahp_planned_pool *side,
				      unsigned int f, const char *lacks)
{
	if (isahp_features_has(&side->merged.features, f))
		return ISAHP_PLAN_RESTART;
	if (lacks)
		return ISAHP_PLAN_MASKED;
	return images_differ(side, f) ? ISAHP_PLAN_IMAGES : ISAHP_PLAN_LEVEL;
}

static bool add_debt(const struct look *look, const struct isahp_planned_pool *side,
		     const struct isahp_envelope *e, size_t class,
		     struct isahp_plan_items *debt, unsigned int f)
{
	const char *lacks = isahp_planning_lacking(look->p, side, f), *who;
	enum isahp_plan_why why = why_hidden(side, f, lacks);

	switch (e->place[f]) {
	case ISAHP_ENVELOPE_ANNOUNCED:
	case ISAHP_ENVELOPE_EVERYWHERE:
		if (!isahp_features_has(&look->vm->list[ISAHP_VM_ENVELOPE], f))
			return add_item(debt, f, ISAHP_PLAN_OUTSIDE, NULL);
		if (side->at[class] != ISAHP_PLAN_NONE &&
		    isahp_features_has(&e->hosts[side->at[class]].announce, f))
			return add_item(debt, f, ISAHP_PLAN_UNANNOUNCED, NULL);
		who = who_announces(look, side, e, f);
		return !who || add_item(debt, f, ISAHP_PLAN_MOVE, who);
	case ISAHP_ENVELOPE_SILENT:
	case ISAHP_ENVELOPE_STATE_HELD:
		if (why != ISAHP_PLAN_RESTART && lacks)
			why = ISAHP_PLAN_PINNED_OUT;
		break;
	case ISAHP_ENVELOPE_STATE_UNTOLD:
		return add_item(debt, f, ISAHP_PLAN_GUEST, NULL);
	case ISAHP_ENVELOPE_ERRATUM:
		return add_item(debt, f, ISAHP_PLAN_ERRATUM, NULL);
	case ISAHP_ENVELOPE_NEEDS:
		who = why == ISAHP_PLAN_RESTART ? NULL : rests_on(&e->envelope, f);
		if (who)
			return add_item(debt, f, ISAHP_PLAN_RESTS, who);
		break;
	case ISAHP_ENVELOPE_SYSTEM:
	case ISAHP_ENVELOPE_GATED:
	case ISAHP_ENVELOPE_STATE_OFF:
		break;
	default:
		return true;
	}
	return add_item(debt, f, why, why == ISAHP_PLAN_MASKED ||
			why == ISAHP_PLAN_PINNED_OUT ? lacks : NULL);
}

static bool find_debt(const struct look *look, const struct isahp_planned_pool *side,
		      const struct isahp_envelope *e, size_t class,
		      const struct isahp_features *has, struct isahp_plan_items *debt)
{
	bool ok = true;
	unsigned int f;

	for (f = 0; ok && e && f < ISAHP_FEATURE_COUNT; f++)
		if (isahp_feature_info(f) && !isahp_features_has(has, f))
			ok = add_debt(look, side, e, class, debt, f);
	trim(debt);
	return ok;
}

/* --- one group ------------------------------------------------------------------------ */

static bool weigh(struct look *look, const struct isahp_features *removed)
{
	struct isahp_features has = isahp_features_or(&look->vm->list[ISAHP_VM_ANNOUNCED],
						      &look->vm->list[ISAHP_VM_BASELINE]);
	struct isahp_features keeps = isahp_features_andnot(&has, removed), may;
	struct isahp_planning *p = look->p;
	struct isahp_plan_group *g = look->g;
	bool ok = true;
	unsigned int f;

	may = announceable(look, &p->before, look->before, g->from, &has);
	look->could = isahp_features_or(&has, &may);
	may = announceable(look, &p->after, look->after, g->to, &keeps);
	look->will = isahp_features_or(&keeps, &may);
	if (g->stuck)
		look->will = look->could;
	else
		g->add = isahp_features_andnot(&look->will, &keeps);
	for (f = 0; ok && f < ISAHP_FEATURE_COUNT; f++) {
		bool could = isahp_features_has(&look->could, f);
		bool will = isahp_features_has(&look->will, f);

		if (will && !could)
			ok = add_win(look, f);
		else if (could && !will)
			ok = add_loss(look, f);
	}
	trim(&g->wins);
	trim(&g->loses);
	return ok && find_debt(look, &p->before, look->before, g->from, &has, &g->debt) &&
	       (g->stuck || find_debt(look, &p->after, look->after, g->to, &look->will,
				      &g->debt_after));
}

/* Where it could go, and where it can. Its own host is nowhere to go. */
static int reach(struct look *look)
{
	struct isahp_plan *plan = look->p->plan;
	struct isahp_plan_group *g = look->g;
	size_t i;

	g->bars = calloc(plan->class_count, sizeof(*g->bars));
	if (!g->bars)
		return isahp_planning_memory(look->p);
	for (i = 0; i < plan->class_count; i++) {
		const struct isahp_plan_cell *cell =
			isahp_planning_cell(look->p, look->kind, i);

		if (!cell)
			return isahp_planning_memory(look->p);
		if (cell->admitted) {
			g->reach_before += plan->classes[i].before - (i == g->from);
			g->reach += plan->classes[i].after;
			/* Stuck, it holds a host that is to go. */
			g->reach -= i == g->to && plan->classes[i].after && !g->stuck;
		} else if (plan->classes[i].after) {
			g->bars[g->bar_count++] = (struct isahp_plan_bar){
				.class = i, .newly = !plan->classes[i].before,
				.refusals = cell->refusals,
			};
		}
	}
	return 0;
}

static int judge(struct isahp_planning *p, struct isahp_plan_group *g)
{
	size_t vm = g->vms[0];
	struct look look = {
		.p = p, .g = g, .kind = p->kind[vm], .vm = p->record[p->kind[vm]],
	};
	int rc = isahp_planning_envelope(p, &p->before, look.kind, &look.before);

	if (!rc)
		rc = isahp_planning_envelope(p, &p->after, look.kind, &look.after);
	if (rc)
		return rc;
	g->beyond = isahp_features_andnot(&look.vm->list[ISAHP_VM_BASELINE],
					  &p->after.merged.features);
	if (!weigh(&look, &p->removed[vm]))
		return isahp_planning_memory(p);
	return reach(&look);
}

/* --- who belongs together ---------------------------------------------------------------- */

struct member {
	size_t vm;
	size_t kind;
	size_t from;
	size_t to;
	bool moves;
	bool stuck;
	const struct isahp_features *removed;
};

static int order(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int compare(const struct member *a, const struct member *b)
{
	int rc = order(a->kind, b->kind);

	if (!rc)
		rc = order(a->from, b->from);
	if (!rc)
		rc = order(a->to, b->to);
	if (!rc)
		rc = order(a->moves * 2 + a->stuck, b->moves * 2 + b->stuck);
	return rc ? rc : memcmp(a->removed, b->removed, sizeof(*a->removed));
}

static int by_group(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int rc = compare(x, y);

	return rc ? rc : order(x->vm, y->vm);
}

static int by_first_vm(const void *a, const void *b)
{
	const struct isahp_plan_group *x = a, *y = b;

	return order(x->vms[0], y->vms[0]);
}

static struct member *list_members(struct isahp_planning *p)
{
	size_t n = p->plan->vm_count, i;
	struct member *list = calloc(n ? n : 1, sizeof(*list));

	for (i = 0; list && i < n; i++) {
		size_t from = p->plan->from[i], to = p->plan->to[i];

		list[i] = (struct member){
			.vm = i, .kind = p->kind[i], .from = p->plan->class_of[from],
			.to = p->stuck[i] ? p->plan->class_of[from] :
					    p->plan->class_after[to],
			.moves = from != to, .stuck = p->stuck[i],
			.removed = &p->removed[i],
		};
	}
	if (list)
		qsort(list, n, sizeof(*list), by_group);
	return list;
}

static int make_groups(struct isahp_planning *p, const struct member *list)
{
	struct isahp_plan *plan = p->plan;
	struct isahp_plan_group *g;
	size_t first, end, i;

	for (first = 0; first < plan->vm_count; first = end) {
		for (end = first + 1; end < plan->vm_count; end++)
			if (compare(&list[first], &list[end]))
				break;
		g = &plan->groups[plan->group_count];
		g->vms = malloc((end - first) * sizeof(*g->vms));
		if (!g->vms)
			return isahp_planning_memory(p);
		plan->group_count++;
		g->vm_count = end - first;
		g->from = list[first].from;
		g->to = list[first].to;
		g->moves = list[first].moves;
		g->stuck = list[first].stuck;
		for (i = first; i < end; i++)
			g->vms[i - first] = list[i].vm;
	}
	return 0;
}

int isahp_planning_groups(struct isahp_planning *p)
{
	struct isahp_plan *plan = p->plan;
	struct member *list = list_members(p);
	size_t i;
	int rc;

	plan->groups = calloc(plan->vm_count ? plan->vm_count : 1, sizeof(*plan->groups));
	if (!list || !plan->groups) {
		free(list);
		return isahp_planning_memory(p);
	}
	rc = make_groups(p, list);
	free(list);
	for (i = 0; !rc && i < plan->group_count; i++)
		rc = judge(p, &plan->groups[i]);
	if (!rc)
		qsort(plan->groups, plan->group_count, sizeof(*plan->groups), by_first_vm);
	return rc;
}

/* --- the pool ------------------------------------------------------------------------------ */

int isahp_planning_baseline(struct isahp_planning *p)
{
	struct isahp_plan *plan = p->plan;
	bool ok = true;
	unsigned int f;

	plan->baseline = p->before.merged.features;
	plan->baseline_after = p->after.merged.features;
	for (f = 0; ok && f < ISAHP_FEATURE_COUNT; f++) {
		bool was = isahp_features_has(&plan->baseline, f);
		bool is = isahp_features_has(&plan->baseline_after, f);
		const char *who;

		if (!was && is) {
			who = isahp_planning_lacking(p, &p->before, f);
			ok = add_item(&plan->won, f, who ? ISAHP_PLAN_EVERYWHERE :
				      images_differ(&p->before, f) ?
				      ISAHP_PLAN_UNIFORM : ISAHP_PLAN_SHOWN, who);
		} else if (was && !is) {
			who = isahp_planning_lacking(p, &p->after, f);
			ok = add_item(&plan->lost, f, who ? ISAHP_PLAN_MASKED :
				      images_differ(&p->after, f) ?
				      ISAHP_PLAN_IMAGES : ISAHP_PLAN_HIDDEN, who);
		}
	}
	return ok ? 0 : isahp_planning_memory(p);
}
