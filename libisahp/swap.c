// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>
#include <time.h>
#include "barrier.h"
#include "swap.h"
#include "thread.h"

#define NS_PER_S 1000000000ULL
#define BACKOFF_MIN_NS 20000ULL
#define BACKOFF_MAX_NS 2000000ULL
#define LEAVE_BLOCK_NS NS_PER_S

uint64_t isahp_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

struct timespec isahp_timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};
}

uint64_t isahp_backoff_ns(unsigned int round)
{
	uint64_t ns = round < 16 ? BACKOFF_MIN_NS << round : BACKOFF_MAX_NS;

	return ns < BACKOFF_MAX_NS ? ns : BACKOFF_MAX_NS;
}

int isahp_drain_begin(struct isahp_drain *drain,
		      const struct isahp_features *allowed)
{
	drain->allowed = *allowed;
	drain->gp = NULL;
	memset(&drain->push, 0, sizeof(drain->push));
	pthread_mutex_lock(&isahp_library.lock);
	drain->nothing = !isahp_operations_entered(allowed);
	pthread_mutex_unlock(&isahp_library.lock);
	if (drain->nothing)
		return 0;
	if (isahp_mode() != ISAHP_MODE_URCU)
		return isahp_barrier();
	(void)isahp_barrier(); /* for who is in no section: anonymous */
	return isahp_gp_start(&drain->gp);
}

static bool grace_period_over(struct isahp_drain *drain)
{
	if (!drain->gp)
		(void)isahp_gp_start(&drain->gp);
	return drain->gp && isahp_gp_done(drain->gp);
}

static int poll_threads(const struct isahp_drain *drain)
{
	bool inside;

	pthread_mutex_lock(&isahp_library.lock);
	inside = isahp_threads_inside(isahp_operations_outside, &drain->allowed);
	pthread_mutex_unlock(&isahp_library.lock);
	return inside ? -EAGAIN : 0;
}

int isahp_drain_look(struct isahp_drain *drain)
{
	if (drain->nothing)
		return 0;
	if (isahp_mode() == ISAHP_MODE_URCU && !grace_period_over(drain))
		return -EAGAIN;
	return poll_threads(drain);
}

int isahp_drain_poll(struct isahp_drain *drain)
{
	int rc = isahp_drain_look(drain);

	if (!rc)
		return 0;
	/* Some of them may have left without a word: let them find out. */
	isahp_threads_look();
	return isahp_push(drain) ? 0 : rc;
}

static bool in_section(const struct isahp_descriptor *descriptor, const void *arg)
{
	(void)descriptor;
	(void)arg;
	return true;
}

/* A grace period waits for every section. */
static isahp_stop_fn stop_of_mode(void)
{
	return isahp_mode() == ISAHP_MODE_URCU ? in_section :
							isahp_operations_outside;
}

void isahp_drain_each(struct isahp_drain *drain,
		      void (*fn)(const struct isahp_inside *inside, void *arg),
		      void *arg)
{
	pthread_mutex_lock(&isahp_library.lock);
	isahp_threads_each_inside(stop_of_mode(), &drain->allowed, fn, arg);
	pthread_mutex_unlock(&isahp_library.lock);
}

struct isahp_thread *isahp_drain_pin(struct isahp_drain *drain, size_t *at)
{
	struct isahp_thread *t;

	pthread_mutex_lock(&isahp_library.lock);
	t = isahp_threads_pin(at, stop_of_mode(), &drain->allowed);
	pthread_mutex_unlock(&isahp_library.lock);
	return t;
}

void isahp_drain_end(struct isahp_drain *drain)
{
	isahp_push_end(&drain->push);
	isahp_gp_put(drain->gp);
	drain->gp = NULL;
}

static bool of_block(const struct isahp_descriptor *descriptor, const void *arg)
{
	return isahp_block_owns(arg, descriptor);
}

static bool left_block(struct isahp_block *block, struct isahp_gp **gp)
{
	if (isahp_mode() != ISAHP_MODE_URCU)
		return !isahp_threads_inside(of_block, block);
	if (!*gp)
		(void)isahp_gp_start(gp);
	return *gp && isahp_gp_done(*gp) && !isahp_threads_inside(of_block, block);
}

int isahp_swap_leave_block(struct isahp_block *block)
{
	uint64_t deadline_ns = isahp_now_ns() + LEAVE_BLOCK_NS;
	struct isahp_gp *gp = NULL;
	unsigned int round = 0;
	bool left;

	if (isahp_threads_own(of_block, block))
		return -EDEADLK;
	(void)isahp_barrier(); /* a failure shows in the scan: nobody is fenced */
	while (!(left = left_block(block, &gp)) && isahp_now_ns() < deadline_ns) {
		struct timespec t = { .tv_nsec = (long)isahp_backoff_ns(round++) };

		/* As in isahp_drain_poll(). */
		isahp_threads_look();
		nanosleep(&t, NULL);
	}
	isahp_gp_put(gp);
	return left ? 0 : -EBUSY;
}
