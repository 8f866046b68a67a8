// SPDX-License-Identifier: GPL-2.0-or-later
#include "control.h"

#include <errno.h>
#include <string.h>

#include <isa-core/features.h>

#include "announce.h"
#include "attributes.h"
#include "migrate.h"
#include "policy/names.h"
#include "policy/text.h"
#include "request.h"
#include "show.h"

/**
 * struct command - one that clients can give
 * @name: as in the request.
 * @run: carries it out, and finishes @call unless it returns an error.
 */
struct command {
	const char *name;
	int (*run)(struct isahp_host *host, json_t *args, struct isahp_call *call,
		   struct isahp_error *err);
};

static int unpack_features(const json_t *json, struct isahp_features *ret_set,
			   struct isahp_error *err)
{
	return json ? isahp_names_from_json(json, ret_set, err) : 0;
}

static int unpack_vendor(const char *name, __u32 *ret_vendor,
			 struct isahp_error *err)
{
	char shown[32];
	int vendor;

	if (!name)
		return 0;
	vendor = isahp_vendor_find(name);
	if (vendor < 0) {
		isahp_text_sanitize(shown, sizeof(shown), name, strlen(name));
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "unknown vendor '%s': intel, amd, hygon or zhaoxin",
				       shown);
	}
	*ret_vendor = vendor;
	return 0;
}

static int unpack_deadline(json_int_t ms, __u64 *ret_ms, struct isahp_error *err)
{
	json_int_t max = ISAHP_DEADLINE_MAX_NS / 1000000;
	json_int_t min = ISAHP_DEADLINE_MIN_NS / 1000000;

	if (ms < min || ms > max)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "a deadline is %lld to %lld ms",
				       (long long)min, (long long)max);
	*ret_ms = ms;
	return 0;
}

static int unpack_path(char *path, size_t size, const char *from,
		       struct isahp_error *err)
{
	if (!from)
		return 0;
	if (!*from || strlen(from) >= size)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "a socket's path has 1 to %zu bytes",
				       size - 1);
	strcpy(path, from);
	return 0;
}

static int unpack_vm(struct isahp_host *host, const char *name,
		     struct isahp_vm **ret_vm, struct isahp_error *err)
{
	*ret_vm = isahp_vm_find(host, name, err);
	return *ret_vm ? 0 : -ENOENT;
}

/* --- vm-add, vm-remove, vm-list, vm-show, vm-resume ------------------------ */

static int unpack_config(struct isahp_vm_config *config, json_t *args,
			 json_t **ret_record, struct isahp_error *err)
{
	const char *name, *kind = "ivshmem", *vendor = NULL;
	const char *sock = NULL, *qmp = NULL;
	json_t *present = NULL, *baseline = NULL, *envelope = NULL;
	int masked = 0, play_silent = 0, rc;

	rc = UNPACK(args, err, "{s:s, s?s, s?s, s?s, s?s, s?o, s?o, s?o, s?o, s?b, s?b}",
		    "name", &name, "kind", &kind, "vendor", &vendor,
		    "socket", &sock, "qmp", &qmp, "present", &present,
		    "baseline", &baseline, "envelope", &envelope,
		    "record", ret_record, "masked", &masked,
		    "play_silent", &play_silent);
	if (rc)
		return rc;
	if (strlen(name) >= sizeof(config->name))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "a VM's name has at most %zu bytes",
				       sizeof(config->name) - 1);
	strcpy(config->name, name);
	if (!strcmp(kind, isahp_loopback_ops.kind))
		config->ops = &isahp_loopback_ops;
	else if (!strcmp(kind, isahp_ivshmem_ops.kind))
		config->ops = &isahp_ivshmem_ops;
	else
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				       "unknown kind of VM: ivshmem or loopback");
	config->have_present = present;
	config->have_envelope = envelope;
	config->have_vendor = vendor;
	config->masked = masked;
	config->play_silent = play_silent;
	rc = unpack_features(present, &config->present, err);
	if (!rc)
		rc = unpack_features(baseline, &config->baseline, err);
	if (!rc)
		rc = unpack_features(envelope, &config->envelope, err);
	if (!rc)
		rc = unpack_vendor(vendor, &config->vendor, err);
	if (!rc)
		rc = unpack_path(config->socket, sizeof(config->socket), sock, err);
	if (!rc)
		rc = unpack_path(config->qmp, sizeof(config->qmp), qmp, err);
	return rc;
}

static int run_vm_add(struct isahp_host *host, json_t *args,
		      struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_vm_config config = { 0 };
	json_t *record = NULL;
	struct isahp_vm *vm;
	int rc = unpack_config(&config, args, &record, err);

	if (!rc)
		rc = isahp_vm_add(host, &config, &vm, err);
	if (rc)
		return rc;
	if (!record) {
		isahp_attributes_load(vm);
	} else {
		rc = isahp_attributes_keep(vm, record, err);
		if (rc) {
			isahp_vm_remove(vm);
			return rc;
		}
	}
	call->finish(call, isahp_show_vm(vm), NULL);
	return 0;
}

static int find_vm(struct isahp_host *host, json_t *args,
		   struct isahp_vm **ret_vm, struct isahp_error *err)
{
	const char *name;
	int rc = UNPACK(args, err, "{s:s}", "vm", &name);

	if (rc)
		return rc;
	*ret_vm = isahp_vm_find(host, name, err);
	return *ret_vm ? 0 : -ENOENT;
}

static int run_vm_remove(struct isahp_host *host, json_t *args,
			 struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_vm *vm;
	int rc = find_vm(host, args, &vm, err);

	if (rc)
		return rc;
	if (vm->job)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -EBUSY,
				       "VM '%s' is busy with %s: wait, or `isahpctl abort %s`",
				       vm->config.name, vm->job->what,
				       vm->config.name);
	isahp_attributes_gone(vm);
	isahp_vm_remove(vm);
	call->finish(call, NULL, NULL);
	return 0;
}

static int run_vm_list(struct isahp_host *host, json_t *args,
		       struct isahp_call *call, struct isahp_error *err)
{
	json_t *array;
	struct isahp_vm *vm;
	int rc = UNPACK(args, err, "{}");

	if (rc)
		return rc;
	array = json_array();
	for (vm = host->vms; vm; vm = vm->next)
		json_array_append_new(array, isahp_show_vm(vm));
	call->finish(call, json_pack("{s:o}", "vms", array), NULL);
	return 0;
}

static int run_vm_show(struct isahp_host *host, json_t *args,
		       struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_vm *vm;
	int rc = find_vm(host, args, &vm, err);

	if (!rc)
		call->finish(call, isahp_show_vm(vm), NULL);
	return rc;
}

static int run_vm_resume(struct isahp_host *host, json_t *args,
			 struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_vm *vm;
	int rc = find_vm(host, args, &vm, err);

	if (rc)
		return rc;
	if (!vm->attached || vm->run_state == ISAHP_RUN_GONE || vm->job)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOTCONN,
				       "VM '%s' is not attached, has moved away, or is busy",
				       vm->config.name);
	vm->incoming = false;
	isahp_attributes_arrived(vm);
	isahp_vm_reassert(vm);
	call->finish(call, isahp_show_vm(vm), NULL);
	return 0;
}

/* --- announce, prepare, commit, abort -------------------------------------- */

static int run_announce(struct isahp_host *host, json_t *args,
			struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_announce_args a = { .deadline_ms = ISAHP_DEADLINE_DEFAULT_MS };
	json_t *add = NULL, *remove = NULL, *present = NULL;
	json_int_t deadline = ISAHP_DEADLINE_DEFAULT_MS;
	int force = 0, rc;
	const char *name;
	struct isahp_vm *vm;

	rc = UNPACK(args, err, "{s:s, s?o, s?o, s?o, s?I, s?b}", "vm", &name,
		    "add", &add, "remove", &remove, "present", &present,
		    "deadline_ms", &deadline, "force", &force);
	if (!rc && !present == (!add && !remove))
		rc = isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				     "what changes? Give either present, or add and remove");
	if (!rc)
		rc = unpack_vm(host, name, &vm, err);
	if (!rc)
		rc = unpack_features(add, &a.add, err);
	if (!rc)
		rc = unpack_features(remove, &a.remove, err);
	if (!rc)
		rc = unpack_features(present, &a.present, err);
	if (!rc)
		rc = unpack_deadline(deadline, &a.deadline_ms, err);
	if (rc)
		return rc;
	a.have_present = present;
	a.force = force;
	return isahp_announce(vm, &a, call, err);
}

static int run_prepare(struct isahp_host *host, json_t *args,
		       struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_announce_args a = { .prepare_only = true };
	json_int_t deadline = ISAHP_DEADLINE_DEFAULT_MS;
	const char *name, *vendor = NULL;
	json_t *remove = NULL;
	struct isahp_vm *vm;
	int rc;

	rc = UNPACK(args, err, "{s:s, s?o, s?I, s?s}", "vm", &name, "remove",
		    &remove, "deadline_ms", &deadline, "vendor_next", &vendor);
	if (!rc)
		rc = unpack_vm(host, name, &vm, err);
	if (!rc)
		rc = unpack_features(remove, &a.remove, err);
	if (!rc)
		rc = unpack_vendor(vendor, &a.vendor_next, err);
	if (!rc)
		rc = unpack_deadline(deadline, &a.deadline_ms, err);
	return rc ? rc : isahp_announce(vm, &a, call, err);
}

static int run_commit(struct isahp_host *host, json_t *args,
		      struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_vm *vm;
	const char *name;
	int force = 0;
	int rc = UNPACK(args, err, "{s:s, s?b}", "vm", &name, "force", &force);

	if (!rc)
		rc = unpack_vm(host, name, &vm, err);
	return rc ? rc : isahp_announce_settle(vm, ISAHP_RECORD_COMMIT, force,
					       call, err);
}

static int run_abort(struct isahp_host *host, json_t *args,
		     struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_vm *vm;
	int rc = find_vm(host, args, &vm, err);

	return rc ? rc : isahp_announce_settle(vm, ISAHP_RECORD_ABORT, false,
					       call, err);
}

/* --- migrate, await-target, await-commit ----------------------------------- */

static int run_migrate(struct isahp_host *host, json_t *args,
		       struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_migrate_args m = { 0 };
	json_int_t deadline = ISAHP_DEADLINE_DEFAULT_MS;
	const char *name, *vendor;
	int force = 0, rc;
	json_t *present, *shown = NULL, *layout = NULL;
	struct isahp_vm *vm;

	rc = UNPACK(args, err, "{s:s, s:s, s:o, s:s, s?o, s?o, s?I, s?b}",
		    "vm", &name, "uri", &m.uri, "present", &present,
		    "vendor", &vendor, "shown", &shown, "xsave", &layout,
		    "deadline_ms", &deadline, "force", &force);
	if (!rc)
		rc = unpack_vm(host, name, &vm, err);
	if (!rc)
		rc = unpack_features(present, &m.target.present, err);
	if (!rc)
		rc = unpack_features(shown, &m.target.shown, err);
	if (!rc && layout)
		rc = isahp_layout_from_json(layout, &m.target.layout, err);
	if (!rc)
		rc = unpack_vendor(vendor, &m.vendor, err);
	if (!rc)
		rc = unpack_deadline(deadline, &m.deadline_ms, err);
	m.force = force;
	return rc ? rc : isahp_migrate(vm, &m, call, err);
}

static int run_await(struct isahp_host *host, json_t *args,
		     struct isahp_call *call, struct isahp_error *err)
{
	json_int_t timeout = 10000;
	const char *name, *what;
	struct isahp_vm *vm;
	int rc;

	rc = UNPACK(args, err, "{s:s, s:s, s?I}", "vm", &name, "for", &what,
		    "timeout_ms", &timeout);
	if (!rc)
		rc = unpack_vm(host, name, &vm, err);
	if (!rc && (timeout < 0 || timeout > 3600000))
		rc = isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
				     "a timeout is 0 to 3600000 ms");
	return rc ? rc : isahp_show_await(vm, what, timeout, call, err);
}

/* --- dispatch -------------------------------------------------------------- */

static const struct command commands[] = {
	{ "vm-add", run_vm_add },
	{ "vm-remove", run_vm_remove },
	{ "vm-list", run_vm_list },
	{ "vm-show", run_vm_show },
	{ "vm-resume", run_vm_resume },
	{ "vm-await", run_await },
	{ "vm-set", isahp_request_vm_set },
	{ "vm-record", isahp_request_vm_record },
	{ "vm-admit", isahp_request_vm_admit },
	{ "announce", run_announce },
	{ "prepare", run_prepare },
	{ "commit", run_commit },
	{ "abort", run_abort },
	{ "migrate", run_migrate },
};

static int dispatch(struct isahp_host *host, json_t *request,
		    struct isahp_call *call, struct isahp_error *err)
{
	json_t *args = NULL, *none;
	const char *name;
	char shown[32];
	size_t i;
	int rc = UNPACK(request, err, "{s:s, s?o}", "command", &name,
			"arguments", &args);

	if (rc)
		return rc;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name))
			continue;
		none = json_object();
		rc = commands[i].run(host, args ? args : none, call, err);
		json_decref(none);
		return rc;
	}
	isahp_text_sanitize(shown, sizeof(shown), name, strlen(name));
	return isahp_error_set(err, ISAHP_ERROR_USAGE, -EINVAL,
			       "unknown command '%s': is isahpctl newer than isahpd?",
			       shown);
}

void isahp_control_handle(struct isahp_host *host, const char *line,
			  size_t size, struct isahp_call *call)
{
	struct isahp_error err = { 0 };
	json_error_t why;
	json_t *request = json_loadb(line, size, JSON_REJECT_DUPLICATES, &why);
	int rc;

	if (!request)
		rc = isahp_error_set(&err, ISAHP_ERROR_USAGE, -EINVAL,
				     "malformed request: %s", why.text);
	else
		rc = dispatch(host, request, call, &err);
	if (rc) {
		call->cancel = NULL;
		call->finish(call, NULL, &err);
	}
	json_decref(request);
}
