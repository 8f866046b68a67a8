// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <isa-core/cpuid.h>
#include <isa-core/features.h>

#include "attributes.h"
#include "job.h"
#include "policy/names.h"
#include "policy/text.h"
#include "qmp.h"

#define BUSY_MS (ISAHP_POLL_BUSY_NS / 1000000)
#define IDLE_MS (ISAHP_POLL_IDLE_NS / 1000000)
#define REASSERT_MAX_MS 200

static void poll_arm(struct isahp_vm *vm, __u64 ms);

static bool unanswered(const struct isahp_vm *vm)
{
	return vm->attached && vm->run_state != ISAHP_RUN_GONE &&
	       (vm->reassert || (vm->guest.registered && !vm->answer.valid));
}

/* --- answers --------------------------------------------------------------- */

static void await_end(struct isahp_vm *vm, enum isahp_await how)
{
	isahp_await_fn fn = vm->await_fn;

	if (!fn)
		return;
	vm->await_fn = NULL;
	uv_timer_stop(&vm->await_timer);
	fn(vm, how, vm->await_data);
}

static void await_expired(uv_timer_t *timer)
{
	struct isahp_vm *vm = timer->data;

	if (!vm->answer.valid)
		await_end(vm, vm->attached ? ISAHP_AWAIT_TIMEOUT :
					     ISAHP_AWAIT_DETACHED);
	else
		await_end(vm, vm->answer.verdict == ISAHP_ACK ?
				      ISAHP_AWAIT_ACK : ISAHP_AWAIT_NAK);
}

void isahp_vm_await(struct isahp_vm *vm, __u64 timeout_ms, isahp_await_fn fn,
		    void *data)
{
	vm->await_fn = fn;
	vm->await_data = data;
	/* What is settled already is told from the loop as well. */
	if (vm->answer.valid || !vm->attached)
		timeout_ms = 0;
	uv_update_time(vm->host->loop);
	uv_timer_start(&vm->await_timer, await_expired, timeout_ms, 0);
}

void isahp_vm_await_cancel(struct isahp_vm *vm)
{
	vm->await_fn = NULL;
	uv_timer_stop(&vm->await_timer);
}

void isahp_vm_answered(struct isahp_vm *vm, const struct isahp_answer *answer)
{
	__u64 latency_ns = uv_hrtime() - vm->published_ns;

	/* An ACK is final; a NAK may still turn into one. */
	if (vm->answer.valid && vm->answer.verdict == ISAHP_ACK)
		return;
	vm->answer = *answer;
	vm->answer.valid = true;
	vm->answer.latency_ns = latency_ns;
	vm->reassert = false;
	if (answer->verdict != ISAHP_ACK) {
		vm->stats.naks++;
		await_end(vm, ISAHP_AWAIT_NAK);
		return;
	}
	vm->stats.acks++;
	vm->stats.ack_latency_last_ns = latency_ns;
	vm->stats.ack_latency_sum_ns += latency_ns;
	if (latency_ns > vm->stats.ack_latency_max_ns)
		vm->stats.ack_latency_max_ns = latency_ns;
	if (vm->phase == ISAHP_PHASE_LEAVING)
		vm->phase = ISAHP_PHASE_QUIESCED;
	await_end(vm, ISAHP_AWAIT_ACK);
}

/* Whoever acknowledged is not there any more, and the next one has not yet. */
static void answer_withdraw(struct isahp_vm *vm)
{
	if (vm->answer.valid && vm->job && vm->job->withdrawn)
		vm->job->withdrawn(vm->job);
}

void isahp_vm_joined(struct isahp_vm *vm)
{
	answer_withdraw(vm);
	vm->answer.valid = false;
	if (vm->phase == ISAHP_PHASE_QUIESCED)
		vm->phase = ISAHP_PHASE_LEAVING;
}

void isahp_vm_left(struct isahp_vm *vm)
{
	answer_withdraw(vm);
	memset(&vm->guest, 0, sizeof(vm->guest));
	if (!vm->answer.valid)
		await_end(vm, ISAHP_AWAIT_DETACHED);
}

/* --- records --------------------------------------------------------------- */

void isahp_vm_publish(struct isahp_vm *vm, const struct isahp_record *record)
{
	vm->record.type = record->type;
	vm->record.flags = vm->config.masked ? ISAHP_RECORD_F_MASKED : 0;
	vm->record.sequence++;
	vm->record.deadline_ns = record->deadline_ns;
	vm->record.vendor = record->vendor;
	vm->record.vendor_next = record->vendor_next;
	vm->record.present = record->present;
	vm->record.leaving = record->leaving;
	vm->phase = record->type == ISAHP_RECORD_PREPARE ? ISAHP_PHASE_LEAVING :
							   ISAHP_PHASE_STEADY;
	memset(&vm->answer, 0, sizeof(vm->answer));
	vm->stats.records++;
	vm->published_ns = uv_hrtime();
	vm->config.ops->publish(vm);
	if (vm->config.ops->ring)
		vm->config.ops->ring(vm);
	poll_arm(vm, BUSY_MS);
}

static void epoch_new(struct isahp_vm *vm)
{
	static const __u8 null[ISAHP_EPOCH_SIZE];

	/* Zero means "no epoch"; a short read does not happen below 256 bytes. */
	do {
		if (getrandom(vm->record.epoch, ISAHP_EPOCH_SIZE, 0) !=
		    ISAHP_EPOCH_SIZE)
			continue;
	} while (!memcmp(vm->record.epoch, null, ISAHP_EPOCH_SIZE));
	vm->record.sequence = 0;
}

void isahp_vm_attach(struct isahp_vm *vm, __u32 type)
{
	struct isahp_record record = {
		.type = type,
		.vendor = vm->vendor,
		.vendor_next = vm->vendor,
		.present = vm->profile,
	};

	memset(&vm->guest, 0, sizeof(vm->guest));
	epoch_new(vm);
	vm->attached = true;
	vm->stats.attachments++;
	isahp_log(ISAHP_LOG_INFO, "vm %s: attached, new epoch", vm->config.name);
	isahp_vm_publish(vm, &record);
	if (vm->config.ops->rewrite)
		vm->config.ops->rewrite(vm);
	if (vm->config.ops->ring)
		vm->config.ops->ring(vm);
}

void isahp_vm_reassert(struct isahp_vm *vm)
{
	struct isahp_record record = {
		.type = ISAHP_RECORD_COMMIT,
		.vendor = vm->vendor,
		.vendor_next = vm->vendor,
		.present = vm->record.present,
	};

	if (!vm->attached || vm->run_state == ISAHP_RUN_GONE)
		return;
	isahp_log(ISAHP_LOG_INFO, "vm %s: COMMIT until the guest answers",
		  vm->config.name);
	vm->reassert = true;
	isahp_vm_publish(vm, &record);
	if (vm->config.ops->rewrite)
		vm->config.ops->rewrite(vm);
	if (vm->config.ops->ring)
		vm->config.ops->ring(vm);
}

void isahp_vm_resumed(struct isahp_vm *vm)
{
	struct isahp_record record = vm->record;

	if (!vm->attached || vm->incoming || vm->job || !vm->guest.registered ||
	    vm->run_state == ISAHP_RUN_GONE)
		return;
	isahp_log(ISAHP_LOG_INFO, "vm %s: runs again, asked to acknowledge anew",
		  vm->config.name);
	isahp_vm_publish(vm, &record);
	if (vm->config.ops->rewrite)
		vm->config.ops->rewrite(vm);
	if (vm->config.ops->ring)
		vm->config.ops->ring(vm);
}

void isahp_vm_reset(struct isahp_vm *vm)
{
	if (!vm->attached || vm->run_state == ISAHP_RUN_GONE)
		return;
	isahp_log(ISAHP_LOG_INFO, "vm %s: reset", vm->config.name);
	isahp_vm_left(vm);
	isahp_attributes_rebooted(vm);
	isahp_vm_attach(vm, ISAHP_RECORD_ANNOUNCE);
}

/* --- attachment ------------------------------------------------------------ */

/* What the operator has not said, and of a masked guest what it is not shown. */
static bool must_ask_qemu(const struct isahp_vm_config *config)
{
	return *config->qmp && (!config->have_present || !config->have_vendor ||
				config->masked);
}

static void attach_when_ready(struct isahp_vm *vm)
{
	if (vm->connected && vm->profile_known && !vm->attached)
		isahp_vm_attach(vm, ISAHP_RECORD_ANNOUNCE);
}

void isahp_vm_connected(struct isahp_vm *vm)
{
	vm->connected = true;
	if (vm->run_state == ISAHP_RUN_GONE)
		vm->run_state = ISAHP_RUN_UNKNOWN;
	/* Another QEMU may show other features than the one before. */
	if (vm->qmp)
		isahp_qmp_refresh(vm->qmp);
	attach_when_ready(vm);
}

void isahp_vm_disconnected(struct isahp_vm *vm)
{
	vm->connected = false;
	vm->attached = false;
	vm->reassert = false;
	vm->incoming = false;
	vm->have_reply = false;
	vm->phase = ISAHP_PHASE_DETACHED;
	memset(&vm->record, 0, sizeof(vm->record));
	memset(&vm->answer, 0, sizeof(vm->answer));
	if (must_ask_qemu(&vm->config))
		vm->profile_known = !vm->qmp;
	memset(&vm->shown, 0, sizeof(vm->shown));
	memset(&vm->layout, 0, sizeof(vm->layout));
	isahp_profile_free(&vm->cpu);
	isahp_attributes_awaited_none(vm);
	isahp_attributes_rebooted(vm);
	isahp_vm_left(vm);
}

void isahp_vm_profile_set(struct isahp_vm *vm,
			  const struct isahp_features *profile, __u32 vendor)
{
	struct isahp_features shown =
		vm->config.have_present ? vm->config.present : *profile;
	bool changed;

	if (vm->config.masked) {
		vm->gated = isahp_rules_gated(profile);
		shown = isahp_features_andnot(&shown, &vm->gated);
	}
	changed = !vm->profile_known ||
		  !isahp_features_equal(&shown, &vm->profile);
	if (!vm->config.have_envelope)
		vm->config.envelope = vm->config.have_present ?
					      isahp_features_known() : shown;
	vm->profile = shown;
	vm->vendor = vm->config.have_vendor ? vm->config.vendor : vendor;
	vm->profile_known = true;
	if (changed)
		isahp_log(ISAHP_LOG_INFO, "vm %s: its host's features are known",
			  vm->config.name);
	attach_when_ready(vm);
}

void isahp_vm_shown_set(struct isahp_vm *vm, const struct isahp_features *shown,
			const struct isahp_layout *layout)
{
	vm->shown = *shown;
	vm->layout = *layout;
}

void isahp_vm_run_state_set(struct isahp_vm *vm, enum isahp_run_state state)
{
	bool arrived = state == ISAHP_RUN_RUNNING && vm->incoming;
	bool again = state == ISAHP_RUN_RUNNING &&
		     vm->run_state == ISAHP_RUN_STOPPED && !arrived;

	if (vm->run_state == ISAHP_RUN_GONE)
		return;
	vm->run_state = state;
	if (state == ISAHP_RUN_INCOMING)
		vm->incoming = true;
	if (again)
		isahp_vm_resumed(vm);
	if (!arrived)
		return;
	vm->incoming = false;
	isahp_attributes_arrived(vm);
	isahp_vm_reassert(vm);
}

/* --- polling --------------------------------------------------------------- */

static void poll_tick(uv_timer_t *timer)
{
	struct isahp_vm *vm = timer->data;

	/* While RAM arrives, the pages hold bits of another host's. */
	if (vm->attached && !vm->incoming && vm->run_state != ISAHP_RUN_GONE &&
	    vm->config.ops->poll)
		vm->config.ops->poll(vm);
	if (!unanswered(vm)) {
		poll_arm(vm, vm->phase > ISAHP_PHASE_STEADY ? BUSY_MS : IDLE_MS);
		return;
	}
	if (vm->reassert && vm->config.ops->rewrite)
		vm->config.ops->rewrite(vm);
	if (vm->config.ops->ring)
		vm->config.ops->ring(vm);
	vm->poll_ms += vm->poll_ms / 4 + 1;
	poll_arm(vm, vm->poll_ms < REASSERT_MAX_MS ? vm->poll_ms :
						     REASSERT_MAX_MS);
}

static void poll_arm(struct isahp_vm *vm, __u64 ms)
{
	if (!vm->config.ops->poll)
		return;
	vm->poll_ms = ms;
	uv_timer_start(&vm->poll_timer, poll_tick, ms, 0);
}

void isahp_vm_poll_soon(struct isahp_vm *vm)
{
	poll_arm(vm, BUSY_MS);
}

/* --- life ------------------------------------------------------------------ */

static bool name_valid(const char *name)
{
	const char *c;

	if (!*name || *name == '.' || *name == '-')
		return false;
	for (c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
			return false;
	return strlen(name) < ISAHP_VM_NAME_SIZE;
}

static int config_check(struct isahp_host *host,
			const struct isahp_vm_config *config,
			struct isahp_error *err)
{
	struct isahp_error unused;

	if (!name_valid(config->name))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "a VM's name is 1 to %d letters, digits, '-', '_' or '.'",
				       ISAHP_VM_NAME_SIZE - 1);
	if (isahp_vm_find(host, config->name, &unused))
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -EEXIST,
				       "VM '%s' exists: `isahpctl vm remove %s` first",
				       config->name, config->name);
	if (host->vm_count >= ISAHP_VMS_MAX)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOSPC,
				       "there are %d VMs already: remove one",
				       ISAHP_VMS_MAX);
	if (config->ops->no_state && *config->qmp)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "a %s has no QEMU to ask: leave out --qmp",
				       config->ops->kind);
	if (!config->have_present && !*config->qmp)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "what does VM '%s' have? Give --present LIST or --qmp PATH",
				       config->name);
	if (!config->have_present && config->masked)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "QEMU shows only what is not masked: give --present LIST with --masked");
	return 0;
}

/* Without QEMU to ask, the operator's word and this host's CPU must do. */
static void profile_init(struct isahp_vm *vm)
{
	struct isahp_vm_config *config = &vm->config;
	struct isahp_features native = isahp_cpuid_features();

	config->present = isahp_names_complete(&config->present);
	if (config->have_envelope)
		config->envelope = isahp_features_or(&config->envelope,
						     &config->present);
	else if (config->ops->no_state)
		config->envelope = isahp_features_or(&native, &config->present);
	else
		config->envelope = isahp_features_known();
	vm->profile = config->present;
	vm->vendor = config->have_vendor ? config->vendor : isahp_cpuid_vendor();
	vm->profile_known = !must_ask_qemu(config);
}

static void link_last(struct isahp_host *host, struct isahp_vm *vm)
{
	struct isahp_vm **end;

	for (end = &host->vms; *end; end = &(*end)->next)
		;
	*end = vm;
	host->vm_count++;
}

static void timers_closed(uv_handle_t *handle)
{
	struct isahp_vm *vm = handle->data;

	if (--vm->closing)
		return;
	isahp_attributes_free(vm);
	free(vm);
}

static void timers_close(struct isahp_vm *vm)
{
	vm->closing = 2;
	uv_close((uv_handle_t *)&vm->await_timer, timers_closed);
	uv_close((uv_handle_t *)&vm->poll_timer, timers_closed);
}

int isahp_vm_add(struct isahp_host *host, const struct isahp_vm_config *config,
		 struct isahp_vm **ret_vm, struct isahp_error *err)
{
	struct isahp_vm *vm;
	int rc = config_check(host, config, err);

	if (rc)
		return rc;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	vm->host = host;
	vm->config = *config;
	profile_init(vm);
	uv_timer_init(host->loop, &vm->await_timer);
	uv_timer_init(host->loop, &vm->poll_timer);
	vm->await_timer.data = vm;
	vm->poll_timer.data = vm;
	rc = vm->config.ops->start(vm, err);
	if (rc)
		goto err_start;
	if (*config->qmp) {
		rc = isahp_qmp_start(vm, err);
		if (rc)
			goto err_qmp;
	}
	link_last(host, vm);
	isahp_log(ISAHP_LOG_INFO, "vm %s: added, %s at %s", vm->config.name,
		  vm->config.ops->kind, isahp_vm_socket_path(vm));
	*ret_vm = vm;
	return 0;

err_qmp:
	vm->config.ops->stop(vm);
err_start:
	timers_close(vm);
	return rc;
}

void isahp_vm_remove(struct isahp_vm *vm)
{
	struct isahp_vm **link;

	if (vm->job)
		vm->job->abandon(vm->job);
	isahp_vm_await_cancel(vm);
	/* Nobody will be there to end it: the guest need not wait. */
	if (vm->attached && vm->run_state != ISAHP_RUN_GONE &&
	    vm->record.type == ISAHP_RECORD_PREPARE)
		isahp_vm_abort(vm);
	for (link = &vm->host->vms; *link != vm; link = &(*link)->next)
		;
	*link = vm->next;
	vm->host->vm_count--;
	isahp_log(ISAHP_LOG_INFO, "vm %s: removed", vm->config.name);
	if (vm->qmp)
		isahp_qmp_stop(vm->qmp);
	vm->config.ops->stop(vm);
	timers_close(vm);
}

struct isahp_vm *isahp_vm_find(struct isahp_host *host, const char *name,
			       struct isahp_error *err)
{
	char shown[ISAHP_VM_NAME_SIZE];
	struct isahp_vm *vm;

	for (vm = host->vms; vm; vm = vm->next)
		if (!strcmp(vm->config.name, name))
			return vm;
	isahp_text_sanitize(shown, sizeof(shown), name, strlen(name));
	isahp_error_set(err, ISAHP_ERROR_NO_VM, -ENOENT, "no VM '%s'", shown);
	for (vm = host->vms; vm; vm = vm->next)
		isahp_text_append(err->text, sizeof(err->text), "%s%s",
				  vm == host->vms ? "; known: " : ", ",
				  vm->config.name);
	if (!host->vms)
		isahp_text_append(err->text, sizeof(err->text),
				  ": there is none yet, see `isahpctl vm add --help`");
	return NULL;
}

/*
 * A guest that is not masked uses what its CPUID shows: what QEMU does not show,
 * nobody executes for it, but where the operator has said so.
 */
static struct isahp_features envelope_here(const struct isahp_vm *vm)
{
	struct isahp_features has = isahp_features_or(&vm->shown, &vm->profile);

	has = isahp_features_or(&has, &vm->record.present);
	if (vm->config.masked || !vm->layout.known)
		return vm->config.envelope;
	return isahp_features_and(&vm->config.envelope, &has);
}

struct isahp_rules isahp_vm_policy(const struct isahp_vm *vm)
{
	struct isahp_rules policy = {
		.present = vm->attached ? vm->record.present : vm->profile,
		.envelope = envelope_here(vm),
		.baseline = vm->config.baseline,
		.pinned = vm->guest.pinned,
		.gated = vm->gated,
		.xcr0 = vm->guest.xcr0,
		.layout = vm->guest.layout,
		.registered = vm->guest.registered,
		.no_state = vm->config.ops->no_state,
		.play_silent = vm->config.ops->no_state &&
			       vm->config.play_silent,
	};

	return policy;
}

const char *isahp_vm_socket_path(const struct isahp_vm *vm)
{
	return vm->config.socket;
}
