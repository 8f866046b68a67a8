/* SPDX-License-Identifier: MIT */
#include "stay.h"

#include <bench.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "lost.h"

/*
 * Calls of one batch take up to so long, natively: the clock is read between
 * batches. That costs some 30 ns, one part in a thousand, and is part of the
 * first thousand calls' figure.
 */
#define BATCH_NS 30e3
#define POINT_NS 2e6
#define EVENT_NS 30e9
#define HISTORY 65536 /* two seconds of batches, and a power of two */
#define ROUNDS_MIN 3
#define STRETCH 3
/* A batch that takes so much longer than another has lost the CPU, it seems. */
#define LONG_NS 200e3

/**
 * struct history - the latest batches
 * @count: ever.
 * @calls: of each.
 * @begin_ns: when the first began.
 * @end_ns: when each ended, and the next began; by number, modulo HISTORY.
 * @lost_ns: for how long of that other programs had the CPU.
 * @shortest_ns: the shortest so far.
 * @lost_all_ns: of @lost_ns, when last asked for.
 */
struct history {
	size_t count;
	double calls;
	double begin_ns;
	double end_ns[HISTORY];
	double lost_ns[HISTORY];
	double shortest_ns;
	double lost_all_ns;
};

static struct history history;

static double started_ns(size_t n)
{
	return n ? history.end_ns[(n - 1) % HISTORY] : history.begin_ns;
}

static double ended_ns(size_t n)
{
	return history.end_ns[n % HISTORY];
}

static void batch(const struct contest *c, unsigned long calls)
{
	size_t n = history.count++;
	double ns, lost;

	c->w->follow(calls);
	history.end_ns[n % HISTORY] = bench_now_ns();
	history.lost_ns[n % HISTORY] = 0;
	ns = ended_ns(n) - started_ns(n);
	history.shortest_ns = n ? fmin(history.shortest_ns, ns) : ns;
	if (ns < history.shortest_ns + LONG_NS)
		return;
	lost = lost_ns();
	history.lost_ns[n % HISTORY] = fmin(lost - history.lost_all_ns,
					     ns - history.shortest_ns);
	history.lost_all_ns = lost;
}

static void begin_batches(double calls)
{
	history.count = 0;
	history.calls = calls;
	history.lost_all_ns = lost_ns();
	history.begin_ns = bench_now_ns();
}

/* The oldest whose beginning is known as well. */
static size_t oldest(void)
{
	return history.count < HISTORY ? 0 : history.count - HISTORY + 1;
}

/* Share of a batch that is after a moment. */
static double share_after(size_t n, double ns)
{
	return fmin(1, (ended_ns(n) - ns) / (ended_ns(n) - started_ns(n)));
}

/* What is known of the calls since the event. */
static void look_back(struct stay *s)
{
	double since_ns = s->change.heard_ns;
	size_t n = history.count;

	s->first_calls = 0;
	s->lost_ns = 0;
	s->first_ns = ended_ns(n - 1) - since_ns;
	while (n-- > oldest() && ended_ns(n) > since_ns) {
		s->first_calls += history.calls * share_after(n, since_ns);
		s->lost_ns += history.lost_ns[n % HISTORY] *
			      share_after(n, since_ns);
	}
	s->first_ns -= s->lost_ns;
}

/* A point for each POINT_NS, of the batches that fall into it. */
static void trace(struct stay *s)
{
	size_t n, first = oldest();
	double lost = 0;

	for (n = first; n < history.count && s->points < TRACE_POINTS; n++) {
		double ns = ended_ns(n) - started_ns(first);

		lost += history.lost_ns[n % HISTORY];
		if (ns < POINT_NS && n + 1 < history.count)
			continue;
		s->trace_ns[s->points] = ended_ns(n);
		s->trace_call_ns[s->points++] =
			(ns - lost) / ((double)(n + 1 - first) * history.calls);
		first = n + 1;
		lost = 0;
	}
}

static unsigned long calls_in_batch(const struct contest *c)
{
	double fastest_ns = BATCH_NS;
	size_t i;

	for (i = 0; i < c->w->op->variant_count; i++) {
		if (c->ns[i] > 0)
			fastest_ns = fmin(fastest_ns, c->ns[i]);
	}
	return (unsigned long)(BATCH_NS / fastest_ns);
}

static int first_calls(struct contest *c, struct stay *s, unsigned int await,
		       double last_ns)
{
	unsigned long calls = calls_in_batch(c);
	double more, ns, lost;

	begin_batches((double)calls);
	do {
		batch(c, calls);
		if (ended_ns(history.count - 1) - history.begin_ns > EVENT_NS)
			return -ETIMEDOUT;
	} while (events_number() == await);
	s->change = events_last();
	look_back(s);
	lost = s->lost_ns;
	for (more = FIRST_CALLS - s->first_calls; more > 0; more -= history.calls) {
		batch(c, calls);
		ns = ended_ns(history.count - 1) - s->change.heard_ns;
		lost += history.lost_ns[(history.count - 1) % HISTORY];
		if (ns > fmin(last_ns + lost, last_ns * STRETCH))
			break;
	}
	look_back(s);
	trace(s);
	return 0;
}

int stay_measure(struct contest *c, struct stay *s, unsigned int await,
		 double last_ns)
{
	double begin_ns = bench_now_ns(), lost = 0, ns = 0;
	int ret;

	memset(s, 0, sizeof(*s));
	if (await != ~0u) {
		ret = first_calls(c, s, await, last_ns);
		if (ret)
			return ret;
		begin_ns = s->change.heard_ns;
	}
	lost = lost_ns() - s->lost_ns;
	contest_host(c);
	while (s->rounds < STAY_ROUNDS &&
	       (s->rounds < ROUNDS_MIN ||
		ns < fmin(last_ns + s->lost_all_ns, last_ns * STRETCH))) {
		s->at_ns[s->rounds] = bench_now_ns();
		contest_round(c, s->ns[s->rounds]);
		s->rounds++;
		s->lost_all_ns = lost_ns() - lost;
		ns = bench_now_ns() - begin_ns;
	}
	return 0;
}
