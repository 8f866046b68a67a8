// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "record.h"

#define BLOCK_THREADS 64
#define BLOCKS_MAX 4096

_Static_assert(offsetof(struct isahp_thread, tid) == 128, "one scan, one call");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct isahp_thread *block[BLOCKS_MAX]; /* under lock */
static size_t used;		/* under lock; records that were ever in use */
static size_t maybe_free;	/* under lock; all below are not FREE */

static void set_mask(isahp_sigmask_t mask, isahp_sigmask_t *ret_old)
{
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, ret_old, sizeof(mask));
}

/*
 * ThreadSanitizer runs a handler when a call that it knows ends, and asks no mask:
 * a signal that came before it was blocked would find pthread_mutex_lock(), and
 * the handler's call this lock held. Here it finds a call that does nothing else.
 */
static void let_handlers_run(void)
{
	sigset_t none;

	sigemptyset(&none);
}

void isahp_records_lock(isahp_sigmask_t *ret_mask)
{
	set_mask(~0UL, ret_mask);
	let_handlers_run();
	pthread_mutex_lock(&lock);
}

void isahp_records_unlock(isahp_sigmask_t mask)
{
	pthread_mutex_unlock(&lock);
	set_mask(mask, NULL);
}

void isahp_records_child(void)
{
	pthread_mutex_init(&lock, NULL);
	pthread_mutex_lock(&lock);
}

size_t isahp_records_used(void)
{
	return used;
}

struct isahp_thread *isahp_record_at(size_t i)
{
	return &block[i / BLOCK_THREADS][i % BLOCK_THREADS];
}

bool isahp_thread_holds(const struct isahp_thread *t, const struct isahp_hold *but)
{
	size_t i;

	/* Partner: the releases in isahp_leave(). */
	for (i = 0; i < ISAHP_SLOTS; i++)
		if (&t->in.slot[i] != but &&
		    __atomic_load_n(&t->in.slot[i].frame, __ATOMIC_ACQUIRE))
			return true;
	return __atomic_load_n(&t->in.overflow, __ATOMIC_ACQUIRE);
}

static struct isahp_thread *find_free(void)
{
	size_t i;

	for (i = maybe_free; i < used; i++)
		if (isahp_record_at(i)->state == ISAHP_THREAD_FREE) {
			maybe_free = i + 1;
			return isahp_record_at(i);
		}
	maybe_free = used;
	return NULL;
}

static struct isahp_thread *find_left_orphan(void)
{
	size_t i;

	for (i = 0; i < used; i++)
		if (isahp_record_at(i)->state == ISAHP_THREAD_ORPHAN &&
		    !isahp_thread_holds(isahp_record_at(i), NULL))
			return isahp_record_at(i);
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
	isahp_record_at(used)->index = (uint32_t)used;
	return isahp_record_at(used++);
}

struct isahp_thread *isahp_record_take(void)
{
	struct isahp_thread *t = find_free();

	if (!t && used && !(used % BLOCK_THREADS))
		t = find_left_orphan();
	return t ? t : make_new();
}

void isahp_record_give(struct isahp_thread *t)
{
	__atomic_store_n(&t->in.fast, 0, __ATOMIC_RELAXED);
	t->state = isahp_thread_holds(t, NULL) ? ISAHP_THREAD_ORPHAN :
						 ISAHP_THREAD_FREE;
	if (t->index < maybe_free)
		maybe_free = t->index;
}
