// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <isa-core/features.h>
#include <isa-core/state_page.h>
#include "lib_shim.h"

#define WAIT_MS 20000

#define must(e)                                                                \
	do {                                                                   \
		if (!(e)) {                                                    \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, \
				#e, strerror(errno));                          \
			exit(1);                                               \
		}                                                              \
	} while (0)

static __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000000000 + (__u64)t.tv_nsec;
}

static void deadline_after(struct timespec *t, unsigned int ms)
{
	clock_gettime(CLOCK_MONOTONIC, t);
	t->tv_sec += ms / 1000;
	t->tv_nsec += (long)(ms % 1000) * 1000000;
	if (t->tv_nsec >= 1000000000) {
		t->tv_nsec -= 1000000000;
		t->tv_sec++;
	}
}

static void make_page(struct lib_shim *s)
{
	s->page_fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	must(s->page_fd >= 0);
	must(!ftruncate(s->page_fd, ISAHP_PAGE_SIZE));
	s->page = mmap(NULL, ISAHP_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		       s->page_fd, 0);
	must(s->page != MAP_FAILED);
	must(!fcntl(s->page_fd, F_ADD_SEALS,
		    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL));
	isahp_state_page_init(s->page);
}

static void send_event(struct lib_shim *s, int i)
{
	struct isahp_message m = { .type = ISAHP_MSG_EVENT, .event = s->event };

	if (s->registered[i])
		(void)!send(s->client[i], &m, sizeof(m), MSG_NOSIGNAL);
}

static void send_result(int fd, int status, int page_fd)
{
	struct isahp_message m = { .type = ISAHP_MSG_RESULT, .status = status };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { &m, ISAHP_MESSAGE_HEADER };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (page_fd >= 0) {
		h.msg_control = &control;
		h.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &page_fd, sizeof(int));
	}
	(void)!sendmsg(fd, &h, MSG_NOSIGNAL);
}

static void take_ack(struct lib_shim *s, int i, const struct isahp_ack *ack)
{
	struct lib_shim_answer *a = &s->answer[s->answers % LIB_SHIM_ANSWERS];

	a->sequence = ack->sequence;
	a->verdict = ack->verdict;
	a->pid = s->pid[i];
	a->status = memcmp(ack->epoch, s->event.epoch, ISAHP_EPOCH_SIZE) ||
				    ack->sequence != s->event.sequence ?
			    -ESTALE :
			    0;
	s->answers++;
	/* As the kernel does: the same record, a new local number, no event. */
	if (!a->status && s->event.phase == ISAHP_PHASE_LEAVING &&
	    ack->verdict == ISAHP_ACK) {
		s->event.phase = ISAHP_PHASE_QUIESCED;
		s->event.event++;
		isahp_state_page_write(s->page, &s->event);
	}
	send_result(s->client[i], a->status, -1);
}

static void drop(struct lib_shim *s, int i)
{
	close(s->client[i]);
	s->client[i] = -1;
	s->registered[i] = false;
}

static void serve(struct lib_shim *s, int i)
{
	struct isahp_message m;
	ssize_t n = recv(s->client[i], &m, sizeof(m), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < (ssize_t)ISAHP_MESSAGE_HEADER) {
		drop(s, i);
	} else if (m.type == ISAHP_MSG_REGISTER) {
		s->interest = m.reg.interest;
		send_result(s->client[i], 0, s->registered[i] ? -1 : s->page_fd);
		s->registered[i] = true;
		s->registrations++;
		send_event(s, i);
	} else if (m.type == ISAHP_MSG_ACK) {
		take_ack(s, i, &m.ack);
	} else if (m.type == ISAHP_MSG_UNREGISTER) {
		s->unregistrations++;
		s->registered[i] = false;
		send_result(s->client[i], 0, -1);
	}
	pthread_cond_broadcast(&s->changed);
}

static void accept_one(struct lib_shim *s)
{
	int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int i;

	if (fd < 0)
		return;
	for (i = 0; i < LIB_SHIM_CLIENTS; i++)
		if (s->client[i] < 0)
			break;
	must(i < LIB_SHIM_CLIENTS);
	must(!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len));
	s->client[i] = fd;
	s->pid[i] = peer.pid;
}

static void *shim_thread(void *arg)
{
	struct lib_shim *s = arg;
	struct pollfd p[LIB_SHIM_CLIENTS + 2];
	bool stop;
	int i;

	do {
		p[0] = (struct pollfd){ .fd = s->listen_fd, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = s->wake_fd, .events = POLLIN };
		for (i = 0; i < LIB_SHIM_CLIENTS; i++)
			p[i + 2] = (struct pollfd){ .fd = s->client[i],
						    .events = POLLIN };
		must(poll(p, LIB_SHIM_CLIENTS + 2, -1) >= 0 || errno == EINTR);
		pthread_mutex_lock(&s->lock);
		stop = s->stop;
		if (p[0].revents)
			accept_one(s);
		for (i = 0; i < LIB_SHIM_CLIENTS; i++)
			if (p[i + 2].revents && s->client[i] == p[i + 2].fd)
				serve(s, i);
		pthread_mutex_unlock(&s->lock);
	} while (!stop);
	return NULL;
}

static void listen_on(struct lib_shim *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(s->directory, "/tmp/lib_shim.XXXXXX");
	must(mkdtemp(s->directory));
	snprintf(s->path, sizeof(s->path), "%s/sock", s->directory);
	strcpy(address.sun_path, s->path);
	s->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	must(s->listen_fd >= 0);
	must(!bind(s->listen_fd, (struct sockaddr *)&address, sizeof(address)));
	must(!listen(s->listen_fd, 16));
}

void lib_shim_start(struct lib_shim *s, const struct isahp_features *present)
{
	pthread_condattr_t attr;
	int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < LIB_SHIM_CLIENTS; i++)
		s->client[i] = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &attr);
	s->wake_fd = eventfd(0, EFD_CLOEXEC);
	must(getrandom(s->event.epoch, ISAHP_EPOCH_SIZE, 0) == ISAHP_EPOCH_SIZE);
	make_page(s);
	listen_on(s);
	lib_shim_announce(s, present);
	must(!pthread_create(&s->thread, NULL, shim_thread, s));
}

void lib_shim_stop(struct lib_shim *s)
{
	__u64 one = 1;
	int i;

	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_mutex_unlock(&s->lock);
	must(write(s->wake_fd, &one, sizeof(one)) == sizeof(one));
	pthread_join(s->thread, NULL);
	for (i = 0; i < LIB_SHIM_CLIENTS; i++)
		if (s->client[i] >= 0)
			close(s->client[i]);
	close(s->listen_fd);
	close(s->wake_fd);
	close(s->page_fd);
	munmap(s->page, ISAHP_PAGE_SIZE);
	unlink(s->path);
	rmdir(s->directory);
}

static __u64 say(struct lib_shim *s, __u32 type, const struct isahp_features *present,
		 const struct isahp_features *leaving, __u64 deadline_ns)
{
	struct isahp_event *e = &s->event;
	__u64 sequence;
	int i;

	pthread_mutex_lock(&s->lock);
	e->size = sizeof(*e);
	e->type = type;
	sequence = ++e->sequence;
	e->event++;
	e->deadline_ns = deadline_ns;
	e->phase = deadline_ns ? ISAHP_PHASE_LEAVING : ISAHP_PHASE_STEADY;
	if (present)
		e->present = *present;
	e->leaving = *leaving;
	e->usable = isahp_features_usable(&e->present, &e->leaving);
	isahp_state_page_write(s->page, &s->event);
	for (i = 0; i < LIB_SHIM_CLIENTS && !s->mute; i++)
		send_event(s, i);
	pthread_mutex_unlock(&s->lock);
	return sequence;
}

static __u64 say_steady(struct lib_shim *s, __u32 type,
			const struct isahp_features *present)
{
	struct isahp_features none = isahp_features_none();

	return say(s, type, present, &none, 0);
}

__u64 lib_shim_announce(struct lib_shim *s, const struct isahp_features *present)
{
	return say_steady(s, ISAHP_RECORD_ANNOUNCE, present);
}

__u64 lib_shim_commit(struct lib_shim *s, const struct isahp_features *present)
{
	return say_steady(s, ISAHP_RECORD_COMMIT, present);
}

__u64 lib_shim_abort(struct lib_shim *s, const struct isahp_features *present)
{
	return say_steady(s, ISAHP_RECORD_ABORT, present);
}

__u64 lib_shim_prepare(struct lib_shim *s, const struct isahp_features *leaving,
		       unsigned int deadline_ms)
{
	return say(s, ISAHP_RECORD_PREPARE, NULL, leaving,
		   now_ns() + (__u64)deadline_ms * 1000000);
}

static bool has_answer(const struct lib_shim *s, __u64 sequence, __u32 verdict)
{
	unsigned int i;

	for (i = s->answers; i-- && s->answers - i < LIB_SHIM_ANSWERS;) {
		const struct lib_shim_answer *a = &s->answer[i % LIB_SHIM_ANSWERS];

		if (a->sequence == sequence && a->verdict == verdict && !a->status)
			return true;
		if (a->sequence < sequence)
			return false;
	}
	return false;
}

bool lib_shim_answered(struct lib_shim *s, __u64 sequence, __u32 verdict,
		       unsigned int timeout_ms)
{
	struct timespec t;
	bool yes;
	int rc = 0;

	deadline_after(&t, timeout_ms);
	pthread_mutex_lock(&s->lock);
	while (!(yes = has_answer(s, sequence, verdict)) && !rc)
		rc = pthread_cond_timedwait(&s->changed, &s->lock, &t);
	pthread_mutex_unlock(&s->lock);
	return yes;
}

unsigned int lib_shim_answers(struct lib_shim *s, __u64 sequence)
{
	unsigned int n = 0;
	unsigned int i;

	pthread_mutex_lock(&s->lock);
	for (i = 0; i < s->answers && i < LIB_SHIM_ANSWERS; i++)
		n += s->answer[i].sequence == sequence;
	pthread_mutex_unlock(&s->lock);
	return n;
}

bool lib_shim_wait_registrations(struct lib_shim *s, unsigned int at_least)
{
	struct timespec t;
	bool yes;
	int rc = 0;

	deadline_after(&t, WAIT_MS);
	pthread_mutex_lock(&s->lock);
	while (!(yes = s->registrations >= at_least) && !rc)
		rc = pthread_cond_timedwait(&s->changed, &s->lock, &t);
	pthread_mutex_unlock(&s->lock);
	return yes;
}

struct isahp_features lib_shim_interest(struct lib_shim *s)
{
	struct isahp_features set;

	pthread_mutex_lock(&s->lock);
	set = s->interest;
	pthread_mutex_unlock(&s->lock);
	return set;
}
