// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/log.h>
#include <hypervisor-shim/policy/names.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <string.h>

#include "shim_env.h"
#include <hypervisor-shim/policy/text.h>

Test(profile, unknown_name_suggests_the_nearest)
{
	struct isahp_features set;
	struct isahp_error err;

	cr_assert_eq(isahp_names_parse("avx2,axv512f", &set, &err), -EINVAL);
	cr_assert_eq(err.class, ISAHP_ERROR_USAGE);
	cr_assert(strstr(err.text, "'axv512f'") && strstr(err.text, "'avx512f'"),
		  "%s", err.text);
	cr_assert_eq(isahp_names_parse("\x1b[31mred", &set, &err), -EINVAL);
	cr_assert(!strchr(err.text, '\x1b'));
}

Test(profile, an_empty_list_is_no_way_to_say_none)
{
	struct isahp_features set = shim_set("avx2");
	struct isahp_error err;

	cr_assert_eq(isahp_names_parse("", &set, &err), -EINVAL);
	cr_assert_eq(isahp_names_parse(" ,\t", &set, &err), -EINVAL);
	cr_assert(strstr(err.text, "'none'"), "%s", err.text);
	cr_assert(isahp_features_has(&set, ISAHP_FEATURE_AVX2));
	cr_assert_eq(isahp_names_parse("none", &set, &err), 0);
	cr_assert(isahp_features_empty(&set));
}

Test(profile, levels_contain_one_another)
{
	struct isahp_features v2 = shim_set("x86-64-v2");
	struct isahp_features v3 = shim_set("x86-64-v3");
	struct isahp_features v4 = shim_set("x86-64-v4");
	struct isahp_features closed = isahp_features_supported(&v4);
	struct isahp_features v1 = shim_set("x86-64-v1");

	cr_assert(isahp_features_empty(&v1));
	cr_assert(isahp_features_subset(&v2, &v3));
	cr_assert(isahp_features_subset(&v3, &v4));
	cr_assert(isahp_features_equal(&closed, &v4));
	cr_assert(isahp_features_has(&v3, ISAHP_FEATURE_AVX2));
	cr_assert(!isahp_features_has(&v3, ISAHP_FEATURE_AVX512F));
}

Test(profile, removal_takes_dependents)
{
	struct isahp_features set = shim_set("x86-64-v4,-avx2");

	cr_assert(!isahp_features_has(&set, ISAHP_FEATURE_AVX512F));
	cr_assert(isahp_features_has(&set, ISAHP_FEATURE_FMA));
}

Test(profile, native_is_cpuid)
{
	struct isahp_features set = shim_set("native");
	struct isahp_features cpuid = isahp_cpuid_features();

	cr_assert(isahp_features_equal(&set, &cpuid));
}

Test(profile, json_round_trip_keeps_every_feature)
{
	struct isahp_features known = isahp_features_known(), back;
	json_t *json = isahp_names_to_json(&known);
	struct isahp_error err;

	cr_assert_eq(isahp_names_from_json(json, &back, &err), 0);
	cr_assert(isahp_features_equal(&known, &back));
	json_decref(json);
}

Test(profile, qemu_words_map_by_coordinates)
{
	json_t *words = json_loads(
		"[{\"cpuid-register\":\"EBX\",\"cpuid-input-eax\":7,"
		"\"cpuid-input-ecx\":0,\"features\":32},"
		"{\"cpuid-register\":\"ECX\",\"cpuid-input-eax\":1,"
		"\"features\":4096},"
		"{\"cpuid-register\":\"EAX\",\"cpuid-input-eax\":1073741825,"
		"\"features\":4294967295}]", 0, NULL);
	struct isahp_features set, expected = shim_set("avx2,fma");

	cr_assert_eq(isahp_names_from_words(words, &set), 0);
	cr_assert(isahp_features_equal(&set, &expected));
	json_array_append_new(words, json_string("nonsense"));
	cr_assert_eq(isahp_names_from_words(words, &set), -EPROTO);
	json_decref(words);
}

Test(text, control_characters_never_reach_the_log)
{
	char text[8];

	isahp_text_sanitize(text, sizeof(text), "a\nb\x1b[0m\xff", 9);
	cr_assert_str_eq(text, "a?b?[0m");
	isahp_text_sanitize(text, sizeof(text), "unterminated", 3);
	cr_assert_str_eq(text, "unt");
}

Test(text, a_chatty_source_is_cut_off)
{
	struct isahp_log_limit limit = { 0 };
	int i, said = 0;

	for (i = 0; i < 1000; i++)
		said += isahp_log_allowed(&limit);
	cr_assert_eq(said, 10);
}
