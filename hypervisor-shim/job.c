// SPDX-License-Identifier: GPL-2.0-or-later
#include "job.h"

#include <errno.h>

#include <isa-core/features.h>

#include "policy/names.h"
#include "policy/text.h"

/* A guest that missed the interrupt looks once in this time. */
#define MARGIN_MS (ISAHP_POLL_IDLE_NS / 1000000 + 500)

int isahp_job_begin(struct isahp_job *job, struct isahp_error *err)
{
	if (job->vm->job)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -EBUSY,
				       "VM '%s' is busy with %s: wait, or `isahpctl abort %s`",
				       job->vm->config.name,
				       job->vm->job->what, job->vm->config.name);
	job->vm->job = job;
	return 0;
}

void isahp_job_end(struct isahp_job *job)
{
	isahp_vm_await_cancel(job->vm);
	job->vm->job = NULL;
}

void isahp_job_progress(struct isahp_job *job, const char *stage)
{
	isahp_log(ISAHP_LOG_DEBUG, "vm %s: %s: %s", job->vm->config.name,
		  job->what, stage);
	job->call->progress(job->call, json_pack("{s:s, s:s}", "stage", stage,
						 "vm", job->vm->config.name));
}

static const char *verdict_name(const struct isahp_answer *answer)
{
	if (!answer->valid)
		return "none";
	return answer->verdict == ISAHP_ACK ? "ack" : "nak";
}

static const char *reason_name(__u32 reason)
{
	static const char *const names[] = {
		[ISAHP_NAK_NONE] = "none",
		[ISAHP_NAK_DEADLINE] = "deadline",
		[ISAHP_NAK_VETO] = "veto",
		[ISAHP_NAK_PINNED] = "pinned",
		[ISAHP_NAK_VDSO] = "vdso",
	};

	if (reason >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[reason];
}

static json_t *laggards_to_json(const struct isahp_answer *answer)
{
	json_t *array = json_array();
	__u32 i;

	for (i = 0; i < answer->listed; i++)
		json_array_append_new(
			array,
			json_pack("{s:I, s:s, s:s}", "pid",
				  (json_int_t)answer->laggard[i].pid, "comm",
				  answer->laggard[i].comm, "reason",
				  reason_name(answer->laggard[i].reason)));
	return array;
}

json_t *isahp_answer_to_json(const struct isahp_vm *vm)
{
	const struct isahp_answer *a = &vm->answer;

	return json_pack("{s:s, s:I, s:s, s:s, s:f, s:f, s:I, s:I, s:I, s:I, s:o}",
			 "vm", vm->config.name,
			 "sequence", (json_int_t)vm->record.sequence,
			 "verdict", verdict_name(a),
			 "reason", reason_name(a->reason),
			 "ack_ms", (double)a->latency_ns / 1e6,
			 "guest_elapsed_ms", (double)a->elapsed_ns / 1e6,
			 "registrants", (json_int_t)a->registrants,
			 "concerned", (json_int_t)a->concerned,
			 "laggards_total", (json_int_t)a->laggards,
			 "untracked", (json_int_t)a->untracked,
			 "laggards", laggards_to_json(a));
}

static void explain_nak(const struct isahp_vm *vm, struct isahp_error *err)
{
	const struct isahp_answer *a = &vm->answer;
	bool veto = a->reason == ISAHP_NAK_VETO;
	const char *between = veto ? ": vetoed by " : ": not acknowledged by ";
	__u32 i;

	isahp_error_set(err, ISAHP_ERROR_UNACKED, -EBUSY,
			"the guest of VM '%s' refused (%s)", vm->config.name,
			reason_name(a->reason));
	for (i = 0; i < a->listed; i++) {
		/* A veto ends the wait: who had time left is not to blame. */
		if (veto && a->laggard[i].reason != ISAHP_NAK_VETO)
			continue;
		isahp_text_append(err->text, sizeof(err->text), "%s", between);
		if (a->laggard[i].pid)
			isahp_text_append(err->text, sizeof(err->text),
					  "%s pid %u in VM '%s'",
					  a->laggard[i].comm, a->laggard[i].pid,
					  vm->config.name);
		else
			isahp_text_append(err->text, sizeof(err->text),
					  "%s in the kernel of VM '%s'",
					  a->laggard[i].comm, vm->config.name);
		between = ", ";
	}
	if (!veto && a->laggards > a->listed)
		isahp_text_append(err->text, sizeof(err->text),
				  " and %u more", a->laggards - a->listed);
}

void isahp_answer_explain(const struct isahp_vm *vm, enum isahp_await how,
			  struct isahp_error *err)
{
	const char *name = vm->config.name;

	if (how == ISAHP_AWAIT_NAK)
		explain_nak(vm, err);
	else if (how == ISAHP_AWAIT_TIMEOUT)
		isahp_error_set(err, ISAHP_ERROR_UNACKED, -ETIMEDOUT,
				"the guest of VM '%s' has not answered: is it running, with its module loaded?",
				name);
	else
		isahp_error_set(err, ISAHP_ERROR_UNACKED, -ENOTCONN,
				"the guest of VM '%s' went away before it answered",
				name);
}

__u64 isahp_vm_prepare(struct isahp_vm *vm, const struct isahp_features *leaving,
		       __u32 vendor_next, __u64 deadline_ms)
{
	struct isahp_record record = {
		.type = ISAHP_RECORD_PREPARE,
		.vendor = vm->record.vendor,
		.vendor_next = vendor_next,
		.present = vm->record.present,
		.leaving = *leaving,
	};

	if (deadline_ms > ISAHP_DEADLINE_MAX_NS / 1000000)
		deadline_ms = ISAHP_DEADLINE_MAX_NS / 1000000;
	if (deadline_ms < ISAHP_DEADLINE_MIN_NS / 1000000)
		deadline_ms = ISAHP_DEADLINE_MIN_NS / 1000000;
	record.deadline_ns = deadline_ms * 1000000;
	isahp_vm_publish(vm, &record);
	return deadline_ms + MARGIN_MS;
}

void isahp_vm_abort(struct isahp_vm *vm)
{
	isahp_vm_settle(vm, ISAHP_RECORD_ABORT, &vm->record.present,
			vm->record.vendor);
}

void isahp_vm_settle(struct isahp_vm *vm, __u32 type,
		     const struct isahp_features *present, __u32 vendor)
{
	struct isahp_record record = {
		.type = type,
		.vendor = vendor,
		.vendor_next = vendor,
		.present = *present,
	};

	isahp_vm_publish(vm, &record);
}
