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
#include <time.h>

#include <hypervisor-shim/policy/merge.h>

#include "policy.h"

#define HOSTS 10000
#define FEW 100
#define KINDS 12
#define TEXTS 200
#define ROUNDS 9
#define ROUNDS_QUICK 2

static const struct {
	__u32 leaf;
	__u32 subleaves;
} inputs[] = {
	{ 0x0, 1 },	   { 0x1, 1 },	      { 0x2, 1 },	 { 0x4, 5 },
	{ 0x5, 1 },	   { 0x6, 1 },	      { 0x7, 3 },	 { 0xa, 1 },
	{ 0xb, 3 },	   { 0xd, 10 },	      { 0xf, 2 },	 { 0x10, 3 },
	{ 0x12, 3 },	   { 0x14, 2 },	      { 0x15, 1 },	 { 0x16, 1 },
	{ 0x18, 4 },	   { 0x19, 1 },	      { 0x1c, 1 },	 { 0x1d, 2 },
	{ 0x1e, 2 },	   { 0x1f, 3 },	      { 0x80000000u, 1 }, { 0x80000001u, 1 },
	{ 0x80000002u, 1 }, { 0x80000003u, 1 }, { 0x80000004u, 1 }, { 0x80000006u, 1 },
	{ 0x80000007u, 1 }, { 0x80000008u, 1 },
};

static __u64 state;

static __u32 next(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (__u32)((state * 2685821657736338717ULL) >> 32);
}

static void put(struct isahp_profile *p, __u32 leaf, __u32 subleaf, const __u32 v[4])
{
	unsigned int reg;

	for (reg = 0; reg < 4; reg++)
		isahp_profile_set(p, leaf, subleaf, reg, ~0u, v[reg]);
}

static void put_fixed(struct isahp_profile *p)
{
	static const __u32 vendor[3] = { 0x756e6547, 0x6c65746e, 0x49656e69 };
	static const struct {
		__u32 number, offset, size;
	} components[] = { { 2, 576, 256 }, { 5, 1088, 64 }, { 6, 1152, 512 },
			   { 7, 1664, 1024 }, { 9, 2688, 8 } };
	size_t i;

	put(p, 0, 0, (const __u32[]){ 0x1f, vendor[0], vendor[1], vendor[2] });
	put(p, 0x80000000u, 0,
	    (const __u32[]){ 0x80000008, vendor[0], vendor[1], vendor[2] });
	put(p, 0xd, 0, (const __u32[]){ 0x2e7, 2696, 2696, 0 });
	for (i = 0; i < sizeof(components) / sizeof(components[0]); i++)
		put(p, 0xd, components[i].number,
		    (const __u32[]){ components[i].size, components[i].offset, 0, 0 });
	isahp_profile_set(p, 0x80000001u, 0, 3, 1u << 29, ~0u);
	isahp_profile_msr_set(p, 0x10a, ~0ULL, 0xa016b);
}

/* Kinds share most of their bits, as generations of a vendor do. */
static void make_host(struct isahp_profile *p, unsigned int number)
{
	unsigned int kind = number % KINDS, i, s, reg;
	__u32 v[4];

	state = 0x9e3779b97f4a7c15ULL;
	for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
		for (s = 0; s < inputs[i].subleaves; s++) {
			for (reg = 0; reg < 4; reg++) {
				v[reg] = next();
				if (next() % 8 < kind % 8)
					v[reg] &= ~(1u << (next() + kind) % 32);
			}
			put(p, inputs[i].leaf, s, v);
		}
	put_fixed(p);
	snprintf(p->name, sizeof(p->name), "host%05u", number);
}

static void die(const char *what)
{
	fprintf(stderr, "bench_policy: %s\n", what);
	exit(1);
}

/* CPU time: nothing here waits, and what else the machine does is no cost. */
static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* @count hosts, @at_once together; in nanoseconds. */
static double merge_time(const struct isahp_profile *const *hosts, size_t count,
			 size_t at_once)
{
	double begin = cpu_ns();
	struct isahp_merged merged;
	struct isahp_error err;
	size_t i;

	for (i = 0; i + at_once <= count; i += at_once) {
		if (isahp_merge(hosts + i, at_once, NULL, &merged, &err))
			die(err.text);
		isahp_merged_free(&merged);
	}
	return cpu_ns() - begin;
}

/* Of one host: from text to profile. */
static double parse_time(char *const *texts, size_t count)
{
	double begin = cpu_ns();
	struct isahp_profile p;
	struct isahp_error err;
	size_t i;

	for (i = 0; i < count; i++) {
		json_t *json = json_loads(texts[i], 0, NULL);

		if (!json || isahp_profile_from_json(json, &p, &err))
			die("its own text is not accepted");
		json_decref(json);
		isahp_profile_free(&p);
	}
	return (cpu_ns() - begin) / (double)count;
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
		die("out of memory");
	for (i = 0; i < HOSTS; i++) {
		make_host(&hosts[i], (unsigned int)i);
		list[i] = &hosts[i];
	}
	for (i = 0; i < TEXTS; i++) {
		texts[i] = isahp_profile_to_text(&hosts[i]);
		if (!texts[i])
			die("out of memory");
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
