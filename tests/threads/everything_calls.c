// SPDX-License-Identifier: MIT
/* The application of everything.c: its threads, their calls, its callbacks. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "everything_calls.h"

struct counts done;
uint32_t over;

/* --- calls ------------------------------------------------------------------- */

struct worker {
	struct rng rng;
	unsigned int depth;
	sigjmp_buf back;
	bool may_jump;
	pthread_t thread;
	void *stack;
};

static __thread struct rng handler_rng;
static struct worker worker[WORKERS];

/*
 * The others leave more open than there are slots, and say nothing. If something
 * on another stack overflowed, too, none of it could be told apart again.
 */
static bool has_fibers(const struct worker *w)
{
	return w >= &worker[WORKERS / 2] && w < &worker[WORKERS];
}

bool bound_to_threads; /* liburcu's sections are */

static bool shallow(const struct worker *w)
{
	return bound_to_threads || has_fibers(w);
}

static void nests(void *arg);

static void stays(struct worker *w)
{
	struct isahp_operation *op = any_operation(&w->rng);
	struct isahp_region region;
	variant v = (variant)isahp_enter(op, &region);
	unsigned int n = below(&w->rng, 4);

	do {
		v(nests, w);
		if (isahp_poll(op, &region))
			v = (variant)isahp_resume(op, &region);
	} while (n--);
	isahp_leave(&region);
}

/* What variants call: something, that calls more variants. */
static void nests(void *arg)
{
	struct worker *w = arg;
	unsigned int n = below(&w->rng, 3);

	if (w->may_jump && !below(&w->rng, 40))
		siglongjmp(w->back, 1);
	if (w->depth >= (w->may_jump && shallow(w) ? 2 : 2 * ISAHP_SLOTS))
		return;
	w->depth++;
	while (n--) {
		if (below(&w->rng, 6))
			run(any_operation(&w->rng), nests, w);
		else if (below(&w->rng, 4))
			spin_inside(any_operation(&w->rng), below(&w->rng, 300));
		else
			stays(w);
	}
	w->depth--;
}

static void __attribute__((noinline)) jumps(struct worker *w)
{
	isahp_mark_t mark = isahp_mark();

	w->may_jump = true;
	if (!sigsetjmp(w->back, 1)) {
		run(any_operation(&w->rng), nests, w);
	} else {
		count(jumps);
		if (has_fibers(w) || below(&w->rng, 2))
			isahp_unwind(mark);
	}
	w->may_jump = false;
	w->depth = 0;
}

static void handler(int signal)
{
	(void)signal;
	spin_inside(any_operation(&handler_rng), below(&handler_rng, 50));
}

/* --- workers ------------------------------------------------------------------ */

static void ends(void *arg)
{
	(void)arg;
	count(ends);
	pthread_exit(NULL);
}

/* A thread that is new, and maybe ends where it is. */
static void *short_lived(void *arg)
{
	struct worker w = { .rng = rng_new((uintptr_t)arg) };

	if (below(&w.rng, 2))
		run(any_operation(&w.rng), nests, &w);
	if (below(&w.rng, 2))
		run(any_operation(&w.rng), ends, NULL);
	return NULL;
}

/* The handler's stack is another one, too. */
static void interrupt(const struct worker *w)
{
	if (has_fibers(w))
		pthread_kill(w->thread, SIGUSR1);
}

static void do_something(struct worker *w)
{
	unsigned int number = (unsigned int)(w - worker);
	pthread_t child;

	switch (below(&w->rng, 16)) {
	case 0:
		jumps(w);
		break;
	case 1:
		stays(w);
		break;
	case 2:
		if (!below(&w->rng, 8) &&
		    !pthread_create(&child, NULL, short_lived,
				    (void *)(uintptr_t)below(&w->rng, 1u << 30)))
			pthread_join(child, NULL);
		break;
	case 3:
		interrupt(&worker[below(&w->rng, WORKERS)]);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
		if (has_fibers(w))
			resume_one(&w->rng, number);
		break;
	default:
		run(any_operation(&w->rng), nests, w);
	}
}

static pthread_barrier_t gate; /* all are there; all are done */

static void *works(void *arg)
{
	struct worker *w = arg;
	stack_t stack = { .ss_sp = w->stack, .ss_size = STACK };

	handler_rng = rng_new((uintptr_t)arg);
	sigaltstack(&stack, NULL);
	pthread_barrier_wait(&gate);
	while (!is_over())
		do_something(w);
	while (has_fibers(w) && !all_ended((unsigned int)(w - worker)))
		resume_one(&w->rng, (unsigned int)(w - worker));
	pthread_barrier_wait(&gate);
	sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
	return NULL;
}

/* --- a packed operand ---------------------------------------------------------- */

static pthread_rwlock_t operand_lock = PTHREAD_RWLOCK_INITIALIZER;
static unsigned int operand;	/* its layout */
static struct rng callback_rng;

static void computes(void *arg)
{
	check(operand == *(unsigned int *)arg, "a call did not follow its operand");
}

static void *uses_operand(void *arg)
{
	while (!is_over()) {
		pthread_rwlock_rdlock(&operand_lock);
		run(&layout[operand], computes, &operand);
		pthread_rwlock_unlock(&operand_lock);
		count(packed);
		usleep(100);
	}
	return arg;
}

static int repacks(const struct isahp_change *change, void *arg)
{
	bool fits = isahp_features_subset(&needs[SSSE3], &change->after);

	(void)arg;
	if (change->kind == ISAHP_CALLBACK_LATE)
		return 0;
	pthread_rwlock_wrlock(&operand_lock);
	operand = !fits;
	pthread_rwlock_unlock(&operand_lock);
	spin_inside(any_operation(&callback_rng), 10);
	return 0;
}

static int vetoes(const struct isahp_change *change, void *arg)
{
	(void)arg;
	if (change->kind != ISAHP_CALLBACK_LEAVING || below(&callback_rng, 10))
		return 0;
	count(vetoes);
	return isahp_veto(change, -EBUSY, "not now");
}

/* --- all of it ------------------------------------------------------------------ */

static void *(*const others[])(void *) = { measures, creates, uses_operand };
#define OTHERS (sizeof(others) / sizeof(others[0]))
static pthread_t other[OTHERS];

void application_begin(void)
{
	struct sigaction a = { .sa_handler = handler,
			       .sa_flags = SA_ONSTACK | SA_RESTART };
	const char *gp = getenv("ISAHP_GP");
	unsigned int i;

	bound_to_threads = gp && !strcmp(gp, "urcu");
	callback_rng = rng_new(202);
	check(!isahp_callback_add(repacks, NULL, 0), "callback");
	check(!isahp_callback_add(vetoes, NULL, 1), "callback");
	make_fibers();
	sigaction(SIGUSR1, &a, NULL);
	pthread_barrier_init(&gate, NULL, WORKERS);
	for (i = 0; i < WORKERS; i++) {
		worker[i].rng = rng_new(1 + i);
		worker[i].stack = malloc(STACK);
		check(!pthread_create(&worker[i].thread, NULL, works, &worker[i]),
		      "pthread_create()");
	}
	for (i = 0; i < OTHERS; i++)
		check(!pthread_create(&other[i], NULL, others[i], NULL),
		      "pthread_create()");
}

void application_end(void)
{
	unsigned int i;

	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (i = 0; i < WORKERS; i++)
		pthread_join(worker[i].thread, NULL);
	for (i = 0; i < OTHERS; i++)
		pthread_join(other[i], NULL);
}
