// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <urcu/urcu-memb.h>
#include "library.h"
#include "operation.h"
#include "removal.h"
#include "swap.h"

#define TURNS 300

/* Threads that only register are nobody's readers. */
static struct reader nobody;
static __thread struct reader *own = &nobody;

static void begin(void)
{
	__atomic_store_n(&own->calls, own->calls + 1, __ATOMIC_RELAXED);
}

static void tick(void)
{
	__atomic_store_n(&own->ticks, own->ticks + 1, __ATOMIC_RELAXED);
}

static void removable_body(void)
{
	begin();
	tick();
	work(TURNS);
}

static void plain(void)
{
	tick();
	work(TURNS);
}

ISAHP_OPERATION_DEFINE(removable,
	ISAHP_VARIANT("removable", removable_body, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("plain", plain, 2, ISAHP_SET_NONE));

static void stay(void)
{
	double end = bench_now_ns() + LONG_NS;

	begin();
	__atomic_store_n(&own->inside, 1, __ATOMIC_RELEASE);
	while (bench_now_ns() < end)
		tick();
	__atomic_store_n(&own->inside, 0, __ATOMIC_RELEASE);
}

ISAHP_OPERATION_DECLARE(unaffected, void, (void), ())
ISAHP_OPERATION_DEFINE(unaffected,
	ISAHP_VARIANT("stays", stay, 1, ISAHP_SET(MOVBE)),
	ISAHP_VARIANT("plain", stay, 2, ISAHP_SET_NONE));

/* A pointer, as an application of liburcu would have. */
static void (*pointer)(void) = removable_body;

static void in_section(void)
{
	urcu_memb_read_lock();
	rcu_dereference(pointer)();
	urcu_memb_read_unlock();
}

static void long_section(void)
{
	urcu_memb_read_lock();
	unaffected();
	urcu_memb_read_unlock();
}

static void futex(unsigned int *word, int what, unsigned int value)
{
	syscall(SYS_futex, word, what, value, NULL, NULL, 0);
}

/* Who waits for one reader of its own need not sleep; 64 want its CPU. */
static void wait_a_bit(unsigned int round)
{
	const struct timespec t = { .tv_nsec = 500000 };

	if (round < 1000)
		__builtin_ia32_pause();
	else
		nanosleep(&t, NULL);
}

static unsigned int wanted_of(const struct reader *r)
{
	return __atomic_load_n(&r->wanted, __ATOMIC_RELAXED);
}

/* For as long as it is wanted. */
static void read_as(struct reader *r, unsigned int reading)
{
	while (wanted_of(r) == reading) {
		if (reading == READING_OPERATION)
			removable();
		else if (reading == READING_URCU)
			in_section();
		else if (reading == READING_LONG)
			long_section();
		else
			futex(&r->wanted, FUTEX_WAIT_PRIVATE, reading);
	}
}

void *reader_main(void *arg)
{
	struct reader *r = arg;
	unsigned int reading;

	own = r;
	if (r->cpu >= 0)
		bench_pin((unsigned int)r->cpu);
	urcu_memb_register_thread();
	removable();
	while ((reading = wanted_of(r)) != READING_OVER) {
		__atomic_store_n(&r->doing, reading, __ATOMIC_RELEASE);
		read_as(r, reading);
	}
	urcu_memb_unregister_thread();
	return NULL;
}

void reader_does(struct reader *reader, enum reading reading)
{
	unsigned int round = 0;

	__atomic_store_n(&reader->wanted, reading, __ATOMIC_RELEASE);
	futex(&reader->wanted, FUTEX_WAKE_PRIVATE, INT_MAX);
	while (reading != READING_OVER &&
	       __atomic_load_n(&reader->doing, __ATOMIC_ACQUIRE) != (unsigned int)reading)
		wait_a_bit(round++);
}

static void put_on(const struct isahp_features *usable)
{
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.usable = *usable;
	isahp_operations_select();
	pthread_mutex_unlock(&isahp_library.lock);
}

static struct isahp_features after(void)
{
	struct isahp_features set = isahp_features_none();

	isahp_features_add(&set, ISAHP_FEATURE_MOVBE);
	return set;
}

void removal_undo(void)
{
	struct isahp_features set = after();

	isahp_features_add(&set, ISAHP_FEATURE_SSE3);
	put_on(&set);
}

void removal_undo_and_wait(struct reader *readers, size_t count)
{
	unsigned int round = 0;
	unsigned int calls[64];
	size_t i;

	for (i = 0; i < count; i++)
		calls[i] = __atomic_load_n(&readers[i].calls, __ATOMIC_RELAXED);
	removal_undo();
	for (i = 0; i < count; i++)
		while (__atomic_load_n(&readers[i].calls, __ATOMIC_RELAXED) == calls[i])
			wait_a_bit(round++);
}

double removal(void)
{
	struct isahp_features usable = after();
	struct isahp_drain drain;
	unsigned int round = 0;
	double start = bench_now_ns();
	double ns;

	put_on(&usable);
	(void)isahp_drain_begin(&drain, &usable);
	while (isahp_drain_poll(&drain)) {
		struct timespec t = { .tv_nsec = (long)isahp_backoff_ns(round++) };

		nanosleep(&t, NULL);
	}
	/* Here the acknowledgement goes. Who was made to wait is let go after it. */
	ns = bench_now_ns() - start;
	isahp_drain_end(&drain);
	return ns;
}

double removal_barrier(void)
{
	double start = bench_now_ns();

	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	return bench_now_ns() - start;
}

double removal_urcu(void)
{
	double start = bench_now_ns();

	urcu_memb_synchronize_rcu();
	return bench_now_ns() - start;
}
