// SPDX-License-Identifier: MIT
/* The application's fibers: they wait inside regions, and go on elsewhere. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "everything_calls.h"

#define FIBERS 4

struct fiber {
	ucontext_t own;
	ucontext_t *back;
	struct rng rng;
	unsigned int owner, begun;
	bool busy, ended;
};

static struct fiber fibers[FIBERS];
static pthread_mutex_t fibers_lock = PTHREAD_MUTEX_INITIALIZER;

static void yield(void *arg)
{
	struct fiber *f = arg;

	swapcontext(&f->own, f->back);
}

static void fiber_main(unsigned int number)
{
	struct fiber *f = &fibers[number];

	while (!is_over()) {
		struct isahp_operation *op = any_operation(&f->rng);
		struct isahp_region region;
		variant v;

		if (below(&f->rng, 2)) {
			run(op, yield, f);
		} else {
			v = (variant)isahp_enter(op, &region);
			yield(f);
			v(yield, f);
			isahp_leave(&region);
		}
		count(fibers);
		if (below(&f->rng, 2))
			yield(f);
	}
	f->ended = true;
	yield(f);
}

void make_fibers(void)
{
	unsigned int i;

	for (i = 0; i < FIBERS; i++) {
		struct fiber *f = &fibers[i];
		void *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		check(stack != MAP_FAILED, "mmap");
		f->rng = rng_new(100 + i);
		f->owner = WORKERS / 2 + i % (WORKERS / 2);
		f->begun = f->owner;
		getcontext(&f->own);
		f->own.uc_stack.ss_sp = stack;
		f->own.uc_stack.ss_size = STACK;
		makecontext(&f->own, (void (*)(void))fiber_main, 1, i);
	}
}

static struct fiber *take_fiber(struct rng *r, unsigned int by)
{
	struct fiber *f = &fibers[below(r, FIBERS)];
	bool mine;

	pthread_mutex_lock(&fibers_lock);
	mine = !f->busy && !f->ended && (!bound_to_threads || f->owner == by);
	f->busy |= mine;
	pthread_mutex_unlock(&fibers_lock);
	return mine ? f : NULL;
}

void resume_one(struct rng *r, unsigned int by)
{
	struct fiber *f = take_fiber(r, by);
	ucontext_t here;

	if (!f)
		return;
	if (f->begun != by)
		count(elsewhere);
	f->begun = by;
	f->back = &here;
	swapcontext(&here, &f->own);
	pthread_mutex_lock(&fibers_lock);
	f->busy = false;
	pthread_mutex_unlock(&fibers_lock);
}

bool all_ended(unsigned int by)
{
	bool ended = true;
	unsigned int i;

	pthread_mutex_lock(&fibers_lock);
	for (i = 0; i < FIBERS; i++)
		ended &= fibers[i].ended ||
			 (bound_to_threads && fibers[i].owner != by);
	pthread_mutex_unlock(&fibers_lock);
	return ended;
}
