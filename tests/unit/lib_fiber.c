// SPDX-License-Identifier: MIT
/*
 * Regions and stacks: fibers that wait inside one, go on on another thread or
 * outlive theirs; longjmp() out of a kernel.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "lib_fixture.h"

#define STACK (256 * 1024)

TestSuite(fiber, .init = setup, .fini = teardown, .timeout = 60);

/* --- an operation whose code does what a test asks it to ------------------------ */

static __thread void (*inside)(void *);
static __thread void *inside_arg;

static void run_inside(void)
{
	if (inside)
		inside(inside_arg);
}

static void run_plain(void)
{
	run_inside();
}

ISAHP_OPERATION_DECLARE(run, void, (void), ())
ISAHP_OPERATION_DEFINE(run,
	ISAHP_VARIANT("ssse3", run_inside, 1, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("plain", run_plain, 9, ISAHP_SET_NONE));

static void __attribute__((noinline)) run_with(void (*fn)(void *), void *arg)
{
	inside = fn;
	inside_arg = arg;
	run();
}

static bool acknowledged(__u64 n)
{
	return lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS);
}

static bool held(__u64 n)
{
	return !lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS);
}

static bool acknowledged_soon(__u64 n)
{
	return lib_shim_answered(&shim, n, ISAHP_ACK, mode_is_urcu() ? SHORT_MS : LONG_MS);
}

/* --- fibers ----------------------------------------------------------------------- */

struct fiber {
	ucontext_t own, back;
	bool ended;
};

static struct fiber fiber;

static void yield(void *arg)
{
	struct fiber *f = arg;

	swapcontext(&f->own, &f->back);
}

static void resume(struct fiber *f)
{
	swapcontext(&f->back, &f->own);
}

static void waits_in_a_call(void)
{
	run_with(yield, &fiber);
	fiber.ended = true;
	yield(&fiber);
}

static void waits_in_a_region(void)
{
	struct isahp_region r;

	isahp_enter(&run_operation, &r);
	yield(&fiber);
	isahp_leave(&r);
	fiber.ended = true;
	yield(&fiber);
}

static void make(struct fiber *f, void (*fn)(void))
{
	void *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(stack, MAP_FAILED);
	cr_assert_eq(getcontext(&f->own), 0);
	f->own.uc_stack.ss_sp = stack;
	f->own.uc_stack.ss_size = STACK;
	makecontext(&f->own, fn, 0);
}

static void holds_until_it_goes_on(void (*fn)(void))
{
	__u64 n;
	int i;

	start(0);
	make(&fiber, fn);
	resume(&fiber);
	/* The thread goes on, below and above it. */
	for (i = 0; i < 100; i++)
		cr_assert_eq(which(), 2);
	isahp_mark(); /* the bounds of its stack are known */
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	cr_expect(held(n));
	resume(&fiber);
	cr_expect(fiber.ended);
	cr_expect(acknowledged(n));
}

Test(fiber, that_waits_in_a_call_holds_it)
{
	holds_until_it_goes_on(waits_in_a_call);
}

Test(fiber, that_waits_in_a_region_holds_it)
{
	holds_until_it_goes_on(waits_in_a_region);
}

static void *begins(void *arg)
{
	make(&fiber, arg);
	resume(&fiber);
	return NULL;
}

static void *goes_on(void *arg)
{
	(void)arg;
	resume(&fiber);
	return NULL;
}

static void on_another_thread(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, fn, arg), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
}

/* liburcu's sections belong to threads: no acknowledgement ever again. */
static void ends_or_is_doubted(__u64 n)
{
	cr_expect(fiber.ended);
	if (mode_is_urcu())
		cr_expect(held(n));
	else
		cr_expect(acknowledged(n));
}

Test(fiber, may_leave_on_another_thread)
{
	__u64 n;

	start(0);
	begins(waits_in_a_call);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	cr_expect(held(n));
	on_another_thread(goes_on, NULL);
	ends_or_is_doubted(n);
	cr_expect_eq(which(), 1);
}

static void *calls(void *arg)
{
	(void)arg;
	which();
	return NULL;
}

static void outlives_its_thread(void *fn)
{
	__u64 n;

	start(0);
	on_another_thread(begins, fn);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	/* Nobody takes over what it holds. */
	on_another_thread(calls, NULL);
	cr_expect(held(n));
	resume(&fiber);
	ends_or_is_doubted(n);
}

Test(fiber, in_a_call_outlives_its_thread)
{
	outlives_its_thread(waits_in_a_call);
}

Test(fiber, in_a_region_outlives_its_thread)
{
	outlives_its_thread(waits_in_a_region);
}

static pthread_barrier_t step;

static void calls_and_yields(void)
{
	for (;;) {
		which(); /* the thread's own stack is not below this one */
		yield(&fiber);
	}
}

static void waits_in_main(void *arg)
{
	(void)arg;
	make(&fiber, calls_and_yields);
	resume(&fiber);
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
}

static void *waits_while_its_fiber_calls(void *arg)
{
	(void)arg;
	isahp_mark(); /* the bounds of its stack are known */
	run_with(waits_in_main, NULL);
	pthread_barrier_wait(&step);
	return NULL;
}

Test(fiber, that_calls_does_not_end_what_waits_on_its_thread_s_stack)
{
	pthread_t thread;
	__u64 n;

	start(0);
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&thread, NULL, waits_while_its_fiber_calls, NULL);
	pthread_barrier_wait(&step);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(held(n));
	pthread_barrier_wait(&step);
	cr_expect(acknowledged(n));
	pthread_barrier_wait(&step);
	pthread_join(thread, NULL);
}

/* --- longjmp ---------------------------------------------------------------------- */

static __thread sigjmp_buf back;

static void jumps(void *arg)
{
	(void)arg;
	siglongjmp(back, 1);
}

static void __attribute__((noinline)) deep(unsigned int depth)
{
	volatile char frame[256];

	frame[0] = (char)depth;
	if (depth)
		deep(depth - 1);
	else
		run_with(jumps, NULL);
	frame[1] = frame[0];
}

static void __attribute__((noinline)) jump_out(void)
{
	if (!sigsetjmp(back, 1))
		deep(10);
}

Test(longjmp, out_of_a_call_ends_with_unwind, .init = setup, .fini = teardown)
{
	isahp_mark_t mark;
	__u64 n;
	int i;

	start(0);
	mark = isahp_mark();
	for (i = 0; i < 3 * ISAHP_SLOTS; i++)
		jump_out();
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(held(n));
	isahp_unwind(mark);
	cr_expect(acknowledged(n));
}

Test(longjmp, unwind_leaves_what_was_entered_before, .init = setup, .fini = teardown)
{
	struct isahp_region before;
	isahp_mark_t mark;
	__u64 n;

	start(0);
	isahp_enter(&run_operation, &before);
	mark = isahp_mark();
	jump_out();
	isahp_unwind(mark);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(held(n));
	isahp_leave(&before);
	cr_expect(acknowledged(n));
}

Test(longjmp, unwind_ends_what_found_no_slot, .init = setup, .fini = teardown)
{
	static struct isahp_region elsewhere[3 * ISAHP_SLOTS]; /* on no stack */
	isahp_mark_t mark;
	size_t i;
	__u64 n;

	start(0);
	mark = isahp_mark();
	for (i = 0; i < 3 * ISAHP_SLOTS; i++)
		isahp_enter(&run_operation, &elsewhere[i]);
	isahp_unwind(mark);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(acknowledged(n));
}

static void *unwinds_elsewhere(void *arg)
{
	which();
	isahp_unwind(*(isahp_mark_t *)arg);
	return NULL;
}

Test(longjmp, unwind_on_another_thread_does_nothing, .init = setup, .fini = teardown)
{
	isahp_mark_t mark;
	__u64 n;

	start(0);
	mark = isahp_mark();
	jump_out();
	on_another_thread(unwinds_elsewhere, &mark);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(held(n));
	isahp_unwind(mark);
	cr_expect(acknowledged(n));
}

static int over;

static void *jumps_and_goes_on(void *arg)
{
	void (*const *jump)(void) = arg;

	(*jump)();
	pthread_barrier_wait(&step);
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		which();
	return NULL;
}

/* Begins a removal beside a thread that has jumped, and calls on. */
static __u64 removal_beside(void (*jump)(void), pthread_t *ret_thread)
{
	start(0);
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(ret_thread, NULL, jumps_and_goes_on, &jump);
	pthread_barrier_wait(&step);
	return lib_shim_prepare(&shim, &ssse3, LONG_MS);
}

static void end_calls(pthread_t thread)
{
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

/* Without a word from it: its later calls find out. */
Test(longjmp, out_of_a_call_is_found_out, .init = setup, .fini = teardown)
{
	pthread_t thread;
	__u64 n = removal_beside(jump_out, &thread);

	cr_expect(acknowledged(n));
	end_calls(thread);
}

/* What is taken back is nobody's concern but its owner's: no removal asks. */
Test(longjmp, out_of_a_call_is_found_out_when_the_operation_goes, .init = setup,
     .fini = teardown)
{
	pthread_t thread;
	void (*jump)(void) = jump_out;

	start(0);
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&thread, NULL, jumps_and_goes_on, &jump);
	pthread_barrier_wait(&step);
	cr_expect_eq(isahp_operation_unregister(&run_operation), 0);
	end_calls(thread);
}

static void nests(void *arg)
{
	uintptr_t depth = (uintptr_t)arg;

	if (depth)
		run_with(nests, (void *)(depth - 1));
	else
		siglongjmp(back, 1);
}

static void __attribute__((noinline)) jump_out_of_many(void)
{
	if (!sigsetjmp(back, 1))
		nests((void *)(uintptr_t)(2 * ISAHP_SLOTS));
}

Test(longjmp, out_of_more_calls_than_slots_is_found_out, .init = setup, .fini = teardown)
{
	pthread_t thread;
	__u64 n = removal_beside(jump_out_of_many, &thread);

	/* Nobody knows how many of the others had begun a section of liburcu's. */
	cr_expect_eq(acknowledged_soon(n), !mode_is_urcu());
	end_calls(thread);
	cr_expect(acknowledged(n));
}

/* --- alternate stacks ---------------------------------------------------------- */

static void on_signal(int signal)
{
	(void)signal;
	which();
}

static void leaves_a_region_open(int signal)
{
	(void)signal;
	run_with(jumps, NULL);
}

static void use_stack(void *stack, void (*handler)(int))
{
	struct sigaction a = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
	stack_t s = { .ss_sp = stack, .ss_size = STACK };

	sigemptyset(&a.sa_mask);
	sigaltstack(&s, NULL);
	sigaction(SIGUSR2, &a, NULL);
}

static void signals_and_waits(void *arg)
{
	(void)arg;
	raise(SIGUSR2);
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
}

/* The alternate stack is above its frames, and is in the thread's own. */
static void *handles_on_an_array(void *arg)
{
	char stack[STACK];

	(void)arg;
	use_stack(stack, on_signal);
	isahp_mark();
	run_with(signals_and_waits, NULL);
	pthread_barrier_wait(&step);
	/* What comes later on this stack is on no alternate one. */
	sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
	return NULL;
}

Test(altstack, handler_does_not_end_what_it_interrupts, .init = setup, .fini = teardown)
{
	pthread_t thread;
	__u64 n;

	start(0);
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&thread, NULL, handles_on_an_array, NULL);
	pthread_barrier_wait(&step);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(held(n));
	pthread_barrier_wait(&step);
	cr_expect(acknowledged(n));
	pthread_barrier_wait(&step);
	pthread_join(thread, NULL);
}

Test(altstack, longjmp_out_of_a_handler_is_doubted_until_unwind, .init = setup,
     .fini = teardown)
{
	static char stack[STACK];
	isahp_mark_t mark;
	__u64 n;

	start(0);
	use_stack(stack, leaves_a_region_open);
	mark = isahp_mark();
	if (!sigsetjmp(back, 1))
		raise(SIGUSR2);
	which();
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	cr_expect(held(n));
	isahp_unwind(mark);
	cr_expect(acknowledged(n));
}
