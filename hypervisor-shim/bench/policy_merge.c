// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hosts of a dozen kinds, sixty leaves each, as a server's CPU has them. They
 * are merged all together, and a hundred at a time: the same profiles, read from
 * memory both times, so that what differs is what a merge costs beside its hosts.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hypervisor-shim/policy/merge.h>

#include "policy.h"

#define HOSTS 10000
#define FEW 100
#define TEXTS 200
#define ROUNDS 9
#define ROUNDS_QUICK 2

/* @count hosts, @at_once together; in nanoseconds. */
static double merge_time(const struct isahp_profile *const *hosts, size_t count,
			 size_t at_once)
{
	double begin = policy_cpu_ns();
	struct isahp_merged merged;
	struct isahp_error err;
	size_t i;

	for (i = 0; i + at_once <= count; i += at_once) {
		if (isahp_merge(hosts + i, at_once, NULL, &merged, &err))
			policy_die(err.text);
		isahp_merged_free(&merged);
	}
	return policy_cpu_ns() - begin;
}

/* Of one host: from text to profile. */
static double parse_time(char *const *texts, size_t count)
{
	double begin = policy_cpu_ns();
	struct isahp_profile p;
	struct isahp_error err;
	size_t i;

	for (i = 0; i < count; i++) {
		json_t *json = json_loads(texts[i], 0, NULL);

		if (!json || isahp_profile_from_json(json, &p, &err))
			policy_die("its own text is not accepted");
		json_decref(json);
		isahp_profile_free(&p);
	}
	return (policy_cpu_ns() - begin) / (double)count;
}

static void add_rows(struct bench *b, double *many, double *few, double *parse,
		     size_t rounds)
{
	double linear = bench_ratio(many, few, rounds);
	double share = bench_ratio(many, parse, rounds);
	double per_host = bench_percentile(many, rounds, 50);

	bench_add(b, (struct bench_row){
		.name = "a host, merged with 9,999",
		.value = per_host, .unit = "ns", .peer = "with 99",
		.peer_value = bench_percentile(few, rounds, 50),
		.ratio = linear, .goal = 1.2, .at_most = true, .samples = rounds,
	});
	bench_add(b, (struct bench_row){
		.name = "a host, merged",
		.value = per_host, .unit = "ns", .peer = "its profile, parsed",
		.peer_value = bench_percentile(parse, rounds, 50),
		.ratio = share, .goal = 0.1, .at_most = true, .samples = rounds,
	});
	bench_add(b, (struct bench_row){
		.name = "10,000 hosts, merged",
		.value = per_host * HOSTS / 1e6, .unit = "ms", .samples = rounds,
	});
}

double policy_merge(struct bench *b)
{
	size_t rounds = b->quick ? ROUNDS_QUICK : ROUNDS, i;
	double many[ROUNDS], few[ROUNDS], again[ROUNDS], parse[ROUNDS];
	struct isahp_profile *hosts = calloc(HOSTS, sizeof(*hosts));
	const struct isahp_profile **list = calloc(HOSTS, sizeof(*list));
	char *texts[TEXTS];

	if (!hosts || !list)
		policy_die("out of memory");
	for (i = 0; i < HOSTS; i++) {
		policy_host_make(&hosts[i], (unsigned int)i);
		list[i] = &hosts[i];
	}
	for (i = 0; i < TEXTS; i++) {
		texts[i] = isahp_profile_to_text(&hosts[i]);
		if (!texts[i])
			policy_die("out of memory");
	}
	merge_time(list, HOSTS, HOSTS);
	for (i = 0; i < rounds; i++) {
		many[i] = merge_time(list, HOSTS, HOSTS) / HOSTS;
		few[i] = merge_time(list, HOSTS, FEW) / HOSTS;
		parse[i] = parse_time(texts, TEXTS);
		again[i] = merge_time(list, HOSTS, HOSTS) / HOSTS;
	}
	add_rows(b, many, few, parse, rounds);
	for (i = 0; i < TEXTS; i++)
		free(texts[i]);
	for (i = 0; i < HOSTS; i++)
		isahp_profile_free(&hosts[i]);
	free(list);
	free(hosts);
	return bench_noise(many, again, rounds);
}
