// SPDX-License-Identifier: MIT
#include "policy_hosts.h"

#include <criterion/criterion.h>
#include <hypervisor-shim/policy/names.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COMMON "x86-64-v3,aes,pclmulqdq,xsaveopt,xsavec,xgetbv1,xsaves,rdrand,"  \
	       "rdseed,adx,fsgsbase,smep,smap,erms,rdtscp,pku,vaes,vpclmulqdq,umip"
#define AVX512 COMMON ",x86-64-v4,avx512ifma,avx512vbmi,avx512_vbmi2,gfni,"      \
	       "avx512_vnni,avx512_bitalg,avx512_vpopcntdq"

/* Components 2, 3 ... of one layout: offset and size. */
struct component {
	__u32 number;
	__u32 offset;
	__u32 size;
	__u32 kind;
};

static const struct component intel[] = {
	{ 2, 576, 256, 0 },    { 3, 960, 64, 0 },     { 4, 1024, 64, 0 },
	{ 5, 1088, 64, 0 },    { 6, 1152, 512, 0 },   { 7, 1664, 1024, 0 },
	{ 9, 2688, 8, 0 },     { 17, 2752, 64, 2 },   { 18, 2816, 8192, 6 },
};

static const struct component amd[] = {
	{ 2, 576, 256, 0 },  { 5, 832, 64, 0 },	  { 6, 896, 512, 0 },
	{ 7, 1408, 1024, 0 }, { 9, 2432, 8, 0 },
};

static const struct {
	const char *name;
	const char *vendor;	/* as leaf 0 has it */
	__u32 signature;
	const char *features;
	__u32 xcr0;
	__u32 image;
	__u32 address;
	__u64 capabilities;
	bool md_clear;
} cpus[HOSTS] = {
	[HOST_CASCADE_LAKE] = { "clx", "GenuineIntel", 0x50657, AVX512 ",mpx", 0x2ff,
				0xa88, 0x302e, 1 << 17 | 1 << 19 | 0xeb, true },
	[HOST_ICE_LAKE] = { "icx", "GenuineIntel", 0x606a6, AVX512, 0x2e7, 0xa88,
			    0x392e, 1 << 17 | 0x6b, true },
	[HOST_SAPPHIRE_RAPIDS] = { "spr", "GenuineIntel", 0x806f8,
				   AVX512 ",avx_vnni,avx512_bf16,avx512_fp16,amx_tile,"
					  "amx_bf16,amx_int8",
				   0x602e7, 0x2b00, 0x392e, 1 << 19 | 0xeb, true },
	[HOST_GRANITE_RAPIDS] = { "gnr", "GenuineIntel", 0xa06d1,
				  AVX512 ",avx_vnni,avx512_bf16,avx512_fp16,amx_tile,"
					 "amx_bf16,amx_int8,amx_fp16",
				  0x602e7, 0x2b00, 0x3934, 1 << 19 | 0xeb, true },
	[HOST_MILAN] = { "milan", "AuthenticAMD", 0xa00f11, COMMON ",sha_ni,sse4a,clzero",
			 0x207, 0x988, 0x3030, 0, false },
	[HOST_GENOA] = { "genoa", "AuthenticAMD", 0xa10f11,
			 AVX512 ",avx512_bf16,sha_ni,sse4a,clzero", 0x2e7, 0x988,
			 0x3934, 0, false },
};

void host_put(struct isahp_profile *p, __u32 leaf, __u32 subleaf, unsigned int reg,
	      __u32 value)
{
	cr_assert_eq(isahp_profile_set(p, leaf, subleaf, reg, 0xffffffff, value), 0);
}

static void put4(struct isahp_profile *p, __u32 leaf, __u32 subleaf, __u32 a, __u32 b,
		 __u32 c, __u32 d)
{
	host_put(p, leaf, subleaf, ISAHP_EAX, a);
	host_put(p, leaf, subleaf, ISAHP_EBX, b);
	host_put(p, leaf, subleaf, ISAHP_ECX, c);
	host_put(p, leaf, subleaf, ISAHP_EDX, d);
}

__u32 host_get(const struct isahp_profile *p, __u32 leaf, __u32 subleaf,
	       unsigned int reg)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(p, leaf, subleaf);

	return l ? l->value[reg] : 0;
}

static void put_bit(struct isahp_profile *p, __u32 leaf, unsigned int reg, __u32 bits)
{
	host_put(p, leaf, 0, reg, host_get(p, leaf, 0, reg) | bits);
}

static void put_components(struct isahp_profile *p, __u32 xcr0, __u32 image,
			   const struct component *c, size_t count)
{
	size_t i;

	put4(p, 0xd, 0, xcr0, image, image, 0);
	host_put(p, 0xd, 1, ISAHP_EBX, image);
	for (i = 0; i < count; i++)
		if (xcr0 >> c[i].number & 1)
			put4(p, 0xd, c[i].number, c[i].size, c[i].offset, c[i].kind, 0);
	p->xcr0 = xcr0;
	p->xcr0_known = true;
}

static void put_features(struct isahp_profile *p, const char *list)
{
	struct isahp_features set;
	struct isahp_error err;
	int i;

	cr_assert_eq(isahp_names_parse(list, &set, &err), 0, "%s", err.text);
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (isahp_features_has(&set, i))
			cr_assert_eq(isahp_profile_set(p, f->leaf, f->subleaf, f->reg,
						       1u << f->bit, ~0u),
				     0);
	}
}

static void put_vendor(struct isahp_profile *p, const char *vendor)
{
	__u32 v[3];

	memcpy(v, vendor, sizeof(v));
	put4(p, 0, 0, 0x1f, v[0], v[2], v[1]);
	put4(p, 0x80000000u, 0, 0x80000008, v[0], v[2], v[1]);
}

struct isahp_profile host_make(enum host host)
{
	static const struct {
		__u32 leaf, subleaf;
	} whole[] = { { 1, 0 }, { 7, 0 }, { 7, 1 }, { 0xd, 1 }, { 0x80000001u, 0 } };
	struct isahp_profile p = { 0 };
	bool is_amd = host >= HOST_MILAN;
	size_t i;

	snprintf(p.name, sizeof(p.name), "%s", cpus[host].name);
	put_vendor(&p, cpus[host].vendor);
	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		put4(&p, whole[i].leaf, whole[i].subleaf, 0, 0, 0, 0);
	put_features(&p, cpus[host].features);
	put_bit(&p, 0x80000001u, ISAHP_EDX, 1u << 29); /* 64-bit mode */
	host_put(&p, 1, 0, ISAHP_EAX, cpus[host].signature);
	host_put(&p, 7, 0, ISAHP_EAX, 1);
	if (cpus[host].md_clear)
		put_bit(&p, 7, ISAHP_EDX, 1u << 10);
	if (!is_amd) {
		put_bit(&p, 7, ISAHP_EDX, 1u << 29);
		cr_assert_eq(isahp_profile_msr_set(&p, 0x10a, ~0ULL,
						   cpus[host].capabilities), 0);
	}
	put4(&p, 0x80000008u, 0, cpus[host].address, 0, 0, 0);
	if (host == HOST_MILAN || host == HOST_GENOA)
		put_features(&p, "clzero");
	if (is_amd)
		put_components(&p, cpus[host].xcr0, cpus[host].image, amd,
			       sizeof(amd) / sizeof(amd[0]));
	else
		put_components(&p, cpus[host].xcr0, cpus[host].image, intel,
			       sizeof(intel) / sizeof(intel[0]));
	return p;
}

void host_all(struct isahp_profile hosts[HOSTS])
{
	int i;

	for (i = 0; i < HOSTS; i++)
		hosts[i] = host_make(i);
}

void host_free(struct isahp_profile *hosts, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		isahp_profile_free(&hosts[i]);
}

static unsigned long long state;

void host_seed(void)
{
	const char *text = getenv("ISAHP_SEED");

	state = text ? strtoull(text, NULL, 0) : (unsigned long long)time(NULL);
	cr_log_info("seed %llu", state);
	fprintf(stderr, "seed: ISAHP_SEED=%llu\n", state);
	state = state * 2862933555777941757ULL + 3037000493ULL;
}

/* xorshift64*: the same everywhere for one seed. */
unsigned int host_random(unsigned int n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned int)((state * 2685821657736338717ULL) >> 33) % n;
}

static __u32 random_word(void)
{
	return host_random(0x10000) << 16 | host_random(0x10000);
}

/* Leaves of all operators that the six do not have. */
static void put_extra(struct isahp_profile *p)
{
	static const struct {
		__u32 leaf, subleaf;
	} extra[] = { { 2, 0 }, { 4, 0 }, { 4, 1 }, { 5, 0 }, { 6, 0 }, { 0xa, 0 },
		      { 0x14, 0 }, { 0x1d, 1 }, { 0x77, 3 },
		      { 0x80000002u, 0 }, { 0x80000006u, 0 } };
	size_t i;

	for (i = 0; i < sizeof(extra) / sizeof(extra[0]); i++)
		if (host_random(8))
			put4(p, extra[i].leaf, extra[i].subleaf, host_random(4) * 0x1011,
			     host_random(4) * 0x1101, host_random(4) * 0x111, random_word());
	cr_assert_eq(isahp_profile_msr_set(p, 0x345, ~0ULL, random_word()), 0);
	cr_assert_eq(isahp_profile_msr_set(p, 0x8b, ~0ULL,
					   (__u64)random_word() << 32), 0);
}

static void mutate_bits(struct isahp_profile *p, bool untold)
{
	size_t i = host_random((unsigned int)p->leaf_count);
	struct isahp_cpuid_leaf *l = &p->leaves[i];
	unsigned int reg = host_random(4);
	__u32 bit = 1u << host_random(32);

	/* Vendor and signature are not noise, nor are the last leaves. */
	if ((l->leaf & 0x7fffffff) == 0)
		return;
	if (untold && !host_random(3)) {
		l->known[reg] &= host_random(4) ? ~bit : 0;
		l->value[reg] &= l->known[reg];
	} else if (l->known[reg] & bit) {
		l->value[reg] ^= bit;
	}
	if (l->leaf == 0x80000001u) /* one kind of machine */
		l->value[ISAHP_EDX] |= 1u << 29 & l->known[ISAHP_EDX];
}

struct isahp_profile host_mutated(unsigned int number, bool untold)
{
	struct isahp_profile p = host_make(host_random(HOSTS));
	unsigned int n = host_random(60);

	snprintf(p.name, sizeof(p.name), "host%05u", number);
	put_extra(&p);
	while (n--)
		mutate_bits(&p, untold);
	return p;
}

struct isahp_merged host_merge(const struct isahp_profile *hosts, size_t count,
			       const struct isahp_merge_options *options)
{
	const struct isahp_profile **list = calloc(count, sizeof(*list));
	struct isahp_merged merged;
	struct isahp_error err = { 0 };
	size_t i;
	int rc;

	for (i = 0; i < count; i++)
		list[i] = &hosts[i];
	rc = isahp_merge(list, count, options, &merged, &err);
	cr_assert_eq(rc, 0, "%s", err.text);
	free(list);
	return merged;
}
