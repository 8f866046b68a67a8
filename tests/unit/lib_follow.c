// SPDX-License-Identifier: MIT
/* Events, and what operations and callbacks see of them. */
#include "lib_fixture.h"

TestSuite(follow, .init = setup, .fini = teardown, .timeout = 60);

Test(follow, prepare_moves_operations_and_is_acknowledged)
{
	__u64 n;

	start(0);
	cr_expect_eq(which(), 2);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect_eq(which(), 1);
	eventually(status().acks == 1);
}

Test(follow, leaving_takes_its_dependents_along)
{
	__u64 n;

	start(0);
	n = lib_shim_prepare(&shim, &sse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect_eq(which(), 0);
}

Test(follow, abort_brings_back_what_was)
{
	__u64 n;

	start(0);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	lib_shim_abort(&shim, &all);
	eventually(which() == 2);
}

Test(follow, commit_to_less_and_back)
{
	struct isahp_features less = isahp_features_without(&all, &ssse3);
	__u64 n;

	start(0);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	lib_shim_commit(&shim, &less);
	eventually(status().events == 2);
	cr_expect_eq(which(), 1);
	lib_shim_announce(&shim, &all);
	eventually(which() == 2);
}

Test(follow, joining_in_mid_prepare_is_safe_and_acknowledged)
{
	__u64 n = lib_shim_prepare(&shim, &ssse3, LONG_MS);

	start(0);
	cr_expect_eq(which(), 1);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}

Test(follow, features_that_the_cpu_lacks_are_not_used)
{
	struct isahp_features more = isahp_features_known();
	struct isahp_features usable;

	lib_shim_announce(&shim, &more);
	start(0);
	usable = status().usable;
	cr_expect(isahp_features_subset(&usable, &all));
	cr_expect_eq(which(), 2);
}

Test(follow, interest_names_what_variants_depend_on)
{
	struct isahp_features interest;

	start(0);
	interest = lib_shim_interest(&shim);
	cr_expect(isahp_features_has(&interest, ISAHP_FEATURE_SSSE3));
	cr_expect(isahp_features_has(&interest, ISAHP_FEATURE_SSE3));
	cr_expect_not(isahp_features_has(&interest, ISAHP_FEATURE_AVX));
}

static const struct isahp_variant late_variants[] = {
	ISAHP_VARIANT("plain", which_plain, 100, ISAHP_SET_NONE),
	ISAHP_VARIANT("popcnt", which_sse3, 10, ISAHP_SET(POPCNT)),
};

Test(follow, a_later_operation_extends_the_interest_before_it_is_used)
{
	struct isahp_operation op =
		ISAHP_OPERATION_INIT("late", late_variants, 2, 0);
	struct isahp_features interest;

	if (!isahp_features_has(&all, ISAHP_FEATURE_POPCNT))
		cr_skip_test("no POPCNT here");
	start(ISAHP_START_NO_THREAD);
	cr_assert_eq(isahp_operation_register(&op), 0);
	/* The shim has not been told yet: a removal would not be heard. */
	cr_expect_str_eq(isahp_operation_variant(&op)->name, "plain");
	while (isahp_operation_variant(&op) != &late_variants[1])
		cr_assert_geq(isahp_dispatch(100), 0);
	cr_expect_eq(shim.registrations, 2);
	interest = lib_shim_interest(&shim);
	cr_expect(isahp_features_has(&interest, ISAHP_FEATURE_POPCNT));
	cr_expect(isahp_features_has(&interest, ISAHP_FEATURE_SSSE3));
	cr_assert_eq(isahp_operation_unregister(&op), 0);
}

Test(follow, without_a_thread_the_application_dispatches)
{
	__u64 n;

	start(ISAHP_START_NO_THREAD);
	cr_expect_geq(isahp_fd(), 0);
	while (isahp_dispatch(0) > 0)
		;
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect_eq(which(), 2);
	cr_assert_eq(isahp_dispatch(LONG_MS), 1);
	cr_expect_eq(which(), 1);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}

Test(follow, is_not_dispatched_from_inside_a_region)
{
	struct isahp_region region;
	__u64 n;

	start(ISAHP_START_NO_THREAD);
	while (isahp_dispatch(0) > 0)
		;
	isahp_enter(&which_operation, &region);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect_eq(isahp_dispatch(LONG_MS), -EDEADLK);
	isahp_leave(&region);
	cr_expect_eq(isahp_dispatch(LONG_MS), 1);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}

Test(follow, stopping_says_goodbye_and_uses_nothing)
{
	start(0);
	cr_expect_eq(which(), 2);
	cr_assert_eq(isahp_stop(), 0);
	cr_expect_eq(shim.unregistrations, 1);
	cr_expect_eq(which(), 0);
	cr_expect_eq(status().source, ISAHP_SOURCE_CPU);
	cr_expect_eq(isahp_stop(), -EALREADY);
	start(0);
	cr_expect_eq(which(), 2);
}

Test(follow, stopping_inside_a_variant_says_nothing)
{
	struct stay s;

	start(0);
	stay_begin(&s, &which_operation);
	cr_assert_eq(isahp_stop(), 0);
	stay_end(&s);
	cr_expect_eq(shim.unregistrations, 0);
}

Test(follow, a_shim_that_dies_leaves_what_was)
{
	start(0);
	lib_shim_stop(&shim);
	eventually(status().error == -ECONNRESET || status().error == -EPIPE);
	cr_expect_eq(which(), 2);
	lib_shim_start(&shim, &all);
}

Test(follow, a_shim_that_dies_in_mid_prepare_leaves_the_safe_side)
{
	struct stay s;

	start(0);
	stay_begin(&s, &which_operation);
	lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	lib_shim_stop(&shim);
	eventually(status().error < 0);
	cr_expect_eq(which(), 1);
	stay_end(&s);
	cr_expect_eq(which(), 1);
	lib_shim_start(&shim, &all);
}

Test(follow, starting_twice_is_refused)
{
	struct isahp_options o = { .size = sizeof(o), .loopback = shim.path };

	start(0);
	cr_expect_eq(isahp_start(&o), -EALREADY);
	cr_expect_eq(isahp_fd(), -EINVAL);
	cr_expect_eq(isahp_dispatch(0), -EINVAL);
}
