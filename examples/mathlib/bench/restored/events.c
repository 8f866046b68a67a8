/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* pthread_setaffinity_np */
#include "events.h"

#include <bench.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* protects last */
static struct change last;
static atomic_uint number; /* last.number: for who only looks for news */

struct isahp_features events_usable(void)
{
	struct isahp_status status = { .size = sizeof(status) };

	(void)isahp_status(&status);
	return status.usable;
}

bool events_fits(const struct isahp_features *needs,
		 const struct isahp_features *usable)
{
	size_t i;

	for (i = 0; i < sizeof(needs->word) / sizeof(needs->word[0]); i++) {
		if (needs->word[i] & ~usable->word[i])
			return false;
	}
	return true;
}

unsigned int events_number(void)
{
	return atomic_load_explicit(&number, memory_order_acquire);
}

struct change events_last(void)
{
	struct change change;

	pthread_mutex_lock(&lock);
	change = last;
	pthread_mutex_unlock(&lock);
	return change;
}

static void note(double heard_ns, double done_ns)
{
	pthread_mutex_lock(&lock);
	last.number++;
	last.heard_ns = heard_ns;
	last.done_ns = done_ns;
	atomic_store_explicit(&number, last.number, memory_order_release);
	pthread_mutex_unlock(&lock);
}

/* A COMMIT after its PREPARE changes nothing any more, and is no change. */
static void *dispatch(void *arg)
{
	struct isahp_features before = events_usable(), after;
	struct pollfd p = { .fd = isahp_fd(), .events = POLLIN };
	double heard_ns;
	int ret = 0;

	(void)arg;
	while (ret >= 0) {
		if (poll(&p, 1, -1) < 0)
			continue;
		heard_ns = bench_now_ns();
		ret = isahp_dispatch(0);
		after = events_usable();
		if (memcmp(&before, &after, sizeof(before)))
			note(heard_ns, bench_now_ns());
		before = after;
	}
	fprintf(stderr, "mathlib_restored: no more events: %s\n", strerror(-ret));
	exit(1);
}

int events_start(int cpu)
{
	struct isahp_options options = { .size = sizeof(options),
					 .flags = ISAHP_START_NO_THREAD,
					 .device = "" };
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t set;
	int ret = isahp_start(&options);

	if (ret)
		return ret;
	if (isahp_fd() < 0)
		return isahp_fd();
	pthread_attr_init(&attr);
	CPU_ZERO(&set);
	if (cpu >= 0) {
		CPU_SET(cpu, &set);
		pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	ret = -pthread_create(&thread, &attr, dispatch, NULL);
	pthread_attr_destroy(&attr);
	return ret;
}
