// SPDX-License-Identifier: GPL-2.0-or-later
#include "loopback.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <isa-core/features.h>

#include "policy/text.h"
#include "sock.h"

/* A process closes its files shortly before it is seen to be dead. */
#define LINGER_MS 250
/* Packets taken from one client before another gets its turn. */
#define BURST 16
#define PACKET_MAX 1024
#define SEND_BUFFER 4096

/**
 * struct isahp_watch - waits for the end of a process
 * @poll: on @pidfd.
 * @pidfd: of the process.
 * @registrant: who wants to know; NULL when nobody does any more.
 */
struct isahp_watch {
	uv_poll_t poll;
	int pidfd;
	struct isahp_registrant *registrant;
};

static void registrant_free(struct isahp_registrant *r);
static void poll_update(struct isahp_registrant *r);

/* --- the process ----------------------------------------------------------- */

static void watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void watch_end(struct isahp_registrant *r)
{
	struct isahp_watch *watch = r->watch;

	if (!watch)
		return;
	r->watch = NULL;
	watch->registrant = NULL;
	uv_close((uv_handle_t *)&watch->poll, watch_closed);
	close(watch->pidfd);
}

/* The end of the mm acknowledges, and forgets. */
static void process_ended(uv_poll_t *poll, int status, int events)
{
	struct isahp_watch *watch = poll->data;
	struct isahp_registrant *r = watch->registrant;
	struct isahp_loopback *lo = r->loopback;

	(void)status;
	(void)events;
	watch_end(r);
	r->registered = false;
	r->pending = false;
	r->vetoed = false;
	r->have_event = false;
	r->pid = 0;
	/* A child may have inherited the connection: it may register itself. */
	if (r->fd < 0)
		registrant_free(r);
	isahp_loopback_reconsider(lo);
}

static int watch_begin(struct isahp_registrant *r, pid_t pid)
{
	struct isahp_watch *watch;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return -errno;
	watch = calloc(1, sizeof(*watch));
	if (!watch) {
		close(fd);
		return -ENOMEM;
	}
	watch->pidfd = fd;
	watch->registrant = r;
	watch->poll.data = watch;
	uv_poll_init(r->loopback->vm->host->loop, &watch->poll, fd);
	uv_poll_start(&watch->poll, UV_READABLE, process_ended);
	r->watch = watch;
	return 0;
}

static void comm_read(pid_t pid, char *comm)
{
	char path[32], raw[ISAHP_COMM_SIZE] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, raw, sizeof(raw));
		if (n > 0 && raw[n - 1] == '\n')
			raw[n - 1] = '\0';
		close(fd);
	}
	isahp_text_sanitize(comm, ISAHP_COMM_SIZE, raw, sizeof(raw));
}

/* --- the connection -------------------------------------------------------- */

static void linger_over(uv_timer_t *timer)
{
	struct isahp_registrant *r = timer->data;

	r->lingering = false;
	r->untracked = true;
	r->pending = false;
	r->vetoed = false;
	isahp_log(ISAHP_LOG_WARNING,
		  "vm %s: %s pid %d closed its registration and runs on: untracked",
		  r->loopback->vm->config.name, r->comm, r->pid);
	isahp_loopback_reconsider(r->loopback);
}

static void connection_closed(uv_handle_t *handle)
{
	struct isahp_registrant *r = handle->data;
	struct isahp_loopback *lo = r->loopback;

	if (--r->closing)
		return;
	free(r);
	isahp_loopback_put(lo);
}

/* The registrant may live on without its connection. */
static void connection_end(struct isahp_registrant *r)
{
	struct isahp_loopback *lo = r->loopback;

	if (!r->registered) {
		registrant_free(r);
		return;
	}
	uv_poll_stop(&r->poll);
	shutdown(r->fd, SHUT_RDWR);
	close(r->fd);
	r->fd = -1;
	r->registered = false;
	r->have_event = false;
	r->lingering = true;
	uv_update_time(lo->vm->host->loop);
	uv_timer_start(&r->linger, linger_over, LINGER_MS, 0);
}

static void registrant_free(struct isahp_registrant *r)
{
	struct isahp_loopback *lo = r->loopback;
	struct isahp_registrant **link;

	for (link = &lo->registrants; *link != r; link = &(*link)->next)
		;
	*link = r->next;
	lo->count--;
	watch_end(r);
	r->closing = 2;
	uv_close((uv_handle_t *)&r->linger, connection_closed);
	uv_close((uv_handle_t *)&r->poll, connection_closed);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

void isahp_registrant_drop(struct isahp_registrant *r)
{
	registrant_free(r);
}

/* --- towards the client ---------------------------------------------------- */

static int flush_result(struct isahp_registrant *r)
{
	struct isahp_message msg = {
		.type = ISAHP_MSG_RESULT,
		.status = r->results[0],
	};
	bool page = !r->page_sent && r->registered && !msg.status;
	int rc = isahp_sock_send(r->fd, &msg, ISAHP_MESSAGE_HEADER,
				 page ? r->loopback->page_fd : -1);

	if (rc)
		return rc;
	r->page_sent |= page;
	r->result_count--;
	memmove(r->results, r->results + 1,
		r->result_count * sizeof(r->results[0]));
	return 0;
}

/* Return: 0, also when the rest must wait; else the connection is of no use. */
static int flush(struct isahp_registrant *r)
{
	struct isahp_message msg = { .type = ISAHP_MSG_EVENT };
	int rc = 0;

	while (!rc && r->result_count)
		rc = flush_result(r);
	if (!rc && r->have_event) {
		msg.event = r->event;
		msg.event.missed = r->missed;
		rc = isahp_sock_send(r->fd, &msg, sizeof(msg), -1);
		if (!rc) {
			r->have_event = false;
			r->missed = 0;
		}
	}
	return rc == -EAGAIN ? 0 : rc;
}

void isahp_registrant_tell(struct isahp_registrant *r)
{
	if (r->have_event)
		r->missed++;
	r->event = isahp_loopback_event(r->loopback);
	r->have_event = true;
	/* A result in the queue goes first; errors show at the next poll. */
	if (!r->result_count)
		flush(r);
	poll_update(r);
}

/* --- from the client ------------------------------------------------------- */

static void untracked_forget(struct isahp_loopback *lo, pid_t pid)
{
	struct isahp_registrant *r, *next;

	for (r = lo->registrants; r; r = next) {
		next = r->next;
		if (r->untracked && r->pid == pid)
			registrant_free(r);
	}
}

static bool still_acknowledged(const struct isahp_registrant *r,
			       const struct isahp_features *interest)
{
	const struct isahp_features *leaving =
		&r->loopback->state.record.leaving;
	struct isahp_features was = isahp_features_and(leaving, &r->interest);
	struct isahp_features is = isahp_features_and(leaving, interest);

	return r->registered && !r->pending && isahp_features_subset(&is, &was);
}

static int handle_register(struct isahp_registrant *r,
			   const struct isahp_register *reg, pid_t pid)
{
	struct isahp_loopback *lo = r->loopback;
	struct isahp_features known = isahp_features_known();
	struct isahp_features interest =
		isahp_features_and(&reg->interest, &known);
	bool was_pending = r->pending;
	int rc;

	if (reg->size < sizeof(*reg) || reg->flags)
		return -EINVAL;
	if (!r->registered && r->pid != pid) {
		watch_end(r);
		r->pid = 0;
		rc = watch_begin(r, pid);
		if (rc)
			return rc;
		r->pid = pid;
		comm_read(pid, r->comm);
		untracked_forget(lo, pid);
	}
	if (!still_acknowledged(r, &interest))
		r->pending = isahp_loopback_concerns(lo, &interest);
	if (r->pending && !was_pending)
		lo->concerned++;
	r->interest = interest;
	r->registered = true;
	r->event = isahp_loopback_event(lo);
	r->have_event = true;
	r->missed = 0;
	if (was_pending && !r->pending)
		isahp_loopback_reconsider(lo);
	return 0;
}

static int handle_ack(struct isahp_registrant *r, const struct isahp_ack *ack)
{
	const struct isahp_record *record = &r->loopback->state.record;

	if (ack->size < sizeof(*ack) || ack->verdict > ISAHP_NAK)
		return -EINVAL;
	if (ack->sequence != record->sequence ||
	    memcmp(ack->epoch, record->epoch, sizeof(ack->epoch)))
		return -ESTALE;
	if (!r->pending)
		return 0;
	r->vetoed = ack->verdict == ISAHP_NAK;
	r->pending = r->vetoed;
	isahp_loopback_reconsider(r->loopback);
	return 0;
}

static int handle_unregister(struct isahp_registrant *r)
{
	r->registered = false;
	r->pending = false;
	r->vetoed = false;
	r->have_event = false;
	r->interest = isahp_features_none();
	isahp_loopback_reconsider(r->loopback);
	return 0;
}

int isahp_registrant_packet(struct isahp_registrant *r, const void *data,
			    size_t size, pid_t pid)
{
	struct isahp_message msg = { 0 };

	if (size < ISAHP_MESSAGE_HEADER)
		return -EINVAL;
	memcpy(&msg, data, size < sizeof(msg) ? size : sizeof(msg));
	size -= ISAHP_MESSAGE_HEADER;
	if (pid <= 0)
		return -ESRCH;
	if (msg.type == ISAHP_MSG_REGISTER && size >= sizeof(msg.reg)) {
		if (r->registered && r->pid != pid)
			return -EBUSY;
		return handle_register(r, &msg.reg, pid);
	}
	if (r->pid && r->pid != pid)
		return -ESTALE;
	if (msg.type == ISAHP_MSG_ACK && size >= sizeof(msg.ack))
		return r->registered ? handle_ack(r, &msg.ack) : -ENOTCONN;
	if (msg.type == ISAHP_MSG_UNREGISTER)
		return r->registered ? handle_unregister(r) : -ENOTCONN;
	return -EINVAL;
}

static pid_t sender(struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	struct ucred cred;

	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET ||
	    cmsg->cmsg_type != SCM_CREDENTIALS ||
	    cmsg->cmsg_len < CMSG_LEN(sizeof(cred)))
		return 0;
	memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
	return cred.pid;
}

/* Return: 1 for a packet, 0 when there is none, negative when it is over. */
static int receive(struct isahp_registrant *r)
{
	union {
		/* No room for descriptors: the kernel closes what is sent. */
		char room[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	char packet[PACKET_MAX];
	struct iovec iov = { .iov_base = packet, .iov_len = sizeof(packet) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	ssize_t n = recvmsg(r->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int status;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -ECONNRESET;
	if (r->result_count == ISAHP_LOOPBACK_RESULTS_MAX)
		return -ENOBUFS;
	status = msg.msg_flags & MSG_TRUNC ?
			 -EMSGSIZE :
			 isahp_registrant_packet(r, packet, n, sender(&msg));
	if (status == -EINVAL || status == -EMSGSIZE)
		if (isahp_log_allowed(&r->loopback->limit))
			isahp_log(ISAHP_LOG_WARNING,
				  "vm %s: malformed packet of %zd bytes from pid %d",
				  r->loopback->vm->config.name, n, sender(&msg));
	r->results[r->result_count++] = status;
	return 1;
}

static void connection_event(uv_poll_t *poll, int status, int events)
{
	struct isahp_registrant *r = poll->data;
	int rc = status, i;

	for (i = 0; rc >= 0 && events & UV_READABLE && i < BURST; i++) {
		rc = receive(r);
		if (rc <= 0)
			break;
		rc = flush(r);
	}
	if (rc >= 0)
		rc = flush(r);
	if (rc < 0)
		connection_end(r);
	else
		poll_update(r);
}

static void poll_update(struct isahp_registrant *r)
{
	int events = UV_READABLE;

	if (r->have_event || r->result_count)
		events |= UV_WRITABLE;
	uv_poll_start(&r->poll, events, connection_event);
}

void isahp_registrant_accept(struct isahp_loopback *lo, int fd)
{
	struct isahp_registrant *r = calloc(1, sizeof(*r));

	if (!r) {
		close(fd);
		return;
	}
	/* A slow reader shall find the newest state, not a queue of old ones. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ SEND_BUFFER }, sizeof(int));
	r->loopback = lo;
	r->fd = fd;
	r->next = lo->registrants;
	lo->registrants = r;
	lo->count++;
	lo->closing++;
	uv_poll_init(lo->vm->host->loop, &r->poll, fd);
	uv_timer_init(lo->vm->host->loop, &r->linger);
	r->poll.data = r;
	r->linger.data = r;
	poll_update(r);
}
