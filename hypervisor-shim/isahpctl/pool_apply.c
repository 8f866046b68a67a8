// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <isa-core/features.h>

#include "apply.h"
#include "move.h"
#include "policy/names.h"
#include "policy/text.h"

/* How each step went; the words are those of --json. */
static const char done_now[] = "done", done_before[] = "done-before",
	found_done[] = "found-done", would_do[] = "to-do", was_refused[] = "refused",
	remains[] = "remains";

/* --- what is shown ------------------------------------------------------------ */

static void print_step(const struct ctl_apply *apply, size_t i, const json_t *step,
		       const char *state, const json_t *data, double seconds)
{
	size_t count = json_array_size(json_object_get(apply->plan, "steps"));
	char *title = ctl_apply_title(step);

	if (apply->ctl->json || state == done_before) {
		free(title);
		return;
	}
	printf("%zu/%zu  %s: ", i + 1, count, title ? title : ctl_text(step, "do"));
	free(title);
	if (state == done_now && json_object_get(data, "downtime_ms"))
		printf("done in %.1f s, of which stopped %.0f ms\n", seconds,
		       ctl_real(data, "downtime_ms"));
	else if (state == done_now && json_object_get(data, "ack_ms"))
		printf("done, acknowledged after %.1f ms\n", ctl_real(data, "ack_ms"));
	else
		puts(state == done_now ? "done" : state == found_done ? "is done already" :
		     state == would_do ? "would be done" : "NOT DONE");
	fflush(stdout);
}

static json_t *step_report(const json_t *step, const char *state, json_t *data)
{
	json_t *report = json_pack("{s:O, s:O, s:s}", "phase",
				   json_object_get(step, "phase"), "do",
				   json_object_get(step, "do"), "state", state);
	static const char *const keys[] = { "vm", "host", "to" };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_object_get(step, keys[i]))
			json_object_set(report, keys[i], json_object_get(step, keys[i]));
	if (data)
		json_object_set_new(report, "report", data);
	return report;
}

static void print_end(const json_t *data)
{
	long long remain = ctl_integer(data, "remain");

	if (json_is_true(json_object_get(data, "dry_run")))
		printf("%lld of %lld steps would be done\n", remain,
		       ctl_integer(data, "count"));
	else
		printf("the plan is carried out: %lld steps\n", ctl_integer(data, "count"));
}

/* --- step by step ---------------------------------------------------------------- */

/**
 * struct run - one run of a plan
 * @apply: the plan.
 * @steps: of it.
 * @reports: of each step; in order of the plan.
 * @remain: steps that are not done.
 */
struct run {
	struct ctl_apply *apply;
	const json_t *steps;
	json_t *reports;
	size_t remain;
};

static void note(struct run *run, size_t i, const char *state, json_t *data)
{
	json_array_set_new(run->reports, i,
			   step_report(json_array_get(run->steps, i), state, data));
	run->remain -= state == done_now || state == done_before || state == found_done;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Ctrl-C between two requests: whatever is next is not begun. */
static int check_interrupt(struct isahp_error *err)
{
	if (!ctl_interrupted())
		return 0;
	return isahp_error_set(err, ISAHP_ERROR_CANCELLED, ISAHP_ERROR_CANCELLED,
			       "cancelled");
}

static int rehearse(struct run *run, size_t i, const json_t *step,
		    struct isahp_error *err)
{
	json_t *data = NULL;
	bool done = false;
	int rc = ctl_apply_look(run->apply, step, &done, err);

	/* A VM that is yet to come: the plan says that it will be there. */
	if (rc == ISAHP_ERROR_NO_VM && ctl_apply_what(step) == ISAHP_PLAN_ADD) {
		rc = 0;
		done = false;
	} else if (!rc && !done) {
		rc = ctl_apply_try(run->apply, step, &data, err);
	}
	print_step(run->apply, i, step, rc ? was_refused : done ? found_done : would_do,
		   data, 0);
	if (rc && !run->apply->ctl->json)
		ctl_move_explain(data);
	note(run, i, rc ? was_refused : done ? found_done : would_do, data);
	return rc;
}

static int carry(struct run *run, size_t i, const json_t *step, struct isahp_error *err)
{
	struct ctl_apply *apply = run->apply;
	double begun = now();
	json_t *data = NULL;
	bool done = false;
	int rc = check_interrupt(err);

	if (!rc)
		rc = ctl_apply_look(apply, step, &done, err);
	if (!rc && !done)
		rc = ctl_apply_do(apply, step, &data, err);
	print_step(apply, i, step, rc ? was_refused : done ? found_done : done_now, data,
		   now() - begun);
	if (rc == ISAHP_ERROR_POLICY && !apply->ctl->json)
		ctl_move_explain(data);
	note(run, i, rc ? was_refused : done ? found_done : done_now, data);
	return rc ? rc : ctl_apply_note(apply, i, err);
}

static bool is_blocked(const json_t *step)
{
	return json_is_true(json_object_get(step, "blocked"));
}

static int take(struct run *run, size_t i, struct isahp_error *err)
{
	const json_t *step = json_array_get(run->steps, i);

	if (run->apply->done[i]) {
		note(run, i, done_before, NULL);
		return 0;
	}
	return run->apply->dry ? rehearse(run, i, step, err) : carry(run, i, step, err);
}

/*
 * The steps of one phase, from @first on; those that are blocked last, since they
 * end it.
 */
static int take_phase(struct run *run, size_t first, size_t end, struct isahp_error *err)
{
	struct isahp_error one;
	int rc, worst = 0;
	bool late;
	size_t i;

	for (late = false;; late = true) {
		for (i = first; i < end; i++) {
			if (is_blocked(json_array_get(run->steps, i)) != late)
				continue;
			rc = take(run, i, &one);
			if (rc && !worst)
				*err = one;
			worst = worst ? worst : rc;
			/* A rehearsal tells of everything. */
			if (rc && (!run->apply->dry || rc == ISAHP_ERROR_CANCELLED))
				return worst;
		}
		if (late)
			return worst;
	}
}

static int go(struct run *run, struct isahp_error *err)
{
	size_t first, end, count = json_array_size(run->steps);
	struct isahp_error one;
	int rc, worst = 0;

	for (first = 0; first < count; first = end) {
		json_int_t phase = ctl_integer(json_array_get(run->steps, first), "phase");

		for (end = first; end < count; end++)
			if (ctl_integer(json_array_get(run->steps, end), "phase") != phase)
				break;
		rc = take_phase(run, first, end, &one);
		if (rc && !worst)
			*err = one;
		worst = worst ? worst : rc;
		if (rc && (!run->apply->dry || rc == ISAHP_ERROR_CANCELLED))
			break;
	}
	return worst;
}

/* All is as it was planned: what was written down on the way goes. */
static int finish(struct ctl_apply *apply, struct isahp_error *err)
{
	const json_t *change = json_object_get(apply->plan, "change");
	const json_t *after = json_object_get(json_object_get(apply->plan, "baseline"),
					      "after");
	const char *level = json_string_value(json_object_get(change, "level"));
	struct isahp_features set;

	/* It was checked when it was read. */
	if (isahp_names_from_json(after, &set, err) ||
	    !isahp_features_equal(&set, &apply->file.promise))
		return 0;
	return ctl_pool_file_promise(&apply->file, &set, level, ctl_apply_hidden(apply),
				     err);
}

static int run_plan(struct ctl_apply *apply, json_t **ret_data, struct isahp_error *err)
{
	const json_t *steps = json_object_get(apply->plan, "steps");
	size_t i, count = json_array_size(steps);
	struct run run = {
		.apply = apply, .steps = steps, .reports = json_array(), .remain = count,
	};
	int rc;

	for (i = 0; i < count; i++)
		json_array_append_new(run.reports, step_report(json_array_get(steps, i),
							       remains, NULL));
	rc = go(&run, err);
	if (!rc && !run.remain && !apply->dry)
		rc = finish(apply, err);
	*ret_data = json_pack("{s:s, s:b, s:b, s:I, s:I, s:o}", "pool",
			      apply->file.pool.name, "dry_run", apply->dry, "complete",
			      !run.remain, "count", (json_int_t)count, "remain",
			      (json_int_t)run.remain, "steps", run.reports);
	if (rc && !apply->ctl->json && !apply->dry)
		printf("stopped: %zu of %zu steps are done; run it again to go on\n",
		       count - run.remain, count);
	return rc;
}

/* --- beginning ------------------------------------------------------------------- */

/* "a=/run/a.sock,b=/run/b.sock" */
static int take_controls(struct ctl_apply *apply, const char *list,
			 struct isahp_error *err)
{
	json_t *items = ctl_split(list ? list : ""), *item;
	size_t i;
	int rc = 0;

	apply->controls = json_object();
	json_array_foreach(items, i, item) {
		const char *text = json_string_value(item), *path = strchr(text, '=');
		char *host = path ? strndup(text, path - text) : NULL;

		if (!host || !*host || !path[1] ||
		    strlen(path + 1) >= ISAHP_POOL_CONTROL_SIZE)
			rc = isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
					     "--control: '%s' is not HOST=PATH, with the path of a socket",
					     text);
		else
			json_object_set_new(apply->controls, host,
					    json_string(path + 1));
		free(host);
	}
	json_decref(items);
	return rc;
}

/* Two at once would undo each other's work. Return: 0, or the exit code. */
static int lock(const char *path, int *ret_fd, struct isahp_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char shown[256];

	isahp_text_sanitize(shown, sizeof(shown), path, strlen(path));
	if (fd < 0)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				       "%s: %s", shown, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				       "%s: another isahpctl carries it out", shown);
	}
	*ret_fd = fd;
	return 0;
}

static void drop(struct ctl_apply *apply)
{
	ctl_pool_file_close(&apply->file);
	json_decref(apply->plan);
	json_decref(apply->controls);
	free(apply->done);
	free(apply->journal);
}

static int run(const struct ctl *global, json_t *args)
{
	const char *plan = json_string_value(json_object_get(args, "plan"));
	const char *pool = json_string_value(json_object_get(args, "pool"));
	struct ctl shown = *global;
	struct ctl_apply apply = {
		.ctl = &shown,
		.receive = json_string_value(json_object_get(args, "receive")),
		.release = json_string_value(json_object_get(args, "release")),
		.deadline_ms = ctl_integer(args, "deadline_ms"),
		.dry = json_is_true(json_object_get(args, "dry_run")),
	};
	json_t *data = NULL;
	struct isahp_error err;
	int rc, fd = -1;

	rc = take_controls(&apply, json_string_value(json_object_get(args, "control")), &err);
	if (!rc)
		rc = lock(plan, &fd, &err);
	if (!rc)
		rc = ctl_pool_file_open(pool, &apply.file, &err);
	if (!rc)
		rc = ctl_apply_load(&apply, plan, &err);
	if (!rc)
		rc = run_plan(&apply, &data, &err);
	drop(&apply);
	if (fd >= 0)
		close(fd);
	return ctl_finish(global, rc, data, &err, print_end);
}

static const struct ctl_positional positionals[] = {
	{ "POOLFILE", CTL_FILE, "pool", CTL_ONE },
	{ "PLAN", CTL_FILE, "plan", CTL_ONE },
	{ 0 },
};

static const struct ctl_option options[] = {
	{ "receive", CTL_FILE, "receive" },
	{ "release", CTL_FILE, "release" },
	{ "control", CTL_TEXT, "control" },
	{ "deadline", CTL_NUMBER, "deadline_ms" },
	{ "dry-run", CTL_FLAG, "dry_run" },
	{ 0 },
};

const struct ctl_command ctl_pool_apply = {
	.name = "pool apply",
	.summary = "carry out a plan, step by step",
	.usage =
	"pool apply POOLFILE PLAN [OPTION]...\n"
	"Carry out what `pool plan --json` has written, in its order: announce to guests,\n"
	"migrate VMs, let hosts join and leave, raise or lower what VMs start from. The\n"
	"pool's file is changed as a whole, step by step. At the first step that cannot\n"
	"be done it stops, with that step's exit code, and everything is as it was\n"
	"before that step; run it again to go on: what is done is not done again (it is\n"
	"kept in PLAN.done). Ctrl-C cancels a migration under way.\n"
	"\n"
	"  --receive PROGRAM   is run with a VM and the host that it goes to: makes it\n"
	"                      known to the isahpd there, starts its QEMU, which awaits\n"
	"                      it, and prints the URI to migrate to\n"
	"  --release PROGRAM   is run with a VM and a host where its QEMU is not needed\n"
	"                      any more: it has moved, or was awaited in vain\n"
	"  --control LIST      HOST=PATH,...: control sockets of hosts' isahpds, instead of\n"
	"                      those that the pool's file names (control)\n"
	"  --deadline MS       how long each guest may take (default 5000)\n"
	"  --dry-run           look what would be done, and what would be in the way\n",
	.positionals = positionals,
	.options = options,
	.local = true,
	.run = run,
};
