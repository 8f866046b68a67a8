// SPDX-License-Identifier: LGPL-2.1-or-later
#include <signal.h>
#include <string.h>
#include "dispatcher.h"
#include "gp_urcu.h"
#include "thread.h"

/* Keys beyond glibc's first block make pthread_setspecific() allocate. */
#define KEYS_WITHOUT_MALLOC 32

#define INITIAL_EXEC __attribute__((tls_model("initial-exec")))

__thread struct isahp_self isahp_self INITIAL_EXEC;
static __thread struct isahp_thread own INITIAL_EXEC;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct isahp_thread *threads; /* under lock */
static sigset_t fork_mask;	     /* the mask of the thread that forks */
static uint32_t resume_wanted;	     /* atomic; set in a fork's child */
static uint32_t anonymous;	     /* atomic; regions of unknown threads */
static pthread_key_t key;
static bool have_key;

static void lock_threads(sigset_t *ret_mask)
{
	sigset_t all;

	sigfillset(&all);
	memset(ret_mask, 0, sizeof(*ret_mask)); /* the kernel's is shorter */
	pthread_sigmask(SIG_BLOCK, &all, ret_mask);
	pthread_mutex_lock(&lock);
}

static void unlock_threads(const sigset_t *mask)
{
	pthread_mutex_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, mask, NULL);
}

static void set_fast(struct isahp_thread *t)
{
	bool fast = isahp_mode() == ISAHP_MODE_MEMBARRIER &&
		    !__atomic_load_n(&resume_wanted, __ATOMIC_RELAXED);

	__atomic_store_n(&t->self->fast, fast, __ATOMIC_RELAXED);
}

/*
 * Runs at the thread's exit. Calls that other destructors make later are
 * counted as anonymous: pthread runs a bounded number of rounds of destructors,
 * and a node that is linked again after the last one would outlive its memory.
 */
static void thread_exit(void *arg)
{
	struct isahp_thread *t = arg;
	sigset_t mask;

	lock_threads(&mask);
	if (t->state == ISAHP_THREAD_REGISTERED) {
		*t->link = t->next;
		if (t->next)
			t->next->link = t->link;
	}
	t->state = ISAHP_THREAD_GONE;
	__atomic_store_n(&isahp_self.fast, 0, __ATOMIC_RELAXED);
	unlock_threads(&mask);
}

void isahp_threads_init(void)
{
	if (pthread_key_create(&key, thread_exit))
		return;
	have_key = key < KEYS_WITHOUT_MALLOC;
	if (!have_key)
		pthread_key_delete(key);
}

static void link_own(void)
{
	own.next = threads;
	own.link = &threads;
	if (threads)
		threads->link = &own.next;
	threads = &own;
}

/* Complete before the caller loads any operation's current descriptor. */
static bool registered(void)
{
	sigset_t mask;

	if (own.state == ISAHP_THREAD_REGISTERED)
		return true;
	if (own.state == ISAHP_THREAD_GONE || !have_key)
		return false;
	lock_threads(&mask);
	/* A handler may have been faster. */
	if (own.state == ISAHP_THREAD_NEW && !pthread_setspecific(key, &own)) {
		own.self = &isahp_self;
		own.state = ISAHP_THREAD_REGISTERED;
		own.fenced = 0;
		set_fast(&own);
		link_own();
	}
	unlock_threads(&mask);
	return own.state == ISAHP_THREAD_REGISTERED;
}

void isahp_threads_fence(void)
{
	uint32_t expected = ISAHP_MODE_MEMBARRIER;
	struct isahp_thread *t;
	sigset_t mask;

	lock_threads(&mask);
	__atomic_compare_exchange_n(&isahp_library.mode, &expected,
				    ISAHP_MODE_FENCED, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	for (t = threads; t; t = t->next)
		set_fast(t);
	unlock_threads(&mask);
}

static bool self_inside(const struct isahp_self *self,
			bool (*stop)(const struct isahp_descriptor *descriptor,
				     const void *arg),
			const void *arg)
{
	int i;

	if (__atomic_load_n(&self->depth, __ATOMIC_ACQUIRE) > ISAHP_SLOTS)
		return true;
	for (i = 0; i < ISAHP_SLOTS; i++) {
		/* Partner: the release in isahp_leave(). */
		const struct isahp_descriptor *d =
			__atomic_load_n(&self->slot[i], __ATOMIC_ACQUIRE);

		if (d && stop(d, arg))
			return true;
	}
	return false;
}

bool isahp_threads_inside(bool (*stop)(const struct isahp_descriptor *descriptor,
				       const void *arg),
			  const void *arg)
{
	bool fenced = isahp_mode() == ISAHP_MODE_FENCED;
	struct isahp_thread *t;
	bool inside = false;
	sigset_t mask;

	/* Partner: the fence in enter_anonymous(); the release of its end. */
	if (__atomic_load_n(&anonymous, __ATOMIC_ACQUIRE))
		return true;
	lock_threads(&mask);
	for (t = threads; t && !inside; t = t->next)
		inside = (fenced && !__atomic_load_n(&t->fenced, __ATOMIC_ACQUIRE)) ||
			 self_inside(t->self, stop, arg);
	unlock_threads(&mask);
	return inside;
}

bool isahp_threads_own(bool (*stop)(const struct isahp_descriptor *descriptor,
				    const void *arg),
		       const void *arg)
{
	return self_inside(&isahp_self, stop, arg);
}

/*
 * How a region is held that has no slot: in isahp_region.index, above the depth
 * it was entered at.
 */
#define HELD_ANONYMOUS (1u << 31)
#define HELD_URCU (1u << 30)
#define HELD_DEPTH (HELD_URCU - 1)

static isahp_fn region_begin(struct isahp_operation *op,
			     struct isahp_region *region,
			     struct isahp_descriptor *d, uint32_t index)
{
	region->d = d;
	region->index = index;
	return d ? d->fn : isahp_enter_unregistered(op);
}

static isahp_fn enter_urcu(struct isahp_operation *op,
			   struct isahp_region *region, uint32_t n)
{
	isahp_gp_enter();
	return region_begin(op, region,
			    __atomic_load_n(&op->current, __ATOMIC_ACQUIRE),
			    HELD_URCU | n);
}

static isahp_fn enter_anonymous(struct isahp_operation *op,
				struct isahp_region *region, uint32_t n)
{
	own.anonymous++;
	/* Count before load; partner: isahp_barrier() before the scan. */
	__atomic_add_fetch(&anonymous, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return region_begin(op, region,
			    __atomic_load_n(&op->current, __ATOMIC_ACQUIRE),
			    HELD_ANONYMOUS | n);
}

/* With the depth beyond the slots the thread is inside anything. */
static isahp_fn enter_overflow(struct isahp_operation *op,
			       struct isahp_region *region, uint32_t n)
{
	/* Depth before load; partner: isahp_barrier() before the scan. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return region_begin(op, region,
			    __atomic_load_n(&op->current, __ATOMIC_ACQUIRE), n);
}

/* As isahp_enter(), with a fence of its own. */
static isahp_fn enter_fenced(struct isahp_operation *op,
			     struct isahp_region *region, uint32_t n)
{
	struct isahp_descriptor *d, *again;

	again = __atomic_load_n(&op->current, __ATOMIC_ACQUIRE);
	do {
		d = again;
		ISAHP_ENTER_HOOK();
		__atomic_store_n(&isahp_self.slot[n], d, __ATOMIC_RELAXED);
		/* Slot before recheck; partner: isahp_barrier() before the scan. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		again = __atomic_load_n(&op->current, __ATOMIC_ACQUIRE);
	} while (again != d);
	return region_begin(op, region, d, n);
}

/* A handler blocks its signal: with the mask of the fork nothing is interrupted. */
static bool may_resume(uint32_t n)
{
	sigset_t mask;

	if (n || !__atomic_load_n(&resume_wanted, __ATOMIC_RELAXED))
		return false;
	memset(&mask, 0, sizeof(mask));
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	return !memcmp(&mask, &fork_mask, sizeof(mask));
}

isahp_fn isahp_enter_slow(struct isahp_operation *op, struct isahp_region *region)
{
	/* isahp_enter() has raised it already. */
	uint32_t n = __atomic_load_n(&isahp_self.depth, __ATOMIC_RELAXED) - 1;

	if (may_resume(n))
		isahp_dispatcher_resume();
	if (isahp_mode() == ISAHP_MODE_URCU)
		return enter_urcu(op, region, n);
	if (!registered())
		return enter_anonymous(op, region, n);
	/*
	 * At the outermost depth nothing of this thread, and of no handler's
	 * victim, is between an inline slot and its recheck; and once `fast` is
	 * cleared nothing of it will be.
	 */
	if (!n && isahp_mode() == ISAHP_MODE_FENCED &&
	    !__atomic_load_n(&isahp_self.fast, __ATOMIC_RELAXED))
		__atomic_store_n(&own.fenced, 1, __ATOMIC_RELEASE);
	if (n >= ISAHP_SLOTS)
		return enter_overflow(op, region, n);
	return enter_fenced(op, region, n);
}

isahp_fn isahp_enter_unregistered(struct isahp_operation *op)
{
	size_t i;

	for (i = 0; i < op->variant_count; i++)
		if (isahp_features_empty(&op->variants[i].needs))
			return op->variants[i].fn;
	return NULL;
}

void isahp_leave_slow(struct isahp_region *region)
{
	uint32_t index = region->index;

	if (index & HELD_URCU)
		isahp_gp_leave();
	if (index & HELD_ANONYMOUS) {
		own.anonymous--;
		__atomic_sub_fetch(&anonymous, 1, __ATOMIC_RELEASE);
	}
	/* Release: an overflow ends here; partner: the acquire in the scan. */
	__atomic_store_n(&isahp_self.depth, index & HELD_DEPTH, __ATOMIC_RELEASE);
}

void isahp_threads_lock(void)
{
	sigset_t mask;

	lock_threads(&mask);
	fork_mask = mask;
}

void isahp_threads_unlock(void)
{
	sigset_t mask = fork_mask;

	unlock_threads(&mask);
}

void isahp_threads_child(bool resume)
{
	sigset_t mask = fork_mask;

	/* The other threads' memory is not theirs any more: do not follow links. */
	threads = NULL;
	if (own.state == ISAHP_THREAD_REGISTERED)
		link_own();
	__atomic_store_n(&anonymous, own.anonymous, __ATOMIC_RELAXED);
	__atomic_store_n(&resume_wanted, resume, __ATOMIC_RELAXED);
	if (own.state == ISAHP_THREAD_REGISTERED)
		set_fast(&own);
	pthread_mutex_init(&lock, NULL);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void isahp_threads_resumed(void)
{
	struct isahp_thread *t;
	sigset_t mask;

	lock_threads(&mask);
	__atomic_store_n(&resume_wanted, 0, __ATOMIC_RELAXED);
	for (t = threads; t; t = t->next)
		set_fast(t);
	unlock_threads(&mask);
}
