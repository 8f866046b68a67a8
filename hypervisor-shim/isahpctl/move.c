// SPDX-License-Identifier: GPL-2.0-or-later
#include "move.h"

#include <stdio.h>
#include <string.h>

/* How long the other isahpd may take to learn its QEMU's features. */
#define TARGET_MS 10000
/* How long the guest may take to acknowledge its new host. */
#define SETTLE_MS 30000

static int await(const struct ctl *ctl, const char *socket, const char *vm,
		 const char *what, int timeout_ms, json_t **ret_data,
		 struct isahp_error *err)
{
	json_t *args = json_pack("{s:s, s:s, s:i}", "vm", vm, "for", what,
				 "timeout_ms", timeout_ms);
	int rc = ctl_request(ctl, socket, "vm-await", args, ret_data, err);

	json_decref(args);
	return rc;
}

static void complain_about_destination(struct isahp_error *err)
{
	struct isahp_error copy = *err;

	isahp_error_set(err, copy.class, 0, "destination: %s", copy.text);
}

/* --- the record ------------------------------------------------------------- */

bool ctl_move_knows(const json_t *show)
{
	return json_object_get(json_object_get(show, "attributes"), "format");
}

static int ask(const struct ctl *ctl, const char *socket, const char *command,
	       const char *vm, json_t **ret_data, struct isahp_error *err)
{
	json_t *args = json_pack("{s:s}", "vm", vm);
	int rc = ctl_request(ctl, socket, command, args, ret_data, err);

	json_decref(args);
	return rc;
}

int ctl_move_record(const struct ctl *ctl, const char *socket, const char *vm,
		    json_t **ret_data, struct isahp_error *err)
{
	json_t *data;
	int rc = ask(ctl, socket, "vm-record", vm, &data, err);

	if (!rc && !json_is_object(json_object_get(data, "record")))
		rc = isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				     "isahpd tells of VM '%s' nothing that is a record", vm);
	if (rc)
		json_decref(data);
	else
		*ret_data = data;
	return rc;
}

static void say_old(const char *where)
{
	fprintf(stderr, "isahpctl: the isahpd %s is older and knows no records: features are compared, and nothing else\n",
		where);
}

/* What it lives with already is no reason to keep it from another such host. */
static json_t *accepted(const struct ctl_move *move, const json_t *told)
{
	json_t *accept = json_array();

	json_array_extend(accept, (json_t *)move->accept);
	json_array_extend(accept, json_object_get(told, "host_errata"));
	return accept;
}

/* The destination checks the record, and keeps it, or says why the VM may not come. */
static int admit(const struct ctl *ctl, const struct ctl_move *move,
		 const json_t *target, json_t **ret_data, struct isahp_error *err)
{
	json_t *show, *told = NULL, *args;
	bool knows;
	int rc;

	if (!ctl_move_knows(target)) {
		say_old("at the destination");
		return 0;
	}
	rc = ask(ctl, move->from, "vm-show", move->vm, &show, err);
	knows = ctl_move_knows(show);
	json_decref(show);
	if (!rc && !knows) {
		say_old("here");
		return 0;
	}
	if (!rc)
		rc = ctl_move_record(ctl, move->from, move->vm, &told, err);
	if (rc)
		return rc;
	args = json_pack("{s:s, s:O, s:o}", "vm", move->vm_there, "record",
			 json_object_get(told, "record"), "accept", accepted(move, told));
	json_decref(told);
	rc = ctl_request(ctl, move->to, "vm-admit", args, ret_data, err);
	json_decref(args);
	if (rc)
		complain_about_destination(err);
	return rc;
}

void ctl_move_explain(const json_t *data)
{
	const char *text = json_string_value(json_object_get(data, "text"));
	const char *rest = text ? strchr(text, '\n') : NULL;

	/* The first line is in the error. */
	if (rest)
		fputs(rest + 1, stderr);
}

/* --- the move ------------------------------------------------------------------ */

static int settle(const struct ctl *ctl, json_t *data, const struct ctl_move *move,
		  struct isahp_error *err)
{
	json_t *show;
	int rc;

	/* A guest without the module answers nobody. */
	if (!json_is_true(json_object_get(data, "registered")))
		return 0;
	rc = await(ctl, move->to, move->vm_there, "settled", SETTLE_MS, &show, err);
	if (rc)
		complain_about_destination(err);
	else
		json_object_set(data, "commit_ms",
				json_object_get(json_object_get(show, "answer"),
						"ack_ms"));
	json_decref(show);
	return rc;
}

/* What the source must know of the target goes into its request. */
static json_t *request_of(const struct ctl_move *move, const json_t *target)
{
	json_t *args = json_pack("{s:s, s:s}", "vm", move->vm, "uri", move->uri);

	json_object_set(args, "present", json_object_get(target, "host_features"));
	json_object_set(args, "vendor", json_object_get(target, "host_vendor"));
	/* An older isahpd does not say: nothing is compared then. */
	if (json_object_get(target, "host_shown"))
		json_object_set(args, "shown", json_object_get(target, "host_shown"));
	if (json_object_get(target, "host_xsave"))
		json_object_set(args, "xsave", json_object_get(target, "host_xsave"));
	if (move->deadline_ms)
		json_object_set_new(args, "deadline_ms",
				    json_integer(move->deadline_ms));
	if (move->force)
		json_object_set_new(args, "force", json_true());
	return args;
}

int ctl_move(const struct ctl *ctl, const struct ctl_move *move, json_t **ret_data,
	     struct isahp_error *err)
{
	json_t *target, *admission = NULL, *data = NULL, *args;
	int rc = await(ctl, move->to, move->vm_there, "target", TARGET_MS, &target, err);

	*ret_data = NULL;
	if (rc)
		complain_about_destination(err);
	else
		rc = admit(ctl, move, target, &admission, err);
	if (rc) {
		json_decref(target);
		*ret_data = admission;
		return rc;
	}
	args = request_of(move, target);
	json_decref(target);
	rc = ctl_request(ctl, move->from, "migrate", args, &data, err);
	json_decref(args);
	if (!rc) {
		if (admission)
			json_object_set(data, "admission",
					json_object_get(admission, "admission"));
		rc = settle(ctl, data, move, err);
	}
	json_decref(admission);
	*ret_data = data;
	return rc;
}
