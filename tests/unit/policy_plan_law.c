// SPDX-License-Identifier: MIT
/* What holds of every plan: random pools, random VMs, random changes. */
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/errata.h>
#include <hypervisor-shim/policy/plan.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy_env.h"
#include "policy_plan.h"

#define ROUNDS 120
#define V2 "x86-64-v2,xsave,syscall,rdrand"
#define V3 "x86-64-v3,aes,pclmulqdq,syscall,rdrand"

static const struct {
	const char *vendor;
	unsigned int family, model;
	const char *features;
} cpus[] = {
	{ POLICY_INTEL, 6, 0x2d, V2 },
	{ POLICY_INTEL, 6, 0x2d, V2 ",avx,movbe" },
	{ POLICY_INTEL, 6, 0x3f, V3 },
	{ POLICY_INTEL, 6, 0x6a, V3 ",vaes,sha_ni,pku,smep" },
	{ POLICY_INTEL, 6, 0x6a, V3 ",vaes,pku,avx512f,avx512bw,rdseed,adx" },
	{ POLICY_AMD, 0x19, 1, V3 ",sha_ni,sse4a,clzero,pku" },
	{ POLICY_AMD, 0x1a, 2, V3 ",vaes,avx512f,sha_ni,adx,smep" },
};

#define INTEL 5 /* of them are Intel's */
#define CPUS (sizeof(cpus) / sizeof(cpus[0]))

static unsigned long long state;

static void seed(void)
{
	const char *text = getenv("ISAHP_SEED");

	state = text ? strtoull(text, NULL, 0) : (unsigned long long)time(NULL);
	cr_log_info("seed %llu", state);
	fprintf(stderr, "seed: ISAHP_SEED=%llu\n", state);
	state = state * 2862933555777941757ULL + 3037000493ULL;
}

static unsigned int chance(unsigned int n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned int)((state * 2685821657736338717ULL) >> 33) % n;
}

static struct isahp_profile random_host(const char *name, bool intel)
{
	size_t c = chance(intel ? INTEL : CPUS);

	return policy_host(name, cpus[c].vendor, cpus[c].family, cpus[c].model,
			   cpus[c].features);
}

/* Each with one chance in @n. */
static struct isahp_features some_of(const struct isahp_features *set, unsigned int n)
{
	struct isahp_features some = isahp_features_none();
	unsigned int f;

	for (f = 0; f < ISAHP_FEATURE_COUNT; f++)
		if (isahp_features_has(set, f) && !chance(n))
			isahp_features_add(&some, f);
	return some;
}

/* As one that has lived in the pool: promised what it promises, announced some. */
static void random_vm(struct world *w, const struct isahp_merged *merged, unsigned int i)
{
	size_t host = chance((unsigned int)w->host_count);
	struct isahp_vm_record *r = &w->records[w->vm_count];
	struct isahp_envelope e;
	struct isahp_features more;
	struct isahp_error err;
	char name[32];

	snprintf(name, sizeof(name), "vm%02u", i);
	if (i && !chance(3)) {
		world_record(w, r - 1, w->on[i - 1]);
		snprintf(r->name, sizeof(r->name), "%s", name);
		return;
	}
	world_vm(w, name, w->hosts[host].name, "none", "none");
	r->list[ISAHP_VM_BASELINE] = merged->features;
	if (!chance(3)) {
		more = some_of(&merged->features, 6);
		r->list[ISAHP_VM_BASELINE] = isahp_features_without(&merged->features,
								    &more);
	}
	r->list[ISAHP_VM_SHOWN] = r->list[ISAHP_VM_ANNOUNCED] = r->list[ISAHP_VM_BASELINE];
	/* Its kernel sees to what it has found where it was booted. */
	r->errata = isahp_errata_of(&w->hosts[host]);
	if (chance(2))
		r->errata |= isahp_errata_of(&merged->profile);
	r->registered = chance(5);
	r->xcr0 = 3 | (isahp_features_xfeatures(&r->list[ISAHP_VM_SHOWN]) & 4);
	r->layout.xcr0 = r->xcr0;
	r->layout.component[2].offset = 576;
	r->layout.component[2].size = 256;
	r->list[ISAHP_VM_PINNED] = some_of(&r->list[ISAHP_VM_BASELINE], 3);
	if (!r->registered)
		r->list[ISAHP_VM_PINNED] = isahp_features_none();
	cr_assert_eq(isahp_pool_envelope(&w->pool, merged, r, &e, &err), 0, "%s", err.text);
	more = some_of(&e.hosts[host].announce, 2);
	more = isahp_features_or(&more, &r->list[ISAHP_VM_ANNOUNCED]);
	r->list[ISAHP_VM_ANNOUNCED] = isahp_features_supported(&more);
	r->list[ISAHP_VM_ANNOUNCED] = isahp_features_or(&r->list[ISAHP_VM_ANNOUNCED],
							&r->list[ISAHP_VM_BASELINE]);
	if (!chance(3)) {
		more = some_of(&r->list[ISAHP_VM_ENVELOPE], 2);
		r->list[ISAHP_VM_ENVELOPE] =
			isahp_features_or(&more, &r->list[ISAHP_VM_ANNOUNCED]);
	}
	isahp_envelope_free(&e);
}

static void random_world(struct world *w, bool intel)
{
	unsigned int hosts = 2 + chance(6), vms = chance(12), i;
	struct isahp_merged merged;
	struct isahp_error err = { 0 };
	char name[32];

	memset(w, 0, sizeof(*w));
	w->pool.options.cross_vendor = true;
	for (i = 0; i < hosts; i++) {
		snprintf(name, sizeof(name), "host%u", i);
		world_host(w, random_host(name, intel));
	}
	if (!chance(3)) {
		cr_assert_eq(isahp_level_find("x86-64-v2", &w->pool.level, &err), 0);
		w->pool.wanted = true;
	}
	cr_assert_eq(isahp_pool_merge(&w->pool, &merged, &err), 0, "%s", err.text);
	for (i = 0; i < vms; i++)
		random_vm(w, &merged, i);
	isahp_merged_free(&merged);
}

/** struct wish - a change, and what it points to */
struct wish {
	struct isahp_plan_change change;
	struct isahp_profile profiles[4];
	const struct isahp_profile *joining[2];
	const struct isahp_profile *replaced[2];
	const char *leaving[8];
};

static void wish_join(struct wish *m, bool intel)
{
	static const char *const names[] = { "joins1", "aaa" };
	size_t i;

	m->change.joining_count = 1 + chance(2);
	m->change.joining = m->joining;
	for (i = 0; i < m->change.joining_count; i++) {
		m->profiles[i] = random_host(names[i], intel);
		m->joining[i] = &m->profiles[i];
	}
}

static void wish_leave(struct wish *m, const struct world *w)
{
	size_t i;

	m->change.leaving = m->leaving;
	for (i = 1; i < w->host_count; i++)
		if (!chance(3))
			m->leaving[m->change.leaving_count++] = w->hosts[i].name;
}

static bool leaves(const struct wish *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->change.leaving_count; i++)
		if (!strcmp(m->leaving[i], name))
			return true;
	return false;
}

static void wish_replace(struct wish *m, const struct world *w, bool intel)
{
	size_t i;

	m->change.replaced = m->replaced;
	m->change.live = chance(2);
	for (i = 0; i < w->host_count && m->change.replaced_count < 2; i++) {
		size_t at = 2 + m->change.replaced_count;

		if (leaves(m, w->hosts[i].name) || chance(2))
			continue;
		m->profiles[at] = random_host(w->hosts[i].name, intel);
		m->replaced[m->change.replaced_count++] = &m->profiles[at];
	}
}

static void random_wish(struct wish *m, const struct world *w, bool intel)
{
	memset(m, 0, sizeof(*m));
	if (!chance(2))
		wish_join(m, intel);
	if (!chance(2))
		wish_leave(m, w);
	if (!chance(2))
		wish_replace(m, w, intel);
	m->change.relevel = !chance(4);
	if (!chance(4))
		m->change.room = 1 + chance(5);
}

static void free_wish(struct wish *m)
{
	size_t i;

	for (i = 0; i < 4; i++)
		isahp_profile_free(&m->profiles[i]);
}

static char *text_of(const struct isahp_plan *plan)
{
	json_t *json = isahp_plan_to_json(plan);
	char *text = json_dumps(json, JSON_COMPACT);

	cr_assert(text);
	json_decref(json);
	return text;
}

static void shuffle(struct world *w)
{
	unsigned int i, j;

	for (i = (unsigned int)w->host_count; i > 1; i--) {
		struct isahp_profile host = w->hosts[i - 1];

		j = chance(i);
		w->hosts[i - 1] = w->hosts[j];
		w->hosts[j] = host;
	}
	for (i = (unsigned int)w->vm_count; i > 1; i--) {
		struct isahp_plan_vm vm = w->vms[i - 1];

		j = chance(i);
		w->vms[i - 1] = w->vms[j];
		w->vms[j] = vm;
	}
}

/* --- laws ------------------------------------------------------------------------ */

Test(plan_law, the_order_of_hosts_and_vms_does_not_matter)
{
	unsigned int i;

	seed();
	for (i = 0; i < ROUNDS; i++) {
		struct isahp_plan plan;
		static struct world w;
		struct wish m;
		char *a, *b;

		random_world(&w, false);
		random_wish(&m, &w, false);
		/* A copy: names of hosts that leave point into the array. */
		for (size_t k = 0; k < m.change.leaving_count; k++)
			m.leaving[k] = strdup(m.leaving[k]);
		world_plan(&w, &m.change, &plan);
		a = text_of(&plan);
		isahp_plan_free(&plan);
		shuffle(&w);
		world_plan(&w, &m.change, &plan);
		b = text_of(&plan);
		isahp_plan_free(&plan);
		cr_assert_str_eq(a, b);
		free(a);
		free(b);
		for (size_t k = 0; k < m.change.leaving_count; k++)
			free((char *)m.leaving[k]);
		free_wish(&m);
		world_free(&w);
	}
}

Test(plan_law, each_step_is_one_that_isahpd_does)
{
	unsigned int i, moves = 0, adds = 0, removes = 0, stuck = 0;
	size_t k;

	seed();
	for (i = 0; i < 4 * ROUNDS; i++) {
		struct isahp_plan plan;
		static struct world w;
		struct wish m;

		random_world(&w, false);
		random_wish(&m, &w, false);
		world_plan(&w, &m.change, &plan);
		world_executes(&w, &m.change, &plan);
		for (k = 0; k < plan.step_count; k++) {
			moves += plan.steps[k].what == ISAHP_PLAN_MIGRATE;
			adds += plan.steps[k].what == ISAHP_PLAN_ADD;
			removes += plan.steps[k].what == ISAHP_PLAN_REMOVE;
		}
		stuck += plan.stuck_count != 0;
		isahp_plan_free(&plan);
		free_wish(&m);
		world_free(&w);
	}
	cr_assert(moves > 50 && adds > 50 && removes > 2 && stuck > 2,
		  "worth its name: %u moves, %u additions, %u removals, %u stuck", moves,
		  adds, removes, stuck);
}

Test(plan_law, no_change_moves_nobody_and_takes_nothing)
{
	unsigned int i;
	size_t k;

	seed();
	for (i = 0; i < ROUNDS; i++) {
		struct isahp_plan plan;
		static struct world w;

		random_world(&w, false);
		world_plan(&w, NULL, &plan);
		world_executes(&w, NULL, &plan);
		cr_assert_eq(plan.won.count + plan.lost.count, 0);
		for (k = 0; k < plan.step_count; k++)
			cr_assert_eq(plan.steps[k].what, ISAHP_PLAN_ADD);
		for (k = 0; k < plan.group_count; k++) {
			const struct isahp_plan_group *g = &plan.groups[k];

			cr_assert_eq(g->wins.count + g->loses.count, 0);
			cr_assert_eq(g->reach, g->reach_before);
		}
		isahp_plan_free(&plan);
		world_free(&w);
	}
}

/* Of one vendor: to which of two a pool's identity belongs may change the errata. */
Test(plan_law, who_joins_raises_nothing_and_who_leaves_lowers_nothing)
{
	unsigned int i;
	size_t k;

	seed();
	for (i = 0; i < ROUNDS; i++) {
		struct isahp_plan plan;
		static struct world w;
		struct wish m = { 0 };

		random_world(&w, true);
		wish_join(&m, true);
		world_plan(&w, &m.change, &plan);
		cr_assert_eq(plan.won.count, 0);
		for (k = 0; k < plan.group_count; k++) {
			cr_assert_eq(plan.groups[k].wins.count, 0);
			cr_assert_geq(plan.groups[k].reach, plan.groups[k].reach_before);
		}
		isahp_plan_free(&plan);
		free_wish(&m);
		memset(&m, 0, sizeof(m));
		wish_leave(&m, &w);
		world_plan(&w, &m.change, &plan);
		cr_assert_eq(plan.lost.count, 0);
		for (k = 0; k < plan.group_count; k++) {
			const struct isahp_plan_group *g = &plan.groups[k];

			cr_assert(g->moves || !g->loses.count);
			cr_assert_leq(g->reach, g->reach_before);
		}
		isahp_plan_free(&plan);
		world_free(&w);
	}
}

static bool same_items(const struct isahp_plan_items *a, const struct isahp_plan_items *b)
{
	size_t i;

	for (i = 0; a->count == b->count && i < a->count; i++)
		if (a->array[i].feature != b->array[i].feature ||
		    a->array[i].why != b->array[i].why)
			return false;
	return a->count == b->count;
}

Test(plan_law, a_vm_fares_among_others_as_it_does_alone)
{
	unsigned int i, groups = 0, vms = 0;
	size_t k, j;

	seed();
	for (i = 0; i < ROUNDS; i++) {
		struct isahp_plan plan, alone;
		static struct world w, one;
		struct wish m = { 0 };

		random_world(&w, false);
		wish_join(&m, false);
		world_plan(&w, &m.change, &plan);
		groups += (unsigned int)plan.group_count;
		vms += (unsigned int)plan.vm_count;
		for (k = 0; k < plan.group_count; k++)
			for (j = 0; j < plan.groups[k].vm_count; j++) {
				const struct isahp_plan_group *g = &plan.groups[k];

				one = w;
				one.pool.hosts = one.hosts;
				one.pool.options.name = one.pool.name;
				one.vm_count = 1;
				one.vms[0] = *plan.vms[g->vms[j]];
				world_plan(&one, &m.change, &alone);
				cr_assert(same_items(&g->wins, &alone.groups[0].wins));
				cr_assert(same_items(&g->loses, &alone.groups[0].loses));
				cr_assert(same_items(&g->debt, &alone.groups[0].debt));
				cr_assert(same_items(&g->debt_after,
						     &alone.groups[0].debt_after));
				cr_assert_eq(g->reach, alone.groups[0].reach);
				isahp_plan_free(&alone);
			}
		isahp_plan_free(&plan);
		free_wish(&m);
		world_free(&w);
	}
	cr_assert_lt(groups, vms, "some are alike");
}
