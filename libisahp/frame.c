// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <signal.h>
#include "frame.h"
#include "gp_urcu.h"

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

static bool gone(const struct isahp_thread *t, uintptr_t frame, uintptr_t sp)
{
	uintptr_t address = frame & ~(uintptr_t)ISAHP_FRAME_FLAGS;

	if (!frame || !on_stack(t, address))
		return false;
	/*
	 * Who stands where a call was made is not inside it: only what it calls
	 * would be. But an object may be at the very stack pointer.
	 */
	return frame & ISAHP_FRAME_REGION ? address < sp : address <= sp;
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

/*
 * The highest and the lowest of them, so that all of them are: what is between
 * two addresses of a stack is on no other one.
 */
static bool overflow_gone(const struct isahp_thread *t, uintptr_t sp)
{
	return __atomic_load_n(&t->overflow, __ATOMIC_RELAXED) &&
	       gone(t, __atomic_load_n(&t->overflow_high, __ATOMIC_RELAXED), sp) &&
	       gone(t, __atomic_load_n(&t->overflow_low, __ATOMIC_RELAXED), sp);
}

static bool any_gone(const struct isahp_thread *t, uintptr_t sp)
{
	size_t i;

	for (i = 0; i < ISAHP_SLOTS; i++)
		if (gone(t, frame_of(&t->slot[i]), sp))
			return true;
	return overflow_gone(t, sp);
}

void isahp_thread_reclaim(struct isahp_thread *t, uintptr_t sp)
{
	stack_t alternate;
	size_t i;

	if (!on_stack(t, sp) || !any_gone(t, sp))
		return;
	/* An alternate stack may have been put into the thread's own. */
	if (sigaltstack(NULL, &alternate) || (alternate.ss_flags & SS_ONSTACK))
		return;
	for (i = 0; i < ISAHP_SLOTS; i++)
		if (gone(t, frame_of(&t->slot[i]), sp))
			isahp_hold_free(&t->slot[i]);
	/* In MODE_URCU nobody knows how many of them had begun their section. */
	if (isahp_mode() != ISAHP_MODE_URCU && overflow_gone(t, sp))
		__atomic_store_n(&t->overflow, 0, __ATOMIC_RELEASE);
}

void isahp_thread_stack_ended(struct isahp_thread *t)
{
	size_t i;

	for (i = 0; i < ISAHP_SLOTS; i++)
		if (gone(t, frame_of(&t->slot[i]), UINTPTR_MAX))
			clear(&t->slot[i]);
	if (overflow_gone(t, UINTPTR_MAX))
		__atomic_store_n(&t->overflow, 0, __ATOMIC_RELEASE);
}
