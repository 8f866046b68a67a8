// SPDX-License-Identifier: LGPL-2.1-or-later
#include "inside.h"
#include "thread.h"

static const struct isahp_descriptor *slot_of(const struct isahp_thread *t, size_t i)
{
	/* Partner: the release in isahp_leave(). */
	return __atomic_load_n(&t->in.slot[i].d, __ATOMIC_ACQUIRE);
}

static bool overflowed(const struct isahp_thread *t)
{
	return __atomic_load_n(&t->in.overflow, __ATOMIC_ACQUIRE);
}

bool isahp_thread_in_doubt(const struct isahp_thread *t)
{
	return overflowed(t) || (isahp_mode() == ISAHP_MODE_FENCED &&
				 t->state == ISAHP_THREAD_REGISTERED &&
				 !__atomic_load_n(&t->fenced, __ATOMIC_ACQUIRE));
}

static bool in_slots(const struct isahp_thread *t, isahp_stop_fn stop, const void *arg)
{
	const struct isahp_descriptor *d;
	size_t i;

	for (i = 0; i < ISAHP_SLOTS; i++) {
		d = slot_of(t, i);
		if (d && stop(d, arg))
			return true;
	}
	return false;
}

/*
 * In MODE_URCU the grace period has seen all sections that still were any. A
 * slot that nevertheless holds it is of a region whose section its thread's end
 * has dropped, before the library's key could say so; or it is about to be
 * cleared.
 */
bool isahp_threads_inside(isahp_stop_fn stop, const void *arg)
{
	isahp_sigmask_t mask;
	bool inside = false;
	size_t i;

	if (isahp_threads_in_doubt())
		return true;
	isahp_records_lock(&mask);
	for (i = 0; i < isahp_records_used() && !inside; i++)
		inside = isahp_thread_in_doubt(isahp_record_at(i)) ||
			 in_slots(isahp_record_at(i), stop, arg);
	isahp_records_unlock(mask);
	return inside;
}

void isahp_threads_each_inside(isahp_stop_fn stop, const void *arg,
			       void (*fn)(const struct isahp_inside *inside, void *arg),
			       void *fn_arg)
{
	struct isahp_inside inside = { 0 };
	isahp_sigmask_t mask;
	size_t i, k;

	if (isahp_threads_in_doubt())
		fn(&inside, fn_arg);
	isahp_records_lock(&mask);
	for (i = 0; i < isahp_records_used(); i++) {
		struct isahp_thread *t = isahp_record_at(i);

		inside.tid = t->tid;
		inside.descriptor = NULL;
		if (isahp_thread_in_doubt(t))
			fn(&inside, fn_arg);
		for (k = 0; k < ISAHP_SLOTS; k++) {
			inside.descriptor = slot_of(t, k);
			if (inside.descriptor && stop(inside.descriptor, arg))
				fn(&inside, fn_arg);
		}
	}
	isahp_records_unlock(mask);
}

struct isahp_thread *isahp_threads_pin(size_t *at, isahp_stop_fn stop,
				       const void *arg)
{
	struct isahp_thread *t, *found = NULL;
	isahp_sigmask_t mask;

	isahp_records_lock(&mask);
	while (!found && *at < isahp_records_used()) {
		t = isahp_record_at((*at)++);
		if (t->state == ISAHP_THREAD_REGISTERED && t != isahp_thread_own() &&
		    (isahp_thread_in_doubt(t) || in_slots(t, stop, arg)))
			found = t;
	}
	if (found)
		found->pins++;
	isahp_records_unlock(mask);
	return found;
}

void isahp_thread_unpin(struct isahp_thread *t)
{
	isahp_sigmask_t mask;

	isahp_records_lock(&mask);
	t->pins--;
	isahp_records_unlock(mask);
}

bool isahp_threads_own(isahp_stop_fn stop, const void *arg)
{
	const struct isahp_thread *t = isahp_thread_own();

	return isahp_thread_is_anonymous() ||
	       (t && (overflowed(t) || in_slots(t, stop, arg)));
}
