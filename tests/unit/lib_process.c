// SPDX-License-Identifier: MIT
/*
 * Regions and the process: what a fork's child takes over, exec, libraries that
 * come and go, a team of threads on one variant.
 */
#include <dlfcn.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include "lib_fixture.h"

TestSuite(process, .init = setup, .fini = teardown, .timeout = 60);

static bool acknowledged(__u64 n)
{
	return lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS);
}

static bool held(__u64 n)
{
	return !lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS);
}

/* --- fork ------------------------------------------------------------------------ */

static struct {
	pid_t pid;
	int in[2], out[2];
} child;

/* In the child: true. It is killed with the test, should that fail. */
static bool begin_child(void)
{
	cr_assert_eq(pipe(child.in), 0);
	cr_assert_eq(pipe(child.out), 0);
	child.pid = fork();
	cr_assert_geq(child.pid, 0);
	if (child.pid)
		return false;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return true;
}

static void say(int c)
{
	char byte = (char)c;

	(void)!write(child.out[1], &byte, 1);
}

static void wait_for_parent(void)
{
	char c;

	(void)!read(child.in[0], &c, 1);
}

static int hear(void)
{
	char c;

	cr_assert_eq(read(child.out[0], &c, 1), 1);
	return c;
}

static void let_child_go_on(void)
{
	cr_assert_eq(write(child.in[1], "x", 1), 1);
}

static int child_status(void)
{
	int wstatus;

	cr_assert_eq(waitpid(child.pid, &wstatus, 0), child.pid);
	return wstatus;
}

/* Who is inside in the parent does not exist in the child, which follows. */
Test(process, child_is_not_held_up_by_threads_it_does_not_have)
{
	struct stay s;
	__u64 n;

	if (mode_is_urcu())
		cr_skip_test("fork waits for the grace period under way");
	start(0);
	stay_begin(&s, &which_operation);
	if (begin_child()) {
		say(which());
		wait_for_parent();
		_exit(which());
	}
	cr_expect_eq(hear(), 2);
	cr_assert(lib_shim_wait_registrations(&shim, 2));
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	/* The child, and only that. */
	cr_expect(acknowledged(n));
	usleep(SHORT_MS * 1000);
	cr_expect_eq(lib_shim_answers(&shim, n), 1);
	stay_end(&s);
	eventually(lib_shim_answers(&shim, n) == 2);
	let_child_go_on();
	cr_expect_eq(child_status(), 1 << 8);
}

static struct {
	ucontext_t own, back;
} fiber;

static void waits_in_a_region(void)
{
	struct isahp_region r;

	isahp_enter(&which_operation, &r);
	swapcontext(&fiber.own, &fiber.back);
	isahp_leave(&r);
	swapcontext(&fiber.own, &fiber.back);
}

static void resume_fiber(void)
{
	swapcontext(&fiber.back, &fiber.own);
}

static pthread_barrier_t step;

static void *begins_a_fiber(void *arg)
{
	getcontext(&fiber.own);
	fiber.own.uc_stack.ss_sp = arg;
	fiber.own.uc_stack.ss_size = 1 << 18;
	makecontext(&fiber.own, waits_in_a_region, 0);
	resume_fiber();
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	return NULL;
}

/* Its thread is not in the child, but its stack is: it can go on there. */
Test(process, child_counts_fibers_of_threads_it_does_not_have)
{
	pthread_t thread;
	__u64 n;

	if (mode_is_urcu())
		cr_skip_test("liburcu's sections do not move");
	start(0);
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&thread, NULL, begins_a_fiber, malloc(1 << 18));
	pthread_barrier_wait(&step);
	if (begin_child()) {
		say(which());
		wait_for_parent();
		resume_fiber();
		say('l');
		wait_for_parent();
		_exit(0);
	}
	cr_expect_eq(hear(), 2);
	cr_assert(lib_shim_wait_registrations(&shim, 2));
	resume_fiber(); /* the parent's own copy */
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(acknowledged(n)); /* the parent's */
	usleep(SHORT_MS * 1000);
	cr_expect_eq(lib_shim_answers(&shim, n), 1);
	let_child_go_on();
	cr_expect_eq(hear(), 'l');
	eventually(lib_shim_answers(&shim, n) == 2);
	let_child_go_on();
	cr_expect_eq(child_status(), 0);
	pthread_barrier_wait(&step);
	pthread_join(thread, NULL);
}

/* The thread that forks is inside, and goes on inside. */
Test(process, child_is_inside_what_it_forked_in)
{
	struct isahp_region r;
	__u64 n;

	start(0);
	isahp_enter(&which_operation, &r);
	if (begin_child()) {
		struct isahp_options o = { .size = sizeof(o), .loopback = shim.path };

		say(isahp_start(&o) ? 'e' : 's');
		wait_for_parent();
		isahp_leave(&r);
		say('l');
		wait_for_parent();
		_exit(0);
	}
	isahp_leave(&r);
	cr_expect_eq(hear(), 's');
	cr_assert(lib_shim_wait_registrations(&shim, 2));
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(acknowledged(n)); /* the parent's */
	usleep(SHORT_MS * 1000);
	cr_expect_eq(lib_shim_answers(&shim, n), 1);
	let_child_go_on();
	cr_expect_eq(hear(), 'l');
	eventually(lib_shim_answers(&shim, n) == 2);
	let_child_go_on();
	cr_expect_eq(child_status(), 0);
}

static void *forks(void *arg)
{
	/* Its first call is the child's. */
	if (begin_child()) {
		say(which());
		wait_for_parent();
		_exit(which());
	}
	pthread_barrier_wait(&step); /* the child would die with its parent thread */
	return arg;
}

Test(process, child_of_a_thread_that_never_called_registers_by_its_first_call)
{
	pthread_t thread;
	__u64 n;

	start(0);
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&thread, NULL, forks, NULL);
	while (!__atomic_load_n(&child.pid, __ATOMIC_RELAXED))
		usleep(1000);
	cr_expect_eq(hear(), 2);
	cr_assert(lib_shim_wait_registrations(&shim, 2));
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(lib_shim_answers(&shim, n) == 2);
	let_child_go_on();
	cr_expect_eq(child_status(), 1 << 8);
	pthread_barrier_wait(&step);
	pthread_join(thread, NULL);
}

Test(process, exec_inside_a_region_leaves_nothing_behind)
{
	struct isahp_region r;
	__u64 n;

	start(0);
	if (begin_child()) {
		isahp_enter(&which_operation, &r); /* follows */
		dup2(child.in[0], STDIN_FILENO);
		dup2(child.out[1], STDOUT_FILENO);
		setenv("ISAHP_LOOPBACK", shim.path, 1);
		execl(EXEC_CHILD, EXEC_CHILD, (char *)NULL);
		_exit(9);
	}
	cr_expect_eq(hear(), '1');
	cr_assert(lib_shim_wait_registrations(&shim, 3));
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	/* The parent and the new program; the old one is nobody any more. */
	eventually(lib_shim_answers(&shim, n) == 2);
	let_child_go_on();
	cr_expect_eq(child_status(), 0);
}

/* --- libraries that come and go ---------------------------------------------------- */

typedef int (*call_fn)(int (*inside)(void));

static void *load(call_fn *ret_call)
{
	void *plugin = dlopen(PLUGIN, RTLD_NOW);

	cr_assert_not_null(plugin, "%s", dlerror());
	*ret_call = (call_fn)dlsym(plugin, "plugin_call");
	cr_assert_not_null(*ret_call);
	return plugin;
}

Test(process, libraries_come_and_go)
{
	call_fn call;
	void *plugin;
	__u64 n;
	int i;

	start(0);
	for (i = 0; i < 20; i++) {
		plugin = load(&call);
		cr_expect_eq(call(NULL), 1);
		n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
		cr_expect(acknowledged(n));
		cr_expect_eq(call(NULL), 0);
		cr_expect_eq(dlclose(plugin), 0);
		cr_expect_null(dlopen(PLUGIN, RTLD_NOW | RTLD_NOLOAD));
		lib_shim_abort(&shim, &all);
		eventually(which() == 2);
	}
}

static int in_plugin(void)
{
	pthread_barrier_wait(&step);
	usleep(SHORT_MS * 1000);
	return 7;
}

static void *calls_plugin(void *arg)
{
	return (void *)(intptr_t)(*(call_fn *)arg)(in_plugin);
}

/* Its destructor takes the operation back, and that waits for who is inside. */
Test(process, dlclose_waits_for_threads_inside)
{
	pthread_t thread;
	call_fn call;
	void *plugin;
	void *found;

	start(0);
	plugin = load(&call);
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&thread, NULL, calls_plugin, &call);
	pthread_barrier_wait(&step);
	/* Would otherwise return to code that is not there any more. */
	cr_expect_eq(dlclose(plugin), 0);
	cr_expect_null(dlopen(PLUGIN, RTLD_NOW | RTLD_NOLOAD));
	pthread_join(thread, &found);
	cr_expect_eq((intptr_t)found, 7);
}

/* --- a team ------------------------------------------------------------------------ */

#define TEAM 4
#define CHUNKS 1000

/* The master enters; what it got is for the whole team. */
static void *runs_a_team(void *arg)
{
	int *found = arg;
	struct isahp_region r;
	int (*fn)(void) = (int (*)(void))isahp_enter(&which_operation, &r);
	int i, sum = 0;

#pragma omp parallel for num_threads(TEAM) reduction(+ : sum)
	for (i = 0; i < CHUNKS; i++) {
		if (i == CHUNKS / 2) {
			pthread_barrier_wait(&step);
			pthread_barrier_wait(&step);
		}
		sum += fn();
	}
	*found = sum;
	isahp_leave(&r);
	return NULL;
}

Test(process, one_variant_for_a_whole_team)
{
	pthread_t thread;
	int found = 0;
	__u64 n;

	start(0);
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&thread, NULL, runs_a_team, &found);
	pthread_barrier_wait(&step);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	cr_expect(held(n));
	pthread_barrier_wait(&step);
	cr_expect(acknowledged(n));
	pthread_join(thread, NULL);
	cr_expect_eq(found, CHUNKS * 2);
}
