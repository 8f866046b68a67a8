// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan's file, and the journal beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/crc32c.h>
#include <isa-core/features.h>

#include "apply.h"
#include "policy/json_file.h"
#include "policy/names.h"
#include "policy/text.h"
#include "write.h"

#define STEPS_MAX 1000000

static const struct isahp_json_kind plan_file = { "plan", 256 * 1024 * 1024 };
static const struct isahp_json_kind journal_file = { "list of done steps",
						     64 * 1024 * 1024 };

static int bad(const char *path, const char *place, const char *what,
	       struct isahp_error *err)
{
	char shown[256];

	isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
	return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE, "%s: %s: %s",
			       shown, place, what);
}

/* --- steps ------------------------------------------------------------------ */

/* Return: enum isahp_plan_do, or ISAHP_PLAN_DOS. */
static enum isahp_plan_do find_what(const json_t *step)
{
	const char *word = json_string_value(json_object_get(step, "do"));
	int what;

	for (what = 0; word && what < ISAHP_PLAN_DOS; what++)
		if (!strcmp(isahp_plan_do_word(what), word))
			return what;
	return ISAHP_PLAN_DOS;
}

enum isahp_plan_do ctl_apply_what(const json_t *step)
{
	return find_what(step);
}

static bool is_name(const json_t *step, const char *key)
{
	const char *name = json_string_value(json_object_get(step, key));

	return name && isahp_profile_name_valid(name);
}

static bool is_set(const json_t *array)
{
	struct isahp_features set;
	struct isahp_error ignored;

	return json_is_array(array) && !isahp_names_from_json(array, &set, &ignored);
}

/* Nothing is sent to an isahpd but what a plan asks for. */
static bool is_request(const json_t *step, const char *command, const char *key)
{
	const json_t *request = json_object_get(step, "request");
	const json_t *args = json_object_get(request, "arguments");
	const char *vm = json_string_value(json_object_get(args, "vm"));
	const char *is = json_string_value(json_object_get(request, "command"));

	if (!is || strcmp(is, command) || !vm ||
	    strcmp(vm, json_string_value(json_object_get(step, "vm"))))
		return false;
	return !key || (json_object_size(args) == 2 && is_set(json_object_get(args, key)));
}

static const char *check_step(const json_t *step)
{
	enum isahp_plan_do what = find_what(step);

	switch (what) {
	case ISAHP_PLAN_REMOVE:
	case ISAHP_PLAN_ADD:
		if (!is_name(step, "vm") || !is_name(step, "host"))
			return "wants a vm and its host";
		return is_request(step, "announce", what == ISAHP_PLAN_ADD ? "add" :
							  "remove") ?
			       NULL : "its request is none that announces to the vm";
	case ISAHP_PLAN_MIGRATE:
		if (!is_name(step, "vm") || !is_name(step, "host") || !is_name(step, "to"))
			return "wants a vm, its host, and one to go to";
		return is_request(step, "migrate", NULL) ?
			       NULL : "its request is none that migrates the vm";
	case ISAHP_PLAN_LOWER:
	case ISAHP_PLAN_RAISE:
		return is_set(json_object_get(step, "baseline")) ?
			       NULL : "wants a baseline of features that are known";
	case ISAHP_PLAN_JOIN:
	case ISAHP_PLAN_LEAVE:
	case ISAHP_PLAN_CHANGE:
		return is_name(step, "host") ? NULL : "wants a host";
	default:
		return "do: is nothing that this version knows";
	}
}

static int check_steps(const json_t *steps, const char *path, struct isahp_error *err)
{
	const json_t *step, *phase;
	json_int_t before = 1;
	const char *what;
	char place[40];
	size_t i;

	if (!json_is_array(steps) || json_array_size(steps) > STEPS_MAX)
		return bad(path, "steps", "has to be an array of steps", err);
	json_array_foreach(steps, i, step) {
		snprintf(place, sizeof(place), "steps[%zu]", i);
		phase = json_object_get(step, "phase");
		if (!json_is_integer(phase) || json_integer_value(phase) < before)
			return bad(path, place, "phase: has to be a number, and they go up",
				   err);
		before = json_integer_value(phase);
		what = check_step(step);
		if (what)
			return bad(path, place, what, err);
	}
	return 0;
}

static int check_files(const json_t *change, const char *key, const char *path,
		       struct isahp_error *err)
{
	const json_t *list = json_object_get(change, key), *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (!is_name(item, "host") ||
		    !json_is_string(json_object_get(item, "file")))
			return bad(path, "change", "wants each host with its file", err);
	return 0;
}

static int check(const json_t *plan, const char *pool, const char *path,
		 struct isahp_error *err)
{
	const json_t *format = json_object_get(plan, "isahp-plan");
	const json_t *change = json_object_get(plan, "change");
	const char *of = json_string_value(json_object_get(plan, "pool"));
	char shown[64];
	int rc;

	if (!json_is_integer(format) || json_integer_value(format) < 1)
		return bad(path, "isahp-plan",
			   "has to be there, and 1: `pool plan --json` writes plans", err);
	if (json_integer_value(format) > ISAHP_PLAN_FORMAT)
		return bad(path, "isahp-plan", "a newer version than this program knows: update it",
			   err);
	if (!of || strcmp(of, pool)) {
		isahp_text_sanitize(shown, sizeof(shown), of ? of : "", of ? strlen(of) : 0);
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "the plan is of pool '%s', the pool's file of '%s'",
				       shown, pool);
	}
	if (!json_is_object(change))
		return bad(path, "change", "has to be there: an older isahpctl wrote the plan, make it anew",
			   err);
	if (json_object_get(change, "hide") && !is_set(json_object_get(change, "hide")))
		return bad(path, "change", "hide: has to be features that are known", err);
	if (!is_set(json_object_get(json_object_get(plan, "baseline"), "after")))
		return bad(path, "baseline", "wants what it is to be after the change", err);
	rc = check_files(change, "join", path, err);
	if (!rc)
		rc = check_files(change, "replace", path, err);
	return rc ? rc : check_steps(json_object_get(plan, "steps"), path, err);
}

/* --- the journal ---------------------------------------------------------------- */

static int read_journal(struct ctl_apply *apply, size_t steps, struct isahp_error *err)
{
	FILE *file = fopen(apply->journal, "re");
	const json_t *of, *item;
	json_t *json;
	size_t i;
	int rc = 0;

	if (!file)
		return 0;
	json = isahp_json_file_read(file, apply->journal, &journal_file, err);
	fclose(file);
	if (!json)
		return (int)err->class;
	of = json_object_get(json, "plan");
	if (!json_is_string(of) || strcmp(json_string_value(of), apply->identity))
		rc = bad(apply->journal, "plan",
			 "tells what was done of another plan: remove it, if that one is of the past",
			 err);
	json_array_foreach(json_object_get(json, "done"), i, item)
		if (!rc && json_integer_value(item) >= 0 &&
		    (size_t)json_integer_value(item) < steps)
			apply->done[json_integer_value(item)] = true;
	json_decref(json);
	return rc;
}

int ctl_apply_note(struct ctl_apply *apply, size_t step, struct isahp_error *err)
{
	size_t i, count = json_array_size(json_object_get(apply->plan, "steps"));
	json_t *done = json_array();

	apply->done[step] = true;
	for (i = 0; i < count; i++)
		if (apply->done[i])
			json_array_append_new(done, json_integer((json_int_t)i));
	return ctl_write_json(apply->journal,
			      json_pack("{s:i, s:s, s:o}", "isahp-plan-done", 1, "plan",
					apply->identity, "done", done), err);
}

/* --- all of it ------------------------------------------------------------------- */

int ctl_apply_load(struct ctl_apply *apply, const char *path, struct isahp_error *err)
{
	size_t steps;
	char *text;
	int rc;

	apply->plan = isahp_json_file_load(path, &plan_file, err);
	if (!apply->plan)
		return (int)err->class;
	rc = check(apply->plan, apply->file.pool.name, path, err);
	if (rc)
		return rc;
	steps = json_array_size(json_object_get(apply->plan, "steps"));
	text = json_dumps(apply->plan, JSON_COMPACT | JSON_SORT_KEYS);
	apply->done = calloc(steps + 1, sizeof(*apply->done));
	if (!text || !apply->done || asprintf(&apply->journal, "%s.done", path) < 0) {
		free(text);
		return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				       "out of memory");
	}
	snprintf(apply->identity, sizeof(apply->identity), "%08x-%zu",
		 isahp_crc32c(text, strlen(text)), strlen(text));
	free(text);
	return read_journal(apply, steps, err);
}

char *ctl_apply_title(const json_t *step)
{
	const json_t *args = json_object_get(json_object_get(step, "request"), "arguments");
	enum isahp_plan_do what = find_what(step);
	struct isahp_features set = isahp_features_none();
	struct isahp_error ignored;
	char names[256], *text = NULL;
	int len = 0;

	if (what == ISAHP_PLAN_REMOVE || what == ISAHP_PLAN_ADD)
		isahp_names_from_json(json_object_get(args, what == ISAHP_PLAN_ADD ?
						      "add" : "remove"), &set, &ignored);
	isahp_names_format(&set, names, sizeof(names));
	switch (what) {
	case ISAHP_PLAN_REMOVE:
		len = asprintf(&text, "take %s from %s on %s", names,
			       ctl_text(step, "vm"), ctl_text(step, "host"));
		break;
	case ISAHP_PLAN_ADD:
		len = asprintf(&text, "announce %s to %s on %s", names,
			       ctl_text(step, "vm"), ctl_text(step, "host"));
		break;
	case ISAHP_PLAN_MIGRATE:
		len = asprintf(&text, "migrate %s from %s to %s", ctl_text(step, "vm"),
			       ctl_text(step, "host"), ctl_text(step, "to"));
		break;
	case ISAHP_PLAN_LOWER:
	case ISAHP_PLAN_RAISE:
		len = asprintf(&text, "%s the baseline", what == ISAHP_PLAN_LOWER ?
			       "lower" : "raise");
		break;
	default:
		len = asprintf(&text, "%s: %s", ctl_text(step, "do"),
			       ctl_text(step, "host"));
	}
	return len < 0 ? NULL : text;
}
