// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/rules.h>
#include <hypervisor-shim/policy/names.h>
#include <isa-core/features.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim_env.h"

#define XCR0_AVX 7ULL

static struct isahp_rules haswell(void)
{
	struct isahp_rules policy = {
		.present = shim_set("x86-64-v3,aes,pclmulqdq,xsaveopt,vaes"),
		.envelope = isahp_features_known(),
		.pinned = shim_set("xsave,xsaveopt,cx16"),
		.xcr0 = XCR0_AVX,
		.registered = true,
	};

	return policy;
}

static void expect_refusal(int rc, const struct isahp_error *err,
			   const char *feature, const char *reason)
{
	cr_assert_eq(rc, -EPERM);
	cr_assert_eq(err->class, ISAHP_ERROR_POLICY);
	cr_assert(strstr(err->text, feature), "%s", err->text);
	cr_assert(strstr(err->text, reason), "%s", err->text);
}

Test(policy, removes_avx2_with_what_depends_on_it)
{
	struct isahp_rules policy = haswell();
	struct isahp_features remove = shim_set("avx2"), leaving;
	struct isahp_features expected = shim_set("avx2,vaes");
	struct isahp_error err;

	cr_assert_eq(isahp_rules_remove(&policy, &remove, &leaving, &err), 0);
	cr_assert(isahp_features_equal(&leaving, &expected));
}

Test(policy, refuses_to_remove_silent_features)
{
	struct isahp_rules policy = haswell();
	struct isahp_features remove = shim_set("abm,bmi1,avx2"), leaving;
	struct isahp_error err;
	int rc = isahp_rules_remove(&policy, &remove, &leaving, &err);

	expect_refusal(rc, &err, "abm (silent", "bmi1 (silent");
	policy.play_silent = true;
	cr_assert_eq(isahp_rules_remove(&policy, &remove, &leaving, &err), 0);
}

Test(policy, refuses_to_remove_state_that_is_enabled)
{
	struct isahp_rules policy = haswell();
	struct isahp_features remove = shim_set("avx"), leaving;
	struct isahp_error err;
	int rc = isahp_rules_remove(&policy, &remove, &leaving, &err);

	expect_refusal(rc, &err, "avx (", "XSAVE state that the guest has enabled");
	/* Nothing is enabled: nothing is lost. */
	policy.xcr0 = 3;
	cr_assert_eq(isahp_rules_remove(&policy, &remove, &leaving, &err), 0);
	/* Not known counts as enabled. */
	policy.registered = false;
	rc = isahp_rules_remove(&policy, &remove, &leaving, &err);
	expect_refusal(rc, &err, "avx (", "has not said");
	policy.no_state = true;
	cr_assert_eq(isahp_rules_remove(&policy, &remove, &leaving, &err), 0);
}

Test(policy, refuses_to_remove_pinned_features)
{
	struct isahp_rules policy = haswell();
	struct isahp_features remove = shim_set("cx16"), leaving;
	struct isahp_error err;
	int rc = isahp_rules_remove(&policy, &remove, &leaving, &err);

	expect_refusal(rc, &err, "cx16 (pinned", "kernel");
	/* What is true of every guest is said first: a kernel pins AVX as well. */
	isahp_features_add(&policy.pinned, ISAHP_FEATURE_AVX);
	remove = shim_set("avx");
	rc = isahp_rules_remove(&policy, &remove, &leaving, &err);
	expect_refusal(rc, &err, "avx (owns XSAVE state", "enabled");
}

Test(policy, gates_what_a_hypervisor_refuses_to_whom_it_hides_it)
{
	struct isahp_features visible = shim_set("x86-64-v3,rdrand,rdtscp,fsgsbase");
	struct isahp_features gated = isahp_rules_gated(&visible);
	struct isahp_features expected = shim_set("rdpid,rdseed,waitpkg,rdpru,mwaitx");
	struct isahp_rules policy = haswell();
	struct isahp_features add = shim_set("rdseed"), present;
	struct isahp_error err;

	cr_assert(isahp_features_equal(&gated, &expected));
	/* Only a masked guest has any. */
	cr_assert_eq(isahp_rules_add(&policy, &add, &present, &err), 0);
	policy.gated = gated;
	expect_refusal(isahp_rules_add(&policy, &add, &present, &err), &err,
		       "rdseed (hidden", "refused by hypervisors");
	add = shim_set("adx,sha_ni");
	cr_assert_eq(isahp_rules_add(&policy, &add, &present, &err), 0);
}

Test(policy, removal_of_what_is_absent_is_nothing)
{
	struct isahp_rules policy = haswell();
	struct isahp_features remove = shim_set("avx512f,sha_ni"), leaving;
	struct isahp_error err;

	cr_assert_eq(isahp_rules_remove(&policy, &remove, &leaving, &err), 0);
	cr_assert(isahp_features_empty(&leaving));
}

Test(policy, addition_needs_its_dependencies)
{
	struct isahp_rules policy = haswell();
	struct isahp_features add = shim_set("vpclmulqdq"), present;
	struct isahp_error err;
	int rc;

	policy.present = shim_set("x86-64-v2,xsave,avx,pclmulqdq");
	rc = isahp_rules_add(&policy, &add, &present, &err);
	expect_refusal(rc, &err, "vpclmulqdq needs avx2", "no processor has it");
	add = shim_set("vpclmulqdq,avx2");
	cr_assert_eq(isahp_rules_add(&policy, &add, &present, &err), 0);
	cr_assert(isahp_features_subset(&add, &present));
	cr_assert(isahp_features_subset(&policy.present, &present));
}

Test(policy, refuses_to_add_state_that_is_not_enabled)
{
	struct isahp_rules policy = haswell();
	struct isahp_features add = shim_set("avx512f"), present;
	struct isahp_error err;
	int rc = isahp_rules_add(&policy, &add, &present, &err);

	expect_refusal(rc, &err, "avx512f (", "has not enabled");
	policy.xcr0 |= ISAHP_XFEATURE_AVX512;
	cr_assert_eq(isahp_rules_add(&policy, &add, &present, &err), 0);
}

Test(policy, refuses_to_add_outside_the_envelope)
{
	struct isahp_rules policy = haswell();
	struct isahp_features add = shim_set("sha_ni"), present;
	struct isahp_error err;

	policy.envelope = policy.present;
	expect_refusal(isahp_rules_add(&policy, &add, &present, &err), &err,
		       "sha_ni (", "envelope");
}

Test(policy, move_takes_what_the_target_lacks)
{
	struct isahp_rules policy = haswell();
	struct isahp_target target = {
		.present = shim_set("x86-64-v3,aes,pclmulqdq,xsaveopt,sha_ni,-avx2,-bmi2"),
	};
	struct isahp_features expected = shim_set("avx2,bmi2,vaes"), leaving;
	struct isahp_error err;

	cr_assert_eq(isahp_rules_move(&policy, &target, &leaving, &err), 0);
	cr_assert(isahp_features_equal(&leaving, &expected));
}

Test(policy, move_names_everything_that_is_in_the_way)
{
	struct isahp_rules policy = haswell();
	struct isahp_target target = { .present = shim_set("x86-64-v2") };
	struct isahp_features leaving;
	struct isahp_error err;
	int rc = isahp_rules_move(&policy, &target, &leaving, &err);

	expect_refusal(rc, &err, "abm", "bmi1");
	expect_refusal(rc, &err, "avx (", "xsave (pinned");
}

Test(policy, move_demands_what_is_pinned_although_nobody_announces_it)
{
	struct isahp_rules policy = haswell();
	struct isahp_target target = { .present = policy.present };
	struct isahp_features leaving;
	struct isahp_error err;

	policy.pinned = shim_set("xsave,smep,fsgsbase");
	expect_refusal(isahp_rules_move(&policy, &target, &leaving, &err), &err,
		       "smep (pinned", "fsgsbase (pinned");
	target.shown = shim_set("smep,fsgsbase");
	cr_assert_eq(isahp_rules_move(&policy, &target, &leaving, &err), 0);
	cr_assert(isahp_features_empty(&leaving));
}

Test(policy, what_was_promised_stays)
{
	struct isahp_rules policy = haswell();
	struct isahp_target target = { .present = policy.present };
	struct isahp_features remove = shim_set("bmi2"), leaving;
	struct isahp_error err;

	cr_assert_eq(isahp_rules_remove(&policy, &remove, &leaving, &err), 0);
	policy.baseline = shim_set("bmi2,movbe,smap");
	expect_refusal(isahp_rules_remove(&policy, &remove, &leaving, &err), &err,
		       "bmi2 (in the VM's baseline", "know nothing of isahp");
	/* Promised, though nobody announced it. */
	expect_refusal(isahp_rules_move(&policy, &target, &leaving, &err), &err,
		       "refused to move smap (in the VM's baseline", "rest on it");
	target.shown = shim_set("smap");
	cr_assert_eq(isahp_rules_move(&policy, &target, &leaving, &err), 0);
	isahp_features_del(&target.present, ISAHP_FEATURE_MOVBE);
	expect_refusal(isahp_rules_move(&policy, &target, &leaving, &err), &err,
		       "refused to move movbe (in the VM's baseline", "rest on it");
}

#define XCR0_PKU (XCR0_AVX | ISAHP_XFEATURE_PKRU)

Test(policy, move_refuses_another_place_of_register_state)
{
	struct isahp_rules policy = haswell();
	struct isahp_target target = { .present = policy.present };
	struct isahp_features leaving;
	struct isahp_error err;

	/* Older guest or host: nothing to compare. */
	cr_assert_eq(isahp_rules_move(&policy, &target, &leaving, &err), 0);
	policy.xcr0 = XCR0_PKU;
	policy.layout = isahp_layout_tcg(XCR0_PKU);
	cr_assert_eq(isahp_rules_move(&policy, &target, &leaving, &err), 0);
	target.layout = policy.layout;
	cr_assert_eq(isahp_rules_move(&policy, &target, &leaving, &err), 0);
	target.layout.xcr0 |= ISAHP_XFEATURE_AVX512;
	cr_assert_eq(isahp_rules_move(&policy, &target, &leaving, &err), 0);

	/* As an AMD CPU without MPX has it. */
	target.layout.component[9].offset = 832;
	expect_refusal(isahp_rules_move(&policy, &target, &leaving, &err), &err,
		       "PKRU state (", "byte 2688 of an XSAVE image, at 832 there");
	target.layout.component[2].size = 512;
	expect_refusal(isahp_rules_move(&policy, &target, &leaving, &err), &err,
		       "AVX state (", "PKRU state (");
	target.layout = isahp_layout_tcg(XCR0_AVX);
	expect_refusal(isahp_rules_move(&policy, &target, &leaving, &err), &err,
		       "PKRU state (", "XCR0 bit 9");
}

Test(policy, a_layout_survives_json)
{
	struct isahp_layout layout = isahp_layout_tcg(XCR0_PKU), back;
	json_t *json = isahp_layout_to_json(&layout);
	struct isahp_error err;
	char why[96];

	cr_assert_eq(isahp_layout_from_json(json, &back, &err), 0);
	json_decref(json);
	cr_assert_eq(back.xcr0, layout.xcr0);
	cr_assert_eq(back.component[9].offset, 2688);
	cr_assert_not(isahp_layout_differs(&layout, &back, 9, why, sizeof(why)));
	json = json_pack("{s:i, s:[{s:i, s:i, s:i}]}", "xcr0", 7, "components",
			 "number", 63, "offset", 0, "size", 1);
	cr_assert_eq(isahp_layout_from_json(json, &back, &err), -EINVAL);
	json_decref(json);
}

/* Whatever is asked: what leaves is present, closed, and never forbidden. */
Test(policy, random_requests_never_break_the_rules)
{
	unsigned int seed = (unsigned int)time(NULL), i, n;
	struct isahp_features remove, leaving, closed;
	struct isahp_rules policy = haswell();
	struct isahp_features silent =
		isahp_features_of_class(ISAHP_CLASS_SILENT);
	struct isahp_error err;

	cr_log_info("seed %u", seed);
	srand(seed);
	for (i = 0; i < 20000; i++) {
		remove = isahp_features_none();
		for (n = rand() % 4; n; n--)
			isahp_features_add(&remove, rand() % ISAHP_FEATURE_MAX);
		if (isahp_rules_remove(&policy, &remove, &leaving, &err))
			continue;
		cr_assert(isahp_features_subset(&leaving, &policy.present),
			  "seed %u", seed);
		cr_assert(!isahp_features_meet(&leaving, &silent), "seed %u", seed);
		cr_assert(!isahp_features_meet(&leaving, &policy.pinned),
			  "seed %u", seed);
		closed = isahp_features_dependents(&leaving);
		closed = isahp_features_and(&closed, &policy.present);
		cr_assert(isahp_features_equal(&closed, &leaving), "seed %u", seed);
	}
}
