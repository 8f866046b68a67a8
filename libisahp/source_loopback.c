// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "source.h"
#include "swap.h"

/* A shim that takes longer to answer is treated as gone. */
#define REPLY_NS 5000000000ULL
#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL

#define SIZE_WITH(member) \
	(ISAHP_MESSAGE_HEADER + sizeof(((struct isahp_message *)0)->member))

/* Room for a newer peer's longer structures; what is beyond ours is dropped. */
union packet {
	struct isahp_message message;
	char bytes[1024];
};

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = REPLY_NS / NS_PER_S };
	int fd, rc;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Bounds connect() too, at a shim that does not accept any more. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	do
		rc = connect(fd, (struct sockaddr *)&address, sizeof(address));
	while (rc && errno == EINTR);
	if (!rc)
		return fd;
	rc = errno == EAGAIN ? -ETIMEDOUT : -errno;
	close(fd);
	return rc;
}

static int send_message(int fd, const struct isahp_message *message, size_t size)
{
	ssize_t n;

	do
		n = send(fd, message, size, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EPROTO;
}

static int passed_fd(struct msghdr *header)
{
	struct cmsghdr *c;
	int fd = -1;

	for (c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		    c->cmsg_len != CMSG_LEN(sizeof(int)))
			continue;
		if (fd >= 0)
			close(fd);
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	}
	return fd;
}

/* Bytes received; *ret_fd is -1 when none came and owned by the caller else. */
static ssize_t receive_packet(int socket_fd, union packet *packet, int *ret_fd)
{
	/* Room for one: the kernel closes what does not fit. */
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { packet, sizeof(*packet) };
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	memset(packet, 0, sizeof(*packet));
	do
		n = recvmsg(socket_fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*ret_fd = passed_fd(&header);
	return n ? n : -ECONNRESET;
}

static bool is_event(const union packet *packet, size_t n)
{
	return packet->message.type == ISAHP_MSG_EVENT &&
	       n >= ISAHP_MESSAGE_HEADER + ISAHP_EVENT_SIZE_MIN &&
	       packet->message.event.size >= ISAHP_EVENT_SIZE_MIN;
}

static void take_event(struct isahp_source_link *link,
		       const struct isahp_event *event)
{
	if (!link->newest.size || event->event >= link->newest.event)
		link->newest = *event;
}

/*
 * One packet. @ret_packet has the RESULT when 1 is returned; 0: an event, which
 * was taken; -EAGAIN: nothing there.
 */
static int receive_one(struct isahp_source_link *link, union packet *ret_packet,
		       int *ret_fd)
{
	ssize_t n;
	int fd = -1;

	n = receive_packet(link->fd, ret_packet, &fd);
	if (n < 0)
		return (int)n;
	if (is_event(ret_packet, (size_t)n)) {
		take_event(link, &ret_packet->message.event);
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (ret_packet->message.type != ISAHP_MSG_RESULT ||
	    (size_t)n < ISAHP_MESSAGE_HEADER || ret_packet->message.status > 0) {
		if (fd >= 0)
			close(fd);
		return -EPROTO;
	}
	*ret_fd = fd;
	return 1;
}

static int wait_readable(int fd, uint64_t deadline_ns)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t now_ns = isahp_now_ns();
	int n;

	if (now_ns >= deadline_ns)
		return -ETIMEDOUT;
	n = poll(&p, 1, (int)((deadline_ns - now_ns) / NS_PER_MS) + 1);
	return n < 0 && errno != EINTR ? -errno : 0;
}

/* The RESULT's status. Its descriptor goes to *ret_fd, or is closed if NULL. */
static int wait_result(struct isahp_source_link *link, int *ret_fd)
{
	uint64_t deadline_ns = isahp_now_ns() + REPLY_NS;
	union packet packet;
	int fd = -1;
	int rc;

	for (;;) {
		rc = receive_one(link, &packet, &fd);
		if (rc == -EAGAIN)
			rc = wait_readable(link->fd, deadline_ns);
		if (rc < 0)
			return rc;
		if (rc == 1)
			break;
	}
	if (ret_fd)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return packet.message.status;
}

static int loopback_register(struct isahp_source_link *link,
			     const struct isahp_features *interest, int *ret_fd)
{
	struct isahp_message message = {
		.type = ISAHP_MSG_REGISTER,
		.reg = { .size = sizeof(message.reg), .interest = *interest },
	};
	int rc;

	rc = send_message(link->fd, &message, SIZE_WITH(reg));
	return rc ? rc : wait_result(link, ret_fd);
}

/* What can not shrink can not turn a load of ours into SIGBUS. */
static int check_page(int fd)
{
	struct stat st;
	int seals;

	if (fd < 0 || fstat(fd, &st))
		return -EPROTO;
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || st.st_size < ISAHP_PAGE_SIZE)
		return -EPROTO;
	return 0;
}

static int loopback_open(struct isahp_source_link *link, const char *path,
			 const struct isahp_features *interest)
{
	int page_fd = -1;
	int rc;

	link->fd = connect_to(path);
	if (link->fd < 0)
		return link->fd;
	rc = loopback_register(link, interest, &page_fd);
	if (!rc)
		rc = check_page(page_fd);
	if (!rc)
		rc = isahp_source_map(link, page_fd);
	if (page_fd >= 0)
		close(page_fd);
	if (rc) {
		close(link->fd);
		link->fd = -1;
	}
	return rc;
}

static int loopback_receive(struct isahp_source_link *link)
{
	union packet packet;
	int fd = -1;
	int rc;

	do
		rc = receive_one(link, &packet, &fd);
	while (!rc);
	if (rc == 1) {
		/* An answer to nothing. */
		if (fd >= 0)
			close(fd);
		return -EPROTO;
	}
	return rc == -EAGAIN ? 0 : rc;
}

static int loopback_interest(struct isahp_source_link *link,
			     const struct isahp_features *interest)
{
	return loopback_register(link, interest, NULL);
}

static int loopback_acknowledge(struct isahp_source_link *link,
				const struct isahp_ack *ack)
{
	struct isahp_message message = { .type = ISAHP_MSG_ACK, .ack = *ack };
	int rc;

	rc = send_message(link->fd, &message, SIZE_WITH(ack));
	return rc ? rc : wait_result(link, NULL);
}

static int loopback_unregister(struct isahp_source_link *link)
{
	struct isahp_message message = { .type = ISAHP_MSG_UNREGISTER };
	int rc;

	rc = send_message(link->fd, &message, ISAHP_MESSAGE_HEADER);
	return rc ? rc : wait_result(link, NULL);
}

const struct isahp_source_ops isahp_source_loopback = {
	.kind = ISAHP_SOURCE_LOOPBACK,
	.open = loopback_open,
	.receive = loopback_receive,
	.interest = loopback_interest,
	.acknowledge = loopback_acknowledge,
	.unregister = loopback_unregister,
};
