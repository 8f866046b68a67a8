// SPDX-License-Identifier: GPL-2.0-or-later
#include "show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "attributes.h"
#include "policy/names.h"
#include "qmp.h"

#define LOOK_MS 5

static const char *record_name(__u32 type)
{
	static const char *const names[] = {
		"none", "announce", "prepare", "commit", "abort",
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "none";
}

static const char *phase_name(const struct isahp_vm *vm)
{
	static const char *const names[] = {
		[ISAHP_PHASE_DETACHED] = "detached",
		[ISAHP_PHASE_STEADY] = "steady",
		[ISAHP_PHASE_LEAVING] = "leaving",
		[ISAHP_PHASE_QUIESCED] = "quiesced",
	};

	return vm->phase < sizeof(names) / sizeof(names[0]) ? names[vm->phase] :
							      "unknown";
}

static const char *run_state_name(enum isahp_run_state state)
{
	static const char *const names[] = {
		[ISAHP_RUN_UNKNOWN] = "unknown",
		[ISAHP_RUN_INCOMING] = "incoming",
		[ISAHP_RUN_RUNNING] = "running",
		[ISAHP_RUN_STOPPED] = "stopped",
		[ISAHP_RUN_GONE] = "migrated",
	};

	return names[state];
}

static json_t *epoch_json(const __u8 *epoch)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * ISAHP_EPOCH_SIZE + 1];
	int i;

	for (i = 0; i < ISAHP_EPOCH_SIZE; i++) {
		text[2 * i] = digits[epoch[i] >> 4];
		text[2 * i + 1] = digits[epoch[i] & 15];
	}
	text[2 * ISAHP_EPOCH_SIZE] = '\0';
	return json_string(text);
}

static json_t *guest_json(const struct isahp_vm_guest *guest)
{
	json_t *json = json_pack("{s:b}", "registered", guest->registered);

	if (guest->refused_version)
		json_object_set_new(json, "refused_version",
				    json_integer(guest->refused_version));
	if (!guest->registered)
		return json;
	json_object_update_new(
		json, json_pack("{s:s, s:i, s:s, s:I, s:I, s:I, s:o, s:o}",
				"release", guest->release, "version",
				(int)guest->version, "boot_vendor",
				isahp_vendor_name(guest->boot_vendor), "cpus",
				(json_int_t)guest->cpus, "xcr0",
				(json_int_t)guest->xcr0, "xsave_size",
				(json_int_t)guest->xsave_size, "pinned",
				isahp_names_to_json(&guest->pinned), "visible",
				isahp_names_to_json(&guest->visible)));
	if (guest->layout.known) {
		json_object_set_new(json, "xsave",
				    isahp_layout_to_json(&guest->layout));
		json_object_set_new(json, "xsave_compacted",
				    json_boolean(guest->xsave_flags &
						 ISAHP_XSAVE_F_COMPACTED));
	}
	return json;
}

static json_t *record_json(const struct isahp_record *record)
{
	return json_pack("{s:s, s:o, s:I, s:s, s:s, s:o, s:o}", "type",
			 record_name(record->type), "epoch",
			 epoch_json(record->epoch), "sequence",
			 (json_int_t)record->sequence, "vendor",
			 isahp_vendor_name(record->vendor), "vendor_next",
			 isahp_vendor_name(record->vendor_next), "present",
			 isahp_names_to_json(&record->present), "leaving",
			 isahp_names_to_json(&record->leaving));
}

static json_t *stats_json(const struct isahp_vm_stats *s)
{
	double mean = s->acks ? (double)s->ack_latency_sum_ns / s->acks : 0;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f}",
			 "records", (json_int_t)s->records,
			 "acks", (json_int_t)s->acks,
			 "naks", (json_int_t)s->naks,
			 "hypercalls", (json_int_t)s->hypercalls,
			 "bad_requests", (json_int_t)s->bad_requests,
			 "throttled", (json_int_t)s->throttled,
			 "rewrites", (json_int_t)s->rewrites,
			 "attachments", (json_int_t)s->attachments,
			 "ack_ms_last", (double)s->ack_latency_last_ns / 1e6,
			 "ack_ms_mean", mean / 1e6,
			 "ack_ms_max", (double)s->ack_latency_max_ns / 1e6);
}

json_t *isahp_show_vm(struct isahp_vm *vm)
{
	json_t *show = json_pack(
		"{s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:b, s:b, s:s}", "name",
		vm->config.name, "kind", vm->config.ops->kind, "socket",
		isahp_vm_socket_path(vm), "connected", vm->connected,
		"attached", vm->attached, "phase", phase_name(vm), "run_state",
		run_state_name(vm->run_state), "masked", vm->config.masked,
		"profile_known", vm->profile_known, "job",
		vm->job ? vm->job->what : "none");

	if (!show)
		return NULL;
	if (*vm->config.qmp)
		json_object_set_new(show, "qmp",
				    json_pack("{s:s, s:b}", "path", vm->config.qmp,
					      "connected",
					      vm->qmp && isahp_qmp_ready(vm->qmp)));
	/* Empty: isahpd was not told. */
	if (!isahp_features_empty(&vm->config.baseline))
		json_object_set_new(show, "baseline",
				    isahp_names_to_json(&vm->config.baseline));
	json_object_set_new(show, "envelope",
			    isahp_names_to_json(&vm->config.envelope));
	if (vm->profile_known) {
		json_object_set_new(show, "host_features",
				    isahp_names_to_json(&vm->profile));
		json_object_set_new(show, "host_vendor",
				    json_string(isahp_vendor_name(vm->vendor)));
	}
	if (vm->layout.known) {
		json_object_set_new(show, "host_shown",
				    isahp_names_to_json(&vm->shown));
		json_object_set_new(show, "host_xsave",
				    isahp_layout_to_json(&vm->layout));
	}
	json_object_set_new(show, "attributes", isahp_attributes_show(vm));
	json_object_set_new(show, "record", record_json(&vm->record));
	json_object_set_new(show, "answer", isahp_answer_to_json(vm));
	json_object_set_new(show, "guest", guest_json(&vm->guest));
	json_object_set_new(show, "stats", stats_json(&vm->stats));
	if (vm->config.ops->describe)
		vm->config.ops->describe(vm, show);
	return show;
}

/* --- waiting --------------------------------------------------------------- */

struct condition {
	const char *name;
	bool (*holds)(const struct isahp_vm *vm);
	const char *otherwise;
};

static bool target_known(const struct isahp_vm *vm)
{
	/* Where QEMU can be asked, its answer is awaited: --present is not all. */
	return vm->profile_known && (!*vm->config.qmp || vm->layout.known);
}

static bool guest_registered(const struct isahp_vm *vm)
{
	return vm->guest.registered;
}

static bool settled(const struct isahp_vm *vm)
{
	return vm->attached && !vm->incoming && !vm->reassert &&
	       vm->phase == ISAHP_PHASE_STEADY && vm->guest.registered &&
	       vm->answer.valid && vm->answer.verdict == ISAHP_ACK;
}

static const struct condition conditions[] = {
	{ "target", target_known, "QEMU has not told its features: is it running, with the QMP socket that `vm add` named?" },
	{ "registered", guest_registered, "no guest has registered: is it running, with its module loaded?" },
	{ "settled", settled, "its guest has not acknowledged what is in force" },
};

/**
 * struct wait - a call that looks now and then
 * @host: and
 * @name: the VM by name: it may be removed meanwhile.
 * @condition: what for.
 * @until_ms: by uv_now().
 * @timer: to look again.
 * @call: to be finished; NULL once it was.
 */
struct wait {
	struct isahp_host *host;
	char name[ISAHP_VM_NAME_SIZE];
	const struct condition *condition;
	__u64 until_ms;
	uv_timer_t timer;
	struct isahp_call *call;
};

static void wait_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void wait_finish(struct wait *wait, json_t *data,
			const struct isahp_error *err)
{
	struct isahp_call *call = wait->call;

	uv_close((uv_handle_t *)&wait->timer, wait_closed);
	call->finish(call, data, err);
}

static void wait_look(uv_timer_t *timer)
{
	struct wait *wait = timer->data;
	struct isahp_error err;
	struct isahp_vm *vm = isahp_vm_find(wait->host, wait->name, &err);

	if (!vm) {
		wait_finish(wait, NULL, &err);
		return;
	}
	if (wait->condition->holds(vm)) {
		wait_finish(wait, isahp_show_vm(vm), NULL);
		return;
	}
	if (uv_now(timer->loop) < wait->until_ms)
		return;
	isahp_error_set(&err, ISAHP_ERROR_UNACKED, -ETIMEDOUT, "VM '%s': %s",
			wait->name, wait->condition->otherwise);
	wait_finish(wait, isahp_show_vm(vm), &err);
}

static void wait_cancel(struct isahp_call *call)
{
	struct isahp_error err;

	isahp_error_set(&err, ISAHP_ERROR_CANCELLED, -ECANCELED, "cancelled");
	wait_finish(call->context, NULL, &err);
}

int isahp_show_await(struct isahp_vm *vm, const char *what, __u64 timeout_ms,
		     struct isahp_call *call, struct isahp_error *err)
{
	const struct condition *condition = NULL;
	struct wait *wait;
	size_t i;

	for (i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (!strcmp(conditions[i].name, what))
			condition = &conditions[i];
	if (!condition)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "wait for target, registered or settled");
	wait = calloc(1, sizeof(*wait));
	if (!wait)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	wait->host = vm->host;
	strcpy(wait->name, vm->config.name);
	wait->condition = condition;
	wait->call = call;
	call->cancel = wait_cancel;
	call->context = wait;
	uv_update_time(vm->host->loop);
	wait->until_ms = uv_now(vm->host->loop) + timeout_ms;
	uv_timer_init(vm->host->loop, &wait->timer);
	wait->timer.data = wait;
	uv_timer_start(&wait->timer, wait_look, 0, LOOK_MS);
	return 0;
}
