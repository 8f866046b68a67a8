// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "choice.h"
#include "cost.h"
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

static bool binding;	/* ISAHP_OPERATION_SAME_BITS counts */
static size_t staying;	/* blocks that stay */

/* What operations may be put on: usable, and its removal would be heard. */
static struct isahp_features allowed_now(void)
{
	const struct isahp_library *lib = &isahp_library;

	if (!lib->followed)
		return lib->usable;
	return isahp_features_and(&lib->usable, &lib->interest);
}

static void publish(struct isahp_block *b, struct isahp_choice *c)
{
	const struct isahp_choice *old = b->on;

	if (old == c)
		return;
	if (old)
		isahp_count(&isahp_library.swaps);
	if (b->bound && old->class != c->class)
		isahp_count(&isahp_library.results_changed);
	b->on = c;
	entered = isahp_features_or(&entered, &c->d->features);
	/* The descriptor before the pointer; partner: the loads in isahp_enter(). */
	__atomic_store_n(&b->op->current, c->d, __ATOMIC_RELEASE);
}

static void set_stays(struct isahp_block *b, bool stays)
{
	staying += (size_t)stays - (size_t)b->stays;
	b->stays = stays;
}

/* A measurement is a call like any other: off what may not be used. */
static void move_probe(struct isahp_block *b, const struct isahp_features *allowed)
{
	const struct isahp_descriptor *d;

	if (!b->probe)
		return;
	d = __atomic_load_n(&b->probe->current, __ATOMIC_RELAXED);
	if (d && (!b->op || !isahp_features_subset(&d->features, allowed)))
		__atomic_store_n(&b->probe->current, NULL, __ATOMIC_RELEASE);
}

int isahp_operation_probe(struct isahp_block *b, struct isahp_choice *c)
{
	struct isahp_features allowed;
	int rc = 1;

	pthread_mutex_lock(&isahp_library.lock);
	allowed = allowed_now();
	if (!b->op) {
		rc = -ENOENT;
	} else if (isahp_deadline()) {
		rc = -EAGAIN;
	} else if (!isahp_features_subset(&c->d->features, &allowed)) {
		rc = 0;
	} else {
		entered = isahp_features_or(&entered, &c->d->features);
		/* As in publish(). */
		__atomic_store_n(&b->probe->current, c->d, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&isahp_library.lock);
	return rc;
}

/* The measurement stands on the stack of a thread that is not here. */
static void forget_prober(struct isahp_block *b, void *arg)
{
	(void)arg;
	if (b->probe && !pthread_equal(b->prober, pthread_self()))
		b->probe = NULL;
}

void isahp_operations_child(void)
{
	isahp_blocks_each(forget_prober, NULL);
}

static void select_one(struct isahp_block *b, void *arg)
{
	if (!b->op)
		return;
	move_probe(b, arg);
	set_stays(b, false);
	publish(b, isahp_choice_best(b, arg));
}

static void retreat_one(struct isahp_block *b, void *arg)
{
	if (!b->op || isahp_choice_keeps_bits(b, arg)) {
		select_one(b, arg);
		return;
	}
	set_stays(b, true);
	move_probe(b, arg);
}

static struct isahp_features different(const struct isahp_features *a,
				       const struct isahp_features *b)
{
	struct isahp_features more = isahp_features_andnot(a, b);
	struct isahp_features less = isahp_features_andnot(b, a);

	return isahp_features_or(&more, &less);
}

static void visit_changed(void (*fn)(struct isahp_block *b, void *arg))
{
	struct isahp_features allowed = allowed_now();
	struct isahp_features changed = different(&allowed, &selected);

	changed = isahp_features_or(&changed, &unsettled);
	unsettled = isahp_features_none();
	isahp_blocks_visit(&changed, fn, &allowed);
	selected = allowed;
}

void isahp_operations_select(void)
{
	visit_changed(select_one);
}

bool isahp_operations_retreat(void)
{
	struct isahp_features allowed;

	visit_changed(retreat_one);
	if (!staying)
		return false;
	/* The next selection is to look at them whatever it allows. */
	allowed = isahp_operations_needs();
	unsettled = isahp_features_or(&unsettled, &allowed);
	return true;
}

struct breach {
	struct isahp_features allowed;
	char *name;
	size_t size;
	bool found;
};

static void find_breach(struct isahp_block *b, void *arg)
{
	struct breach *breach = arg;

	if (breach->found || !b->op || isahp_choice_keeps_bits(b, &breach->allowed))
		return;
	breach->found = true;
	(void)snprintf(breach->name, breach->size, "%s", b->op->name);
}

bool isahp_operations_keep_bits(const struct isahp_features *usable,
				char *ret_name, size_t size)
{
	struct breach breach = { .allowed = *usable, .name = ret_name, .size = size };
	struct isahp_features changed;

	if (isahp_library.followed)
		breach.allowed = isahp_features_and(usable, &isahp_library.interest);
	changed = different(&breach.allowed, &selected);
	changed = isahp_features_or(&changed, &unsettled);
	isahp_blocks_visit(&changed, find_breach, &breach);
	return !breach.found;
}

static void bind_one(struct isahp_block *b, void *arg)
{
	(void)arg;
	isahp_choice_bind(b);
}

void isahp_operations_bind(void)
{
	if (!binding)
		isahp_blocks_each(bind_one, NULL);
	binding = true;
}

/* One that was not there at the last selection, or has other costs than then. */
static void settle(struct isahp_block *b)
{
	struct isahp_features allowed = allowed_now();
	struct isahp_features changed = different(&allowed, &selected);

	select_one(b, &allowed);
	if (binding)
		isahp_choice_bind(b);
	unsettled = isahp_features_or(&unsettled, &changed);
}

void isahp_operation_costs(struct isahp_block *b)
{
	isahp_costs_scale(b);
	settle(b);
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
			      const void *allowed)
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
	    op->variant_count > VARIANTS_MAX ||
	    (op->flags & ~ISAHP_OPERATION_SAME_BITS))
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

/* @op is well formed. */
static int add(struct isahp_operation *op, bool created)
{
	struct isahp_library *lib = &isahp_library;
	struct isahp_block *b = NULL;
	bool grew = false;
	int rc = 0;

	isahp_library_init();
	pthread_mutex_lock(&lib->lock);
	if (isahp_block_find(op, true))
		rc = -EEXIST;
	else if (!(b = isahp_block_new(op)))
		rc = -ENOMEM;
	if (!rc) {
		op->priv = b;
		b->created = created;
		settle(b);
		grew = interest_grew();
	}
	pthread_mutex_unlock(&lib->lock);
	if (grew)
		isahp_dispatcher_interest();
	return rc;
}

int isahp_operation_register(struct isahp_operation *op)
{
	int rc = well_formed(op);

	return rc ? rc : add(op, false);
}

static size_t put_string(char *to, const char *text)
{
	return (size_t)(stpcpy(to, text) - to) + 1;
}

/* In one piece: the operation, its variants, their names. */
static struct isahp_operation *copy_of(const struct isahp_operation *from)
{
	size_t size = sizeof(*from) + from->variant_count * sizeof(*from->variants);
	size_t strings = strlen(from->name) + 1;
	struct isahp_variant *variants;
	struct isahp_operation *op;
	char *at;
	size_t i;

	for (i = 0; i < from->variant_count; i++)
		strings += strlen(isahp_operation_at(from, i)->name) + 1;
	op = calloc(1, size + strings);
	if (!op)
		return NULL;
	variants = (struct isahp_variant *)(op + 1);
	at = (char *)op + size;
	op->size = sizeof(*op);
	op->variant_size = sizeof(*variants);
	op->name = at;
	op->variants = variants;
	op->variant_count = from->variant_count;
	op->flags = from->flags;
	at += put_string(at, from->name);
	for (i = 0; i < op->variant_count; i++) {
		variants[i] = *isahp_operation_at(from, i);
		variants[i].name = at;
		at += put_string(at, isahp_operation_at(from, i)->name);
	}
	return op;
}

int isahp_operation_create(const struct isahp_operation_spec *spec,
			   struct isahp_operation **ret_op)
{
	struct isahp_operation from = ISAHP_OPERATION_INIT(NULL, NULL, 0, 0);
	struct isahp_operation *op;
	int rc;

	if (!spec || !ret_op)
		return -EINVAL;
	rc = isahp_size_check(spec, spec->size, sizeof(*spec));
	if (rc)
		return rc;
	from.name = spec->name;
	from.variants = spec->variants;
	from.variant_count = spec->variant_count;
	from.variant_size = spec->variant_size;
	from.flags = spec->flags;
	rc = well_formed(&from);
	if (rc)
		return rc;
	op = copy_of(&from);
	if (!op)
		return -ENOMEM;
	rc = add(op, true);
	if (rc)
		free(op);
	else
		*ret_op = op;
	return rc;
}

/* One that is registered, else one that a call before this could not end. */
static int retire(struct isahp_operation *op, bool created,
		  struct isahp_block **ret_block)
{
	struct isahp_library *lib = &isahp_library;
	struct isahp_block *b;
	int rc = 0;

	pthread_mutex_lock(&lib->lock);
	b = isahp_block_find(op, true);
	if (!b)
		b = isahp_block_find(op, false);
	if (!b) {
		rc = -ENOENT;
	} else if (b->created != created) {
		rc = -EINVAL;
	} else {
		if (b->op)
			__atomic_store_n(&op->current, NULL, __ATOMIC_RELEASE);
		if (b->op)
			op->priv = NULL;
		set_stays(b, false);
		b->op = NULL;
		move_probe(b, NULL);
		b->ending = true;
		*ret_block = b;
	}
	pthread_mutex_unlock(&lib->lock);
	return rc;
}

static void end(struct isahp_block *b, bool gone)
{
	pthread_mutex_lock(&isahp_library.lock);
	b->ending = gone;
	if (gone && b->probe)
		b->orphaned = true;
	else if (gone)
		isahp_block_free(b);
	pthread_mutex_unlock(&isahp_library.lock);
}

static int take_back(struct isahp_operation *op, bool created)
{
	struct isahp_block *b;
	int rc;

	rc = retire(op, created, &b);
	if (rc)
		return rc;
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

int isahp_operation_unregister(struct isahp_operation *op)
{
	return take_back(op, false);
}

int isahp_operation_destroy(struct isahp_operation *op)
{
	int rc = take_back(op, true);

	if (!rc)
		free(op);
	return rc;
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
