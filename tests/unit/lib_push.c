// SPDX-License-Identifier: MIT
/*
 * ISAHP_PUSH: what it may say, and that no more is done than it allows about a
 * straggler that gets a CPU only in turn with somebody else.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include "lib_fixture.h"
#include "libisahp/env.h"
#include "libisahp/park.h"
#include "libisahp/push.h"
#include "libisahp/raise.h"

TestSuite(push, .init = setup, .fini = teardown, .timeout = 60);

/* --- what it says ---------------------------------------------------------------- */

static struct isahp_library read_as(const char *value)
{
	struct isahp_library lib = { .environment = 0 };

	if (value)
		setenv("ISAHP_PUSH", value, 1);
	else
		unsetenv("ISAHP_PUSH");
	isahp_env_read(&lib);
	return lib;
}

Test(push, is_as_the_environment_says)
{
	static const struct {
		const char *value;
		uint32_t push;
		int error;
	} is[] = {
		{ NULL, ISAHP_PUSH_RAISE, 0 },	  { "", ISAHP_PUSH_RAISE, 0 },
		{ "raise", ISAHP_PUSH_RAISE, 0 }, { "park", ISAHP_PUSH_PARK, 0 },
		{ "none", ISAHP_PUSH_NONE, 0 },	  { "Park", ISAHP_PUSH_NONE, -EINVAL },
		{ "parks", ISAHP_PUSH_NONE, -EINVAL }, { "0", ISAHP_PUSH_NONE, -EINVAL },
	};
	struct isahp_library lib;
	size_t i;

	for (i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
		lib = read_as(is[i].value);
		cr_expect_eq(lib.push, is[i].push, "%zu", i);
		cr_expect_eq(lib.environment, is[i].error, "%zu", i);
	}
}

/* --- what is done ------------------------------------------------------------------ */

static uint32_t over, let_out;
static pthread_barrier_t inside;

static bool get(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void set(uint32_t *p)
{
	__atomic_store_n(p, 1, __ATOMIC_RELAXED);
}

/* The first CPU that there is; the others are for whoever is not pinned. */
static void pin(void)
{
	cpu_set_t may, one;
	int cpu = 0;

	cr_assert_eq(sched_getaffinity(0, sizeof(may), &may), 0);
	while (!CPU_ISSET(cpu, &may))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	cr_assert_eq(pthread_setaffinity_np(pthread_self(), sizeof(one), &one), 0);
}

static void *hogs(void *arg)
{
	pin();
	while (!get(&over))
		;
	return arg;
}

static void *straggles(void *arg)
{
	struct isahp_region r;

	pin();
	isahp_enter(&which_operation, &r);
	pthread_barrier_wait(&inside);
	while (!get(&let_out))
		;
	isahp_leave(&r);
	return arg;
}

static void *comes_anew(void *arg)
{
	while (!get(&over)) {
		which();
		sched_yield();
	}
	return arg;
}

/* Waits until it has been pushed, or should have been. */
static void remove_beside_a_straggler(enum isahp_push_how how, bool pushed)
{
	void *(*const what[])(void *) = { straggles, hogs, hogs, comes_anew };
	pthread_t thread[4];
	size_t i;
	__u64 n;

	isahp_library.push = how;
	start(0);
	pthread_barrier_init(&inside, NULL, 2);
	for (i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, what[i], NULL), 0);
	pthread_barrier_wait(&inside);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	if (pushed)
		eventually(isahp_push_count() && isahp_park_waits());
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS));
	set(&let_out);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	set(&over);
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
}

Test(push, none_does_nothing)
{
	remove_beside_a_straggler(ISAHP_PUSH_NONE, false);
	cr_expect_eq(isahp_push_count(), 0);
	cr_expect_eq(isahp_park_waits(), 0);
	cr_expect_eq(isahp_raise_loans(), 0);
}

Test(push, park_makes_newcomers_wait_and_lends_nothing)
{
	remove_beside_a_straggler(ISAHP_PUSH_PARK, true);
	cr_expect_eq(isahp_raise_loans(), 0);
}

/* For the counter above: it does count. */
Test(push, raise_lends_where_it_may)
{
	struct isahp_raise r;
	bool may = isahp_raise_begin(&r);

	if (may)
		isahp_raise_end(&r);
	remove_beside_a_straggler(ISAHP_PUSH_RAISE, true);
	cr_expect_eq(isahp_raise_loans() > 0, may);
}
