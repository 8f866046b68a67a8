/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that take time. A call is the requester's end, a job the VM's: a VM
 * has at most one, and each job answers to exactly one call.
 */
#ifndef ISAHP_SHIM_JOB_H
#define ISAHP_SHIM_JOB_H

#include <jansson.h>

#include "vm.h"

/**
 * struct isahp_call - one request of a control client
 * @progress: tell the client something meanwhile; takes over @event.
 * @finish: the answer: @data (taken over) on success, else @err; may carry
 *	both. Called exactly once; the call must not be touched afterwards.
 * @cancel: set by a request that takes time: the client wants it to stop, or
 *	has gone away. The call is finished soon after, not in here.
 * @context: for @cancel.
 */
struct isahp_call {
	void (*progress)(struct isahp_call *call, json_t *event);
	void (*finish)(struct isahp_call *call, json_t *data,
		       const struct isahp_error *err);
	void (*cancel)(struct isahp_call *call);
	void *context;
};

/**
 * struct isahp_job - what is going on with a VM
 * @vm: the VM.
 * @what: for people: "announce", "migrate" ...
 * @call: whom it answers.
 * @stop: end it, putting things back; asynchronous.
 * @withdrawn: another kernel, or another module, speaks for the guest: what had
 *	been acknowledged is void. NULL: the job does not build on it.
 * @abandon: the VM goes away: finish the call and free the job at once.
 */
struct isahp_job {
	struct isahp_vm *vm;
	const char *what;
	struct isahp_call *call;
	void (*stop)(struct isahp_job *job);
	void (*withdrawn)(struct isahp_job *job);
	void (*abandon)(struct isahp_job *job);
};

/**
 * isahp_job_begin - take the VM
 * @job: @vm, @what, @call, @stop and @abandon are set, @withdrawn may be.
 * @err: names the job that is in the way.
 *
 * Return: 0 or -EBUSY.
 */
int isahp_job_begin(struct isahp_job *job, struct isahp_error *err);

/** isahp_job_end - give the VM back; the call is not touched */
void isahp_job_end(struct isahp_job *job);

/** isahp_job_progress - tell the client in which stage the job is */
void isahp_job_progress(struct isahp_job *job, const char *stage);

/**
 * isahp_answer_to_json - an answer as control clients see it
 * @vm: whose answer in force is meant.
 *
 * Return: object; NULL when out of memory.
 */
json_t *isahp_answer_to_json(const struct isahp_vm *vm);

/**
 * isahp_answer_explain - say why there was no ACK
 * @vm: the VM.
 * @how: how waiting ended, not ISAHP_AWAIT_ACK.
 * @err: becomes one line that names the laggards.
 */
void isahp_answer_explain(const struct isahp_vm *vm, enum isahp_await how,
			  struct isahp_error *err);

/**
 * isahp_vm_prepare - publish a PREPARE
 * @vm: attached.
 * @leaving: checked by the policy; may be empty.
 * @vendor_next: enum isahp_vendor.
 * @deadline_ms: for the guest; brought within the protocol's bounds.
 *
 * Return: milliseconds after which an answer is not to be expected any more.
 */
__u64 isahp_vm_prepare(struct isahp_vm *vm, const struct isahp_features *leaving,
		       __u32 vendor_next, __u64 deadline_ms);

/** isahp_vm_abort - publish an ABORT: what was leaving stays */
void isahp_vm_abort(struct isahp_vm *vm);

/**
 * isahp_vm_settle - publish a COMMIT or ANNOUNCE
 * @vm: attached.
 * @type: which of them.
 * @present: what there is from now on.
 * @vendor: enum isahp_vendor from now on.
 */
void isahp_vm_settle(struct isahp_vm *vm, __u32 type,
		     const struct isahp_features *present, __u32 vendor);

/* How long to wait for the answer to an ABORT, COMMIT or ANNOUNCE. */
#define ISAHP_SETTLE_MS 3000
#define ISAHP_DEADLINE_DEFAULT_MS 5000

#endif /* ISAHP_SHIM_JOB_H */
