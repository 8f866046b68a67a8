// SPDX-License-Identifier: MIT
/*
 * Hypercalls and records over a real shared page pair, the ivshmem server's
 * own, with a guest that is this test.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "shim_env.h"

#define XCR0_AVX 7ULL
#define PRESENT "x86-64-v3,aes"

static struct shim_env env;
static struct shim_guest guest;
static struct shim_call call;

static void setup(void)
{
	shim_env_init(&env);
	shim_request(&env, &call,
		     "{\"command\":\"vm-add\",\"arguments\":{\"name\":\"g\","
		     "\"present\":\"" PRESENT "\",\"vendor\":\"intel\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
	shim_guest_connect(&guest, &env, shim_vm(&env, "g")->config.socket);
}

static void teardown(void)
{
	shim_guest_disconnect(&guest);
	shim_env_fini(&env);
}

static void attach(void)
{
	cr_assert_eq(shim_guest_register(&guest, "xsave,cx16", XCR0_AVX), 0);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
}

TestSuite(hypercall, .init = setup, .fini = teardown);

Test(hypercall, attachment_announces_what_is_present)
{
	struct isahp_features expected = shim_set(PRESENT);
	struct isahp_record record;

	shim_guest_await(&guest, ISAHP_RECORD_ANNOUNCE, &record);
	cr_assert_eq(record.sequence, 1);
	cr_assert_eq(record.vendor, ISAHP_VENDOR_INTEL);
	cr_assert(isahp_features_equal(&record.present, &expected));
	cr_assert(isahp_features_empty(&record.leaving));
}

Test(hypercall, memory_can_not_be_resized_by_the_guest)
{
	struct stat st;

	cr_assert_eq(fstat(guest.memory_fd, &st), 0);
	cr_assert_eq(st.st_size, ISAHP_SHM_SIZE);
	cr_assert_eq(ftruncate(guest.memory_fd, 4096), -1);
	cr_assert_eq(ftruncate(guest.memory_fd, 1 << 20), -1);
	cr_assert_eq(fcntl(guest.memory_fd, F_GET_SEALS) &
			     (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
		     F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

Test(hypercall, register_returns_the_epoch_in_force)
{
	struct isahp_register_args args = {
		.version_min = 1, .version = 9, .xcr0 = XCR0_AVX, .cpus = 4,
	};
	struct isahp_register_result result;
	struct isahp_record record;
	struct isahp_reply reply;

	memset(args.release, 'x', sizeof(args.release));
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_REGISTER, &args,
				     sizeof(args), &reply), 0);
	cr_assert_eq(reply.size, sizeof(result));
	memcpy(&result, reply.result, sizeof(result));
	cr_assert_eq(shim_guest_record(&guest, &record), 0);
	cr_assert_arr_eq(result.epoch, record.epoch, ISAHP_EPOCH_SIZE);
	cr_assert_eq(result.version, ISAHP_ABI_VERSION);
	cr_assert_eq(strlen(shim_vm(&env, "g")->guest.release), 63);
}

static int register_with(struct isahp_register_args *args, size_t size)
{
	struct isahp_reply reply;

	args->version_min = 1;
	args->version = 1;
	args->xcr0 = XCR0_AVX;
	return shim_guest_call(&guest, ISAHP_HC_REGISTER, args, size, &reply);
}

Test(hypercall, register_grew_and_the_old_size_still_works)
{
	struct isahp_register_args args = { .components = 1 };

	args.component[0] = (struct isahp_xsave_component){ 2, 576, 256, 0 };
	cr_assert_eq(register_with(&args, ISAHP_REGISTER_SIZE_MIN - 1), -EBADMSG);
	cr_assert_eq(register_with(&args, ISAHP_REGISTER_SIZE_MIN), 0);
	cr_assert_not(shim_vm(&env, "g")->guest.layout.known);
	cr_assert_eq(register_with(&args, sizeof(args)), 0);
	cr_assert(shim_vm(&env, "g")->guest.layout.known);
	cr_assert_eq(shim_vm(&env, "g")->guest.layout.component[2].offset, 576);
	cr_assert_eq(shim_vm(&env, "g")->guest.layout.component[2].size, 256);
}

Test(hypercall, layouts_that_contradict_themselves_are_refused)
{
	static const struct isahp_xsave_component bad[][2] = {
		{ { 1, 0, 64, 0 } },			/* legacy */
		{ { 63, 576, 64, 0 } },			/* out of range */
		{ { 9, 576, 64, 0 } },			/* not in XCR0 */
		{ { 2, 70000, 256, 0 } },
		{ { 2, 576, 70000, 0 } },
		{ { 2, 576, 256, 0 }, { 2, 576, 256, 0 } },
	};
	struct isahp_register_args args;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&args, 0, sizeof(args));
		memcpy(args.component, bad[i], sizeof(bad[i]));
		args.components = bad[i][1].number ? 2 : 1;
		cr_assert_eq(register_with(&args, sizeof(args)), -EINVAL, "%zu", i);
	}
	memset(&args, 0, sizeof(args));
	args.components = ISAHP_XSAVE_COMPONENTS + 1;
	cr_assert_eq(register_with(&args, sizeof(args)), -EINVAL);
	cr_assert_not(shim_vm(&env, "g")->guest.registered);
}

Test(hypercall, a_guest_put_back_in_time_gets_a_new_epoch)
{
	struct isahp_register_args args = { 0 };
	__u8 epoch[ISAHP_EPOCH_SIZE];

	attach();
	memcpy(epoch, shim_vm(&env, "g")->record.epoch, sizeof(epoch));
	cr_assert_eq(register_with(&args, sizeof(args)), 0);
	cr_assert_arr_eq(epoch, shim_vm(&env, "g")->record.epoch, sizeof(epoch));
	args.flags = ISAHP_REGISTER_F_MOVED;
	cr_assert_eq(register_with(&args, sizeof(args)), 0);
	cr_assert_arr_neq(epoch, shim_vm(&env, "g")->record.epoch, sizeof(epoch));
	cr_assert(shim_vm(&env, "g")->guest.registered);
	cr_assert_not(shim_vm(&env, "g")->answer.valid);
}

Test(hypercall, version_from_the_future_is_refused_and_shown)
{
	struct isahp_register_args args = {
		.version_min = 7, .version = 9, .xcr0 = XCR0_AVX,
	};
	struct isahp_register_result result;
	struct isahp_reply reply;

	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_REGISTER, &args,
				     sizeof(args), &reply), -EPROTONOSUPPORT);
	memcpy(&result, reply.result, sizeof(result));
	cr_assert_eq(result.version, ISAHP_ABI_VERSION);
	shim_request(&env, &call, "{\"command\":\"vm-show\",\"arguments\":{\"vm\":\"g\"}}");
	cr_assert_eq(json_integer_value(json_object_get(
			     json_object_get(call.data, "guest"),
			     "refused_version")), 7);
	shim_call_fini(&call);
}

/* A newer guest: structures that go on behind what this isahpd knows. */
Test(hypercall, guest_that_says_more_is_served)
{
	struct {
		struct isahp_register_args known;
		__u8 more[64];
	} reg = {
		.known = { .version_min = 1, .version = 9, .xcr0 = XCR0_AVX },
	};
	struct {
		struct isahp_acknowledge_args known;
		__u8 more[ISAHP_ARGS_SIZE - sizeof(struct isahp_acknowledge_args)];
	} ack = { .known = { .verdict = ISAHP_ACK } };
	struct isahp_register_result result;
	struct isahp_record record;
	struct isahp_reply reply;

	memset(reg.more, 0xee, sizeof(reg.more));
	memset(ack.more, 0xee, sizeof(ack.more));
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_REGISTER, &reg, sizeof(reg),
				     &reply), 0);
	memcpy(&result, reply.result, sizeof(result));
	cr_assert_eq(result.version, ISAHP_ABI_VERSION);
	cr_assert_eq(shim_guest_record(&guest, &record), 0);
	memcpy(ack.known.epoch, record.epoch, sizeof(record.epoch));
	ack.known.sequence = record.sequence;
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_ACKNOWLEDGE, &ack,
				     sizeof(ack), NULL), 0);
	cr_assert(shim_vm(&env, "g")->answer.valid);
	/* Less than the first version said is nothing. */
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_REGISTER, &reg,
				     ISAHP_REGISTER_SIZE_MIN - 8, NULL), -EBADMSG);
}

Test(hypercall, nonsense_is_answered)
{
	struct isahp_register_args args = { .version_min = 1, .version = 1 };
	char big[ISAHP_ARGS_SIZE] = { 0 };

	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_QUERY, big, 8, NULL), -EPROTO);
	cr_assert_eq(shim_guest_call(&guest, 0, big, 8, NULL), -ENOSYS);
	cr_assert_eq(shim_guest_call(&guest, 0xffffffff, big, 8, NULL), -ENOSYS);
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_REGISTER, big, 8, NULL),
		     -EBADMSG);
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_REGISTER, big, 0xfffffff0,
				     NULL), -EBADMSG);
	/* XCR0 without x87 does not exist. */
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_REGISTER, &args,
				     sizeof(args), NULL), -EINVAL);
	attach();
	cr_assert_eq(shim_vm(&env, "g")->stats.bad_requests, 6);
}

Test(hypercall, query_returns_record_and_limits)
{
	struct isahp_query_args args = { 0 };
	struct isahp_query_result result;
	struct isahp_record record;
	struct isahp_reply reply;

	attach();
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_QUERY, &args, sizeof(args),
				     &reply), 0);
	cr_assert_eq(reply.size, sizeof(result));
	memcpy(&result, reply.result, sizeof(result));
	cr_assert_eq(shim_guest_record(&guest, &record), 0);
	cr_assert_arr_eq(&result.record, &record, sizeof(record));
	cr_assert(isahp_features_subset(&record.present, &result.envelope));
}

Test(hypercall, acknowledgement_of_another_epoch_or_sequence_is_stale)
{
	struct isahp_acknowledge_args args = { 0 };
	struct isahp_record record;

	cr_assert_eq(shim_guest_register(&guest, "none", XCR0_AVX), 0);
	cr_assert_eq(shim_guest_record(&guest, &record), 0);
	args.sequence = record.sequence;
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_ACKNOWLEDGE, &args,
				     sizeof(args), NULL), -ESTALE);
	memcpy(args.epoch, record.epoch, sizeof(args.epoch));
	args.sequence = record.sequence + 1;
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_ACKNOWLEDGE, &args,
				     sizeof(args), NULL), -ESTALE);
	cr_assert(!shim_vm(&env, "g")->answer.valid);
	args.sequence = record.sequence;
	args.listed = ISAHP_LAGGARDS_LISTED + 1;
	args.laggards = 1000;
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_ACKNOWLEDGE, &args,
				     sizeof(args), NULL), -EINVAL);
	args.listed = 0;
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_ACKNOWLEDGE, &args,
				     sizeof(args), NULL), 0);
	cr_assert(shim_vm(&env, "g")->answer.valid);
}

static bool reply_interrupt(void *arg)
{
	__u64 count;

	(void)arg;
	return read(guest.irq_fd[ISAHP_VECTOR_REPLY], &count, sizeof(count)) == 8;
}

Test(hypercall, same_token_gets_the_same_reply_without_the_work)
{
	struct isahp_vm *vm = shim_vm(&env, "g");
	struct isahp_reply garbage = { 0 };
	__u64 before;

	attach();
	cr_assert(reply_interrupt(NULL));
	before = vm->stats.hypercalls;
	isahp_slot_write(&guest.host->reply_slot, &guest.host->reply, &garbage, 16);
	shim_guest_ring(&guest);
	shim_pump(&env, reply_interrupt, NULL);
	cr_assert_eq(vm->stats.hypercalls, before);
	cr_assert_eq(guest.host->reply.token, guest.token);
}

static bool requests_served(void *arg)
{
	return shim_vm(&env, "g")->stats.hypercalls >= *(__u64 *)arg;
}

Test(hypercall, request_is_served_without_a_doorbell)
{
	struct isahp_query_args args = { 0 };
	__u64 want;

	attach();
	want = shim_vm(&env, "g")->stats.hypercalls + 1;
	shim_guest_write(&guest, ISAHP_HC_QUERY, &args, sizeof(args));
	shim_pump(&env, requests_served, &want);
}

Test(hypercall, torn_request_is_answered_and_harmless)
{
	struct isahp_vm *vm = shim_vm(&env, "g");
	__u64 before;

	attach();
	before = vm->stats.hypercalls;
	/* The writer is at work: nothing to see yet. */
	guest.page->request_slot.seqcount |= 1;
	guest.page->request.token ^= 1;
	shim_guest_ring(&guest);
	shim_linger(&env, 50);
	cr_assert_eq(vm->stats.hypercalls, before);
	cr_assert_eq(vm->stats.bad_requests, 0);
	/* Settled, says the count; the checksum knows better. */
	guest.page->request_slot.seqcount++;
	reply_interrupt(NULL);
	shim_guest_ring(&guest);
	shim_pump(&env, reply_interrupt, NULL);
	cr_assert_eq(vm->stats.hypercalls, before);
	cr_assert_eq(vm->stats.bad_requests, 1);
	cr_assert_eq((int)guest.host->reply.status, -EBADMSG);
	guest.page->request_slot.size = 0xffffffff;
	shim_guest_ring(&guest);
	shim_pump(&env, reply_interrupt, NULL);
	cr_assert_eq(vm->stats.bad_requests, 2);
	cr_assert_eq(shim_guest_register(&guest, "none", XCR0_AVX), 0);
}

Test(hypercall, announce_waits_for_the_guest)
{
	struct isahp_features expected = shim_set("avx2");
	struct isahp_record record;

	attach();
	shim_request_begin(&env, &call,
			   "{\"command\":\"announce\",\"arguments\":{\"vm\":\"g\",\"remove\":\"avx2\"}}");
	shim_guest_await(&guest, ISAHP_RECORD_PREPARE, &record);
	cr_assert(isahp_features_equal(&record.leaving, &expected));
	cr_assert_eq(record.deadline_ns, ISAHP_DEADLINE_DEFAULT_MS * 1000000ULL);
	cr_assert(!call.finished);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	shim_guest_await(&guest, ISAHP_RECORD_COMMIT, &record);
	cr_assert(!isahp_features_has(&record.present, ISAHP_FEATURE_AVX2));
	cr_assert(isahp_features_empty(&record.leaving));
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	cr_assert_float_eq(json_number_value(json_object_get(
				   json_object_get(call.data, "prepare"),
				   "guest_elapsed_ms")), 1.5, 1e-9);
	shim_call_fini(&call);
}

Test(hypercall, refusal_aborts_and_names_the_laggard)
{
	struct isahp_record record;

	attach();
	shim_request_begin(&env, &call,
			   "{\"command\":\"announce\",\"arguments\":{\"vm\":\"g\",\"remove\":\"avx2\"}}");
	shim_guest_await(&guest, ISAHP_RECORD_PREPARE, NULL);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_NAK, ISAHP_NAK_DEADLINE), 0);
	shim_guest_await(&guest, ISAHP_RECORD_ABORT, &record);
	cr_assert(isahp_features_has(&record.present, ISAHP_FEATURE_AVX2));
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_UNACKED);
	cr_assert(strstr(call.err.text, "slow?[31m pid 4711"), "%s", call.err.text);
	cr_assert(json_is_true(json_object_get(call.data, "abort_acknowledged")));
	shim_call_fini(&call);
}

Test(hypercall, silence_aborts_after_the_deadline)
{
	attach();
	shim_request(&env, &call,
		     "{\"command\":\"announce\",\"arguments\":{\"vm\":\"g\",\"remove\":\"avx2\",\"deadline_ms\":50}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_UNACKED);
	cr_assert(strstr(call.err.text, "has not answered"), "%s", call.err.text);
	cr_assert(json_is_false(json_object_get(call.data, "abort_acknowledged")));
	cr_assert_eq(shim_vm(&env, "g")->record.type, ISAHP_RECORD_ABORT);
	shim_call_fini(&call);
}

Test(hypercall, nak_may_turn_into_an_ack_while_pending)
{
	attach();
	shim_request_begin(&env, &call,
			   "{\"command\":\"prepare\",\"arguments\":{\"vm\":\"g\",\"remove\":\"avx2\"}}");
	shim_guest_await(&guest, ISAHP_RECORD_PREPARE, NULL);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_NAK, ISAHP_NAK_DEADLINE), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_UNACKED);
	shim_call_fini(&call);
	cr_assert_eq(shim_vm(&env, "g")->phase, ISAHP_PHASE_LEAVING);
	shim_request(&env, &call, "{\"command\":\"commit\",\"arguments\":{\"vm\":\"g\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_UNACKED);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	cr_assert_eq(shim_vm(&env, "g")->phase, ISAHP_PHASE_QUIESCED);
	shim_request_begin(&env, &call, "{\"command\":\"commit\",\"arguments\":{\"vm\":\"g\"}}");
	shim_guest_await(&guest, ISAHP_RECORD_COMMIT, NULL);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
}

Test(hypercall, ack_is_final)
{
	attach();
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_NAK, ISAHP_NAK_VETO), 0);
	cr_assert_eq(shim_vm(&env, "g")->answer.verdict, ISAHP_ACK);
	cr_assert_eq(shim_vm(&env, "g")->stats.acks, 1);
}

/* A crash kernel, or a guest that was reset: nobody said goodbye before. */
Test(hypercall, next_kernel_has_acknowledged_nothing)
{
	attach();
	cr_assert(shim_vm(&env, "g")->answer.valid);
	cr_assert_eq(shim_guest_register(&guest, "none", XCR0_AVX), 0);
	cr_assert_not(shim_vm(&env, "g")->answer.valid);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	cr_assert(shim_vm(&env, "g")->answer.valid);
	cr_assert_eq(shim_vm(&env, "g")->stats.acks, 2);
}

Test(hypercall, cancelling_aborts)
{
	attach();
	shim_request_begin(&env, &call,
			   "{\"command\":\"announce\",\"arguments\":{\"vm\":\"g\",\"remove\":\"avx2\"}}");
	shim_guest_await(&guest, ISAHP_RECORD_PREPARE, NULL);
	call.call.cancel(&call.call);
	shim_guest_await(&guest, ISAHP_RECORD_ABORT, NULL);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_CANCELLED);
	shim_call_fini(&call);
}

Test(hypercall, unregister_leaves_nobody_to_answer)
{
	struct isahp_unregister_args args = { 0 };

	attach();
	shim_request_begin(&env, &call,
			   "{\"command\":\"announce\",\"arguments\":{\"vm\":\"g\",\"remove\":\"avx2\"}}");
	shim_guest_await(&guest, ISAHP_RECORD_PREPARE, NULL);
	cr_assert_eq(shim_guest_call(&guest, ISAHP_HC_UNREGISTER, &args,
				     sizeof(args), NULL), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_UNACKED);
	shim_call_fini(&call);
	shim_request(&env, &call,
		     "{\"command\":\"announce\",\"arguments\":{\"vm\":\"g\",\"remove\":\"avx2\"}}");
	cr_assert(strstr(call.err.text, "has not registered"), "%s", call.err.text);
	shim_call_fini(&call);
}

static bool disconnected(void *arg)
{
	(void)arg;
	return !shim_vm(&env, "g")->connected;
}

Test(hypercall, later_qemu_begins_a_new_epoch)
{
	struct isahp_record first, second;

	attach();
	cr_assert_eq(shim_guest_record(&guest, &first), 0);
	shim_guest_disconnect(&guest);
	shim_pump(&env, disconnected, NULL);
	cr_assert(!shim_vm(&env, "g")->guest.registered);
	shim_guest_connect(&guest, &env, shim_vm(&env, "g")->config.socket);
	cr_assert_eq(shim_guest_record(&guest, &second), 0);
	cr_assert(memcmp(first.epoch, second.epoch, ISAHP_EPOCH_SIZE));
	cr_assert_eq(second.sequence, 1);
}

static bool closed(void *arg)
{
	char byte;

	return recv(*(int *)arg, &byte, 1, MSG_DONTWAIT) == 0;
}

Test(hypercall, second_qemu_is_turned_away)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, shim_vm(&env, "g")->config.socket);
	cr_assert_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	shim_pump(&env, closed, &fd);
	close(fd);
	attach();
}

Test(hypercall, page_of_another_time_is_replaced_until_acknowledged)
{
	static struct isahp_host_page old;
	struct isahp_record record;

	attach();
	/* What a snapshot or a migration does to BAR2, RAM as it is. */
	memset(&old, 0xa5, sizeof(old));
	memcpy(guest.host, &old, sizeof(old));
	shim_guest_await(&guest, ISAHP_RECORD_COMMIT, &record);
	cr_assert(isahp_features_has(&record.present, ISAHP_FEATURE_AVX2));
	/* Lost again before the guest looked. */
	memcpy(guest.host, &old, sizeof(old));
	shim_guest_await(&guest, ISAHP_RECORD_COMMIT, &record);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	cr_assert(!shim_vm(&env, "g")->reassert);
}

Test(hypercall, resume_reasserts_until_acknowledged)
{
	__u64 rewrites;

	attach();
	rewrites = shim_vm(&env, "g")->stats.rewrites;
	shim_request(&env, &call, "{\"command\":\"vm-resume\",\"arguments\":{\"vm\":\"g\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE);
	shim_call_fini(&call);
	shim_linger(&env, 300);
	cr_assert_gt(shim_vm(&env, "g")->stats.rewrites, rewrites + 2);
	shim_guest_await(&guest, ISAHP_RECORD_COMMIT, NULL);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	rewrites = shim_vm(&env, "g")->stats.rewrites;
	shim_linger(&env, 300);
	cr_assert_eq(shim_vm(&env, "g")->stats.rewrites, rewrites);
}

Test(hypercall, policy_refusal_names_feature_and_reason)
{
	attach();
	shim_request(&env, &call,
		     "{\"command\":\"announce\",\"arguments\":{\"vm\":\"g\",\"remove\":\"bmi1,avx,cx16\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_POLICY);
	cr_assert(strstr(call.err.text, "bmi1 (silent") &&
		  strstr(call.err.text, "avx (owns") &&
		  strstr(call.err.text, "cx16 (pinned"), "%s", call.err.text);
	shim_call_fini(&call);
	cr_assert_eq(shim_vm(&env, "g")->record.sequence, 1);
}

static bool storm(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 100; i++) {
		shim_guest_ring(&guest);
		uv_run(&env.loop, UV_RUN_NOWAIT);
	}
	return shim_vm(&env, "g")->stats.throttled > 0;
}

Test(hypercall, doorbell_storm_is_throttled_and_survived)
{
	attach();
	shim_pump(&env, storm, NULL);
	cr_assert_eq(shim_guest_register(&guest, "none", XCR0_AVX), 0);
}
