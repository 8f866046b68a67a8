// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "dispatcher.h"
#include "frame.h"
#include "inside.h"
#include "park.h"
#include "thread.h"

/* Keys beyond glibc's first block make pthread_setspecific() allocate. */
#define KEYS_WITHOUT_MALLOC 32

#define PIN_NS 20000

#define INITIAL_EXEC __attribute__((tls_model("initial-exec")))

/* Of who has no record: its first slot is taken. */
static struct isahp_slots nowhere = { .slot = { { .frame = 1 } } };

__thread struct isahp_slots *isahp_self INITIAL_EXEC = &nowhere;

enum own_state { OWN_NEW = 0, OWN_REGISTERED, OWN_GONE };

/* With isahp_self, all of the library's TLS. */
static __thread struct {
	struct isahp_thread *thread;
	uint32_t state;
	uint32_t anonymous;
} own INITIAL_EXEC;

static isahp_sigmask_t fork_mask; /* the mask of the thread that forks */
static uint32_t resume_wanted;	/* atomic; set in a fork's child */
static uint32_t anonymous;	/* atomic; regions of unknown threads */
static uint32_t poisoned;	/* atomic */
static pthread_key_t key;
static bool have_key;

size_t isahp_threads_records(void)
{
	isahp_sigmask_t mask;
	size_t n;

	isahp_records_lock(&mask);
	n = isahp_records_used();
	isahp_records_unlock(mask);
	return n;
}

/* Locked. */
static void set_fast(struct isahp_thread *t)
{
	bool fast = isahp_mode() == ISAHP_MODE_MEMBARRIER && !isahp_parking() &&
		    !__atomic_load_n(&resume_wanted, __ATOMIC_RELAXED) &&
		    !t->look;

	if (t->state == ISAHP_THREAD_REGISTERED)
		__atomic_store_n(&t->in.fast, fast, __ATOMIC_RELAXED);
}

static void set_fast_all(void)
{
	size_t i;

	for (i = 0; i < isahp_records_used(); i++)
		set_fast(isahp_record_at(i));
}

/* --- threads come and go ------------------------------------------------------ */

/* At its exit, or in a fork's child, which it is not in. Locked. */
static void forget_thread(struct isahp_thread *t)
{
	isahp_thread_stack_ended(t);
	if (isahp_mode() == ISAHP_MODE_URCU && isahp_thread_holds(t, NULL))
		isahp_threads_poison();
	isahp_record_give(t);
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
	isahp_sigmask_t mask;

	if (isahp_thread_holds(t, NULL))
		isahp_thread_learn_stack(t);
	isahp_records_lock(&mask);
	while (t->pins) {
		isahp_records_unlock(mask);
		nanosleep(&pause, NULL);
		isahp_records_lock(&mask);
	}
	__atomic_store_n(&isahp_self, &nowhere, __ATOMIC_RELAXED);
	own.state = OWN_GONE;
	own.thread = NULL;
	forget_thread(t);
	isahp_records_unlock(mask);
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
static void register_own(isahp_sigmask_t mask)
{
	struct isahp_thread *t = isahp_record_take();

	if (!t || pthread_setspecific(key, t)) {
		if (t)
			isahp_record_give(t);
		return;
	}
	t->state = ISAHP_THREAD_REGISTERED;
	t->fenced = 0;
	t->tid = (pid_t)syscall(SYS_gettid);
	t->look = 0;
	t->pthread = pthread_self();
	t->overflow_low = UINTPTR_MAX;
	t->overflow_high[0] = 0;
	t->overflow_high[1] = 0;
	t->stack_high = 0;
	t->stack_low = 0;
	t->mask = mask;
	own.thread = t;
	own.state = OWN_REGISTERED;
	set_fast(t);
	__atomic_store_n(&isahp_self, &t->in, __ATOMIC_RELAXED);
}

struct isahp_thread *isahp_thread_own(void)
{
	return own.thread;
}

struct isahp_thread *isahp_thread_get(void)
{
	isahp_sigmask_t mask;

	if (own.state == OWN_NEW && have_key) {
		isahp_records_lock(&mask);
		/* A handler may have been faster. */
		if (own.state == OWN_NEW)
			register_own(mask);
		isahp_records_unlock(mask);
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

bool isahp_threads_in_doubt(void)
{
	/* Partner: the fence in isahp_thread_anonymous(); its end's order. */
	return __atomic_load_n(&anonymous, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&poisoned, __ATOMIC_ACQUIRE);
}

bool isahp_thread_is_anonymous(void)
{
	return own.anonymous;
}

void isahp_threads_fence(void)
{
	uint32_t expected = ISAHP_MODE_MEMBARRIER;
	isahp_sigmask_t mask;

	isahp_records_lock(&mask);
	__atomic_compare_exchange_n(&isahp_library.mode, &expected,
				    ISAHP_MODE_FENCED, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	set_fast_all();
	isahp_records_unlock(mask);
}

void isahp_threads_refresh(void)
{
	isahp_sigmask_t mask;

	isahp_records_lock(&mask);
	set_fast_all();
	isahp_records_unlock(mask);
}

/* --- those that are gone, and what is ------------------------------------------- */

/* Locked; unlocks while it asks, since that allocates. */
static void learn_pinned(struct isahp_thread *t, isahp_sigmask_t *mask)
{
	t->pins++;
	isahp_records_unlock(*mask);
	isahp_thread_learn_stack(t);
	isahp_records_lock(mask);
	t->pins--;
}

/* One that called only after its key's last destructor never gave it back. */
static bool alive(const struct isahp_thread *t)
{
	return !syscall(SYS_tgkill, getpid(), t->tid, 0);
}

void isahp_threads_learn_stacks(void)
{
	isahp_sigmask_t mask;
	size_t i;

	isahp_records_lock(&mask);
	for (i = 0; i < isahp_records_used(); i++) {
		struct isahp_thread *t = isahp_record_at(i);

		if (t->state == ISAHP_THREAD_REGISTERED && !t->stack_high && alive(t))
			learn_pinned(t, &mask);
	}
	isahp_records_unlock(mask);
}

/*
 * Locked. Whose first slot is taken looks by itself, but it may be given back
 * before: what is nested in it, and gone, nobody would find.
 */
static void make_look(struct isahp_thread *t, isahp_sigmask_t *mask)
{
	if (!t->stack_high)
		learn_pinned(t, mask);
	if (t->state != ISAHP_THREAD_REGISTERED ||
	    !isahp_thread_holds(t, &t->in.slot[0]))
		return;
	__atomic_store_n(&t->look, 1, __ATOMIC_RELAXED);
	set_fast(t);
}

void isahp_threads_look(void)
{
	isahp_sigmask_t mask;
	size_t i;

	isahp_records_lock(&mask);
	for (i = 0; i < isahp_records_used(); i++) {
		struct isahp_thread *t = isahp_record_at(i);

		if (t->state != ISAHP_THREAD_REGISTERED ||
		    !(isahp_thread_holds(t, NULL) || isahp_thread_in_doubt(t)))
			continue;
		if (alive(t))
			make_look(t, &mask);
		else if (!t->pins)
			forget_thread(t);
	}
	isahp_records_unlock(mask);
}

void isahp_thread_looked(struct isahp_thread *t)
{
	isahp_sigmask_t mask;

	isahp_records_lock(&mask);
	__atomic_store_n(&t->look, 0, __ATOMIC_RELAXED);
	set_fast(t);
	isahp_records_unlock(mask);
}

/* --- fork ---------------------------------------------------------------------- */

void isahp_threads_lock(void)
{
	isahp_sigmask_t mask;

	isahp_records_lock(&mask);
	fork_mask = mask;
}

void isahp_threads_unlock(void)
{
	isahp_records_unlock(fork_mask);
}

void isahp_threads_child(bool resume)
{
	size_t i;

	isahp_records_child();
	for (i = 0; i < isahp_records_used(); i++) {
		struct isahp_thread *t = isahp_record_at(i);

		t->pins = 0;
		if (t == own.thread)
			t->tid = (pid_t)syscall(SYS_gettid);
		else if (t->state == ISAHP_THREAD_REGISTERED)
			forget_thread(t);
	}
	__atomic_store_n(&anonymous, own.anonymous, __ATOMIC_RELAXED);
	__atomic_store_n(&resume_wanted, resume, __ATOMIC_RELAXED);
	set_fast_all();
	isahp_records_unlock(fork_mask);
}

bool isahp_threads_may_resume(void)
{
	isahp_sigmask_t mask = 0;

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
	isahp_sigmask_t mask;

	isahp_records_lock(&mask);
	__atomic_store_n(&resume_wanted, 0, __ATOMIC_RELAXED);
	set_fast_all();
	isahp_records_unlock(mask);
}
