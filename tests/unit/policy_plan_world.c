// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/names.h>
#include <hypervisor-shim/policy/rules.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_env.h"
#include "policy_plan.h"

void world_host(struct world *w, struct isahp_profile host)
{
	cr_assert_lt(w->host_count, (size_t)WORLD_HOSTS);
	w->hosts[w->host_count++] = host;
	snprintf(w->pool.name, sizeof(w->pool.name), "test");
	w->pool.hosts = w->hosts;
	w->pool.host_count = w->host_count;
	w->pool.options.name = w->pool.name;
}

void world_record(struct world *w, const struct isahp_vm_record *record, const char *host)
{
	size_t i = w->vm_count++;

	cr_assert_lt(i, (size_t)WORLD_VMS);
	w->records[i] = *record;
	snprintf(w->on[i], sizeof(w->on[i]), "%s", host);
	w->vms[i] = (struct isahp_plan_vm){ &w->records[i], w->on[i] };
}

void world_vm(struct world *w, const char *name, const char *host, const char *baseline,
	      const char *announced)
{
	const struct isahp_profile *at = isahp_pool_host(&w->pool, host);
	struct isahp_features shown = policy_set(baseline), more = policy_set(announced);
	struct isahp_vm_record r = {
		.masked = true, .registered = true, .entry = ISAHP_ENTRY_FOLLOWS,
		.boot_vendor = isahp_profile_vendor(at),
		.vendor = isahp_profile_vendor(at),
		.xcr0 = (isahp_features_xfeatures(&shown) & 0xff) | 3,
		.layout.known = true,
	};
	unsigned int i;

	snprintf(r.name, sizeof(r.name), "%s", name);
	r.list[ISAHP_VM_BASELINE] = r.list[ISAHP_VM_SHOWN] = shown;
	r.list[ISAHP_VM_ANNOUNCED] = isahp_features_or(&shown, &more);
	r.list[ISAHP_VM_ENVELOPE] = isahp_features_known();
	r.layout.xcr0 = r.xcr0;
	for (i = ISAHP_LAYOUT_FIRST; i < ISAHP_LAYOUT_END; i++) {
		const struct isahp_cpuid_leaf *c = isahp_profile_leaf(at, 0xd, i);

		if (!(r.xcr0 >> i & 1))
			continue;
		r.layout.component[i].size = c->value[ISAHP_EAX];
		r.layout.component[i].offset = c->value[ISAHP_EBX];
	}
	world_record(w, &r, host);
}

void world_plan(struct world *w, const struct isahp_plan_change *change,
		struct isahp_plan *ret)
{
	struct isahp_error err = { 0 };

	cr_assert_eq(isahp_plan_make(&w->pool, w->vms, w->vm_count, change, ret, &err), 0,
		     "%s", err.text);
}

void world_free(struct world *w)
{
	size_t i;

	for (i = 0; i < w->host_count; i++)
		isahp_profile_free(&w->hosts[i]);
}

/* --- somebody who carries plans out -------------------------------------------- */

struct run {
	const struct isahp_plan *plan;
	const struct isahp_plan_change *change;
	const struct isahp_profile *host[2 * WORLD_HOSTS]; /* by number; NULL: not there */
	struct isahp_vm_record vm[WORLD_VMS]; /* by number */
	size_t at[WORLD_VMS];
	struct isahp_features baseline;
};

static size_t number_of(const struct run *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->plan->host_count; i++)
		if (!strcmp(r->plan->hosts[i], name))
			return i;
	cr_assert_fail("no host %s", name);
	return 0;
}

/* What the rules look at, as isahpd does. */
static struct isahp_rules rules_of(const struct isahp_vm_record *vm)
{
	return (struct isahp_rules){
		.present = vm->list[ISAHP_VM_ANNOUNCED],
		.envelope = vm->list[ISAHP_VM_ENVELOPE],
		.baseline = vm->list[ISAHP_VM_BASELINE],
		.pinned = vm->list[ISAHP_VM_PINNED],
		.gated = isahp_rules_gated(&vm->list[ISAHP_VM_SHOWN]),
		.xcr0 = vm->xcr0, .layout = vm->layout, .registered = vm->registered,
	};
}

static void announce(struct run *r, const struct isahp_plan_step *s)
{
	struct isahp_vm_record *vm = &r->vm[s->vm];
	struct isahp_rules rules = rules_of(vm);
	struct isahp_features set;
	struct isahp_error err = { 0 };

	cr_assert_eq(r->at[s->vm], number_of(r, s->host), "%s is on its host", vm->name);
	if (s->what == ISAHP_PLAN_ADD) {
		cr_assert_eq(isahp_rules_add(&rules, &s->features, &set, &err), 0, "%s: %s",
			     vm->name, err.text);
		vm->list[ISAHP_VM_ANNOUNCED] = set;
	} else {
		cr_assert_eq(isahp_rules_remove(&rules, &s->features, &set, &err), 0,
			     "%s: %s", vm->name, err.text);
		cr_assert(isahp_features_subset(&set, &s->features));
		vm->list[ISAHP_VM_ANNOUNCED] =
			isahp_features_andnot(&vm->list[ISAHP_VM_ANNOUNCED], &set);
	}
}

static void migrate(struct run *r, const struct isahp_plan_step *s)
{
	struct isahp_vm_record *vm = &r->vm[s->vm];
	size_t to = number_of(r, s->to);
	struct isahp_admission a;
	struct isahp_error err;

	cr_assert_eq(r->at[s->vm], number_of(r, s->host), "%s is on its host", vm->name);
	cr_assert(r->host[to], "%s is there", s->to);
	cr_assert_eq(isahp_admission_check(vm, r->host[to], NULL, &a, &err), 0);
	cr_assert_neq(a.verdict, ISAHP_REFUSED, "%s to %s: %s", vm->name, s->to,
		      a.refusals.count ? a.refusals.array[0].what : "");
	cr_assert(isahp_features_subset(&a.leaving, &s->leaving), "all that leaves is said");
	cr_assert_eq(s->vendor, isahp_profile_vendor(r->host[to]));
	isahp_admission_free(&a);
	vm->list[ISAHP_VM_ANNOUNCED] =
		isahp_features_andnot(&vm->list[ISAHP_VM_ANNOUNCED], &s->leaving);
	cr_assert(isahp_features_equal(&vm->list[ISAHP_VM_ANNOUNCED], &s->features));
	vm->vendor = s->vendor;
	r->at[s->vm] = to;
}

static const struct isahp_profile *new_of(const struct run *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->change->joining_count; i++)
		if (!strcmp(r->change->joining[i]->name, name))
			return r->change->joining[i];
	for (i = 0; i < r->change->replaced_count; i++)
		if (!strcmp(r->change->replaced[i]->name, name))
			return r->change->replaced[i];
	return NULL;
}

static void change_host(struct run *r, const struct isahp_plan_step *s)
{
	size_t host = number_of(r, s->host), i;
	bool empty = s->what == ISAHP_PLAN_LEAVE || !r->change->live;

	for (i = 0; s->what != ISAHP_PLAN_JOIN && empty && i < r->plan->vm_count; i++)
		cr_assert_neq(r->at[i], host, "%s is still on %s", r->vm[i].name, s->host);
	r->host[host] = s->what == ISAHP_PLAN_LEAVE ? NULL : new_of(r, s->host);
	cr_assert_eq(!r->host[host], s->what == ISAHP_PLAN_LEAVE);
}

/* What holds at any time. */
static void look(const struct run *r)
{
	struct isahp_features usable, rest;
	char names[256];
	size_t i;

	for (i = 0; i < r->plan->host_count; i++) {
		if (!r->host[i])
			continue;
		usable = isahp_envelope_usable(r->host[i]);
		rest = isahp_features_andnot(&r->baseline, &usable);
		isahp_names_format(&rest, names, sizeof(names));
		cr_assert(!*names, "the pool promises %s, which %s lacks", names,
			  r->plan->hosts[i]);
	}
	for (i = 0; i < r->plan->vm_count; i++) {
		usable = isahp_envelope_usable(r->host[r->at[i]]);
		rest = isahp_envelope_harmless(r->host[r->at[i]]);
		usable = isahp_features_or(&usable, &rest);
		rest = isahp_features_andnot(&r->vm[i].list[ISAHP_VM_ANNOUNCED], &usable);
		isahp_names_format(&rest, names, sizeof(names));
		cr_assert(!*names, "%s is announced %s, which %s lacks", r->vm[i].name,
			  names, r->plan->hosts[r->at[i]]);
	}
}

void world_executes(const struct world *w, const struct isahp_plan_change *change,
		    const struct isahp_plan *plan)
{
	static const struct isahp_plan_change nothing;
	static struct run r;
	unsigned int phase = 1;
	size_t i;

	memset(&r, 0, sizeof(r));
	r.plan = plan;
	r.change = change ? change : &nothing;
	r.baseline = plan->baseline;
	for (i = 0; i < plan->host_count; i++)
		r.host[i] = isahp_pool_host(&w->pool, plan->hosts[i]);
	for (i = 0; i < plan->vm_count; i++) {
		r.vm[i] = *plan->vms[i]->record;
		r.at[i] = number_of(&r, plan->vms[i]->host);
	}
	look(&r);
	for (i = 0; i < plan->step_count; i++) {
		const struct isahp_plan_step *s = &plan->steps[i];

		cr_assert(s->phase == phase || s->phase == phase + 1, "%u after %u",
			  s->phase, phase);
		phase = s->phase;
		if (s->blocked)
			return;
		if (s->what == ISAHP_PLAN_MIGRATE)
			migrate(&r, s);
		else if (s->what == ISAHP_PLAN_ADD || s->what == ISAHP_PLAN_REMOVE)
			announce(&r, s);
		else if (s->what == ISAHP_PLAN_LOWER || s->what == ISAHP_PLAN_RAISE)
			r.baseline = s->features;
		else
			change_host(&r, s);
		look(&r);
	}
	cr_assert_eq(plan->stuck_count, 0, "who is stuck blocks a step");
	cr_assert(isahp_features_equal(&r.baseline, &plan->baseline_after));
	for (i = 0; i < plan->vm_count; i++)
		cr_assert_eq(r.at[i], plan->to[i]);
}
