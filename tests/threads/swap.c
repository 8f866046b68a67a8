// SPDX-License-Identifier: MIT
/*
 * Threads call operations at random while features come and go. From the
 * acknowledgement of a removal until just before it is taken back the features
 * are marked as removed: a variant that finds one of its own marked was running
 * after the acknowledgement, or was entered after it. That is the violation that
 * the whole library exists to prevent.
 *
 * Built again without the reader's recheck (ISAHP_CONTROL_NO_RECHECK), the same
 * program has to find violations: --expect-violation. litmus.c does that for the
 * membarrier.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* --- what is put between load and slot --------------------------- */

static void enter_hook(void);
#define ISAHP_ENTER_HOOK() enter_hook()

#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <isahp/isahp.h>
#include "lib_shim.h"


static __thread uint64_t random_state = 88172645463325252ULL;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

static void spin(unsigned int rounds)
{
	while (rounds--)
		__builtin_ia32_pause();
}

#ifdef ISAHP_CONTROL_NO_RECHECK
static void enter_hook(void)
{
	/* Now and then longer than an acknowledgement takes on a busy machine. */
	if (!random_below(4))
		spin(random_below(random_below(4) ? 20000 : 400000));
}
#else
/* As often between the two as the scheduler likes, and a little more. */
static void enter_hook(void)
{
	if (!random_below(64))
		spin(random_below(200));
}
#endif

/* --- variants --------------------------------------------------------------- */

enum { SSE3 = 1, SSSE3 = 2, POPCNT = 4 };

static uint32_t removed;	/* atomic; features between ack and return */
static uint64_t violations;	/* atomic */
static uint64_t calls;		/* atomic */
static uint32_t over;		/* atomic */

static void run(uint32_t uses, unsigned int rounds)
{
	bool bad = false;

	do {
		bad |= __atomic_load_n(&removed, __ATOMIC_RELAXED) & uses;
		spin(4);
	} while (rounds-- && !bad);
	if (bad)
		__atomic_add_fetch(&violations, 1, __ATOMIC_RELAXED);
}

static void run_plain(unsigned int rounds) { run(0, rounds); }
static void run_sse3(unsigned int rounds) { run(SSE3, rounds); }
static void run_ssse3(unsigned int rounds) { run(SSE3 | SSSE3, rounds); }
static void run_popcnt(unsigned int rounds) { run(SSE3 | POPCNT, rounds); }

ISAHP_OPERATION_DECLARE(first, void, (unsigned int rounds), (rounds))
ISAHP_OPERATION_DEFINE(first,
	ISAHP_VARIANT("plain", run_plain, 100, ISAHP_SET_NONE),
	ISAHP_VARIANT("sse3", run_sse3, 50, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("ssse3", run_ssse3, 20, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("popcnt", run_popcnt, 10, ISAHP_SET(POPCNT)));

ISAHP_OPERATION_DECLARE(second, void, (unsigned int rounds), (rounds))
ISAHP_OPERATION_DEFINE(second,
	ISAHP_VARIANT("ssse3", run_ssse3, 20, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("plain", run_plain, 100, ISAHP_SET_NONE));

ISAHP_OPERATION_DECLARE(third, void, (unsigned int rounds), (rounds))
ISAHP_OPERATION_DEFINE(third,
	ISAHP_VARIANT("popcnt", run_popcnt, 30, ISAHP_SET(POPCNT)),
	ISAHP_VARIANT("sse3", run_sse3, 60, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("plain", run_plain, 100, ISAHP_SET_NONE));

/* --- readers ---------------------------------------------------------------- */

static struct isahp_operation *const operations[] = {
	&first_operation, &second_operation, &third_operation,
};

static void call_one(unsigned int depth);

static void region(unsigned int depth)
{
	struct isahp_operation *op = operations[random_below(3)];
	struct isahp_region r;
	void (*fn)(unsigned int) = (void (*)(unsigned int))isahp_enter(op, &r);
	unsigned int n = random_below(4);

	do {
		fn(random_below(50));
		if (depth < 8)
			call_one(depth + 1);
	} while (n-- && !isahp_poll(op, &r));
	isahp_leave(&r);
}

static void call_one(unsigned int depth)
{
	unsigned int rounds = random_below(100);

	/* Now and then one that is longer than an acknowledgement takes. */
	if (!random_below(8))
		rounds = 3000;
	switch (random_below(depth ? 12 : 4)) {
	case 0:
		first(rounds);
		break;
	case 1:
		second(rounds);
		break;
	case 2:
		third(rounds);
		break;
	case 3:
		region(depth);
		break;
	}
}

static void handler(int signal)
{
	uint64_t state = random_state;

	(void)signal;
	first(random_below(20));
	random_state = state + 1;
}

static void *reader(void *arg)
{
	uint64_t n = 0;

	random_state = (uintptr_t)arg | 1;
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		call_one(0);
		n++;
	}
	__atomic_add_fetch(&calls, n, __ATOMIC_RELAXED);
	return NULL;
}

static void *short_lived(void *arg)
{
	random_state = (uintptr_t)arg | 1;
	call_one(0);
	return NULL;
}

/* Threads that come and go, and interrupt others. */
static void *mother(void *arg)
{
	pthread_t *others = arg;
	pthread_t child;
	int i;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		if (!pthread_create(&child, NULL, short_lived,
				    (void *)(uintptr_t)random_below(1u << 30)))
			pthread_join(child, NULL);
		for (i = 0; i < 2; i++)
			pthread_kill(others[i], SIGUSR1);
		usleep(200);
	}
	return NULL;
}

/* --- the host ---------------------------------------------------------------- */

static struct lib_shim shim;
static struct isahp_features all;
static uint64_t swaps;
static bool expect_violation;

static uint32_t gone_with(const struct isahp_features *leaving)
{
	struct isahp_features rest = isahp_features_without(&all, leaving);
	uint32_t mask = 0;

	mask |= isahp_features_has(&rest, ISAHP_FEATURE_SSE3) ? 0 : SSE3;
	mask |= isahp_features_has(&rest, ISAHP_FEATURE_SSSE3) ? 0 : SSSE3;
	mask |= isahp_features_has(&rest, ISAHP_FEATURE_POPCNT) ? 0 : POPCNT;
	return mask;
}

static bool one_removal(void)
{
	static const unsigned int choice[] = {
		ISAHP_FEATURE_SSE3, ISAHP_FEATURE_SSSE3, ISAHP_FEATURE_POPCNT,
	};
	struct isahp_features leaving = isahp_features_none();
	__u64 n;

	isahp_features_add(&leaving, choice[random_below(3)]);
	if (!random_below(2))
		isahp_features_add(&leaving, choice[random_below(3)]);
	n = lib_shim_prepare(&shim, &leaving, 30000);
	if (!random_below(8)) {
		/* Changed its mind: whatever comes of it counts for nothing. */
		lib_shim_abort(&shim, &all);
		return true;
	}
	if (!lib_shim_answered(&shim, n, ISAHP_ACK, 30000)) {
		fprintf(stderr, "record %llu was not acknowledged\n",
			(unsigned long long)n);
		return false;
	}
	__atomic_store_n(&removed, gone_with(&leaving), __ATOMIC_SEQ_CST);
	spin(random_below(3000));
	__atomic_store_n(&removed, 0, __ATOMIC_SEQ_CST);
	lib_shim_abort(&shim, &all);
	swaps++;
	return true;
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static bool found(void)
{
	return __atomic_load_n(&violations, __ATOMIC_RELAXED);
}

static bool removals(double seconds)
{
	struct timespec start;
	bool ok = true;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (ok && seconds_since(&start) < seconds &&
	       !(expect_violation && found()))
		ok = one_removal();
	return ok;
}

#define READERS_MAX 64

static int stress(unsigned int readers, double seconds)
{
	struct isahp_options o = { .size = sizeof(o), .loopback = shim.path };
	pthread_t thread[READERS_MAX + 1];
	unsigned int i;
	bool ok;
	int rc;

	rc = isahp_start(&o);
	if (rc) {
		fprintf(stderr, "isahp_start: %s\n", strerror(-rc));
		return 1;
	}
	signal(SIGUSR1, handler);
	for (i = 0; i < readers; i++)
		pthread_create(&thread[i], NULL, reader,
			       (void *)(uintptr_t)(random_below(1u << 30) + i));
	pthread_create(&thread[readers], NULL, mother, thread);
	ok = removals(seconds);
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	pthread_join(thread[readers], NULL);
	for (i = 0; i < readers; i++)
		pthread_join(thread[i], NULL);
	isahp_stop();
	return ok ? 0 : 1;
}

static int verdict(int rc)
{
	printf("%llu calls, %llu removals, %llu violations\n",
	       (unsigned long long)calls, (unsigned long long)swaps,
	       (unsigned long long)violations);
	if (rc || !swaps)
		return 1;
	return expect_violation == found() ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "readers", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 'd' },
		{ "expect-violation", no_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned int readers = 4;
	double seconds = 3;
	uint64_t seed;
	int c, rc;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 's')
			seconds = atof(optarg);
		else if (c == 'r')
			readers = (unsigned int)atoi(optarg);
		else if (c == 'd')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'e')
			expect_violation = true;
		else
			return 2;
	}
	if (readers < 2 || readers > READERS_MAX)
		return 2;
	printf("seed %#llx, %u readers, %g s\n", (unsigned long long)seed, readers,
	       seconds);
	fflush(stdout);
	random_state = seed | 1;
	all = isahp_cpuid_features();
	all = isahp_features_enabled(&all, isahp_cpuid_xcr0());
	lib_shim_start(&shim, &all);
	rc = stress(readers, seconds);
	lib_shim_stop(&shim);
	return verdict(rc);
}
