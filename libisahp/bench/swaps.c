// SPDX-License-Identifier: MIT
/*
 * Swaps beside one busy reader on the other CPU: what a removal takes, one
 * membarrier alone, and a grace period of liburcu-memb beside the same reader
 * in its sections. Then the same beside a reader that is inside what is not
 * removed, for 50 ms at a time.
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include "library.h"
#include "removal.h"

#define SAMPLES_MAX 4000
#define EACH 16

static struct reader reader = { .cpu = 1 };

static struct {
	size_t count;
	double swap[SAMPLES_MAX], barrier[SAMPLES_MAX], again[SAMPLES_MAX];
	size_t urcus;
	double urcu[SAMPLES_MAX];
} s;

static void add(struct bench *b, const char *name, const char *peer, double *samples,
		size_t count, double percent, double goal, double noise)
{
	struct bench_row row = {
		.value = bench_percentile(s.swap, s.count, percent) / 1000,
		.unit = "us",
		.peer_value = bench_percentile(samples, count, percent) / 1000,
		.goal = goal,
		.at_most = goal > 0,
		.noise = noise,
		.samples = s.count,
	};

	row.ratio = row.value / row.peer_value;
	snprintf(row.name, sizeof(row.name), "%s p%.0f", name, percent);
	snprintf(row.peer, sizeof(row.peer), "%s p%.0f", peer, percent);
	bench_add(b, row);
}

static unsigned int ticks(void)
{
	return __atomic_load_n(&reader.ticks, __ATOMIC_RELAXED);
}

/* What the reader did not run beside, on a machine with other work, is no sample. */
static bool ran(unsigned int since)
{
	return ticks() != since;
}

static void measure(void)
{
	s.barrier[s.count] = removal_barrier();
	s.swap[s.count] = removal();
	s.again[s.count] = removal_barrier();
}

static void busy_round(void)
{
	unsigned int since;
	size_t i;

	reader_does(&reader, READING_OPERATION);
	for (i = 0; i < EACH; i++) {
		removal_undo_and_wait(&reader, 1);
		since = ticks();
		measure();
		s.count += ran(since);
	}
	reader_does(&reader, READING_URCU);
	for (i = 0; i < EACH; i++) {
		since = ticks();
		s.urcu[s.urcus] = removal_urcu();
		s.urcus += ran(since);
	}
}

static void busy(struct bench *b)
{
	size_t rounds = (b->quick ? 160 : SAMPLES_MAX) / EACH;
	double noise;

	while (rounds--)
		busy_round();
	if (!s.count || !s.urcus) {
		fprintf(stderr, "bench_library: the reader never ran beside a swap\n");
		return;
	}
	noise = bench_noise(s.barrier, s.again, s.count);
	add(b, "swap, one busy reader", "one membarrier", s.barrier, s.count, 50, 1.10,
	    noise);
	add(b, "swap, one busy reader", "one membarrier", s.barrier, s.count, 99, 0, noise);
	add(b, "swap, one busy reader", "urcu-memb synchronize_rcu", s.urcu, s.urcus, 50,
	    0.55, noise);
	add(b, "swap, one busy reader", "urcu-memb synchronize_rcu", s.urcu, s.urcus, 99,
	    0, noise);
}

/* Return: the reader's call, or 0 when it is in none. */
static unsigned int inside(void)
{
	unsigned int calls = __atomic_load_n(&reader.calls, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&reader.inside, __ATOMIC_ACQUIRE) ? calls : 0;
}

/* Only what fell wholly into one stay of the reader counts. */
static void long_round(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	unsigned int call, since;
	size_t i;

	for (i = 0; i < EACH && s.count < SAMPLES_MAX; i++) {
		removal_undo();
		call = inside();
		since = ticks();
		measure();
		s.count += call && inside() == call && ran(since);
	}
	nanosleep(&pause, NULL);
}

static void long_kernel(struct bench *b)
{
	size_t i, rounds = b->quick ? 10 : 300;
	double noise;

	s.count = 0;
	s.urcus = 0;
	reader_does(&reader, READING_LONG);
	for (i = 0; i < rounds; i++)
		long_round();
	for (i = 0; i < rounds / 10; i++)
		s.urcu[s.urcus++] = removal_urcu();
	if (!s.count) {
		fprintf(stderr, "bench_library: no swap fell into a long stay\n");
		return;
	}
	noise = bench_noise(s.barrier, s.again, s.count);
	add(b, "swap, 50 ms kernel not removed", "one membarrier", s.barrier, s.count, 50,
	    2, noise);
	add(b, "swap, 50 ms kernel not removed", "one membarrier", s.barrier, s.count, 99,
	    0, noise);
	add(b, "swap, 50 ms kernel not removed", "urcu-memb synchronize_rcu", s.urcu,
	    s.urcus, 50, 0, noise);
}

void bench_swaps(struct bench *b)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, reader_main, &reader))
		return;
	busy(b);
	long_kernel(b);
	reader_does(&reader, READING_OVER);
	pthread_join(thread, NULL);
}
