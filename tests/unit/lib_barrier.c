// SPDX-License-Identifier: MIT
/* membarrier is taken away from a process that relied on it. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "lib_fixture.h"

TestSuite(barrier, .init = setup, .fini = teardown, .timeout = 60);

static int forbid_membarrier(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_TSYNC, &program);
}

static pthread_barrier_t step;

/* Registered, then outside of everything until it is let on. */
static void *calls_twice(void *arg)
{
	(void)arg;
	which();
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	which();
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	return NULL;
}

Test(barrier, refused_at_run_time_is_a_nak_until_every_thread_was_seen)
{
	pthread_t thread;
	__u64 n;

	start(0);
	which();
	if (!isahp_self->fast)
		cr_skip_test("no membarrier here in the first place");
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&thread, NULL, calls_twice, NULL);
	pthread_barrier_wait(&step);
	if (forbid_membarrier())
		cr_skip_test("no seccomp here");
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_assert(lib_shim_answered(&shim, n, ISAHP_NAK, LONG_MS));
	eventually(which() == 1);
	cr_expect_not(isahp_self->fast);
	/* Nobody knows about the other thread until it has called again. */
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS));
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	pthread_barrier_wait(&step);
	pthread_join(thread, NULL);
	/* From here on readers pay for the fence, and it works. */
	lib_shim_abort(&shim, &all);
	eventually(which() == 2);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
	cr_expect_eq(lib_shim_answers(&shim, n), 1);
	/* liburcu would abort: what it should free is kept. */
	cr_expect_eq(isahp_operation_unregister(&which_operation), 0);
}
