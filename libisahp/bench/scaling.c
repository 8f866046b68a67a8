// SPDX-License-Identifier: MIT
/*
 * How much of its speed alone a thread keeps while a second thread, on another
 * CPU, calls the same thing: an operation's share over a function pointer's.
 *
 * The second thread spins when it is not to call: the CPU's clock and power are
 * the same then. That a line which both write is noticed shows in the figure for
 * a counter that both count on.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include "library.h"

#define ROUNDS 301
#define TRIES 5
#define ROUND_NS 6e4 /* of one try */

enum { POINTER, OPERATION, AGAIN, COUNTER, WAYS };

static unsigned int counter __attribute__((aligned(128)));

static BY(by_counter)
{
	while (calls--) {
		__atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
		work(turns);
	}
}

static const by way[WAYS] = { by_pointer, by_operation,
				  by_operation_again, by_counter };

/**
 * struct company - the second thread
 * @wanted: way + 1 that it is to call, 0: none, negative: end. Main's.
 * @now: what it does. Its own.
 * @turns: of the callee.
 */
struct company {
	int wanted __attribute__((aligned(128)));
	int now __attribute__((aligned(128)));
	unsigned long turns;
};

static struct company company;

static void *keep_company(void *arg)
{
	int wanted;

	(void)arg;
	bench_pin(1);
	while ((wanted = __atomic_load_n(&company.wanted, __ATOMIC_ACQUIRE)) >= 0) {
		if (wanted != company.now)
			__atomic_store_n(&company.now, wanted, __ATOMIC_RELEASE);
		if (wanted)
			way[wanted - 1](1000, company.turns);
		else
			__builtin_ia32_pause();
	}
	return NULL;
}

static void company_does(int wanted)
{
	__atomic_store_n(&company.wanted, wanted, __ATOMIC_RELEASE);
	while (__atomic_load_n(&company.now, __ATOMIC_ACQUIRE) != wanted)
		__builtin_ia32_pause();
}

/*
 * Best of a few tries each: loops this short run at one of two or three speeds, a
 * cycle apart, as they happen to fall into step.
 */
static double kept(int w, unsigned int calls)
{
	double alone = INFINITY, together = INFINITY;
	int i;

	for (i = 0; i < TRIES; i++) {
		company_does(0);
		alone = fmin(alone, time_of(way[w], calls, company.turns));
		company_does(w + 1);
		together = fmin(together, time_of(way[w], calls, company.turns));
	}
	company_does(0);
	return alone / together;
}

static void add(struct bench *b, double share[WAYS][ROUNDS], size_t rounds, int w,
		const char *name, double goal)
{
	struct bench_row row = {
		.unit = "of 1",
		.peer = "function pointer",
		.ratio = bench_ratio(share[w], share[POINTER], rounds),
		.goal = goal,
		.noise = bench_noise(share[OPERATION], share[AGAIN], rounds),
		.samples = rounds,
	};
	double copy[2][ROUNDS];
	size_t i;

	for (i = 0; i < rounds; i++) {
		copy[0][i] = share[w][i];
		copy[1][i] = share[POINTER][i];
	}
	row.value = bench_percentile(copy[0], rounds, 50);
	row.peer_value = bench_percentile(copy[1], rounds, 50);
	snprintf(row.name, sizeof(row.name), "%s", name);
	bench_add(b, row);
}

void bench_scaling(struct bench *b)
{
	static double share[WAYS][ROUNDS];
	size_t rounds = b->quick ? 15 : ROUNDS;
	unsigned int calls;
	pthread_t thread;
	size_t i, r;

	company.turns = turns_for(by_pointer, 2);
	calls = (unsigned int)(ROUND_NS / time_of(by_pointer, 1000, company.turns)) + 1;
	if (pthread_create(&thread, NULL, keep_company, NULL))
		return;
	for (r = 0; r < rounds; r++) {
		for (i = 0; i < WAYS; i++) {
			int w = (int)((r + i) % WAYS);

			/* What is contended for takes much longer. */
			share[w][r] = kept(w, w == COUNTER ? calls / 10 + 1 : calls);
		}
	}
	__atomic_store_n(&company.wanted, -1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	add(b, share, rounds, OPERATION, "two threads' scaling", 0.99);
	add(b, share, rounds, COUNTER, "two threads' scaling on one counter", 0);
}
