/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The threads that call operations, and their records.
 *
 * A thread is registered by its first call, in isahp_enter_slow(), before it
 * loads any operation's current descriptor. It is given a record from a pool
 * that is mapped in blocks and never unmapped, since the first call may come
 * from a signal handler and since a region may outlive the thread that entered
 * it: a fiber's, that goes on elsewhere. The pool's lock is only ever held with
 * all signals blocked.
 *
 * A record goes back when the destructor of a pthread key runs at the thread's
 * exit. Regions whose frames are on the thread's own stack have ended by then,
 * whatever became of them; others leave the record orphaned, and it is looked at
 * as before until they end.
 *
 * A thread that can not be registered (its key's destructor has run already, or
 * there is no key or memory) is counted as `anonymous` while it is in a region.
 * As nobody knows what it is inside of, that holds up the removal of anything.
 */
#ifndef ISAHP_THREAD_H
#define ISAHP_THREAD_H

#include <pthread.h>
#include <sys/types.h>
#include "library.h"

enum isahp_thread_state {
	ISAHP_THREAD_FREE = 0,
	ISAHP_THREAD_REGISTERED,
	ISAHP_THREAD_ORPHAN,	/* the thread is gone, not all that it entered */
};

/**
 * struct isahp_thread - a thread's record, and what the library keeps with it
 * @slot: what it is inside of. Taken by the thread itself, freed by whoever
 *	leaves: @frame zero, with release, is last.
 * @overflow: regions that found no slot: "inside anything". Atomic.
 * @state: enum isahp_thread_state. Under the lock.
 * @fenced: no inline read side that relies on membarrier is under way. Set with
 *	release by the thread, partner: the acquire in isahp_threads_inside().
 * @tid: the thread's.
 * @self: its TLS; NULL once it is gone. Under the lock.
 * @pthread: its handle, valid while @self is.
 * @stack_low: its own stack, or 0 while that is not known. Written under the
 *	lock,
 * @stack_high: before this, which the thread reads with acquire.
 * @overflow_low: the lowest frame among those that ever overflowed,
 * @overflow_high: and the highest. Atomic.
 * @index: its place in the pool.
 * @pins: others that use @pthread; the thread's exit waits for them. Under the
 *	lock.
 * @mask: signals that were blocked each time one looked. The thread's own.
 *
 * The first 128 bytes are all that a scan reads and a call writes.
 */
struct isahp_thread {
	struct isahp_hold slot[ISAHP_SLOTS];
	uint32_t overflow;
	uint32_t state;
	uint32_t fenced;
	pid_t tid;

	struct isahp_self *self;
	pthread_t pthread;
	uintptr_t stack_low;
	uintptr_t stack_high;
	uintptr_t overflow_low;
	uintptr_t overflow_high;
	uint32_t index;
	uint32_t pins;
	uint64_t mask;
} __attribute__((aligned(128)));

/**
 * struct isahp_inside - a thread that is inside what must be left
 * @tid: the thread's; of an orphaned record the one that entered; 0: unknown.
 * @descriptor: what it is inside of, maybe dangling; NULL: maybe anything.
 */
struct isahp_inside {
	pid_t tid;
	const struct isahp_descriptor *descriptor;
};

/**
 * typedef isahp_stop_fn - is @descriptor to be left?
 *
 * Called with the threads' lock held. The descriptor may be dangling: look it
 * up, do not read it.
 */
typedef bool (*isahp_stop_fn)(const struct isahp_descriptor *descriptor,
			      const void *arg);

/** isahp_threads_init - make the key; once */
void isahp_threads_init(void);

/**
 * isahp_thread_get - the calling thread's record
 *
 * Registers it. Complete before the caller loads any operation's current
 * descriptor. Also in a signal handler. NULL: it has to be anonymous.
 */
struct isahp_thread *isahp_thread_get(void);

/** isahp_thread_own - the same, without registering */
struct isahp_thread *isahp_thread_own(void);

/** isahp_thread_holds - is any slot of it taken, but @but? */
bool isahp_thread_holds(const struct isahp_thread *t, const struct isahp_hold *but);

/**
 * isahp_thread_anonymous - the calling thread enters or leaves what has no slot
 * @by: 1 or -1; the latter also for another thread.
 */
void isahp_thread_anonymous(int by);

/**
 * isahp_threads_poison - never call anything drained again
 *
 * MODE_URCU: a section was lost sight of.
 */
void isahp_threads_poison(void);

/**
 * isahp_threads_fence - from now on every reader pays for its own fence
 *
 * For when membarrier stops serving.
 */
void isahp_threads_fence(void);

/**
 * isahp_threads_inside - is any thread inside what must be left?
 * @stop: tells.
 * @arg: passed on.
 *
 * Call after publication and isahp_barrier(), in MODE_URCU after a grace period.
 * Any doubt counts as inside.
 */
bool isahp_threads_inside(isahp_stop_fn stop, const void *arg);

/**
 * isahp_threads_each_inside - who is inside what must be left?
 * @stop: as above,
 * @arg: passed on.
 * @fn: called for each, with the threads' lock held and all signals blocked.
 * @fn_arg: passed on.
 *
 * A thread that is nested is told of more than once.
 */
void isahp_threads_each_inside(isahp_stop_fn stop, const void *arg,
			       void (*fn)(const struct isahp_inside *inside, void *arg),
			       void *fn_arg);

/**
 * isahp_threads_pin - one that is inside what must be left, and alive
 * @at: where to go on from; 0 at first.
 * @stop: as above,
 * @arg: passed on.
 *
 * It does not end before isahp_thread_unpin(): its @tid is its own. Not the
 * caller. NULL: no more.
 */
struct isahp_thread *isahp_threads_pin(size_t *at, isahp_stop_fn stop,
				       const void *arg);

/** isahp_thread_unpin - of isahp_threads_pin() */
void isahp_thread_unpin(struct isahp_thread *t);

/** isahp_threads_refresh - isahp_parking() has changed */
void isahp_threads_refresh(void);

/** isahp_threads_own - is the calling thread inside it? */
bool isahp_threads_own(isahp_stop_fn stop, const void *arg);

/**
 * isahp_threads_learn_stacks - find out where threads' own stacks are
 * @all: of all threads, else of those that are inside anything.
 *
 * For isahp_thread_reclaim(). Each is asked for once. Without locks, not from a
 * signal handler.
 */
void isahp_threads_learn_stacks(bool all);

/** isahp_threads_lock - block signals and take the lock, for fork */
void isahp_threads_lock(void);

/** isahp_threads_unlock - the reverse, in the thread that locked */
void isahp_threads_unlock(void);

/**
 * isahp_threads_child - forget all threads but the caller's, in a fork's child
 * @resume: the next call of an operation goes through isahp_enter_slow(), which
 *	calls isahp_dispatcher_resume().
 *
 * Unlocks. Signals stay as they were before isahp_threads_lock(). Fibers that
 * were suspended on the other threads' behalf are still inside: their stacks
 * are here too.
 */
void isahp_threads_child(bool resume);

/** isahp_threads_may_resume - is it time to call isahp_dispatcher_resume()? */
bool isahp_threads_may_resume(void);

/** isahp_threads_resumed - there is nothing to resume (any more) */
void isahp_threads_resumed(void);

/** isahp_threads_records - records there are, for tests */
size_t isahp_threads_records(void);

#endif /* ISAHP_THREAD_H */
