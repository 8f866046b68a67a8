// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include <isa-core/features.h>

#include "names.h"
#include "plan.h"

static json_t *items_to_json(const struct isahp_plan_items *items)
{
	json_t *array = json_array(), *object;
	char why[256];
	size_t i;

	for (i = 0; i < items->count; i++) {
		const struct isahp_plan_item *item = &items->array[i];

		isahp_plan_say(item, why, sizeof(why));
		object = json_pack("{s:s, s:s, s:s}", "feature",
				   isahp_feature_info(item->feature)->flag, "kind",
				   isahp_plan_word(item->why), "reason", why);
		if (item->who)
			json_object_set_new(object, item->why == ISAHP_PLAN_RESTS ?
					    "needs" : "host", json_string(item->who));
		json_array_append_new(array, object);
	}
	return array;
}

/* --- hosts ------------------------------------------------------------------- */

static json_t *classes_to_json(const struct isahp_plan *plan)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < plan->class_count; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:[], s:[]}", "class",
						plan->classes[i].name, "before",
						"after"));
	for (i = 0; i < plan->host_count; i++) {
		json_t *name = json_string(plan->hosts[i]);

		if (plan->class_of[i] != ISAHP_PLAN_NONE)
			json_array_append(json_object_get(
				json_array_get(array, plan->class_of[i]), "before"),
				name);
		if (plan->class_after[i] != ISAHP_PLAN_NONE)
			json_array_append(json_object_get(
				json_array_get(array, plan->class_after[i]), "after"),
				name);
		json_decref(name);
	}
	return array;
}

/* --- VMs --------------------------------------------------------------------- */

static json_t *reasons_to_json(const struct isahp_admission_items *refusals)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; refusals && i < refusals->count; i++) {
		const struct isahp_admission_item *r = &refusals->array[i];

		json_array_append_new(
			array, json_pack("{s:s, s:s, s:s, s:s}", "kind",
					 isahp_objection_word(r->kind), "what", r->what,
					 "reason", r->why, "remedy", r->change));
	}
	return array;
}

static json_t *bars_to_json(const struct isahp_plan *plan, const struct isahp_plan_group *g)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < g->bar_count; i++)
		json_array_append_new(
			array, json_pack("{s:s, s:b, s:o}", "class",
					 plan->classes[g->bars[i].class].name, "newly",
					 g->bars[i].newly, "reasons",
					 reasons_to_json(g->bars[i].refusals)));
	return array;
}

static json_t *group_to_json(const struct isahp_plan *plan,
			     const struct isahp_plan_group *g)
{
	json_t *vms = json_array();
	size_t i;

	for (i = 0; i < g->vm_count; i++)
		json_array_append_new(
			vms, json_pack("{s:s, s:s, s:s}", "vm",
				       plan->vms[g->vms[i]]->record->name, "host",
				       plan->hosts[plan->from[g->vms[i]]], "to",
				       plan->hosts[plan->to[g->vms[i]]]));
	return json_pack("{s:o, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:{s:I, s:I}, s:o}",
			 "vms", vms, "class", plan->classes[g->from].name, "to_class",
			 plan->classes[g->to].name, "moves", g->moves, "stuck", g->stuck,
			 "wins", items_to_json(&g->wins), "loses",
			 items_to_json(&g->loses), "debt", items_to_json(&g->debt),
			 "debt_after", items_to_json(&g->debt_after), "beyond",
			 isahp_names_to_json(&g->beyond), "may_go_to", "before",
			 (json_int_t)g->reach_before, "after", (json_int_t)g->reach,
			 "barred", bars_to_json(plan, g));
}

static json_t *groups_to_json(const struct isahp_plan *plan)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < plan->group_count; i++)
		json_array_append_new(array, group_to_json(plan, &plan->groups[i]));
	return array;
}

static const struct isahp_admission_items *refusals_of(const struct isahp_plan *plan,
						       const struct isahp_plan_stuck *s)
{
	const struct isahp_plan_group *g = &plan->groups[s->group];
	size_t i;

	for (i = 0; i < g->bar_count; i++)
		if (g->bars[i].class == s->nearest)
			return g->bars[i].refusals;
	return NULL;
}

static json_t *stuck_to_json(const struct isahp_plan *plan)
{
	json_t *array = json_array(), *object;
	size_t i;

	for (i = 0; i < plan->stuck_count; i++) {
		const struct isahp_plan_stuck *s = &plan->stuck[i];

		object = json_pack("{s:s, s:s, s:b, s:o}", "vm",
				   plan->vms[s->vm]->record->name, "host",
				   plan->hosts[plan->to[s->vm]], "no_room", s->full,
				   "reasons", reasons_to_json(refusals_of(plan, s)));
		if (s->nearest != ISAHP_PLAN_NONE)
			json_object_set_new(object, "nearest",
					    json_string(plan->classes[s->nearest].name));
		json_array_append_new(array, object);
	}
	return array;
}

/* --- steps --------------------------------------------------------------------- */

/* As isahpd's control socket takes it; of a migration all but the URI. */
static json_t *request_of(const struct isahp_plan *plan, const struct isahp_plan_step *s)
{
	const char *vm = plan->vms[s->vm]->record->name;
	json_t *set = isahp_names_to_json(&s->features);

	if (s->what == ISAHP_PLAN_MIGRATE)
		return json_pack("{s:s, s:{s:s, s:o, s:s}}", "command", "migrate",
				 "arguments", "vm", vm, "present", set, "vendor",
				 isahp_vendor_name(s->vendor));
	return json_pack("{s:s, s:{s:s, s:o}}", "command", "announce", "arguments", "vm",
			 vm, s->what == ISAHP_PLAN_ADD ? "add" : "remove", set);
}

static json_t *step_to_json(const struct isahp_plan *plan, const struct isahp_plan_step *s)
{
	json_t *object = json_pack("{s:i, s:s}", "phase", (int)s->phase, "do",
				   isahp_plan_do_word(s->what));

	if (s->vm != ISAHP_PLAN_NONE)
		json_object_set_new(object, "vm",
				    json_string(plan->vms[s->vm]->record->name));
	if (s->host)
		json_object_set_new(object, "host", json_string(s->host));
	if (s->to)
		json_object_set_new(object, "to", json_string(s->to));
	if (s->what == ISAHP_PLAN_MIGRATE) {
		json_object_set_new(object, "leaving", isahp_names_to_json(&s->leaving));
		json_object_set_new(object, "entry32", isahp_arrival_to_json(s->acts));
	}
	if (s->vm != ISAHP_PLAN_NONE)
		json_object_set_new(object, "request", request_of(plan, s));
	else if (s->what == ISAHP_PLAN_LOWER || s->what == ISAHP_PLAN_RAISE)
		json_object_set_new(object, "baseline",
				    isahp_names_to_json(&s->features));
	else
		json_object_set_new(object, "blocked", json_boolean(s->blocked));
	return object;
}

static json_t *steps_to_json(const struct isahp_plan *plan)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < plan->step_count; i++)
		json_array_append_new(array, step_to_json(plan, &plan->steps[i]));
	return array;
}

json_t *isahp_plan_to_json(const struct isahp_plan *plan)
{
	return json_pack("{s:i, s:s, s:b, s:i, s:{s:o, s:o, s:o, s:o}, s:o, s:o, s:o, s:o}",
			 "isahp-plan", ISAHP_PLAN_FORMAT, "pool", plan->pool, "ready",
			 !plan->stuck_count, "exit", (int)isahp_plan_exit(plan),
			 "baseline", "before", isahp_names_to_json(&plan->baseline),
			 "after", isahp_names_to_json(&plan->baseline_after), "wins",
			 items_to_json(&plan->won), "loses", items_to_json(&plan->lost),
			 "hosts", classes_to_json(plan), "vms", groups_to_json(plan),
			 "stuck", stuck_to_json(plan), "steps", steps_to_json(plan));
}
