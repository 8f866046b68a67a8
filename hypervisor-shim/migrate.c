// SPDX-License-Identifier: GPL-2.0-or-later
#include "migrate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "attributes.h"
#include "policy/names.h"
#include "policy/text.h"
#include "qmp.h"

#define LOOK_MS 200
#define FIGURES_MS 5
#define FIGURES_ASKED_MAX 200

enum stage {
	STAGE_PREPARING,
	STAGE_MOVING,		/* QEMU was asked to migrate */
	STAGE_CANCELLING,	/* QEMU was asked to stop that */
	STAGE_CONCLUDING,	/* the VM is at its new host */
	STAGE_ABORTING,		/* it is not, and the guest is being told */
};

/**
 * struct migrate - the job
 * @job: as others see it.
 * @args: as asked; the URI is ours.
 * @leaving: what the guest loses.
 * @stage: how far it is.
 * @err: why it failed, from STAGE_CANCELLING on.
 * @answer: of the guest to the PREPARE, or NULL.
 * @begun_ns: when QEMU was asked.
 * @timer: to look at QEMU's progress.
 * @looking: query-migrate is under way.
 * @asked: how often QEMU had no figures at the end.
 */
struct migrate {
	struct isahp_job job;
	struct isahp_migrate_args args;
	char *uri;
	struct isahp_features leaving;
	enum stage stage;
	struct isahp_error err;
	json_t *answer;
	__u64 begun_ns;
	uv_timer_t timer;
	bool looking;
	unsigned int asked;
};

static void migrate_freed(uv_handle_t *handle)
{
	struct migrate *m = handle->data;

	json_decref(m->answer);
	free(m->uri);
	free(m);
}

/* Takes over @data. */
static void migrate_finish(struct migrate *m, json_t *data,
			   const struct isahp_error *err)
{
	struct isahp_call *call = m->job.call;
	struct isahp_qmp *qmp = m->job.vm->qmp;

	if (qmp) {
		isahp_qmp_follow(qmp, NULL, NULL);
		isahp_qmp_forget(qmp, m);
	}
	isahp_job_end(&m->job);
	call->cancel = NULL;
	call->finish(call, data, err);
	uv_close((uv_handle_t *)&m->timer, migrate_freed);
}

/* --- it did not work ------------------------------------------------------- */

static void aborted(struct isahp_vm *vm, enum isahp_await how, void *data)
{
	struct migrate *m = data;
	struct isahp_error err = m->err;
	json_t *answer = m->answer ? json_incref(m->answer) : json_object();

	(void)vm;
	json_object_set_new(answer, "abort_acknowledged",
			    json_boolean(how == ISAHP_AWAIT_ACK));
	migrate_finish(m, answer, &err);
}

/* The guest gets back what it let go; then the call fails with @m->err. */
static void migrate_abort(struct migrate *m)
{
	struct isahp_vm *vm = m->job.vm;
	bool told = vm->attached && vm->record.type == ISAHP_RECORD_PREPARE;

	m->stage = STAGE_ABORTING;
	uv_timer_stop(&m->timer);
	if (told) {
		isahp_job_progress(&m->job, "abort");
		isahp_vm_abort(vm);
	}
	isahp_vm_await(vm, told && vm->guest.registered ? ISAHP_SETTLE_MS : 0,
		       aborted, m);
}

static void migrate_fail(struct migrate *m, const char *how, const char *why)
{
	if (m->stage == STAGE_MOVING)
		isahp_error_set(&m->err, ISAHP_ERROR_FAILED, -EIO,
				"the migration of VM '%s' %s%s%s; it runs on here, as before",
				m->job.vm->config.name, how, why ? ": " : "",
				why ? why : "");
	migrate_abort(m);
}

/* --- QEMU ------------------------------------------------------------------ */

static double member_ms(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void ask_figures(uv_timer_t *timer);

/* @result: what query-migrate said, or NULL when nobody can say it any more. */
static void migrate_report(struct migrate *m, const json_t *result)
{
	double total_ms = (double)(uv_hrtime() - m->begun_ns) / 1e6;
	struct isahp_vm *vm = m->job.vm;
	json_t *report;

	report = json_pack("{s:s, s:f, s:o, s:b}", "vm", vm->config.name,
			   "total_ms",
			   result ? member_ms(result, "total-time") : total_ms,
			   "left", isahp_names_to_json(&m->leaving),
			   "registered", vm->guest.registered);
	if (result)
		json_object_set_new(report, "downtime_ms",
				    json_real(member_ms(result, "downtime")));
	if (m->answer)
		json_object_set(report, "answer", m->answer);
	migrate_finish(m, report, NULL);
}

static void got_figures(struct isahp_vm *vm, const json_t *result,
			const char *why, void *data)
{
	struct migrate *m = data;

	/*
	 * QEMU announces the end shortly before it has added its times up, and
	 * says 0 until then.
	 */
	if (result && !member_ms(result, "total-time") &&
	    ++m->asked < FIGURES_ASKED_MAX) {
		uv_timer_start(&m->timer, ask_figures, FIGURES_MS, 0);
		return;
	}
	/* A source that quits at once can not be asked. */
	if (!result || m->asked == FIGURES_ASKED_MAX)
		isahp_log(ISAHP_LOG_WARNING, "vm %s: no figures from QEMU: %s",
			  vm->config.name, why ? why : "it does not have them");
	migrate_report(m, m->asked == FIGURES_ASKED_MAX ? NULL : result);
}

static void ask_figures(uv_timer_t *timer)
{
	struct migrate *m = timer->data;

	if (isahp_qmp_command(m->job.vm->qmp, "query-migrate", NULL, got_figures,
			      m))
		migrate_report(m, NULL);
}

static void migrate_conclude(struct migrate *m)
{
	struct isahp_vm *vm = m->job.vm;

	m->stage = STAGE_CONCLUDING;
	uv_timer_stop(&m->timer);
	/* From here on nobody may let it run here: qmp.c stops it if one does. */
	isahp_vm_run_state_set(vm, ISAHP_RUN_GONE);
	isahp_attributes_gone(vm);
	isahp_log(ISAHP_LOG_INFO, "vm %s: has moved to %s", vm->config.name,
		  m->uri);
	isahp_job_progress(&m->job, "completed");
	ask_figures(&m->timer);
}

static void connection_lost(struct migrate *m)
{
	struct isahp_vm *vm = m->job.vm;

	isahp_error_set(&m->err, ISAHP_ERROR_FAILED, -ENOTCONN,
			"QEMU of VM '%s' went away while it was migrating: look at %s whether it has arrived",
			vm->config.name, m->uri);
	/* If it runs here nonetheless, its guest stays reduced: the safe side. */
	m->stage = STAGE_ABORTING;
	uv_timer_stop(&m->timer);
	isahp_vm_await(vm, 0, aborted, m);
}

static void status_changed(struct migrate *m, const char *status,
			   const char *why)
{
	if (m->stage != STAGE_MOVING && m->stage != STAGE_CANCELLING)
		return;
	if (!strcmp(status, "completed"))
		migrate_conclude(m);
	else if (!strcmp(status, "failed"))
		migrate_fail(m, "failed", why);
	else if (!strcmp(status, "cancelled"))
		migrate_fail(m, "was cancelled in QEMU", NULL);
}

static void looked(struct isahp_vm *vm, const json_t *result, const char *why,
		   void *data)
{
	struct migrate *m = data;
	const char *status = json_string_value(json_object_get(result, "status"));
	const char *desc = json_string_value(json_object_get(result, "error-desc"));
	json_t *ram = json_object_get(result, "ram");
	char shown[256] = "";

	(void)why;
	m->looking = false;
	if (!status || (m->stage != STAGE_MOVING && m->stage != STAGE_CANCELLING))
		return;
	if (!strcmp(status, "active"))
		m->job.call->progress(
			m->job.call,
			json_pack("{s:s, s:s, s:f}", "stage", "active", "vm",
				  vm->config.name, "transferred_mb",
				  member_ms(ram, "transferred") / 1e6));
	if (desc)
		isahp_text_sanitize(shown, sizeof(shown), desc, strlen(desc));
	status_changed(m, status, desc ? shown : NULL);
}

static void look(uv_timer_t *timer)
{
	struct migrate *m = timer->data;

	if (!m->looking)
		m->looking = !isahp_qmp_command(m->job.vm->qmp, "query-migrate",
						NULL, looked, m);
}

static void migration_event(struct isahp_vm *vm, const json_t *result,
			    const char *why, void *data)
{
	struct migrate *m = data;
	const char *status = json_string_value(result);

	if (why) {
		if (m->stage == STAGE_MOVING || m->stage == STAGE_CANCELLING)
			connection_lost(m);
		return;
	}
	if (!status)
		return;
	isahp_log(ISAHP_LOG_DEBUG, "vm %s: migration %s", vm->config.name, status);
	/* Why it failed is in query-migrate. */
	if (!strcmp(status, "failed"))
		look(&m->timer);
	else
		status_changed(m, status, NULL);
}

static void started(struct isahp_vm *vm, const json_t *result, const char *why,
		    void *data)
{
	struct migrate *m = data;

	(void)vm;
	if (!result && m->stage == STAGE_MOVING && vm->qmp &&
	    isahp_qmp_ready(vm->qmp))
		migrate_fail(m, "was refused by QEMU", why);
}

static void migrate_move(struct migrate *m)
{
	struct isahp_vm *vm = m->job.vm;
	int rc;

	m->stage = STAGE_MOVING;
	m->begun_ns = uv_hrtime();
	isahp_job_progress(&m->job, "migrate");
	isahp_qmp_follow(vm->qmp, migration_event, m);
	rc = isahp_qmp_command(vm->qmp, "migrate",
			       json_pack("{s:s}", "uri", m->uri), started, m);
	if (rc) {
		migrate_fail(m, "could not be started", "QMP is not connected");
		return;
	}
	uv_timer_start(&m->timer, look, LOOK_MS, LOOK_MS);
}

/* --- the guest ------------------------------------------------------------- */

static void prepared(struct isahp_vm *vm, enum isahp_await how, void *data)
{
	struct migrate *m = data;

	m->answer = isahp_answer_to_json(vm);
	if (how == ISAHP_AWAIT_ACK) {
		migrate_move(m);
		return;
	}
	isahp_answer_explain(vm, how, &m->err);
	if (m->args.force && vm->attached) {
		isahp_log(ISAHP_LOG_WARNING, "vm %s: forced: %s",
			  vm->config.name, m->err.text);
		migrate_move(m);
		return;
	}
	isahp_text_append(m->err.text, sizeof(m->err.text),
			  "; not migrated (--force does it nonetheless)");
	migrate_abort(m);
}

/* @m->err says why. */
static void migrate_call_off(struct migrate *m)
{
	m->stage = STAGE_CANCELLING;
	isahp_job_progress(&m->job, "cancel");
	isahp_qmp_command(m->job.vm->qmp, "migrate_cancel", NULL, NULL, NULL);
}

static void migrate_stop(struct isahp_job *job)
{
	struct migrate *m = (struct migrate *)job;

	if (m->stage > STAGE_MOVING)
		return;
	isahp_error_set(&m->err, ISAHP_ERROR_CANCELLED, -ECANCELED,
			"cancelled; VM '%s' runs on here, as before",
			job->vm->config.name);
	if (m->stage == STAGE_PREPARING) {
		isahp_vm_await_cancel(job->vm);
		migrate_abort(m);
		return;
	}
	migrate_call_off(m);
}

/*
 * While memory was being copied the guest has crashed and started anew, or its
 * module has: nobody in there has let go of anything.
 */
static void migrate_withdrawn(struct isahp_job *job)
{
	struct migrate *m = (struct migrate *)job;

	/* Without an answer nothing was asked. */
	if (m->stage != STAGE_MOVING || m->args.force || !m->answer)
		return;
	isahp_error_set(&m->err, ISAHP_ERROR_UNACKED, -ESTALE,
			"the guest of VM '%s' started anew after it had acknowledged; not migrated, it runs on here (try again)",
			job->vm->config.name);
	migrate_call_off(m);
}

static void migrate_abandon(struct isahp_job *job)
{
	struct migrate *m = (struct migrate *)job;
	struct isahp_vm *vm = job->vm;
	struct isahp_error err;

	if (m->stage == STAGE_MOVING || m->stage == STAGE_CANCELLING) {
		isahp_qmp_command(vm->qmp, "migrate_cancel", NULL, NULL, NULL);
		/* Whether it leaves is not known: the guest must stay reduced. */
		isahp_vm_run_state_set(vm, ISAHP_RUN_GONE);
	}
	isahp_error_set(&err, ISAHP_ERROR_FAILED, -ECANCELED,
			"VM '%s' is being removed", vm->config.name);
	migrate_finish(m, NULL, &err);
}

static void migrate_cancel(struct isahp_call *call)
{
	migrate_stop(call->context);
}

/* --- beginning ------------------------------------------------------------- */

static int check(struct isahp_vm *vm, const struct isahp_migrate_args *args,
		 struct isahp_features *ret_leaving, bool *ret_ask,
		 struct isahp_error *err)
{
	const char *name = vm->config.name;
	struct isahp_rules policy = isahp_vm_policy(vm);
	int rc;

	if (vm->run_state == ISAHP_RUN_GONE)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOTCONN,
				       "VM '%s' has migrated away already", name);
	if (!vm->qmp || !isahp_qmp_ready(vm->qmp))
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOTCONN,
				       "no QMP connection to VM '%s': is QEMU running, and does `vm add --qmp` name its socket?",
				       name);
	if (!vm->attached)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOTCONN,
				       "VM '%s' is not attached: has its QEMU connected to %s?",
				       name, isahp_vm_socket_path(vm));
	if (vm->run_state != ISAHP_RUN_RUNNING)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -EINVAL,
				       "VM '%s' is not running: its guest could not answer",
				       name);
	if (vm->phase > ISAHP_PHASE_STEADY && !vm->job)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -EBUSY,
				       "a PREPARE is pending in VM '%s': commit or abort it first",
				       name);
	rc = isahp_rules_move(&policy, &args->target, ret_leaving, err);
	if (rc)
		return rc;
	*ret_ask = !isahp_features_empty(ret_leaving) ||
		   args->vendor != vm->record.vendor;
	if (*ret_ask && !vm->guest.registered && !args->force)
		return isahp_error_set(err, ISAHP_ERROR_UNACKED, -ENOTCONN,
				       "nobody in VM '%s' can acknowledge: its guest has not registered (load its module, or --force)",
				       name);
	*ret_ask = *ret_ask && vm->guest.registered;
	return 0;
}

static struct migrate *migrate_new(struct isahp_vm *vm,
				   const struct isahp_migrate_args *args,
				   struct isahp_call *call,
				   struct isahp_error *err)
{
	struct migrate *m = calloc(1, sizeof(*m));

	if (m)
		m->uri = strdup(args->uri);
	if (!m || !m->uri) {
		isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM, "out of memory");
		goto err;
	}
	m->job.vm = vm;
	m->job.what = "migrate";
	m->job.call = call;
	m->job.stop = migrate_stop;
	m->job.withdrawn = migrate_withdrawn;
	m->job.abandon = migrate_abandon;
	m->args = *args;
	m->args.uri = m->uri;
	if (isahp_job_begin(&m->job, err))
		goto err;
	uv_timer_init(vm->host->loop, &m->timer);
	m->timer.data = m;
	call->cancel = migrate_cancel;
	call->context = m;
	return m;

err:
	if (m)
		free(m->uri);
	free(m);
	return NULL;
}

int isahp_migrate(struct isahp_vm *vm, const struct isahp_migrate_args *args,
		  struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_features leaving;
	struct migrate *m;
	bool ask;
	int rc;

	rc = check(vm, args, &leaving, &ask, err);
	if (rc)
		return rc;
	m = migrate_new(vm, args, call, err);
	if (!m)
		return -EBUSY;
	m->leaving = leaving;
	if (!ask) {
		migrate_move(m);
		return 0;
	}
	isahp_job_progress(&m->job, "prepare");
	isahp_vm_await(vm,
		       isahp_vm_prepare(vm, &leaving, args->vendor,
					args->deadline_ms),
		       prepared, m);
	return 0;
}
