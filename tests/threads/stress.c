// SPDX-License-Identifier: MIT
/*
 * So many calls and so many swaps: short ones, inline, from as many threads as
 * asked for, while another takes the variant away and gives it back, with the
 * library's own steps and nothing between them. A call that finds its variant
 * removed is counted: there must be none. The run ends when both numbers are
 * reached.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <isa-core/features.h>
#include <isahp/isahp.h>
#include "libisahp/operation.h"
#include "libisahp/swap.h"

#define READERS_MAX 64
#define BATCH 1000

static uint32_t removed;	/* atomic */
static uint64_t violations;	/* atomic */
static uint32_t over;		/* atomic */

static uint64_t add_plain(uint64_t n)
{
	return n + 1;
}

static uint64_t add_removable(uint64_t n)
{
	if (__builtin_expect(__atomic_load_n(&removed, __ATOMIC_RELAXED), 0))
		__atomic_add_fetch(&violations, 1, __ATOMIC_RELAXED);
	return n + (1ULL << 32) + 1;
}

ISAHP_OPERATION_DECLARE(add, uint64_t, (uint64_t n), (n))
ISAHP_OPERATION_DEFINE(add,
	ISAHP_VARIANT("removable", add_removable, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("plain", add_plain, 2, ISAHP_SET_NONE));

/* Each on lines of its own: nothing of the test's is shared by callers. */
static struct reader {
	uint64_t calls;		/* atomic */
	uint64_t removable;
	pthread_t thread;
} __attribute__((aligned(128))) reader[READERS_MAX];

/* Removals may come between any two, and do: batches of both kinds. */
static void *calls(void *arg)
{
	struct reader *r = arg;
	uint64_t n;
	int i;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		for (i = 0, n = 0; i < BATCH; i++)
			n = add(n);
		r->removable += n >> 32;
		__atomic_store_n(&r->calls, r->calls + (uint32_t)n, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void put_on(const struct isahp_features *usable)
{
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.usable = *usable;
	isahp_operations_select();
	pthread_mutex_unlock(&isahp_library.lock);
}

static void one_swap(const struct isahp_features *with, uint64_t number)
{
	struct isahp_features without = isahp_features_none();
	struct isahp_drain drain;
	unsigned int turns;

	put_on(&without);
	(void)isahp_drain_begin(&drain, &without);
	while (isahp_drain_poll(&drain))
		;
	isahp_drain_end(&drain);
	__atomic_store_n(&removed, 1, __ATOMIC_SEQ_CST);
	for (turns = number % 61; turns; turns--)
		__builtin_ia32_pause();
	__atomic_store_n(&removed, 0, __ATOMIC_SEQ_CST);
	put_on(with);
	for (turns = number % 67; turns; turns--)
		__builtin_ia32_pause();
}

static uint64_t all_calls(unsigned int readers)
{
	uint64_t sum = 0;

	while (readers--)
		sum += __atomic_load_n(&reader[readers].calls, __ATOMIC_RELAXED);
	return sum;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int stress(unsigned int readers, double least_calls, double least_swaps)
{
	struct isahp_features with = isahp_features_none();
	uint64_t swaps = 0, removable = 0;
	double start = now();
	unsigned int i;

	isahp_features_add(&with, ISAHP_FEATURE_SSE3);
	for (i = 0; i < readers; i++)
		if (pthread_create(&reader[i].thread, NULL, calls, &reader[i]))
			return 1;
	while ((double)swaps < least_swaps || (double)all_calls(readers) < least_calls)
		one_swap(&with, swaps++);
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (i = 0; i < readers; i++) {
		pthread_join(reader[i].thread, NULL);
		removable += reader[i].removable;
	}
	printf("%llu calls, %llu of them of what is removed, %llu swaps, "
	       "%llu violations, %.1f s\n",
	       (unsigned long long)all_calls(readers), (unsigned long long)removable,
	       (unsigned long long)swaps, (unsigned long long)violations,
	       now() - start);
	return violations || !removable || removable == all_calls(readers);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "calls", required_argument, NULL, 'c' },
		{ "swaps", required_argument, NULL, 's' },
		{ "readers", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	double least_calls = 1e8, least_swaps = 1e4;
	unsigned int readers = 2;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'c')
			least_calls = atof(optarg);
		else if (c == 's')
			least_swaps = atof(optarg);
		else if (c == 'r')
			readers = (unsigned int)atoi(optarg);
		else
			return 2;
	}
	if (!readers || readers > READERS_MAX)
		return 2;
	return stress(readers, least_calls, least_swaps);
}
