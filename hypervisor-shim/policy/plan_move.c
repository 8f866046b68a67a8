// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which VMs leave their hosts, where they go, and in which order that and the
 * change of the hosts is done.
 *
 * Hosts that are alike, now and later, are a slot: a VM looks at slots, and goes to
 * the host of the best one with the fewest VMs.
 */
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "planning.h"

/**
 * struct slot - hosts alike
 * @now: their class, and
 * @final: when all is done.
 * @passing: they are restarted later: whoever goes there has to leave again.
 * @heap: their numbers, the one with the fewest VMs first.
 * @count: of @heap.
 * @room: allocated.
 */
struct slot {
	size_t now;
	size_t final;
	bool passing;
	size_t *heap;
	size_t count;
	size_t room;
};

struct moving {
	struct isahp_planning *p;
	struct slot *slots;
	size_t count;
};

/* --- hosts by load ---------------------------------------------------------------- */

static bool before(const struct moving *m, size_t a, size_t b)
{
	const struct isahp_planned_host *x = &m->p->hosts[a], *y = &m->p->hosts[b];

	return x->load != y->load ? x->load < y->load : a < b;
}

static void sift_down(const struct moving *m, struct slot *s, size_t i)
{
	for (;;) {
		size_t least = i, child, host;

		for (child = 2 * i + 1; child <= 2 * i + 2 && child < s->count; child++)
			if (before(m, s->heap[child], s->heap[least]))
				least = child;
		if (least == i)
			return;
		host = s->heap[i];
		s->heap[i] = s->heap[least];
		s->heap[least] = host;
		i = least;
	}
}

static void sift_up(const struct moving *m, struct slot *s, size_t i)
{
	for (; i && before(m, s->heap[i], s->heap[(i - 1) / 2]); i = (i - 1) / 2) {
		size_t host = s->heap[i];

		s->heap[i] = s->heap[(i - 1) / 2];
		s->heap[(i - 1) / 2] = host;
	}
}

static void order(const struct moving *m, struct slot *s)
{
	size_t i;

	for (i = s->count / 2; i-- > 0;)
		sift_down(m, s, i);
}

static int put(struct moving *m, size_t host, size_t now, size_t final, bool passing)
{
	struct slot *s;
	size_t i, *heap;

	for (i = 0; i < m->count; i++)
		if (m->slots[i].now == now && m->slots[i].final == final &&
		    m->slots[i].passing == passing)
			break;
	s = &m->slots[i];
	if (i == m->count) {
		*s = (struct slot){ .now = now, .final = final, .passing = passing };
		m->count++;
	}
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 8;
		heap = realloc(s->heap, s->room * sizeof(*heap));
		if (!heap)
			return isahp_planning_memory(m->p);
		s->heap = heap;
	}
	s->heap[s->count++] = host;
	sift_up(m, s, s->count - 1);
	return 0;
}

static void take(struct moving *m, size_t host)
{
	size_t i, j;

	for (i = 0; i < m->count; i++)
		for (j = 0; j < m->slots[i].count; j++)
			if (m->slots[i].heap[j] == host) {
				m->slots[i].heap[j] =
					m->slots[i].heap[--m->slots[i].count];
				order(m, &m->slots[i]);
				return;
			}
}

static int fill_slots(struct moving *m)
{
	struct isahp_planning *p = m->p;
	size_t i;
	int rc = 0;

	/* A restarted host changes its slot. */
	m->slots = calloc(2 * p->plan->host_count + 1, sizeof(*m->slots));
	if (!m->slots)
		return isahp_planning_memory(p);
	for (i = 0; !rc && i < p->plan->host_count; i++) {
		const struct isahp_planned_host *h = &p->hosts[i];
		size_t final = p->plan->class_after[i];

		if (!h->after)
			continue;
		rc = put(m, i, h->before ? p->plan->class_of[i] : final, final,
			 h->replaced && !p->change->live);
	}
	return rc;
}

/* --- one VM ------------------------------------------------------------------------ */

/* The better one is less, from the first to the last. */
struct choice {
	struct slot *slot;
	bool passing;
	bool acts;		/* its kernel has to do something */
	unsigned int leaving;	/* what its programs lose, at least for a while */
	size_t host;
	unsigned int all_acts;
	struct isahp_features gone;
};

static bool better(const struct moving *m, const struct choice *a, const struct choice *b)
{
	if (!b->slot)
		return true;
	if (a->passing != b->passing)
		return b->passing;
	if (a->acts != b->acts)
		return b->acts;
	if (a->leaving != b->leaving)
		return a->leaving < b->leaving;
	return before(m, a->host, b->host);
}

static unsigned int size_of(const struct isahp_features *set)
{
	unsigned int bits = 0, w;

	for (w = 0; w < ISAHP_FEATURE_WORDS; w++)
		bits += (unsigned int)__builtin_popcountll(set->word[w]);
	return bits;
}

static int choose(struct moving *m, size_t vm, struct choice *ret, bool *ret_full)
{
	struct isahp_planning *p = m->p;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	*ret_full = false;
	for (i = 0; i < m->count; i++) {
		struct choice c = { .slot = &m->slots[i] };
		const struct isahp_plan_cell *now, *final;

		if (!c.slot->count)
			continue;
		now = isahp_planning_cell(p, p->kind[vm], c.slot->now);
		final = now && !c.slot->passing ?
			isahp_planning_cell(p, p->kind[vm], c.slot->final) : now;
		if (!final)
			return isahp_planning_memory(p);
		if (!now->admitted || !final->admitted)
			continue;
		c.host = c.slot->heap[0];
		if (p->change->room && p->hosts[c.host].load >= p->change->room) {
			*ret_full = true;
			continue;
		}
		c.passing = c.slot->passing;
		c.all_acts = now->acts;
		c.acts = now->acts;
		c.gone = isahp_features_or(&now->leaving, &final->leaving);
		c.leaving = size_of(&c.gone);
		if (better(m, &c, ret))
			*ret = c;
	}
	return 0;
}

static int go(struct moving *m, size_t vm, const struct choice *c)
{
	struct isahp_planning *p = m->p;
	struct isahp_planned_host *to = &p->hosts[c->host];
	const struct isahp_features *announced =
		&p->plan->vms[vm]->record->list[ISAHP_VM_ANNOUNCED];
	struct isahp_plan_step step = {
		.what = ISAHP_PLAN_MIGRATE, .vm = vm, .host = p->hosts[p->at[vm]].name,
		.to = to->name, .acts = c->all_acts,
		.vendor = isahp_profile_vendor(p->peers[c->slot->now]),
	};

	step.leaving = isahp_features_andnot(&c->gone, &p->removed[vm]);
	p->removed[vm] = isahp_features_or(&p->removed[vm], &c->gone);
	step.features = isahp_features_andnot(announced, &p->removed[vm]);
	p->at[vm] = c->host;
	p->next[vm] = ISAHP_PLAN_NONE;
	if (to->last == ISAHP_PLAN_NONE)
		to->first = vm;
	else
		p->next[to->last] = vm;
	to->last = vm;
	to->load++;
	sift_down(m, c->slot, 0);
	return isahp_planning_step(p, &step);
}

static int be_stuck(struct moving *m, size_t vm, bool full)
{
	struct isahp_plan *plan = m->p->plan;
	struct isahp_plan_stuck s = { .vm = vm, .full = full, .nearest = ISAHP_PLAN_NONE };
	struct isahp_plan_stuck *array;
	size_t least = ISAHP_PLAN_NONE, i;

	for (i = 0; i < plan->class_count; i++) {
		const struct isahp_plan_cell *cell;

		if (!plan->classes[i].after)
			continue;
		cell = isahp_planning_cell(m->p, m->p->kind[vm], i);
		if (!cell)
			return isahp_planning_memory(m->p);
		if (cell->refusals && cell->refusals->count < least) {
			least = cell->refusals->count;
			s.nearest = i;
		}
	}
	array = realloc(plan->stuck, (plan->stuck_count + 1) * sizeof(*array));
	if (!array)
		return isahp_planning_memory(m->p);
	plan->stuck = array;
	plan->stuck[plan->stuck_count++] = s;
	m->p->stuck[vm] = true;
	return 0;
}

/* --- hosts, one after the other ------------------------------------------------------ */

/* All VMs of a host, or those that may not be there any more, go elsewhere. */
static int evacuate(struct moving *m, size_t host, bool all)
{
	struct isahp_planned_host *h = &m->p->hosts[host];
	size_t vm = h->first, next;
	int rc = 0;

	h->first = h->last = ISAHP_PLAN_NONE;
	h->load = 0;
	for (; !rc && vm != ISAHP_PLAN_NONE; vm = next) {
		size_t kind = m->p->kind[vm];
		const struct isahp_plan_cell *cell = all ? NULL :
			isahp_planning_cell(m->p, kind, m->p->plan->class_after[host]);
		struct choice c = { 0 };
		bool full = false;

		next = m->p->next[vm];
		if (cell && cell->admitted) {
			h->load++;
			continue;
		}
		rc = choose(m, vm, &c, &full);
		if (!rc && c.slot) {
			rc = go(m, vm, &c);
		} else if (!rc) {
			h->load++;
			h->blocked = true;
			rc = be_stuck(m, vm, full);
		}
	}
	return rc;
}

static int host_step(struct moving *m, size_t host, enum isahp_plan_do what)
{
	struct isahp_plan_step step = {
		.what = what, .vm = ISAHP_PLAN_NONE, .host = m->p->hosts[host].name,
		.blocked = m->p->hosts[host].blocked,
	};

	return isahp_planning_step(m->p, &step);
}

static bool changes_live(const struct isahp_planning *p, size_t host)
{
	return p->hosts[host].replaced && p->change->live;
}

/* Before a running host changes, its VMs let go of what it will not have. */
static int remove_first(struct moving *m)
{
	struct isahp_planning *p = m->p;
	size_t vm;
	int rc = 0;

	for (vm = 0; !rc && vm < p->plan->vm_count; vm++) {
		const struct isahp_plan_cell *cell;
		struct isahp_plan_step step = {
			.what = ISAHP_PLAN_REMOVE, .vm = vm,
			.host = p->hosts[p->at[vm]].name,
		};

		if (!changes_live(p, p->at[vm]))
			continue;
		cell = isahp_planning_cell(p, p->kind[vm], p->plan->class_after[p->at[vm]]);
		if (!cell)
			return isahp_planning_memory(p);
		if (!cell->admitted || isahp_features_empty(&cell->leaving))
			continue;
		p->removed[vm] = step.features = cell->leaving;
		rc = isahp_planning_step(p, &step);
	}
	return rc;
}

static int lower_and_join(struct moving *m)
{
	struct isahp_plan *plan = m->p->plan;
	struct isahp_plan_step lower = { .what = ISAHP_PLAN_LOWER, .vm = ISAHP_PLAN_NONE };
	size_t i;
	int rc = 0;

	m->p->phase++;
	lower.features = isahp_features_and(&plan->baseline, &plan->baseline_after);
	if (plan->lost.count)
		rc = isahp_planning_step(m->p, &lower);
	m->p->phase++;
	for (i = 0; !rc && i < plan->host_count; i++)
		if (!m->p->hosts[i].before)
			rc = host_step(m, i, ISAHP_PLAN_JOIN);
	return rc;
}

/* Of a host that goes on, those that what it becomes would not admit. */
static int relieve(struct moving *m, size_t host)
{
	struct isahp_plan *plan = m->p->plan;
	int rc;

	take(m, host);
	rc = evacuate(m, host, false);
	return rc ? rc : put(m, host, plan->class_of[host], plan->class_after[host], false);
}

static int leave(struct moving *m)
{
	struct isahp_planning *p = m->p;
	size_t n = p->plan->host_count, i;
	int rc = 0;

	p->phase++;
	for (i = 0; !rc && i < n; i++)
		if (!p->hosts[i].after)
			rc = evacuate(m, i, true);
		else if (changes_live(p, i))
			rc = relieve(m, i);
	p->phase++;
	for (i = 0; !rc && i < n; i++) {
		if (!p->hosts[i].after)
			rc = host_step(m, i, ISAHP_PLAN_LEAVE);
		else if (changes_live(p, i))
			rc = host_step(m, i, ISAHP_PLAN_CHANGE);
	}
	return rc;
}

static int restart(struct moving *m)
{
	struct isahp_planning *p = m->p;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < p->plan->host_count; i++) {
		size_t class = p->plan->class_after[i];

		if (!p->hosts[i].replaced || p->change->live)
			continue;
		take(m, i);
		p->phase++;
		rc = evacuate(m, i, true);
		p->phase++;
		if (!rc)
			rc = host_step(m, i, ISAHP_PLAN_CHANGE);
		if (!rc && !p->hosts[i].blocked)
			rc = put(m, i, class, class, false);
	}
	return rc;
}

int isahp_planning_move(struct isahp_planning *p)
{
	struct moving m = { .p = p };
	int rc = fill_slots(&m);
	size_t i;

	if (!rc)
		rc = remove_first(&m);
	if (!rc)
		rc = lower_and_join(&m);
	if (!rc)
		rc = leave(&m);
	if (!rc)
		rc = restart(&m);
	for (i = 0; !rc && i < p->plan->vm_count; i++)
		p->plan->to[i] = p->at[i];
	for (i = 0; i < m.count; i++)
		free(m.slots[i].heap);
	free(m.slots);
	return rc;
}
