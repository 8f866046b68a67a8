// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VM whose record tells all that its CPUID shows, to one host of its pool after
 * the other. The peer is what has to be done before: reading the host's profile.
 */
#include <stdlib.h>

#include <hypervisor-shim/policy/admission.h>

#include "policy_vm.h"

#define HOSTS 120
#define ROUNDS 15
#define ROUNDS_QUICK 2

static double admit_time(const struct policy_pool *p, const struct isahp_vm_record *vm)
{
	double begin = policy_cpu_ns();
	struct isahp_admission a;
	struct isahp_error err;
	size_t i;

	for (i = 0; i < HOSTS; i++) {
		if (isahp_admission_check(vm, &p->pool.hosts[i], NULL, &a, &err))
			policy_die(err.text);
		if (a.verdict == ISAHP_REFUSED)
			policy_die("a host refuses what its pool has promised");
		isahp_admission_free(&a);
	}
	return (policy_cpu_ns() - begin) / HOSTS;
}

static double parse_time(char *const *texts)
{
	double begin = policy_cpu_ns();
	struct isahp_profile p;
	struct isahp_error err;
	size_t i;

	for (i = 0; i < HOSTS; i++) {
		json_t *json = json_loads(texts[i], 0, NULL);

		if (!json || isahp_profile_from_json(json, &p, &err))
			policy_die("its own text is not accepted");
		json_decref(json);
		isahp_profile_free(&p);
	}
	return (policy_cpu_ns() - begin) / HOSTS;
}

void policy_admission(struct bench *b)
{
	size_t rounds = b->quick ? ROUNDS_QUICK : ROUNDS, i;
	double admit[ROUNDS], parse[ROUNDS], again[ROUNDS];
	static struct policy_pool p;
	struct isahp_vm_record vm;
	char *texts[HOSTS];

	policy_pool_make(&p, HOSTS, false);
	policy_vm_make(&p, &vm, 0, 5);
	for (i = 0; i < HOSTS; i++) {
		texts[i] = isahp_profile_to_text(&p.pool.hosts[i]);
		if (!texts[i])
			policy_die("out of memory");
	}
	admit_time(&p, &vm);
	for (i = 0; i < rounds; i++) {
		admit[i] = admit_time(&p, &vm);
		parse[i] = parse_time(texts);
		again[i] = admit_time(&p, &vm);
	}
	bench_add(b, (struct bench_row){
		.name = "a VM, admitted", .value = bench_percentile(admit, rounds, 50),
		.unit = "ns", .peer = "the host's profile, parsed",
		.peer_value = bench_percentile(parse, rounds, 50),
		.ratio = bench_ratio(admit, parse, rounds), .goal = 0.1, .at_most = true,
		.noise = bench_noise(admit, again, rounds), .samples = rounds,
	});
	for (i = 0; i < HOSTS; i++)
		free(texts[i]);
	policy_pool_drop(&p);
}
