/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The threads that call operations: they come, and go.
 *
 * A thread is registered by its first call, in isahp_enter_slow(), before it
 * loads any operation's current descriptor, and is given a record (record.h).
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

#include "record.h"

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

/** isahp_threads_in_doubt - is somebody inside anything that has no record? */
bool isahp_threads_in_doubt(void);

/** isahp_thread_is_anonymous - is the calling thread? */
bool isahp_thread_is_anonymous(void);

/** isahp_threads_refresh - isahp_parking() has changed */
void isahp_threads_refresh(void);

/**
 * isahp_threads_learn_stacks - find out where all threads' own stacks are
 *
 * For isahp_thread_reclaim(). Each is asked for once. Without locks, not from a
 * signal handler.
 */
void isahp_threads_learn_stacks(void);

/**
 * isahp_threads_look - let those that are inside anything find out what is gone
 *
 * Each by its next call, whichever. Who has ended without a word is forgotten.
 * Without locks, not from a signal handler.
 */
void isahp_threads_look(void);

/** isahp_thread_looked - it has; of the calling thread */
void isahp_thread_looked(struct isahp_thread *t);

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
