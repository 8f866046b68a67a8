// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every twelfth host leaves; so does its kind. What is measured is what the plan
 * costs, with all of its steps, before it is written down.
 *
 * Once as pools are: twelve kinds of hosts, forty kinds of VMs. And once with no two
 * hosts and no two VMs alike, where each VM has to be judged for each host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hypervisor-shim/policy/plan.h>

#include "policy_vm.h"

#define VM_KINDS 40
#define ROUNDS 7
#define ROUNDS_QUICK 1

/** struct size - a pool with VMs, and who leaves */
struct size {
	struct policy_pool pool;
	struct isahp_vm_record *records;
	struct isahp_plan_vm *vms;
	size_t vm_count;
	const char **leaving;
	struct isahp_plan_change change;
};

static void make(struct size *s, size_t hosts, size_t vms, bool unlike)
{
	size_t i;

	policy_pool_make(&s->pool, hosts, unlike);
	s->records = calloc(vms, sizeof(*s->records));
	s->vms = calloc(vms, sizeof(*s->vms));
	s->leaving = calloc(hosts, sizeof(*s->leaving));
	if (!s->records || !s->vms || !s->leaving)
		policy_die("out of memory");
	s->vm_count = vms;
	for (i = 0; i < vms; i++) {
		policy_vm_make(&s->pool, &s->records[i], i,
			       (unsigned int)(unlike ? i + 1 : i % VM_KINDS));
		s->vms[i].record = &s->records[i];
		s->vms[i].host = s->pool.pool.hosts[i % hosts].name;
	}
	s->change = (struct isahp_plan_change){ .leaving = s->leaving };
	for (i = 0; i < hosts; i += POLICY_KINDS)
		s->leaving[s->change.leaving_count++] = s->pool.pool.hosts[i].name;
}

static void drop(struct size *s)
{
	free(s->records);
	free(s->vms);
	free(s->leaving);
	policy_pool_drop(&s->pool);
}

/* In nanoseconds. @judged: all pairs if no two are alike. */
static double plan_time(const struct size *s, size_t *judged, double *ret_written)
{
	double begin = policy_cpu_ns(), took;
	struct isahp_plan plan;
	struct isahp_error err;
	char *text;
	json_t *json;

	if (isahp_plan_make(&s->pool.pool, s->vms, s->vm_count, &s->change, &plan, &err))
		policy_die(err.text);
	took = policy_cpu_ns() - begin;
	*judged = plan.judged;
	if (plan.stuck_count || !plan.step_count)
		policy_die("a plan that moves nobody is no measure");
	if (ret_written) {
		begin = policy_cpu_ns();
		json = isahp_plan_to_json(&plan);
		text = json_dumps(json, JSON_COMPACT);
		*ret_written = policy_cpu_ns() - begin;
		free(text);
		json_decref(json);
	}
	isahp_plan_free(&plan);
	return took;
}

static void row(struct bench *b, const char *name, const char *peer, double *large,
		double *small, double *again, size_t rounds)
{
	struct bench_row r = {
		.value = bench_percentile(large, rounds, 50) / 1e6, .unit = "ms",
		.goal = 120, .at_most = true, .samples = rounds,
		.noise = bench_noise(large, again, rounds),
		.ratio = bench_ratio(large, small, rounds),
		.peer_value = bench_percentile(small, rounds, 50) / 1e6,
	};

	snprintf(r.name, sizeof(r.name), "%s", name);
	snprintf(r.peer, sizeof(r.peer), "%s", peer);
	bench_add(b, r);
}

static void compare(struct bench *b, bool unlike, const char *name, const char *peer,
		    size_t hosts, size_t vms)
{
	size_t rounds = b->quick ? ROUNDS_QUICK : unlike ? ROUNDS / 2 : ROUNDS, judged, i;
	double large[ROUNDS], small[ROUNDS], again[ROUNDS], written[ROUNDS];
	static struct size l, s;

	memset(&l, 0, sizeof(l));
	memset(&s, 0, sizeof(s));
	make(&l, hosts, vms, unlike);
	make(&s, hosts / 10, vms / 10, unlike);
	plan_time(&s, &judged, NULL);
	for (i = 0; i < rounds; i++) {
		large[i] = plan_time(&l, &judged, &written[i]);
		small[i] = plan_time(&s, &judged, NULL);
		again[i] = plan_time(&l, &judged, NULL);
	}
	if (unlike && judged != hosts * vms)
		policy_die("VMs that are not alike were judged together");
	row(b, name, peer, large, small, again, rounds);
	if (!unlike)
		bench_add(b, (struct bench_row){
			.name = "that plan, written as JSON",
			.value = bench_percentile(written, rounds, 50) / 1e6,
			.unit = "ms", .samples = rounds,
		});
	drop(&l);
	drop(&s);
}

void policy_plan(struct bench *b)
{
	compare(b, false, "a plan, 1,000 hosts x 20,000 VMs", "100 hosts x 2,000 VMs", 1000,
		20000);
	compare(b, true, "no two alike: 200 hosts x 400 VMs", "20 hosts x 40 VMs", 200, 400);
}
