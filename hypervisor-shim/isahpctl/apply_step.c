// SPDX-License-Identifier: GPL-2.0-or-later
/* Each step of a plan: has it been done, could it be, do it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "apply.h"
#include "hook.h"
#include "hosts.h"
#include "move.h"
#include "policy/alike.h"
#include "policy/names.h"

#define URI_SIZE 1024

static const char *text(const json_t *step, const char *key)
{
	return json_string_value(json_object_get(step, key));
}

static int refuse(enum isahp_error_class class, struct isahp_error *err,
		  const char *what, const char *about, const char *more)
{
	return isahp_error_set(err, class, (int)class, "%s%s%s", what, about, more);
}

/* --- isahpds ------------------------------------------------------------------ */

static int control_of(const struct ctl_apply *apply, const char *host, char *path,
		      size_t size, struct isahp_error *err)
{
	const char *given = text(apply->controls, host);

	if (given && strlen(given) < size) {
		strcpy(path, given);
		return 0;
	}
	if (!given && !isahp_pool_control(&apply->file.pool, host, path, size))
		return 0;
	return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
			       "where does the isahpd of host %s listen? Say --control %s=PATH, or \"control\" in the pool's file",
			       host, host);
}

static int ask(const struct ctl_apply *apply, const char *host, const char *command,
	       json_t *args, json_t **ret_data, struct isahp_error *err)
{
	char path[ISAHP_POOL_CONTROL_SIZE], what[ISAHP_ERROR_TEXT_SIZE];
	int rc = control_of(apply, host, path, sizeof(path), err);

	*ret_data = NULL;
	if (!rc) {
		rc = ctl_request(apply->ctl, path, command, args, ret_data, err);
		if (rc) {
			strcpy(what, err->text);
			isahp_error_set(err, rc, rc, "host %s: %.900s", host, what);
		}
	}
	return rc;
}

/* Does it run there? @ret_show: as `vm show`, or NULL where it does not. */
static int look_for(const struct ctl_apply *apply, const char *host, const char *vm,
		    json_t **ret_show, struct isahp_error *err)
{
	json_t *args = json_pack("{s:s}", "vm", vm);
	const char *state;
	json_t *show;
	int rc = ask(apply, host, "vm-show", args, &show, err);

	json_decref(args);
	*ret_show = NULL;
	if (rc == ISAHP_ERROR_NO_VM)
		return 0;
	if (rc) {
		json_decref(show);
		return rc;
	}
	state = ctl_text(show, "run_state");
	if (strcmp(state, "migrated") && strcmp(state, "incoming") &&
	    json_is_true(json_object_get(show, "attached")))
		*ret_show = show;
	else
		json_decref(show);
	return 0;
}

/* --- announcements --------------------------------------------------------------- */

static int features_at(const json_t *object, const char *key, struct isahp_features *ret,
		       struct isahp_error *err)
{
	struct isahp_error inner;

	if (!isahp_names_from_json(json_object_get(object, key), ret, &inner))
		return 0;
	return refuse(ISAHP_ERROR_FAILED, err, "isahpd says of a VM what is not known here: ",
		      inner.text, "");
}

static int look_announced(struct ctl_apply *apply, const json_t *step, bool *ret_done,
			  struct isahp_error *err)
{
	const json_t *args = json_object_get(json_object_get(step, "request"), "arguments");
	bool add = ctl_apply_what(step) == ISAHP_PLAN_ADD;
	struct isahp_features present, wanted;
	json_t *show;
	int rc = look_for(apply, text(step, "host"), text(step, "vm"), &show, err);

	if (rc)
		return rc;
	if (!show)
		return isahp_error_set(err, ISAHP_ERROR_NO_VM, ISAHP_ERROR_NO_VM,
				       "VM '%s' does not run on %s, as the plan says: make a new plan",
				       text(step, "vm"), text(step, "host"));
	rc = features_at(json_object_get(show, "record"), "present", &present, err);
	if (!rc)
		rc = features_at(args, add ? "add" : "remove", &wanted, err);
	/* What is being prepared may still be called off. */
	if (!rc)
		*ret_done = !strcmp(ctl_text(show, "phase"), "steady") &&
			    (add ? isahp_features_subset(&wanted, &present) :
				   !isahp_features_meet(&wanted, &present));
	json_decref(show);
	return rc;
}

static int do_announce(struct ctl_apply *apply, const json_t *step, json_t **ret_data,
		       struct isahp_error *err)
{
	const json_t *from = json_object_get(json_object_get(step, "request"), "arguments");
	json_t *args = json_copy((json_t *)from);
	int rc;

	if (apply->deadline_ms)
		json_object_set_new(args, "deadline_ms", json_integer(apply->deadline_ms));
	rc = ask(apply, text(step, "host"), "announce", args, ret_data, err);
	json_decref(args);
	return rc;
}

/* --- migrations ------------------------------------------------------------------- */

static int look_moved(struct ctl_apply *apply, const json_t *step, bool *ret_done,
		      struct isahp_error *err)
{
	json_t *here, *there = NULL;
	int rc = look_for(apply, text(step, "host"), text(step, "vm"), &here, err);

	if (!rc && !here)
		rc = look_for(apply, text(step, "to"), text(step, "vm"), &there, err);
	if (!rc && !here && !there)
		rc = isahp_error_set(err, ISAHP_ERROR_NO_VM, ISAHP_ERROR_NO_VM,
				     "VM '%s' runs neither on %s nor on %s, as the plan says: make a new plan",
				     text(step, "vm"), text(step, "host"), text(step, "to"));
	if (!rc)
		*ret_done = !here;
	json_decref(here);
	json_decref(there);
	return rc;
}

/* By the profile in the pool's file, before a QEMU is started in vain. */
static int check_on_paper(struct ctl_apply *apply, const json_t *step, json_t **ret_data,
			  struct isahp_error *err)
{
	const char *host = text(step, "host"), *vm = text(step, "vm"), *to = text(step, "to");
	json_t *args = json_pack("{s:s}", "vm", vm), *data;
	struct isahp_admission admission = { 0 };
	struct isahp_vm_record record;
	int rc = ask(apply, host, "vm-show", args, &data, err);
	bool knows = ctl_move_knows(data);

	json_decref(data);
	data = NULL;
	if (!rc && knows)
		rc = ask(apply, host, "vm-record", args, &data, err);
	json_decref(args);
	if (rc || !knows) {
		json_decref(data);
		return rc;
	}
	rc = isahp_vm_record_from_json(json_object_get(data, "record"), &record, err);
	json_decref(data);
	if (rc)
		return (int)err->class;
	if (isahp_pool_host(&apply->file.pool, to)) {
		rc = isahp_pool_check(&apply->file.pool, &record, to, &admission, err);
		if (rc)
			rc = (int)err->class;
		else if (admission.verdict == ISAHP_REFUSED)
			rc = isahp_error_set(err, ISAHP_ERROR_POLICY, ISAHP_ERROR_POLICY,
					     "VM '%s' may not go to %s: %s (%s)%s", vm, to,
					     admission.refusals.array[0].what,
					     admission.refusals.array[0].why,
					     admission.refusals.count > 1 ? ", and more" : "");
		if (admission.verdict == ISAHP_REFUSED) {
			char *said = isahp_admission_to_text(&admission);

			*ret_data = json_pack("{s:o, s:s?}", "admission",
					      isahp_admission_to_json(&admission),
					      "text", said);
			free(said);
		}
		isahp_admission_free(&admission);
	}
	isahp_vm_record_free(&record);
	return rc;
}

/* A QEMU that is not needed any more. What goes wrong there is the operator's. */
static void release(const struct ctl_apply *apply, const char *vm, const char *host)
{
	struct isahp_error err;

	if (apply->release && ctl_hook(apply->release, vm, host, NULL, 0, &err))
		fprintf(stderr, "isahpctl: %s: the QEMU of VM %s on host %s may still be there\n",
			err.text, vm, host);
}

static int do_migrate(struct ctl_apply *apply, const json_t *step, json_t **ret_data,
		      struct isahp_error *err)
{
	const char *host = text(step, "host"), *vm = text(step, "vm"), *to = text(step, "to");
	char here[ISAHP_POOL_CONTROL_SIZE], there[ISAHP_POOL_CONTROL_SIZE], uri[URI_SIZE];
	struct ctl_move move = {
		.vm = vm, .vm_there = vm, .from = here, .to = there, .uri = uri,
		.accept = json_object_get(apply->file.document, "accept"),
		.deadline_ms = apply->deadline_ms,
	};
	int rc = control_of(apply, host, here, sizeof(here), err);

	if (!rc)
		rc = control_of(apply, to, there, sizeof(there), err);
	if (!rc && !apply->receive)
		rc = refuse(ISAHP_ERROR_USAGE, err, "who awaits VM ", vm,
			    " where it goes? Name a program that starts its QEMU there: --receive PROGRAM");
	if (!rc)
		rc = check_on_paper(apply, step, ret_data, err);
	if (rc)
		return rc;
	rc = ctl_hook(apply->receive, vm, to, uri, sizeof(uri), err);
	if (!rc)
		rc = ctl_move(apply->ctl, &move, ret_data, err);
	release(apply, vm, rc ? to : host);
	return rc;
}

/* --- the pool's file ---------------------------------------------------------------- */

const json_t *ctl_apply_hidden(const struct ctl_apply *apply)
{
	return json_object_get(json_object_get(apply->plan, "change"), "hide");
}

static const char *level_of(const struct ctl_apply *apply)
{
	return text(json_object_get(apply->plan, "change"), "level");
}

static int look_baseline(struct ctl_apply *apply, const json_t *step, bool *ret_done,
			 struct isahp_error *err)
{
	const struct isahp_features *is = &apply->file.promise;
	struct isahp_features wanted;
	int rc = features_at(step, "baseline", &wanted, err);

	if (!rc)
		*ret_done = ctl_apply_what(step) == ISAHP_PLAN_LOWER ?
			isahp_features_subset(is, &wanted) :
			isahp_features_equal(is, &wanted);
	return rc;
}

static int do_baseline(struct ctl_apply *apply, const json_t *step,
		       struct isahp_error *err)
{
	struct isahp_features wanted;
	int rc = features_at(step, "baseline", &wanted, err);

	return rc ? rc : ctl_pool_file_promise(&apply->file, &wanted, level_of(apply),
					       ctl_apply_hidden(apply), err);
}

/* The file of a host's new profile. */
static const char *profile_of(const struct ctl_apply *apply, const char *list,
			      const char *host)
{
	const json_t *files = json_object_get(json_object_get(apply->plan, "change"), list);
	const json_t *item;
	size_t i;

	json_array_foreach(files, i, item)
		if (!strcmp(text(item, "host"), host))
			return text(item, "file");
	return NULL;
}

static int do_join(struct ctl_apply *apply, const json_t *step, struct isahp_error *err)
{
	const char *host = text(step, "host"), *file = profile_of(apply, "join", host);

	return file ? ctl_pool_file_join(&apply->file, host, file, err) :
		      refuse(ISAHP_ERROR_USAGE, err, "the plan does not name the profile of ",
			     host, ", which joins: make a new plan");
}

/* An error that names who is there. */
static int check_empty(struct ctl_apply *apply, const char *host, struct isahp_error *err)
{
	json_t *data, *vm, *args = json_object();
	int rc = ask(apply, host, "vm-list", args, &data, err);
	const char *there = NULL;
	size_t i, count = 0;

	json_decref(args);
	json_array_foreach(json_object_get(data, "vms"), i, vm) {
		/* What does not run there is somebody's, too. */
		if (!strcmp(ctl_text(vm, "run_state"), "migrated") ||
		    !strcmp(ctl_text(vm, "kind"), "loopback"))
			continue;
		there = ctl_text(vm, "name");
		count++;
	}
	if (!rc && count)
		rc = isahp_error_set(err, ISAHP_ERROR_POLICY, ISAHP_ERROR_POLICY,
				     "host %s cannot leave: there %s %zu VM%s, as %s (`vm remove` what is not its own any more)",
				     host, count == 1 ? "is" : "are", count,
				     count == 1 ? "" : "s", there);
	json_decref(data);
	return rc;
}

static int blocked(struct ctl_apply *apply, const json_t *step, struct isahp_error *err)
{
	const json_t *stuck = json_object_get(apply->plan, "stuck"), *item;
	const char *host = text(step, "host");
	size_t i;

	json_array_foreach(stuck, i, item)
		if (!strcmp(ctl_text(item, "host"), host))
			return isahp_error_set(err, ISAHP_ERROR_POLICY, ISAHP_ERROR_POLICY,
					       "VM '%s' cannot leave host %s; the plan says why",
					       ctl_text(item, "vm"), host);
	return refuse(ISAHP_ERROR_POLICY, err, "host ", host,
		      ": VMs cannot leave it; the plan says why");
}

static int do_leave(struct ctl_apply *apply, const json_t *step, struct isahp_error *err)
{
	const char *host = text(step, "host");
	int rc;

	if (json_is_true(json_object_get(step, "blocked")))
		return blocked(apply, step, err);
	rc = check_empty(apply, host, err);
	return rc ? rc : ctl_pool_file_leave(&apply->file, host, err);
}

/* --- hosts that change --------------------------------------------------------------- */

static int look_changed(struct ctl_apply *apply, const json_t *step, bool *ret_done,
			struct isahp_error *err)
{
	const char *host = text(step, "host"), *file = profile_of(apply, "replace", host);
	const struct isahp_profile *is = isahp_pool_host(&apply->file.pool, host);
	struct isahp_profile planned;
	int rc;

	if (!is || !file)
		return refuse(ISAHP_ERROR_USAGE, err, "host ", host,
			      " is to change, and its pool or its plan does not have it: make a new plan");
	rc = ctl_host_read(file, NULL, host, &planned, err);
	if (rc)
		return rc;
	*ret_done = isahp_alike_hosts(is, &planned);
	isahp_profile_free(&planned);
	return 0;
}

static int do_change(struct ctl_apply *apply, const json_t *step, struct isahp_error *err)
{
	const char *host = text(step, "host");

	if (json_is_true(json_object_get(step, "blocked")))
		return blocked(apply, step, err);
	return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
			       "host %s is for you to change now: when it is as planned, put its profile (%s) in place of the one that the pool has, and run this again",
			       host, profile_of(apply, "replace", host));
}

/* --- all of them ---------------------------------------------------------------------- */

int ctl_apply_look(struct ctl_apply *apply, const json_t *step, bool *ret_done,
		   struct isahp_error *err)
{
	const struct isahp_pool *pool = &apply->file.pool;

	switch (ctl_apply_what(step)) {
	case ISAHP_PLAN_REMOVE:
	case ISAHP_PLAN_ADD:
		return look_announced(apply, step, ret_done, err);
	case ISAHP_PLAN_MIGRATE:
		return look_moved(apply, step, ret_done, err);
	case ISAHP_PLAN_LOWER:
	case ISAHP_PLAN_RAISE:
		return look_baseline(apply, step, ret_done, err);
	case ISAHP_PLAN_JOIN:
		*ret_done = isahp_pool_host(pool, text(step, "host"));
		return 0;
	case ISAHP_PLAN_LEAVE:
		*ret_done = !isahp_pool_host(pool, text(step, "host"));
		return 0;
	default:
		return look_changed(apply, step, ret_done, err);
	}
}

int ctl_apply_try(struct ctl_apply *apply, const json_t *step, json_t **ret_data,
		  struct isahp_error *err)
{
	bool host_step = ctl_apply_what(step) == ISAHP_PLAN_LEAVE ||
			 ctl_apply_what(step) == ISAHP_PLAN_CHANGE;

	if (host_step && json_is_true(json_object_get(step, "blocked")))
		return blocked(apply, step, err);
	if (ctl_apply_what(step) == ISAHP_PLAN_MIGRATE)
		return check_on_paper(apply, step, ret_data, err);
	return 0;
}

int ctl_apply_do(struct ctl_apply *apply, const json_t *step, json_t **ret_data,
		 struct isahp_error *err)
{
	switch (ctl_apply_what(step)) {
	case ISAHP_PLAN_REMOVE:
	case ISAHP_PLAN_ADD:
		return do_announce(apply, step, ret_data, err);
	case ISAHP_PLAN_MIGRATE:
		return do_migrate(apply, step, ret_data, err);
	case ISAHP_PLAN_LOWER:
	case ISAHP_PLAN_RAISE:
		return do_baseline(apply, step, err);
	case ISAHP_PLAN_JOIN:
		return do_join(apply, step, err);
	case ISAHP_PLAN_LEAVE:
		return do_leave(apply, step, err);
	default:
		return do_change(apply, step, err);
	}
}
