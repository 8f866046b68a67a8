/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of plan.c share while a plan is made. */
#ifndef ISAHP_SHIM_PLANNING_H
#define ISAHP_SHIM_PLANNING_H

#include "plan.h"

/**
 * struct isahp_planned_host - a host of the pool as it is, or will be
 * @name: of it.
 * @before: its profile, or NULL: it joins.
 * @after: what it will be like, or NULL: it leaves.
 * @replaced: it will be another.
 * @load: VMs that are on it, while they are moved on paper.
 * @first: of these, by number, or ISAHP_PLAN_NONE; struct isahp_planning's @next
 *	chains them.
 * @last: the last of them.
 * @blocked: VMs are stuck on it.
 */
struct isahp_planned_host {
	const char *name;
	const struct isahp_profile *before;
	const struct isahp_profile *after;
	bool replaced;
	size_t load;
	size_t first;
	size_t last;
	bool blocked;
};

/**
 * struct isahp_planned_pool - the pool, before or after
 * @pool: as of a file; its hosts are borrowed, but for the array.
 * @merged: what it promises.
 * @kinds: the same with one host of each kind.
 * @at: by class: number of the host in @kinds, or ISAHP_PLAN_NONE.
 * @envelopes: by kind of VM.
 * @state: of each of @envelopes: 0: not made; 1: made; -1: no host can run it.
 */
struct isahp_planned_pool {
	struct isahp_pool pool;
	struct isahp_merged merged;
	struct isahp_pool kinds;
	size_t *at;
	struct isahp_envelope *envelopes;
	signed char *state;
};

/**
 * struct isahp_planning - a plan under way
 * @pool: as given, and
 * @change: as given.
 * @err: to be filled.
 * @plan: being made.
 * @hosts: by number.
 * @before: the pool as it is.
 * @after: as it will be.
 * @usable: features, by class.
 * @peers: one host of each class.
 * @kind: of each VM, by number.
 * @kinds: how many.
 * @record: of one VM of each kind.
 * @next: VM on the same host, or ISAHP_PLAN_NONE.
 * @at: host of each VM, while they are moved.
 * @removed: what each VM had to let go of.
 * @stuck: by number of the VM.
 * @step_room: steps allocated.
 * @phase: of steps that are added now.
 */
struct isahp_planning {
	const struct isahp_pool *pool;
	const struct isahp_plan_change *change;
	struct isahp_error *err;
	struct isahp_plan *plan;
	struct isahp_planned_host *hosts;
	struct isahp_planned_pool before;
	struct isahp_planned_pool after;
	struct isahp_features *usable;
	const struct isahp_profile **peers;
	size_t *kind;
	size_t kinds;
	const struct isahp_vm_record **record;
	size_t *next;
	size_t *at;
	struct isahp_features *removed;
	bool *stuck;
	size_t step_room;
	unsigned int phase;
};

/** isahp_planning_memory - say that it ran out; returns -ENOMEM */
int isahp_planning_memory(struct isahp_planning *p);

/** isahp_planning_hosts - plan_pool.c: the hosts before and after, and both pools */
int isahp_planning_hosts(struct isahp_planning *p);

/** isahp_planning_pools_free - what they own */
void isahp_planning_pools_free(struct isahp_planning *p);

/**
 * isahp_planning_cell - may a VM of one kind go to a host of another
 *
 * Return: judged; NULL: out of memory.
 */
const struct isahp_plan_cell *isahp_planning_cell(struct isahp_planning *p, size_t kind,
						  size_t class);

/**
 * isahp_planning_envelope - of VMs of a kind
 * @ret: receives it; NULL: no host can run them.
 *
 * Return: 0 or -ENOMEM.
 */
int isahp_planning_envelope(struct isahp_planning *p, struct isahp_planned_pool *side,
			    size_t kind, const struct isahp_envelope **ret);

/** isahp_planning_lacking - the first kind of host, by name, without a feature */
const char *isahp_planning_lacking(const struct isahp_planning *p,
				   const struct isahp_planned_pool *side,
				   unsigned int feature);

/** isahp_planning_move - plan_move.c: who goes where; adds the steps of it */
int isahp_planning_move(struct isahp_planning *p);

/** isahp_planning_step - add a step of the current phase */
int isahp_planning_step(struct isahp_planning *p, const struct isahp_plan_step *step);

/** isahp_planning_groups - plan_group.c: what all of it means for the VMs */
int isahp_planning_groups(struct isahp_planning *p);

/** isahp_planning_baseline - what the pool wins and loses */
int isahp_planning_baseline(struct isahp_planning *p);

#endif /* ISAHP_SHIM_PLANNING_H */
