// SPDX-License-Identifier: GPL-2.0-or-later
/* Hosts of a dozen kinds, sixty leaves each, as a server's CPU has them. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy.h"

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
void policy_host_make(struct isahp_profile *p, unsigned int number)
{
	unsigned int kind = number % POLICY_KINDS, i, s, reg;
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

void policy_die(const char *what)
{
	fprintf(stderr, "bench_policy: %s\n", what);
	exit(1);
}

/* CPU time: nothing here waits, and what else the machine does is no cost. */
double policy_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
