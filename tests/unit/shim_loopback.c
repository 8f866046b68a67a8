// SPDX-License-Identifier: MIT
/*
 * The loopback over its real socket: clients are this process and children.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <isahp/uapi.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim_env.h"

static struct shim_env env;
static struct shim_call call;

struct client {
	int fd;
	int page_fd;
	struct isahp_message msg;	/* last received */
	ssize_t size;
	struct isahp_event event;	/* last event */
};

static void setup(void)
{
	shim_env_init(&env);
	shim_request(&env, &call,
		     "{\"command\":\"vm-add\",\"arguments\":{\"name\":\"lo\",\"kind\":\"loopback\","
		     "\"present\":\"x86-64-v4,aes,vaes\",\"vendor\":\"intel\",\"envelope\":\"x86-64-v4,aes,vaes\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
}

static void teardown(void)
{
	shim_env_fini(&env);
}

TestSuite(loopback, .init = setup, .fini = teardown);

/* --- a client -------------------------------------------------------------- */

static int client_dial(struct client *c)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	memset(c, 0, sizeof(*c));
	c->page_fd = -1;
	strcpy(addr.sun_path, shim_vm(&env, "lo")->config.socket);
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	return connect(c->fd, (struct sockaddr *)&addr, sizeof(addr));
}

/* Take one packet, if there is one. */
static bool client_take(struct client *c, int flags)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = &c->msg, .iov_len = sizeof(c->msg) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};

	c->size = recvmsg(c->fd, &msg, flags);
	if (c->size < 0)
		return false;
	if (msg.msg_controllen)
		memcpy(&c->page_fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	if (c->size > 0 && c->msg.type == ISAHP_MSG_EVENT)
		c->event = c->msg.event;
	return true;
}

static bool got_result(void *arg)
{
	struct client *c = arg;

	return client_take(c, MSG_DONTWAIT) &&
	       (!c->size || c->msg.type == ISAHP_MSG_RESULT);
}

static bool got_event(void *arg)
{
	struct client *c = arg;

	return client_take(c, MSG_DONTWAIT) && c->msg.type == ISAHP_MSG_EVENT;
}

static int client_send(struct client *c, const struct isahp_message *msg,
		       size_t size)
{
	cr_assert_eq(send(c->fd, msg, size, MSG_NOSIGNAL), (ssize_t)size);
	shim_pump(&env, got_result, c);
	return c->size ? c->msg.status : -ECONNRESET;
}

static struct isahp_message register_message(const char *interest)
{
	struct isahp_message msg = {
		.type = ISAHP_MSG_REGISTER,
		.reg = { .size = sizeof(struct isahp_register),
			 .interest = shim_set(interest) },
	};

	return msg;
}

static struct isahp_message ack_message(const struct isahp_event *event,
					__u32 verdict)
{
	struct isahp_message msg = {
		.type = ISAHP_MSG_ACK,
		.ack = { .size = sizeof(struct isahp_ack), .verdict = verdict,
			 .sequence = event->sequence },
	};

	memcpy(msg.ack.epoch, event->epoch, sizeof(msg.ack.epoch));
	return msg;
}

static void client_register(struct client *c, const char *interest)
{
	struct isahp_message msg = register_message(interest);

	cr_assert_eq(client_dial(c), 0);
	cr_assert_eq(client_send(c, &msg, ISAHP_MESSAGE_HEADER + sizeof(msg.reg)),
		     0);
	shim_pump(&env, got_event, c);
}

static int client_ack(struct client *c, __u32 verdict)
{
	struct isahp_message msg = ack_message(&c->event, verdict);

	return client_send(c, &msg, ISAHP_MESSAGE_HEADER + sizeof(msg.ack));
}

/* --- a client in a process of its own -------------------------------------- */

struct child {
	pid_t pid;
	int ready;	/* readable when it has registered */
	int go;		/* close it to let the child go on */
};

static bool readable(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void child_main(const char *interest, int ready, int go, bool close_early)
{
	struct isahp_message msg = register_message(interest);
	struct client c;
	char byte = 'r';

	if (client_dial(&c) ||
	    send(c.fd, &msg, sizeof(msg), MSG_NOSIGNAL) < 0 ||
	    !client_take(&c, 0) || c.msg.status)
		_exit(1);
	if (close_early)
		close(c.fd);
	if (write(ready, &byte, 1) != 1)
		_exit(1);
	while (read(go, &byte, 1) > 0)
		;
	_exit(0);
}

static struct child child_start(const char *interest, bool close_early)
{
	struct child child;
	int ready[2], go[2];

	cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(go, O_CLOEXEC), 0);
	child.pid = fork();
	cr_assert_geq(child.pid, 0);
	if (!child.pid) {
		close(go[1]);
		child_main(interest, ready[1], go[0], close_early);
	}
	close(ready[1]);
	close(go[0]);
	child.ready = ready[0];
	child.go = go[1];
	shim_pump(&env, readable, &child.ready);
	return child;
}

static void child_end(struct child *child)
{
	close(child->go);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	close(child->ready);
}

#define PREPARE "{\"command\":\"prepare\",\"arguments\":{\"vm\":\"lo\",\"remove\":\"avx2\",\"deadline_ms\":%d}}"
#define ANNOUNCE "{\"command\":\"announce\",\"arguments\":{\"vm\":\"lo\",\"remove\":\"avx2\",\"deadline_ms\":%d}}"

/* --- what holds ------------------------------------------------------------ */

Test(loopback, first_result_carries_a_page_nobody_else_can_write)
{
	const struct isahp_state_page *page;
	struct isahp_features usable;
	struct client c;

	client_register(&c, "avx2");
	cr_assert_geq(c.page_fd, 0);
	cr_assert_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			  c.page_fd, 0), MAP_FAILED);
	cr_assert_eq(ftruncate(c.page_fd, 0), -1);
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, c.page_fd, 0);
	cr_assert_neq((const void *)page, MAP_FAILED);
	cr_assert_eq(page->magic, ISAHP_STATE_MAGIC);
	cr_assert_eq(page->size, sizeof(*page));
	cr_assert_eq(page->phase, ISAHP_PHASE_STEADY);
	cr_assert_eq(page->sequence, c.event.sequence);
	usable = page->usable;
	cr_assert(isahp_features_has(&usable, ISAHP_FEATURE_AVX2));
	cr_assert(!isahp_features_has(&usable, ISAHP_FEATURE_XSAVE));
	shim_request(&env, &call, ANNOUNCE, 1000 + 0);
	shim_call_fini(&call);
	cr_assert_eq(page->sequence, 3);
	close(c.fd);
}

Test(loopback, only_those_concerned_are_woken_and_asked)
{
	struct client avx2, aes, all;

	client_register(&avx2, "avx2,fma");
	client_register(&aes, "aes");
	client_register(&all, "none");
	shim_request_begin(&env, &call, PREPARE, 30000);
	shim_pump(&env, got_event, &avx2);
	cr_assert_eq(avx2.event.phase, ISAHP_PHASE_LEAVING);
	cr_assert(isahp_features_has(&avx2.event.leaving, ISAHP_FEATURE_AVX2));
	cr_assert(isahp_features_has(&avx2.event.leaving, ISAHP_FEATURE_AVX512F));
	cr_assert_neq(avx2.event.deadline_ns, 0);
	/* Told of everything, asked for nothing. */
	shim_pump(&env, got_event, &all);
	shim_linger(&env, 20);
	cr_assert(!call.finished);
	cr_assert(!got_event(&aes));
	cr_assert_eq(client_ack(&avx2, ISAHP_ACK), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	cr_assert_eq(json_integer_value(json_object_get(call.data, "concerned")), 1);
	cr_assert_eq(json_integer_value(json_object_get(call.data, "registrants")), 3);
	shim_call_fini(&call);
	close(avx2.fd);
	close(aes.fd);
	close(all.fd);
}

Test(loopback, laggard_is_named_and_the_change_aborted)
{
	struct child child = child_start("avx2", false);
	struct isahp_vm *vm = shim_vm(&env, "lo");
	char expected[32];

	shim_request(&env, &call, ANNOUNCE, 60);
	cr_assert_eq(call.err.class, ISAHP_ERROR_UNACKED);
	snprintf(expected, sizeof(expected), "pid %d", child.pid);
	cr_assert(strstr(call.err.text, expected), "%s", call.err.text);
	cr_assert(isahp_features_has(&vm->record.present, ISAHP_FEATURE_AVX2));
	cr_assert_eq(vm->phase, ISAHP_PHASE_STEADY);
	shim_call_fini(&call);
	child_end(&child);
}

Test(loopback, late_ack_turns_a_refusal_round)
{
	struct client c;

	client_register(&c, "avx2");
	shim_request(&env, &call, PREPARE, 60);
	cr_assert_eq(call.err.class, ISAHP_ERROR_UNACKED);
	shim_call_fini(&call);
	/* The event of the PREPARE. */
	shim_pump(&env, got_event, &c);
	cr_assert_eq(client_ack(&c, ISAHP_ACK), 0);
	cr_assert_eq(shim_vm(&env, "lo")->phase, ISAHP_PHASE_QUIESCED);
	shim_request(&env, &call, "{\"command\":\"commit\",\"arguments\":{\"vm\":\"lo\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
	close(c.fd);
}

Test(loopback, veto_refuses_at_once)
{
	struct client c;

	client_register(&c, "avx2");
	shim_request_begin(&env, &call, PREPARE, 30000);
	shim_pump(&env, got_event, &c);
	cr_assert_eq(client_ack(&c, ISAHP_NAK), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_UNACKED);
	cr_assert(strstr(call.err.text, "veto"), "%s", call.err.text);
	shim_call_fini(&call);
	/* A change of mind. */
	cr_assert_eq(client_ack(&c, ISAHP_ACK), 0);
	cr_assert_eq(shim_vm(&env, "lo")->phase, ISAHP_PHASE_QUIESCED);
	close(c.fd);
}

Test(loopback, death_acknowledges)
{
	struct child child = child_start("avx2", false);

	shim_request_begin(&env, &call, PREPARE, 30000);
	shim_linger(&env, 20);
	cr_assert(!call.finished);
	kill(child.pid, SIGKILL);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	cr_assert_eq(json_integer_value(json_object_get(call.data, "untracked")), 0);
	shim_call_fini(&call);
	child_end(&child);
}

Test(loopback, closing_while_alive_is_untracked)
{
	struct child child = child_start("avx2", true);

	shim_request(&env, &call, PREPARE, 30000);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	cr_assert_eq(json_integer_value(json_object_get(call.data, "untracked")), 1);
	cr_assert_eq(json_integer_value(json_object_get(call.data, "registrants")), 0);
	shim_call_fini(&call);
	child_end(&child);
}

static bool nobody_is_left(void *arg)
{
	json_t *list;
	bool empty;

	(void)arg;
	shim_request(&env, &call, "{\"command\":\"vm-show\",\"arguments\":{\"vm\":\"lo\"}}");
	list = json_object_get(call.data, "registrants");
	empty = !json_array_size(list);
	shim_call_fini(&call);
	return empty;
}

Test(loopback, untracked_process_is_forgotten_when_it_ends)
{
	struct child child = child_start("avx2", true);

	cr_assert(!nobody_is_left(NULL));
	child_end(&child);
	shim_pump(&env, nobody_is_left, NULL);
}

Test(loopback, unregistering_in_order_leaves_nothing)
{
	struct isahp_message msg = { .type = ISAHP_MSG_UNREGISTER };
	struct client c;

	client_register(&c, "avx2");
	shim_request_begin(&env, &call, PREPARE, 30000);
	cr_assert_eq(client_send(&c, &msg, ISAHP_MESSAGE_HEADER), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE);
	shim_call_fini(&call);
	cr_assert_eq(client_send(&c, &msg, ISAHP_MESSAGE_HEADER), -ENOTCONN);
	close(c.fd);
	shim_pump(&env, nobody_is_left, NULL);
}

Test(loopback, registering_during_a_prepare_is_asked_too)
{
	struct client first, second;

	client_register(&first, "avx2");
	shim_request_begin(&env, &call, PREPARE, 30000);
	shim_pump(&env, got_event, &first);
	client_register(&second, "avx2");
	cr_assert_eq(second.event.phase, ISAHP_PHASE_LEAVING);
	cr_assert_eq(client_ack(&first, ISAHP_ACK), 0);
	shim_linger(&env, 20);
	cr_assert(!call.finished);
	cr_assert_eq(client_ack(&second, ISAHP_ACK), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE);
	shim_call_fini(&call);
	close(first.fd);
	close(second.fd);
}

/* Return: the status that a forked child got for its packet. */
static void send_from_child(struct client *c, const struct isahp_message *msg)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid)
		_exit(send(c->fd, msg, sizeof(*msg), MSG_NOSIGNAL) !=
		      (ssize_t)sizeof(*msg));
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	shim_pump(&env, got_result, c);
}

Test(loopback, forks_child_is_stale)
{
	struct isahp_message msg;
	struct client c;

	client_register(&c, "avx2");
	shim_request_begin(&env, &call, PREPARE, 30000);
	shim_pump(&env, got_event, &c);
	msg = ack_message(&c.event, ISAHP_ACK);
	send_from_child(&c, &msg);
	cr_assert_eq(c.msg.status, -ESTALE);
	msg = register_message("avx2");
	send_from_child(&c, &msg);
	cr_assert_eq(c.msg.status, -EBUSY);
	shim_linger(&env, 20);
	cr_assert(!call.finished);
	cr_assert_eq(client_ack(&c, ISAHP_ACK), 0);
	shim_call_wait(&env, &call);
	shim_call_fini(&call);
	close(c.fd);
}

Test(loopback, malformed_packets_are_answered)
{
	struct isahp_message msg = register_message("avx2");
	char big[4096] = { 0 };
	struct client c;

	cr_assert_eq(client_dial(&c), 0);
	cr_assert_eq(client_send(&c, &msg, 1), -EINVAL);
	cr_assert_eq(client_send(&c, &msg, ISAHP_MESSAGE_HEADER + 39), -EINVAL);
	cr_assert_eq(client_send(&c, (void *)big, sizeof(big)), -EMSGSIZE);
	msg.reg.flags = 1;
	cr_assert_eq(client_send(&c, &msg, sizeof(msg)), -EINVAL);
	msg.reg.flags = 0;
	msg.reg.size = 39;
	cr_assert_eq(client_send(&c, &msg, sizeof(msg)), -EINVAL);
	msg.type = 0xffffffff;
	cr_assert_eq(client_send(&c, &msg, sizeof(msg)), -EINVAL);
	msg = ack_message(&c.event, ISAHP_ACK);
	cr_assert_eq(client_send(&c, &msg, sizeof(msg)), -ENOTCONN);
	/* A newer client's longer structure is taken for what is known of it. */
	msg = register_message("avx2");
	msg.reg.size = 4000;
	cr_assert_eq(client_send(&c, &msg, sizeof(msg)), 0);
	msg = ack_message(&c.event, 2);
	cr_assert_eq(client_send(&c, &msg, sizeof(msg)), -EINVAL);
	msg = ack_message(&c.event, ISAHP_ACK);
	msg.ack.sequence = 99;
	cr_assert_eq(client_send(&c, &msg, sizeof(msg)), -ESTALE);
	close(c.fd);
}

Test(loopback, slow_reader_finds_the_newest_state)
{
	struct client c;
	__u64 last;
	int i;

	client_register(&c, "aes");
	for (i = 0; i < 100; i++) {
		shim_request(&env, &call,
			     "{\"command\":\"announce\",\"arguments\":{\"vm\":\"lo\",\"add\":\"aes,vaes\"}}");
		cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
		shim_call_fini(&call);
		shim_request_begin(&env, &call,
				   "{\"command\":\"announce\",\"arguments\":{\"vm\":\"lo\",\"remove\":\"aes\","
				   "\"force\":true,\"deadline_ms\":40}}");
		shim_call_wait(&env, &call);
		cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
		shim_call_fini(&call);
		if (shim_vm(&env, "lo")->record.sequence > 40)
			break;
	}
	last = shim_vm(&env, "lo")->record.sequence;
	while (c.event.sequence != last)
		shim_pump(&env, got_event, &c);
	cr_assert_gt(c.event.missed, 0);
	cr_assert(!isahp_features_has(&c.event.present, ISAHP_FEATURE_AES));
	close(c.fd);
}

Test(loopback, client_that_never_reads_results_is_dropped)
{
	struct isahp_message msg = register_message("avx2");
	struct client c;
	int i;

	cr_assert_eq(client_dial(&c), 0);
	fcntl(c.fd, F_SETFL, O_NONBLOCK);
	for (i = 0; i < 10000; i++) {
		if (send(c.fd, &msg, sizeof(msg), MSG_NOSIGNAL) < 0 &&
		    errno != EAGAIN)
			break;
		uv_run(&env.loop, UV_RUN_NOWAIT);
	}
	cr_assert_lt(i, 10000, "10000 unread results and still served");
	close(c.fd);
}

Test(loopback, plays_state_but_not_silent_features)
{
	shim_request(&env, &call,
		     "{\"command\":\"announce\",\"arguments\":{\"vm\":\"lo\",\"remove\":\"avx,bmi1\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_POLICY);
	cr_assert(strstr(call.err.text, "bmi1") && !strstr(call.err.text, "avx ("),
		  "%s", call.err.text);
	shim_call_fini(&call);
	shim_request(&env, &call,
		     "{\"command\":\"announce\",\"arguments\":{\"vm\":\"lo\",\"remove\":\"avx\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
}
