// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/names.h>
#include <hypervisor-shim/policy/profile.h>
#include <isa-core/features.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALL 0xffffffffu

static json_t *load(const char *text)
{
	json_error_t e;
	json_t *json = json_loads(text, 0, &e);

	cr_assert(json, "%s at %d", e.text, e.position);
	return json;
}

static struct isahp_profile parse(const char *text)
{
	struct isahp_profile profile;
	struct isahp_error err = { 0 };
	json_t *json = load(text);

	cr_assert_eq(isahp_profile_from_json(json, &profile, &err), 0, "%s", err.text);
	json_decref(json);
	return profile;
}

static void refuse(const char *text, const char *place)
{
	struct isahp_profile profile = { .microcode = 7 };
	struct isahp_error err = { 0 };
	json_t *json = load(text);

	cr_assert_eq(isahp_profile_from_json(json, &profile, &err), -EINVAL, "%s", text);
	cr_assert(strstr(err.text, place), "%s: %s", text, err.text);
	cr_assert_eq(profile.microcode, 7, "untouched on failure");
	cr_assert(!profile.leaves);
	json_decref(json);
}

static struct isahp_profile random_profile(unsigned int seed)
{
	struct isahp_profile p = { .name = "random", .source = "dice" };
	unsigned int i;

	srandom(seed);
	for (i = random() % 100; i > 0; i--)
		isahp_profile_set(&p, random() % 4 << 30 | random() % 16, random() % 3,
				  random() % 4, random() % 2 ? ALL : random(), random());
	for (i = random() % 20; i > 0; i--)
		isahp_profile_msr_set(&p, 0xc0010000 + random() % 30,
				      random() % 2 ? ~0ULL : (__u64)random() << 20, random());
	p.xcr0_known = random() % 2;
	p.xcr0 = p.xcr0_known ? 0x2e7 : 0;
	p.microcode = random() % 2 ? 0x1000065 : 0;
	if (random() % 2)
		isahp_profile_mitigation_set(&p, "meltdown", "Not affected");
	return p;
}

/* memcmp() takes no NULL, not even of no bytes. */
static bool same_bytes(const void *a, const void *b, size_t size)
{
	return !size || !memcmp(a, b, size);
}

static bool same(const struct isahp_profile *a, const struct isahp_profile *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->source, b->source) &&
	       !strcmp(a->kernel, b->kernel) &&
	       a->leaf_count == b->leaf_count && a->msr_count == b->msr_count &&
	       a->mitigation_count == b->mitigation_count &&
	       a->xcr0 == b->xcr0 && a->xcr0_known == b->xcr0_known &&
	       a->microcode == b->microcode &&
	       same_bytes(a->leaves, b->leaves, a->leaf_count * sizeof(*a->leaves)) &&
	       same_bytes(a->msrs, b->msrs, a->msr_count * sizeof(*a->msrs)) &&
	       same_bytes(a->mitigations, b->mitigations,
			  a->mitigation_count * sizeof(*a->mitigations));
}

Test(profile, leaves_are_sorted_and_found_whatever_the_order)
{
	struct isahp_profile p = { 0 };
	const struct isahp_cpuid_leaf *l;
	size_t i;

	isahp_profile_set(&p, 7, 1, ISAHP_EAX, ALL, 5);
	isahp_profile_set(&p, 0x80000001, 0, ISAHP_EDX, ALL, 6);
	isahp_profile_set(&p, 7, 0, ISAHP_EBX, 0xff, 0xfff);
	isahp_profile_set(&p, 0, 0, ISAHP_EAX, ALL, 0x1f);
	isahp_profile_set(&p, 7, 0, ISAHP_EBX, 0xf00, 0x200);
	cr_assert_eq(p.leaf_count, 4);
	for (i = 1; i < p.leaf_count; i++)
		cr_assert(p.leaves[i - 1].leaf < p.leaves[i].leaf ||
			  p.leaves[i - 1].subleaf < p.leaves[i].subleaf);
	l = isahp_profile_leaf(&p, 7, 0);
	cr_assert(l);
	cr_assert_eq(l->value[ISAHP_EBX], 0x2ff);
	cr_assert_eq(l->known[ISAHP_EBX], 0xfff);
	cr_assert_eq(l->known[ISAHP_EAX], 0);
	cr_assert(!isahp_profile_leaf(&p, 7, 2));
	cr_assert(!isahp_profile_leaf(&p, 0xd, 0));
	isahp_profile_free(&p);
	cr_assert(!isahp_profile_leaf(&p, 7, 0));
}

Test(profile, more_leaves_or_registers_than_any_cpu_has_are_refused)
{
	struct isahp_profile p = { 0 };
	__u32 i;

	for (i = 0; i < ISAHP_PROFILE_LEAVES_MAX; i++)
		cr_assert_eq(isahp_profile_set(&p, i, 0, 0, ALL, i), 0);
	cr_assert_eq(isahp_profile_set(&p, i, 0, 0, ALL, i), -E2BIG);
	cr_assert_eq(isahp_profile_set(&p, 3, 0, 0, ALL, i), 0);
	for (i = 0; i < ISAHP_PROFILE_MSRS_MAX; i++)
		cr_assert_eq(isahp_profile_msr_set(&p, i, ~0ULL, i), 0);
	cr_assert_eq(isahp_profile_msr_set(&p, i, ~0ULL, i), -E2BIG);
	cr_assert_eq(isahp_profile_msr(&p, 17)->value, 17);
	cr_assert(!isahp_profile_msr(&p, i));
	isahp_profile_free(&p);
}

/* A row of real figures: an Opteron of family 10h (libcpuid's dumps). */
Test(profile, features_vendor_and_signature_are_those_of_the_leaves)
{
	struct isahp_profile p = { 0 };
	struct isahp_features set, expected;
	struct isahp_signature s;
	struct isahp_error err;

	cr_assert_eq(isahp_profile_vendor(&p), ISAHP_VENDOR_UNKNOWN);
	isahp_profile_set(&p, 0, 0, ISAHP_EBX, ALL, 0x68747541);
	isahp_profile_set(&p, 0, 0, ISAHP_EDX, ALL, 0x69746e65);
	cr_assert_eq(isahp_profile_vendor(&p), ISAHP_VENDOR_UNKNOWN, "half a name");
	isahp_profile_set(&p, 0, 0, ISAHP_ECX, ALL, 0x444d4163);
	isahp_profile_set(&p, 1, 0, ISAHP_EAX, ALL, 0x00100f42);
	isahp_profile_set(&p, 1, 0, ISAHP_ECX, ALL, 0x00802009);
	isahp_profile_set(&p, 0x80000001, 0, ISAHP_ECX, ALL, 0x000037ff);
	isahp_profile_set(&p, 0x80000001, 0, ISAHP_EDX, ALL, 0xefd3fbff);
	cr_assert_eq(isahp_profile_vendor(&p), ISAHP_VENDOR_AMD);
	s = isahp_profile_signature(&p);
	cr_assert_eq(s.family, 0x10);
	cr_assert_eq(s.model, 4);
	cr_assert_eq(s.stepping, 2);
	set = isahp_profile_features(&p);
	cr_assert_eq(isahp_names_parse("pni,cx16,popcnt,syscall,mmxext,rdtscp,3dnowext,"
				       "3dnow,lahf_lm,abm,sse4a,misalignsse,"
				       "3dnowprefetch", &expected, &err), 0);
	cr_assert(isahp_features_equal(&set, &expected));
	isahp_profile_free(&p);
}

Test(profile, extended_models_count_where_the_manuals_say_so)
{
	static const struct {
		__u32 eax;
		struct isahp_signature s;
	} cases[] = {
		{ 0x000806f8, { 6, 0x8f, 8 } },		/* Sapphire Rapids */
		{ 0x00a10f11, { 0x19, 0x11, 1 } },	/* Genoa */
		{ 0x00000f4a, { 0xf, 4, 0xa } },	/* Athlon 64, revision C0 */
		{ 0x00060fb1, { 0xf, 0x6b, 1 } },	/* Athlon 64 X2, revision G */
		{ 0x00000543, { 5, 4, 3 } },		/* Pentium MMX */
		{ 0x000307b0, { 7, 0x3b, 0 } },		/* KaiXian KX-6000 */
	};
	struct isahp_profile p = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct isahp_signature s;

		isahp_profile_set(&p, 1, 0, ISAHP_EAX, ALL, cases[i].eax);
		s = isahp_profile_signature(&p);
		cr_assert(!memcmp(&s, &cases[i].s, sizeof(s)), "%#x: %x %x %x",
			  cases[i].eax, s.family, s.model, s.stepping);
	}
	isahp_profile_free(&p);
}

Test(json, what_was_written_is_read_and_written_the_same)
{
	unsigned int seed = time(NULL), i;

	for (i = 0; i < 300; i++) {
		struct isahp_profile p = random_profile(seed + i), back;
		char *text = isahp_profile_to_text(&p), *again;

		back = parse(text);
		cr_assert(same(&p, &back), "seed %u:\n%s", seed + i, text);
		again = isahp_profile_to_text(&back);
		cr_assert_str_eq(text, again, "seed %u", seed + i);
		cr_assert(!back.document, "nothing is kept that can be made again");
		free(text);
		free(again);
		isahp_profile_free(&p);
		isahp_profile_free(&back);
	}
}

Test(json, unknown_fields_stay_where_they_are)
{
	static const char text[] =
		"{\n"
		"  \"rack\": {\"row\": 4},\n"
		"  \"isahp-profile\": 1,\n"
		"  \"name\": \"h1\",\n"
		"  \"owner\": [\n    \"me\",\n    17\n  ],\n"
		"  \"xcr0\": \"0x00e7\",\n"
		"  \"cpuid\": [\n"
		"    {\"leaf\": \"0x7\", \"seen\": true, \"subleaf\": \"0x0\", \"ebx\": \"0x00000020/0x00000120\"},\n"
		"    {\"leaf\": \"0x1\", \"subleaf\": \"0x0\", \"ecx\": \"0x1000\"}\n"
		"  ],\n"
		"  \"later\": null\n"
		"}\n";
	struct isahp_profile p = parse(text);
	char *back = isahp_profile_to_text(&p);

	cr_assert_str_eq(back, text);
	cr_assert(p.document);
	free(back);
	/* A change touches its own place alone. */
	isahp_profile_set(&p, 7, 0, ISAHP_EBX, 0x100, 0x100);
	isahp_profile_set(&p, 1, 1, ISAHP_EAX, ALL, 3);
	p.xcr0 = 7;
	back = isahp_profile_to_text(&p);
	cr_assert(strstr(back, "{\"leaf\": \"0x7\", \"seen\": true, \"subleaf\": \"0x0\", "
			       "\"ebx\": \"0x00000120/0x00000120\"},\n"), "%s", back);
	cr_assert(strstr(back, "\"0x1000\"},\n    {\"leaf\": \"0x00000001\", \"subleaf\": "
			       "\"0x1\", \"eax\": \"0x00000003\"}\n  ],\n  \"later\""),
		  "%s", back);
	cr_assert(strstr(back, "],\n  \"xcr0\": \"0x7\",\n"), "%s", back);
	free(back);
	isahp_profile_free(&p);
}

Test(json, every_spelling_and_order_stays)
{
	static const char *const texts[] = {
		"{\"isahp-profile\": 1, \"name\": \"h\", \"microcode\": \"0x0\"}",
		"{\"name\": \"h\", \"isahp-profile\": 1}",
		"{\"isahp-profile\": 1, \"name\": \"h\", \"kernel\": \"\"}",
		"{\"isahp-profile\": 1, \"name\": \"h\", \"cpuid\": []}",
		"{\"isahp-profile\": 1, \"name\": \"h\", \"xcr0\": \"0x07\", \"mitigations\": {}}",
		"{\"isahp-profile\": 1, \"name\": \"h\", \"cpuid\": [{\"leaf\": \"0x00000001\", "
		"\"subleaf\": \"0x0\", \"eax\": \"0x0/0x0\"}]}",
		"{\"isahp-profile\": 1, \"name\": \"h\", \"cpuid\": [{\"leaf\": \"0x00000001\", "
		"\"subleaf\": \"0x0\", \"ebx\": \"0x0000000A\", \"eax\": \"0x00000000\"}]}",
		"{\"isahp-profile\": 1, \"name\": \"h\", \"mitigations\": {\"b\": \"x\", \"a\": \"y\"}}",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct isahp_profile p = parse(texts[i]);
		json_t *json = isahp_profile_to_json(&p);
		char *back = json_dumps(json, 0);

		cr_assert_str_eq(back, texts[i]);
		free(back);
		json_decref(json);
		isahp_profile_free(&p);
	}
}

Test(json, leaves_come_and_go_among_those_of_the_document)
{
	unsigned int seed = time(NULL), i, n;

	for (i = 0; i < 300; i++) {
		struct isahp_profile p = random_profile(seed + i), back, final;
		char *text = isahp_profile_to_text(&p);

		isahp_profile_free(&p);
		back = parse(text);
		free(text);
		for (n = 0; n < 5 && back.leaf_count; n++) {
			size_t gone = random() % back.leaf_count;

			memmove(&back.leaves[gone], &back.leaves[gone + 1],
				(--back.leaf_count - gone) * sizeof(back.leaves[0]));
			isahp_profile_set(&back, random() % 16, 1 + random() % 4, 0, ALL, n);
		}
		text = isahp_profile_to_text(&back);
		final = parse(text);
		cr_assert(same(&back, &final), "seed %u:\n%s", seed + i, text);
		free(text);
		isahp_profile_free(&back);
		isahp_profile_free(&final);
	}
}

#define HEAD "{\"isahp-profile\": 1, \"name\": \"h\""

Test(json, each_nonsense_is_refused_with_its_place)
{
	refuse("[]", "document");
	refuse("{\"name\": \"h\"}", "isahp-profile");
	refuse("{\"isahp-profile\": 2, \"name\": \"h\"}", "newer");
	refuse("{\"isahp-profile\": 1}", "name");
	refuse("{\"isahp-profile\": 1, \"name\": \"a b\"}", "name");
	refuse("{\"isahp-profile\": 1, \"name\": \"\\u001b[31m\"}", "name");
	refuse(HEAD ", \"xcr0\": 7}", "xcr0");
	refuse(HEAD ", \"xcr0\": \"0x10000000000000000\"}", "xcr0");
	refuse(HEAD ", \"microcode\": \"0x\"}", "microcode");
	refuse(HEAD ", \"cpuid\": {}}", "cpuid");
	refuse(HEAD ", \"cpuid\": [7]}", "cpuid[0]");
	refuse(HEAD ", \"cpuid\": [{\"leaf\": \"0x1\", \"subleaf\": \"0x0\"}, "
	       "{\"leaf\": \"0x01\", \"subleaf\": \"0x0\"}]}", "cpuid[1]");
	refuse(HEAD ", \"cpuid\": [{\"leaf\": \"0x1\", \"subleaf\": \"0x0\", "
	       "\"ecx\": \"0x4/0x3\"}]}", "cpuid[0].ecx");
	refuse(HEAD ", \"cpuid\": [{\"leaf\": \"0x1\", \"subleaf\": \"0x0\", "
	       "\"edx\": \"0x1g\"}]}", "cpuid[0].edx");
	refuse(HEAD ", \"cpuid\": [{\"leaf\": \"0x100000000\", \"subleaf\": \"0x0\"}]}",
	       "cpuid[0]");
	refuse(HEAD ", \"msrs\": [{\"number\": \"0x10a\"}]}", "msrs[0]");
	refuse(HEAD ", \"msrs\": [{\"number\": \"0x10a\", \"value\": \"0x1\"}, "
	       "{\"number\": \"0x10a\", \"value\": \"0x1\"}]}", "msrs[1]");
	refuse(HEAD ", \"mitigations\": {\"melt down\": \"x\"}}", "mitigations");
	refuse(HEAD ", \"mitigations\": {\"meltdown\": 7}}", "mitigations");
	refuse(HEAD ", \"kernel\": \"a\\nb\"}", "kernel");
}

Test(json, too_many_leaves_are_refused)
{
	json_t *json = json_pack("{s:i, s:s, s:[]}", "isahp-profile", 1, "name", "h",
				 "cpuid");
	json_t *array = json_object_get(json, "cpuid");
	struct isahp_profile p;
	struct isahp_error err;
	char leaf[16];
	int i;

	for (i = 0; i <= ISAHP_PROFILE_LEAVES_MAX; i++) {
		if (i == ISAHP_PROFILE_LEAVES_MAX) {
			cr_assert_eq(isahp_profile_from_json(json, &p, &err), 0);
			isahp_profile_free(&p);
		}
		snprintf(leaf, sizeof(leaf), "0x%x", i);
		json_array_append_new(array, json_pack("{s:s, s:s}", "leaf", leaf,
						       "subleaf", "0x0"));
	}
	cr_assert_eq(isahp_profile_from_json(json, &p, &err), -EINVAL);
	cr_assert(strstr(err.text, "cpuid[512]"), "%s", err.text);
	json_decref(json);
}
