// SPDX-License-Identifier: GPL-2.0-or-later
#include "announce.h"

#include <errno.h>
#include <stdlib.h>

#include <isa-core/features.h>

#include "policy/names.h"
#include "policy/text.h"

/**
 * struct announce - the job
 * @job: as others see it.
 * @args: as asked.
 * @leaving: what goes.
 * @target: what is there in the end.
 * @aborting: it did not work out: @err says why.
 * @err: for the call, when @aborting.
 * @prepared: the answer to the PREPARE, or NULL.
 */
struct announce {
	struct isahp_job job;
	struct isahp_announce_args args;
	struct isahp_features leaving;
	struct isahp_features target;
	bool aborting;
	struct isahp_error err;
	json_t *prepared;
};

/* Takes over @data. */
static void announce_finish(struct announce *a, json_t *data,
			    const struct isahp_error *err)
{
	struct isahp_call *call = a->job.call;

	isahp_job_end(&a->job);
	json_decref(a->prepared);
	free(a);
	call->finish(call, data, err);
}

static void settled(struct isahp_vm *vm, enum isahp_await how, void *data)
{
	struct announce *a = data;
	struct isahp_error err;
	json_t *answer;

	if (a->aborting) {
		err = a->err;
		answer = a->prepared;
		a->prepared = NULL;
		if (answer)
			json_object_set_new(answer, "abort_acknowledged",
					    json_boolean(how == ISAHP_AWAIT_ACK));
		announce_finish(a, answer, &err);
		return;
	}
	answer = isahp_answer_to_json(vm);
	if (a->prepared)
		json_object_set(answer, "prepare", a->prepared);
	if (how == ISAHP_AWAIT_ACK || !vm->guest.registered) {
		announce_finish(a, answer, NULL);
		return;
	}
	isahp_answer_explain(vm, how, &err);
	isahp_text_append(err.text, sizeof(err.text), "; the change is in force");
	announce_finish(a, answer, &err);
}

static void await_settled(struct announce *a)
{
	struct isahp_vm *vm = a->job.vm;

	/* Nobody is there to answer: the record waits for whoever comes. */
	isahp_vm_await(vm, vm->guest.registered ? ISAHP_SETTLE_MS : 0, settled, a);
}

static void announce_commit(struct announce *a)
{
	struct isahp_vm *vm = a->job.vm;
	__u32 vendor = vm->record.vendor_next;
	__u32 type = vm->record.type == ISAHP_RECORD_PREPARE ?
			     ISAHP_RECORD_COMMIT : ISAHP_RECORD_ANNOUNCE;

	isahp_job_progress(&a->job, type == ISAHP_RECORD_COMMIT ? "commit" :
								  "announce");
	isahp_vm_settle(vm, type, &a->target, vendor);
	await_settled(a);
}

/* Puts things back, and then finishes with @a->err. */
static void announce_abort(struct announce *a)
{
	struct isahp_vm *vm = a->job.vm;

	a->aborting = true;
	if (vm->attached) {
		isahp_job_progress(&a->job, "abort");
		isahp_vm_abort(vm);
	}
	await_settled(a);
}

/* `prepare` alone leaves the PREPARE pending whatever the answer was. */
static void prepared_only(struct announce *a, enum isahp_await how)
{
	struct isahp_error err = a->err;
	struct isahp_vm *vm = a->job.vm;

	if (how == ISAHP_AWAIT_ACK) {
		announce_finish(a, isahp_answer_to_json(vm), NULL);
		return;
	}
	isahp_text_append(err.text, sizeof(err.text),
			  "; still pending, `isahpctl abort %s` ends it",
			  vm->config.name);
	announce_finish(a, isahp_answer_to_json(vm), &err);
}

static void prepared(struct isahp_vm *vm, enum isahp_await how, void *data)
{
	struct announce *a = data;

	if (how != ISAHP_AWAIT_ACK)
		isahp_answer_explain(vm, how, &a->err);
	if (a->args.prepare_only) {
		prepared_only(a, how);
		return;
	}
	a->prepared = isahp_answer_to_json(vm);
	if (how == ISAHP_AWAIT_ACK) {
		announce_commit(a);
		return;
	}
	if (a->args.force && vm->attached) {
		isahp_log(ISAHP_LOG_WARNING, "vm %s: forced: %s",
			  vm->config.name, a->err.text);
		announce_commit(a);
		return;
	}
	announce_abort(a);
}

static void announce_stop(struct isahp_job *job)
{
	struct announce *a = (struct announce *)job;

	if (a->aborting)
		return;
	isahp_vm_await_cancel(job->vm);
	isahp_error_set(&a->err, ISAHP_ERROR_CANCELLED, -ECANCELED,
			"cancelled; VM '%s' is as it was", job->vm->config.name);
	if (job->vm->record.type == ISAHP_RECORD_PREPARE) {
		announce_abort(a);
		return;
	}
	/* Too late: what was announced stands. */
	await_settled(a);
}

static void announce_abandon(struct isahp_job *job)
{
	struct isahp_error err;

	isahp_error_set(&err, ISAHP_ERROR_FAILED, -ECANCELED,
			"VM '%s' is being removed", job->vm->config.name);
	announce_finish((struct announce *)job, NULL, &err);
}

static void announce_cancel(struct isahp_call *call)
{
	announce_stop(call->context);
}

/* --- beginning ------------------------------------------------------------- */

/* What the request comes to: @ret_leaving goes, then there is @ret_target. */
static int plan(struct isahp_vm *vm, const struct isahp_announce_args *args,
		struct isahp_features *ret_leaving,
		struct isahp_features *ret_target, struct isahp_error *err)
{
	struct isahp_rules policy = isahp_vm_policy(vm);
	struct isahp_features remove = args->remove, add = args->add;
	struct isahp_features present;
	int rc;

	if (args->have_present) {
		present = isahp_names_complete(&args->present);
		/* Of what a host has, as at attachment; --add is asked for by name. */
		present = isahp_features_andnot(&present, &policy.gated);
		remove = isahp_features_andnot(&policy.present, &present);
		add = isahp_features_andnot(&present, &policy.present);
	}
	rc = isahp_rules_remove(&policy, &remove, ret_leaving, err);
	if (rc)
		return rc;
	policy.present = isahp_features_andnot(&policy.present, ret_leaving);
	return isahp_rules_add(&policy, &add, ret_target, err);
}

static struct announce *announce_new(struct isahp_vm *vm, const char *what,
				     struct isahp_call *call,
				     struct isahp_error *err)
{
	struct announce *a = calloc(1, sizeof(*a));

	if (!a) {
		isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM, "out of memory");
		return NULL;
	}
	a->job.vm = vm;
	a->job.what = what;
	a->job.call = call;
	a->job.stop = announce_stop;
	a->job.abandon = announce_abandon;
	if (isahp_job_begin(&a->job, err)) {
		free(a);
		return NULL;
	}
	call->cancel = announce_cancel;
	call->context = a;
	return a;
}

static int check_attached(struct isahp_vm *vm, struct isahp_error *err)
{
	if (vm->run_state == ISAHP_RUN_GONE)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOTCONN,
				       "VM '%s' has migrated away: ask the isahpd of its new host",
				       vm->config.name);
	if (!vm->attached)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOTCONN,
				       "VM '%s' is not attached: no QEMU has connected to %s%s",
				       vm->config.name, isahp_vm_socket_path(vm),
				       vm->connected ? ", or QMP does not answer" : "");
	return 0;
}

int isahp_announce(struct isahp_vm *vm, const struct isahp_announce_args *args,
		   struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_features leaving, target;
	struct announce *a;
	int rc = check_attached(vm, err);

	if (!rc)
		rc = plan(vm, args, &leaving, &target, err);
	if (rc)
		return rc;
	if (vm->phase > ISAHP_PHASE_STEADY && !args->prepare_only && !vm->job)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -EBUSY,
				       "a PREPARE is pending in VM '%s': commit or abort it first",
				       vm->config.name);
	if (!vm->guest.registered && !args->force &&
	    (!isahp_features_empty(&leaving) || args->prepare_only))
		return isahp_error_set(err, ISAHP_ERROR_UNACKED, -ENOTCONN,
				       "nobody in VM '%s' can acknowledge: its guest has not registered (load its module, or --force)",
				       vm->config.name);
	a = announce_new(vm, args->prepare_only ? "prepare" : "announce", call, err);
	if (!a)
		return -EBUSY;
	a->args = *args;
	a->leaving = leaving;
	a->target = target;
	if (isahp_features_empty(&leaving) && !args->prepare_only) {
		announce_commit(a);
		return 0;
	}
	isahp_job_progress(&a->job, "prepare");
	isahp_vm_await(vm,
		       isahp_vm_prepare(vm, &leaving,
					args->vendor_next ? args->vendor_next :
							    vm->record.vendor,
					args->deadline_ms),
		       prepared, a);
	return 0;
}

int isahp_announce_settle(struct isahp_vm *vm, __u32 type, bool force,
			  struct isahp_call *call, struct isahp_error *err)
{
	struct announce *a;
	int rc = check_attached(vm, err);

	if (rc)
		return rc;
	if (type == ISAHP_RECORD_ABORT && vm->job) {
		vm->job->stop(vm->job);
		call->finish(call, json_pack("{s:s, s:b}", "vm", vm->config.name,
					     "stopping", 1), NULL);
		return 0;
	}
	if (vm->record.type != ISAHP_RECORD_PREPARE)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -EINVAL,
				       "nothing is being prepared in VM '%s'",
				       vm->config.name);
	if (type == ISAHP_RECORD_COMMIT && !force &&
	    vm->phase != ISAHP_PHASE_QUIESCED)
		return isahp_error_set(err, ISAHP_ERROR_UNACKED, -EBUSY,
				       "the PREPARE in VM '%s' is not acknowledged: wait, abort, or --force",
				       vm->config.name);
	a = announce_new(vm, type == ISAHP_RECORD_COMMIT ? "commit" : "abort",
			 call, err);
	if (!a)
		return -EBUSY;
	a->target = isahp_features_andnot(&vm->record.present,
					  &vm->record.leaving);
	if (type == ISAHP_RECORD_COMMIT) {
		announce_commit(a);
	} else {
		isahp_job_progress(&a->job, "abort");
		isahp_vm_abort(vm);
		await_settled(a);
	}
	return 0;
}
