// SPDX-License-Identifier: MIT
/*
 * What the library asks of the system fails, each request once, from the first
 * to the last: a start says so and leaves nothing behind, a lost source takes
 * nothing that was leaving back into use, a thread without a record is doubted.
 */
#include <dirent.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "lib_fixture.h"

/* Those that fail: of the dispatching side, not of the stand-in's. */
static unsigned int requests;	/* atomic, since armed */
static unsigned int fail_at;	/* atomic; 0: none */
static pthread_t stand_in;
static __thread bool spared;			/* speaks for the stand-in */
static bool has_failed;

static bool fails(int error)
{
	if (!__atomic_load_n(&fail_at, __ATOMIC_RELAXED) ||
	    spared || pthread_equal(pthread_self(), stand_in))
		return false;
	if (__atomic_add_fetch(&requests, 1, __ATOMIC_RELAXED) !=
	    __atomic_load_n(&fail_at, __ATOMIC_RELAXED))
		return false;
	__atomic_store_n(&has_failed, true, __ATOMIC_RELAXED);
	errno = error;
	return true;
}

static void arm(unsigned int n)
{
	stand_in = shim.thread;
	__atomic_store_n(&requests, 0, __ATOMIC_RELAXED);
	if (n)
		__atomic_store_n(&has_failed, false, __ATOMIC_RELAXED);
	__atomic_store_n(&fail_at, n, __ATOMIC_RELAXED);
}

/* Linked with --wrap. */
#define FAILING(ret, name, error, params, args)                                \
	ret __real_##name params;                                              \
	ret __wrap_##name params;                                              \
	ret __wrap_##name params                                               \
	{                                                                      \
		return fails(error) ? (ret)-1 : __real_##name args;            \
	}

FAILING(int, eventfd, EMFILE, (unsigned int n, int flags), (n, flags))
FAILING(int, epoll_create1, EMFILE, (int flags), (flags))
FAILING(int, epoll_ctl, ENOMEM, (int e, int op, int fd, struct epoll_event *event),
	(e, op, fd, event))
FAILING(int, socket, EMFILE, (int domain, int type, int protocol),
	(domain, type, protocol))
FAILING(int, connect, ECONNREFUSED,
	(int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
FAILING(int, fstat, EIO, (int fd, struct stat *st), (fd, st))
FAILING(ssize_t, send, EPIPE, (int fd, const void *p, size_t size, int flags),
	(fd, p, size, flags))
FAILING(ssize_t, recvmsg, ECONNRESET, (int fd, struct msghdr *m, int flags),
	(fd, m, flags))
FAILING(int, poll, ENOMEM, (struct pollfd *p, nfds_t n, int timeout),
	(p, n, timeout))
FAILING(void *, mmap, ENOMEM,
	(void *at, size_t size, int prot, int flags, int fd, off_t offset),
	(at, size, prot, flags, fd, offset))

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *arg)
{
	return fails(EAGAIN) ? EAGAIN : __real_pthread_create(thread, attr, fn, arg);
}

TestSuite(fault, .init = setup, .fini = teardown, .timeout = 60);

static unsigned int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n;
}

/*
 * The other end of what was closed is closed in the stand-in's own time; it may
 * not have accepted yet, and be no client.
 */
static unsigned int its_clients(void)
{
	unsigned int n = 0;
	int i;

	pthread_mutex_lock(&shim.lock);
	for (i = 0; i < LIB_SHIM_CLIENTS; i++)
		n += shim.client[i] >= 0;
	pthread_mutex_unlock(&shim.lock);
	return n;
}

Test(fault, in_a_start_leaves_nothing_behind)
{
	struct isahp_options o = { .size = sizeof(o), .loopback = shim.path };
	unsigned int n, before;
	int rc;

	which();
	cr_assert_eq(isahp_start(&o), 0); /* what is made once is there */
	cr_assert_eq(isahp_stop(), 0);
	eventually(!its_clients());
	before = open_files();
	for (n = 1;; n++) {
		arm(n);
		rc = isahp_start(&o);
		arm(0);
		if (!rc)
			break;
		cr_assert_lt(rc, 0);
		cr_assert_eq(status().source, ISAHP_SOURCE_CPU);
		cr_assert_eq(isahp_stop(), -EALREADY);
		eventually(open_files() == before); /* request n left none */
		/* Where it was, or where it is when nothing is followed. */
		cr_assert_eq(which(), 0);
		cr_assert_lt(n, 100);
	}
	cr_expect_geq(n, 8);
	cr_expect_eq(isahp_stop(), 0);
	eventually(open_files() == before);
}

/* From the event to its answer, with a thread that stays inside for a while. */
static bool one_removal(unsigned int failing)
{
	struct stay s;
	bool failed;
	__u64 n;

	has_failed = false;
	spared = true;
	start(0);
	eventually(which() == 2);
	stay_begin(&s, &which_operation);
	arm(failing);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	eventually(which() == 1 || status().error);
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, 5));
	stay_end(&s);
	eventually(status().error || lib_shim_answered(&shim, n, ISAHP_ACK, 0));
	failed = __atomic_load_n(&has_failed, __ATOMIC_RELAXED);
	arm(0);
	cr_expect(!status().error || failed);
	/* Lost before it heard of it, or off what is leaving. */
	cr_expect(which() == 1 || !lib_shim_answers(&shim, n));
	isahp_stop();
	eventually(!its_clients());
	lib_shim_abort(&shim, &all);
	return failed;
}

Test(fault, in_a_removal_is_no_acknowledgement)
{
	unsigned int n;

	/* How often it looks is a matter of time: up to so many. */
	for (n = 1; n < 12; n++)
		one_removal(n);
	cr_expect_not(one_removal(0));
}

static struct isahp_region stayed;
static pthread_barrier_t step;

static void *stays_without_a_record(void *arg)
{
	arm(1);
	isahp_enter(&which_operation, &stayed);
	arm(0);
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	isahp_leave(&stayed);
	return arg;
}

/* The first thread of all: the pool is empty. */
Test(fault, of_a_thread_s_record_holds_up_everything)
{
	pthread_t thread;
	__u64 n;

	start(0);
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&thread, NULL, stays_without_a_record, NULL);
	pthread_barrier_wait(&step);
	cr_assert(has_failed);
	n = lib_shim_prepare(&shim, &ssse3, LONG_MS);
	cr_expect_not(lib_shim_answered(&shim, n, ISAHP_ACK, SHORT_MS));
	pthread_barrier_wait(&step);
	pthread_join(thread, NULL);
	cr_expect(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}
