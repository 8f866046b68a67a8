// SPDX-License-Identifier: MIT
/*
 * Swaps beside 64 busy threads on two CPUs, where those that are inside must get
 * a CPU before they can come out: by a thread that may raise others' priority
 * (CAP_SYS_NICE) and by one that may not, beside a grace period of liburcu-memb
 * with the same threads in its sections.
 *
 * Every thread has called what is to be removed before it is removed.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "library.h"
#include "removal.h"

#define THREADS 64
#define BLOCK 4
#define SAMPLES_MAX 1000
#define TAKES_NS 45e9
#define TAKES_QUICK_NS 4e9

static struct reader readers[THREADS];

/* Samples of one way. */
struct ways {
	size_t count;
	double ns[SAMPLES_MAX];
};

static struct ways privileged, plain, urcu;

/* CAP_SYS_NICE and RLIMIT_RTPRIO, of this thread. Return: it had the first. */
static bool may_raise(bool may)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };
	const unsigned int bit = 1u << CAP_SYS_NICE;
	struct rlimit limit;

	if (syscall(SYS_capget, &header, data) || !(data[0].permitted & bit))
		return false;
	data[0].effective = may ? data[0].effective | bit : data[0].effective & ~bit;
	if (syscall(SYS_capset, &header, data))
		return false;
	if (!getrlimit(RLIMIT_RTPRIO, &limit)) {
		limit.rlim_cur = may ? limit.rlim_max : 0;
		setrlimit(RLIMIT_RTPRIO, &limit);
	}
	return true;
}

static void all_do(enum reading reading)
{
	size_t i;

	for (i = 0; i < THREADS; i++)
		__atomic_store_n(&readers[i].wanted, reading, __ATOMIC_RELEASE);
	for (i = 0; i < THREADS; i++)
		reader_does(&readers[i], reading);
}

static void take(struct ways *w, double ns)
{
	if (w->count < SAMPLES_MAX)
		w->ns[w->count++] = ns;
}

static void round_of(bool can_raise, int block)
{
	int i;

	all_do(READING_OPERATION);
	for (i = 0; i < block; i++) {
		if (can_raise) {
			may_raise(true);
			removal_undo_and_wait(readers, THREADS);
			take(&privileged, removal());
			may_raise(false);
		}
		removal_undo_and_wait(readers, THREADS);
		take(&plain, removal());
	}
	all_do(READING_URCU);
	for (i = 0; i < block; i++)
		take(&urcu, removal_urcu());
}

static void add(struct bench *b, struct ways *w, const char *who, double percent,
		double goal, double noise)
{
	struct bench_row row = {
		.value = bench_percentile(w->ns, w->count, percent) / 1e6,
		.unit = "ms",
		.peer_value = bench_percentile(urcu.ns, urcu.count, percent) / 1e6,
		.goal = goal,
		.at_most = goal > 0,
		.noise = noise,
		.samples = w->count,
	};

	row.ratio = row.value / row.peer_value;
	snprintf(row.name, sizeof(row.name), "swap, 64 busy, %s p%.0f", who, percent);
	snprintf(row.peer, sizeof(row.peer), "urcu-memb synchronize_rcu p%.0f", percent);
	bench_add(b, row);
}

/* The peer's samples in two halves, one by one: the same thing twice. */
static double noise_of(const struct ways *w)
{
	static double half[2][SAMPLES_MAX / 2];
	size_t i;

	for (i = 0; i < w->count / 2; i++) {
		half[0][i] = w->ns[2 * i];
		half[1][i] = w->ns[2 * i + 1];
	}
	return bench_noise(half[0], half[1], w->count / 2);
}

static void measure(struct bench *b, bool can_raise)
{
	double end = bench_now_ns() + (b->quick ? TAKES_QUICK_NS : TAKES_NS);
	double noise;

	do
		round_of(can_raise, b->quick ? 1 : BLOCK);
	while (bench_now_ns() < end && plain.count < SAMPLES_MAX);
	noise = noise_of(&urcu);
	if (can_raise) {
		add(b, &privileged, "CAP_SYS_NICE", 50, 1.0 / 100, noise);
		add(b, &privileged, "CAP_SYS_NICE", 99, 0, noise);
	} else {
		fprintf(stderr,
			"bench_library: has no CAP_SYS_NICE: no figure for who has\n");
	}
	add(b, &plain, "no privilege", 50, 1.0 / 25, noise);
	add(b, &plain, "no privilege", 99, 0, noise);
}

void bench_crowd(struct bench *b)
{
	pthread_t threads[THREADS];
	bool can_raise = may_raise(false);
	size_t i;

	bench_pin_first(2);
	for (i = 0; i < THREADS; i++) {
		readers[i].cpu = -1;
		if (pthread_create(&threads[i], NULL, reader_main, &readers[i]))
			break;
	}
	if (i == THREADS)
		measure(b, can_raise);
	else
		fprintf(stderr, "bench_library: cannot make %d threads\n", THREADS);
	while (i--) {
		reader_does(&readers[i], READING_OVER);
		pthread_join(threads[i], NULL);
	}
	may_raise(true);
	bench_pin(0);
}
