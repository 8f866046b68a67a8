// SPDX-License-Identifier: MIT
/* The application of everything.c: threads, fibers, operations, callbacks. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include "everything.h"

#define STACK (128 * 1024)
#define FIBERS 4
#define OPERATIONS 5

struct counts done;
uint32_t over;

/* --- variants ---------------------------------------------------------------- */

typedef void (*work)(void *arg);
typedef void (*variant)(work fn, void *arg);

/* void f(void (*fn)(void *), void *arg): call it, and come back here. */
static const unsigned char code[] = {
	0x48, 0x83, 0xec, 0x08, /* sub $8,%rsp */
	0x48, 0x89, 0xf8,	/* mov %rdi,%rax */
	0x48, 0x89, 0xf7,	/* mov %rsi,%rdi */
	0xff, 0xd0,		/* call *%rax */
	0x48, 0x83, 0xc4, 0x08, /* add $8,%rsp */
	0xc3,			/* ret */
};

static void plain(work fn, void *arg)
{
	fn(arg);
	__asm__ volatile("");
}

const struct isahp_features needs[KINDS] = {
	ISAHP_SET(SSE3), ISAHP_SET(SSSE3), ISAHP_SET(POPCNT), ISAHP_SET(SSE4_1),
};

void *page[KINDS];
static struct isahp_operation operation[OPERATIONS];
static struct isahp_operation bound;
/* The packed operand's: only the first layout has a variant that can leave. */
static struct isahp_operation layout[2];

static struct isahp_variant of_page(int kind, uint32_t cost)
{
	return (struct isahp_variant)ISAHP_VARIANT_RESULTS(
		"page", (uintptr_t)page[kind], cost, 1, needs[kind]);
}

static struct isahp_variant of_plain(uint32_t results)
{
	return (struct isahp_variant)ISAHP_VARIANT_RESULTS(
		"plain", plain, 1000, results, ISAHP_SET_NONE);
}

static void add(struct isahp_operation *op, const struct isahp_variant *v, uint32_t n,
		uint32_t flags)
{
	struct isahp_operation init = ISAHP_OPERATION_INIT("random", v, n, flags);

	*op = init;
	check(!isahp_operation_register(op), "registration");
}

void make_operations(struct rng *r)
{
	static struct isahp_variant of[OPERATIONS][3], same[3], first[2], second;
	int i;

	for (i = 0; i < KINDS; i++) {
		page[i] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		check(page[i] != MAP_FAILED, "mmap");
		memcpy(page[i], code, sizeof(code));
		check(!mprotect(page[i], PAGE, PROT_READ | PROT_EXEC), "mprotect");
	}
	for (i = 0; i < OPERATIONS; i++) {
		of[i][0] = of_page((int)below(r, KINDS), 1 + below(r, 9));
		of[i][1] = of_plain(0);
		of[i][2] = of_page((int)below(r, KINDS), 1 + below(r, 9));
		add(&operation[i], of[i], 3, 0);
	}
	/* Without SSE3 its results would be others. */
	same[0] = of_page(SSSE3, 1);
	same[1] = of_plain(2);
	same[2] = of_page(SSE3, 2);
	add(&bound, same, 3, ISAHP_OPERATION_SAME_BITS);
	first[0] = of_page(SSSE3, 1);
	first[1] = of_plain(0);
	second = of_plain(0);
	add(&layout[0], first, 2, 0);
	add(&layout[1], &second, 1, 0);
}

static void run(struct isahp_operation *op, work fn, void *arg)
{
	struct isahp_region region __attribute__((cleanup(isahp_leave))) =
		ISAHP_REGION_NONE_;
	variant v = (variant)isahp_enter_call_(op, &region);

	v(fn, arg);
	count(calls);
}

static struct isahp_operation *any_operation(struct rng *r)
{
	return below(r, 8) ? &operation[below(r, OPERATIONS)] : &bound;
}

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

static bool bound_to_threads; /* liburcu's sections are */

static bool shallow(const struct worker *w)
{
	return bound_to_threads || has_fibers(w);
}

static void spins(void *arg)
{
	unsigned int turns = *(unsigned int *)arg;

	while (turns--)
		__builtin_ia32_pause();
}

static void spin_inside(struct isahp_operation *op, unsigned int turns)
{
	run(op, spins, &turns);
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

/* --- fibers ------------------------------------------------------------------- */

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

static void make_fibers(void)
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

static void resume_one(struct rng *r, unsigned int by)
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

static bool all_ended(unsigned int by)
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

/* --- operations that are measured, and that come and go ----------------------- */

static void nothing(void *arg)
{
	(void)arg;
}

static void probes(isahp_fn fn, void *arg)
{
	((variant)fn)(nothing, arg);
}

static void *measures(void *arg)
{
	struct rng r = rng_new(200);

	while (!is_over()) {
		int rc = isahp_operation_measure(any_operation(&r), probes, NULL);

		check(!rc || rc == -EAGAIN, "isahp_operation_measure()");
		if (!rc)
			count(measured);
		usleep(below(&r, 2000));
	}
	return arg;
}

/* While somebody is inside what has no slot it may be this. */
static void give_back(struct isahp_operation *op)
{
	int rc;

	do
		rc = isahp_operation_destroy(op);
	while (rc == -EBUSY && !is_over());
	check(!rc || rc == -EBUSY, "isahp_operation_destroy()");
	if (!rc)
		count(created);
}

static void *creates(void *arg)
{
	struct rng r = rng_new(201);

	while (!is_over()) {
		struct isahp_variant v[2] = { of_page((int)below(&r, KINDS), 1),
					      of_plain(1) };
		struct isahp_operation_spec spec = {
			.size = sizeof(spec), .variant_size = sizeof(v[0]),
			.name = "created", .variants = v, .variant_count = 2,
			.flags = below(&r, 2) ? ISAHP_OPERATION_SAME_BITS : 0,
		};
		struct isahp_operation *op;
		unsigned int n = below(&r, 100);

		check(!isahp_operation_create(&spec, &op), "isahp_operation_create()");
		while (n--)
			spin_inside(op, below(&r, 100));
		give_back(op);
		usleep(below(&r, 500));
	}
	return arg;
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
	spin_inside(&operation[0], 10);
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
