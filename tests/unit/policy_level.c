// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/level.h>
#include <hypervisor-shim/policy/names.h>
#include <isa-core/features.h>
#include <isahp/abi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HTT (1U << 28)	      /* 1.EDX */
#define CMP_LEGACY (1U << 1)  /* 8000_0001.ECX */
#define PREFETCH (1U << 8)    /* 8000_0001.ECX */

struct processor {
	const char *name;
	__u32 eax, ecx1, edx1, ecx8, edx8;
};

#define CPU(...) { __VA_ARGS__ },
static const struct processor processors[] = {
#include "policy/amd_processors.def"
};
#undef CPU

#define PROCESSORS (sizeof(processors) / sizeof(processors[0]))

static struct isahp_profile profile_of(const struct processor *cpu)
{
	struct isahp_profile p = { .name = "host" };

	isahp_profile_set(&p, 1, 0, ISAHP_EAX, ~0U, cpu->eax);
	isahp_profile_set(&p, 1, 0, ISAHP_ECX, ~0U, cpu->ecx1);
	isahp_profile_set(&p, 1, 0, ISAHP_EDX, ~0U, cpu->edx1);
	isahp_profile_set(&p, 0x80000001, 0, ISAHP_ECX, ~0U, cpu->ecx8);
	isahp_profile_set(&p, 0x80000001, 0, ISAHP_EDX, ~0U, cpu->edx8);
	return p;
}

static struct isahp_level level_named(const char *name)
{
	struct isahp_level level;
	struct isahp_error err;

	cr_assert_eq(isahp_level_find(name, &level, &err), 0, "%s: %s", name, err.text);
	return level;
}

static struct isahp_features set_of(const char *list)
{
	struct isahp_features set;
	struct isahp_error err;

	cr_assert_eq(isahp_names_parse(list, &set, &err), 0, "%s", err.text);
	return set;
}

static const struct processor *processor(const char *name)
{
	size_t i;

	for (i = 0; i < PROCESSORS; i++)
		if (!strcmp(processors[i].name, name))
			return &processors[i];
	cr_assert(false, "%s", name);
	return NULL;
}

Test(level, every_level_is_found_by_each_of_its_names)
{
	struct isahp_level level, found;
	struct isahp_error err;
	size_t i;

	for (i = 0; isahp_level_at(i, &level); i++) {
		cr_assert_eq(isahp_level_find(level.name, &found, &err), 0);
		cr_assert_str_eq(found.name, level.name);
		if (!*level.alias)
			continue;
		cr_assert_eq(isahp_level_find(level.alias, &found, &err), 0);
		cr_assert_str_eq(found.name, level.name, "%s", level.alias);
	}
	cr_assert_geq(i, 4 + 8 + 60);
	level = level_named("haswell-NOTSX");
	cr_assert_str_eq(level.name, "Haswell-v2");
	level = level_named("YongFeng");
	cr_assert_eq(level.vendor, ISAHP_VENDOR_ZHAOXIN);
}

Test(level, unknown_names_suggest_the_nearest)
{
	struct isahp_level level = { .name = "untouched" };
	struct isahp_error err;

	cr_assert_eq(isahp_level_find("fam_0f_rev_x", &level, &err), -EINVAL);
	cr_assert(strstr(err.text, "amd-k8-rev-c"), "%s", err.text);
	cr_assert_eq(isahp_level_find("SapphireRapid\x1b[m", &level, &err), -EINVAL);
	cr_assert(strstr(err.text, "SapphireRapids-v1"), "%s", err.text);
	cr_assert(!strchr(err.text, '\x1b'));
	cr_assert_eq(isahp_level_find("", &level, &err), -EINVAL);
	cr_assert(strstr(err.text, "there are x86-64-v1"), "%s", err.text);
	cr_assert_str_eq(level.name, "untouched");
}

Test(level, lists_of_features_take_levels_from_the_same_place)
{
	struct isahp_level v3 = level_named("x86-64-v3");
	struct isahp_features wants = isahp_level_wants(&v3), listed = set_of("x86-64-v3");
	struct isahp_error err;
	json_t *hidden = json_pack("[s%]", "x86-64-v3\0junk", (size_t)14);

	cr_assert(isahp_features_equal(&wants, &listed));
	listed = set_of("Haswell-noTSX,-avx2");
	cr_assert(isahp_features_has(&listed, ISAHP_FEATURE_FMA));
	cr_assert(!isahp_features_has(&listed, ISAHP_FEATURE_AVX2));
	cr_assert_eq(isahp_names_parse("avx2,Haswel", &listed, &err), -EINVAL);
	cr_assert(strstr(err.text, "the level 'Haswell-v1'"), "%s", err.text);
	cr_assert(hidden);
	cr_assert_eq(isahp_names_from_json(hidden, &listed, &err), -EINVAL);
	json_decref(hidden);
}

/* Level and host meet: nothing is invented, and nothing that both have is lost. */
Test(level, no_real_processor_is_given_a_bit_that_it_lacks)
{
	struct isahp_level level;
	size_t i, c;

	for (i = 0; isahp_level_at(i, &level); i++) {
		for (c = 0; c < PROCESSORS; c++) {
			struct isahp_profile host = profile_of(&processors[c]);
			__u32 has[ISAHP_WORD_COUNT] = {
				[ISAHP_WORD_1C] = processors[c].ecx1,
				[ISAHP_WORD_1D] = processors[c].edx1,
				[ISAHP_WORD_E1C] = processors[c].ecx8,
				[ISAHP_WORD_E1D] = processors[c].edx8,
			};
			struct isahp_level_fit fit;
			int w;

			isahp_level_features(&level, &host, &fit);
			for (w = 0; w < ISAHP_WORD_COUNT; w++) {
				cr_assert_eq(fit.bits[w] & ~has[w], 0, "%s on %s",
					     level.name, processors[c].name);
				if (level.kind == ISAHP_LEVEL_GENERATION)
					cr_assert_eq(fit.bits[w], has[w] & level.bits[w],
						     "%s on %s: %x", level.name,
						     processors[c].name, fit.bits[w]);
			}
			isahp_profile_free(&host);
		}
	}
}

Test(level, single_core_parts_lack_htt_and_cmp_legacy)
{
	struct isahp_level level = level_named("amd-10h-rev-c");
	struct isahp_profile host = profile_of(processor("amd-sempron-140-processor"));
	struct isahp_level_fit fit;
	char text[512];

	isahp_level_features(&level, &host, &fit);
	cr_assert_eq(fit.missing_bits[ISAHP_WORD_1D], HTT);
	cr_assert_eq(fit.missing_bits[ISAHP_WORD_E1C], CMP_LEGACY);
	cr_assert(isahp_features_empty(&fit.lacks), "the table has no row for them");
	isahp_level_explain(&level, &fit, "sempron", text, sizeof(text));
	cr_assert_str_eq(text, "sempron lacks of amd-10h-rev-c: ht cmp_legacy");
	isahp_profile_free(&host);
}

/* Of the real family 10h parts none is as Xen's table has revision B. */
Test(level, revision_b_as_tabled_equals_no_real_family_10h)
{
	struct isahp_level level = level_named("fam_10_rev_b");
	size_t c, fitting = 0;

	for (c = 0; c < PROCESSORS; c++) {
		struct isahp_profile host = profile_of(&processors[c]);
		struct isahp_level_fit fit;

		isahp_level_features(&level, &host, &fit);
		if (isahp_profile_signature(&host).family == 0x10 &&
		    processors[c].edx1 & HTT) {
			/* One Athlon II P320 lacks MISALIGNSSE. */
			fitting += fit.bits[ISAHP_WORD_E1C] == 0x6ff;
			cr_assert_neq(processors[c].ecx8, 0x6ff);
			cr_assert(processors[c].ecx8 & PREFETCH);
		}
		isahp_profile_free(&host);
	}
	cr_assert_eq(fitting, 20);
}

Test(level, what_a_profile_does_not_tell_is_not_promised)
{
	struct isahp_level v3 = level_named("x86-64-v3");
	struct isahp_profile host = { .name = "h" };
	struct isahp_features avx2 = set_of("avx2,bmi1,bmi2");
	struct isahp_level_fit fit;
	char text[512];

	isahp_profile_set(&host, 1, 0, ISAHP_ECX, ~0U, ~0U);
	isahp_profile_set(&host, 0x80000001, 0, ISAHP_ECX, ~0U, ~0U);
	isahp_level_features(&v3, &host, &fit);
	cr_assert(isahp_features_equal(&fit.untold, &avx2));
	cr_assert(isahp_features_empty(&fit.lacks));
	cr_assert(!isahp_features_meet(&fit.features, &avx2));
	isahp_level_explain(&v3, &fit, "h", text, sizeof(text));
	cr_assert_str_eq(text, "h's profile does not tell bmi1,avx2,bmi2");
	/* Told that leaf 7 is beyond the last one, it is known to be absent. */
	isahp_profile_set(&host, 0, 0, ISAHP_EAX, ~0U, 5);
	isahp_level_features(&v3, &host, &fit);
	cr_assert(isahp_features_empty(&fit.untold));
	cr_assert(isahp_features_equal(&fit.lacks, &avx2));
	isahp_profile_free(&host);
}

Test(level, what_rests_on_a_missing_feature_goes_too)
{
	struct isahp_level v4 = level_named("x86-64-v4");
	struct isahp_profile host = { .name = "h" };
	struct isahp_features fma = set_of("fma"), avx512 = set_of("avx512f");
	struct isahp_level_fit fit;
	char text[512];

	isahp_profile_set(&host, 0, 0, ISAHP_EAX, ~0U, 0x20);
	isahp_profile_set(&host, 1, 0, ISAHP_ECX, ~0U, ~(1U << 12)); /* no FMA */
	isahp_profile_set(&host, 7, 0, ISAHP_EBX, ~0U, ~0U);
	isahp_profile_set(&host, 0x80000001, 0, ISAHP_ECX, ~0U, ~0U);
	isahp_level_features(&v4, &host, &fit);
	cr_assert(isahp_features_equal(&fit.lacks, &fma));
	cr_assert(isahp_features_subset(&avx512, &fit.broken));
	cr_assert_eq(fit.bits[ISAHP_WORD_7B] >> 16 & 1, 0, "AVX512F is not shown");
	cr_assert_eq(fit.bits[ISAHP_WORD_7B] >> 5 & 1, 1, "AVX2 is");
	isahp_level_explain(&v4, &fit, "h", text, sizeof(text));
	cr_assert(strstr(text, "avx512f,") && strstr(text, "rest on what is missing"),
		  "%s", text);
	isahp_profile_free(&host);
}

/* On random hosts: closed, within both, complete, the same again on its own result. */
Test(level, fits_are_closed_and_idempotent)
{
	unsigned int seed = time(NULL), round;
	struct isahp_level level;

	cr_log_info("seed %u", seed);
	srandom(seed);
	for (round = 0; round < 2000; round++) {
		struct isahp_profile host = { .name = "dice" }, again = { .name = "again" };
		struct isahp_level_fit fit, refit;
		struct isahp_features closed, has, wants;
		int w;

		isahp_level_at(random() % 90, &level);
		wants = isahp_level_wants(&level);
		for (w = 0; w < ISAHP_WORD_COUNT; w++) {
			struct isahp_word_place at = isahp_word_place(w);

			isahp_profile_set(&host, at.leaf, at.subleaf, at.reg, ~0U,
					  random() << 1 | random());
		}
		isahp_level_features(&level, &host, &fit);
		has = isahp_profile_features(&host);
		closed = isahp_words_features(fit.bits);
		cr_assert(isahp_features_subset(&fit.features, &closed), "seed %u", seed);
		closed = isahp_features_supported(&closed);
		cr_assert(isahp_features_subset(&fit.features, &closed), "seed %u", seed);
		cr_assert(isahp_features_subset(&fit.features, &has), "seed %u", seed);
		cr_assert(isahp_features_subset(&fit.features, &wants), "seed %u", seed);
		has = isahp_features_or(&fit.features, &fit.lacks);
		has = isahp_features_or(&has, &fit.broken);
		cr_assert(isahp_features_equal(&has, &wants), "%s, seed %u", level.name, seed);
		for (w = 0; w < ISAHP_WORD_COUNT; w++) {
			struct isahp_word_place at = isahp_word_place(w);

			isahp_profile_set(&again, at.leaf, at.subleaf, at.reg, ~0U,
					  fit.bits[w]);
		}
		isahp_level_features(&level, &again, &refit);
		cr_assert_arr_eq(fit.bits, refit.bits, sizeof(fit.bits), "seed %u", seed);
		isahp_profile_free(&host);
		isahp_profile_free(&again);
	}
}
