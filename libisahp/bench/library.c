// SPDX-License-Identifier: MIT
/*
 * What a call costs: an operation's, beside a function pointer's, and beside a
 * read-side section of liburcu-memb as applications link it.
 */
#include <math.h>
#include <stdio.h>
#include <bench.h>
#include <isahp/isahp.h>
#include <urcu/urcu-memb.h>

#define ROUNDS 61
#define ROUND_NS 1e6

/* About a third of a nanosecond a turn; how long exactly is measured. */
static void work(unsigned int turns)
{
	while (turns--)
		__asm__ volatile("");
}

ISAHP_OPERATION_DECLARE(operation, void, (unsigned int turns), (turns))
ISAHP_OPERATION_DEFINE(operation, ISAHP_VARIANT("c", work, 1, ISAHP_SET_NONE));

typedef void (*work_fn)(unsigned int turns);

static work_fn pointer = work;

static void by_pointer(unsigned int calls, unsigned int turns)
{
	while (calls--)
		__atomic_load_n(&pointer, __ATOMIC_RELAXED)(turns);
}

static void by_operation(unsigned int calls, unsigned int turns)
{
	while (calls--)
		operation(turns);
}

static void by_region(unsigned int calls, unsigned int turns)
{
	while (calls--) {
		struct isahp_region r;
		work_fn fn = (work_fn)isahp_enter(&operation_operation, &r);

		fn(turns);
		isahp_leave(&r);
	}
}

static void by_urcu(unsigned int calls, unsigned int turns)
{
	while (calls--) {
		urcu_memb_read_lock();
		rcu_dereference(pointer)(turns);
		urcu_memb_read_unlock();
	}
}

typedef void (*way)(unsigned int calls, unsigned int turns);

static double time_of(way w, unsigned int calls, unsigned int turns)
{
	double start = bench_now_ns();

	w(calls, turns);
	return (bench_now_ns() - start) / calls;
}

/* Median nanoseconds of a call each way, measured in turn. */
static void measure(const way *ways, size_t count, unsigned int turns, double *ret_ns)
{
	double sample[8][ROUNDS];
	double once = time_of(ways[0], 1000, turns);
	unsigned int calls = (unsigned int)(ROUND_NS / (once + 1));
	size_t i, r;

	for (r = 0; r < ROUNDS; r++)
		for (i = 0; i < count; i++)
			sample[i][r] = time_of(ways[i], calls, turns);
	for (i = 0; i < count; i++)
		ret_ns[i] = bench_percentile(sample[i], ROUNDS, 50);
}

/* Turns of a callee that takes so long, called by pointer. */
static unsigned int turns_for(double ns)
{
	unsigned int turns = 1;

	while (time_of(by_pointer, 2000, turns) < ns && turns < 100000)
		turns += turns / 8 + 1;
	return turns;
}

static const struct {
	const char *operation, *region, *urcu;
	double ns, goal;
} callee[] = {
	{ "call of 2 ns", "region of 2 ns", "call of 2 ns, to liburcu", 2, 0.8 },
	{ "call of 20 ns", "region of 20 ns", "call of 20 ns, to liburcu", 20, 0.9 },
	{ "call of 200 ns", "region of 200 ns", "call of 200 ns, to liburcu", 200, 0.98 },
};

static void add(struct bench *b, const char *name, double ns, const char *peer,
		double peer_ns, double goal)
{
	struct bench_row row = { .value = ns, .unit = "ns", .ratio = peer_ns / ns,
				 .goal = goal };

	snprintf(row.name, sizeof(row.name), "%s", name);
	snprintf(row.peer, sizeof(row.peer), "%s", peer);
	bench_add(b, row);
}

static double measure_callee(struct bench *b, size_t i)
{
	static const way ways[] = { by_pointer, by_operation, by_urcu, by_region,
				    by_pointer };
	double ns[5];

	measure(ways, 5, turns_for(callee[i].ns), ns);
	add(b, callee[i].operation, ns[1], "function pointer", ns[0], callee[i].goal);
	add(b, callee[i].region, ns[3], "function pointer", ns[0], 0);
	add(b, callee[i].urcu, ns[1], "liburcu-memb, linked", ns[2], 1);
	return fabs(ns[4] / ns[0] - 1);
}

int main(int argc, char **argv)
{
	double noise = 0;
	static struct bench b;
	size_t i;
	int rc;

	bench_init(&b, "library");
	rc = bench_arguments(&b, "What a call through libisahp costs, beside its peers.",
			     argc, argv);
	if (rc)
		return rc - 1;
	bench_cpus();
	bench_pin(0);
	urcu_memb_register_thread();
	for (i = 0; i < sizeof(callee) / sizeof(callee[0]); i++)
		noise = fmax(noise, measure_callee(&b, i));
	urcu_memb_unregister_thread();
	return bench_end(&b, noise);
}
