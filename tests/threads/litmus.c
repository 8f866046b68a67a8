// SPDX-License-Identifier: MIT
/*
 * The one reordering that the membarrier is there for: the reader's recheck is
 * done while its slot still waits in the store buffer, and the updater looks at
 * the slot in between.
 *
 * The reader is the inline code that applications run. The updater publishes
 * with the library's own function and then does at once what the swap does in
 * more steps: isahp_barrier(), and a look at the reader's slot. Built with
 * ISAHP_CONTROL_NO_MEMBARRIER this has to go wrong: --expect-violation.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static unsigned long ticket;	/* atomic; the updater's invitation, */
static unsigned long arrived;	/* the reader is between load and slot, */
static unsigned long go;	/* and may go on */
static unsigned int over;	/* atomic */

/*
 * Meet the updater, and fill the store buffer with stores that miss the caches,
 * so that the slot's queues up behind them. Every x86 may do so at any time.
 */
static void enter_hook(void)
{
	static __thread volatile unsigned long cold[20][8] __attribute__((aligned(64)));
	unsigned long now = __atomic_load_n(&ticket, __ATOMIC_ACQUIRE);
	unsigned int i;

	if (now == arrived)
		return;
	for (i = 0; i < 20; i++)
		__builtin_ia32_clflush((const void *)cold[i]);
	__builtin_ia32_mfence();
	__atomic_store_n(&arrived, now, __ATOMIC_RELEASE);
	while (__atomic_load_n(&go, __ATOMIC_ACQUIRE) != now &&
	       !__atomic_load_n(&over, __ATOMIC_RELAXED))
		;
	for (i = 0; i < 20; i++)
		cold[i][0] = i;
}

#define ISAHP_ENTER_HOOK() enter_hook()

#include <isahp/isahp.h>
#include "libisahp/barrier.h"
#include "libisahp/operation.h"

static unsigned int removed;	/* atomic */
static unsigned long violations; /* atomic */
static struct isahp_hold *reader_slot;
static bool reader_is_fast;
static pthread_barrier_t ready;

static void run_plain(void)
{
}

static void run_removable(void)
{
	unsigned int i;

	for (i = 0; i < 4000; i++)
		if (__atomic_load_n(&removed, __ATOMIC_RELAXED)) {
			__atomic_add_fetch(&violations, 1, __ATOMIC_RELAXED);
			return;
		}
}

ISAHP_OPERATION_DECLARE(run, void, (void), ())
ISAHP_OPERATION_DEFINE(run,
	ISAHP_VARIANT("removable", run_removable, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("plain", run_plain, 2, ISAHP_SET_NONE));

static void pin(unsigned int wanted)
{
	cpu_set_t may, set;
	int cpu;

	if (sched_getaffinity(0, sizeof(may), &may))
		return;
	CPU_ZERO(&set);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &may) && !wanted--) {
			CPU_SET(cpu, &set);
			(void)pthread_setaffinity_np(pthread_self(), sizeof(set),
						     &set);
			return;
		}
}

static void *reader(void *arg)
{
	(void)arg;
	pin(1);
	run(); /* registered: from here on inline, if that is the mode */
	reader_slot = isahp_self->slot;
	reader_is_fast = isahp_self->fast;
	pthread_barrier_wait(&ready);
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		run();
	return NULL;
}

static void put_on(struct isahp_features usable)
{
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.usable = usable;
	isahp_operations_select();
	pthread_mutex_unlock(&isahp_library.lock);
}

static void spin(unsigned int rounds)
{
	while (rounds--)
		__asm__ volatile("");
}

static void one_round(unsigned long round)
{
	struct isahp_features none = isahp_features_none();
	struct isahp_features sse3 = none;
	struct isahp_descriptor *d;

	isahp_features_add(&sse3, ISAHP_FEATURE_SSE3);
	put_on(sse3);
	d = run_operation.current;
	__atomic_store_n(&ticket, round, __ATOMIC_RELEASE);
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) != round)
		;
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.usable = none;
	__atomic_store_n(&go, round, __ATOMIC_RELEASE);
	spin(round % 499);
	isahp_operations_select();
	isahp_barrier();
	while (__atomic_load_n(&reader_slot->d, __ATOMIC_ACQUIRE) == d)
		;
	__atomic_store_n(&removed, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&isahp_library.lock);
	spin(1000);
	__atomic_store_n(&removed, 0, __ATOMIC_SEQ_CST);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool found(void)
{
	return __atomic_load_n(&violations, __ATOMIC_RELAXED);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "expect-violation", no_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	bool expect_violation = false;
	unsigned long rounds = 0;
	double seconds = 3, end;
	pthread_t thread;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 's')
			seconds = atof(optarg);
		else if (c == 'e')
			expect_violation = true;
		else
			return 2;
	}
	pthread_barrier_init(&ready, NULL, 2);
	if (pthread_create(&thread, NULL, reader, NULL))
		return 1;
	pthread_barrier_wait(&ready);
	if (!reader_is_fast) {
		printf("skipped: no membarrier here, so no inline readers\n");
		return 77;
	}
	pin(0); /* only now: the reader would have inherited it */
	end = now() + seconds;
	while (now() < end && !(expect_violation && found()))
		one_round(++rounds);
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("%lu rounds, %lu violations\n", rounds, violations);
	return expect_violation == found() ? 0 : 1;
}
