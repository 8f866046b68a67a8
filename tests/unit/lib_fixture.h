/* SPDX-License-Identifier: MIT */
/*
 * What the tests that follow events share: a shim, an operation, and a thread
 * that stays inside one. The features are old enough for every CPU that runs
 * the tests: SSE3, and SSSE3, which depends on it.
 */
#ifndef LIB_FIXTURE_H
#define LIB_FIXTURE_H

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <isahp/isahp.h>
#include "eventually.h"
#include "lib_shim.h"

#define SHORT_MS 100	/* a deadline that is meant to be missed */

static int which_plain(void)
{
	return 0;
}

static int which_sse3(void)
{
	return 1;
}

static int which_ssse3(void)
{
	return 2;
}

ISAHP_OPERATION_DECLARE(which, int, (void), ())
ISAHP_OPERATION_DEFINE(which,
	ISAHP_VARIANT("plain", which_plain, 100, ISAHP_SET_NONE),
	ISAHP_VARIANT("ssse3", which_ssse3, 10, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("sse3", which_sse3, 50, ISAHP_SET(SSE3)));

static struct lib_shim shim;
static struct isahp_features all, none, ssse3, sse3;

static inline struct isahp_features one(unsigned int feature)
{
	struct isahp_features set = isahp_features_none();

	isahp_features_add(&set, feature);
	return set;
}

static inline void setup(void)
{
	all = isahp_cpuid_features();
	all = isahp_features_enabled(&all, isahp_cpuid_xcr0());
	none = isahp_features_none();
	ssse3 = one(ISAHP_FEATURE_SSSE3);
	sse3 = one(ISAHP_FEATURE_SSE3);
	lib_shim_start(&shim, &all);
}

static inline void teardown(void)
{
	isahp_stop();
	lib_shim_stop(&shim);
}

static inline struct isahp_status status(void)
{
	struct isahp_status s = { .size = sizeof(s) };

	cr_assert_eq(isahp_status(&s), 0);
	return s;
}

static inline void start(uint32_t flags)
{
	struct isahp_options o = { .size = sizeof(o), .flags = flags,
				   .loopback = shim.path };

	cr_assert_eq(isahp_start(&o), 0);
	cr_assert_eq(status().source, ISAHP_SOURCE_LOOPBACK);
}

static inline bool mode_is_urcu(void)
{
	const char *gp = getenv("ISAHP_GP");

	return gp && !strcmp(gp, "urcu");
}

/* A thread that is inside an operation from stay_begin() to stay_end(). */
struct stay {
	struct isahp_operation *op;
	pthread_t thread;
	pthread_barrier_t inside;
	pthread_mutex_t until;
	int polled;
};

static inline void *stay_thread(void *arg)
{
	struct stay *s = arg;
	struct isahp_region region;

	isahp_enter(s->op, &region);
	pthread_barrier_wait(&s->inside);
	pthread_mutex_lock(&s->until);
	s->polled = isahp_poll(s->op, &region);
	isahp_leave(&region);
	pthread_mutex_unlock(&s->until);
	return NULL;
}

static inline void stay_begin(struct stay *s, struct isahp_operation *op)
{
	s->op = op;
	pthread_barrier_init(&s->inside, NULL, 2);
	pthread_mutex_init(&s->until, NULL);
	pthread_mutex_lock(&s->until);
	cr_assert_eq(pthread_create(&s->thread, NULL, stay_thread, s), 0);
	pthread_barrier_wait(&s->inside);
}

static inline void stay_end(struct stay *s)
{
	pthread_mutex_unlock(&s->until);
	pthread_join(s->thread, NULL);
}

#endif /* LIB_FIXTURE_H */
