/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where on the stack the holders of slots are, and which of them are gone: left
 * by longjmp(), or with their thread.
 */
#ifndef ISAHP_FRAME_H
#define ISAHP_FRAME_H

#include "record.h"

/* In isahp_hold.frame, whose addresses are multiples of eight. */
#define ISAHP_FRAME_REGION 1u	/* an object's address, not a frame's */
#define ISAHP_FRAME_SECTION 2u	/* holds a section of liburcu's */
#define ISAHP_FRAME_FLAGS 7u

/** isahp_thread_learn_stack - find out where its own stack is; it is alive */
void isahp_thread_learn_stack(struct isahp_thread *t);

/** isahp_hold_free - end what it holds; of the calling thread */
void isahp_hold_free(struct isahp_hold *slot);

/**
 * struct isahp_place - where a thread stands when it enters something
 * @sp: its stack pointer. All objects below it on the same stack are gone.
 * @frame: the frame address of a call, not below @sp; otherwise the same. All
 *	calls from there and from below are gone.
 * @own: the slot that it has taken for that already, or NULL.
 */
struct isahp_place {
	uintptr_t sp;
	uintptr_t frame;
	const struct isahp_hold *own;
};

/**
 * isahp_thread_reclaim - free what frames that are gone have left taken
 * @t: the caller's own.
 * @at: where it stands. Also in a signal handler.
 *
 * Does nothing where that can not be proved.
 */
void isahp_thread_reclaim(struct isahp_thread *t, const struct isahp_place *at);

/**
 * isahp_thread_stack_ended - free what is on its own stack, which has ended
 *
 * Its sections, if any, liburcu takes back or has taken.
 */
void isahp_thread_stack_ended(struct isahp_thread *t);

#endif /* ISAHP_FRAME_H */
