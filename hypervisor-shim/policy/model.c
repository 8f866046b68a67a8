// SPDX-License-Identifier: GPL-2.0-or-later
#include "model.h"

#include <errno.h>
#include <isahp/abi.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <isa-core/features.h>

#include "names.h"

#define LONG_MODE (1U << 29) /* 8000_0001h EDX (APM vol. 3, E.4.2) */
#define LEAF_ADDRESS 0x80000008

#define PLACE(sym, leaf_, subleaf_, reg_) \
	{ .leaf = leaf_, .subleaf = subleaf_, .reg = ISAHP_##reg_ },

static const struct isahp_word_place places[ISAHP_WORD_COUNT] = {
	ISAHP_WORD_TABLE(PLACE)
};
#undef PLACE

#define X(name_, libvirt_, since_, vendor_, family_, model_, stepping_, title_, ...) \
	{                                                                     \
		.name = name_,                                                \
		.libvirt = libvirt_,                                          \
		.since = since_,                                              \
		.title = title_,                                              \
		.vendor = ISAHP_VENDOR_##vendor_,                             \
		.signature = { family_, model_, stepping_ },                  \
		.words = { __VA_ARGS__ },                                     \
	},
static const struct isahp_model models[] = {
#include "model.def"
};
#undef X

#define MODELS (sizeof(models) / sizeof(models[0]))

struct isahp_word_place isahp_word_place(enum isahp_word word)
{
	return places[word];
}

int isahp_word_find(__u32 leaf, __u32 subleaf, unsigned int reg)
{
	int i;

	for (i = 0; i < ISAHP_WORD_COUNT; i++)
		if (places[i].leaf == leaf && places[i].subleaf == subleaf &&
		    places[i].reg == reg)
			return i;
	return -ENOENT;
}

struct isahp_features isahp_words_features(const __u32 *words)
{
	struct isahp_features set = isahp_features_none();
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);
		int word = f ? isahp_word_find(f->leaf, f->subleaf, f->reg) : -ENOENT;

		if (word >= 0 && words[word] >> f->bit & 1)
			isahp_features_add(&set, i);
	}
	return set;
}

void isahp_words_add(__u32 *words, const struct isahp_features *set)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);
		int word = f ? isahp_word_find(f->leaf, f->subleaf, f->reg) : -ENOENT;

		if (word >= 0 && isahp_features_has(set, i))
			words[word] |= 1U << f->bit;
	}
}

/* Is the leaf beyond the last one that the host says it has? */
static bool leaf_is_absent(const struct isahp_profile *host, __u32 leaf, __u32 subleaf)
{
	const struct isahp_cpuid_leaf *first =
		isahp_profile_leaf(host, leaf & 0x80000000, 0);

	if (first && first->known[ISAHP_EAX] == ~0U && first->value[ISAHP_EAX] < leaf)
		return true;
	if (leaf != 7 || !subleaf)
		return false;
	first = isahp_profile_leaf(host, leaf, 0);
	return first && first->known[ISAHP_EAX] == ~0U &&
	       first->value[ISAHP_EAX] < subleaf;
}

static __u32 word_of(const struct isahp_profile *host, enum isahp_word word,
		     __u32 *ret_known)
{
	struct isahp_word_place at = isahp_word_place(word);
	const struct isahp_cpuid_leaf *leaf;

	if (leaf_is_absent(host, at.leaf, at.subleaf)) {
		*ret_known = ~0U;
		return 0;
	}
	leaf = isahp_profile_leaf(host, at.leaf, at.subleaf);
	*ret_known = leaf ? leaf->known[at.reg] : 0;
	return leaf ? leaf->value[at.reg] & *ret_known : 0;
}

void isahp_words_of(const struct isahp_profile *host, __u32 *ret_words, __u32 *ret_known)
{
	int w;

	for (w = 0; w < ISAHP_WORD_COUNT; w++)
		ret_words[w] = word_of(host, w, &ret_known[w]);
}

const char *isahp_word_flag(enum isahp_word word, unsigned int bit,
			    enum isahp_flag_speaker speaker)
{
	struct isahp_word_place at = places[word];
	const struct isahp_flag *flag;
	size_t i;

	for (i = 0; (flag = isahp_flag_at(i)); i++)
		if (!flag->msr && flag->leaf == at.leaf && flag->subleaf == at.subleaf &&
		    flag->reg == at.reg && flag->bit == bit && *flag->name[speaker])
			return flag->name[speaker];
	return NULL;
}

const struct isahp_model *isahp_model_at(size_t index)
{
	return index < MODELS ? &models[index] : NULL;
}

static bool is_first_version(const char *versioned, const char *name)
{
	size_t len = strlen(name);

	return !strncasecmp(versioned, name, len) && !strcmp(versioned + len, "-v1");
}

const struct isahp_model *isahp_model_find(const char *name)
{
	size_t i;

	if (!*name)
		return NULL;
	for (i = 0; i < MODELS; i++)
		if (!strcasecmp(models[i].name, name))
			return &models[i];
	for (i = 0; i < MODELS; i++)
		if (!strcasecmp(models[i].libvirt, name) ||
		    is_first_version(models[i].name, name))
			return &models[i];
	return NULL;
}

struct isahp_features isahp_model_features(const struct isahp_model *model)
{
	return isahp_words_features(model->words);
}

/* Leaf 1, EAX: SDM vol. 2A, CPUID, figure 3-6; APM vol. 3, E.3.2. */
static __u32 signature_word(const struct isahp_signature *s)
{
	__u32 family = s->family < 0xf ? s->family : 0xf;

	return s->stepping | (s->model & 0xf) << 4 | family << 8 |
	       (s->model >> 4) << 16 | (s->family - family) << 20;
}

static int set_all(struct isahp_profile *profile, __u32 leaf, const __u32 *registers)
{
	int rc = 0;
	int i;

	for (i = 0; i < 4 && !rc; i++)
		rc = isahp_profile_set(profile, leaf, 0, i, ~0U, registers[i]);
	return rc;
}

int isahp_model_profile(const struct isahp_model *model,
			struct isahp_profile *ret_profile)
{
	__u32 first[4] = { 1 }, extended[4] = { 0x80000000 };
	struct isahp_profile profile = { 0 };
	const char *vendor = isahp_vendor_cpuid(model->vendor);
	int rc, i;

	memcpy(&first[ISAHP_EBX], vendor, 4);
	memcpy(&first[ISAHP_EDX], vendor + 4, 4);
	memcpy(&first[ISAHP_ECX], vendor + 8, 4);
	for (i = 0; i < ISAHP_WORD_COUNT; i++) {
		__u32 *last = places[i].leaf >> 31 ? &extended[0] : &first[0];

		if (model->words[i] && *last < places[i].leaf)
			*last = places[i].leaf;
	}
	/* Address sizes: each 64-bit CPU has them, and no word tells of it. */
	if (model->words[ISAHP_WORD_E1D] & LONG_MODE && extended[0] < LEAF_ADDRESS)
		extended[0] = LEAF_ADDRESS;
	snprintf(profile.name, sizeof(profile.name), "%s", model->name);
	snprintf(profile.source, sizeof(profile.source), "QEMU's model");
	rc = set_all(&profile, 0, first);
	if (!rc)
		rc = set_all(&profile, 0x80000000, extended);
	if (!rc)
		rc = isahp_profile_set(&profile, 1, 0, ISAHP_EAX, ~0U,
				       signature_word(&model->signature));
	for (i = 0; i < ISAHP_WORD_COUNT && !rc; i++)
		if (places[i].leaf <= (places[i].leaf >> 31 ? extended[0] : first[0]))
			rc = isahp_profile_set(&profile, places[i].leaf,
					       places[i].subleaf, places[i].reg, ~0U,
					       model->words[i]);
	if (rc) {
		isahp_profile_free(&profile);
		return rc;
	}
	*ret_profile = profile;
	return 0;
}
