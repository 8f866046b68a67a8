/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads' records, and the pool that they are from.
 *
 * It is mapped in blocks and never unmapped, since a thread's first call may come
 * from a signal handler and since a region may outlive the thread that entered
 * it: a fiber's, that goes on elsewhere. Its lock is only ever held with all
 * signals blocked.
 */
#ifndef ISAHP_RECORD_H
#define ISAHP_RECORD_H

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
 * @in: what it is inside of. Slots are taken by the thread itself, freed by
 *	whoever leaves: @frame zero, with release, is last. All of it atomic; @fast
 *	is written under the lock.
 * @state: enum isahp_thread_state. Under the lock.
 * @fenced: no inline read side that relies on membarrier is under way. Set with
 *	release by the thread, partner: the acquire in isahp_threads_inside().
 * @tid: the thread's.
 * @look: its next call is to look for frames that are gone. Atomic, written under
 *	the lock.
 * @pthread: its handle, valid while it is registered.
 * @stack_low: its own stack, or 0 while that is not known. Written under the
 *	lock,
 * @stack_high: before this, which the thread reads with acquire.
 * @overflow_low: the lowest frame among those that ever overflowed,
 * @overflow_high: and the highest: of calls, and of regions; 0: none. Atomic.
 * @index: its place in the pool.
 * @pins: others that use @pthread; the thread's exit waits for them. Under the
 *	lock.
 * @mask: signals that were blocked each time one looked. The thread's own.
 *
 * The first 128 bytes are all that a scan reads and a call writes. None of it is
 * in the thread's TLS, which may be gone before anybody hears of that.
 */
struct isahp_thread {
	struct isahp_slots in;
	uint32_t state;
	uint32_t fenced;

	pid_t tid;
	uint32_t look;
	pthread_t pthread;
	uintptr_t stack_low;
	uintptr_t stack_high;
	uintptr_t overflow_low;
	uintptr_t overflow_high[2];
	uint32_t index;
	uint32_t pins;
	uint64_t mask;
} __attribute__((aligned(128)));

/* As the kernel has it; pthread_sigmask() spares two signals. */
typedef unsigned long isahp_sigmask_t;

/**
 * isahp_records_lock - block all signals and take the pool's lock
 * @ret_mask: the mask before.
 *
 * Also the signal of asynchronous cancellation, which must not end us here.
 */
void isahp_records_lock(isahp_sigmask_t *ret_mask);

/** isahp_records_unlock - the reverse */
void isahp_records_unlock(isahp_sigmask_t mask);

/** isahp_records_child - in a fork's child: the lock is new, and taken */
void isahp_records_child(void);

/** isahp_records_used - records that were ever in use. Locked */
size_t isahp_records_used(void);

/** isahp_record_at - one of them. Locked */
struct isahp_thread *isahp_record_at(size_t i);

/** isahp_record_take - one that nobody has; NULL: no memory. Locked */
struct isahp_thread *isahp_record_take(void);

/** isahp_record_give - its thread is gone: it is free, or an orphan. Locked */
void isahp_record_give(struct isahp_thread *t);

/** isahp_thread_holds - is any slot of it taken, but @but? */
bool isahp_thread_holds(const struct isahp_thread *t, const struct isahp_hold *but);

#endif /* ISAHP_RECORD_H */
