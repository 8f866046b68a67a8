// SPDX-License-Identifier: MIT
/*
 * Threads: seen for the first time, a thousand of them, interrupted at every
 * single instruction, and how they end.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

/* Inside of the inline path, between its load and its store. */
static void enter_hook(void);
#define ISAHP_ENTER_HOOK() enter_hook()

#include "lib_fixture.h"
#include "libisahp/thread.h"

#define THREADS 1024

TestSuite(thread, .init = setup, .fini = teardown, .timeout = 60);

static bool acknowledged(__u64 n)
{
	return lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS);
}

static bool held(__u64 n)
{
	return !lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS);
}

/* --- many, and new ones ----------------------------------------------------------- */

struct crowd {
	pthread_t thread[THREADS];
	pthread_barrier_t inside;
	pthread_mutex_t most, last;
};

static void *one_of_many(void *arg, pthread_mutex_t *until)
{
	struct crowd *c = arg;
	struct isahp_region r;

	isahp_enter(&which_operation, &r);
	pthread_barrier_wait(&c->inside);
	pthread_mutex_lock(until);
	isahp_leave(&r);
	pthread_mutex_unlock(until);
	return NULL;
}

static void *one_of_most(void *arg)
{
	return one_of_many(arg, &((struct crowd *)arg)->most);
}

static void *the_last(void *arg)
{
	return one_of_many(arg, &((struct crowd *)arg)->last);
}

static void crowd_begin(struct crowd *c, size_t last)
{
	pthread_attr_t attr;
	size_t i;

	pthread_barrier_init(&c->inside, NULL, THREADS + 1);
	pthread_mutex_init(&c->most, NULL);
	pthread_mutex_init(&c->last, NULL);
	pthread_mutex_lock(&c->most);
	pthread_mutex_lock(&c->last);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	for (i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&c->thread[i], &attr,
					    i == last ? the_last : one_of_most, c), 0);
	pthread_barrier_wait(&c->inside);
}

static void crowd_most_leave(struct crowd *c, size_t last)
{
	size_t i;

	pthread_mutex_unlock(&c->most);
	for (i = 0; i < THREADS; i++)
		if (i != last)
			pthread_join(c->thread[i], NULL);
}

static void crowd_last_leaves(struct crowd *c, size_t last)
{
	pthread_mutex_unlock(&c->last);
	pthread_join(c->thread[last], NULL);
}

Test(thread, every_single_one_of_many_counts)
{
	static const size_t last[] = { 0, 511, THREADS - 1 };
	static struct crowd c;
	size_t i, records = 0;
	__u64 n;

	start(0);
	for (i = 0; i < 3; i++) {
		crowd_begin(&c, last[i]);
		/* Records of those who are gone serve those who come. */
		cr_expect(!records || isahp_threads_records() <= records + 1);
		records = isahp_threads_records();
		n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
		crowd_most_leave(&c, last[i]);
		cr_expect(held(n), "%zu", last[i]);
		crowd_last_leaves(&c, last[i]);
		cr_expect(acknowledged(n));
		lib_shim_abort(&shim, &all);
		eventually(which() == 2);
	}
}

static void *is_new(void *arg)
{
	*(int *)arg = which();
	return NULL;
}

Test(thread, never_seen_before_enters_what_is_allowed)
{
	struct stay s;
	pthread_t thread;
	int found = -1;
	__u64 n;

	start(0);
	stay_begin(&s, &which_operation);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	pthread_create(&thread, NULL, is_new, &found);
	pthread_join(thread, NULL);
	cr_expect_eq(found, 1);
	cr_expect(held(n));
	stay_end(&s);
	cr_expect(acknowledged(n));
}

static pthread_barrier_t step;

static void first_call(int signal)
{
	struct isahp_region r;

	(void)signal;
	isahp_enter(&which_operation, &r);
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	isahp_leave(&r);
}

static void *first_calls_in_a_handler(void *arg)
{
	pthread_sigmask(SIG_UNBLOCK, arg, NULL);
	raise(SIGUSR1);
	which();
	return NULL;
}

Test(thread, may_be_registered_by_a_signal_handler)
{
	sigset_t usr1;
	pthread_t thread;
	__u64 n;

	start(0);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	signal(SIGUSR1, first_call);
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&thread, NULL, first_calls_in_a_handler, &usr1);
	pthread_barrier_wait(&step);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(held(n));
	pthread_barrier_wait(&step);
	cr_expect(acknowledged(n));
	pthread_join(thread, NULL);
}

Test(thread, resumes_on_what_is_allowed)
{
	struct isahp_region r;
	int (*fn)(void);
	__u64 n;

	start(0);
	fn = (int (*)(void))isahp_enter(&which_operation, &r);
	cr_expect_eq(fn(), 2);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(isahp_poll(&which_operation, &r));
	cr_expect(held(n));
	fn = (int (*)(void))isahp_resume(&which_operation, &r);
	cr_expect_eq(fn(), 1);
	cr_expect_not(isahp_poll(&which_operation, &r));
	if (!mode_is_urcu()) /* a grace period waits for this one too */
		cr_expect(acknowledged(n));
	isahp_leave(&r);
	cr_expect(acknowledged(n));
}

/* --- that is never taken out of the registry ---------------------------------------- */

#define STACK (256 * 1024)

static pthread_key_t last_key;
static unsigned int rounds;

/* In the last round the library's key is set again, and nobody looks any more. */
static void calls_at_the_very_end(void *arg)
{
	if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS)
		pthread_setspecific(last_key, arg);
	else
		which();
}

static void *ends_with_a_call(void *arg)
{
	pthread_setspecific(last_key, arg);
	return NULL;
}

/* Its TLS lies at the top of the stack that it was given. */
Test(thread, that_first_calls_at_its_very_end_leaves_nothing_behind)
{
	pthread_attr_t attr;
	pthread_t thread;
	void *stack;

	start(0);
	which();
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(stack, MAP_FAILED);
	pthread_key_create(&last_key, calls_at_the_very_end);
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, STACK);
	cr_assert_eq(pthread_create(&thread, &attr, ends_with_a_call, &last_key), 0);
	pthread_join(thread, NULL);
	cr_assert_eq(rounds, PTHREAD_DESTRUCTOR_ITERATIONS);
	munmap(stack, STACK);
	isahp_threads_refresh(); /* writes to all that are registered */
	/* Whoever was not seen since is in doubt; nobody will see this one. */
	isahp_threads_fence();
	which();
	cr_expect(acknowledged(lib_shim_prepare(&shim, &ssse3, LONG_MS)));
}

/* --- at every instruction ---------------------------------------------------------- */

#define TRAP_FLAG 0x100

static unsigned int steps, disturbed, jump_at, fence_at;
static sigjmp_buf back;

static void set_trap_flag(void)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "pushfq\n\t"
			 "orq %0, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 128(%%rsp), %%rsp" : : "i"(TRAP_FLAG) : "memory", "cc");
}

static void clear_trap_flag(void)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "pushfq\n\t"
			 "andq %0, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 128(%%rsp), %%rsp" : : "i"(~TRAP_FLAG) : "memory", "cc");
}

static bool believed_fenced(void)
{
	return __atomic_load_n(&isahp_thread_own()->fenced, __ATOMIC_ACQUIRE);
}

/* No inline path is under way: that is what it said. */
static void enter_hook(void)
{
	if (fence_at)
		disturbed += believed_fenced();
}

/* membarrier stops serving here, and then this thread is seen. */
static void fence_step(void)
{
	struct isahp_region r;
	bool taken = isahp_self->slot[0].frame;

	isahp_threads_fence();
	isahp_enter(&which_operation, &r);
	isahp_leave(&r);
	/* What it has interrupted may be between slot and recheck. */
	disturbed += taken && believed_fenced();
}

/* After every instruction of whoever has the flag set. */
static void on_step(int signal)
{
	struct isahp_hold before[ISAHP_SLOTS];

	(void)signal;
	steps++;
	if (fence_at) {
		if (steps == fence_at)
			fence_step();
		return;
	}
	if (jump_at) {
		if (steps == jump_at)
			siglongjmp(back, 1);
		return;
	}
	memcpy(before, isahp_self->slot, sizeof(before));
	disturbed += which() != 2;
	disturbed += memcmp(before, isahp_self->slot, sizeof(before)) != 0;
}

static void handle_steps(void)
{
	static char stack[1 << 20];
	struct sigaction a = { .sa_handler = on_step, .sa_flags = SA_ONSTACK };
	stack_t s = { .ss_sp = stack, .ss_size = sizeof(stack) };

	sigemptyset(&a.sa_mask);
	sigaltstack(&s, NULL);
	sigaction(SIGTRAP, &a, NULL);
	which(); /* registered: that happens with all signals blocked */
	isahp_mark();
}

static unsigned int stepped_call(unsigned int nested)
{
	struct isahp_region r[ISAHP_SLOTS + 1];
	unsigned int i;
	int found;

	for (i = 0; i < nested; i++)
		isahp_enter(&which_operation, &r[i]);
	steps = 0;
	set_trap_flag();
	found = which();
	clear_trap_flag();
	cr_expect_eq(found, 2);
	while (i--)
		isahp_leave(&r[i]);
	return steps;
}

Test(thread, is_interrupted_by_a_caller_at_every_instruction)
{
	unsigned int nested;

	start(0);
	handle_steps();
	/* Inline, in the slow path, and with no slot left. */
	for (nested = 0; nested <= ISAHP_SLOTS; nested++)
		cr_expect_gt(stepped_call(nested), 20);
	cr_expect_eq(disturbed, 0);
	cr_expect_not(isahp_thread_holds(isahp_thread_own(), NULL));
}

Test(thread, jumps_out_at_every_instruction)
{
	isahp_mark_t mark;
	volatile bool finished = false;
	__u64 n;

	if (mode_is_urcu())
		cr_skip_test("its own lock and unlock can not be jumped out of");
	start(0);
	handle_steps();
	mark = isahp_mark();
	for (jump_at = 1; !finished; jump_at++) {
		if (!sigsetjmp(back, 1)) {
			stepped_call(0);
			finished = true;
		}
		isahp_unwind(mark);
		cr_assert_not(isahp_thread_holds(isahp_thread_own(), NULL));
	}
	cr_expect_gt(jump_at, 20);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(acknowledged(n));
}

/* Back to before, as only a test may. */
static void use_membarrier_again(void)
{
	__atomic_store_n(&isahp_library.mode, ISAHP_MODE_MEMBARRIER, __ATOMIC_SEQ_CST);
	__atomic_store_n(&isahp_thread_own()->fenced, 0, __ATOMIC_SEQ_CST);
	isahp_threads_resumed();
	cr_assert(isahp_self->fast);
}

Test(thread, is_not_believed_fenced_while_it_may_be_inline)
{
	unsigned int seen = 0;

	which();
	if (!isahp_self->fast)
		cr_skip_test("membarrier does not serve in this mode");
	handle_steps();
	for (fence_at = 1, steps = fence_at; steps >= fence_at; fence_at++) {
		use_membarrier_again();
		stepped_call(0);
		seen += believed_fenced();
	}
	cr_expect_eq(disturbed, 0);
	/* Before the slot is taken, and after it was given back, it is. */
	cr_expect_gt(seen, 0);
	cr_expect_lt(seen, fence_at - 2);
	cr_expect_gt(fence_at, 20);
}
