// SPDX-License-Identifier: MIT
#include "policy_env.h"

#include <criterion/criterion.h>
#include <hypervisor-shim/policy/names.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct isahp_features policy_set(const char *list)
{
	struct isahp_features set;
	struct isahp_error err;

	cr_assert_eq(isahp_names_parse(list, &set, &err), 0, "%s", err.text);
	return set;
}

struct isahp_features policy_random(unsigned int in, unsigned int of)
{
	struct isahp_features set = isahp_features_none();
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_feature_info(i) && (unsigned int)random() % of < in)
			isahp_features_add(&set, i);
	return isahp_features_supported(&set);
}

struct isahp_profile policy_cpu(const char *name, const char *vendor,
				unsigned int family, unsigned int model,
				unsigned int stepping)
{
	struct isahp_profile p = { 0 };
	__u32 word[3], low = family < 15 ? family : 15;

	snprintf(p.name, sizeof(p.name), "%s", name);
	memcpy(word, vendor, sizeof(word));
	isahp_profile_set(&p, 0, 0, ISAHP_EAX, ~0u, 0x20);
	isahp_profile_set(&p, 0, 0, ISAHP_EBX, ~0u, word[0]);
	isahp_profile_set(&p, 0, 0, ISAHP_EDX, ~0u, word[1]);
	isahp_profile_set(&p, 0, 0, ISAHP_ECX, ~0u, word[2]);
	isahp_profile_set(&p, 1, 0, ISAHP_EAX, ~0u,
			  (family - low) << 20 | (model >> 4) << 16 | low << 8 |
			  (model & 15) << 4 | stepping);
	return p;
}

/* RDCL, MDS, TAA, SBDR_SSDP, FBSDP, PSDP, RFDS and ITS: each _NO. */
#define CLEAN (1ULL << 0 | 1ULL << 5 | 1ULL << 8 | 7ULL << 13 | 1ULL << 27 | 1ULL << 62)

/* The others are IA32_XSS's. */
#define XCR0 0x40000000000e02ff

static const struct {
	__u8 number;
	__u16 size;
	__u16 intel, amd; /* offsets: Cascade Lake's and Genoa's */
} components[] = {
	{ 2, 256, 576, 576 },	{ 3, 64, 960, 0 },	{ 4, 64, 1024, 0 },
	{ 5, 64, 1088, 832 },	{ 6, 512, 1152, 896 },	{ 7, 1024, 1664, 1408 },
	{ 9, 8, 2688, 2432 },	{ 17, 64, 2752, 0 },	{ 18, 8192, 2816, 0 },
	{ 19, 128, 960, 960 },	{ 62, 128, 0, 832 },
};

static void add_xsave(struct isahp_profile *p, bool amd, __u64 xcr0)
{
	__u32 end = 576, at;
	size_t i;

	isahp_profile_set(p, 0xd, 0, ISAHP_EAX, ~0u, xcr0);
	isahp_profile_set(p, 0xd, 0, ISAHP_EDX, ~0u, xcr0 >> 32);
	for (i = 0; i < sizeof(components) / sizeof(components[0]); i++) {
		bool has = xcr0 >> components[i].number & 1;

		isahp_profile_set(p, 0xd, components[i].number, ISAHP_EAX, ~0u,
				  has ? components[i].size : 0);
		at = !has ? 0 : amd ? components[i].amd : components[i].intel;
		isahp_profile_set(p, 0xd, components[i].number, ISAHP_EBX, ~0u, at);
		if (has && at + components[i].size > end)
			end = at + components[i].size;
	}
	isahp_profile_set(p, 0xd, 0, ISAHP_EBX, ~0u, end);
	isahp_profile_set(p, 0xd, 0, ISAHP_ECX, ~0u, end);
	p->xcr0 = xcr0;
	p->xcr0_known = true;
}

struct isahp_profile policy_host(const char *name, const char *vendor,
				 unsigned int family, unsigned int model,
				 const char *list)
{
	struct isahp_profile p = policy_cpu(name, vendor, family, model, 1);
	struct isahp_features set = policy_set(list);
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f)
			isahp_profile_set(&p, f->leaf, f->subleaf, f->reg, 1u << f->bit,
					  isahp_features_has(&set, i) ? ~0u : 0);
	}
	isahp_profile_set(&p, 0x80000008, 0, ISAHP_EAX, ~0u, 0x302e);
	/* Nothing that Linux would have to work around; Zen 5's user_kernel_no. */
	isahp_profile_msr_set(&p, 0x10a, ~0ULL, CLEAN);
	isahp_profile_set(&p, 1, 0, ISAHP_ECX, 1u << 3, 0);
	if (family == 0x1a)
		isahp_profile_set(&p, 0x80000021, 0, ISAHP_EAX, 1u << 30, ~0u);
	if (isahp_features_has(&set, ISAHP_FEATURE_XSAVE))
		add_xsave(&p, strcmp(vendor, POLICY_INTEL) != 0,
			  (isahp_features_xfeatures(&set) & XCR0) | 3);
	return p;
}
