// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "callback.h"
#include "dispatcher.h"
#include "env.h"
#include "follow.h"
#include "gp_urcu.h"
#include "quiet_thread.h"
#include "raise.h"
#include "thread.h"

/* While threads are past their deadline: how often to look for them. */
#define LATE_MS 20

/**
 * struct places - where to look for a source
 * @loopback: "": nowhere.
 * @device: "": nowhere.
 * @device_named: it is an error when the device is not there.
 */
struct places {
	char loopback[PATH_MAX];
	char device[PATH_MAX];
	bool device_named;
};

static struct {
	pthread_mutex_t lock;
	struct isahp_follow follow;
	struct places places;	/* kept for a fork's child */
	bool started;
	bool threaded;
	bool stopping;
	bool resume;		/* in a fork's child: not tried yet */
	pthread_t thread;
	int wake_fd;		/* also under isahp_library.lock while followed */
	int epoll_fd;
} dispatcher = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.follow.link.fd = -1,
	.wake_fd = -1,
	.epoll_fd = -1,
};

static void wake(void)
{
	uint64_t one = 1;

	if (dispatcher.wake_fd >= 0 &&
	    write(dispatcher.wake_fd, &one, sizeof(one)) < 0)
		return; /* it is awake: the counter is full */
}

void isahp_dispatcher_interest(void)
{
	pthread_mutex_lock(&isahp_library.lock);
	if (isahp_library.followed)
		wake();
	pthread_mutex_unlock(&isahp_library.lock);
}

static int copy_path(char *to, const char *path)
{
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(to, path);
	return 0;
}

static int find_places(const struct isahp_options *o, struct places *ret_places)
{
	const char *loopback = o->loopback ? o->loopback :
					     isahp_env_path("ISAHP_LOOPBACK");
	const char *device = o->device ? o->device : isahp_env_path("ISAHP_DEVICE");
	int rc;

	/* "1" is for the path that everyone uses. */
	if (loopback && !strcmp(loopback, "1"))
		loopback = ISAHP_LOOPBACK_PATH;
	ret_places->device_named = device;
	rc = copy_path(ret_places->loopback, loopback ? loopback : "");
	if (!rc)
		rc = copy_path(ret_places->device, device ? device : ISAHP_DEVICE_PATH);
	return rc;
}

/* 1: there is none, and none was asked for. */
static int connect_source(void)
{
	const struct places *p = &dispatcher.places;
	int rc;

	if (*p->loopback)
		return isahp_follow_start(&dispatcher.follow, &isahp_source_loopback,
					  p->loopback);
	if (!*p->device)
		return 1;
	rc = isahp_follow_start(&dispatcher.follow, &isahp_source_device, p->device);
	if (!p->device_named && (rc == -ENOENT || rc == -ENODEV || rc == -ENXIO))
		return 1;
	return rc;
}

static void close_fds(void)
{
	if (dispatcher.wake_fd >= 0)
		close(dispatcher.wake_fd);
	if (dispatcher.epoll_fd >= 0)
		close(dispatcher.epoll_fd);
	dispatcher.wake_fd = -1;
	dispatcher.epoll_fd = -1;
}

static int watch(int fd)
{
	struct epoll_event e = { .events = EPOLLIN };

	return epoll_ctl(dispatcher.epoll_fd, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

static int open_fds(void)
{
	dispatcher.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	dispatcher.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (dispatcher.wake_fd < 0 || dispatcher.epoll_fd < 0) {
		int rc = -errno;

		close_fds();
		return rc;
	}
	return 0;
}

static void drain_wake(void)
{
	uint64_t count;

	if (read(dispatcher.wake_fd, &count, sizeof(count)) < 0)
		return; /* nobody had written */
}

/* Under the lock. */
static int turn(void)
{
	drain_wake();
	if (!dispatcher.follow.link.ops)
		return -ENODEV;
	return isahp_follow_turn(&dispatcher.follow);
}

static int wait_for_something(int timeout_ms)
{
	struct pollfd p = { .fd = dispatcher.epoll_fd, .events = POLLIN };
	int n = poll(&p, 1, timeout_ms);

	return n < 0 && errno != EINTR ? -errno : 0;
}

static void *dispatch_thread(void *arg)
{
	int timeout_ms = 0;
	bool stopping;
	int rc;

	(void)arg;
	isahp_raise_hurry();
	do {
		(void)wait_for_something(timeout_ms);
		pthread_mutex_lock(&dispatcher.lock);
		rc = dispatcher.stopping ? 0 : turn();
		if (rc == -ECHILD)
			return NULL; /* a child's lock is its own */
		timeout_ms = dispatcher.follow.waiting ? LATE_MS : -1;
		stopping = dispatcher.stopping;
		pthread_mutex_unlock(&dispatcher.lock);
	} while (rc >= 0 && !stopping);
	return NULL;
}

/* Under the lock. */
static int begin_following(void)
{
	int rc;

	rc = open_fds();
	if (rc)
		return rc;
	rc = connect_source();
	if (rc)
		goto out_fds;
	rc = watch(dispatcher.follow.link.fd);
	if (!rc)
		rc = watch(dispatcher.wake_fd);
	if (!rc && dispatcher.threaded)
		rc = isahp_quiet_thread(&dispatcher.thread, dispatch_thread, NULL);
	if (rc)
		goto out_follow;
	return 0;

out_follow:
	isahp_follow_stop(&dispatcher.follow);
out_fds:
	close_fds();
	return rc;
}

/* Under the lock. */
static int start(void)
{
	uint32_t interrupts = dispatcher.follow.interrupts;
	int rc;

	memset(&dispatcher.follow, 0, sizeof(dispatcher.follow));
	dispatcher.follow.interrupts = interrupts;
	dispatcher.follow.link.fd = -1;
	rc = isahp_library.disabled ? 1 : begin_following();
	if (rc < 0)
		return rc;
	if (rc) {
		struct isahp_features cpu = isahp_library_cpu();

		pthread_mutex_lock(&isahp_library.lock);
		isahp_library.usable = cpu;
		isahp_library.error = 0;
		isahp_operations_select();
		pthread_mutex_unlock(&isahp_library.lock);
		dispatcher.threaded = false;
	}
	pthread_mutex_lock(&isahp_library.lock);
	isahp_operations_bind();
	pthread_mutex_unlock(&isahp_library.lock);
	dispatcher.started = true;
	return 0;
}

int isahp_start(const struct isahp_options *options)
{
	static const struct isahp_options defaults = { sizeof(defaults), 0, NULL, NULL };
	const struct isahp_options *o = options ? options : &defaults;
	int rc;

	rc = isahp_size_check(o, o->size, sizeof(*o));
	if (rc)
		return rc;
	if (o->flags & ~ISAHP_START_NO_THREAD)
		return -EINVAL;
	isahp_library_init();
	if (isahp_library.environment)
		return isahp_library.environment;
	if (isahp_callbacks_running())
		return -EALREADY;
	pthread_mutex_lock(&dispatcher.lock);
	rc = dispatcher.started ? -EALREADY : find_places(o, &dispatcher.places);
	if (!rc) {
		dispatcher.threaded = !(o->flags & ISAHP_START_NO_THREAD);
		rc = start();
	}
	if (!rc && dispatcher.resume) {
		dispatcher.resume = false;
		isahp_threads_resumed();
	}
	pthread_mutex_unlock(&dispatcher.lock);
	return rc;
}

void isahp_dispatcher_resume(void)
{
	int cancel, rc;

	/* A call of an operation is no cancellation point; nor may the lock stay. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&dispatcher.lock);
	if (dispatcher.resume) {
		dispatcher.resume = false;
		rc = start();
		if (rc) {
			pthread_mutex_lock(&isahp_library.lock);
			isahp_library.error = rc;
			pthread_mutex_unlock(&isahp_library.lock);
		}
		isahp_threads_resumed();
	}
	pthread_mutex_unlock(&dispatcher.lock);
	pthread_setcancelstate(cancel, NULL);
}

/* Under the lock; lets go of it while the thread ends. */
static void join(void)
{
	pthread_t thread = dispatcher.thread;

	dispatcher.stopping = true;
	wake();
	if (dispatcher.threaded) {
		pthread_mutex_unlock(&dispatcher.lock);
		pthread_join(thread, NULL);
		pthread_mutex_lock(&dispatcher.lock);
	}
	dispatcher.stopping = false;
}

int isahp_stop(void)
{
	int rc = 0;

	if (isahp_callbacks_running())
		return -EBUSY;
	__atomic_add_fetch(&dispatcher.follow.interrupts, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&dispatcher.lock);
	if (!dispatcher.started || dispatcher.stopping) {
		rc = -EALREADY;
	} else {
		join();
		isahp_follow_stop(&dispatcher.follow);
		close_fds();
		dispatcher.started = false;
	}
	__atomic_sub_fetch(&dispatcher.follow.interrupts, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&dispatcher.lock);
	return rc;
}

/* Under the lock. */
static int may_dispatch(void)
{
	if (!dispatcher.started || dispatcher.threaded || dispatcher.stopping)
		return -EINVAL;
	return dispatcher.epoll_fd < 0 ? -ENODEV : 0;
}

int isahp_fd(void)
{
	int rc;

	if (isahp_callbacks_running())
		return -EBUSY;
	pthread_mutex_lock(&dispatcher.lock);
	rc = may_dispatch();
	if (!rc)
		rc = dispatcher.epoll_fd;
	pthread_mutex_unlock(&dispatcher.lock);
	return rc;
}

static bool any(const struct isahp_descriptor *descriptor, const void *arg)
{
	(void)descriptor;
	(void)arg;
	return true;
}

/* A drain would wait for the caller itself, and callbacks run inside. */
static bool inside_a_region(void)
{
	if (isahp_mode() == ISAHP_MODE_URCU)
		return isahp_gp_inside();
	return isahp_threads_own(any, NULL);
}

/* How long to wait at most, so that late threads are looked for in between. */
static int next_wait(uint64_t end_ns, bool forever)
{
	uint64_t now_ns = isahp_now_ns();
	uint64_t left_ms;

	if (!forever && now_ns >= end_ns)
		return 0;
	left_ms = forever ? UINT64_MAX : (end_ns - now_ns) / 1000000 + 1;
	if (dispatcher.follow.waiting && left_ms > LATE_MS)
		return LATE_MS;
	return left_ms > INT_MAX ? -1 : (int)left_ms;
}

int isahp_dispatch(int timeout_ms)
{
	uint64_t end_ns = isahp_now_ns() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000000;
	int wait_ms = 0;
	int rc;

	if (isahp_callbacks_running())
		return -EBUSY;
	if (inside_a_region())
		return -EDEADLK;
	for (;;) {
		pthread_mutex_lock(&dispatcher.lock);
		rc = may_dispatch();
		if (!rc)
			rc = turn();
		if (rc == -ECHILD)
			return rc; /* a child's lock is its own */
		wait_ms = next_wait(end_ns, timeout_ms < 0);
		pthread_mutex_unlock(&dispatcher.lock);
		if (rc || !wait_ms)
			return rc;
		rc = wait_for_something(wait_ms);
		if (rc)
			return rc;
	}
}

bool isahp_dispatcher_child(void)
{
	bool followed;

	pthread_mutex_init(&dispatcher.lock, NULL);
	close_fds();
	followed = isahp_follow_child(&dispatcher.follow);
	/* One that had asked and was not answered yet asks on. */
	dispatcher.resume |= followed && dispatcher.threaded;
	dispatcher.started = false;
	dispatcher.stopping = false;
	return dispatcher.resume;
}
