// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "alike.h"
#include "planning.h"
#include "text.h"

int isahp_planning_memory(struct isahp_planning *p)
{
	return isahp_error_set(p->err, ISAHP_ERROR_FAILED, -ENOMEM, "out of memory");
}

/* --- VMs ----------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct isahp_plan_vm *const *x = a, *const *y = b;

	return strcmp((*x)->record->name, (*y)->record->name);
}

static int bad_vm(struct isahp_planning *p, const struct isahp_plan_vm *vm, const char *what)
{
	char name[ISAHP_PROFILE_NAME_SIZE], host[ISAHP_PROFILE_NAME_SIZE];

	isahp_text_sanitize(name, sizeof(name), vm->record->name,
			    sizeof(vm->record->name));
	isahp_text_sanitize(host, sizeof(host), vm->host, strlen(vm->host));
	return isahp_error_set(p->err, ISAHP_ERROR_USAGE, -EINVAL, "VM %s on %s: %s", name,
			       host, what);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int place_vm(struct isahp_planning *p, size_t vm)
{
	struct isahp_plan *plan = p->plan;
	const char **at = bsearch(&plan->vms[vm]->host, plan->hosts, plan->host_count,
				  sizeof(*plan->hosts), by_text);
	struct isahp_planned_host *h = at ? &p->hosts[at - plan->hosts] : NULL;

	if (!h || !h->before)
		return bad_vm(p, plan->vms[vm], "no host of the pool is called so");
	if (vm && !by_name(&plan->vms[vm - 1], &plan->vms[vm]))
		return bad_vm(p, plan->vms[vm], "there is another VM of that name");
	plan->from[vm] = p->at[vm] = at - plan->hosts;
	p->next[vm] = ISAHP_PLAN_NONE;
	if (h->last == ISAHP_PLAN_NONE)
		h->first = vm;
	else
		p->next[h->last] = vm;
	h->last = vm;
	h->load++;
	return 0;
}

static __u64 hash(const void *vm)
{
	return isahp_alike_vm_hash(vm);
}

static bool same(const void *a, const void *b)
{
	return isahp_alike_vms(a, b);
}

static int sort_vms(struct isahp_planning *p)
{
	size_t n = p->plan->vm_count, i;
	const void **records = calloc(n ? n : 1, sizeof(*records));
	int rc;

	for (i = 0; records && i < n; i++)
		records[i] = p->plan->vms[i]->record;
	rc = records ? isahp_alike_sort(records, n, hash, same, p->kind, &p->kinds) :
		       -ENOMEM;
	for (i = 0; !rc && i < n; i++)
		if (!p->record[p->kind[i]])
			p->record[p->kind[i]] = records[i];
	free(records);
	return rc;
}

static int list_vms(struct isahp_planning *p, const struct isahp_plan_vm *vms)
{
	size_t n = p->plan->vm_count, room = n ? n : 1, i;
	struct isahp_plan *plan = p->plan;
	int rc = 0;

	plan->vms = calloc(room, sizeof(*plan->vms));
	plan->from = calloc(room, sizeof(*plan->from));
	plan->to = calloc(room, sizeof(*plan->to));
	p->kind = calloc(room, sizeof(*p->kind));
	p->record = calloc(room, sizeof(*p->record));
	p->next = calloc(room, sizeof(*p->next));
	p->at = calloc(room, sizeof(*p->at));
	p->removed = calloc(room, sizeof(*p->removed));
	p->stuck = calloc(room, sizeof(*p->stuck));
	if (!plan->vms || !plan->from || !plan->to || !p->kind || !p->record || !p->next ||
	    !p->at || !p->removed || !p->stuck)
		return isahp_planning_memory(p);
	for (i = 0; i < n; i++)
		plan->vms[i] = &vms[i];
	qsort(plan->vms, n, sizeof(*plan->vms), by_name);
	for (i = 0; !rc && i < n; i++)
		rc = place_vm(p, i);
	return rc;
}

/* --- what is judged once -------------------------------------------------------- */

static int make_tables(struct isahp_planning *p)
{
	size_t kinds = p->kinds ? p->kinds : 1;
	struct isahp_planned_pool *sides[] = { &p->before, &p->after };
	size_t i;

	p->plan->cell_count = p->kinds * p->plan->class_count;
	p->plan->cells = calloc(kinds * p->plan->class_count, sizeof(*p->plan->cells));
	if (!p->plan->cells)
		return isahp_planning_memory(p);
	for (i = 0; i < 2; i++) {
		sides[i]->envelopes = calloc(kinds, sizeof(*sides[i]->envelopes));
		sides[i]->state = calloc(kinds, sizeof(*sides[i]->state));
		if (!sides[i]->envelopes || !sides[i]->state)
			return isahp_planning_memory(p);
	}
	return 0;
}

/* Many are kept: none takes more than it needs. */
static int keep_refusals(struct isahp_plan_cell *cell, struct isahp_admission *a)
{
	struct isahp_admission_item *array;

	cell->refusals = malloc(sizeof(*cell->refusals));
	if (!cell->refusals)
		return -ENOMEM;
	array = realloc(a->refusals.array, a->refusals.count * sizeof(*array));
	if (array)
		a->refusals.array = array;
	*cell->refusals = a->refusals;
	memset(&a->refusals, 0, sizeof(a->refusals));
	return 0;
}

const struct isahp_plan_cell *isahp_planning_cell(struct isahp_planning *p, size_t kind,
						  size_t class)
{
	struct isahp_plan_cell *cell = &p->plan->cells[kind * p->plan->class_count + class];
	struct isahp_admission_options options = {
		.accepted = p->pool->accepted,
		.accept_entry = p->pool->accept_entry,
		.peers = p->peers,
		.peer_count = p->plan->class_count,
	};
	struct isahp_admission a;
	int rc = 0;

	if (cell->judged)
		return cell;
	if (isahp_admission_check(p->record[kind], p->peers[class], &options, &a, p->err))
		return NULL;
	cell->judged = true;
	cell->admitted = a.verdict != ISAHP_REFUSED;
	cell->acts = a.arrival.acts;
	cell->leaving = a.leaving;
	if (!cell->admitted)
		rc = keep_refusals(cell, &a);
	isahp_admission_free(&a);
	p->plan->judged++;
	if (rc)
		isahp_planning_memory(p);
	return rc ? NULL : cell;
}

int isahp_planning_envelope(struct isahp_planning *p, struct isahp_planned_pool *side,
			    size_t kind, const struct isahp_envelope **ret)
{
	struct isahp_error why;
	int rc = 0;

	if (!side->state[kind]) {
		rc = isahp_pool_envelope(&side->kinds, &side->merged, p->record[kind],
					 &side->envelopes[kind], &why);
		if (rc && rc != -EPERM)
			return isahp_planning_memory(p);
		side->state[kind] = rc ? -1 : 1;
	}
	*ret = side->state[kind] > 0 ? &side->envelopes[kind] : NULL;
	return 0;
}

/* --- steps ------------------------------------------------------------------------ */

int isahp_planning_step(struct isahp_planning *p, const struct isahp_plan_step *step)
{
	struct isahp_plan *plan = p->plan;
	struct isahp_plan_step *steps;

	if (plan->step_count == p->step_room) {
		p->step_room = p->step_room ? 2 * p->step_room : 64;
		steps = realloc(plan->steps, p->step_room * sizeof(*steps));
		if (!steps)
			return isahp_planning_memory(p);
		plan->steps = steps;
	}
	plan->steps[plan->step_count] = *step;
	plan->steps[plan->step_count++].phase = p->phase;
	return 0;
}

/* The last two phases: the pool promises more, then VMs are told. */
static int give(struct isahp_planning *p)
{
	struct isahp_plan *plan = p->plan;
	size_t *group = calloc(plan->vm_count ? plan->vm_count : 1, sizeof(*group)), i, j;
	struct isahp_plan_step step = { .what = ISAHP_PLAN_RAISE, .vm = ISAHP_PLAN_NONE,
					.features = plan->baseline_after };
	int rc = 0;

	if (!group)
		return isahp_planning_memory(p);
	p->phase++;
	if (plan->won.count)
		rc = isahp_planning_step(p, &step);
	p->phase++;
	for (i = 0; i < plan->group_count; i++)
		for (j = 0; j < plan->groups[i].vm_count; j++)
			group[plan->groups[i].vms[j]] = i;
	for (i = 0; !rc && i < plan->vm_count; i++) {
		step = (struct isahp_plan_step){
			.what = ISAHP_PLAN_ADD, .vm = i,
			.host = plan->hosts[plan->to[i]],
			.features = plan->groups[group[i]].add,
		};
		if (!isahp_features_empty(&step.features))
			rc = isahp_planning_step(p, &step);
	}
	for (i = 0; i < plan->stuck_count; i++)
		plan->stuck[i].group = group[plan->stuck[i].vm];
	free(group);
	return rc;
}

/* Phases in which nothing is done are none. */
static void number_phases(struct isahp_plan *plan)
{
	unsigned int phase = 0, last = 0;
	size_t i;

	for (i = 0; i < plan->step_count; i++) {
		if (plan->steps[i].phase != last)
			phase++;
		last = plan->steps[i].phase;
		plan->steps[i].phase = phase;
	}
}

/* --- all of it ---------------------------------------------------------------------- */

static void finish(struct isahp_planning *p)
{
	isahp_planning_pools_free(p);
	free(p->hosts);
	free(p->usable);
	free(p->peers);
	free(p->kind);
	free(p->record);
	free(p->next);
	free(p->at);
	free(p->removed);
	free(p->stuck);
}

int isahp_plan_make(const struct isahp_pool *pool, const struct isahp_plan_vm *vms,
		    size_t vm_count, const struct isahp_plan_change *change,
		    struct isahp_plan *ret, struct isahp_error *err)
{
	static const struct isahp_plan_change nothing;
	struct isahp_plan plan = { .vm_count = vm_count };
	struct isahp_planning p = {
		.pool = pool, .change = change ? change : &nothing, .err = err,
		.plan = &plan, .phase = 1,
	};
	int rc;

	if (vm_count > ISAHP_PLAN_VMS_MAX)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -E2BIG,
				       "more than %d VMs", ISAHP_PLAN_VMS_MAX);
	memcpy(plan.pool, pool->name, sizeof(plan.pool));
	rc = isahp_planning_hosts(&p);
	if (!rc)
		rc = list_vms(&p, vms);
	if (!rc && sort_vms(&p))
		rc = isahp_planning_memory(&p);
	if (!rc)
		rc = make_tables(&p);
	if (!rc)
		rc = isahp_planning_baseline(&p);
	if (!rc)
		rc = isahp_planning_move(&p);
	if (!rc)
		rc = isahp_planning_groups(&p);
	if (!rc)
		rc = give(&p);
	finish(&p);
	if (rc) {
		isahp_plan_free(&plan);
		return rc;
	}
	number_phases(&plan);
	*ret = plan;
	return 0;
}

static void free_group(struct isahp_plan_group *g)
{
	free(g->vms);
	free(g->wins.array);
	free(g->loses.array);
	free(g->debt.array);
	free(g->debt_after.array);
	free(g->bars);
}

void isahp_plan_free(struct isahp_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->group_count; i++)
		free_group(&plan->groups[i]);
	for (i = 0; plan->cells && i < plan->cell_count; i++) {
		if (plan->cells[i].refusals)
			free(plan->cells[i].refusals->array);
		free(plan->cells[i].refusals);
	}
	free(plan->groups);
	free(plan->cells);
	free(plan->vms);
	free(plan->from);
	free(plan->to);
	free(plan->classes);
	free(plan->class_of);
	free(plan->class_after);
	free(plan->hosts);
	free(plan->won.array);
	free(plan->lost.array);
	free(plan->stuck);
	free(plan->steps);
	memset(plan, 0, sizeof(*plan));
}

enum isahp_error_class isahp_plan_exit(const struct isahp_plan *plan)
{
	return plan->stuck_count ? ISAHP_ERROR_POLICY : ISAHP_ERROR_NONE;
}
