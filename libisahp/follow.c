// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include "callback.h"
#include "follow.h"

#define STOP_NS 1000000000ULL

/* What operations may use from here on; with @select they are put there. */
static void set_usable(const struct isahp_features *usable, bool select)
{
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.usable = *usable;
	if (select)
		isahp_operations_select();
	pthread_mutex_unlock(&isahp_library.lock);
}

static struct isahp_features present_usable(const struct isahp_follow *f,
					    const struct isahp_event *e)
{
	struct isahp_features none = isahp_features_none();
	struct isahp_features all = isahp_features_usable(&e->present, &none);

	return isahp_source_usable(&f->link, &all, e->flags);
}

static void stop_waiting(struct isahp_follow *f)
{
	if (f->waiting)
		isahp_drain_end(&f->drain);
	f->waiting = false;
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

/* 1: something newer than f->event is in force; negative: the source is lost. */
static int look(struct isahp_follow *f)
{
	struct isahp_event e;
	int rc = f->link.ops->receive(&f->link);

	if (rc)
		return rc;
	rc = isahp_source_newest(&f->link, &e);
	return !rc && is_new(f, &e);
}

/* Only the newest event is ever answered. 1: there is a newer one. */
static int answer(struct isahp_follow *f, uint32_t verdict)
{
	int rc = look(f);

	if (rc)
		return rc;
	return isahp_source_answer(&f->link, &f->event, verdict);
}

static void pause_ns(const struct isahp_follow *f, uint64_t ns)
{
	struct pollfd p = { .fd = f->link.fd, .events = POLLIN };
	struct timespec t = { .tv_nsec = (long)ns };

	(void)ppoll(&p, 1, &t, NULL);
}

static bool interrupted(const struct isahp_follow *f)
{
	return __atomic_load_n(&f->interrupts, __ATOMIC_RELAXED);
}

/*
 * Wait for the threads, and acknowledge when the last is out. Ends early for a
 * newer event, at the deadline, or when interrupted; in the latter two cases
 * f->waiting stays, and the next turn looks again: the guest takes an ACK as long
 * as its PREPARE is pending.
 */
static int wait_and_acknowledge(struct isahp_follow *f)
{
	unsigned int round = 0;
	bool late;
	int rc;

	for (;;) {
		rc = look(f);
		if (rc) {
			stop_waiting(f);
			return rc < 0 ? rc : 0;
		}
		late = isahp_now_ns() >= f->event.deadline_ns;
		rc = isahp_drain_poll(&f->drain);
		if (!rc) {
			rc = answer(f, ISAHP_ACK);
			/* Stale, and yet nothing newer to be seen: soon. */
			if (rc != -ESTALE || late) {
				stop_waiting(f);
				return rc < 0 && rc != -ESTALE ? rc : 0;
			}
		}
		if (late || interrupted(f))
			return 0;
		pause_ns(f, isahp_backoff_ns(round++));
	}
}

static int veto(struct isahp_follow *f, const struct isahp_features *before)
{
	int rc;

	set_usable(before, true);
	f->settled = *before;
	f->told = false;
	rc = answer(f, ISAHP_NAK);
	return rc < 0 && rc != -ESTALE ? rc : 0;
}

/* 0: all agree; 1: vetoed; -ECHILD: a callback has forked, this is the child. */
static int ask_leaving(struct isahp_follow *f, const struct isahp_features *before,
		       const struct isahp_features *after)
{
	struct isahp_change change = {
		.kind = ISAHP_CALLBACK_LEAVING,
		.before = *before,
		.after = *after,
	};
	uint32_t generation = isahp_library.generation;
	int rc;

	if (f->told && isahp_features_equal(&f->told_after, after))
		return 0;
	rc = isahp_callbacks_leaving(&change, f->told);
	if (isahp_library.generation != generation)
		return -ECHILD;
	f->told = !rc;
	f->told_after = *after;
	return rc ? 1 : 0;
}

static int tell(uint32_t kind, const struct isahp_features *before,
		const struct isahp_features *after)
{
	struct isahp_change change = {
		.kind = kind,
		.before = *before,
		.after = *after,
	};
	uint32_t generation = isahp_library.generation;

	isahp_callbacks_tell(&change);
	return isahp_library.generation == generation ? 0 : -ECHILD;
}

/* Features are leaving: freeze, ask, publish, drain, acknowledge. */
static int prepare(struct isahp_follow *f, const struct isahp_features *after)
{
	struct isahp_features before = present_usable(f, &f->event);
	int rc;

	before = isahp_features_and(&before, &f->settled);
	/* Frozen: what is registered from here on avoids what is leaving. */
	set_usable(after, false);
	rc = ask_leaving(f, &before, after);
	if (rc)
		return rc < 0 ? rc : veto(f, &before);
	set_usable(after, true);
	rc = isahp_drain_begin(&f->drain, after);
	f->waiting = true;
	if (rc) {
		/* Nothing is known of the readers: say so; an ACK may follow. */
		rc = answer(f, ISAHP_NAK);
		if (rc < 0 && rc != -ESTALE)
			return rc;
	}
	return wait_and_acknowledge(f);
}

/* Nothing is leaving (any more): the best of what there is. */
static int settle(struct isahp_follow *f, const struct isahp_features *after)
{
	struct isahp_features before = f->settled;
	bool changed = !isahp_features_equal(&before, after);
	bool told = f->told;
	bool restored = told &&
			(!changed || f->event.type == ISAHP_RECORD_ABORT);

	set_usable(after, true);
	f->settled = *after;
	f->told = false;
	if (restored)
		return tell(ISAHP_CALLBACK_RESTORED, &f->told_after, after);
	if (told || changed)
		return tell(ISAHP_CALLBACK_CHANGED, &before, after);
	return 0;
}

static int handle(struct isahp_follow *f, const struct isahp_event *e)
{
	struct isahp_features after =
		isahp_source_usable(&f->link, &e->usable, e->flags);

	stop_waiting(f);
	f->event = *e;
	f->any = true;
	isahp_count(&isahp_library.events);
	if (!isahp_features_empty(&e->leaving))
		return prepare(f, &after);
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
		if (interrupted(f))
			return handled;
	}
	if (f->waiting)
		rc = wait_and_acknowledge(f);
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
	struct isahp_event e;

	if (!isahp_source_newest(&f->link, &e))
		safe = isahp_features_and(&safe, &e.usable);
	stop_waiting(f);
	pthread_mutex_lock(&lib->lock);
	safe = isahp_features_and(&safe, &lib->usable);
	lib->error = error;
	lib->usable = safe;
	isahp_operations_select();
	lib->followed = false;
	isahp_source_close(&f->link);
	pthread_mutex_unlock(&lib->lock);
	if (f->told || !isahp_features_equal(&f->settled, &safe))
		(void)tell(ISAHP_CALLBACK_CHANGED, &f->settled, &safe);
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
	f->settled = present_usable(f, e);
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

	stop_waiting(f);
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
