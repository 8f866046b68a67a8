// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include "dispatcher.h"
#include "gp_urcu.h"
#include "operation.h"
#include "swap.h"

#define VARIANTS_MAX 1024

/* What operations were put on last, but for those registered since, */
static struct isahp_features selected;
/* which may be on something else in as far as these features count. */
static struct isahp_features unsettled;
/* Of all variants that were ever in force. */
static struct isahp_features entered;

/* The first of the cheapest. There is one: a variant that needs nothing. */
static struct isahp_descriptor *cheapest(const struct isahp_block *b,
					 const struct isahp_features *allowed)
{
	const struct isahp_choice *best = NULL;
	size_t i;

	for (i = 0; i < b->count; i++) {
		const struct isahp_choice *c = &b->choice[i];

		if (isahp_features_subset(&c->d->features, allowed) &&
		    (!best || c->cost < best->cost))
			best = c;
	}
	return best->d;
}

/* What operations may be put on: usable, and its removal would be heard. */
static struct isahp_features allowed_now(void)
{
	const struct isahp_library *lib = &isahp_library;

	if (!lib->followed)
		return lib->usable;
	return isahp_features_and(&lib->usable, &lib->interest);
}

static void select_one(struct isahp_block *b, void *arg)
{
	const struct isahp_features *allowed = arg;
	struct isahp_descriptor *d, *old;

	if (!b->op)
		return;
	d = cheapest(b, allowed);
	old = __atomic_load_n(&b->op->current, __ATOMIC_RELAXED);
	if (old == d)
		return;
	if (old)
		isahp_count(&isahp_library.swaps);
	entered = isahp_features_or(&entered, &d->features);
	/* The descriptor before the pointer; partner: the loads in isahp_enter(). */
	__atomic_store_n(&b->op->current, d, __ATOMIC_RELEASE);
}

static struct isahp_features different(const struct isahp_features *a,
				       const struct isahp_features *b)
{
	struct isahp_features more = isahp_features_andnot(a, b);
	struct isahp_features less = isahp_features_andnot(b, a);

	return isahp_features_or(&more, &less);
}

void isahp_operations_select(void)
{
	struct isahp_features allowed = allowed_now();
	struct isahp_features changed = different(&allowed, &selected);

	changed = isahp_features_or(&changed, &unsettled);
	isahp_blocks_visit(&changed, select_one, &allowed);
	selected = allowed;
	unsettled = isahp_features_none();
}

/* One that was not there at the last selection. */
static void select_new(struct isahp_block *b)
{
	struct isahp_features allowed = allowed_now();
	struct isahp_features changed = different(&allowed, &selected);

	select_one(b, &allowed);
	unsettled = isahp_features_or(&unsettled, &changed);
}

struct isahp_features isahp_operations_needs(void)
{
	return isahp_blocks_needs();
}

struct isahp_features isahp_operations_interest(void)
{
	struct isahp_features none = isahp_features_none();
	struct isahp_features needs = isahp_operations_needs();
	struct isahp_features below = isahp_features_missing(&none, &needs);

	return isahp_features_or(&needs, &below);
}

bool isahp_operations_entered(const struct isahp_features *allowed)
{
	return !isahp_features_subset(&entered, allowed);
}

bool isahp_operations_outside(const struct isahp_descriptor *descriptor,
			      const struct isahp_features *allowed)
{
	return !isahp_features_subset(&descriptor->features, allowed);
}

static int well_formed(const struct isahp_operation *op)
{
	bool anywhere = false;
	size_t i;
	int rc;

	if (!op)
		return -EINVAL;
	rc = isahp_size_check(op, op->size, sizeof(*op));
	if (rc)
		return rc;
	if (!op->name || !op->variants || !op->variant_count ||
	    op->variant_count > VARIANTS_MAX || op->flags)
		return -EINVAL;
	for (i = 0; i < op->variant_count; i++) {
		const struct isahp_variant *v = isahp_operation_at(op, i);

		rc = isahp_size_check(v, op->variant_size, sizeof(*v));
		if (rc)
			return rc;
		if (!v->name || !v->fn)
			return -EINVAL;
		anywhere |= isahp_features_empty(&v->needs);
	}
	return anywhere ? 0 : -EINVAL;
}

/* Locked. The source hears of a new interest from the dispatcher, soon. */
static bool interest_grew(void)
{
	struct isahp_features interest = isahp_operations_interest();

	return isahp_library.followed &&
	       !isahp_features_subset(&interest, &isahp_library.interest);
}

int isahp_operation_register(struct isahp_operation *op)
{
	struct isahp_library *lib = &isahp_library;
	struct isahp_block *b = NULL;
	bool grew = false;
	int rc;

	rc = well_formed(op);
	if (rc)
		return rc;
	isahp_library_init();
	pthread_mutex_lock(&lib->lock);
	if (isahp_block_find(op, true))
		rc = -EEXIST;
	else if (!(b = isahp_block_new(op)))
		rc = -ENOMEM;
	if (!rc) {
		op->priv = b;
		select_new(b);
		grew = interest_grew();
	}
	pthread_mutex_unlock(&lib->lock);
	if (grew)
		isahp_dispatcher_interest();
	return rc;
}

/* One that is registered, else one that a call before this could not end. */
static struct isahp_block *retire(struct isahp_operation *op)
{
	struct isahp_library *lib = &isahp_library;
	struct isahp_block *b;

	pthread_mutex_lock(&lib->lock);
	b = isahp_block_find(op, true);
	if (b) {
		b->op = NULL;
		op->priv = NULL;
		__atomic_store_n(&op->current, NULL, __ATOMIC_RELEASE);
	} else {
		b = isahp_block_find(op, false);
	}
	if (b)
		b->ending = true;
	pthread_mutex_unlock(&lib->lock);
	return b;
}

static void end(struct isahp_block *b, bool gone)
{
	pthread_mutex_lock(&isahp_library.lock);
	b->ending = false;
	if (gone)
		isahp_block_free(b);
	pthread_mutex_unlock(&isahp_library.lock);
}

int isahp_operation_unregister(struct isahp_operation *op)
{
	struct isahp_block *b = retire(op);
	int rc;

	if (!b)
		return -ENOENT;
	rc = isahp_swap_leave_block(b);
	if (rc) {
		end(b, false);
		return rc;
	}
	/*
	 * Readers of isahp_operation_variant() may still look at it. Where no
	 * grace period can be waited for: better kept than freed too early.
	 */
	if (!isahp_gp_synchronize())
		end(b, true);
	return 0;
}

const struct isahp_variant *
isahp_operation_variant(const struct isahp_operation *op)
{
	const struct isahp_variant *v = NULL;
	const struct isahp_descriptor *d;

	if (!op)
		return NULL;
	isahp_gp_enter();
	d = __atomic_load_n(&op->current, __ATOMIC_CONSUME);
	if (d)
		v = d->variant;
	(void)isahp_gp_leave();
	return v;
}
