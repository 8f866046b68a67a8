/* SPDX-License-Identifier: MIT */
/*
 * Mapped rather than allocated: nothing is shared with malloc(), whose lock a
 * call that was interrupted may hold.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "work.h"

#define STEP 65536

/**
 * struct work - a thread's
 * @base: NULL: none yet.
 * @size: of it.
 * @busy: a call has it; signal handlers look.
 */
struct work {
	void *base;
	size_t size;
	bool busy;
};

static __thread struct work mine __attribute__((tls_model("initial-exec")));
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool have_key;

/* The thread ends. Destructors after this one may make it anew. */
static void unmap(void *arg)
{
	struct work *w = arg;

	munmap(w->base, w->size);
	w->base = NULL;
	w->size = 0;
}

static void make_key(void)
{
	have_key = !pthread_key_create(&key, unmap);
}

/* Threads that go on keep their work space: a call of theirs may be in it. */
static void __attribute__((destructor)) delete_key(void)
{
	if (have_key)
		pthread_key_delete(key);
	have_key = false;
}

static bool grow(struct work *w, size_t size)
{
	void *base;

	pthread_once(&once, make_key);
	if (!have_key)
		return false;
	size = (size + STEP - 1) / STEP * STEP;
	base = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return false;
	if (pthread_setspecific(key, w)) {
		munmap(base, size);
		return false;
	}
	if (w->base)
		munmap(w->base, w->size);
	w->base = base;
	w->size = size;
	return true;
}

void *ml_work_get(size_t size)
{
	struct work *w = &mine;

	if (w->busy)
		return NULL;
	w->busy = true;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (w->size < size && !grow(w, size)) {
		w->busy = false;
		return NULL;
	}
	return w->base;
}

void ml_work_put(void *work)
{
	(void)work;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	mine.busy = false;
}
