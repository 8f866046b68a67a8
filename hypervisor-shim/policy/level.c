// SPDX-License-Identifier: GPL-2.0-or-later
#include "level.h"

#include <ctype.h>
#include <errno.h>
#include <isahp/abi.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <isa-core/features.h>

#include "names.h"
#include "text.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define F(sym) ISAHP_FEATURE_##sym

/* The psABI's levels, each on top of the one before (x86-64 psABI, table 3.1). */
static const __u8 psabi[] = {
	F(CX16), F(LAHF_LM), F(POPCNT), F(SSE3), F(SSSE3), F(SSE4_1), F(SSE4_2),
	F(AVX), F(AVX2), F(BMI1), F(BMI2), F(F16C), F(FMA), F(ABM), F(MOVBE), F(XSAVE),
	F(AVX512F), F(AVX512BW), F(AVX512CD), F(AVX512DQ), F(AVX512VL),
};

static const struct {
	const char *name;
	const char *title;
	__u8 features; /* of psabi[] */
} psabi_levels[] = {
	{ "x86-64-v1", "every 64-bit x86", 0 },
	{ "x86-64-v2", "about 2009: SSE4.2, POPCNT", 7 },
	{ "x86-64-v3", "about 2013: AVX2, FMA, BMI", 16 },
	{ "x86-64-v4", "about 2017: AVX-512", 21 },
};

#undef F

/*
 * What AMD's processors of a revision show in leaves 1 and 8000_0001h: the table
 * behind Xen's former cpuid_mask_cpu= (xen/arch/x86/cpu/amd.c), whose names are
 * kept as aliases. None of them has leaf 6, 7, 0Dh or later.
 */
static const struct {
	const char *name;
	const char *alias;
	const char *title;
	__u32 leaf1_ecx, leaf1_edx, ext_ecx, ext_edx;
} generations[] = {
	{ "amd-k8-rev-c", "fam_0f_rev_c", "Opteron of 2003: SSE2",
	  0x00000000, 0x078bfbff, 0x00000000, 0xe1d3fbff },
	{ "amd-k8-rev-d", "fam_0f_rev_d", "Opteron of 2004: LAHF in 64-bit mode, FFXSR",
	  0x00000000, 0x078bfbff, 0x00000001, 0xe3d3fbff },
	{ "amd-k8-rev-e", "fam_0f_rev_e", "Opteron of 2005: SSE3, two cores",
	  0x00000001, 0x178bfbff, 0x00000003, 0xe3d3fbff },
	{ "amd-k8-rev-f", "fam_0f_rev_f", "Opteron of 2006: CMPXCHG16B, RDTSCP, SVM",
	  0x00002001, 0x178bfbff, 0x0000001f, 0xebd3fbff },
	{ "amd-k8-rev-g", "fam_0f_rev_g", "Athlon of 2007: PREFETCH without 3DNow!",
	  0x00002001, 0x178bfbff, 0x0000011f, 0xebd3fbff },
	{ "amd-10h-rev-b", "fam_10_rev_b", "Barcelona: SSE4A, POPCNT, LZCNT",
	  0x00802009, 0x178bfbff, 0x000006ff, 0xefd3fbff },
	{ "amd-10h-rev-c", "fam_10_rev_c", "Shanghai, Istanbul: SKINIT, WDT",
	  0x00802009, 0x178bfbff, 0x000036ff, 0xefd3fbff },
	{ "amd-11h-rev-b", "fam_11_rev_b", "Turion X2 Ultra of 2008: K8's features, SKINIT",
	  0x00002001, 0x178bfbff, 0x0000111f, 0xebd3fbff },
};

static const char word_register[][4] = { "EAX", "EBX", "ECX", "EDX" };

/* Of kernels' features a list says nothing but what it names. */
static void speak_of_applications(struct isahp_level *level)
{
	struct isahp_features known = isahp_features_known();
	struct isahp_features system = isahp_features_of_class(ISAHP_CLASS_SYSTEM);
	struct isahp_features rest = isahp_features_andnot(&known, &system);
	int i;

	isahp_words_add(level->speaks, &rest);
	for (i = 0; i < ISAHP_WORD_COUNT; i++)
		level->speaks[i] |= level->bits[i];
}

static struct isahp_level psabi_level(size_t index)
{
	struct isahp_features set = isahp_features_none();
	struct isahp_level level;
	size_t i;

	for (i = 0; i < psabi_levels[index].features; i++)
		isahp_features_add(&set, psabi[i]);
	level = isahp_level_of(psabi_levels[index].name, &set);
	level.title = psabi_levels[index].title;
	level.kind = ISAHP_LEVEL_PSABI;
	return level;
}

static struct isahp_level generation_level(size_t index)
{
	struct isahp_level level = {
		.name = generations[index].name,
		.alias = generations[index].alias,
		.title = generations[index].title,
		.kind = ISAHP_LEVEL_GENERATION,
		.vendor = ISAHP_VENDOR_AMD,
		.bits = {
			[ISAHP_WORD_1C] = generations[index].leaf1_ecx,
			[ISAHP_WORD_1D] = generations[index].leaf1_edx,
			[ISAHP_WORD_E1C] = generations[index].ext_ecx,
			[ISAHP_WORD_E1D] = generations[index].ext_edx,
		},
	};

	memset(level.speaks, 0xff, sizeof(level.speaks));
	/* Power management: they have it, and the table does not say what. */
	level.speaks[ISAHP_WORD_E7D] = 0;
	return level;
}

static struct isahp_level model_level(const struct isahp_model *model)
{
	struct isahp_level level = {
		.name = model->name,
		.alias = model->libvirt,
		.title = model->title,
		.kind = ISAHP_LEVEL_MODEL,
		.vendor = model->vendor,
	};

	memcpy(level.bits, model->words, sizeof(level.bits));
	memset(level.speaks, 0xff, sizeof(level.speaks));
	/* QEMU has no names for its bits, and shows what its accelerator does. */
	level.speaks[ISAHP_WORD_6C] = 0;
	return level;
}

bool isahp_level_at(size_t index, struct isahp_level *ret_level)
{
	const struct isahp_model *model;

	if (index < ARRAY_SIZE(psabi_levels)) {
		*ret_level = psabi_level(index);
		return true;
	}
	index -= ARRAY_SIZE(psabi_levels);
	if (index < ARRAY_SIZE(generations)) {
		*ret_level = generation_level(index);
		return true;
	}
	model = isahp_model_at(index - ARRAY_SIZE(generations));
	if (model)
		*ret_level = model_level(model);
	return model != NULL;
}

static size_t common_prefix(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] && tolower((unsigned char)a[i]) == tolower((unsigned char)b[i]))
		i++;
	return i;
}

const char *isahp_level_nearest(const char *name)
{
	struct isahp_level level;
	const char *near = NULL;
	size_t i, best = 3; /* less in common is chance */

	for (i = 0; isahp_level_at(i, &level); i++) {
		size_t len = common_prefix(level.name, name);

		if (common_prefix(level.alias, name) > len)
			len = common_prefix(level.alias, name);
		if (len > best) {
			best = len;
			near = level.name;
		}
	}
	return near;
}

static int unknown_level(const char *name, struct isahp_error *err)
{
	const char *near = isahp_level_nearest(name);
	char shown[64];

	isahp_text_sanitize(shown, sizeof(shown), name, strnlen(name, sizeof(shown)));
	if (near)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "unknown level '%s': did you mean '%s'?", shown, near);
	return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
			       "unknown level '%s': there are x86-64-v1 to -v4, amd-k8-rev-c to amd-11h-rev-b, and the CPU models that QEMU names",
			       shown);
}

int isahp_level_find(const char *name, struct isahp_level *ret_level,
		     struct isahp_error *err)
{
	const struct isahp_model *model = isahp_model_find(name);
	size_t i;

	if (model) {
		*ret_level = model_level(model);
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(psabi_levels); i++)
		if (!strcasecmp(psabi_levels[i].name, name)) {
			*ret_level = psabi_level(i);
			return 0;
		}
	for (i = 0; i < ARRAY_SIZE(generations); i++)
		if (!strcasecmp(generations[i].name, name) ||
		    !strcasecmp(generations[i].alias, name)) {
			*ret_level = generation_level(i);
			return 0;
		}
	return unknown_level(name, err);
}

struct isahp_level isahp_level_of(const char *name, const struct isahp_features *set)
{
	struct isahp_level level = {
		.name = name,
		.alias = "",
		.title = "",
		.kind = ISAHP_LEVEL_FEATURES,
		.vendor = ISAHP_VENDOR_UNKNOWN,
	};

	isahp_words_add(level.bits, set);
	speak_of_applications(&level);
	return level;
}

struct isahp_features isahp_level_wants(const struct isahp_level *level)
{
	return isahp_words_features(level->bits);
}

static void fit_word(const struct isahp_level *level, __u32 has, __u32 known,
		     enum isahp_word w, struct isahp_level_fit *fit, __u32 *untold)
{
	fit->bits[w] = has & (level->bits[w] | ~level->speaks[w]);
	fit->known[w] = known | (level->speaks[w] & ~level->bits[w]);
	fit->missing_bits[w] = level->bits[w] & known & ~has;
	*untold = level->bits[w] & ~known;
}

void isahp_level_features(const struct isahp_level *level,
			  const struct isahp_profile *host,
			  struct isahp_level_fit *ret_fit)
{
	struct isahp_features wants = isahp_level_wants(level), shown, closed, fell;
	__u32 untold[ISAHP_WORD_COUNT], hidden[ISAHP_WORD_COUNT] = { 0 };
	__u32 has[ISAHP_WORD_COUNT], known[ISAHP_WORD_COUNT];
	int w;

	memcpy(has, level->bits, sizeof(has));
	memset(known, 0xff, sizeof(known));
	if (host)
		isahp_words_of(host, has, known);
	for (w = 0; w < ISAHP_WORD_COUNT; w++)
		fit_word(level, has[w], known[w], w, ret_fit, &untold[w]);
	shown = isahp_words_features(ret_fit->bits);
	closed = isahp_features_supported(&shown);
	fell = isahp_features_andnot(&shown, &closed);
	isahp_words_add(hidden, &fell);
	for (w = 0; w < ISAHP_WORD_COUNT; w++)
		ret_fit->bits[w] &= ~hidden[w];
	ret_fit->features = isahp_features_and(&wants, &closed);
	ret_fit->broken = isahp_features_and(&wants, &fell);
	ret_fit->lacks = isahp_words_features(ret_fit->missing_bits);
	ret_fit->untold = isahp_words_features(untold);
}

static void name_bit(char *text, size_t size, enum isahp_word w, unsigned int bit)
{
	struct isahp_word_place at = isahp_word_place(w);
	const char *name = isahp_word_flag(w, bit, ISAHP_FLAG_LINUX);

	if (name) {
		isahp_text_append(text, size, " %s", name);
		return;
	}
	isahp_text_append(text, size, " CPUID.%X:%X.%s[%u]", at.leaf, at.subleaf,
			  word_register[at.reg], bit);
}

static void explain_missing(const __u32 *missing, char *text, size_t size)
{
	struct isahp_features named = isahp_words_features(missing);
	__u32 rows[ISAHP_WORD_COUNT] = { 0 };
	char list[256];
	unsigned int bit;
	int w;

	isahp_words_add(rows, &named);
	if (!isahp_features_empty(&named)) {
		isahp_names_format(&named, list, sizeof(list));
		isahp_text_append(text, size, " %s", list);
	}
	for (w = 0; w < ISAHP_WORD_COUNT; w++)
		for (bit = 0; bit < 32; bit++)
			if ((missing[w] & ~rows[w]) >> bit & 1)
				name_bit(text, size, w, bit);
}

void isahp_level_explain(const struct isahp_level *level,
			 const struct isahp_level_fit *fit, const char *host,
			 char *text, size_t size)
{
	char list[256];
	__u32 any = 0;
	int w;

	text[0] = '\0';
	for (w = 0; w < ISAHP_WORD_COUNT; w++)
		any |= fit->missing_bits[w];
	if (any) {
		isahp_text_append(text, size, "%s lacks of %s:", host, level->name);
		explain_missing(fit->missing_bits, text, size);
	}
	if (!isahp_features_empty(&fit->broken)) {
		isahp_names_format(&fit->broken, list, sizeof(list));
		isahp_text_append(text, size, "%s%s on %s rest on what is missing",
				  *text ? "; " : "", list, host);
	}
	if (!isahp_features_empty(&fit->untold)) {
		isahp_names_format(&fit->untold, list, sizeof(list));
		isahp_text_append(text, size, "%s%s's profile does not tell %s",
				  *text ? "; " : "", host, list);
	}
}
