// SPDX-License-Identifier: MIT
/*
 * What a swap costs the updater while another CPU calls the operation all the
 * time: publish, barrier, scan, wait for the reader to come out. The peer is the
 * one membarrier in it.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <bench.h>
#include "barrier.h"
#include "operation.h"
#include "swap.h"

#define SWAPS 4000

static void work(void)
{
	unsigned int turns = 300; /* about 100 ns */

	while (turns--)
		__asm__ volatile("");
}

ISAHP_OPERATION_DECLARE(operation, void, (void), ())
ISAHP_OPERATION_DEFINE(operation,
	ISAHP_VARIANT("removable", work, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("plain", work, 2, ISAHP_SET_NONE));

static unsigned int over; /* atomic */
static pthread_barrier_t ready;

static void *reader(void *arg)
{
	(void)arg;
	bench_pin(1);
	operation();
	pthread_barrier_wait(&ready);
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		operation();
	return NULL;
}

static void put_on(const struct isahp_features *usable)
{
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.usable = *usable;
	isahp_operations_select();
	pthread_mutex_unlock(&isahp_library.lock);
}

static double swap(const struct isahp_features *some,
		   const struct isahp_features *none)
{
	struct isahp_drain drain;
	double start;

	put_on(some);
	start = bench_now_ns();
	put_on(none);
	(void)isahp_drain_begin(&drain, none);
	while (isahp_drain_poll(&drain))
		;
	isahp_drain_end(&drain);
	return bench_now_ns() - start;
}

static double barrier(void)
{
	double start = bench_now_ns();

	(void)isahp_barrier();
	return bench_now_ns() - start;
}

static double measure(struct bench *b)
{
	static double swaps[SWAPS], first[SWAPS], second[SWAPS];
	struct isahp_features none = isahp_features_none();
	struct isahp_features some = none;
	double p50, us;
	int i;

	isahp_features_add(&some, ISAHP_FEATURE_SSE3);
	for (i = 0; i < SWAPS; i++) {
		first[i] = barrier() / 1000;
		swaps[i] = swap(&some, &none) / 1000;
		second[i] = barrier() / 1000;
	}
	p50 = bench_percentile(first, SWAPS, 50);
	us = bench_percentile(swaps, SWAPS, 50);
	bench_add(b, (struct bench_row){ .name = "swap p50, one reader", .value = us,
					 .unit = "us", .peer = "one membarrier p50",
					 .ratio = p50 / us, .goal = 0.5 });
	us = bench_percentile(swaps, SWAPS, 99);
	bench_add(b, (struct bench_row){ .name = "swap p99, one reader", .value = us,
					 .unit = "us", .peer = "one membarrier p99",
					 .ratio = bench_percentile(first, SWAPS, 99) / us });
	return fabs(bench_percentile(second, SWAPS, 50) / p50 - 1);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	static struct bench b;
	double noise;
	int rc;

	bench_init(&b, "swap");
	rc = bench_arguments(&b, "How long a swap takes, beside one membarrier.",
			     argc, argv);
	if (rc)
		return rc - 1;
	if (bench_cpus() < 2) {
		fprintf(stderr, "bench_swap: needs two CPUs: one for the reader\n");
		return 1;
	}
	pthread_barrier_init(&ready, NULL, 2);
	if (pthread_create(&thread, NULL, reader, NULL))
		return 1;
	pthread_barrier_wait(&ready);
	bench_pin(0);
	noise = measure(&b);
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return bench_end(&b, noise);
}
