// SPDX-License-Identifier: LGPL-2.1-or-later
#include "choice.h"
#include "env.h"

void isahp_choice_init(struct isahp_block *b, const struct isahp_operation *op)
{
	size_t i, k;

	for (i = 0; i < b->count; i++) {
		const struct isahp_variant *v = isahp_operation_at(op, i);

		for (k = 0; k < i && v->results; k++)
			if (isahp_operation_at(op, k)->results == v->results)
				break;
		b->choice[i].class = v->results ? k : i;
		b->choice[i].given = v->cost;
		b->choice[i].cost = v->cost;
		b->choice[i].forced = isahp_env_forces(isahp_library.force,
						       op->name, v->name);
	}
}

static bool better(const struct isahp_choice *a, const struct isahp_choice *b)
{
	if (!b || a->forced != b->forced)
		return !b || a->forced;
	return a->cost < b->cost;
}

#define ANY SIZE_MAX

/* The first of the best; NULL when there is none. */
static struct isahp_choice *best_of(const struct isahp_block *b, size_t class,
				    const struct isahp_features *allowed)
{
	const struct isahp_choice *best = NULL;
	size_t i;

	for (i = 0; i < b->count; i++) {
		const struct isahp_choice *c = &b->choice[i];

		if ((class == ANY || c->class == class) &&
		    isahp_features_subset(&c->d->features, allowed) &&
		    better(c, best))
			best = c;
	}
	return (struct isahp_choice *)best;
}

static struct isahp_choice *same_bits(const struct isahp_block *b,
				      const struct isahp_features *allowed)
{
	struct isahp_choice *c = best_of(b, b->bound->class, allowed);

	return c ? c : best_of(b, b->on->class, allowed);
}

struct isahp_choice *isahp_choice_best(struct isahp_block *b,
				       const struct isahp_features *allowed)
{
	struct isahp_choice *c = b->bound ? same_bits(b, allowed) : NULL;

	return c ? c : best_of(b, ANY, allowed);
}

bool isahp_choice_keeps_bits(const struct isahp_block *b,
			     const struct isahp_features *allowed)
{
	return !b->bound || same_bits(b, allowed);
}

void isahp_choice_bind(struct isahp_block *b)
{
	if (b->op && (b->op->flags & ISAHP_OPERATION_SAME_BITS) && !b->bound)
		b->bound = b->on;
}
