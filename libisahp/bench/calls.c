// SPDX-License-Identifier: MIT
/*
 * What a call costs: an operation's, beside a function pointer's, beside a
 * read-side section of liburcu-memb as applications link it, and, into another
 * shared object, beside an ifunc's through the PLT.
 *
 * Callees that compute (see SLED) are what goals are for. Those that spin in an
 * empty loop are shown as well: a loop that takes a branch each cycle hides
 * nothing of what a call adds, and adds its own luck with the last turn.
 *
 * A call's callee depends on no other's, so that the CPU overlaps them as far as
 * the way of calling lets it. What is measured twice (A/A) is measured in two
 * copies of the same loop: where code happens to lie is noise as well.
 */
#include <math.h>
#include <stdio.h>
#include <isahp/isahp.h>
#include <urcu/urcu-memb.h>
#include "library.h"
#include "other.h"

#define ROUNDS 601
#define ROUND_NS 5e5
#define WAYS_MAX 6

static void compute(unsigned long turns)
{
	SLED(turns);
}

static void spin(unsigned long turns)
{
	work((unsigned int)turns);
}

ISAHP_OPERATION_DECLARE(operation, void, (unsigned long turns), (turns))
ISAHP_OPERATION_DEFINE(operation, ISAHP_VARIANT("c", compute, 1, ISAHP_SET_NONE));
ISAHP_OPERATION_DECLARE(spinning, void, (unsigned long turns), (turns))
ISAHP_OPERATION_DEFINE(spinning, ISAHP_VARIANT("c", spin, 1, ISAHP_SET_NONE));

typedef void (*callee_fn)(unsigned long turns);

static callee_fn pointer = compute, spin_pointer = spin;

BY(by_pointer)
{
	while (calls--)
		__atomic_load_n(&pointer, __ATOMIC_RELAXED)(turns);
}

BY(by_pointer_again)
{
	while (calls--)
		__atomic_load_n(&pointer, __ATOMIC_RELAXED)(turns);
}

BY(by_operation)
{
	while (calls--)
		operation(turns);
}

BY(by_operation_again)
{
	while (calls--)
		operation(turns);
}

static BY(by_region)
{
	while (calls--) {
		struct isahp_region r;
		callee_fn fn = (callee_fn)isahp_enter(&operation_operation, &r);

		fn(turns);
		isahp_leave(&r);
	}
}

static BY(by_urcu)
{
	while (calls--) {
		urcu_memb_read_lock();
		rcu_dereference(pointer)(turns);
		urcu_memb_read_unlock();
	}
}

static BY(spin_by_pointer)
{
	while (calls--)
		__atomic_load_n(&spin_pointer, __ATOMIC_RELAXED)(turns);
}

static BY(spin_by_pointer_again)
{
	while (calls--)
		__atomic_load_n(&spin_pointer, __ATOMIC_RELAXED)(turns);
}

static BY(spin_by_operation)
{
	while (calls--)
		spinning(turns);
}

static BY(spin_by_urcu)
{
	while (calls--) {
		urcu_memb_read_lock();
		rcu_dereference(spin_pointer)(turns);
		urcu_memb_read_unlock();
	}
}

static BY(spin_by_operation_again)
{
	while (calls--)
		spinning(turns);
}

double time_of(by way, unsigned int calls, unsigned long turns)
{
	double start = bench_now_ns();

	way(calls, turns);
	return (bench_now_ns() - start) / calls;
}

static double best_of_five(by way, unsigned long turns)
{
	double best = time_of(way, 5000, turns);
	int i;

	for (i = 0; i < 4; i++) {
		double ns = time_of(way, 5000, turns);

		best = ns < best ? ns : best;
	}
	return best;
}

unsigned long turns_for(by way, double ns)
{
	unsigned long turns = 1, more = 2;

	while (more < SLED_TURNS && best_of_five(way, more) <= ns) {
		turns = more;
		more += more / 16 + 1;
	}
	return turns;
}

/* One callee: samples of each way, measured in turn. */
struct calls {
	size_t rounds;
	double ns[WAYS_MAX][ROUNDS];
};

/*
 * Each round begins with another way: what follows what evens out. A turn of the
 * slow ways is as long as one of the quick: others' time slices hit all alike.
 */
static void measure(struct calls *c, const by *way, size_t ways, unsigned long turns)
{
	unsigned int calls[WAYS_MAX];
	size_t i, r;

	for (i = 0; i < ways; i++) {
		(void)time_of(way[i], 1000, turns);
		calls[i] = (unsigned int)(ROUND_NS / time_of(way[i], 1000, turns)) + 1;
	}
	for (r = 0; r < c->rounds; r++) {
		for (i = 0; i < ways; i++) {
			size_t w = (r + i) % ways;

			c->ns[w][r] = time_of(way[w], calls[w], turns);
		}
	}
}

static double median(const struct calls *c, size_t way)
{
	double copy[ROUNDS];
	size_t i;

	for (i = 0; i < c->rounds; i++)
		copy[i] = c->ns[way][i];
	return bench_percentile(copy, c->rounds, 50);
}

static void add(struct bench *b, const struct calls *c, size_t way, const char *name,
		size_t peer, const char *peer_name, double goal, double noise)
{
	struct bench_row row = {
		.value = median(c, way),
		.unit = "ns",
		.ratio = bench_ratio(c->ns[way], c->ns[peer], c->rounds),
		.goal = goal,
		.at_most = goal > 0,
		.peer_value = median(c, peer),
		.noise = noise,
		.samples = c->rounds,
	};

	snprintf(row.name, sizeof(row.name), "%s", name);
	snprintf(row.peer, sizeof(row.peer), "%s", peer_name);
	bench_add(b, row);
}

/* Each was measured twice, in two copies of its loop. */
static double noise_of(const struct calls *c, size_t peer, size_t peer_again,
		       size_t way, size_t way_again)
{
	return fmax(bench_noise(c->ns[peer], c->ns[peer_again], c->rounds),
		    bench_noise(c->ns[way], c->ns[way_again], c->rounds));
}

static const struct {
	const char *operation, *region, *spinning;
	double ns, goal, goal_urcu;
} callee[] = {
	{ "call, callee of 1-2 ns", "region, callee of 1-2 ns",
	  "call, callee of 1-2 ns that spins", 2, 1.20, 0.15 },
	{ "call, callee of 20 ns", "region, callee of 20 ns",
	  "call, callee of 20 ns that spins", 20, 1.015, 0 },
	{ "call, callee of 200 ns", "region, callee of 200 ns",
	  "call, callee of 200 ns that spins", 200, 1.005, 0 },
};

static void measure_callee(struct bench *b, struct calls *c, size_t i)
{
	enum { POINTER, AGAIN, OPERATION, OPERATION_AGAIN, URCU, REGION, WAYS };
	static const by ways[WAYS] = {
		by_pointer, by_pointer_again, by_operation, by_operation_again,
		by_urcu, by_region,
	};
	double noise;

	measure(c, ways, WAYS, turns_for(by_pointer, callee[i].ns));
	noise = noise_of(c, POINTER, AGAIN, OPERATION, OPERATION_AGAIN);
	add(b, c, OPERATION, callee[i].operation, POINTER, "function pointer",
	    callee[i].goal, noise);
	add(b, c, REGION, callee[i].region, POINTER, "function pointer", 0, noise);
	add(b, c, OPERATION, callee[i].operation, URCU, "liburcu-memb as linked",
	    callee[i].goal_urcu, noise);
}

static void measure_spinning(struct bench *b, struct calls *c, size_t i)
{
	enum { POINTER, AGAIN, OPERATION, OPERATION_AGAIN, URCU, WAYS };
	static const by ways[WAYS] = { spin_by_pointer, spin_by_pointer_again,
				       spin_by_operation, spin_by_operation_again,
				       spin_by_urcu };
	double noise;

	measure(c, ways, WAYS, turns_for(spin_by_pointer, callee[i].ns));
	noise = noise_of(c, POINTER, AGAIN, OPERATION, OPERATION_AGAIN);
	add(b, c, OPERATION, callee[i].spinning, POINTER, "function pointer", 0, noise);
	add(b, c, OPERATION, callee[i].spinning, URCU, "liburcu-memb as linked", 0, noise);
}

static void measure_other(struct bench *b, struct calls *c, const by *ways, const char *name)
{
	enum { IFUNC, AGAIN, OPERATION, OPERATION_AGAIN, WAYS };
	double noise;

	measure(c, ways, WAYS, turns_for(ways[IFUNC], 2));
	noise = noise_of(c, IFUNC, AGAIN, OPERATION, OPERATION_AGAIN);
	add(b, c, OPERATION, name, IFUNC, "ifunc through PLT", 1.00, noise);
}

void bench_calls(struct bench *b)
{
	static const by now[] = { now_by_ifunc, now_by_ifunc_again, now_by_other,
				  now_by_other_again };
	static const by lazy[] = { lazy_by_ifunc, lazy_by_ifunc_again, lazy_by_other,
				   lazy_by_other_again };
	static struct calls c;
	size_t i;

	c.rounds = b->quick ? 15 : ROUNDS;
	urcu_memb_register_thread();
	for (i = 0; i < sizeof(callee) / sizeof(callee[0]); i++)
		measure_callee(b, &c, i);
	for (i = 0; i < sizeof(callee) / sizeof(callee[0]); i++)
		measure_spinning(b, &c, i);
	measure_other(b, &c, now, "call into another object, -z now");
	measure_other(b, &c, lazy, "call into another object, -z lazy");
	urcu_memb_unregister_thread();
}
