// SPDX-License-Identifier: MIT
/* When a removal is acknowledged, and when it must not be. */
#include <signal.h>
#include "lib_fixture.h"

static int other_plain(void)
{
	return 0;
}

ISAHP_OPERATION_DECLARE(other, int, (void), ())
ISAHP_OPERATION_DEFINE(other,
	ISAHP_VARIANT("plain", other_plain, 100, ISAHP_SET_NONE));

TestSuite(drain, .init = setup, .fini = teardown, .timeout = 60);

Test(drain, a_call_inside_holds_the_acknowledgement_until_it_ends)
{
	struct stay s;
	__u64 n;

	start(0);
	stay_begin(&s, &which_operation);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS));
	stay_end(&s);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect(s.polled);
}

Test(drain, a_thread_inside_something_else_does_not)
{
	struct stay s;
	__u64 n;

	if (mode_is_urcu())
		cr_skip_test("a grace period waits for every reader");
	start(0);
	stay_begin(&s, &other_operation);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	/* It is acknowledged while that thread is still inside. */
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	stay_end(&s);
	cr_expect_not(s.polled);
}

Test(drain, a_thread_inside_an_older_variant_holds_it_too)
{
	struct isahp_features less = isahp_features_without(&all, &ssse3);
	struct stay s;
	__u64 n;

	lib_shim_announce(&shim, &less);
	start(0);
	stay_begin(&s, &which_operation); /* on SSE3 */
	lib_shim_announce(&shim, &all);
	eventually(which() == 2);
	n = lib_shim_prepare(&shim, &sse3, LONG_MS);
	eventually(which() == 0);
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS));
	stay_end(&s);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}

Test(drain, a_missed_deadline_is_not_acknowledged)
{
	struct stay s;
	__u64 n;

	start(0);
	stay_begin(&s, &which_operation);
	n = lib_shim_prepare(&shim, &ssse3, SHORT_MS);
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, 4 * SHORT_MS));
	cr_expect_eq(lib_shim_answers(&shim, n), 0);
	/* What was aborted is not acknowledged later either. */
	lib_shim_abort(&shim, &all);
	eventually(which() == 2);
	stay_end(&s);
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS));
	cr_expect_eq(lib_shim_answers(&shim, n), 0);
}

Test(drain, a_late_thread_is_acknowledged_while_the_prepare_is_pending)
{
	struct stay s;
	__u64 n;

	start(0);
	stay_begin(&s, &which_operation);
	n = lib_shim_prepare(&shim, &ssse3, SHORT_MS);
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, 3 * SHORT_MS));
	stay_end(&s);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}

Test(drain, a_newer_prepare_supersedes_and_only_it_is_acknowledged)
{
	struct stay s;
	__u64 first, second;

	start(0);
	stay_begin(&s, &which_operation);
	first = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	second = lib_shim_prepare(&shim, &sse3, LONG_MS);
	eventually(which() == 0);
	stay_end(&s);
	cr_expect(lib_shim_answered(&shim, second, ISAHP_ACK, LONG_MS));
	cr_expect_eq(lib_shim_answers(&shim, first), 0);
}

Test(drain, the_page_is_believed_when_the_event_is_late)
{
	struct stay s;
	__u64 first, second;

	start(0);
	stay_begin(&s, &which_operation);
	first = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	shim.mute = true;
	second = lib_shim_abort(&shim, &all);
	eventually(which() == 2);
	stay_end(&s);
	cr_expect_eq(lib_shim_answers(&shim, first), 0);
	cr_expect_eq(lib_shim_answers(&shim, second), 0);
}

static void nested(unsigned int depth, struct isahp_operation *op,
		   void (*inside)(void *), void *arg)
{
	struct isahp_region region;

	if (!depth) {
		inside(arg);
		return;
	}
	isahp_enter(op, &region);
	nested(depth - 1, op, inside, arg);
	isahp_leave(&region);
}

struct deep {
	pthread_barrier_t inside;
	pthread_mutex_t until;
	unsigned int depth;
};

static void deep_inside(void *arg)
{
	struct deep *d = arg;

	pthread_barrier_wait(&d->inside);
	pthread_mutex_lock(&d->until);
	pthread_mutex_unlock(&d->until);
}

static void *deep_thread(void *arg)
{
	struct deep *d = arg;

	/* All of them regions of an operation that no removal concerns. */
	nested(d->depth, &other_operation, deep_inside, d);
	return NULL;
}

static bool acknowledged_despite(unsigned int depth)
{
	struct deep d = { .depth = depth };
	pthread_t thread;
	bool before;
	__u64 n;

	pthread_barrier_init(&d.inside, NULL, 2);
	pthread_mutex_init(&d.until, NULL);
	pthread_mutex_lock(&d.until);
	pthread_create(&thread, NULL, deep_thread, &d);
	pthread_barrier_wait(&d.inside);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	before = lib_shim_answered(&shim, n, ISAHP_ACK,
				   depth > ISAHP_SLOTS ? SHORT_MS : LONG_MS);
	pthread_mutex_unlock(&d.until);
	pthread_join(thread, NULL);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	return before;
}

Test(drain, as_many_regions_as_slots_are_told_apart)
{
	if (mode_is_urcu())
		cr_skip_test("a grace period waits for every reader");
	start(0);
	cr_expect(acknowledged_despite(ISAHP_SLOTS));
}

Test(drain, more_regions_than_slots_are_inside_anything)
{
	start(0);
	cr_expect_not(acknowledged_despite(ISAHP_SLOTS + 1));
}

static pthread_barrier_t handled;
static volatile sig_atomic_t seen;

static void handler(int signal)
{
	(void)signal;
	seen = which() + 1;
	pthread_barrier_wait(&handled);
	pthread_barrier_wait(&handled);
}

static void *signalled_thread(void *arg)
{
	struct isahp_region region;

	isahp_enter(&which_operation, &region);
	pthread_kill(pthread_self(), SIGUSR1);
	pthread_barrier_wait(&handled);
	pthread_mutex_lock(arg);
	isahp_leave(&region);
	pthread_mutex_unlock(arg);
	return NULL;
}

Test(drain, a_handler_s_call_does_not_end_the_region_it_interrupts)
{
	pthread_mutex_t until = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread;
	__u64 n;

	start(0);
	pthread_barrier_init(&handled, NULL, 2);
	signal(SIGUSR1, handler);
	pthread_mutex_lock(&until);
	pthread_create(&thread, NULL, signalled_thread, &until);
	pthread_barrier_wait(&handled); /* in the handler */
	cr_expect_eq(seen, 3);
	pthread_barrier_wait(&handled); /* about to leave it */
	pthread_barrier_wait(&handled); /* left */
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS));
	pthread_mutex_unlock(&until);
	pthread_join(thread, NULL);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}

static void *leaves_by_exit(void *arg)
{
	struct isahp_region region;

	(void)arg;
	isahp_enter(&which_operation, &region);
	return NULL; /* without isahp_leave() */
}

Test(drain, a_thread_that_ended_is_inside_nothing)
{
	pthread_t thread;
	__u64 n;

	start(0);
	pthread_create(&thread, NULL, leaves_by_exit, NULL);
	pthread_join(thread, NULL);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}

static pthread_key_t last_key;

/* Runs after the library's own destructor, in the next round. */
static void calls_late(void *arg)
{
	struct stay *s = arg;
	struct isahp_region region;

	if (s->polled++ < 1) {
		pthread_setspecific(last_key, s);
		return;
	}
	isahp_enter(&which_operation, &region);
	pthread_barrier_wait(&s->inside);
	pthread_mutex_lock(&s->until);
	isahp_leave(&region);
	pthread_mutex_unlock(&s->until);
}

static void *exits_and_calls(void *arg)
{
	which();
	pthread_setspecific(last_key, arg);
	return NULL;
}

Test(drain, a_call_from_a_late_destructor_counts)
{
	struct stay s = { .polled = 0 };
	__u64 n;

	start(0);
	pthread_barrier_init(&s.inside, NULL, 2);
	pthread_mutex_init(&s.until, NULL);
	pthread_mutex_lock(&s.until);
	pthread_key_create(&last_key, calls_late);
	pthread_create(&s.thread, NULL, exits_and_calls, &s);
	pthread_barrier_wait(&s.inside);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS));
	stay_end(&s);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}
