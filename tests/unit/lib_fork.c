// SPDX-License-Identifier: MIT
/* A fork's child is no registrant: what it may use, and how it becomes one. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "lib_fixture.h"

TestSuite(fork, .init = setup, .fini = teardown, .timeout = 60);

/* What the child found, sent over a pipe since its assertions are not seen. */
struct report {
	int before;	/* which() by the descriptor, before any call */
	int first;	/* first call */
	int source;
	int error;
	int later;	/* after the parent's next event */
};

static int by_descriptor(void)
{
	const struct isahp_variant *v = isahp_operation_variant(&which_operation);

	return v ? ((int (*)(void))v->fn)() : -1;
}

static void child(int go, int out)
{
	struct report r = { 0 };
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test is not waited for */
	r.before = by_descriptor();
	r.first = which();
	r.source = (int)status().source;
	r.error = status().error;
	(void)!write(out, &r, sizeof(r));
	(void)!read(go, &c, 1);
	r.later = which();
	(void)!write(out, &r, sizeof(r));
	_exit(0);
}

struct family {
	pid_t pid;
	int go[2], out[2];
};

static struct report child_begin(struct family *f)
{
	struct report r;

	cr_assert_eq(pipe(f->go), 0);
	cr_assert_eq(pipe(f->out), 0);
	f->pid = fork();
	cr_assert_geq(f->pid, 0);
	if (!f->pid)
		child(f->go[0], f->out[1]);
	cr_assert_eq(read(f->out[0], &r, sizeof(r)), sizeof(r));
	return r;
}

static struct report child_end(struct family *f)
{
	struct report r;
	int wstatus;

	cr_assert_eq(write(f->go[1], "x", 1), 1);
	cr_assert_eq(read(f->out[0], &r, sizeof(r)), sizeof(r));
	cr_assert_eq(waitpid(f->pid, &wstatus, 0), f->pid);
	cr_assert_eq(wstatus, 0);
	return r;
}

Test(fork, child_is_safe_at_once_and_follows_from_its_first_call)
{
	struct family f;
	struct report r;
	__u64 n;

	start(0);
	cr_expect_eq(which(), 2);
	r = child_begin(&f);
	cr_expect_eq(r.before, 0);
	cr_expect_eq(r.first, 2);
	cr_expect_eq(r.source, ISAHP_SOURCE_LOOPBACK);
	cr_expect_eq(r.error, 0);
	cr_assert(lib_shim_wait_registrations(&shim, 2));
	/* Both are asked, both leave. */
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(lib_shim_answers(&shim, n) == 2);
	cr_expect_eq(which(), 1);
	r = child_end(&f);
	cr_expect_eq(r.later, 1);
}

Test(fork, parent_goes_on)
{
	struct family f;
	__u64 n;

	start(0);
	which();
	child_begin(&f);
	child_end(&f);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect_eq(which(), 1);
	lib_shim_abort(&shim, &all);
	eventually(which() == 2);
}

Test(fork, child_without_a_source_uses_nothing_removable)
{
	struct family f;
	struct report r;

	start(0);
	cr_expect_eq(which(), 2);
	unlink(shim.path);
	r = child_begin(&f);
	cr_expect_eq(r.before, 0);
	cr_expect_eq(r.first, 0);
	cr_expect_eq(r.source, ISAHP_SOURCE_CPU);
	cr_expect_eq(r.error, -ENOENT, "%d", r.error);
	r = child_end(&f);
	cr_expect_eq(r.later, 0);
}

Test(fork, child_of_an_application_that_dispatches_waits_for_start)
{
	struct family f;
	struct report r;

	start(ISAHP_START_NO_THREAD);
	cr_expect_eq(which(), 2);
	r = child_begin(&f);
	cr_expect_eq(r.first, 0);
	cr_expect_eq(r.source, ISAHP_SOURCE_CPU);
	r = child_end(&f);
	cr_expect_eq(r.later, 0);
}

Test(fork, child_of_a_plain_dispatcher_stays_one)
{
	struct family f;
	struct report r;

	cr_expect_eq(which(), 2);
	r = child_begin(&f);
	cr_expect_eq(r.before, 2);
	cr_expect_eq(r.first, 2);
	child_end(&f);
}

Test(fork, in_mid_prepare_does_not_disturb_the_acknowledgement)
{
	struct family f;
	struct report r;
	struct stay s;
	__u64 n;

	if (mode_is_urcu())
		cr_skip_test("fork waits for the grace period under way");
	start(0);
	stay_begin(&s, &which_operation);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1);
	/* The thread that is inside does not exist in the child. */
	r = child_begin(&f);
	cr_expect_eq(r.before, 0);
	cr_expect_eq(r.first, 1);
	stay_end(&s);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	child_end(&f);
}

static void *forks_a_lot(void *arg)
{
	int i, wstatus;
	pid_t pid;

	(void)arg;
	for (i = 0; i < 50; i++) {
		pid = fork();
		if (!pid)
			_exit(by_descriptor());
		if (pid < 0 || waitpid(pid, &wstatus, 0) != pid || wstatus)
			return (void *)1;
	}
	return NULL;
}

Test(fork, at_any_moment_finds_the_locks_free)
{
	pthread_t thread;
	void *failed;
	__u64 n;
	int i;

	start(0);
	pthread_create(&thread, NULL, forks_a_lot, NULL);
	for (i = 0; i < 100; i++) {
		n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
		cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
		lib_shim_abort(&shim, &all);
	}
	pthread_join(thread, &failed);
	cr_expect_null(failed);
}

static pid_t forked_in_callback;

static int forks(const struct isahp_change *change, void *arg)
{
	(void)arg;
	if (change->kind != ISAHP_CALLBACK_LEAVING)
		return 0;
	forked_in_callback = fork();
	return 0; /* in the child too */
}

Test(fork, in_a_callback_ends_the_dispatch_in_the_child)
{
	int wstatus;
	int rc = 0;
	__u64 n;

	start(ISAHP_START_NO_THREAD);
	cr_assert_eq(isahp_callback_add(forks, NULL, 0), 0);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	while (!rc)
		rc = isahp_dispatch(LONG_MS);
	if (!forked_in_callback)
		_exit(rc == -ECHILD && which() == 0 && isahp_fd() == -EINVAL ? 0 : 1);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_assert_eq(waitpid(forked_in_callback, &wstatus, 0), forked_in_callback);
	cr_expect_eq(wstatus, 0);
}

static volatile sig_atomic_t in_handler = -1;

static void handler(int signal)
{
	(void)signal;
	in_handler = which();
}

Test(fork, a_handler_s_call_in_the_child_does_not_connect)
{
	int wstatus;
	pid_t pid;

	start(0);
	which();
	signal(SIGUSR1, handler);
	pid = fork();
	if (!pid) {
		raise(SIGUSR1);
		/* There it was the safe one, here it is followed. */
		_exit(in_handler == 0 && which() == 2 ? 0 : 1);
	}
	cr_assert_eq(waitpid(pid, &wstatus, 0), pid);
	cr_expect_eq(wstatus, 0);
}
