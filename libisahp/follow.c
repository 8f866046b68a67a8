// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <time.h>
#include "late.h"
#include "removal.h"

#define STOP_NS 1000000000ULL

void isahp_follow_usable(const struct isahp_features *usable, bool select)
{
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.usable = *usable;
	if (select)
		isahp_operations_select();
	pthread_mutex_unlock(&isahp_library.lock);
}

struct isahp_features isahp_follow_present(const struct isahp_follow *f,
					   const struct isahp_event *e)
{
	struct isahp_features none = isahp_features_none();
	struct isahp_features all = isahp_features_usable(&e->present, &none);

	return isahp_source_usable(&f->link, &all, e->flags);
}

static bool same_state(const struct isahp_event *a, const struct isahp_event *b)
{
	return !memcmp(a->epoch, b->epoch, ISAHP_EPOCH_SIZE) &&
	       a->sequence == b->sequence &&
	       (a->flags & ISAHP_STATE_F_MASKED) == (b->flags & ISAHP_STATE_F_MASKED) &&
	       isahp_features_equal(&a->present, &b->present) &&
	       isahp_features_equal(&a->leaving, &b->leaving) &&
	       isahp_features_equal(&a->usable, &b->usable);
}

/*
 * The number also moves when the host was answered or its deadline has passed:
 * that is the same state still.
 */
static bool is_new(const struct isahp_follow *f, const struct isahp_event *e)
{
	return !f->any ||
	       (e->event > f->event.event && !same_state(e, &f->event));
}

int isahp_follow_look(struct isahp_follow *f)
{
	struct isahp_event e;
	int rc = f->link.ops->receive(&f->link);

	if (rc)
		return rc;
	rc = isahp_source_newest(&f->link, &e);
	return !rc && is_new(f, &e);
}

bool isahp_follow_interrupted(const struct isahp_follow *f)
{
	return __atomic_load_n(&f->interrupts, __ATOMIC_RELAXED);
}

struct isahp_change isahp_follow_change(uint32_t kind,
					const struct isahp_features *before,
					const struct isahp_features *after)
{
	return (struct isahp_change){
		.size = sizeof(struct isahp_change),
		.kind = kind,
		.before = *before,
		.after = *after,
		.deadline_ns = isahp_deadline(),
	};
}

int isahp_follow_tell(const struct isahp_change *agreed,
		      const struct isahp_change *others)
{
	uint32_t generation = isahp_library.generation;

	isahp_callbacks_tell(agreed, others);
	return isahp_library.generation == generation ? 0 : -ECHILD;
}

/* Nothing is leaving (any more): the best of what there is. */
static int settle(struct isahp_follow *f, const struct isahp_features *after)
{
	struct isahp_features before = f->settled;
	bool changed = !isahp_features_equal(&before, after);
	bool told = f->told;
	bool restored = told &&
			(!changed || f->event.type == ISAHP_RECORD_ABORT);
	struct isahp_change to_agreed, to_others;

	isahp_follow_usable(after, true);
	f->settled = *after;
	f->told = false;
	to_others = isahp_follow_change(ISAHP_CALLBACK_CHANGED, &before, after);
	to_agreed = to_others;
	if (restored)
		to_agreed = isahp_follow_change(ISAHP_CALLBACK_RESTORED,
						&f->told_after, after);
	return isahp_follow_tell(told || changed ? &to_agreed : NULL,
				 changed || (told && !restored) ? &to_others : NULL);
}

static int handle(struct isahp_follow *f, const struct isahp_event *e)
{
	struct isahp_features after =
		isahp_source_usable(&f->link, &e->usable, e->flags);

	isahp_removal_end(f);
	f->event = *e;
	f->any = true;
	f->late = false;
	isahp_count(&isahp_library.events);
	if (!isahp_features_empty(&e->leaving))
		return isahp_removal_begin(f, &after);
	return settle(f, &after);
}

static int handle_all(struct isahp_follow *f)
{
	struct isahp_event e;
	int handled = 0;
	int rc;

	for (;;) {
		rc = f->link.ops->receive(&f->link);
		if (rc)
			return rc;
		if (isahp_source_newest(&f->link, &e) || !is_new(f, &e))
			break;
		rc = handle(f, &e);
		if (rc)
			return rc;
		handled++;
		if (isahp_follow_interrupted(f))
			return handled;
	}
	if (f->waiting)
		rc = isahp_removal_wait(f);
	return rc ? rc : handled;
}

/* The other end is told first; only then may operations use what is new. */
static int extend_interest(struct isahp_follow *f)
{
	struct isahp_library *lib = &isahp_library;
	struct isahp_features wanted;
	bool extend;
	int rc;

	pthread_mutex_lock(&lib->lock);
	wanted = isahp_operations_interest();
	extend = !isahp_features_subset(&wanted, &lib->interest);
	wanted = isahp_features_or(&wanted, &lib->interest);
	pthread_mutex_unlock(&lib->lock);
	if (!extend)
		return 0;
	rc = f->link.ops->interest(&f->link, &wanted);
	if (rc)
		return rc;
	/* What has happened until now first. */
	rc = handle_all(f);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&lib->lock);
	lib->interest = wanted;
	isahp_operations_select();
	pthread_mutex_unlock(&lib->lock);
	return rc;
}

/* On what was usable, without what was leaving. */
static void lost(struct isahp_follow *f, int error)
{
	struct isahp_library *lib = &isahp_library;
	struct isahp_features safe = f->event.usable;
	struct isahp_change change;
	struct isahp_event e;

	if (!isahp_source_newest(&f->link, &e))
		safe = isahp_features_and(&safe, &e.usable);
	isahp_removal_end(f);
	pthread_mutex_lock(&lib->lock);
	safe = isahp_features_and(&safe, &lib->usable);
	lib->error = error;
	lib->usable = safe;
	isahp_operations_select();
	lib->followed = false;
	isahp_source_close(&f->link);
	pthread_mutex_unlock(&lib->lock);
	change = isahp_follow_change(ISAHP_CALLBACK_CHANGED, &f->settled, &safe);
	if (f->told || !isahp_features_equal(&f->settled, &safe))
		(void)isahp_follow_tell(&change, &change);
	f->settled = safe;
	f->told = false;
}

int isahp_follow_turn(struct isahp_follow *f)
{
	int extended, handled;

	extended = extend_interest(f);
	handled = extended < 0 ? extended : handle_all(f);
	if (handled >= 0)
		return handled + extended;
	if (handled != -ECHILD)
		lost(f, handled);
	return handled;
}

static void begin(struct isahp_follow *f, const struct isahp_event *e,
		  const struct isahp_features *interest)
{
	struct isahp_library *lib = &isahp_library;

	f->event = *e;
	f->settled = isahp_follow_present(f, e);
	/* What is leaving is handled as an event, by the first turn. */
	f->any = isahp_features_empty(&e->leaving);
	pthread_mutex_lock(&lib->lock);
	lib->usable = isahp_source_usable(&f->link, &e->usable, e->flags);
	lib->interest = *interest;
	lib->followed = true;
	lib->source = f->link.ops->kind;
	lib->error = 0;
	isahp_operations_select();
	pthread_mutex_unlock(&lib->lock);
}

int isahp_follow_start(struct isahp_follow *f, const struct isahp_source_ops *ops,
		       const char *path)
{
	struct isahp_features interest;
	struct isahp_event e;
	int rc;

	pthread_mutex_lock(&isahp_library.lock);
	interest = isahp_operations_interest();
	pthread_mutex_unlock(&isahp_library.lock);
	rc = ops->open(&f->link, path, &interest);
	if (rc)
		return rc;
	f->link.ops = ops;
	if (isahp_source_newest(&f->link, &e)) {
		isahp_source_close(&f->link);
		return -ETIMEDOUT;
	}
	begin(f, &e, &interest);
	return 0;
}

static bool drained(const struct isahp_features *allowed)
{
	uint64_t deadline_ns = isahp_now_ns() + STOP_NS;
	struct isahp_drain drain;
	unsigned int round = 0;
	bool out;

	(void)isahp_drain_begin(&drain, allowed);
	while (!(out = !isahp_drain_poll(&drain)) && isahp_now_ns() < deadline_ns) {
		struct timespec t = { .tv_nsec = (long)isahp_backoff_ns(round++) };

		nanosleep(&t, NULL);
	}
	isahp_drain_end(&drain);
	return out;
}

void isahp_follow_stop(struct isahp_follow *f)
{
	struct isahp_features none = isahp_features_none();

	bool stay;

	isahp_removal_end(f);
	if (!f->link.ops)
		return; /* lost before */
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.usable = none;
	stay = isahp_operations_retreat();
	pthread_mutex_unlock(&isahp_library.lock);
	/* No goodbye from who uses on what may be taken away. */
	if (!stay && drained(&none))
		(void)f->link.ops->unregister(&f->link);
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.followed = false;
	isahp_library.source = ISAHP_SOURCE_CPU;
	isahp_source_close(&f->link);
	pthread_mutex_unlock(&isahp_library.lock);
}

bool isahp_follow_child(struct isahp_follow *f)
{
	bool followed = f->link.ops && isahp_library.followed;

	isahp_source_close(&f->link);
	/* The grace period's thread is not here: its half of it is lost. */
	memset(f, 0, sizeof(*f));
	f->link.fd = -1;
	isahp_late_child();
	__atomic_store_n(&isahp_library.deadline_ns, 0, __ATOMIC_RELAXED);
	/* What stayed where it was when the parent stopped is the parent's affair. */
	if (!followed && isahp_operations_retreat())
		isahp_operations_select();
	if (!followed)
		return false;
	isahp_library.followed = false;
	isahp_library.source = ISAHP_SOURCE_CPU;
	isahp_library.usable = isahp_features_none();
	isahp_operations_select();
	return true;
}
