// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/mask_msr.h>
#include <hypervisor-shim/policy/names.h>
#include <isa-core/features.h>
#include <isahp/abi.h>
#include <stdio.h>
#include <string.h>

#define KEY 0x9c5a203aU

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

#define ROW(...) { __VA_ARGS__ },
static const struct {
	const char *level;
	__u64 leaf1;
	__u64 ext;
} rows[] = {
#include "policy/amd_levels.def"
};
#undef ROW

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void set_vendor(struct isahp_profile *p, __u32 last, const char *vendor)
{
	static const __u8 order[] = { ISAHP_EBX, ISAHP_EDX, ISAHP_ECX };
	__u32 word;
	int i;

	isahp_profile_set(p, 0, 0, ISAHP_EAX, ~0U, last);
	for (i = 0; i < 3; i++) {
		memcpy(&word, vendor + 4 * i, 4);
		isahp_profile_set(p, 0, 0, order[i], ~0U, word);
	}
}

static struct isahp_profile profile_of(const struct processor *cpu)
{
	struct isahp_profile p = { .name = "host" };

	set_vendor(&p, cpu->eax >> 20 ? 5 : 1, "AuthenticAMD");
	isahp_profile_set(&p, 1, 0, ISAHP_EAX, ~0U, cpu->eax);
	isahp_profile_set(&p, 1, 0, ISAHP_ECX, ~0U, cpu->ecx1);
	isahp_profile_set(&p, 1, 0, ISAHP_EDX, ~0U, cpu->edx1);
	isahp_profile_set(&p, 0x80000001, 0, ISAHP_ECX, ~0U, cpu->ecx8);
	isahp_profile_set(&p, 0x80000001, 0, ISAHP_EDX, ~0U, cpu->edx8);
	return p;
}

static struct isahp_profile named(const char *name)
{
	size_t i;

	for (i = 0; i < PROCESSORS; i++)
		if (!strcmp(processors[i].name, name))
			return profile_of(&processors[i]);
	cr_assert(false, "%s", name);
	return (struct isahp_profile){ 0 };
}

static struct isahp_profile of_model(const char *name)
{
	const struct isahp_model *model = isahp_model_find(name);
	struct isahp_profile p;

	cr_assert(model, "%s", name);
	cr_assert_eq(isahp_model_profile(model, &p), 0);
	cr_assert_eq(isahp_profile_vendor(&p), model->vendor);
	cr_assert_eq(isahp_profile_signature(&p).family, model->signature.family);
	cr_assert_eq(isahp_profile_signature(&p).model, model->signature.model);
	return p;
}

static struct isahp_level level_named(const char *name)
{
	struct isahp_level level;
	struct isahp_error err;

	cr_assert_eq(isahp_level_find(name, &level, &err), 0, "%s", err.text);
	return level;
}

static __u64 value_of(const struct isahp_mask *mask, __u32 number)
{
	size_t i;

	for (i = 0; i < mask->count; i++)
		if (mask->msr[i].number == number)
			return mask->msr[i].value;
	cr_assert(false, "no MSR %x", number);
	return 0;
}

static void expect_row(size_t row, const struct isahp_profile *host)
{
	struct isahp_level level = level_named(rows[row].level);
	struct isahp_mask mask;
	struct isahp_error err;

	cr_assert_eq(isahp_mask_msrs(&level, host, &mask, &err), 0, "%s", err.text);
	cr_assert_eq(mask.count, 2);
	cr_assert_eq(value_of(&mask, 0xc0011004), rows[row].leaf1, "%s", rows[row].level);
	cr_assert_eq(value_of(&mask, 0xc0011005), rows[row].ext, "%s", rows[row].level);
	cr_assert_eq(mask.msr[0].keep | mask.msr[1].keep, 0);
	cr_assert(isahp_features_empty(&mask.left));
}

Test(mask, all_eight_rows_are_exact)
{
	size_t i;

	cr_assert_eq(ROWS, 8);
	for (i = 0; i < ROWS; i++)
		expect_row(i, NULL);
}

/* A Phenom II has all that any of them has. */
Test(mask, all_eight_rows_are_exact_on_a_real_family_10h)
{
	struct isahp_profile host = named("amd-phenom-ii-x2-550-processor");
	size_t i;

	for (i = 0; i < ROWS; i++)
		expect_row(i, &host);
	isahp_profile_free(&host);
}

Test(mask, k8_from_revision_e_on_needs_the_key)
{
	struct isahp_profile host = named("dual-core-amd-opteron-processor-2210-he-quad");
	struct isahp_level level = level_named("fam_0f_rev_f");
	struct isahp_mask mask;
	struct isahp_error err;

	expect_row(3, &host);
	cr_assert_eq(isahp_mask_msrs(&level, &host, &mask, &err), 0);
	cr_assert_eq(mask.msr[0].key, KEY);
	isahp_profile_free(&host);
	host = named("amd-phenom-9850-quad-core-processor");
	cr_assert_eq(isahp_mask_msrs(&level, &host, &mask, &err), 0);
	cr_assert_eq(mask.msr[0].key, 0, "from family 10h on none is needed");
	isahp_profile_free(&host);
}

Test(mask, a_single_core_is_not_shown_htt)
{
	struct isahp_profile host = named("amd-sempron-140-processor");
	struct isahp_level level = level_named("fam_10_rev_c");
	struct isahp_mask mask;
	struct isahp_error err;

	cr_assert_eq(isahp_mask_msrs(&level, &host, &mask, &err), 0);
	cr_assert_eq(value_of(&mask, 0xc0011004), 0x00802009078bfbff);
	cr_assert_eq(value_of(&mask, 0xc0011005), 0x000036fdefd3fbff);
	isahp_profile_free(&host);
}

Test(mask, early_k8_and_family_11h_say_so)
{
	struct isahp_profile host = named("amd-opteron-processor-248");
	struct isahp_level level = level_named("fam_0f_rev_c");
	struct isahp_mask mask = { .count = 77 };
	struct isahp_error err;

	cr_assert_eq(isahp_mask_msrs(&level, &host, &mask, &err), -EOPNOTSUPP);
	cr_assert(strstr(err.text, "erratum 110") && strstr(err.text, "C001_100D"), "%s",
		  err.text);
	isahp_profile_free(&host);
	host = named("mobile-amd-sempron-processor-3300+"); /* revision D */
	cr_assert_eq(isahp_mask_msrs(&level, &host, &mask, &err), -EOPNOTSUPP);
	isahp_profile_set(&host, 1, 0, ISAHP_EAX, ~0U, 0x00200f31);
	cr_assert_eq(isahp_mask_msrs(&level, &host, &mask, &err), -EOPNOTSUPP);
	cr_assert(strstr(err.text, "family 11h has no"), "%s", err.text);
	cr_assert_eq(mask.count, 77, "untouched on failure");
	isahp_profile_free(&host);
}

/* Whatever is computed passes the check for values from elsewhere. */
Test(mask, no_value_for_a_real_processor_is_wrong)
{
	struct isahp_level level;
	size_t i, c, m, values = 0, refused = 0;

	for (i = 0; isahp_level_at(i, &level); i++) {
		if (level.kind == ISAHP_LEVEL_MODEL)
			continue;
		for (c = 0; c < PROCESSORS; c++) {
			struct isahp_profile host = profile_of(&processors[c]);
			struct isahp_mask mask = { 0 };
			struct isahp_error err;
			int rc = isahp_mask_msrs(&level, &host, &mask, &err);

			cr_assert(!rc || rc == -EOPNOTSUPP, "%s", err.text);
			refused += rc != 0;
			for (m = 0; m < mask.count; m++, values++)
				cr_assert_eq(isahp_mask_check(mask.msr[m].number,
							      mask.msr[m].value, &host, &err),
					     0, "%s on %s: %s", level.name,
					     processors[c].name, err.text);
			isahp_profile_free(&host);
		}
	}
	cr_assert_eq(values, 2 * (12 * PROCESSORS - refused));
	/* The four parts of revisions C and D, at each level. */
	cr_assert_eq(refused, 4 * 12);
}

Test(mask, the_slides_value_is_recognised)
{
	struct isahp_profile host = named("dual-core-amd-opteron-processor-2210-he-quad");
	const struct isahp_profile *hosts[] = { NULL, &host };
	struct isahp_error err;
	size_t i;

	for (i = 0; i < 2; i++) {
		cr_assert_eq(isahp_mask_check(0xc0011004, 0x00002001178fbfbf, hosts[i], &err),
			     -EINVAL);
		cr_assert(strstr(err.text, "178BFBFF"), "%s", err.text);
		cr_assert(strstr(err.text, "PAE") && strstr(err.text, "MCA") &&
			  strstr(err.text, "bit 10 sets a reserved") &&
			  strstr(err.text, "PSN"), "%s", err.text);
		cr_assert_eq(isahp_mask_check(0xc0011004, 0x00002001178bfbff, hosts[i], &err),
			     0, "what was meant");
		cr_assert_eq(isahp_mask_check(0xc0011005, 0x0000001febd3fbff, hosts[i], &err),
			     0, "its other value is right");
	}
	/* SSE4A is not revision F's. */
	cr_assert_eq(isahp_mask_check(0xc0011005, 0x0000005febd3fbff, &host, &err), -EINVAL);
	cr_assert(strstr(err.text, "bit 38 shows what host does not have"), "%s", err.text);
	cr_assert_eq(isahp_mask_check(0x130, 0, &host, &err), -EOPNOTSUPP);
	isahp_profile_free(&host);
}

Test(mask, zen_has_one_more_and_says_what_it_cannot_hide)
{
	struct isahp_profile host = of_model("EPYC-Milan-v2");
	struct isahp_level v2 = level_named("x86-64-v2"), v3 = level_named("x86-64-v3");
	struct isahp_mask mask;
	struct isahp_error err;

	cr_assert_eq(isahp_mask_msrs(&v2, &host, &mask, &err), 0, "%s", err.text);
	cr_assert_eq(mask.count, 3);
	cr_assert_eq(mask.msr[0].number, 0xc0011002);
	cr_assert_eq(mask.msr[0].keep, ~0ULL << 32, "7.EAX is no feature word");
	/* AVX2, BMI1, BMI2, ADX, RDSEED go; SMEP, ERMS, INVPCID, SMAP, CLFLUSHOPT stay. */
	cr_assert_eq(mask.msr[0].value, 0x00900680, "%llx", mask.msr[0].value);
	cr_assert_eq(value_of(&mask, 0xc0011004) >> 32 & 1U << 28, 0, "no AVX");
	cr_assert_eq(value_of(&mask, 0xc0011004) >> 32 >> 26 & 3, 3, "XSAVE, and OSXSAVE");
	cr_assert(isahp_features_has(&mask.left, ISAHP_FEATURE_VAES));
	cr_assert(isahp_features_has(&mask.left, ISAHP_FEATURE_CLZERO));
	cr_assert(!isahp_features_has(&mask.left, ISAHP_FEATURE_AVX2));
	cr_assert_eq(isahp_mask_msrs(&v3, &host, &mask, &err), 0);
	cr_assert_eq(mask.msr[0].value & 1U << 5, 1U << 5, "AVX2 stays");
	isahp_profile_free(&host);
}

Test(mask, leaf_6_has_one_where_the_level_decides_it)
{
	struct isahp_profile host = of_model("EPYC-Milan");
	struct isahp_level v2 = level_named("x86-64-v2"), k8 = level_named("amd-k8-rev-f");
	struct isahp_mask mask;
	struct isahp_error err;

	isahp_profile_set(&host, 6, 0, ISAHP_ECX, ~0U, 1); /* APERF, MPERF */
	cr_assert_eq(isahp_mask_msrs(&v2, &host, &mask, &err), 0);
	cr_assert_eq(mask.count, 3);
	cr_assert_eq(isahp_mask_msrs(&k8, &host, &mask, &err), 0);
	cr_assert_eq(mask.count, 4);
	cr_assert_eq(value_of(&mask, 0xc0011003), 0);
	cr_assert_eq(mask.msr[1].keep, ~0ULL << 32);
	isahp_profile_free(&host);
}

Test(mask, intels_registers_are_where_the_generation_has_them)
{
	static const struct {
		const char *model;
		__u32 number;
		size_t count;
	} cpus[] = {
		{ "Penryn", 0x478, 1 },
		{ "Nehalem", 0x130, 2 },
		{ "Westmere", 0x130, 2 },
		{ "SandyBridge", 0x132, 3 },
	};
	struct isahp_level v1 = level_named("x86-64-v1");
	struct isahp_mask mask;
	struct isahp_error err;
	size_t i;

	for (i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
		struct isahp_profile host = of_model(cpus[i].model);
		__u32 shown;

		cr_assert_eq(isahp_mask_msrs(&v1, &host, &mask, &err), 0, "%s", err.text);
		cr_assert_eq(mask.count, cpus[i].count);
		cr_assert_eq(mask.msr[0].number, cpus[i].number);
		cr_assert_eq(mask.msr[0].value >> 32, ~0U, "1.EDX is the upper half");
		shown = mask.msr[0].value;
		cr_assert_eq(shown & (1U << 0 | 1U << 9 | 1U << 13 | 1U << 19), 0,
			     "SSE3, SSSE3, CX16, SSE4.1: %x", shown);
		cr_assert_eq(shown >> 3 & 1, 1, "MONITOR is not the level's affair");
		isahp_profile_free(&host);
	}
}

Test(mask, where_there_is_none_it_says_what_there_is)
{
	static const char *const names[] = { "IvyBridge", "SapphireRapids", "kvm64", "Conroe" };
	struct isahp_level v1 = level_named("x86-64-v1");
	struct isahp_mask mask;
	struct isahp_error err;
	struct isahp_profile host;
	size_t i;

	for (i = 0; i < 4; i++) {
		host = of_model(names[i]);
		cr_assert_eq(isahp_mask_msrs(&v1, &host, &mask, &err), -EOPNOTSUPP);
		cr_assert(i > 1 || strstr(err.text, "fault"), "%s", err.text);
		isahp_profile_free(&host);
	}
	host = of_model("YongFeng");
	cr_assert_eq(isahp_mask_msrs(&v1, &host, &mask, &err), -EOPNOTSUPP);
	isahp_profile_free(&host);
}

Test(mask, a_value_is_not_guessed)
{
	struct isahp_level v2 = level_named("x86-64-v2"), haswell = level_named("Haswell");
	struct isahp_profile host = named("amd-phenom-ii-x2-550-processor");
	struct isahp_profile half = { .name = "half" };
	struct isahp_mask mask;
	struct isahp_error err;

	cr_assert_eq(isahp_mask_msrs(&v2, NULL, &mask, &err), -ENODATA);
	cr_assert_eq(isahp_mask_msrs(&haswell, &host, &mask, &err), -EINVAL);
	cr_assert(strstr(err.text, "another vendor"), "%s", err.text);
	set_vendor(&half, 5, "AuthenticAMD");
	isahp_profile_set(&half, 1, 0, ISAHP_EAX, ~0U, 0x00100f42);
	isahp_profile_set(&half, 1, 0, ISAHP_ECX, 1, 1); /* flags alone are known */
	cr_assert_eq(isahp_mask_msrs(&v2, &half, &mask, &err), -ENODATA);
	cr_assert(strstr(err.text, "half: its profile does not tell all of CPUID 1h"), "%s",
		  err.text);
	isahp_profile_free(&half);
	isahp_profile_free(&host);
}
