// SPDX-License-Identifier: MIT
/* Callbacks: order, veto, and what is told to whom. */
#include <stdio.h>
#include "lib_fixture.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char told[256];
static int veto_by;

static void note(int who, uint32_t kind)
{
	static const char letter[] = "?LCR";
	size_t n;

	pthread_mutex_lock(&lock);
	n = strlen(told);
	snprintf(told + n, sizeof(told) - n, "%d%c ", who, letter[kind & 3]);
	pthread_mutex_unlock(&lock);
}

static bool told_is(const char *expected)
{
	bool same;

	pthread_mutex_lock(&lock);
	same = !strcmp(told, expected);
	pthread_mutex_unlock(&lock);
	return same;
}

static int callback(const struct isahp_change *change, void *arg)
{
	int who = (int)(intptr_t)arg;

	note(who, change->kind);
	return change->kind == ISAHP_CALLBACK_LEAVING && who == veto_by ? -EPERM : 0;
}

static void add_three(void)
{
	cr_assert_eq(isahp_callback_add(callback, (void *)2, 20), 0);
	cr_assert_eq(isahp_callback_add(callback, (void *)1, 10), 0);
	cr_assert_eq(isahp_callback_add(callback, (void *)3, 30), 0);
}

TestSuite(callback, .init = setup, .fini = teardown, .timeout = 60);

Test(callback, runs_by_priority_and_backwards_when_it_is_called_off)
{
	__u64 n;

	start(0);
	add_three();
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect(told_is("1L 2L 3L "), "%s", told);
	lib_shim_abort(&shim, &all);
	eventually(told_is("1L 2L 3L 3R 2R 1R "));
}

Test(callback, is_told_of_a_change_that_happened)
{
	struct isahp_features less = isahp_features_without(&all, &ssse3);
	__u64 n;

	start(0);
	add_three();
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	lib_shim_commit(&shim, &less);
	eventually(told_is("1L 2L 3L 3C 2C 1C "));
}

Test(callback, vetoes_and_nothing_has_happened)
{
	__u64 n;

	start(0);
	add_three();
	veto_by = 2;
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_NAK, LONG_MS));
	cr_expect(told_is("1L 2L 1R "), "%s", told);
	cr_expect_eq(which(), 2);
	eventually(status().naks == 1);
	lib_shim_abort(&shim, &all);
	eventually(status().events == 2);
	cr_expect(told_is("1L 2L 1R "), "%s", told);
	cr_expect_eq(which(), 2);
}

Test(callback, that_vetoed_is_overruled_by_a_commit)
{
	struct isahp_features less = isahp_features_without(&all, &ssse3);
	__u64 n;

	start(0);
	add_three();
	veto_by = 1;
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_NAK, LONG_MS));
	lib_shim_commit(&shim, &less);
	eventually(told_is("1L 3C 2C 1C "));
	cr_expect_eq(which(), 1);
}

Test(callback, that_vetoes_the_second_of_two_restores_all)
{
	struct stay s;
	__u64 n;

	start(0);
	add_three();
	stay_begin(&s, &which_operation);
	lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(told_is("1L 2L 3L "));
	veto_by = 2;
	n = lib_shim_prepare(&shim, &sse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_NAK, LONG_MS));
	cr_expect(told_is("1L 2L 3L 1L 2L 3R 2R 1R "), "%s", told);
	stay_end(&s);
}

Test(callback, is_not_called_after_it_was_removed)
{
	__u64 n;

	start(0);
	add_three();
	cr_assert_eq(isahp_callback_remove(callback, (void *)2), 0);
	cr_assert_eq(isahp_callback_remove(callback, (void *)2), -ENOENT);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect(told_is("1L 3L "), "%s", told);
}

static int removes_itself(const struct isahp_change *change, void *arg)
{
	note(7, change->kind);
	cr_expect_eq(isahp_callback_remove(removes_itself, arg), 0);
	cr_expect_eq(isahp_stop(), -EBUSY);
	cr_expect_eq(isahp_dispatch(0), -EBUSY);
	return 0;
}

Test(callback, may_remove_itself)
{
	__u64 n;

	start(0);
	cr_assert_eq(isahp_callback_add(removes_itself, NULL, 0), 0);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	lib_shim_abort(&shim, &all);
	eventually(status().events == 2);
	cr_expect(told_is("7L "), "%s", told);
}

static pthread_barrier_t in_callback;
static int removed;

static int is_slow(const struct isahp_change *change, void *arg)
{
	(void)change;
	(void)arg;
	pthread_barrier_wait(&in_callback);
	usleep(SHORT_MS * 1000);
	cr_expect_eq(__atomic_load_n(&removed, __ATOMIC_SEQ_CST), 0);
	return 0;
}

Test(callback, is_not_running_any_more_when_remove_returns)
{
	start(0);
	pthread_barrier_init(&in_callback, NULL, 2);
	cr_assert_eq(isahp_callback_add(is_slow, NULL, 0), 0);
	lib_shim_prepare(&shim, &ssse3, LONG_MS);
	pthread_barrier_wait(&in_callback);
	cr_assert_eq(isahp_callback_remove(is_slow, NULL), 0);
	__atomic_store_n(&removed, 1, __ATOMIC_SEQ_CST);
}

static int registers_and_calls(const struct isahp_change *change, void *arg)
{
	static const struct isahp_variant variants[] = {
		ISAHP_VARIANT("plain", which_plain, 100, ISAHP_SET_NONE),
		ISAHP_VARIANT("ssse3", which_ssse3, 10, ISAHP_SET(SSSE3)),
	};
	static struct isahp_operation op =
		ISAHP_OPERATION_INIT("made in a callback", variants, 2, 0);

	(void)arg;
	if (change->kind != ISAHP_CALLBACK_LEAVING)
		return 0;
	cr_expect_eq(isahp_operation_register(&op), 0);
	/* Frozen: what is made now avoids what is leaving. */
	cr_expect_eq(isahp_operation_variant(&op), &variants[0]);
	cr_expect_eq(isahp_operation_unregister(&op), 0);
	which();
	note(8, change->kind);
	return 0;
}

Test(callback, may_register_and_call_operations)
{
	__u64 n;

	start(0);
	cr_assert_eq(isahp_callback_add(registers_and_calls, NULL, 0), 0);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect(told_is("8L "), "%s", told);
}
