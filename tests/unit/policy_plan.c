// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/names.h>
#include <hypervisor-shim/policy/plan.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_env.h"
#include "policy_plan.h"

#define V2 "x86-64-v2,xsave,syscall"
#define V3 "x86-64-v3,aes,pclmulqdq,syscall"

/* --- by hand ------------------------------------------------------------------ */

static struct isahp_plan_change leave_change(const char *const *names, size_t count)
{
	return (struct isahp_plan_change){ .leaving = names, .leaving_count = count };
}

/* The rack's older half goes; what it lacked may then be had by all. */
static void make_renewal(struct world *w)
{
	*w = (struct world){ 0 };
	world_host(w, policy_host("old1", POLICY_INTEL, 6, 0x2d, V2 ",avx"));
	world_host(w, policy_host("old2", POLICY_INTEL, 6, 0x2d, V2 ",avx"));
	world_host(w, policy_host("new1", POLICY_INTEL, 6, 0x6a, V3 ",vaes,sha_ni"));
	world_host(w, policy_host("new2", POLICY_INTEL, 6, 0x6a, V3 ",vaes,sha_ni"));
	world_vm(w, "web1", "old1", V2 ",avx", "none");
	world_vm(w, "web2", "old2", V2 ",avx", "none");
	world_vm(w, "db1", "new1", V2 ",avx", "aes,fma");
	world_vm(w, "db2", "new1", V2 ",avx", "aes,fma");
}

/* Two Xeons and two EPYCs; one of the Xeons goes. */
static void make_mixed(struct world *w)
{
	*w = (struct world){ .pool.options.cross_vendor = true };
	world_host(w, policy_host("xeon1", POLICY_INTEL, 6, 0x6a, V3 ",pku,rdrand,avx512f,rdseed"));
	world_host(w, policy_host("xeon2", POLICY_INTEL, 6, 0x6a, V3 ",pku,rdrand,avx512f,rdseed"));
	world_host(w, policy_host("epyc1", POLICY_AMD, 0x1a, 2, V3 ",pku,rdrand,sha_ni,sse4a"));
	world_host(w, policy_host("epyc2", POLICY_AMD, 0x1a, 2, V3 ",pku,rdrand,sha_ni,sse4a"));
	world_vm(w, "web1", "xeon1", V3 ",rdrand", "none");
	world_vm(w, "web2", "epyc1", V3 ",rdrand", "sha_ni");
	/* Booted alone on a Xeon, and promised all that it has. */
	world_vm(w, "hpc1", "xeon1", V3 ",rdrand,avx512f", "none");
}

static const struct isahp_plan_item *item_of(const struct isahp_plan_items *items,
					     const char *flag)
{
	int f = isahp_feature_find(flag, strlen(flag));
	size_t i;

	for (i = 0; i < items->count; i++)
		if (items->array[i].feature == f)
			return &items->array[i];
	return NULL;
}

static void has_item(const struct isahp_plan_items *items, const char *flag,
		     enum isahp_plan_why why, const char *who)
{
	const struct isahp_plan_item *item = item_of(items, flag);

	cr_assert(item, "%s is not there", flag);
	cr_assert_eq(item->why, why, "%s: %s", flag, isahp_plan_word(item->why));
	cr_assert(who ? item->who && !strcmp(item->who, who) : !item->who, "%s: %s", flag,
		  item->who ? item->who : "nobody");
}

static const struct isahp_plan_group *group_of(const struct isahp_plan *plan, const char *vm)
{
	size_t i, j;

	for (i = 0; i < plan->group_count; i++)
		for (j = 0; j < plan->groups[i].vm_count; j++)
			if (!strcmp(plan->vms[plan->groups[i].vms[j]]->record->name, vm))
				return &plan->groups[i];
	cr_assert_fail("no group has %s", vm);
	return NULL;
}

/* The file holds what was looked at by a person; POLICY_RECORD=1 writes it anew. */
static void is_golden(const struct isahp_plan *plan, const char *file)
{
	char path[512], golden[16384], *text = isahp_plan_to_text(plan);
	FILE *from;
	size_t size;

	cr_assert(text);
	snprintf(path, sizeof(path), "%s/%s", POLICY_DATA, file);
	if (getenv("POLICY_RECORD")) {
		from = fopen(path, "w");
		cr_assert(from && fputs(text, from) >= 0 && !fclose(from));
	}
	from = fopen(path, "r");
	cr_assert(from, "%s; it says:\n%s", path, text);
	size = fread(golden, 1, sizeof(golden) - 1, from);
	golden[size] = '\0';
	fclose(from);
	cr_assert_str_eq(text, golden, "%s says:\n%s", file, text);
	free(text);
}

Test(plan, of_a_pool_whose_older_generation_leaves)
{
	static const char *const old[] = { "old2", "old1" };
	struct isahp_plan_change change = leave_change(old, 2);
	struct isahp_plan plan;
	struct world w;

	make_renewal(&w);
	world_plan(&w, &change, &plan);
	cr_assert_eq(isahp_plan_exit(&plan), ISAHP_ERROR_NONE);
	cr_assert_eq(plan.group_count, 2, "VMs alike are one group");
	has_item(&group_of(&plan, "web1")->wins, "aes", ISAHP_PLAN_GOES, "new1");
	has_item(&group_of(&plan, "web1")->wins, "abm", ISAHP_PLAN_EVERYWHERE, "old1");
	has_item(&group_of(&plan, "db1")->wins, "abm", ISAHP_PLAN_EVERYWHERE, "old1");
	cr_assert(!item_of(&group_of(&plan, "db1")->wins, "aes"), "it has it already");
	has_item(&group_of(&plan, "db1")->debt, "abm", ISAHP_PLAN_PINNED_OUT, "old1");
	has_item(&group_of(&plan, "db1")->debt, "sha_ni", ISAHP_PLAN_UNANNOUNCED, NULL);
	has_item(&group_of(&plan, "web1")->debt, "aes", ISAHP_PLAN_MOVE, "new1");
	has_item(&plan.won, "avx2", ISAHP_PLAN_EVERYWHERE, "old1");
	world_executes(&w, &change, &plan);
	is_golden(&plan, "plan_renewal.txt");
	isahp_plan_free(&plan);
	world_free(&w);
}

Test(plan, of_a_mixed_pool)
{
	static const char *const old[] = { "xeon1" };
	struct isahp_plan_change change = leave_change(old, 1);
	const struct isahp_plan_group *web1;
	struct isahp_plan plan;
	struct world w;

	make_mixed(&w);
	world_plan(&w, &change, &plan);
	web1 = group_of(&plan, "web1");
	cr_assert_eq(plan.classes[web1->to].profile->leaves,
		     isahp_pool_host(&w.pool, "xeon2")->leaves,
		     "of two hosts it takes the one where its kernel has nothing to do");
	cr_assert_eq(web1->reach, 2);
	has_item(&web1->debt, "pku", ISAHP_PLAN_IMAGES, NULL);
	has_item(&web1->debt, "rdseed", ISAHP_PLAN_MASKED, "epyc1");
	has_item(&web1->debt, "sha_ni", ISAHP_PLAN_MOVE, "epyc1");
	cr_assert_eq(group_of(&plan, "hpc1")->reach, 0, "the EPYCs lack AVX-512");
	cr_assert(!strcmp(plan.classes[group_of(&plan, "hpc1")->bars[0].class].name, "epyc1"));
	world_executes(&w, &change, &plan);
	is_golden(&plan, "plan_mixed.txt");
	isahp_plan_free(&plan);
	world_free(&w);
}

Test(plan, names_who_is_in_the_way)
{
	static const char *const old[] = { "xeon1", "xeon2" };
	struct isahp_plan_change change = leave_change(old, 2);
	struct isahp_plan plan;
	struct world w;
	char *text;
	size_t i;

	make_mixed(&w);
	world_plan(&w, &change, &plan);
	cr_assert_eq(isahp_plan_exit(&plan), ISAHP_ERROR_POLICY);
	cr_assert_eq(plan.stuck_count, 1);
	cr_assert_str_eq(plan.vms[plan.stuck[0].vm]->record->name, "hpc1");
	cr_assert_str_eq(plan.classes[plan.stuck[0].nearest].name, "epyc1");
	for (i = 0; i < plan.step_count; i++)
		if (plan.steps[i].what == ISAHP_PLAN_LEAVE)
			cr_assert_eq(plan.steps[i].blocked,
				     !strcmp(plan.steps[i].host, "xeon1"));
	text = isahp_plan_to_text(&plan);
	cr_assert(strstr(text, "leave: xeon1: NOT POSSIBLE"), "%s", text);
	cr_assert(strstr(text, "hpc1 on xeon1: the nearest host is epyc1"), "%s", text);
	cr_assert(strstr(text, "avx512f: owns XSAVE state that the guest has enabled"), "%s", text);
	free(text);
	world_executes(&w, &change, &plan);
	is_golden(&plan, "plan_stuck.txt");
	isahp_plan_free(&plan);
	world_free(&w);
}

Test(plan, takes_features_before_a_running_host_loses_them)
{
	struct isahp_profile less = policy_host("new1", POLICY_INTEL, 6, 0x6a, V3 ",vaes");
	const struct isahp_profile *list[] = { &less };
	struct isahp_plan_change change = { .replaced = list, .replaced_count = 1,
					    .live = true };
	struct isahp_features sha = policy_set("sha_ni");
	struct isahp_plan plan;
	struct world w;

	make_renewal(&w);
	world_vm(&w, "sha1", "new1", V2 ",avx", "sha_ni");
	world_plan(&w, &change, &plan);
	cr_assert_eq(plan.steps[0].what, ISAHP_PLAN_REMOVE);
	cr_assert(isahp_features_equal(&plan.steps[0].features, &sha));
	cr_assert_str_eq(plan.vms[plan.steps[0].vm]->record->name, "sha1");
	has_item(&group_of(&plan, "sha1")->loses, "sha_ni", ISAHP_PLAN_LACKS, "new1");
	cr_assert_not(group_of(&plan, "sha1")->moves);
	world_executes(&w, &change, &plan);
	isahp_plan_free(&plan);
	/* Restarted, its VMs leave it, and lose nothing. */
	change.live = false;
	world_plan(&w, &change, &plan);
	cr_assert(group_of(&plan, "sha1")->moves);
	cr_assert_eq(group_of(&plan, "sha1")->loses.count, 0);
	world_executes(&w, &change, &plan);
	isahp_plan_free(&plan);
	isahp_profile_free(&less);
	world_free(&w);
}

Test(plan, restarts_all_hosts_one_by_one)
{
	struct isahp_profile more[2] = {
		policy_host("old1", POLICY_INTEL, 6, 0x2d, V2 ",avx,movbe"),
		policy_host("old2", POLICY_INTEL, 6, 0x2d, V2 ",avx,movbe"),
	};
	const struct isahp_profile *list[] = { &more[1], &more[0] };
	struct isahp_plan_change change = { .replaced = list, .replaced_count = 2 };
	static const enum isahp_plan_do order[] = {
		ISAHP_PLAN_MIGRATE, ISAHP_PLAN_CHANGE, ISAHP_PLAN_MIGRATE,
		ISAHP_PLAN_MIGRATE, ISAHP_PLAN_CHANGE, ISAHP_PLAN_RAISE, ISAHP_PLAN_ADD,
	};
	struct isahp_plan plan;
	struct world w = { 0 };
	size_t i;

	world_host(&w, policy_host("old1", POLICY_INTEL, 6, 0x2d, V2 ",avx"));
	world_host(&w, policy_host("old2", POLICY_INTEL, 6, 0x2d, V2 ",avx"));
	world_vm(&w, "web1", "old1", V2 ",avx", "none");
	world_vm(&w, "web2", "old2", V2 ",avx", "none");
	world_plan(&w, &change, &plan);
	cr_assert(plan.step_count >= 7);
	for (i = 0; i < 7; i++)
		cr_assert_eq(plan.steps[i].what, order[i], "step %zu: %s", i,
			     isahp_plan_do_word(plan.steps[i].what));
	cr_assert_str_eq(plan.classes[plan.class_of[0]].name, "old1 (before)");
	world_executes(&w, &change, &plan);
	isahp_plan_free(&plan);
	isahp_profile_free(&more[0]);
	isahp_profile_free(&more[1]);
	world_free(&w);
}

Test(plan, lowers_before_a_weaker_host_joins)
{
	struct isahp_profile weak = policy_host("weak", POLICY_INTEL, 6, 0x2d, V2);
	const struct isahp_profile *list[] = { &weak };
	struct isahp_plan_change change = { .joining = list, .joining_count = 1 };
	const struct isahp_plan_group *g;
	struct isahp_plan plan;
	struct world w;

	make_renewal(&w);
	world_plan(&w, &change, &plan);
	cr_assert_eq(plan.steps[0].what, ISAHP_PLAN_LOWER);
	cr_assert_eq(plan.steps[1].what, ISAHP_PLAN_JOIN);
	cr_assert_lt(plan.steps[0].phase, plan.steps[1].phase);
	has_item(&plan.lost, "avx", ISAHP_PLAN_MASKED, "weak");
	g = group_of(&plan, "web1");
	cr_assert_eq(g->reach, g->reach_before, "it keeps what it could");
	cr_assert(g->bar_count == 1 && g->bars[0].newly);
	cr_assert(isahp_features_has(&g->beyond, ISAHP_FEATURE_AVX),
		  "it was promised AVX, and has to be restarted to go there");
	world_executes(&w, &change, &plan);
	isahp_plan_free(&plan);
	isahp_profile_free(&weak);
	world_free(&w);
}

Test(plan, raises_and_lowers_the_level_alone)
{
	struct isahp_plan_change change = { .relevel = true };
	struct isahp_error err = { 0 };
	struct isahp_level level;
	struct isahp_plan plan;
	struct world w;

	make_mixed(&w);
	world_vm(&w, "low1", "xeon1", V2, "none");
	cr_assert_eq(isahp_level_find("x86-64-v2", &level, &err), 0);
	change.level = &level;
	world_plan(&w, &change, &plan);
	has_item(&plan.lost, "avx2", ISAHP_PLAN_HIDDEN, NULL);
	cr_assert_eq(plan.won.count, 0);
	cr_assert_eq(plan.steps[0].what, ISAHP_PLAN_LOWER);
	isahp_plan_free(&plan);
	w.pool.wanted = true;
	w.pool.level = level;
	change.level = NULL;
	world_plan(&w, &change, &plan);
	has_item(&plan.won, "avx2", ISAHP_PLAN_SHOWN, NULL);
	has_item(&group_of(&plan, "low1")->debt, "rdrand", ISAHP_PLAN_LEVEL, NULL);
	has_item(&group_of(&plan, "low1")->debt_after, "rdrand", ISAHP_PLAN_RESTART, NULL);
	isahp_plan_free(&plan);
	world_free(&w);
}

Test(plan, keeps_to_the_room_that_hosts_have)
{
	static const char *const old[] = { "old1", "old2" };
	struct isahp_plan_change change = leave_change(old, 2);
	struct isahp_plan plan;
	struct world w;

	make_renewal(&w);
	change.room = 2;
	world_plan(&w, &change, &plan);
	cr_assert_eq(plan.stuck_count, 0);
	isahp_plan_free(&plan);
	change.room = 1;
	world_plan(&w, &change, &plan);
	cr_assert_eq(plan.stuck_count, 1);
	cr_assert(plan.stuck[0].full);
	isahp_plan_free(&plan);
	world_free(&w);
}

Test(plan, mistakes_are_named)
{
	static const char *const nobody[] = { "nobody" }, *const twice[] = { "old1", "old1" };
	static const char *const all[] = { "old1", "old2", "new1", "new2" };
	struct isahp_profile joins = policy_host("old1", POLICY_INTEL, 6, 0x2d, V2);
	struct isahp_profile amd = policy_host("amd1", POLICY_AMD, 0x1a, 2, V2);
	const struct isahp_profile *list[] = { &joins, &amd };
	const struct {
		struct isahp_plan_change change;
		int rc;
		const char *reason;
	} cases[] = {
		{ leave_change(nobody, 1), -EINVAL, "host nobody leaves, and is not in" },
		{ leave_change(twice, 2), -EINVAL, "host old1 leaves twice" },
		{ leave_change(all, 4), -EINVAL, "all hosts of pool test leave" },
		{ { .joining = list, .joining_count = 1 }, -EINVAL, "host old1 joins, and" },
		{ { .joining = list + 1, .joining_count = 1 }, -EPERM, "after the change: " },
		{ { .replaced = list + 1, .replaced_count = 1 }, -EINVAL, "host amd1 changes" },
		{ { .replaced = list, .replaced_count = 1, .leaving = twice,
		    .leaving_count = 1 }, -EINVAL, "changes and leaves" },
	};
	struct isahp_plan plan = { .judged = 7 };
	struct isahp_error err;
	struct world w;
	size_t i;

	make_renewal(&w);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(isahp_plan_make(&w.pool, w.vms, w.vm_count, &cases[i].change,
					     &plan, &err), cases[i].rc, "%zu", i);
		cr_assert(strstr(err.text, cases[i].reason), "%s", err.text);
		cr_assert_eq(plan.judged, 7, "untouched on failure");
	}
	w.vms[1].host = "nowhere";
	cr_assert_eq(isahp_plan_make(&w.pool, w.vms, w.vm_count, NULL, &plan, &err), -EINVAL);
	cr_assert(strstr(err.text, "VM web2 on nowhere: no host"), "%s", err.text);
	w.vms[1] = w.vms[0];
	cr_assert_eq(isahp_plan_make(&w.pool, w.vms, w.vm_count, NULL, &plan, &err), -EINVAL);
	cr_assert(strstr(err.text, "another VM of that name"), "%s", err.text);
	isahp_profile_free(&joins);
	isahp_profile_free(&amd);
	world_free(&w);
}

Test(plan, judges_those_that_are_alike_once)
{
	struct isahp_plan plan;
	struct world w;
	char name[32];
	unsigned int i;

	make_renewal(&w);
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "more%u", i);
		world_host(&w, policy_host(name, POLICY_INTEL, 6, 0x6a, V3 ",vaes,sha_ni"));
		/* What each CPU has of its own makes no kind. */
		isahp_profile_set(&w.hosts[w.host_count - 1], 1, 0, ISAHP_EBX, 0xff000000,
				  i << 24);
	}
	world_plan(&w, NULL, &plan);
	cr_assert_eq(plan.judged, 2 * plan.class_count);
	cr_assert_leq(plan.class_count, 3);
	isahp_plan_free(&plan);
	world_free(&w);
}

Test(plan, is_json_that_isahpd_can_take)
{
	static const char *const old[] = { "old1" };
	struct isahp_plan_change change = leave_change(old, 1);
	json_t *json, *step, *request;
	struct isahp_features set;
	struct isahp_error err;
	struct isahp_plan plan;
	struct world w;
	size_t i, requests = 0;

	make_renewal(&w);
	world_plan(&w, &change, &plan);
	json = isahp_plan_to_json(&plan);
	cr_assert_eq(json_integer_value(json_object_get(json, "isahp-plan")), 1);
	cr_assert(json_is_true(json_object_get(json, "ready")));
	json_array_foreach(json_object_get(json, "steps"), i, step) {
		const char *command, *vm;
		json_t *add = NULL, *present = NULL;

		request = json_object_get(step, "request");
		if (!request)
			continue;
		requests++;
		cr_assert_eq(json_unpack(request, "{s:s, s:{s:s, s?o, s?o}}", "command",
					 &command, "arguments", "vm", &vm, "add", &add,
					 "present", &present), 0);
		cr_assert(!strcmp(command, "announce") || !strcmp(command, "migrate"));
		cr_assert_eq(isahp_names_from_json(add ? add : present, &set, &err), 0);
	}
	cr_assert_gt(requests, 1);
	json_decref(json);
	isahp_plan_free(&plan);
	world_free(&w);
}
