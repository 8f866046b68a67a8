// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The server of QEMU's ivshmem-doorbell device (docs/specs/ivshmem-spec).
 *
 * One socket per VM, and one QEMU at a time. The protocol is one-way: 8-byte
 * little-endian numbers, some with a file descriptor. The version, the ID of
 * the newcomer, -1 with the memory, then for each peer its ID with one eventfd
 * per vector, the newcomer last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "hypercall.h"
#include "sock.h"
#include "vm.h"

#define IVSHMEM_VERSION 0
#define IVSHMEM_MEMORY (-1)

/* Doorbells served per look of the timer; a guest that rings more must wait. */
#define DOORBELLS_MAX 1000
/* How often a page that is not ours any more is written again. */
#define AUDIT_NS (100ULL * 1000 * 1000)

struct ivshmem;

/**
 * struct session - one QEMU's connection
 * @server: NULL once it is over.
 * @fd: the connection.
 * @poll: on @fd: QEMU never writes, but it hangs up.
 * @channel: the memory.
 * @guest_fd: eventfds that interrupt the guest, by vector.
 * @host_fd: eventfds that the guest rings, by vector.
 * @doorbell: on the one of ISAHP_VECTOR_REQUEST.
 * @seen: see hypercall.h.
 * @rung: doorbells since the timer's last look.
 * @audited_ns: when the page was last found spoilt.
 * @closing: handles not closed yet.
 */
struct session {
	struct ivshmem *server;
	int fd;
	uv_poll_t poll;
	struct isahp_channel channel;
	int guest_fd[ISAHP_VECTORS];
	int host_fd[ISAHP_VECTORS];
	uv_poll_t doorbell;
	struct isahp_hypercall_seen seen;
	unsigned int rung;
	__u64 audited_ns;
	unsigned int closing;
};

/**
 * struct ivshmem - the server of one VM
 * @vm: the VM.
 * @listen_fd: where QEMU connects.
 * @listen_poll: on it.
 * @session: the QEMU that is connected, or NULL.
 */
struct ivshmem {
	struct isahp_vm *vm;
	int listen_fd;
	uv_poll_t listen_poll;
	struct session *session;
};

/* --- eventfds -------------------------------------------------------------- */

static void notify(int fd)
{
	__u64 one = 1;

	/* Fails only when the counter is full: then it is rung already. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void eventfds_close(struct session *s)
{
	int i;

	for (i = 0; i < ISAHP_VECTORS; i++) {
		if (s->guest_fd[i] >= 0)
			close(s->guest_fd[i]);
		if (s->host_fd[i] >= 0)
			close(s->host_fd[i]);
	}
}

static int eventfds_create(struct session *s)
{
	int i;

	for (i = 0; i < ISAHP_VECTORS; i++) {
		s->guest_fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		s->host_fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (s->guest_fd[i] < 0 || s->host_fd[i] < 0)
			return -errno;
	}
	return 0;
}

/* --- a session ------------------------------------------------------------- */

static int say(struct session *s, __s64 number, int fd)
{
	/* Little-endian, as this machine is. */
	return isahp_sock_send(s->fd, &number, sizeof(number), fd);
}

static int handshake(struct session *s)
{
	int rc, i;

	rc = say(s, IVSHMEM_VERSION, -1);
	if (!rc)
		rc = say(s, ISAHP_PEER_GUEST, -1);
	if (!rc)
		rc = say(s, IVSHMEM_MEMORY, s->channel.fd);
	for (i = 0; !rc && i < ISAHP_VECTORS; i++)
		rc = say(s, ISAHP_PEER_HOST, s->host_fd[i]);
	for (i = 0; !rc && i < ISAHP_VECTORS; i++)
		rc = say(s, ISAHP_PEER_GUEST, s->guest_fd[i]);
	return rc;
}

static void session_free(struct session *s)
{
	eventfds_close(s);
	isahp_channel_destroy(&s->channel);
	close(s->fd);
	free(s);
}

static void session_closed(uv_handle_t *handle)
{
	struct session *s = handle->data;

	if (!--s->closing)
		session_free(s);
}

static void session_end(struct session *s)
{
	s->server->session = NULL;
	s->server = NULL;
	s->closing = 2;
	uv_close((uv_handle_t *)&s->poll, session_closed);
	uv_close((uv_handle_t *)&s->doorbell, session_closed);
}

static void connection_event(uv_poll_t *poll, int status, int events)
{
	struct session *s = poll->data;
	struct isahp_vm *vm = s->server->vm;
	char nothing[64];
	ssize_t n;

	(void)events;
	n = status ? -1 : recv(s->fd, nothing, sizeof(nothing), MSG_DONTWAIT);
	/* The protocol has nothing for QEMU to say: ignore it if it does. */
	if (n > 0 || (n < 0 && !status && (errno == EAGAIN || errno == EINTR)))
		return;
	isahp_log(ISAHP_LOG_INFO, "vm %s: its QEMU has disconnected",
		  vm->config.name);
	session_end(s);
	isahp_vm_disconnected(vm);
}

static void look(struct session *s, bool rung)
{
	struct isahp_vm *vm = s->server->vm;

	if (vm->run_state == ISAHP_RUN_GONE)
		return;
	if (isahp_hypercall_look(vm, &s->channel, &s->seen, rung))
		notify(s->guest_fd[ISAHP_VECTOR_REPLY]);
}

static void doorbell_rung(uv_poll_t *poll, int status, int events)
{
	struct session *s = poll->data;
	__u64 count;

	(void)events;
	if (status || read(s->host_fd[ISAHP_VECTOR_REQUEST], &count,
			   sizeof(count)) < 0)
		return;
	if (++s->rung > DOORBELLS_MAX) {
		uv_poll_stop(&s->doorbell);
		s->server->vm->stats.throttled++;
		isahp_vm_poll_soon(s->server->vm);
		return;
	}
	look(s, true);
}

static struct session *session_new(struct ivshmem *server, int fd, int *ret_rc)
{
	struct session *s = calloc(1, sizeof(*s));
	int rc = -ENOMEM;

	if (!s)
		goto err_alloc;
	memset(s->guest_fd, 0xff, sizeof(s->guest_fd));
	memset(s->host_fd, 0xff, sizeof(s->host_fd));
	s->server = server;
	s->fd = fd;
	rc = isahp_channel_create(&s->channel);
	if (rc)
		goto err_channel;
	rc = eventfds_create(s);
	if (!rc)
		rc = handshake(s);
	if (rc)
		goto err_handshake;
	return s;

err_handshake:
	eventfds_close(s);
	isahp_channel_destroy(&s->channel);
err_channel:
	free(s);
err_alloc:
	close(fd);
	*ret_rc = rc;
	return NULL;
}

static void session_begin(struct ivshmem *server, int fd)
{
	struct isahp_vm *vm = server->vm;
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	struct session *s;
	int rc = 0;

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	s = session_new(server, fd, &rc);
	if (!s) {
		isahp_log(ISAHP_LOG_ERROR, "vm %s: handshake with QEMU: %s",
			  vm->config.name, strerror(-rc));
		return;
	}
	server->session = s;
	uv_poll_init(vm->host->loop, &s->poll, s->fd);
	uv_poll_init(vm->host->loop, &s->doorbell,
		     s->host_fd[ISAHP_VECTOR_REQUEST]);
	s->poll.data = s;
	s->doorbell.data = s;
	uv_poll_start(&s->poll, UV_READABLE | UV_DISCONNECT, connection_event);
	uv_poll_start(&s->doorbell, UV_READABLE, doorbell_rung);
	isahp_log(ISAHP_LOG_INFO, "vm %s: QEMU has connected, pid %d",
		  vm->config.name, peer.pid);
	isahp_vm_connected(vm);
}

static void connection_ready(uv_poll_t *poll, int status, int events)
{
	struct ivshmem *server = poll->data;
	int fd;

	(void)events;
	if (status)
		return;
	fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (!server->session) {
		session_begin(server, fd);
		return;
	}
	isahp_log(ISAHP_LOG_WARNING,
		  "vm %s: another QEMU wanted to connect, turned away",
		  server->vm->config.name);
	close(fd);
}

/* --- the transport --------------------------------------------------------- */

static struct session *session_of(struct isahp_vm *vm)
{
	return ((struct ivshmem *)vm->transport)->session;
}

static void ivshmem_publish(struct isahp_vm *vm)
{
	struct session *s = session_of(vm);

	if (s)
		isahp_channel_write_record(&s->channel, &vm->record);
}

static void ivshmem_rewrite(struct isahp_vm *vm)
{
	struct session *s = session_of(vm);

	if (!s)
		return;
	vm->stats.rewrites++;
	isahp_channel_rewrite(&s->channel, &vm->record,
			      vm->have_reply ? &vm->reply : NULL);
}

static void ivshmem_ring(struct isahp_vm *vm)
{
	struct session *s = session_of(vm);

	if (s)
		notify(s->guest_fd[ISAHP_VECTOR_RECORD]);
}

/*
 * A snapshot was restored, or a migration arrived that nobody told us of: the
 * guest believes what it sees there, so it must see the truth.
 */
static void audit(struct isahp_vm *vm, struct session *s)
{
	__u64 now = uv_hrtime();

	if (vm->reassert || now - s->audited_ns < AUDIT_NS ||
	    isahp_channel_intact(&s->channel, &vm->record))
		return;
	s->audited_ns = now;
	if (isahp_log_allowed(&vm->guest_limit))
		isahp_log(ISAHP_LOG_WARNING,
			  "vm %s: its page holds another time's record: written again",
			  vm->config.name);
	if (vm->record.type != ISAHP_RECORD_PREPARE) {
		isahp_vm_reassert(vm);
		return;
	}
	ivshmem_rewrite(vm);
	ivshmem_ring(vm);
}

static void ivshmem_poll(struct isahp_vm *vm)
{
	struct session *s = session_of(vm);

	if (!s)
		return;
	if (s->rung > DOORBELLS_MAX)
		uv_poll_start(&s->doorbell, UV_READABLE, doorbell_rung);
	s->rung = 0;
	audit(vm, s);
	look(s, false);
}

static int ivshmem_start(struct isahp_vm *vm, struct isahp_error *err)
{
	struct ivshmem *server = calloc(1, sizeof(*server));

	if (!server)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	server->vm = vm;
	if (!*vm->config.socket)
		isahp_sock_path(vm->config.socket, sizeof(vm->config.socket),
				vm->host->runtime_dir, "vm-", vm->config.name);
	server->listen_fd = isahp_sock_listen(vm->config.socket, SOCK_STREAM, err);
	if (server->listen_fd < 0) {
		int rc = server->listen_fd;

		free(server);
		return rc;
	}
	uv_poll_init(vm->host->loop, &server->listen_poll, server->listen_fd);
	server->listen_poll.data = server;
	uv_poll_start(&server->listen_poll, UV_READABLE, connection_ready);
	vm->transport = server;
	return 0;
}

static void server_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void ivshmem_stop(struct isahp_vm *vm)
{
	struct ivshmem *server = vm->transport;

	if (server->session)
		session_end(server->session);
	uv_poll_stop(&server->listen_poll);
	close(server->listen_fd);
	unlink(vm->config.socket);
	uv_close((uv_handle_t *)&server->listen_poll, server_closed);
}

const struct isahp_transport_ops isahp_ivshmem_ops = {
	.kind = "ivshmem",
	.start = ivshmem_start,
	.stop = ivshmem_stop,
	.publish = ivshmem_publish,
	.rewrite = ivshmem_rewrite,
	.ring = ivshmem_ring,
	.poll = ivshmem_poll,
};
