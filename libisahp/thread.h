/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The threads that call operations.
 *
 * A thread is registered by its first call, in isahp_enter_slow(), before it
 * loads any operation's current descriptor, and taken out by the destructor of
 * a pthread key when it exits. Its TLS is the list's node: nothing is allocated.
 * The list's lock is only ever held with all signals blocked, since a signal
 * handler's first call registers too.
 *
 * A thread that can not be registered (its key's destructor has run already, or
 * there is no key) is counted as `anonymous` while it is in a region. As nobody
 * knows what it is inside of, that holds up the removal of anything.
 */
#ifndef ISAHP_THREAD_H
#define ISAHP_THREAD_H

#include "library.h"

enum isahp_thread_state {
	ISAHP_THREAD_NEW = 0,
	ISAHP_THREAD_REGISTERED,
	ISAHP_THREAD_GONE,	/* its key's destructor has run */
};

/**
 * struct isahp_thread - what the library keeps of a thread
 * @self: what it publishes. NULL until it is registered.
 * @next: next and
 * @link: pointer to it, in the list.
 * @state: enum isahp_thread_state. The thread's own.
 * @fenced: no inline read side that relies on membarrier is under way. Set with
 *	release by the thread, partner: the acquire in isahp_threads_inside().
 * @anonymous: regions it has open that are counted as anonymous.
 */
struct isahp_thread {
	struct isahp_self *self;
	struct isahp_thread *next;
	struct isahp_thread **link;
	uint32_t state;
	uint32_t fenced;
	uint32_t anonymous;
};

/** isahp_threads_init - make the key; once */
void isahp_threads_init(void);

/**
 * isahp_threads_fence - from now on every reader pays for its own fence
 *
 * For when membarrier stops serving.
 */
void isahp_threads_fence(void);

/**
 * isahp_threads_inside - is any thread inside what must be left?
 * @stop: whether @descriptor is to be left; called with the threads' lock held.
 *	The descriptor may be dangling: look it up, do not read it.
 * @arg: passed on.
 *
 * Call after publication and isahp_barrier(). Any doubt counts as inside.
 */
bool isahp_threads_inside(bool (*stop)(const struct isahp_descriptor *descriptor,
				       const void *arg),
			  const void *arg);

/**
 * isahp_threads_own - is the calling thread inside it?
 * @stop: as above.
 * @arg: as above.
 */
bool isahp_threads_own(bool (*stop)(const struct isahp_descriptor *descriptor,
				    const void *arg),
		       const void *arg);

/** isahp_threads_lock - block signals and take the lock, for fork */
void isahp_threads_lock(void);

/** isahp_threads_unlock - the reverse, in the thread that locked */
void isahp_threads_unlock(void);

/**
 * isahp_threads_child - forget all threads but the caller's, in a fork's child
 * @resume: the next call of an operation goes through isahp_enter_slow(), which
 *	calls isahp_dispatcher_resume().
 *
 * Unlocks. Signals stay as they were before isahp_threads_lock().
 */
void isahp_threads_child(bool resume);

/**
 * isahp_threads_resumed - there is nothing to resume (any more)
 */
void isahp_threads_resumed(void);

#endif /* ISAHP_THREAD_H */
