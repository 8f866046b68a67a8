// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include "dispatcher.h"
#include "gp_urcu.h"
#include "operation.h"
#include "swap.h"

#define VARIANTS_MAX 1024

/* The first of the cheapest. There is one: a variant that needs nothing. */
static size_t cheapest(const struct isahp_block *b,
		       const struct isahp_features *allowed)
{
	size_t best = b->count;
	size_t i;

	for (i = 0; i < b->count; i++)
		if (isahp_features_subset(&b->descriptor[i].features, allowed) &&
		    (best == b->count || b->descriptor[i].variant->cost <
						 b->descriptor[best].variant->cost))
			best = i;
	return best;
}

/* What operations may be put on: usable, and its removal would be heard. */
static struct isahp_features allowed_now(void)
{
	const struct isahp_library *lib = &isahp_library;

	if (!lib->followed)
		return lib->usable;
	return isahp_features_and(&lib->usable, &lib->interest);
}

static void select_one(struct isahp_block *b, const struct isahp_features *allowed)
{
	size_t best = cheapest(b, allowed);
	struct isahp_descriptor *d = &b->descriptor[best];

	if (__atomic_load_n(&b->op->current, __ATOMIC_RELAXED) == d)
		return;
	if (__atomic_load_n(&b->op->current, __ATOMIC_RELAXED))
		isahp_count(&isahp_library.swaps);
	b->entered[best] = true;
	/* The descriptor before the pointer; partner: the loads in isahp_enter(). */
	__atomic_store_n(&b->op->current, d, __ATOMIC_RELEASE);
}

void isahp_operations_select(void)
{
	struct isahp_features allowed = allowed_now();
	struct isahp_block *b;

	for (b = isahp_library.blocks; b; b = b->next)
		if (b->op)
			select_one(b, &allowed);
}

struct isahp_features isahp_operations_needs(void)
{
	struct isahp_features set = isahp_features_none();
	struct isahp_block *b;
	size_t i;

	for (b = isahp_library.blocks; b; b = b->next)
		for (i = 0; i < b->count; i++)
			set = isahp_features_or(&set, &b->descriptor[i].features);
	return set;
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
	struct isahp_block *b;
	size_t i;

	for (b = isahp_library.blocks; b; b = b->next)
		for (i = 0; i < b->count; i++)
			if (b->entered[i] &&
			    !isahp_features_subset(&b->descriptor[i].features,
						   allowed))
				return true;
	return false;
}

static bool block_has(const struct isahp_block *b,
		      const struct isahp_descriptor *descriptor)
{
	return (uintptr_t)descriptor >= (uintptr_t)b->descriptor &&
	       (uintptr_t)descriptor < (uintptr_t)(b->descriptor + b->count);
}

bool isahp_operations_outside(const struct isahp_descriptor *descriptor,
			      const struct isahp_features *allowed)
{
	struct isahp_block *b;

	for (b = isahp_library.blocks; b; b = b->next)
		if (block_has(b, descriptor))
			return !isahp_features_subset(&descriptor->features,
						      allowed);
	return false;
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

static struct isahp_block *block_new(struct isahp_operation *op)
{
	struct isahp_block *b;
	size_t i;

	b = calloc(1, sizeof(*b) + op->variant_count * sizeof(b->descriptor[0]));
	if (!b)
		return NULL;
	b->entered = calloc(op->variant_count, sizeof(*b->entered));
	if (!b->entered) {
		free(b);
		return NULL;
	}
	b->op = op;
	b->count = op->variant_count;
	for (i = 0; i < b->count; i++) {
		const struct isahp_variant *v = isahp_operation_at(op, i);

		b->descriptor[i].fn = v->fn;
		b->descriptor[i].features = v->needs;
		b->descriptor[i].variant = v;
	}
	return b;
}

static void block_free(struct isahp_block *b)
{
	free(b->entered);
	free(b);
}

static struct isahp_block **find(const struct isahp_operation *op)
{
	struct isahp_block **link = &isahp_library.blocks;

	while (*link && (*link)->op != op)
		link = &(*link)->next;
	return link;
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
	struct isahp_features allowed;
	struct isahp_block *b;
	bool grew = false;
	int rc;

	rc = well_formed(op);
	if (rc)
		return rc;
	isahp_library_init();
	b = block_new(op);
	if (!b)
		return -ENOMEM;
	pthread_mutex_lock(&lib->lock);
	if (*find(op)) {
		rc = -EEXIST;
	} else {
		b->next = lib->blocks;
		lib->blocks = b;
		op->priv = b;
		allowed = allowed_now();
		select_one(b, &allowed);
		grew = interest_grew();
	}
	pthread_mutex_unlock(&lib->lock);
	if (rc)
		block_free(b);
	if (grew)
		isahp_dispatcher_interest();
	return rc;
}

static struct isahp_block *retire(struct isahp_operation *op)
{
	struct isahp_library *lib = &isahp_library;
	struct isahp_block *b = NULL;

	pthread_mutex_lock(&lib->lock);
	if (op)
		b = *find(op);
	if (b) {
		b->op = NULL;
		op->priv = NULL;
		__atomic_store_n(&op->current, NULL, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&lib->lock);
	return b;
}

static void unlink_block(struct isahp_block *b)
{
	struct isahp_block **link;

	pthread_mutex_lock(&isahp_library.lock);
	for (link = &isahp_library.blocks; *link != b; link = &(*link)->next)
		;
	*link = b->next;
	pthread_mutex_unlock(&isahp_library.lock);
}

/* Blocks that no grace period could be waited for: better kept than too early. */
static void keep(struct isahp_block *b)
{
	static struct isahp_block *kept;

	pthread_mutex_lock(&isahp_library.lock);
	b->next = kept;
	kept = b;
	pthread_mutex_unlock(&isahp_library.lock);
}

int isahp_operation_unregister(struct isahp_operation *op)
{
	struct isahp_block *b = retire(op);
	int rc;

	if (!b)
		return -ENOENT;
	rc = isahp_swap_leave_block(b);
	if (rc)
		return rc;
	unlink_block(b);
	/* Readers of isahp_operation_variant() may still look at it. */
	if (isahp_gp_synchronize())
		keep(b);
	else
		block_free(b);
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
