// SPDX-License-Identifier: MIT
/*
 * Following events over the loopback. The features used are taken from what
 * this CPU has, so that every test runs on every machine: R1 and R2 stand for
 * removable ones (SSE3, SSSE3 on anything from the last fifteen years).
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <isahp/isahp.h>
#include "lib_shim.h"

#define LONG_MS 20000	/* for what must happen */

static int which_plain(void) { return 0; }
static int which_r1(void) { return 1; }
static int which_r2(void) { return 2; }

ISAHP_OPERATION_DECLARE(which, int, (void), ())
ISAHP_OPERATION_DEFINE(which,
	ISAHP_VARIANT("plain", which_plain, 100, ISAHP_SET_NONE),
	ISAHP_VARIANT("ssse3", which_r2, 10, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("sse3", which_r1, 50, ISAHP_SET(SSE3)));

static struct lib_shim shim;
static struct isahp_features all, none, ssse3, sse3;

static struct isahp_features one(unsigned int feature)
{
	struct isahp_features set = isahp_features_none();

	isahp_features_add(&set, feature);
	return set;
}

static void setup(void)
{
	all = isahp_cpuid_features();
	all = isahp_features_enabled(&all, isahp_cpuid_xcr0());
	none = isahp_features_none();
	ssse3 = one(ISAHP_FEATURE_SSSE3);
	sse3 = one(ISAHP_FEATURE_SSE3);
	lib_shim_start(&shim, &all);
}

static void teardown(void)
{
	isahp_stop();
	lib_shim_stop(&shim);
}

static struct isahp_status status(void)
{
	struct isahp_status s = { .size = sizeof(s) };

	cr_assert_eq(isahp_status(&s), 0);
	return s;
}

static void start(uint32_t flags)
{
	struct isahp_options o = { .size = sizeof(o), .flags = flags,
				   .loopback = shim.path };

	cr_assert_eq(isahp_start(&o), 0);
	cr_assert_eq(status().source, ISAHP_SOURCE_LOOPBACK);
}

/* Wait for what another thread will do. */
#define eventually(condition)                                                  \
	do {                                                                   \
		int tries_ = LONG_MS;                                          \
		while (!(condition) && tries_--)                               \
			usleep(1000);                                          \
		cr_assert(condition);                                          \
	} while (0)

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
