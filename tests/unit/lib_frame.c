// SPDX-License-Identifier: MIT
/*
 * What the library takes to be gone: nothing that is not. Most tests have a
 * region that is open, and something on its thread that looks as if it were not;
 * in the others something is gone, and has to be found.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "lib_fixture.h"
#include "libisahp/gp_urcu.h"

#define STACK (256 * 1024)

TestSuite(frame, .init = setup, .fini = teardown, .timeout = 60);

static bool held(__u64 n)
{
	return !lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS);
}

static bool acknowledged(__u64 n)
{
	return lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS);
}

/* --- arguments that are still on the stack -------------------------------------- */

static bool was_held;
static __u64 removal;

static void __attribute__((noinline)) asks(void)
{
	removal = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	was_held = held(removal);
}

/* Little of the stack is used between the call and the nested one. */
static void nests_and_asks(void)
{
	which();
	asks();
}

static void nests_plain(void)
{
	nests_and_asks();
}

ISAHP_OPERATION_DECLARE(nests, void, (void), ())
ISAHP_OPERATION_DEFINE(nests,
	ISAHP_VARIANT("ssse3", nests_and_asks, 1, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("plain", nests_plain, 9, ISAHP_SET_NONE));

#define TEN_LONGS long, long, long, long, long, long, long, long, long, long
#define TEN 0, 1, 2, 3, 4, 5, 6, 7, 8, 9

static void takes_forty(TEN_LONGS, TEN_LONGS, TEN_LONGS, TEN_LONGS)
{
}

/* So that nobody sees that it does not need them. */
static void (*volatile forty)(TEN_LONGS, TEN_LONGS, TEN_LONGS, TEN_LONGS) = takes_forty;

/* gcc pops the arguments when it has to, which is after it enters the call. */
static void __attribute__((noinline)) calls_behind_arguments(void)
{
	forty(TEN, TEN, TEN, TEN);
	nests();
}

Test(frame, is_not_below_arguments_of_an_earlier_call)
{
	start(0);
	isahp_mark(); /* the bounds of its stack are known */
	calls_behind_arguments();
	cr_expect(was_held);
	cr_expect(acknowledged(removal));
}

/* --- calls and objects of one frame ----------------------------------------------- */

static jmp_buf out;

static void jumps(void)
{
	longjmp(out, 1);
}

static void jumps_plain(void)
{
	jumps();
}

ISAHP_OPERATION_DECLARE(jump, void, (void), ())
ISAHP_OPERATION_DEFINE(jump,
	ISAHP_VARIANT("ssse3", jumps, 1, ISAHP_SET(SSSE3)),
	ISAHP_VARIANT("plain", jumps_plain, 9, ISAHP_SET_NONE));

/* In the very frame of the caller, whatever is inline else. */
static inline __attribute__((always_inline)) void call_here(struct isahp_operation *op)
{
	struct isahp_region r __attribute__((cleanup(isahp_leave))) = ISAHP_REGION_NONE_;

	((void (*)(void))isahp_enter_call_(op, &r))();
}

/* Its calls have that frame's address, and the region is below it. */
static void __attribute__((noinline)) calls_beside_a_region(void)
{
	struct isahp_region r;

	isahp_enter(&which_operation, &r);
	call_here(&which_operation);
	call_here(&which_operation);
	asks();
	isahp_leave(&r);
}

Test(frame, of_a_region_is_not_gone_when_it_calls)
{
	start(0);
	isahp_mark();
	calls_beside_a_region();
	cr_expect(was_held);
	cr_expect(acknowledged(removal));
}

/* The same with more than there are slots. */
static void __attribute__((noinline)) calls_beside_many(unsigned int depth)
{
	struct isahp_region r;

	isahp_enter(&which_operation, &r);
	if (depth) {
		calls_beside_many(depth - 1);
	} else {
		call_here(&which_operation);
		call_here(&which_operation);
		asks();
	}
	isahp_leave(&r);
}

Test(frame, of_a_region_without_a_slot_is_not_gone_when_it_calls)
{
	start(0);
	isahp_mark();
	calls_beside_many(ISAHP_SLOTS);
	cr_expect(was_held);
	cr_expect(acknowledged(removal));
}

static void __attribute__((noinline)) jumps_and_calls(void)
{
	if (!setjmp(out))
		call_here(&jump_operation);
	call_here(&which_operation); /* from the frame that made the call */
	asks();
}

Test(frame, of_a_call_that_was_jumped_out_of_is_found_gone_from_there)
{
	start(0);
	isahp_mark();
	jumps_and_calls();
	cr_expect_not(was_held);
}

/* --- what is found by and by --------------------------------------------------------- */

/* In a call that returns a nested one is jumped out of. */
static void nests_and_jumps(void)
{
	if (!setjmp(out))
		jump();
}

ISAHP_OPERATION_DECLARE(outer, void, (void), ())
ISAHP_OPERATION_DEFINE(outer,
	ISAHP_VARIANT("plain", nests_and_jumps, 1, ISAHP_SET_NONE));

/* No call of it that comes later is nested, or finds its first slot taken. */
Test(frame, of_a_nested_call_that_was_jumped_out_of_is_found_gone)
{
	uint32_t was_fast;
	__u64 n;

	start(0);
	which();
	was_fast = isahp_self->fast;
	outer();
	which();
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(held(n));
	eventually(which() == 1 && lib_shim_answered(&shim, n, ISAHP_ACK, 1));
	lib_shim_abort(&shim, &all);
	eventually(which() == 2);
	/* From here on its calls are short again. */
	cr_expect_eq(isahp_self->fast, was_fast);
}

Test(frame, unwind_ends_what_has_a_slot_that_was_another_s)
{
	struct isahp_region before;
	isahp_mark_t mark;
	__u64 n;

	start(0);
	isahp_enter(&which_operation, &before);
	mark = isahp_mark();
	if (!setjmp(out)) {
		isahp_leave(&before);
		jump();
	}
	isahp_unwind(mark);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(acknowledged(n));
}

/* --- what found no slot, on two stacks ------------------------------------------- */

static ucontext_t fiber, back;
static bool fiber_ended;

static void waits_inside(void)
{
	struct isahp_region r;

	isahp_enter(&which_operation, &r);
	swapcontext(&fiber, &back);
	isahp_leave(&r);
	fiber_ended = true;
	swapcontext(&fiber, &back);
}

static void resume(void)
{
	swapcontext(&back, &fiber);
}

/* Its stack is below the caller's: the highest frame is not the fiber's. */
static void begin_below(void)
{
	char here;
	char *stack;

	do {
		stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		cr_assert_neq((void *)stack, MAP_FAILED);
	} while ((uintptr_t)stack > (uintptr_t)&here);
	getcontext(&fiber);
	fiber.uc_stack.ss_sp = stack;
	fiber.uc_stack.ss_size = STACK;
	makecontext(&fiber, waits_inside, 0);
	resume();
}

/* So many regions that the last has no slot, and then the fiber's. */
static void __attribute__((noinline)) fill(unsigned int depth, void (*then)(void))
{
	struct isahp_region r;

	isahp_enter(&which_operation, &r);
	if (depth) {
		fill(depth - 1, then);
	} else {
		begin_below();
		then();
	}
	isahp_leave(&r);
}

static void __attribute__((noinline)) jumps_out(void)
{
	if (!setjmp(out))
		fill(ISAHP_SLOTS, jumps);
}

static void fiber_goes_on(void)
{
	resume();
	cr_expect(fiber_ended);
}

Test(frame, of_a_fiber_without_a_slot_is_not_gone_with_those_that_were_jumped_out_of)
{
	isahp_mark_t mark;
	__u64 n;

	start(0);
	mark = isahp_mark();
	jumps_out();
	which(); /* finds out that they are gone */
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	cr_expect(held(n));
	fiber_goes_on();
	isahp_unwind(mark);
	cr_expect(acknowledged(n));
}

static void ends(void)
{
	pthread_exit(NULL);
}

static void *fills_and_ends(void *arg)
{
	fill(ISAHP_SLOTS, ends);
	return arg;
}

Test(frame, of_a_fiber_without_a_slot_is_not_gone_with_its_thread)
{
	pthread_t thread;
	__u64 n;

	start(0);
	pthread_create(&thread, NULL, fills_and_ends, NULL);
	pthread_join(thread, NULL);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	cr_expect(held(n));
	fiber_goes_on();
}

/* --- a thread that ends by and by -------------------------------------------------- */

/*
 * A key between liburcu's, whose destructor drops the thread's sections, and the
 * library's, whose constructor has priority 101.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wprio-ctor-dtor"
static pthread_key_t between;
static pthread_barrier_t half_gone;

static void pauses(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&half_gone);
	pthread_barrier_wait(&half_gone);
}

static void __attribute__((constructor(100))) make_key(void)
{
	pthread_key_create(&between, pauses);
}
#pragma GCC diagnostic pop

static void *begins_and_ends(void *arg)
{
	pthread_setspecific(between, &between);
	begin_below();
	return arg;
}

Test(frame, of_a_fiber_holds_while_its_thread_ends)
{
	pthread_t thread;
	__u64 n;

	start(0);
	pthread_barrier_init(&half_gone, NULL, 2);
	pthread_create(&thread, NULL, begins_and_ends, NULL);
	pthread_barrier_wait(&half_gone);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	cr_expect(held(n));
	pthread_barrier_wait(&half_gone);
	pthread_join(thread, NULL);
	cr_expect(held(n));
	fiber_goes_on();
	/* Sections of liburcu's do not end on another thread. */
	cr_expect_eq(held(n), mode_is_urcu());
}

/* --- two at once that find out --------------------------------------------------- */

#define TRAP_FLAG 0x100

static unsigned int steps, step_wanted;

/* After each instruction, up to the one that is wanted. */
static void on_step(int signal, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	(void)signal;
	(void)info;
	if (++steps != step_wanted)
		return;
	which();
	c->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

static void __attribute__((noinline)) enters_and_jumps(void)
{
	struct isahp_region r;

	isahp_enter(&which_operation, &r);
	longjmp(out, 1);
}

/* Further down than calls from above, and from a handler there. */
static void __attribute__((noinline)) goes_down_and_jumps(void)
{
	volatile char room[65536];

	room[0] = 0;
	enters_and_jumps();
	room[1] = room[0];
}

static void __attribute__((noinline)) jumps_out_of_one(void)
{
	if (!setjmp(out))
		goes_down_and_jumps();
}

/* A call that finds the frame of another one gone, and is interrupted there. */
static bool interrupted_at(unsigned int step)
{
	jumps_out_of_one();
	steps = 0;
	step_wanted = step;
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "pushfq\n\t"
			 "orq %0, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 128(%%rsp), %%rsp" : : "i"(TRAP_FLAG) : "memory", "cc");
	which();
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "pushfq\n\t"
			 "andq %0, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 128(%%rsp), %%rsp" : : "i"(~TRAP_FLAG) : "memory", "cc");
	return steps >= step;
}

Test(frame, that_is_gone_is_ended_once, .timeout = 120)
{
	static struct isahp_region outer; /* on no stack */
	struct sigaction a = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };
	unsigned int step = 1, lost = 0;
	__u64 n;

#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("a hundred times as many instructions");
#endif
	start(0);
	isahp_mark();
	isahp_enter(&which_operation, &outer);
	sigaction(SIGTRAP, &a, NULL);
	while (interrupted_at(step)) {
		lost += !isahp_gp_inside() == mode_is_urcu();
		step++;
	}
	cr_expect_gt(step, 50);
	cr_expect_eq(lost, 0);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(held(n));
	isahp_leave(&outer);
	cr_expect(acknowledged(n));
}
