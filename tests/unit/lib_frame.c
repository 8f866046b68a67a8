// SPDX-License-Identifier: MIT
/*
 * Which frames the library takes to be gone: none that is not. Each test has a
 * region that is open, and something on its thread that looks as if it were not.
 */
#include <sys/mman.h>
#include <ucontext.h>
#include "lib_fixture.h"

#define STACK (256 * 1024)

TestSuite(frame, .init = setup, .fini = teardown, .timeout = 60);

static bool held(__u64 n)
{
	return !lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS);
}

static bool acknowledged(__u64 n)
{
	return lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS);
}

/* --- arguments that are still on the stack -------------------------------------- */

static bool was_held;
static __u64 removal;

static void __attribute__((noinline)) asks(void)
{
	removal = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	was_held = held(removal);
}

/* Little of the stack is used between the call and the nested one. */
static void nests_and_asks(void)
{
	which();
	asks();
}

static void nests_plain(void)
{
	nests_and_asks();
}

ISAHP_OPERATION_DECLARE(nests, void, (void), ())
ISAHP_OPERATION_DEFINE(nests,
	ISAHP_VARIANT("ssse3", nests_and_asks, 1, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("plain", nests_plain, 9, ISAHP_SET_NONE));

#define TEN_LONGS long, long, long, long, long, long, long, long, long, long
#define TEN 0, 1, 2, 3, 4, 5, 6, 7, 8, 9

static void takes_forty(TEN_LONGS, TEN_LONGS, TEN_LONGS, TEN_LONGS)
{
}

/* So that nobody sees that it does not need them. */
static void (*volatile forty)(TEN_LONGS, TEN_LONGS, TEN_LONGS, TEN_LONGS) = takes_forty;

/* gcc pops the arguments when it has to, which is after it enters the call. */
static void __attribute__((noinline)) calls_behind_arguments(void)
{
	forty(TEN, TEN, TEN, TEN);
	nests();
}

Test(frame, is_not_below_arguments_of_an_earlier_call)
{
	start(0);
	isahp_mark(); /* the bounds of its stack are known */
	calls_behind_arguments();
	cr_expect(was_held);
	cr_expect(acknowledged(removal));
}
