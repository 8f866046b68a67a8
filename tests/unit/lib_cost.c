// SPDX-License-Identifier: MIT
/* Costs that are measured on the spot, and what a removal does to it. */
#include <sys/wait.h>
#include "lib_fixture.h"

/* As unlike as day and night, so that no machine's noise reverses them. */
static int quick(void)
{
	return 0;
}

static int slow(void)
{
	volatile unsigned int turns = 100000;

	while (turns)
		turns--;
	return 1;
}

/* What was given is wrong. */
static const struct isahp_variant wrong[] = {
	ISAHP_VARIANT_RESULTS("quick", quick, 100, 1, ISAHP_SET_NONE),
	ISAHP_VARIANT_RESULTS("slow", slow, 10, 2, ISAHP_SET(SSSE3)),
};

static struct isahp_operation op = ISAHP_OPERATION_INIT("op", wrong, 2, 0);

static void calls_it(isahp_fn fn, void *arg)
{
	((int (*)(void))fn)();
	if (arg)
		++*(unsigned int *)arg;
}

TestSuite(cost, .init = setup, .fini = teardown, .timeout = 60);

Test(cost, is_what_was_given_until_it_is_measured)
{
	unsigned int calls = 0;

	cr_expect_eq(isahp_operation_cost(&op, 0), -ENOENT);
	cr_expect_eq(isahp_operation_measure(&op, calls_it, NULL), -ENOENT);
	cr_assert_eq(isahp_operation_register(&op), 0);
	cr_expect_eq(isahp_operation_measure(&op, NULL, NULL), -EINVAL);
	cr_expect_eq(isahp_operation_cost(&op, 0), 100);
	cr_expect_eq(isahp_operation_cost(&op, 1), 10);
	cr_expect_eq(isahp_operation_cost(&op, 2), -EINVAL);
	cr_expect_eq(isahp_operation_variant(&op), &wrong[1]);
	cr_assert_eq(isahp_operation_measure(&op, calls_it, &calls), 0);
	cr_expect_gt(calls, 100);
	cr_expect_eq(isahp_operation_variant(&op), &wrong[0]);
	cr_expect_gt(isahp_operation_cost(&op, 1), 100 * isahp_operation_cost(&op, 0));
	/* Picoseconds: 100,000 turns take longer than 10 us, and not a second. */
	cr_expect_gt(isahp_operation_cost(&op, 1), 10000000LL);
	cr_expect_lt(isahp_operation_cost(&op, 1), 1000000000000LL);
	cr_assert_eq(isahp_operation_unregister(&op), 0);
}

Test(cost, that_was_measured_counts_in_a_swap)
{
	__u64 n;

	cr_assert_eq(isahp_operation_register(&op), 0);
	start(0);
	cr_expect_eq(isahp_operation_variant(&op), &wrong[1]);
	cr_assert_eq(isahp_operation_measure(&op, calls_it, NULL), 0);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	lib_shim_abort(&shim, &all);
	eventually(which() == 2);
	cr_expect_eq(isahp_operation_variant(&op), &wrong[0]);
}

Test(cost, of_what_can_not_be_measured_keeps_its_place)
{
	static const struct isahp_variant places[] = {
		ISAHP_VARIANT("sse3", slow, 40, ISAHP_SET(SSE3)),
		ISAHP_VARIANT("plain", slow, 100, ISAHP_SET_NONE),
		ISAHP_VARIANT("worse", slow, 200, ISAHP_SET(SSE3)),
	};
	struct isahp_features less = isahp_features_without(&all, &sse3);
	struct isahp_operation made = ISAHP_OPERATION_INIT("made", places, 3, 0);
	int64_t plain;

	lib_shim_announce(&shim, &less);
	cr_assert_eq(isahp_operation_register(&made), 0);
	start(0);
	cr_assert_eq(isahp_operation_measure(&made, calls_it, NULL), 0);
	plain = isahp_operation_cost(&made, 1);
	cr_expect_gt(plain, 10000000LL);
	cr_expect_leq(llabs(isahp_operation_cost(&made, 0) - plain * 4 / 10), 1);
	cr_expect_leq(llabs(isahp_operation_cost(&made, 2) - plain * 2), 1);
	cr_expect_eq(isahp_operation_variant(&made), &places[1]);
	lib_shim_announce(&shim, &all);
	eventually(isahp_operation_variant(&made) == &places[0]);
	cr_assert_eq(isahp_operation_unregister(&made), 0);
}

Test(cost, does_not_change_results_that_are_bound)
{
	op.flags = ISAHP_OPERATION_SAME_BITS;
	cr_assert_eq(isahp_operation_register(&op), 0);
	start(0);
	cr_assert_eq(isahp_operation_measure(&op, calls_it, NULL), 0);
	cr_expect_gt(isahp_operation_cost(&op, 1), isahp_operation_cost(&op, 0));
	cr_expect_eq(isahp_operation_variant(&op), &wrong[1]);
}

static void measures_again(isahp_fn fn, void *arg)
{
	(void)fn;
	*(int *)arg = isahp_operation_measure(&op, measures_again, arg);
}

Test(cost, is_measured_by_one_at_a_time)
{
	int rc = 0;

	cr_assert_eq(isahp_operation_register(&op), 0);
	cr_expect_eq(isahp_operation_measure(&op, measures_again, &rc), 0);
	cr_expect_eq(rc, -EBUSY);
	cr_assert_eq(isahp_operation_unregister(&op), 0);
}

/* --- interrupted --------------------------------------------------------------------- */

/* A measurement that stands still inside the variant until it is let go. */
struct still {
	pthread_t thread;
	pthread_barrier_t met;
	isahp_fn in;	/* stands still in this one, once, */
	unsigned int at;	/* in its call with this number: amid a batch */
	unsigned int calls;
	int rc;
};

static void stands_still(isahp_fn fn, void *arg)
{
	struct still *s = arg;

	s->calls++;
	if (fn != s->in || s->at--)
		return;
	s->in = NULL;
	pthread_barrier_wait(&s->met);
	pthread_barrier_wait(&s->met);
	s->calls = 0;
}

static void *measures(void *arg)
{
	struct still *s = arg;

	s->rc = isahp_operation_measure(&op, stands_still, s);
	return NULL;
}

static void stand_still(struct still *s, int (*in)(void))
{
	memset(s, 0, sizeof(*s));
	s->in = (isahp_fn)in;
	s->at = 1000;
	pthread_barrier_init(&s->met, NULL, 2);
	cr_assert_eq(pthread_create(&s->thread, NULL, measures, s), 0);
	pthread_barrier_wait(&s->met);
}

static void go_on(struct still *s)
{
	pthread_barrier_wait(&s->met);
	pthread_join(s->thread, NULL);
}

static const struct isahp_variant removable[] = {
	ISAHP_VARIANT("slow", slow, 100, ISAHP_SET_NONE),
	ISAHP_VARIANT("quick", quick, 10, ISAHP_SET(SSSE3)),
};

Test(cost, measured_holds_a_removal_and_is_cut_short_by_it)
{
	struct still s;
	__u64 n;

	op.variants = removable;
	cr_assert_eq(isahp_operation_register(&op), 0);
	start(0);
	stand_still(&s, quick);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS));
	go_on(&s);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect_eq(s.rc, -EAGAIN);
	cr_expect_eq(s.calls, 0, "not one more");
	cr_expect_eq(isahp_operation_cost(&op, 1), 10);
	eventually(!isahp_deadline());
	cr_expect_eq(isahp_operation_measure(&op, calls_it, NULL), 0);
}

Test(cost, is_not_measured_while_features_leave)
{
	struct stay s;

	cr_assert_eq(isahp_operation_register(&op), 0);
	start(0);
	stay_begin(&s, &which_operation);
	lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	cr_expect_eq(isahp_operation_measure(&op, calls_it, NULL), -EAGAIN);
	cr_expect_eq(isahp_operation_cost(&op, 0), 100);
	stay_end(&s);
}

static void *unregisters(void *arg)
{
	*(int *)arg = isahp_operation_unregister(&op);
	return NULL;
}

Test(cost, measured_ends_when_the_operation_does)
{
	pthread_t thread;
	struct still s;
	int rc = -1;

	cr_assert_eq(isahp_operation_register(&op), 0);
	stand_still(&s, quick);
	cr_assert_eq(pthread_create(&thread, NULL, unregisters, &rc), 0);
	eventually(!isahp_operation_variant(&op));
	go_on(&s);
	pthread_join(thread, NULL);
	cr_expect_eq(s.rc, -ENOENT);
	cr_expect_eq(s.calls, 0);
	cr_expect_eq(rc, 0);
	cr_expect_eq(isahp_operation_cost(&op, 0), -ENOENT);
}

static pthread_barrier_t in_probe;

static void waits_twice(isahp_fn fn, void *arg)
{
	unsigned int *calls = arg;

	((int (*)(void))fn)();
	if (++*calls != 2)
		return;
	pthread_barrier_wait(&in_probe);
	pthread_barrier_wait(&in_probe);
}

static void *measures_and_waits(void *arg)
{
	unsigned int calls = 0;

	cr_expect_eq(isahp_operation_measure(&op, waits_twice, &calls), 0);
	return arg;
}

/* What the other thread is measuring with is not the child's to touch. */
static int measures_in_the_child(void)
{
	if (isahp_operation_measure(&op, calls_it, NULL))
		return 1;
	if (isahp_operation_variant(&op) != &wrong[0])
		return 2;
	return isahp_operation_unregister(&op) ? 3 : 0;
}

Test(cost, is_not_being_measured_in_a_fork_s_child)
{
	pthread_t thread;
	int wstatus;
	pid_t pid;

	cr_assert_eq(isahp_operation_register(&op), 0);
	pthread_barrier_init(&in_probe, NULL, 2);
	cr_assert_eq(pthread_create(&thread, NULL, measures_and_waits, NULL), 0);
	pthread_barrier_wait(&in_probe);
	cr_expect_eq(isahp_operation_measure(&op, calls_it, NULL), -EBUSY);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid)
		_exit(measures_in_the_child());
	cr_assert_eq(waitpid(pid, &wstatus, 0), pid);
	cr_expect_eq(wstatus, 0);
	pthread_barrier_wait(&in_probe);
	pthread_join(thread, NULL);
	cr_assert_eq(isahp_operation_unregister(&op), 0);
}
