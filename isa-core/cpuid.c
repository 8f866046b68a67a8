// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "cpuid.h"
#include "features.h"

struct registers {
	__u32 r[4]; /* by enum isahp_cpuid_register */
};

static struct registers cpuid(__u32 leaf, __u32 subleaf)
{
	struct registers v;

	__asm__ volatile("cpuid"
			 : "=a"(v.r[ISAHP_EAX]), "=b"(v.r[ISAHP_EBX]),
			   "=c"(v.r[ISAHP_ECX]), "=d"(v.r[ISAHP_EDX])
			 : "0"(leaf), "2"(subleaf));
	return v;
}

/* Intel answers a leaf beyond the last with the last one's values: ask first. */
static bool leaf_exists(__u32 leaf, __u32 subleaf)
{
	if (cpuid(leaf & 0x80000000, 0).r[ISAHP_EAX] < leaf)
		return false;
	if (leaf == 7 && subleaf)
		return cpuid(7, 0).r[ISAHP_EAX] >= subleaf;
	return true;
}

struct isahp_features isahp_cpuid_features(void)
{
	struct isahp_features set = isahp_features_none();
	struct registers v = { { 0 } };
	const struct isahp_feature_info *f;
	__u32 leaf = 0, subleaf = 0;
	int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		f = isahp_feature_info(i);
		if (!f)
			continue;
		/* The table is ordered by leaf: ask once for each. */
		if (f->leaf != leaf || f->subleaf != subleaf) {
			leaf = f->leaf;
			subleaf = f->subleaf;
			memset(&v, 0, sizeof(v));
			if (leaf_exists(leaf, subleaf))
				v = cpuid(leaf, subleaf);
		}
		if (v.r[f->reg] >> f->bit & 1)
			isahp_features_add(&set, i);
	}
	return set;
}

__u32 isahp_cpuid_vendor(void)
{
	static const struct {
		char name[13];
		__u32 vendor;
	} vendors[] = {
		{ "GenuineIntel", ISAHP_VENDOR_INTEL },
		{ "AuthenticAMD", ISAHP_VENDOR_AMD },
		{ "HygonGenuine", ISAHP_VENDOR_HYGON },
		{ "CentaurHauls", ISAHP_VENDOR_ZHAOXIN },
		{ "  Shanghai  ", ISAHP_VENDOR_ZHAOXIN },
	};
	struct registers v = cpuid(0, 0);
	char name[12];
	size_t i;

	memcpy(name, &v.r[ISAHP_EBX], 4);
	memcpy(name + 4, &v.r[ISAHP_EDX], 4);
	memcpy(name + 8, &v.r[ISAHP_ECX], 4);
	for (i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
		if (!memcmp(name, vendors[i].name, sizeof(name)))
			return vendors[i].vendor;
	return ISAHP_VENDOR_UNKNOWN;
}

__u64 isahp_cpuid_xcr0(void)
{
	__u32 low, high;

	if (!(cpuid(1, 0).r[ISAHP_ECX] >> 27 & 1))
		return 3;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (__u64)high << 32 | low;
}
