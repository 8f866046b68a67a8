// SPDX-License-Identifier: MIT
/* ISAHP_OPERATION_SAME_BITS: the same bits, or features do not leave. */
#include <sys/wait.h>
#include "lib_fixture.h"

enum { CLASS_PLAIN = 1, CLASS_VECTOR = 2 };

static const struct isahp_variant classes[] = {
	ISAHP_VARIANT_RESULTS("plain", which_plain, 100, CLASS_PLAIN, ISAHP_SET_NONE),
	ISAHP_VARIANT_RESULTS("ssse3", which_ssse3, 10, CLASS_VECTOR,
			      ISAHP_SET(SSSE3)),
	ISAHP_VARIANT_RESULTS("sse3", which_sse3, 50, CLASS_VECTOR, ISAHP_SET(SSE3)),
};

static const struct isahp_variant one_class[] = {
	ISAHP_VARIANT_RESULTS("plain", which_plain, 100, CLASS_VECTOR, ISAHP_SET_NONE),
	ISAHP_VARIANT_RESULTS("ssse3", which_ssse3, 10, CLASS_VECTOR,
			      ISAHP_SET(SSSE3)),
};

static const struct isahp_variant unnumbered[] = {
	ISAHP_VARIANT("plain", which_plain, 100, ISAHP_SET_NONE),
	ISAHP_VARIANT("sse3", which_sse3, 50, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("ssse3", which_ssse3, 10, ISAHP_SET(SSSE3)),
};

static struct isahp_operation bound = ISAHP_OPERATION_INIT(
	"bound", classes, 3, ISAHP_OPERATION_SAME_BITS);

static int call(struct isahp_operation *op)
{
	struct isahp_region region;
	int (*fn)(void) = (int (*)(void))isahp_enter(op, &region);
	int rc = fn();

	isahp_leave(&region);
	return rc;
}

static void begin(struct isahp_operation *op, const struct isahp_variant *variants,
		  unsigned int count)
{
	struct isahp_operation made = ISAHP_OPERATION_INIT(
		"bound", variants, count, ISAHP_OPERATION_SAME_BITS);

	*op = made;
	cr_assert_eq(isahp_operation_register(op), 0);
	start(0);
}

static int asked;

static int counts(const struct isahp_change *change, void *arg)
{
	(void)arg;
	(void)change;
	__atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
	return 0;
}

TestSuite(same_bits, .init = setup, .fini = teardown, .timeout = 60);

Test(same_bits, moves_within_its_class)
{
	__u64 n;

	begin(&bound, classes, 3);
	cr_expect_eq(call(&bound), 2);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect_eq(call(&bound), 1);
	cr_expect_eq(status().results_changed, 0);
}

Test(same_bits, vetoes_what_would_change_them)
{
	__u64 n;

	cr_assert_eq(isahp_callback_add(counts, NULL, 0), 0);
	begin(&bound, classes, 3);
	n = lib_shim_prepare(&shim, &sse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_NAK, LONG_MS));
	cr_expect_eq(status().veto, -EPERM);
	cr_expect_str_eq(status().reason, "same bits or no swap: bound");
	/* Nobody was disturbed, and everything is where it was. */
	cr_expect_eq(asked, 0);
	cr_expect_eq(call(&bound), 2);
	eventually(which() == 2);
	lib_shim_abort(&shim, &all);
	/* What it can agree to is still agreed to. */
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}

Test(same_bits, vetoes_the_second_of_two_and_restores)
{
	struct stay s;
	__u64 n;

	cr_assert_eq(isahp_callback_add(counts, NULL, 0), 0);
	begin(&bound, classes, 3);
	stay_begin(&s, &which_operation);
	lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(call(&bound) == 1);
	n = lib_shim_prepare(&shim, &sse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_NAK, LONG_MS));
	cr_expect_eq(asked, 2, "LEAVING, and RESTORED");
	cr_expect_eq(call(&bound), 2);
	stay_end(&s);
}

Test(same_bits, without_a_number_are_a_variant_s_own)
{
	__u64 n;

	begin(&bound, unnumbered, 3);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_NAK, LONG_MS));
	cr_expect_eq(call(&bound), 2);
}

Test(same_bits, change_when_nobody_asked_and_it_is_counted)
{
	struct isahp_features less = isahp_features_without(&all, &sse3);

	begin(&bound, classes, 3);
	lib_shim_commit(&shim, &less);
	eventually(call(&bound) == 0);
	cr_expect_eq(status().results_changed, 1);
	lib_shim_announce(&shim, &all);
	eventually(call(&bound) == 2);
	cr_expect_eq(status().results_changed, 2);
}

Test(same_bits, are_kept_where_another_class_is_faster)
{
	struct isahp_features less = isahp_features_without(&all, &sse3);

	lib_shim_announce(&shim, &less);
	begin(&bound, classes, 3);
	cr_expect_eq(call(&bound), 0);
	lib_shim_announce(&shim, &all);
	eventually(which() == 2);
	cr_expect_eq(call(&bound), 0);
	cr_expect_eq(status().results_changed, 0);
}

Test(same_bits, count_from_the_start)
{
	struct isahp_features less = isahp_features_without(&all, &sse3);

	lib_shim_announce(&shim, &less);
	cr_assert_eq(isahp_operation_register(&bound), 0);
	cr_expect_eq(call(&bound), 2); /* what CPUID shows */
	start(0);
	cr_expect_eq(call(&bound), 0);
	cr_expect_eq(status().results_changed, 0);
}

Test(same_bits, of_one_that_is_registered_later_count_from_there)
{
	__u64 n;

	start(0);
	cr_assert_eq(isahp_operation_register(&bound), 0);
	cr_expect_eq(call(&bound), 2);
	n = lib_shim_prepare(&shim, &sse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_NAK, LONG_MS));
}

Test(same_bits, outlive_the_following)
{
	begin(&bound, classes, 3);
	cr_assert_eq(isahp_stop(), 0);
	/* It uses on what it used, and the host is not told otherwise. */
	cr_expect_eq(call(&bound), 2);
	cr_expect_eq(which(), 0);
	cr_expect_eq(shim.unregistrations, 0);
	start(0);
	cr_expect_eq(call(&bound), 2);
	cr_assert_eq(isahp_operation_unregister(&bound), 0);
	cr_assert_eq(isahp_stop(), 0);
	cr_expect_eq(shim.unregistrations, 1);
	cr_expect_eq(status().results_changed, 0);
}

Test(same_bits, that_need_nothing_let_the_process_say_goodbye)
{
	begin(&bound, one_class, 2);
	cr_expect_eq(call(&bound), 2);
	cr_assert_eq(isahp_stop(), 0);
	cr_expect_eq(call(&bound), 0);
	cr_expect_eq(shim.unregistrations, 1);
}

#ifndef __SANITIZE_ADDRESS__
static int in_child(void)
{
	pid_t pid = fork();
	int wstatus;

	if (!pid)
		_exit(call(&bound));
	cr_assert_eq(waitpid(pid, &wstatus, 0), pid);
	cr_assert(WIFEXITED(wstatus));
	return WEXITSTATUS(wstatus);
}

Test(same_bits, are_a_child_s_too_once_it_follows)
{
	begin(&bound, classes, 3);
	cr_expect_eq(in_child(), 2);
}

Test(same_bits, are_not_kept_by_the_child_of_one_that_stopped)
{
	begin(&bound, classes, 3);
	cr_assert_eq(isahp_stop(), 0);
	cr_expect_eq(call(&bound), 2);
	/* The host knows of the parent that it uses on, of the child nothing. */
	cr_expect_eq(in_child(), 0);
}
#endif
