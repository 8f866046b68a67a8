// SPDX-License-Identifier: MIT
#include "shim_env.h"

#include <criterion/criterion.h>
#include <hypervisor-shim/policy/names.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void shim_env_init(struct shim_env *env)
{
	memset(env, 0, sizeof(*env));
	strcpy(env->host.runtime_dir, "/tmp/isahp-unit-XXXXXX");
	cr_assert(mkdtemp(env->host.runtime_dir));
	uv_loop_init(&env->loop);
	env->host.loop = &env->loop;
	isahp_log_level_set(ISAHP_LOG_ERROR);
}

void shim_env_fini(struct shim_env *env)
{
	while (env->host.vms)
		isahp_vm_remove(env->host.vms);
	uv_run(&env->loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(&env->loop), 0, "a handle was left open");
	cr_assert_eq(rmdir(env->host.runtime_dir), 0, "a socket was left behind");
}

static void tick(uv_timer_t *timer)
{
	(void)timer;
}

static bool pump(struct shim_env *env, bool (*done)(void *), void *arg,
		 unsigned int ms)
{
	uint64_t until = uv_hrtime() + ms * 1000000ULL;
	bool held = false;
	uv_timer_t timer;

	/* So that the loop never sleeps while the other side needs a look. */
	uv_timer_init(&env->loop, &timer);
	uv_timer_start(&timer, tick, 1, 1);
	/* @done may consume what it finds: it is not asked again. */
	while (!(held = done && done(arg)) && uv_hrtime() < until)
		uv_run(&env->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&env->loop, UV_RUN_NOWAIT);
	return held;
}

void shim_pump(struct shim_env *env, bool (*done)(void *), void *arg)
{
	cr_assert(pump(env, done, arg, SHIM_PATIENCE_MS), "waited in vain");
}

void shim_linger(struct shim_env *env, unsigned int ms)
{
	pump(env, NULL, NULL, ms);
}

/* --- requests -------------------------------------------------------------- */

static void call_progress(struct isahp_call *call, json_t *event)
{
	((struct shim_call *)call)->progress++;
	json_decref(event);
}

static void call_finish(struct isahp_call *call, json_t *data,
			const struct isahp_error *err)
{
	struct shim_call *c = (struct shim_call *)call;

	cr_assert(!c->finished, "finished twice");
	c->finished = true;
	c->data = data;
	if (err)
		c->err = *err;
}

static void request_begin(struct shim_env *env, struct shim_call *call,
			  const char *format, va_list args)
{
	char line[16384];
	int n = vsnprintf(line, sizeof(line), format, args);

	cr_assert(n > 0 && (size_t)n < sizeof(line));
	memset(call, 0, sizeof(*call));
	call->call.progress = call_progress;
	call->call.finish = call_finish;
	isahp_control_handle(&env->host, line, n, &call->call);
}

void shim_request_begin(struct shim_env *env, struct shim_call *call,
			const char *format, ...)
{
	va_list args;

	va_start(args, format);
	request_begin(env, call, format, args);
	va_end(args);
}

void shim_request(struct shim_env *env, struct shim_call *call,
		  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	request_begin(env, call, format, args);
	va_end(args);
	shim_call_wait(env, call);
}

static bool call_finished(void *arg)
{
	return ((struct shim_call *)arg)->finished;
}

void shim_call_wait(struct shim_env *env, struct shim_call *call)
{
	shim_pump(env, call_finished, call);
}

void shim_call_fini(struct shim_call *call)
{
	json_decref(call->data);
	call->data = NULL;
}

struct isahp_vm *shim_vm(struct shim_env *env, const char *name)
{
	struct isahp_error err;
	struct isahp_vm *vm = isahp_vm_find(&env->host, name, &err);

	cr_assert(vm, "%s", err.text);
	return vm;
}

struct isahp_features shim_set(const char *list)
{
	struct isahp_features set = isahp_features_none();
	struct isahp_error err;

	cr_assert_eq(isahp_names_parse(list, &set, &err), 0, "%s", err.text);
	return set;
}

/* --- the guest ------------------------------------------------------------- */

struct number {
	struct shim_guest *guest;
	__s64 value;
	int fd;
	bool got;
};

static bool number_arrived(void *arg)
{
	struct number *n = arg;
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = &n->value, .iov_len = sizeof(n->value) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	ssize_t size;

	if (n->got)
		return true;
	size = recvmsg(n->guest->fd, &msg, MSG_DONTWAIT);
	if (size < 0)
		return false;
	cr_assert_eq(size, 8, "a message of the protocol has 8 bytes");
	n->fd = -1;
	if (msg.msg_controllen)
		memcpy(&n->fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	n->got = true;
	return true;
}

static __s64 next_number(struct shim_guest *guest, int *ret_fd)
{
	struct number n = { .guest = guest };

	shim_pump(guest->env, number_arrived, &n);
	*ret_fd = n.fd;
	return n.value;
}

static void expect_number(struct shim_guest *guest, __s64 value, int *ret_fd)
{
	int fd;

	cr_assert_eq(next_number(guest, &fd), value);
	cr_assert_eq(fd >= 0, ret_fd != NULL);
	if (ret_fd)
		*ret_fd = fd;
}

void shim_guest_connect(struct shim_guest *guest, struct shim_env *env,
			const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char *map;
	int i;

	memset(guest, 0, sizeof(*guest));
	guest->env = env;
	guest->token = 1000;
	strcpy(addr.sun_path, path);
	guest->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert_eq(connect(guest->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	expect_number(guest, 0, NULL);			/* version */
	expect_number(guest, ISAHP_PEER_GUEST, NULL);	/* our id */
	expect_number(guest, -1, &guest->memory_fd);
	for (i = 0; i < ISAHP_VECTORS; i++)
		expect_number(guest, ISAHP_PEER_HOST, &guest->doorbell_fd[i]);
	for (i = 0; i < ISAHP_VECTORS; i++)
		expect_number(guest, ISAHP_PEER_GUEST, &guest->irq_fd[i]);
	map = mmap(NULL, ISAHP_SHM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		   guest->memory_fd, 0);
	cr_assert_neq((void *)map, MAP_FAILED);
	guest->host = (void *)(map + ISAHP_HOST_PAGE);
	guest->page = (void *)(map + ISAHP_GUEST_PAGE);
	guest->page->magic = ISAHP_GUEST_MAGIC;
}

void shim_guest_disconnect(struct shim_guest *guest)
{
	int i;

	munmap(guest->host, ISAHP_SHM_SIZE);
	close(guest->memory_fd);
	for (i = 0; i < ISAHP_VECTORS; i++) {
		close(guest->irq_fd[i]);
		close(guest->doorbell_fd[i]);
	}
	close(guest->fd);
}

int shim_guest_record(struct shim_guest *guest, struct isahp_record *ret)
{
	if (ISAHP_LOAD_ACQUIRE(&guest->host->magic) != ISAHP_HOST_MAGIC)
		return -1;
	return isahp_slot_read(&guest->host->record_slot, &guest->host->record,
			       sizeof(*ret), ret, sizeof(*ret), sizeof(*ret)) ?
		       -1 : 0;
}

void shim_guest_write(struct shim_guest *guest, __u32 number, const void *args,
		      __u32 size)
{
	struct isahp_request request = {
		.token = ++guest->token,
		.number = number,
		.size = size,
	};

	if (size)
		memcpy(request.args, args,
		       size < sizeof(request.args) ? size : sizeof(request.args));
	isahp_slot_write(&guest->page->request_slot, &guest->page->request,
			 &request, sizeof(request));
}

void shim_guest_ring(struct shim_guest *guest)
{
	__u64 one = 1;

	cr_assert_eq(write(guest->doorbell_fd[ISAHP_VECTOR_REQUEST], &one,
			   sizeof(one)), 8);
}

struct awaited_reply {
	struct shim_guest *guest;
	struct isahp_reply reply;
};

static bool reply_arrived(void *arg)
{
	struct awaited_reply *a = arg;

	return !isahp_slot_read(&a->guest->host->reply_slot,
				&a->guest->host->reply, sizeof(a->reply),
				&a->reply, sizeof(a->reply), 16) &&
	       a->reply.token == a->guest->token;
}

int shim_guest_call(struct shim_guest *guest, __u32 number, const void *args,
		    __u32 size, struct isahp_reply *ret_reply)
{
	struct awaited_reply a = { .guest = guest };

	shim_guest_write(guest, number, args, size);
	shim_guest_ring(guest);
	shim_pump(guest->env, reply_arrived, &a);
	if (ret_reply)
		*ret_reply = a.reply;
	return (int)a.reply.status;
}

int shim_guest_register(struct shim_guest *guest, const char *pinned, __u64 xcr0)
{
	struct isahp_register_args args = {
		.version_min = ISAHP_ABI_VERSION_MIN,
		.version = ISAHP_ABI_VERSION,
		.boot_vendor = ISAHP_VENDOR_INTEL,
		.cpus = 2,
		.xcr0 = xcr0,
		.pinned = shim_set(pinned),
		.release = "6.1.0-test",
	};

	return shim_guest_call(guest, ISAHP_HC_REGISTER, &args, sizeof(args), NULL);
}

int shim_guest_answer(struct shim_guest *guest, __u32 verdict, __u32 reason)
{
	struct isahp_acknowledge_args args = {
		.verdict = verdict,
		.reason = reason,
		.registrants = 3,
		.concerned = 2,
		.elapsed_ns = 1500000,
	};
	struct isahp_record record;

	cr_assert_eq(shim_guest_record(guest, &record), 0);
	memcpy(args.epoch, record.epoch, sizeof(args.epoch));
	args.sequence = record.sequence;
	if (verdict == ISAHP_NAK) {
		args.laggards = 1;
		args.listed = 1;
		args.laggard[0].pid = 4711;
		args.laggard[0].reason = reason;
		strcpy(args.laggard[0].comm, "slow\x1b[31m");
	}
	return shim_guest_call(guest, ISAHP_HC_ACKNOWLEDGE, &args, sizeof(args),
			       NULL);
}

struct awaited_record {
	struct shim_guest *guest;
	__u32 type;
	struct isahp_record record;
};

static bool record_arrived(void *arg)
{
	struct awaited_record *a = arg;

	return !shim_guest_record(a->guest, &a->record) &&
	       a->record.type == a->type;
}

void shim_guest_await(struct shim_guest *guest, __u32 type,
		      struct isahp_record *ret)
{
	struct awaited_record a = { .guest = guest, .type = type };

	shim_pump(guest->env, record_arrived, &a);
	if (ret)
		*ret = a.record;
}
