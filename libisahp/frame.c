// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <signal.h>
#include "frame.h"
#include "gp_urcu.h"
#include "thread.h"

static bool stack_of(pthread_t thread, uintptr_t *ret_low, uintptr_t *ret_high)
{
	pthread_attr_t attr;
	size_t size;
	void *low;
	int rc;

	if (pthread_getattr_np(thread, &attr))
		return false;
	rc = pthread_attr_getstack(&attr, &low, &size);
	pthread_attr_destroy(&attr);
	if (rc)
		return false;
	*ret_low = (uintptr_t)low;
	*ret_high = (uintptr_t)low + size;
	return true;
}

void isahp_thread_learn_stack(struct isahp_thread *t)
{
	uintptr_t low, high;

	if (__atomic_load_n(&t->stack_high, __ATOMIC_ACQUIRE) ||
	    !stack_of(t->pthread, &low, &high))
		return;
	__atomic_store_n(&t->stack_low, low, __ATOMIC_RELAXED);
	__atomic_store_n(&t->stack_high, high, __ATOMIC_RELEASE);
}

static bool on_stack(const struct isahp_thread *t, uintptr_t address)
{
	uintptr_t high = __atomic_load_n(&t->stack_high, __ATOMIC_ACQUIRE);

	return address >= __atomic_load_n(&t->stack_low, __ATOMIC_RELAXED) &&
	       address < high;
}

/*
 * Who stands where a call was made, in the frame that it was made from, is not
 * inside it: only what it calls would be, whose frames are all below. But an
 * object may be in the very frame that asks, and at its stack pointer.
 */
static bool gone(const struct isahp_thread *t, uintptr_t frame,
		 const struct isahp_place *at)
{
	uintptr_t address = frame & ~(uintptr_t)ISAHP_FRAME_FLAGS;

	if (!frame || !on_stack(t, address))
		return false;
	return frame & ISAHP_FRAME_REGION ? address < at->sp : address <= at->frame;
}

static void clear(struct isahp_hold *s)
{
	__atomic_store_n(&s->d, NULL, __ATOMIC_RELEASE);
	__atomic_store_n(&s->frame, 0, __ATOMIC_RELEASE);
}

/*
 * A signal handler may find that it is gone, and do the same, between any two of
 * these: the section is left by whoever takes the flag.
 */
void isahp_hold_free(struct isahp_hold *slot)
{
	uintptr_t frame = __atomic_fetch_and(&slot->frame,
					     ~(uintptr_t)ISAHP_FRAME_SECTION,
					     __ATOMIC_RELAXED);

	if ((frame & ISAHP_FRAME_SECTION) && isahp_gp_leave())
		isahp_threads_poison();
	clear(slot);
}

static uintptr_t frame_of(const struct isahp_hold *s)
{
	return __atomic_load_n(&s->frame, __ATOMIC_RELAXED);
}

static bool high_gone(const struct isahp_thread *t, size_t which,
		      const struct isahp_place *at)
{
	uintptr_t frame = __atomic_load_n(&t->overflow_high[which], __ATOMIC_RELAXED);

	return !frame || gone(t, frame, at);
}

/*
 * The highest and the lowest of them, so that all of them are: what is between
 * two addresses of a stack is on no other one.
 */
static bool overflow_gone(const struct isahp_thread *t, const struct isahp_place *at)
{
	return __atomic_load_n(&t->in.overflow, __ATOMIC_RELAXED) &&
	       high_gone(t, 0, at) && high_gone(t, ISAHP_FRAME_REGION, at) &&
	       gone(t, __atomic_load_n(&t->overflow_low, __ATOMIC_RELAXED), at);
}

static bool slot_gone(const struct isahp_thread *t, size_t i,
		      const struct isahp_place *at)
{
	return &t->in.slot[i] != at->own && gone(t, frame_of(&t->in.slot[i]), at);
}

static bool any_gone(const struct isahp_thread *t, const struct isahp_place *at)
{
	size_t i;

	for (i = 0; i < ISAHP_SLOTS; i++)
		if (slot_gone(t, i, at))
			return true;
	return overflow_gone(t, at);
}

void isahp_thread_reclaim(struct isahp_thread *t, const struct isahp_place *at)
{
	stack_t alternate;
	size_t i;

	if (!on_stack(t, at->sp) || !any_gone(t, at))
		return;
	/* An alternate stack may have been put into the thread's own. */
	if (sigaltstack(NULL, &alternate) || (alternate.ss_flags & SS_ONSTACK))
		return;
	for (i = 0; i < ISAHP_SLOTS; i++)
		if (slot_gone(t, i, at))
			isahp_hold_free(&t->in.slot[i]);
	/* In MODE_URCU nobody knows how many of them had begun their section. */
	if (isahp_mode() != ISAHP_MODE_URCU && overflow_gone(t, at))
		__atomic_store_n(&t->in.overflow, 0, __ATOMIC_RELEASE);
}

void isahp_thread_stack_ended(struct isahp_thread *t)
{
	const struct isahp_place end = { .sp = UINTPTR_MAX, .frame = UINTPTR_MAX };
	size_t i;

	for (i = 0; i < ISAHP_SLOTS; i++)
		if (slot_gone(t, i, &end))
			clear(&t->in.slot[i]);
	if (overflow_gone(t, &end))
		__atomic_store_n(&t->in.overflow, 0, __ATOMIC_RELEASE);
}
