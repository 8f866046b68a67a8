// SPDX-License-Identifier: GPL-2.0-or-later
#include "hypercall.h"

#include <errno.h>
#include <string.h>

#include <isa-core/features.h>

#include "policy/names.h"
#include "policy/text.h"

#define XCR0_X87 1ULL /* XCR0 bit 0 can not be cleared (SDM vol. 1, 13.3) */

#define guest_log(vm, level, ...)                                             \
	do {                                                                  \
		if (isahp_log_allowed(&(vm)->guest_limit))                    \
			isahp_log(level, __VA_ARGS__);                        \
	} while (0)

/**
 * struct call - one hypercall and how it is carried out
 * @args_size: bytes of arguments that the first version of the protocol has.
 * @anonymous: allowed before REGISTER.
 * @serve: @args are zero behind what the guest sent. Return: the status.
 */
struct call {
	__u32 args_size;
	bool anonymous;
	int (*serve)(struct isahp_vm *vm, const void *args,
		     struct isahp_reply *reply);
};

static void result_set(struct isahp_reply *reply, const void *result,
		       __u32 size)
{
	memcpy(reply->result, result, size);
	reply->size = size;
}

static int refuse_version(struct isahp_vm *vm,
			  const struct isahp_register_args *args)
{
	vm->guest.refused_version = args->version_min;
	guest_log(vm, ISAHP_LOG_WARNING,
		  "vm %s: its guest speaks protocol versions %u to %u, this isahpd %u to %u: refused",
		  vm->config.name, args->version_min, args->version,
		  ISAHP_ABI_VERSION_MIN, ISAHP_ABI_VERSION);
	return -EPROTONOSUPPORT;
}

static void register_accept(struct isahp_vm *vm,
			    const struct isahp_register_args *args,
			    const struct isahp_layout *layout,
			    unsigned int version)
{
	struct isahp_features known = isahp_features_known();
	struct isahp_vm_guest *guest = &vm->guest;
	bool again = guest->registered;

	/* Whatever acknowledged before: a kernel that starts anew has not. */
	isahp_vm_joined(vm);
	guest->registered = true;
	guest->version = version;
	guest->refused_version = 0;
	guest->boot_vendor = args->boot_vendor;
	guest->cpus = args->cpus;
	guest->xcr0 = args->xcr0;
	guest->xsave_size = args->xsave_size;
	guest->xsave_flags = args->xsave_flags;
	guest->layout = *layout;
	guest->pinned = isahp_features_and(&args->pinned, &known);
	guest->visible = isahp_features_and(&args->visible, &known);
	isahp_text_sanitize(guest->release, sizeof(guest->release),
			    args->release, sizeof(args->release));
	if (!again)
		guest_log(vm, ISAHP_LOG_INFO,
			  "vm %s: guest registered: %s, %u CPUs, booted on %s",
			  vm->config.name, guest->release, guest->cpus,
			  isahp_vendor_name(guest->boot_vendor));
}

/*
 * A guest that was put back to an earlier moment in this very epoch has forgotten
 * what it answered: nothing of that counts any more.
 */
static void forget_the_future(struct isahp_vm *vm,
			      const struct isahp_register_args *args)
{
	if (!(args->flags & ISAHP_REGISTER_F_MOVED) || !vm->guest.registered)
		return;
	guest_log(vm, ISAHP_LOG_WARNING,
		  "vm %s: its guest was moved or put back behind our back: what it answered before does not count",
		  vm->config.name);
	isahp_vm_reset(vm);
}

static int serve_register(struct isahp_vm *vm, const void *data,
			  struct isahp_reply *reply)
{
	const struct isahp_register_args *args = data;
	struct isahp_register_result result = {
		.version_min = ISAHP_ABI_VERSION_MIN,
		.version = ISAHP_ABI_VERSION,
	};
	struct isahp_layout layout;
	int rc = 0;

	if (args->version_min > args->version || !(args->xcr0 & XCR0_X87) ||
	    isahp_layout_from_guest(args, &layout))
		return -EINVAL;
	if (args->version_min > ISAHP_ABI_VERSION ||
	    args->version < ISAHP_ABI_VERSION_MIN) {
		rc = refuse_version(vm, args);
	} else {
		if (args->version < result.version)
			result.version = args->version;
		forget_the_future(vm, args);
		register_accept(vm, args, &layout, result.version);
	}
	memcpy(result.epoch, vm->record.epoch, sizeof(result.epoch));
	result_set(reply, &result, sizeof(result));
	return rc;
}

static int serve_query(struct isahp_vm *vm, const void *data,
		       struct isahp_reply *reply)
{
	struct isahp_query_result result = {
		.record = vm->record,
		.baseline = vm->config.baseline,
		.envelope = vm->config.envelope,
	};

	(void)data;
	result_set(reply, &result, sizeof(result));
	return 0;
}

static int serve_acknowledge(struct isahp_vm *vm, const void *data,
			     struct isahp_reply *reply)
{
	const struct isahp_acknowledge_args *args = data;
	struct isahp_answer answer = {
		.verdict = args->verdict,
		.reason = args->reason,
		.registrants = args->registrants,
		.concerned = args->concerned,
		.laggards = args->laggards,
		.untracked = args->untracked,
		.elapsed_ns = args->elapsed_ns,
		.listed = args->listed,
	};
	__u32 i;

	(void)reply;
	if (args->verdict > ISAHP_NAK || args->reason > ISAHP_NAK_VDSO ||
	    args->listed > ISAHP_LAGGARDS_LISTED ||
	    args->listed > args->laggards)
		return -EINVAL;
	if (args->sequence != vm->record.sequence ||
	    memcmp(args->epoch, vm->record.epoch, sizeof(args->epoch)))
		return -ESTALE;
	for (i = 0; i < args->listed; i++) {
		answer.laggard[i].pid = args->laggard[i].pid;
		answer.laggard[i].reason = args->laggard[i].reason;
		isahp_text_sanitize(answer.laggard[i].comm, ISAHP_COMM_SIZE,
				    args->laggard[i].comm, ISAHP_COMM_SIZE);
	}
	isahp_vm_answered(vm, &answer);
	return 0;
}

static int serve_report(struct isahp_vm *vm, const void *data,
			struct isahp_reply *reply)
{
	static const char *const kinds[] = {
		[ISAHP_REPORT_HOST_SILENT] = "host silent",
		[ISAHP_REPORT_HOST_BACK] = "host back",
		[ISAHP_REPORT_BAD_RECORD] = "bad record",
		[ISAHP_REPORT_UNDEFINED] = "undefined instruction",
		[ISAHP_REPORT_MOVED] = "move that nobody announced",
	};
	const struct isahp_report_args *args = data;
	char text[sizeof(args->text)];

	(void)reply;
	isahp_text_sanitize(text, sizeof(text), args->text, sizeof(args->text));
	guest_log(vm, ISAHP_LOG_WARNING, "vm %s: guest reports %s (%u, %llu): %s",
		  vm->config.name,
		  args->kind < sizeof(kinds) / sizeof(kinds[0]) && kinds[args->kind] ?
			  kinds[args->kind] : "something new",
		  args->kind, (unsigned long long)args->value, text);
	return 0;
}

static int serve_unregister(struct isahp_vm *vm, const void *data,
			    struct isahp_reply *reply)
{
	(void)data;
	(void)reply;
	guest_log(vm, ISAHP_LOG_INFO, "vm %s: guest unregistered",
		  vm->config.name);
	isahp_vm_left(vm);
	return 0;
}

static const struct call calls[] = {
	[ISAHP_HC_REGISTER] = { ISAHP_REGISTER_SIZE_MIN, true, serve_register },
	[ISAHP_HC_QUERY] = { sizeof(struct isahp_query_args), false, serve_query },
	[ISAHP_HC_ACKNOWLEDGE] = { sizeof(struct isahp_acknowledge_args), false,
				   serve_acknowledge },
	[ISAHP_HC_REPORT] = { sizeof(struct isahp_report_args), false,
			      serve_report },
	[ISAHP_HC_UNREGISTER] = { sizeof(struct isahp_unregister_args), false,
				  serve_unregister },
};

static int dispatch(struct isahp_vm *vm, const struct isahp_request *request,
		    struct isahp_reply *reply)
{
	__u64 args[ISAHP_ARGS_SIZE / sizeof(__u64)];
	const struct call *call;

	if (request->size > ISAHP_ARGS_SIZE)
		return -EBADMSG;
	if (request->number >= sizeof(calls) / sizeof(calls[0]) ||
	    !calls[request->number].serve)
		return -ENOSYS;
	call = &calls[request->number];
	if (request->size < call->args_size)
		return -EBADMSG;
	if (!vm->attached || (!call->anonymous && !vm->guest.registered))
		return -EPROTO;
	/* What lies behind @size is not the guest's word. */
	memset(args, 0, sizeof(args));
	memcpy(args, request->args, request->size);
	return call->serve(vm, args, reply);
}

void isahp_hypercall_serve(struct isahp_vm *vm,
			   const struct isahp_request *request,
			   struct isahp_reply *ret_reply)
{
	int status;

	memset(ret_reply, 0, sizeof(*ret_reply));
	status = dispatch(vm, request, ret_reply);
	ret_reply->token = request->token;
	ret_reply->status = (__u32)status;
	vm->stats.hypercalls++;
	if (!status || status == -ESTALE)
		return;
	vm->stats.bad_requests++;
	guest_log(vm, ISAHP_LOG_WARNING,
		  "vm %s: hypercall %u of its guest answered with %s",
		  vm->config.name, request->number, strerror(-status));
}

/* A request that can not be read has no token to answer to: 0 is nobody's. */
static bool answer_bad(struct isahp_vm *vm, struct isahp_channel *channel)
{
	struct isahp_reply reply = { .status = (__u32)-EBADMSG };

	vm->stats.bad_requests++;
	guest_log(vm, ISAHP_LOG_WARNING,
		  "vm %s: a request whose size or checksum is wrong",
		  vm->config.name);
	isahp_channel_write_reply(channel, &reply);
	return true;
}

bool isahp_hypercall_look(struct isahp_vm *vm, struct isahp_channel *channel,
			  struct isahp_hypercall_seen *seen, bool rung)
{
	struct isahp_request request;
	__u32 seqcount = channel->guest->request_slot.seqcount;
	int rc = isahp_channel_read_request(channel, &request);

	if (rc == -EBADMSG) {
		if (seen->bad_seqcount == seqcount && !rung)
			return false;
		seen->bad_seqcount = seqcount;
		return answer_bad(vm, channel);
	}
	if (rc)
		return false;
	if (vm->have_reply && vm->reply.token == request.token) {
		if (rung)
			isahp_channel_write_reply(channel, &vm->reply);
		return rung;
	}
	isahp_hypercall_serve(vm, &request, &vm->reply);
	vm->have_reply = true;
	isahp_channel_write_reply(channel, &vm->reply);
	return true;
}
