// SPDX-License-Identifier: MIT
/* Callbacks: order, veto, what is told to whom, and when not any more. */
#include <stdio.h>
#include "lib_fixture.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char told[256];
static int veto_by;

static void note(int who, uint32_t kind)
{
	static const char letter[] = "?LCRT";
	size_t n;

	pthread_mutex_lock(&lock);
	n = strlen(told);
	snprintf(told + n, sizeof(told) - n, "%d%c ", who, letter[kind % 5]);
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

	cr_expect_eq(change->size, sizeof(*change));
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

/* --- why ------------------------------------------------------------------------ */

static const char *why;
static int how;

static int says_why(const struct isahp_change *change, void *arg)
{
	(void)arg;
	note(1, change->kind);
	return change->kind == ISAHP_CALLBACK_LEAVING ? isahp_veto(change, how, why) : 0;
}

static struct isahp_status vetoed(int error, const char *reason)
{
	__u64 n;

	how = error;
	why = reason;
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_NAK, LONG_MS));
	return status();
}

Test(callback, that_vetoes_may_say_why)
{
	char longer[2 * ISAHP_REASON_SIZE];
	struct isahp_status s;

	start(0);
	cr_assert_eq(isahp_callback_add(says_why, NULL, 0), 0);
	s = vetoed(-EBUSY, "a checkpoint is being written");
	cr_expect_eq(s.veto, -EBUSY);
	cr_expect_str_eq(s.reason, "a checkpoint is being written");
	lib_shim_abort(&shim, &all);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	s = vetoed(0, longer);
	cr_expect_eq(s.veto, -EPERM);
	cr_expect_eq(strnlen(s.reason, sizeof(s.reason)), ISAHP_REASON_SIZE - 1);
	lib_shim_abort(&shim, &all);
	s = vetoed(-ENOMEM, NULL);
	cr_expect_eq(s.veto, -ENOMEM);
	cr_expect_str_eq(s.reason, "");
}

Test(callback, that_agrees_has_no_reason_to_give)
{
	struct isahp_change change = { .kind = ISAHP_CALLBACK_CHANGED };

	cr_expect_eq(isahp_veto(NULL, -EBUSY, "nobody asked"), -EBUSY);
	cr_expect_eq(isahp_veto(&change, -EBUSY, "nobody asked"), -EBUSY);
	cr_expect_eq(isahp_veto(&change, 1, NULL), -EPERM);
}

static int gives_a_reason_and_agrees(const struct isahp_change *change, void *arg)
{
	(void)arg;
	(void)isahp_veto(change, -EBUSY, "on second thoughts");
	return 0;
}

Test(callback, is_not_quoted_for_another_one_s_veto)
{
	start(0);
	cr_assert_eq(isahp_callback_add(gives_a_reason_and_agrees, NULL, -1), 0);
	cr_assert_eq(isahp_callback_add(says_why, NULL, 0), 0);
	cr_expect_str_eq(vetoed(-EBUSY, NULL).reason, "");
}

/* --- overtaken -------------------------------------------------------------------- */

static __u64 (*meanwhile)(void);	/* what the host does while 1 is asked */
static __u64 meanwhile_sequence;

static int is_overtaken(const struct isahp_change *change, void *arg)
{
	__u64 (*now)(void) = meanwhile;

	note(1, change->kind);
	(void)arg;
	if (change->kind == ISAHP_CALLBACK_LEAVING && now) {
		meanwhile = NULL;
		__atomic_store_n(&meanwhile_sequence, now(), __ATOMIC_RELEASE);
	}
	return 0;
}

static __u64 aborts(void)
{
	return lib_shim_abort(&shim, &all);
}

static __u64 commits(void)
{
	struct isahp_features less = isahp_features_without(&all, &ssse3);

	return lib_shim_commit(&shim, &less);
}

static __u64 prepares_more(void)
{
	return lib_shim_prepare(&shim, &sse3, LONG_MS);
}

static __u64 prepares_the_same(void)
{
	return lib_shim_prepare(&shim, &ssse3, LONG_MS);
}

/* The host prepares, and then this, before 2 and 3 are asked. */
static __u64 overtake(__u64 (*by)(void))
{
	meanwhile = by;
	start(0);
	cr_assert_eq(isahp_callback_add(callback, (void *)2, 20), 0);
	cr_assert_eq(isahp_callback_add(is_overtaken, NULL, 10), 0);
	cr_assert_eq(isahp_callback_add(callback, (void *)3, 30), 0);
	return lib_shim_prepare(&shim, &ssse3, LONG_MS);
}

static __u64 second(void)
{
	return __atomic_load_n(&meanwhile_sequence, __ATOMIC_ACQUIRE);
}

Test(callback, is_not_asked_about_what_was_called_off)
{
	__u64 first = overtake(aborts);

	eventually(told_is("1L 1R "));
	eventually(status().events == 2);
	cr_expect_eq(which(), 2);
	cr_expect_eq(lib_shim_answers(&shim, first), 0);
	cr_expect_eq(status().swaps, 0);
}

Test(callback, is_asked_again_when_more_is_to_leave)
{
	__u64 first = overtake(prepares_more);

	eventually(second());
	cr_assert(lib_shim_answered(&shim, second(), ISAHP_ACK, LONG_MS));
	cr_expect(told_is("1L 1L 2L 3L "), "%s", told);
	cr_expect_eq(lib_shim_answers(&shim, first), 0);
	cr_expect_eq(which(), 0);
}

Test(callback, is_not_asked_again_about_the_same)
{
	__u64 first = overtake(prepares_the_same);

	eventually(second());
	cr_assert(lib_shim_answered(&shim, second(), ISAHP_ACK, LONG_MS));
	cr_expect(told_is("1L 2L 3L "), "%s", told);
	cr_expect_eq(lib_shim_answers(&shim, first), 0);
}

Test(callback, is_told_of_a_commit_that_came_before_it_was_asked)
{
	overtake(commits);
	eventually(told_is("1L 3C 2C 1C "));
	cr_expect_eq(which(), 1);
}

Test(callback, that_agreed_to_the_first_hears_of_the_second_s_veto)
{
	veto_by = 2;
	overtake(prepares_more);
	eventually(second());
	cr_assert(lib_shim_answered(&shim, second(), ISAHP_NAK, LONG_MS));
	cr_expect(told_is("1L 1L 2L 1R "), "%s", told);
	cr_expect_eq(which(), 2);
}

/* --- the deadline ------------------------------------------------------------------- */

static uint64_t shown;

static int looks_at_the_deadline(const struct isahp_change *change, void *arg)
{
	(void)arg;
	if (change->kind == ISAHP_CALLBACK_LEAVING) {
		cr_expect_eq(isahp_deadline(), change->deadline_ns);
		__atomic_store_n(&shown, isahp_deadline(), __ATOMIC_RELEASE);
	}
	return 0;
}

Test(deadline, is_shown_from_the_freeze_to_the_answer, .init = setup, .fini = teardown)
{
	struct stay s;
	__u64 n;

	start(0);
	cr_expect_eq(isahp_deadline(), 0);
	cr_assert_eq(isahp_callback_add(looks_at_the_deadline, NULL, 0), 0);
	stay_begin(&s, &which_operation);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(__atomic_load_n(&shown, __ATOMIC_ACQUIRE));
	cr_expect_eq(shown, shim.event.deadline_ns);
	cr_expect_eq(isahp_deadline(), shown);
	stay_end(&s);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	eventually(!isahp_deadline());
	/* The same for one that is called off. */
	lib_shim_abort(&shim, &all);
	eventually(which() == 2);
	stay_begin(&s, &which_operation);
	lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(isahp_deadline());
	lib_shim_abort(&shim, &all);
	eventually(!isahp_deadline());
	stay_end(&s);
}

Test(deadline, is_told_when_threads_are_inside_and_once, .init = setup, .fini = teardown)
{
	struct stay s;
	__u64 n;

	start(0);
	add_three();
	stay_begin(&s, &which_operation);
	n = lib_shim_prepare(&shim, &ssse3, SHORT_MS);
	eventually(told_is("1L 2L 3L 3T 2T 1T "));
	cr_expect_neq(isahp_deadline(), 0);
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS));
	stay_end(&s);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect(told_is("1L 2L 3L 3T 2T 1T "), "%s", told);
	lib_shim_abort(&shim, &all);
	eventually(told_is("1L 2L 3L 3T 2T 1T 3R 2R 1R "));
}
