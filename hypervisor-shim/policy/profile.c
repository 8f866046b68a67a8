// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "names.h"
#include "text.h"

static int leaf_compare(const struct isahp_cpuid_leaf *l, __u32 leaf, __u32 subleaf)
{
	if (l->leaf != leaf)
		return l->leaf < leaf ? -1 : 1;
	if (l->subleaf != subleaf)
		return l->subleaf < subleaf ? -1 : 1;
	return 0;
}

/* Where it is, or would have to be. */
static size_t leaf_place(const struct isahp_profile *profile, __u32 leaf, __u32 subleaf)
{
	size_t low = 0, high = profile->leaf_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (leaf_compare(&profile->leaves[middle], leaf, subleaf) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct isahp_cpuid_leaf *
isahp_profile_leaf(const struct isahp_profile *profile, __u32 leaf, __u32 subleaf)
{
	size_t i = leaf_place(profile, leaf, subleaf);

	if (i == profile->leaf_count ||
	    leaf_compare(&profile->leaves[i], leaf, subleaf))
		return NULL;
	return &profile->leaves[i];
}

/*
 * Make room for one more in a sorted array. Arrays are always as large as what
 * they hold, so that anybody may build one.
 */
static void *array_insert(void *array, size_t *count, size_t size, size_t place)
{
	char *a = reallocarray(array, *count + 1, size);

	if (!a)
		return NULL;
	memmove(a + (place + 1) * size, a + place * size, (*count - place) * size);
	memset(a + place * size, 0, size);
	*count += 1;
	return a;
}

int isahp_profile_set(struct isahp_profile *profile, __u32 leaf, __u32 subleaf,
		      unsigned int reg, __u32 bits, __u32 value)
{
	size_t i = leaf_place(profile, leaf, subleaf);
	struct isahp_cpuid_leaf *l;
	void *leaves;

	if (i == profile->leaf_count ||
	    leaf_compare(&profile->leaves[i], leaf, subleaf)) {
		if (profile->leaf_count >= ISAHP_PROFILE_LEAVES_MAX)
			return -E2BIG;
		leaves = array_insert(profile->leaves, &profile->leaf_count,
				      sizeof(*l), i);
		if (!leaves)
			return -ENOMEM;
		profile->leaves = leaves;
		profile->leaves[i].leaf = leaf;
		profile->leaves[i].subleaf = subleaf;
	}
	l = &profile->leaves[i];
	l->value[reg] = (l->value[reg] & ~bits) | (value & bits);
	l->known[reg] |= bits;
	return 0;
}

static size_t msr_place(const struct isahp_profile *profile, __u32 number)
{
	size_t low = 0, high = profile->msr_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (profile->msrs[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct isahp_msr *isahp_profile_msr(const struct isahp_profile *profile,
					  __u32 number)
{
	size_t i = msr_place(profile, number);

	if (i == profile->msr_count || profile->msrs[i].number != number)
		return NULL;
	return &profile->msrs[i];
}

int isahp_profile_msr_set(struct isahp_profile *profile, __u32 number,
			  __u64 bits, __u64 value)
{
	size_t i = msr_place(profile, number);
	struct isahp_msr *m;
	void *msrs;

	if (i == profile->msr_count || profile->msrs[i].number != number) {
		if (profile->msr_count >= ISAHP_PROFILE_MSRS_MAX)
			return -E2BIG;
		msrs = array_insert(profile->msrs, &profile->msr_count,
				    sizeof(*m), i);
		if (!msrs)
			return -ENOMEM;
		profile->msrs = msrs;
		profile->msrs[i].number = number;
	}
	m = &profile->msrs[i];
	m->value = (m->value & ~bits) | (value & bits);
	m->known |= bits;
	return 0;
}

/* Printable ASCII without spaces, that fits, and is something. */
static bool is_word(const char *text, size_t size)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (text[i] <= ' ' || text[i] > '~' || i + 1 >= size)
			return false;
	return i;
}

bool isahp_profile_name_valid(const char *name)
{
	return is_word(name, ISAHP_PROFILE_NAME_SIZE);
}

int isahp_profile_mitigation_set(struct isahp_profile *profile, const char *name,
				 const char *state)
{
	struct isahp_mitigation *m;
	void *mitigations;
	int order = 1;
	size_t i;

	if (!is_word(name, sizeof(m->name)))
		return -EINVAL;
	for (i = 0; i < profile->mitigation_count; i++) {
		order = strcmp(profile->mitigations[i].name, name);
		if (order >= 0)
			break;
	}
	if (i == profile->mitigation_count || order) {
		if (profile->mitigation_count >= ISAHP_PROFILE_MITIGATIONS_MAX)
			return -E2BIG;
		mitigations = array_insert(profile->mitigations,
					   &profile->mitigation_count,
					   sizeof(*m), i);
		if (!mitigations)
			return -ENOMEM;
		profile->mitigations = mitigations;
		strcpy(profile->mitigations[i].name, name);
	}
	m = &profile->mitigations[i];
	isahp_text_sanitize(m->state, sizeof(m->state), state, strlen(state));
	return 0;
}

struct isahp_features isahp_profile_features(const struct isahp_profile *profile)
{
	struct isahp_features set = isahp_features_none();
	const struct isahp_cpuid_leaf *l = NULL;
	const struct isahp_feature_info *f;
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		f = isahp_feature_info(i);
		if (!f)
			continue;
		/* The table is ordered by leaf: look up each once. */
		if (!l || leaf_compare(l, f->leaf, f->subleaf))
			l = isahp_profile_leaf(profile, f->leaf, f->subleaf);
		if (l && l->value[f->reg] >> f->bit & 1)
			isahp_features_add(&set, i);
	}
	return set;
}

__u32 isahp_profile_vendor(const struct isahp_profile *profile)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(profile, 0, 0);
	char name[13] = "";
	int vendor;

	if (!l || (l->known[ISAHP_EBX] & l->known[ISAHP_EDX] &
		   l->known[ISAHP_ECX]) != ~0U)
		return ISAHP_VENDOR_UNKNOWN;
	memcpy(name, &l->value[ISAHP_EBX], 4);
	memcpy(name + 4, &l->value[ISAHP_EDX], 4);
	memcpy(name + 8, &l->value[ISAHP_ECX], 4);
	/* Not by the names that isahp_vendor_find() knows beside CPUID's. */
	vendor = strlen(name) == 12 ? isahp_vendor_find(name) : -ENOENT;
	return vendor < 0 ? ISAHP_VENDOR_UNKNOWN : (__u32)vendor;
}

struct isahp_signature isahp_profile_signature(const struct isahp_profile *profile)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(profile, 1, 0);
	struct isahp_signature s = { 0 };
	__u32 eax;

	if (!l)
		return s;
	eax = l->value[ISAHP_EAX];
	s.family = eax >> 8 & 0xf;
	s.model = eax >> 4 & 0xf;
	s.stepping = eax & 0xf;
	/*
	 * Intel adds the extended model for families 6 and 15, AMD for 15 alone,
	 * Zhaoxin for 7, too; those between have none. As Linux does it.
	 */
	if (s.family >= 6)
		s.model |= (eax >> 16 & 0xf) << 4;
	if (s.family == 0xf)
		s.family += eax >> 20 & 0xff;
	return s;
}

__u32 isahp_profile_common_bits(__u32 leaf, unsigned int reg)
{
	if (leaf == 1 && reg == ISAHP_EBX)
		return 0x00ffffff; /* initial APIC ID */
	if ((leaf == 0xb || leaf == 0x1f || leaf == 0x80000026) && reg == ISAHP_EDX)
		return 0; /* x2APIC ID */
	if (leaf == 0x8000001e)
		return 0; /* APIC ID, core, node */
	return ~0U;
}

static void *duplicate(const void *array, size_t count, size_t size)
{
	void *copy = calloc(count ? count : 1, size);

	if (copy && count)
		memcpy(copy, array, count * size);
	return copy;
}

int isahp_profile_copy(const struct isahp_profile *profile, const char *name,
		       struct isahp_profile *ret)
{
	struct isahp_profile copy = *profile;

	copy.leaves = duplicate(profile->leaves, profile->leaf_count, sizeof(*copy.leaves));
	copy.msrs = duplicate(profile->msrs, profile->msr_count, sizeof(*copy.msrs));
	copy.mitigations = duplicate(profile->mitigations, profile->mitigation_count,
				     sizeof(*copy.mitigations));
	copy.document = profile->document ? json_deep_copy(profile->document) : NULL;
	if (!copy.leaves || !copy.msrs || !copy.mitigations ||
	    (profile->document && !copy.document)) {
		isahp_profile_free(&copy);
		return -ENOMEM;
	}
	snprintf(copy.name, sizeof(copy.name), "%s", name);
	*ret = copy;
	return 0;
}

void isahp_profile_free(struct isahp_profile *profile)
{
	free(profile->leaves);
	free(profile->msrs);
	free(profile->mitigations);
	json_decref(profile->document);
	memset(profile, 0, sizeof(*profile));
}
