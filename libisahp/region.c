// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Entering and leaving where the inline path does not serve: the first call of
 * a thread, nested regions, readers that pay for their own fence, liburcu's
 * sections, and what finds no slot.
 */
#include "dispatcher.h"
#include "frame.h"
#include "gp_urcu.h"
#include "park.h"
#include "thread.h"

/*
 * How a region is held, in the low bits of isahp_region.where: the address above
 * them is of its slot, which is nothing special, or of its thread.
 */
#define HELD_ANONYMOUS 1u	/* no address */
#define HELD_OVERFLOW 2u	/* the thread's */
#define HELD_URCU 4u		/* and a section of liburcu's */
#define HELD_NOTHING ((uintptr_t)ISAHP_HELD_NOTHING_)
#define HELD 15u

static struct isahp_region region(struct isahp_descriptor *d, void *of, uintptr_t how)
{
	return (struct isahp_region){ d, (char *)of + how };
}

static struct isahp_descriptor *load(const struct isahp_operation *op)
{
	return __atomic_load_n(&op->current, __ATOMIC_ACQUIRE);
}

/*
 * A signal handler may take the same one in between; what it has entered it may
 * not have left when it returns.
 */
static struct isahp_hold *take_slot(struct isahp_thread *t, uintptr_t frame)
{
	size_t i;

	for (i = 0; i < ISAHP_SLOTS; i++) {
		uintptr_t none = 0;

		if (__atomic_compare_exchange_n(&t->in.slot[i].frame, &none, frame,
						false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return &t->in.slot[i];
	}
	return NULL;
}

static void widen_overflow(struct isahp_thread *t, uintptr_t frame)
{
	uintptr_t *highest = &t->overflow_high[frame & ISAHP_FRAME_REGION];
	uintptr_t high = __atomic_load_n(highest, __ATOMIC_RELAXED);
	uintptr_t low = __atomic_load_n(&t->overflow_low, __ATOMIC_RELAXED);

	while (frame > high &&
	       !__atomic_compare_exchange_n(highest, &high, frame, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	while (frame < low &&
	       !__atomic_compare_exchange_n(&t->overflow_low, &low, frame, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static struct isahp_region enter_anonymous(struct isahp_operation *op)
{
	isahp_thread_anonymous(1);
	return region(load(op), NULL, HELD_ANONYMOUS);
}

static struct isahp_region enter_overflow(struct isahp_thread *t,
					  struct isahp_operation *op, uintptr_t frame)
{
	uintptr_t how = HELD_OVERFLOW;

	widen_overflow(t, frame);
	__atomic_add_fetch(&t->in.overflow, 1, __ATOMIC_SEQ_CST);
	if (isahp_mode() == ISAHP_MODE_URCU) {
		isahp_gp_enter();
		how |= HELD_URCU;
	}
	/* Count before load; partner: isahp_barrier() before the scan. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return region(load(op), t, how);
}

/* The section is what counts; the slot is for whoever cleans up. */
static struct isahp_region enter_urcu(struct isahp_hold *s, struct isahp_operation *op)
{
	struct isahp_descriptor *d;

	isahp_gp_enter();
	__atomic_or_fetch(&s->frame, ISAHP_FRAME_SECTION, __ATOMIC_RELAXED);
	d = load(op);
	__atomic_store_n(&s->d, d, __ATOMIC_RELAXED);
	return region(d, s, HELD_URCU);
}

/* As isahp_begin_(), with a fence of its own. */
static struct isahp_region enter_fenced(struct isahp_hold *s, struct isahp_operation *op)
{
	struct isahp_descriptor *d, *again;

	again = load(op);
	do {
		d = again;
		ISAHP_ENTER_HOOK();
		__atomic_store_n(&s->d, d, __ATOMIC_RELAXED);
		/* Slot before recheck; partner: isahp_barrier() before the scan. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		again = load(op);
	} while (again != d);
	return region(d, s, 0);
}

/*
 * Slot 0 is the caller's, and all of the inline path happens with that taken
 * from before its look at `fast`: none of this thread is under way, of no
 * handler's victim either, and once `fast` is cleared none will be.
 */
static void note_fenced(struct isahp_thread *t, const struct isahp_hold *s)
{
	if (s == &t->in.slot[0] && isahp_mode() == ISAHP_MODE_FENCED &&
	    !__atomic_load_n(&t->in.fast, __ATOMIC_RELAXED))
		__atomic_store_n(&t->fenced, 1, __ATOMIC_RELEASE);
}

/* One that is inside anything else may be what the others wait for. */
static void make_way(struct isahp_thread *t, const struct isahp_hold *taken)
{
#ifndef ISAHP_CONTROL_PARK_ANYWHERE
	if (isahp_thread_holds(t, taken))
		return;
#endif
	if (taken)
		note_fenced(t, taken);
	isahp_park_wait(t);
}

/* @place: where the caller stands. @frame: as in struct isahp_hold. */
static struct isahp_region enter(struct isahp_operation *op, uintptr_t frame,
				 const struct isahp_place *place)
{
	struct isahp_hold *taken = (struct isahp_hold *)place->own;
	struct isahp_thread *t = isahp_thread_own();
	bool look;

	if ((!t || !isahp_thread_holds(t, taken)) && isahp_threads_may_resume())
		isahp_dispatcher_resume();
	t = isahp_thread_get();
	if (!t)
		return enter_anonymous(op);
	look = __atomic_load_n(&t->look, __ATOMIC_RELAXED);
	if (!taken || look)
		isahp_thread_reclaim(t, place);
	if (look)
		isahp_thread_looked(t);
	if (isahp_parking())
		make_way(t, taken);
	if (!taken)
		taken = take_slot(t, frame);
	if (!taken)
		return enter_overflow(t, op, frame);
	if (isahp_mode() == ISAHP_MODE_URCU)
		return enter_urcu(taken, op);
	note_fenced(t, taken);
	return enter_fenced(taken, op);
}

/* @sp: the caller's stack pointer. */
static struct isahp_place place_of(uintptr_t frame, uintptr_t sp,
				   const struct isahp_hold *own)
{
	return (struct isahp_place){
		.sp = sp,
		.frame = frame & ISAHP_FRAME_REGION ? sp : frame,
		.own = own,
	};
}

/* The caller's stack pointer at the call: above the return address. */
#define CALLER_SP() ((uintptr_t)__builtin_frame_address(0) + 2 * sizeof(void *))

/* The caller's first slot is taken. */
struct isahp_region isahp_enter_slow(struct isahp_operation *op, uintptr_t frame)
{
	struct isahp_place place = place_of(frame, CALLER_SP(), NULL);

	return enter(op, frame, &place);
}

/* By the caller, just now: but the inline path ends here. */
struct isahp_region isahp_enter_taken(struct isahp_operation *op,
				      struct isahp_hold *taken)
{
	struct isahp_place place = place_of(taken->frame, CALLER_SP(), taken);

	/* It has come this far when the operation moves just then. */
	__atomic_store_n(&taken->d, NULL, __ATOMIC_RELAXED);
	return enter(op, taken->frame, &place);
}

isahp_fn isahp_enter_unregistered(struct isahp_operation *op)
{
	size_t i;

	for (i = 0; i < op->variant_count; i++)
		if (isahp_features_empty(&isahp_operation_at(op, i)->needs))
			return isahp_operation_at(op, i)->fn;
	return NULL;
}

/* liburcu's sections are their thread's: one that ends elsewhere never ends. */
static void leave_slot(struct isahp_hold *s)
{
	const struct isahp_thread *t = isahp_thread_own();

	if (t && s >= t->in.slot && s < t->in.slot + ISAHP_SLOTS) {
		isahp_hold_free(s);
		return;
	}
	isahp_threads_poison();
	__atomic_store_n(&s->d, NULL, __ATOMIC_RELEASE);
	__atomic_store_n(&s->frame, 0, __ATOMIC_RELEASE);
}

static void leave_overflow(struct isahp_thread *t, bool section)
{
	if (section && (t != isahp_thread_own() || isahp_gp_leave()))
		isahp_threads_poison();
	/* Partner: the acquire in the scan. */
	__atomic_sub_fetch(&t->in.overflow, 1, __ATOMIC_RELEASE);
}

void isahp_leave_slow(void *where)
{
	uintptr_t how = (uintptr_t)where & HELD;
	void *of = (char *)where - how;

	if (how & HELD_NOTHING)
		return;
	if (how & HELD_ANONYMOUS)
		isahp_thread_anonymous(-1);
	else if (how & HELD_OVERFLOW)
		leave_overflow(of, how & HELD_URCU);
	else
		leave_slot(of);
}

/* --- longjmp ------------------------------------------------------------------- */

static uintptr_t frame_of(const struct isahp_thread *t, size_t i)
{
	return __atomic_load_n(&t->in.slot[i].frame, __ATOMIC_RELAXED) &
	       ~(uintptr_t)ISAHP_FRAME_SECTION;
}

isahp_mark_t isahp_mark(void)
{
	struct isahp_thread *t = isahp_thread_get();
	isahp_mark_t mark = { .thread = t };
	size_t i;

	if (!t)
		return mark;
	isahp_thread_learn_stack(t);
	for (i = 0; i < ISAHP_SLOTS; i++)
		mark.frame[i] = frame_of(t, i);
	mark.overflow = __atomic_load_n(&t->in.overflow, __ATOMIC_RELAXED);
	return mark;
}

/* A slot that somebody else holds now was left since, and taken anew. */
void isahp_unwind(isahp_mark_t mark)
{
	struct isahp_thread *t = isahp_thread_own();
	bool urcu = isahp_mode() == ISAHP_MODE_URCU;
	size_t i;

	if (!t || mark.thread != t)
		return;
	for (i = 0; i < ISAHP_SLOTS; i++)
		if (frame_of(t, i) && frame_of(t, i) != mark.frame[i])
			isahp_hold_free(&t->in.slot[i]);
	while (__atomic_load_n(&t->in.overflow, __ATOMIC_RELAXED) > mark.overflow)
		leave_overflow(t, urcu);
}
