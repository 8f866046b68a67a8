// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include "cost.h"
#include "operation.h"
#include "swap.h"

#define ROUNDS 8
#define BATCH_NS 50000ULL	/* of calls that are timed together, at least */
#define VARIANT_NS 50000000ULL	/* after two rounds and so long: enough */

/**
 * struct measurement - one that is under way
 * @b: of the operation; stays while b->probe is set.
 * @probe: an operation of one thread, on what is being timed.
 * @call: the application's,
 * @arg: and what it is passed.
 * @timed: one for each variant.
 */
struct measurement {
	struct isahp_block *b;
	struct isahp_operation probe;
	isahp_probe call;
	void *arg;
	struct timed {
		uint64_t calls;	  /* in a batch */
		uint64_t spent_ns;
		uint64_t cost_ps; /* of the best batch; 0: none yet */
	} *timed;
};

/* One batch; -EAGAIN: what is timed has to be left. */
static int time_batch(struct measurement *m, uint64_t calls, uint64_t *ret_ns)
{
	struct isahp_region region;
	uint64_t start_ns, n;
	bool over;
	isahp_fn fn;

	fn = isahp_enter(&m->probe, &region);
	over = !fn || isahp_poll(&m->probe, &region);
	start_ns = isahp_now_ns();
	for (n = 0; n < calls && !over; n++) {
		m->call(fn, m->arg);
		over = isahp_poll(&m->probe, &region);
	}
	*ret_ns = isahp_now_ns() - start_ns;
	isahp_leave(&region);
	return over ? -EAGAIN : 0;
}

/* The first rounds also warm up, and find how many calls make a batch. */
static int time_variant(struct measurement *m, struct timed *t)
{
	uint64_t ns, ps;
	int rc;

	for (;;) {
		rc = time_batch(m, t->calls, &ns);
		if (rc)
			return rc;
		t->spent_ns += ns;
		if (ns >= BATCH_NS)
			break;
		t->calls *= 2;
	}
	ps = ns * 1000 / t->calls;
	if (!t->cost_ps || ps < t->cost_ps)
		t->cost_ps = ps ? ps : 1;
	return 0;
}

static int measure(struct measurement *m)
{
	int round, rc;
	size_t i;

	for (round = 0; round < ROUNDS; round++) {
		/* In turns: what else the machine does is to meet them all. */
		for (i = 0; i < m->b->count; i++) {
			struct timed *t = &m->timed[i];

			if (round >= 2 && t->spent_ns > VARIANT_NS)
				continue;
			rc = isahp_operation_probe(m->b, &m->b->choice[i]);
			if (!rc)
				continue;
			if (rc > 0)
				rc = time_variant(m, t);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int begin(struct measurement *m, const struct isahp_operation *op)
{
	struct isahp_block *b;
	size_t i;
	int rc = 0;

	pthread_mutex_lock(&isahp_library.lock);
	b = isahp_block_find(op, true);
	if (!b)
		rc = -ENOENT;
	else if (b->probe)
		rc = -EBUSY;
	else if (!(m->timed = calloc(b->count, sizeof(*m->timed))))
		rc = -ENOMEM;
	if (!rc) {
		for (i = 0; i < b->count; i++)
			m->timed[i].calls = 1;
		m->b = b;
		b->probe = &m->probe;
		b->prober = pthread_self();
	}
	pthread_mutex_unlock(&isahp_library.lock);
	return rc;
}

static int finish(struct measurement *m, int rc)
{
	struct isahp_block *b = m->b;
	size_t i;

	pthread_mutex_lock(&isahp_library.lock);
	b->probe = NULL;
	if (!b->op)
		rc = -ENOENT;
	for (i = 0; i < b->count && !rc; i++)
		b->choice[i].measured = m->timed[i].cost_ps;
	if (!rc)
		isahp_operation_costs(b);
	if (b->orphaned)
		isahp_block_free(b);
	pthread_mutex_unlock(&isahp_library.lock);
	free(m->timed);
	return rc;
}

int isahp_operation_measure(struct isahp_operation *op, isahp_probe probe, void *arg)
{
	struct measurement m = {
		.probe = ISAHP_OPERATION_INIT("measurement", NULL, 0, 0),
		.call = probe,
		.arg = arg,
	};
	int rc;

	if (!op || !probe)
		return -EINVAL;
	rc = begin(&m, op);
	if (rc)
		return rc;
	return finish(&m, measure(&m));
}

void isahp_costs_scale(struct isahp_block *b)
{
	const struct isahp_choice *ref = NULL;
	double scale;
	size_t i;

	for (i = 0; i < b->count; i++)
		if (b->choice[i].measured &&
		    (!ref || b->choice[i].given < ref->given))
			ref = &b->choice[i];
	if (!ref)
		return;
	scale = (double)ref->measured / (ref->given ? ref->given : 1);
	for (i = 0; i < b->count; i++) {
		struct isahp_choice *c = &b->choice[i];

		c->cost = c->measured ? c->measured : (uint64_t)(c->given * scale);
	}
}

int64_t isahp_operation_cost(const struct isahp_operation *op, size_t i)
{
	const struct isahp_block *b;
	int64_t cost;

	if (!op)
		return -EINVAL;
	pthread_mutex_lock(&isahp_library.lock);
	b = isahp_block_find(op, true);
	if (!b)
		cost = -ENOENT;
	else if (i >= b->count)
		cost = -EINVAL;
	else
		cost = (int64_t)b->choice[i].cost;
	pthread_mutex_unlock(&isahp_library.lock);
	return cost;
}
