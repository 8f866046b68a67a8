// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "dispatcher.h"
#include "frame.h"
#include "park.h"
#include "thread.h"

/* Keys beyond glibc's first block make pthread_setspecific() allocate. */
#define KEYS_WITHOUT_MALLOC 32

#define BLOCK_THREADS 64
#define BLOCKS_MAX 4096

#define PIN_NS 20000

#define INITIAL_EXEC __attribute__((tls_model("initial-exec")))

_Static_assert(offsetof(struct isahp_thread, self) == 128, "one scan, one call");

/* The slot of who has no record: taken. */
static struct isahp_hold nowhere = { .frame = 1 };

__thread struct isahp_self isahp_self INITIAL_EXEC = { .slot = &nowhere };

enum own_state { OWN_NEW = 0, OWN_REGISTERED, OWN_GONE };

/* With isahp_self, all of the library's TLS. */
static __thread struct {
	struct isahp_thread *thread;
	uint32_t state;
	uint32_t anonymous;
} own INITIAL_EXEC;

typedef unsigned long mask_t; /* the kernel's; pthread_sigmask() spares two */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct isahp_thread *block[BLOCKS_MAX]; /* under lock */
static size_t used;		/* under lock; records that were ever in use */
static size_t maybe_free;	/* under lock; all below are not FREE */
static mask_t fork_mask;	/* the mask of the thread that forks */
static uint32_t resume_wanted;	/* atomic; set in a fork's child */
static uint32_t anonymous;	/* atomic; regions of unknown threads */
static uint32_t poisoned;	/* atomic */
static pthread_key_t key;
static bool have_key;

static void set_mask(mask_t mask, mask_t *ret_old)
{
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, ret_old, sizeof(mask));
}

/* Also the signal of asynchronous cancellation, which must not end us here. */
static void lock_threads(mask_t *ret_mask)
{
	set_mask(~0UL, ret_mask);
	pthread_mutex_lock(&lock);
}

static void unlock_threads(mask_t mask)
{
	pthread_mutex_unlock(&lock);
	set_mask(mask, NULL);
}

static struct isahp_thread *record(size_t i)
{
	return &block[i / BLOCK_THREADS][i % BLOCK_THREADS];
}

size_t isahp_threads_records(void)
{
	mask_t mask;
	size_t n;

	lock_threads(&mask);
	n = used;
	unlock_threads(mask);
	return n;
}

bool isahp_thread_holds(const struct isahp_thread *t, const struct isahp_hold *but)
{
	size_t i;

	/* Partner: the releases in isahp_leave(). */
	for (i = 0; i < ISAHP_SLOTS; i++)
		if (&t->slot[i] != but &&
		    __atomic_load_n(&t->slot[i].frame, __ATOMIC_ACQUIRE))
			return true;
	return __atomic_load_n(&t->overflow, __ATOMIC_ACQUIRE);
}

static void set_fast(struct isahp_thread *t)
{
	bool fast = isahp_mode() == ISAHP_MODE_MEMBARRIER && !isahp_parking() &&
		    !__atomic_load_n(&resume_wanted, __ATOMIC_RELAXED);

	if (t->self)
		__atomic_store_n(&t->self->fast, fast, __ATOMIC_RELAXED);
}

static void set_fast_all(void)
{
	size_t i;

	for (i = 0; i < used; i++)
		set_fast(record(i));
}

/* --- the pool ---------------------------------------------------------------- */

static struct isahp_thread *find_free(void)
{
	size_t i;

	for (i = maybe_free; i < used; i++)
		if (record(i)->state == ISAHP_THREAD_FREE) {
			maybe_free = i + 1;
			return record(i);
		}
	maybe_free = used;
	return NULL;
}

static struct isahp_thread *find_left_orphan(void)
{
	size_t i;

	for (i = 0; i < used; i++)
		if (record(i)->state == ISAHP_THREAD_ORPHAN &&
		    !isahp_thread_holds(record(i), NULL))
			return record(i);
	return NULL;
}

static struct isahp_thread *make_new(void)
{
	size_t b = used / BLOCK_THREADS;
	void *p;

	if (b == BLOCKS_MAX)
		return NULL;
	if (!block[b]) {
		p = mmap(NULL, BLOCK_THREADS * sizeof(struct isahp_thread),
			 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return NULL;
		block[b] = p;
	}
	record(used)->index = (uint32_t)used;
	return record(used++);
}

/* Locked. */
static struct isahp_thread *take_record(void)
{
	struct isahp_thread *t = find_free();

	if (!t && used && !(used % BLOCK_THREADS))
		t = find_left_orphan();
	return t ? t : make_new();
}

/* Locked. */
static void give_record(struct isahp_thread *t)
{
	t->self = NULL;
	t->state = isahp_thread_holds(t, NULL) ? ISAHP_THREAD_ORPHAN :
						 ISAHP_THREAD_FREE;
	if (t->index < maybe_free)
		maybe_free = t->index;
}

/* --- stacks ------------------------------------------------------------------ */

/* Locked; unlocks while it asks, since that allocates. */
static void learn_pinned(struct isahp_thread *t, mask_t *mask)
{
	t->pins++;
	unlock_threads(*mask);
	isahp_thread_learn_stack(t);
	lock_threads(mask);
	t->pins--;
}

/* One that called only after its key's last destructor never gave it back. */
static bool alive(const struct isahp_thread *t)
{
	return !syscall(SYS_tgkill, getpid(), t->tid, 0);
}

void isahp_threads_learn_stacks(bool all)
{
	mask_t mask;
	size_t i;

	lock_threads(&mask);
	for (i = 0; i < used; i++) {
		struct isahp_thread *t = record(i);

		if (t->state == ISAHP_THREAD_REGISTERED && !t->stack_high &&
		    (all || isahp_thread_holds(t, NULL)) && alive(t))
			learn_pinned(t, &mask);
	}
	unlock_threads(mask);
}

/* --- threads come and go ------------------------------------------------------ */

/* At its exit, or in a fork's child, which it is not in. Locked. */
static void forget_thread(struct isahp_thread *t)
{
	isahp_thread_stack_ended(t);
	if (isahp_mode() == ISAHP_MODE_URCU && isahp_thread_holds(t, NULL))
		isahp_threads_poison();
	give_record(t);
}

/*
 * Runs at the thread's exit. Calls that other destructors make later are
 * counted as anonymous: pthread runs a bounded number of rounds of destructors,
 * and a record that is taken after the last one would never be given back.
 */
static void thread_exit(void *arg)
{
	static const struct timespec pause = { .tv_nsec = PIN_NS };
	struct isahp_thread *t = arg;
	mask_t mask;

	if (isahp_thread_holds(t, NULL))
		isahp_thread_learn_stack(t);
	lock_threads(&mask);
	while (t->pins) {
		unlock_threads(mask);
		nanosleep(&pause, NULL);
		lock_threads(&mask);
	}
	__atomic_store_n(&isahp_self.fast, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&isahp_self.slot, &nowhere, __ATOMIC_RELAXED);
	own.state = OWN_GONE;
	own.thread = NULL;
	forget_thread(t);
	unlock_threads(mask);
}

void isahp_threads_init(void)
{
	if (pthread_key_create(&key, thread_exit))
		return;
	have_key = key < KEYS_WITHOUT_MALLOC;
	if (!have_key)
		pthread_key_delete(key);
}

/* Locked. @mask: the caller's, before. */
static void register_own(mask_t mask)
{
	struct isahp_thread *t = take_record();

	if (!t || pthread_setspecific(key, t)) {
		if (t)
			give_record(t);
		return;
	}
	t->state = ISAHP_THREAD_REGISTERED;
	t->fenced = 0;
	t->tid = (pid_t)syscall(SYS_gettid);
	t->self = &isahp_self;
	t->pthread = pthread_self();
	t->overflow_low = UINTPTR_MAX;
	t->overflow_high = 0;
	t->stack_high = 0;
	t->stack_low = 0;
	t->mask = mask;
	own.thread = t;
	own.state = OWN_REGISTERED;
	__atomic_store_n(&isahp_self.slot, t->slot, __ATOMIC_RELAXED);
	set_fast(t);
}

struct isahp_thread *isahp_thread_own(void)
{
	return own.thread;
}

struct isahp_thread *isahp_thread_get(void)
{
	mask_t mask;

	if (own.state == OWN_NEW && have_key) {
		lock_threads(&mask);
		/* A handler may have been faster. */
		if (own.state == OWN_NEW)
			register_own(mask);
		unlock_threads(mask);
	}
	return own.thread;
}

void isahp_thread_anonymous(int by)
{
	/* Another thread's: only a fork's child will notice, and doubt. */
	own.anonymous += (uint32_t)by;
	/* Count before load; partner: isahp_barrier() before the scan. */
	__atomic_add_fetch(&anonymous, (uint32_t)by, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void isahp_threads_poison(void)
{
	__atomic_store_n(&poisoned, 1, __ATOMIC_SEQ_CST);
}

void isahp_threads_fence(void)
{
	uint32_t expected = ISAHP_MODE_MEMBARRIER;
	mask_t mask;

	lock_threads(&mask);
	__atomic_compare_exchange_n(&isahp_library.mode, &expected,
				    ISAHP_MODE_FENCED, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	set_fast_all();
	unlock_threads(mask);
}

/* --- the scan ------------------------------------------------------------------ */

static const struct isahp_descriptor *slot_of(const struct isahp_thread *t, size_t i)
{
	/* Partner: the release in isahp_leave(). */
	return __atomic_load_n(&t->slot[i].d, __ATOMIC_ACQUIRE);
}

/* Nobody knows what it is inside of. */
static bool inside_anything(const struct isahp_thread *t, bool fenced)
{
	if (__atomic_load_n(&t->overflow, __ATOMIC_ACQUIRE))
		return true;
	return fenced && t->state == ISAHP_THREAD_REGISTERED &&
	       !__atomic_load_n(&t->fenced, __ATOMIC_ACQUIRE);
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

static bool in_nobody_s(void)
{
	/* Partner: the fence in isahp_thread_anonymous(); its end's order. */
	return __atomic_load_n(&anonymous, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&poisoned, __ATOMIC_ACQUIRE);
}

/*
 * In MODE_URCU the grace period has seen all sections that still were any. A
 * slot that nevertheless holds it is of a region whose section its thread's end
 * has dropped, before thread_exit() could say so; or it is about to be cleared.
 */
bool isahp_threads_inside(isahp_stop_fn stop, const void *arg)
{
	bool fenced = isahp_mode() == ISAHP_MODE_FENCED;
	bool inside = false;
	mask_t mask;
	size_t i;

	if (in_nobody_s())
		return true;
	lock_threads(&mask);
	for (i = 0; i < used && !inside; i++)
		inside = inside_anything(record(i), fenced) ||
			 in_slots(record(i), stop, arg);
	unlock_threads(mask);
	return inside;
}

void isahp_threads_each_inside(isahp_stop_fn stop, const void *arg,
			       void (*fn)(const struct isahp_inside *inside, void *arg),
			       void *fn_arg)
{
	bool fenced = isahp_mode() == ISAHP_MODE_FENCED;
	struct isahp_inside inside = { 0 };
	mask_t mask;
	size_t i, k;

	if (in_nobody_s())
		fn(&inside, fn_arg);
	lock_threads(&mask);
	for (i = 0; i < used; i++) {
		struct isahp_thread *t = record(i);

		inside.tid = t->tid;
		inside.descriptor = NULL;
		if (inside_anything(t, fenced))
			fn(&inside, fn_arg);
		for (k = 0; k < ISAHP_SLOTS; k++) {
			inside.descriptor = slot_of(t, k);
			if (inside.descriptor && stop(inside.descriptor, arg))
				fn(&inside, fn_arg);
		}
	}
	unlock_threads(mask);
}

struct isahp_thread *isahp_threads_pin(size_t *at, isahp_stop_fn stop,
				       const void *arg)
{
	bool fenced = isahp_mode() == ISAHP_MODE_FENCED;
	struct isahp_thread *t, *found = NULL;
	mask_t mask;

	lock_threads(&mask);
	while (!found && *at < used) {
		t = record((*at)++);
		if (t->state == ISAHP_THREAD_REGISTERED && t != own.thread &&
		    (inside_anything(t, fenced) || in_slots(t, stop, arg)))
			found = t;
	}
	if (found)
		found->pins++;
	unlock_threads(mask);
	return found;
}

void isahp_thread_unpin(struct isahp_thread *t)
{
	mask_t mask;

	lock_threads(&mask);
	t->pins--;
	unlock_threads(mask);
}

void isahp_threads_refresh(void)
{
	mask_t mask;

	lock_threads(&mask);
	set_fast_all();
	unlock_threads(mask);
}

bool isahp_threads_own(isahp_stop_fn stop, const void *arg)
{
	const struct isahp_thread *t = own.thread;

	return own.anonymous ||
	       (t && (inside_anything(t, false) || in_slots(t, stop, arg)));
}

/* --- fork ---------------------------------------------------------------------- */

void isahp_threads_lock(void)
{
	mask_t mask;

	lock_threads(&mask);
	fork_mask = mask;
}

void isahp_threads_unlock(void)
{
	unlock_threads(fork_mask);
}

void isahp_threads_child(bool resume)
{
	size_t i;

	pthread_mutex_init(&lock, NULL);
	for (i = 0; i < used; i++) {
		struct isahp_thread *t = record(i);

		t->pins = 0;
		if (t == own.thread)
			t->tid = (pid_t)syscall(SYS_gettid);
		else if (t->state == ISAHP_THREAD_REGISTERED)
			forget_thread(t);
	}
	__atomic_store_n(&anonymous, own.anonymous, __ATOMIC_RELAXED);
	__atomic_store_n(&resume_wanted, resume, __ATOMIC_RELAXED);
	set_fast_all();
	set_mask(fork_mask, NULL);
}

bool isahp_threads_may_resume(void)
{
	mask_t mask = 0;

	if (!__atomic_load_n(&resume_wanted, __ATOMIC_RELAXED))
		return false;
	/*
	 * A handler blocks its signal: with the mask of the fork nothing is
	 * interrupted.
	 */
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof(mask));
	return mask == fork_mask;
}

void isahp_threads_resumed(void)
{
	mask_t mask;

	lock_threads(&mask);
	__atomic_store_n(&resume_wanted, 0, __ATOMIC_RELAXED);
	set_fast_all();
	unlock_threads(mask);
}
