// SPDX-License-Identifier: GPL-2.0-or-later
#include "model.h"

#include <errno.h>
#include <isahp/abi.h>
#include <string.h>
#include <strings.h>

#include <isa-core/features.h>

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
