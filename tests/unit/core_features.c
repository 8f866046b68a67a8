// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <isa-core/features.h>

#define F(name) ISAHP_FEATURE_##name

static struct isahp_features set_of(const int *numbers)
{
	struct isahp_features s = isahp_features_none();

	for (; *numbers >= 0; numbers++)
		isahp_features_add(&s, *numbers);
	return s;
}
#define SET(...) set_of((const int[]){ __VA_ARGS__, -1 })

static bool has(struct isahp_features s, int number)
{
	return isahp_features_has(&s, number);
}

Test(table, numbers_are_dense_and_names_unique)
{
	for (int i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		cr_assert_not_null(f, "number %d has no row", i);
		cr_assert_eq(isahp_feature_find(f->flag, strlen(f->flag)), i, "%s", f->flag);
		cr_assert_lt(f->bit, 32);
		cr_assert_leq(f->reg, ISAHP_EDX);
	}
	cr_assert_null(isahp_feature_info(ISAHP_FEATURE_COUNT));
	cr_assert_leq((int)ISAHP_FEATURE_COUNT, ISAHP_FEATURE_MAX);
}

Test(table, no_two_rows_share_a_cpuid_bit)
{
	for (int i = 0; i < ISAHP_FEATURE_COUNT; i++)
		for (int j = 0; j < i; j++) {
			const struct isahp_feature_info *a = isahp_feature_info(i);
			const struct isahp_feature_info *b = isahp_feature_info(j);

			cr_assert(a->leaf != b->leaf || a->subleaf != b->subleaf ||
					  a->reg != b->reg || a->bit != b->bit,
				  "%s and %s", a->flag, b->flag);
		}
}

Test(table, a_state_feature_owns_components_and_no_other_does)
{
	for (int i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		cr_assert_eq(f->class == ISAHP_CLASS_STATE, f->xfeatures != 0, "%s", f->flag);
	}
}

Test(table, silent_features_are_those_that_run_as_something_else)
{
	struct isahp_features silent = isahp_features_of_class(ISAHP_CLASS_SILENT);
	struct isahp_features expected = SET(F(ABM), F(BMI1));

	cr_assert(isahp_features_equal(&silent, &expected));
}

Test(names, qemu_and_libvirt_spellings_are_found)
{
	cr_assert_eq(isahp_feature_find("sse4.2", 6), F(SSE4_2));
	cr_assert_eq(isahp_feature_find("pclmuldq", 8), F(PCLMULQDQ));
	cr_assert_eq(isahp_feature_find("avx2,fma", 4), F(AVX2));
	cr_assert_eq(isahp_feature_find("", 0), -ENOENT);
	cr_assert_eq(isahp_feature_find("avx3", 4), -ENOENT);
}

Test(names, an_alias_is_understood_and_no_ones_own_name)
{
#define CHECK(sym, name)                                                       \
	cr_assert_eq(isahp_feature_find(name, strlen(name)), F(sym), "%s", name); \
	for (int i = 0; i < ISAHP_FEATURE_COUNT; i++)                          \
		cr_assert_str_neq(isahp_feature_info(i)->flag, name);
	ISAHP_ALIAS_TABLE(CHECK)
#undef CHECK
}

Test(names, a_typing_error_gets_the_nearest_name)
{
	cr_assert_eq(isahp_feature_nearest("avx22", 5), F(AVX2));
	cr_assert_eq(isahp_feature_nearest("avx512_vnn", 10), F(AVX512_VNNI));
	cr_assert_eq(isahp_feature_nearest("pclmulqd", 8), F(PCLMULQDQ));
	cr_assert_eq(isahp_feature_nearest("helloworld", 10), -ENOENT);
	cr_assert_eq(isahp_feature_nearest("", 0), -ENOENT);
}

Test(closure, drops_avx2_without_avx)
{
	struct isahp_features s = SET(F(SSE3), F(SSSE3), F(SSE4_1), F(SSE4_2), F(AVX2), F(FMA));

	s = isahp_features_supported(&s);
	cr_assert_not(has(s, F(AVX2)));
	cr_assert_not(has(s, F(FMA)));
	cr_assert(has(s, F(SSE4_2)));
}

Test(closure, removing_avx2_removes_vaes_and_avx512)
{
	struct isahp_features all = isahp_features_known();
	struct isahp_features gone = SET(F(AVX2));
	struct isahp_features rest = isahp_features_without(&all, &gone);

	cr_assert_not(has(rest, F(AVX2)));
	cr_assert_not(has(rest, F(VAES)));
	cr_assert_not(has(rest, F(AVX512F)));
	cr_assert_not(has(rest, F(AVX512_FP16)));
	cr_assert(has(rest, F(AVX)));
	cr_assert(has(rest, F(FMA)));
	cr_assert(has(rest, F(AES)));
	cr_assert(has(rest, F(BMI2)));
}

Test(closure, adding_avx2_needs_avx_and_what_avx_needs)
{
	struct isahp_features have = SET(F(SSE3), F(SSSE3), F(SSE4_1), F(SSE4_2));
	struct isahp_features add = SET(F(AVX2));
	struct isahp_features missing = isahp_features_missing(&have, &add);
	struct isahp_features expected = SET(F(AVX), F(XSAVE));

	cr_assert(isahp_features_equal(&missing, &expected));
}

Test(closure, each_edge_has_a_reason_and_both_directions_agree)
{
	for (int i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		struct isahp_features one = SET(i);
		struct isahp_features none = isahp_features_none();
		struct isahp_features needs = isahp_features_missing(&none, &one);

		cr_assert_not(has(needs, i), "%s needs itself", isahp_feature_info(i)->flag);
		for (int j = 0; j < ISAHP_FEATURE_COUNT; j++) {
			struct isahp_features other = SET(j);
			const char *why = isahp_feature_reason(i, j);

			cr_assert(!why || *why);
			cr_assert(!why || has(needs, j));
			cr_assert_eq(has(needs, j) || i == j,
				     has(isahp_features_dependents(&other), i));
		}
	}
}

static struct isahp_features random_set(void)
{
	struct isahp_features s = isahp_features_none();

	for (int i = 0; i < ISAHP_FEATURE_MAX; i++)
		if (random() & 1)
			isahp_features_add(&s, i);
	return s;
}

/* Mostly-full sets, where a missing feature has something to pull down. */
static struct isahp_features random_dense_set(void)
{
	struct isahp_features s = isahp_features_known();

	for (int i = random() % 5; i > 0; i--)
		isahp_features_del(&s, random() % ISAHP_FEATURE_COUNT);
	return s;
}

Test(closure, is_idempotent_monotone_and_shrinking_on_random_sets)
{
	unsigned int seed = getenv("ISAHP_SEED") ? strtoul(getenv("ISAHP_SEED"), NULL, 0) :
						   (unsigned int)time(NULL);

	printf("core_features: ISAHP_SEED=%u\n", seed);
	srandom(seed);
	for (int round = 0; round < 20000; round++) {
		struct isahp_features a = round % 2 ? random_set() : random_dense_set();
		struct isahp_features b = random_dense_set();
		struct isahp_features ca, cb, again;

		b = isahp_features_or(&a, &b);
		ca = isahp_features_supported(&a);
		cb = isahp_features_supported(&b);
		again = isahp_features_supported(&ca);
		cr_assert(isahp_features_subset(&ca, &a));
		cr_assert(isahp_features_equal(&ca, &again));
		cr_assert(isahp_features_subset(&ca, &cb));
		/* Nothing is dropped without need. */
		for (int i = 0; i < ISAHP_FEATURE_COUNT; i++) {
			struct isahp_features one = SET(i);
			struct isahp_features missing = isahp_features_missing(&a, &one);

			cr_assert_eq(has(ca, i), has(a, i) && isahp_features_empty(&missing));
		}
	}
}

Test(usable, leaves_out_what_leaves_and_what_is_the_systems)
{
	struct isahp_features present = isahp_features_known();
	struct isahp_features leaving = SET(F(AVX2));
	struct isahp_features usable = isahp_features_usable(&present, &leaving);

	cr_assert_not(has(usable, F(AVX2)));
	cr_assert_not(has(usable, F(VAES)));
	cr_assert_not(has(usable, F(XSAVE)));
	cr_assert_not(has(usable, F(SMAP)));
	/* AVX needs XSAVE, which is not for applications: it must survive that. */
	cr_assert(has(usable, F(AVX)));
	cr_assert(has(usable, F(FMA)));
}

Test(enabled, features_without_their_register_state_fall_out_with_dependents)
{
	struct isahp_features all = isahp_features_known();
	struct isahp_features r = isahp_features_enabled(&all, 7);

	cr_assert(has(r, F(AVX2)));
	cr_assert_not(has(r, F(AVX512F)));
	cr_assert_not(has(r, F(AVX512_VNNI)));
	cr_assert_not(has(r, F(AMX_INT8)));
	cr_assert_not(has(r, F(PKU)));
	r = isahp_features_enabled(&all, 3);
	cr_assert_not(has(r, F(AVX)));
	cr_assert_not(has(r, F(FMA)));
	cr_assert(has(r, F(SSE4_2)));
	cr_assert(has(r, F(BMI2)));
}

Test(xfeatures, are_the_union_of_the_owners)
{
	struct isahp_features s = SET(F(AVX), F(AVX512F), F(AVX2));

	cr_assert_eq(isahp_features_xfeatures(&s), 0xe4);
}

Test(algebra, numbers_out_of_range_are_no_members_and_harmless)
{
	struct isahp_features s = isahp_features_none();

	isahp_features_add(&s, ISAHP_FEATURE_MAX);
	isahp_features_add(&s, ~0u);
	cr_assert(isahp_features_empty(&s));
	cr_assert_not(isahp_features_has(&s, ISAHP_FEATURE_MAX));
	isahp_features_add(&s, ISAHP_FEATURE_MAX - 1);
	cr_assert_not(isahp_features_empty(&s));
	isahp_features_del(&s, ISAHP_FEATURE_MAX - 1);
	cr_assert(isahp_features_empty(&s));
}
