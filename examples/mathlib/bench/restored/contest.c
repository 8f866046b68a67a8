/* SPDX-License-Identifier: MIT */
#include "contest.h"

#include <bench.h>
#include <errno.h>
#include <string.h>

#include "events.h"
#include "lost.h"

#define ROUNDS 9

/* Nanoseconds of a call; without those that other programs took. */
static double run(const struct contest *c, enum way way, isahp_fn fn,
		  unsigned long calls)
{
	double lost = lost_ns(), start = bench_now_ns(), ns;

	if (way == WAY_ISAHP)
		c->w->follow(calls);
	else if (way == WAY_AGAIN)
		c->w->again(fn, calls);
	else
		c->w->direct(fn, calls);
	ns = bench_now_ns() - start;
	lost = lost_ns() - lost;
	return (lost < ns ? ns - lost : ns) / (double)calls;
}

static unsigned long calls_in(double ns, double call_ns)
{
	return call_ns > 0 ? (unsigned long)(ns / call_ns) + 1 : 1;
}

static void once(isahp_fn fn, void *arg)
{
	const struct workload *w = arg;

	w->direct(fn, 1);
}

/* In turns, so that all variants meet the same clock rate. */
static void time_variants(struct contest *c)
{
	const struct isahp_features usable = events_usable();
	const struct isahp_operation *op = c->w->op;
	double sample[VARIANTS_MAX][ROUNDS] = { { 0 } };
	size_t i, round;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < op->variant_count; i++) {
			const struct isahp_variant *v = isahp_operation_at(op, i);

			if (!events_fits(&v->needs, &usable))
				continue;
			if (!round)
				c->ns[i] = run(c, WAY_BEST, v->fn, 1);
			sample[i][round] =
				run(c, WAY_BEST, v->fn,
				    calls_in(c->slice_ns, c->ns[i]));
		}
	}
	for (i = 0; i < op->variant_count; i++)
		c->ns[i] = bench_percentile(sample[i], ROUNDS, 50);
}

double contest_ns(const struct contest *c, const struct isahp_variant *v)
{
	size_t i;

	for (i = 0; i < c->w->op->variant_count; i++) {
		if (isahp_operation_at(c->w->op, i) == v)
			return c->ns[i];
	}
	return 0;
}

static const struct isahp_variant *
fastest(const struct contest *c, const struct isahp_features *usable)
{
	const struct isahp_variant *found = NULL;
	double least = 0;
	size_t i;

	for (i = 0; i < c->w->op->variant_count; i++) {
		const struct isahp_variant *v = isahp_operation_at(c->w->op, i);

		if (c->ns[i] <= 0 || !events_fits(&v->needs, usable))
			continue;
		if (found && c->ns[i] >= least)
			continue;
		found = v;
		least = c->ns[i];
	}
	return found;
}

int contest_begin(struct contest *c, const struct workload *w, double slice_ns,
		  const struct isahp_features *poorest)
{
	int ret;

	memset(c, 0, sizeof(*c));
	c->w = w;
	c->slice_ns = slice_ns;
	c->shuffle = 1;
	if (w->op->variant_count > VARIANTS_MAX)
		return -E2BIG;
	time_variants(c);
	ret = isahp_operation_measure(w->op, once, (void *)w);
	if (ret)
		return ret;
	c->masked = fastest(c, poorest);
	contest_host(c);
	return 0;
}

void contest_host(struct contest *c)
{
	const struct isahp_features usable = events_usable();

	c->best = fastest(c, &usable);
	c->on = isahp_operation_variant(c->w->op);
}

/* xorshift (Marsaglia 2003), and Fisher and Yates' shuffle. */
static void shuffle(struct contest *c, enum way *way, size_t count)
{
	size_t i, other;
	enum way keep;

	for (i = count - 1; i > 0; i--) {
		c->shuffle ^= c->shuffle << 13;
		c->shuffle ^= c->shuffle >> 17;
		c->shuffle ^= c->shuffle << 5;
		other = c->shuffle % (i + 1);
		keep = way[i];
		way[i] = way[other];
		way[other] = keep;
	}
}

void contest_round(struct contest *c, double ret_ns[WAYS])
{
	const struct isahp_variant *variant[WAYS] = {
		[WAY_BEST] = c->best, [WAY_AGAIN] = c->best, [WAY_ISAHP] = c->on,
		[WAY_MASKED] = c->masked, [WAY_SAME] = c->on,
	};
	enum way order[WAYS] = { WAY_BEST, WAY_AGAIN, WAY_ISAHP };
	size_t i, count = 3;

	if (c->masked != c->best)
		order[count++] = WAY_MASKED;
	if (c->on != c->best)
		order[count++] = WAY_SAME;
	shuffle(c, order, count);
	for (i = 0; i < count; i++) {
		const struct isahp_variant *v = variant[order[i]];

		ret_ns[order[i]] = run(c, order[i], v->fn,
				       calls_in(c->slice_ns, contest_ns(c, v)));
	}
	if (c->masked == c->best)
		ret_ns[WAY_MASKED] = ret_ns[WAY_BEST];
	if (c->on == c->best)
		ret_ns[WAY_SAME] = ret_ns[WAY_BEST];
}
