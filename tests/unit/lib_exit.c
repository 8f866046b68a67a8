// SPDX-License-Identifier: MIT
/*
 * Threads that end inside a call: by pthread_exit() and by cancellation. Built
 * twice, with -fexceptions, where the call's region ends as its frame is
 * unwound, and without, where it ends with the thread.
 */
#define _GNU_SOURCE
#include "lib_fixture.h"

#ifdef __EXCEPTIONS
#define UNWOUND true
#else
#define UNWOUND false
#endif

TestSuite(exit, .init = setup, .fini = teardown, .timeout = 60);

enum how { BY_EXIT, BY_CANCEL, BY_ASYNCHRONOUS_CANCEL };

static enum how how;
static pthread_barrier_t inside;
static bool was_held;

static void end_here(void)
{
	pthread_barrier_wait(&inside);
	if (how == BY_EXIT)
		pthread_exit(NULL);
	for (;;)
		if (how == BY_CANCEL)
			pthread_testcancel();
}

ISAHP_OPERATION_DECLARE(end, void, (void), ())
ISAHP_OPERATION_DEFINE(end,
	ISAHP_VARIANT("ssse3", end_here, 1, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("plain", end_here, 9, ISAHP_SET_NONE));

/* Runs between the end of the call's frame and the thread's. */
static void look(void *arg)
{
	(void)arg;
	was_held = isahp_self->slot[0].frame;
}

static void *ends_inside(void *arg)
{
	int type;

	pthread_cleanup_push(look, arg);
	if (how == BY_ASYNCHRONOUS_CANCEL)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	end();
	pthread_cleanup_pop(0);
	return NULL;
}

static void ends(enum how by)
{
	pthread_t thread;
	__u64 n = 0;

	how = by;
	start(0);
	pthread_barrier_init(&inside, NULL, 2);
	pthread_create(&thread, NULL, ends_inside, NULL);
	pthread_barrier_wait(&inside);
	if (by != BY_EXIT) {
		n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
		cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS));
		pthread_cancel(thread);
	}
	pthread_join(thread, NULL);
	if (by != BY_ASYNCHRONOUS_CANCEL) /* the loop has no landing pad */
		cr_expect_eq(was_held, !UNWOUND);
	if (by == BY_EXIT)
		n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}

Test(exit, inside_a_call_ends_it)
{
	ends(BY_EXIT);
}

Test(exit, cancelled_inside_a_call_ends_it)
{
	ends(BY_CANCEL);
}

Test(exit, cancelled_at_any_point_of_a_call_ends_it)
{
	ends(BY_ASYNCHRONOUS_CANCEL);
}
