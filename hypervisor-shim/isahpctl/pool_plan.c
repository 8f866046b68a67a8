// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "hosts.h"
#include "policy/level.h"
#include "policy/names.h"
#include "policy/plan.h"
#include "pools.h"

/**
 * struct request - what is asked, and what it rests on
 * @pool: as it is.
 * @vms: with their hosts; @records are theirs.
 * @records: owned.
 * @vm_count: of both.
 * @room: allocated for both.
 * @joining: profiles.
 * @replaced: profiles.
 * @lists: what @change points to, to be freed.
 * @level: what @change points to.
 * @change: all of it.
 */
struct request {
	struct isahp_pool pool;
	struct isahp_plan_vm *vms;
	struct isahp_vm_record **records;
	size_t vm_count;
	size_t room;
	struct ctl_hosts joining;
	struct ctl_hosts replaced;
	const void *lists[3];
	struct isahp_level level;
	struct isahp_plan_change change;
};

static int no_memory(struct isahp_error *err)
{
	return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
			       "out of memory");
}

/* --- VMs ---------------------------------------------------------------------- */

static int add_vm(struct request *r, const char *host, const char *path,
		  struct isahp_error *err)
{
	struct isahp_vm_record *record = calloc(1, sizeof(*record));
	size_t room = r->room ? 2 * r->room : 64;
	void *vms, *records;
	int rc;

	if (record && r->vm_count == r->room) {
		vms = reallocarray(r->vms, room, sizeof(*r->vms));
		r->vms = vms ? vms : r->vms;
		records = reallocarray(r->records, room, sizeof(*r->records));
		r->records = records ? records : r->records;
		if (vms && records)
			r->room = room;
	}
	if (!record || r->vm_count == r->room) {
		free(record);
		return no_memory(err);
	}
	rc = ctl_record_load(path, record, err);
	if (rc) {
		free(record);
		return rc;
	}
	r->records[r->vm_count] = record;
	r->vms[r->vm_count++] = (struct isahp_plan_vm){ record, host };
	return 0;
}

/* "HOST=FILE"; the file's name may be a pattern. @text is cut at the '='. */
static int add_vms(struct request *r, char *text, struct isahp_error *err)
{
	char *path = strchr(text, '=');
	glob_t found;
	size_t i;
	int rc = 0;

	if (!path)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				       "'%s': a VM is HOST=RECORD: where it runs, and its record",
				       text);
	*path++ = '\0';
	if (!strpbrk(path, "*?["))
		return add_vm(r, text, path, err);
	if (glob(path, GLOB_ERR, NULL, &found))
		return isahp_error_set(err, ISAHP_ERROR_FAILED, ISAHP_ERROR_FAILED,
				       "%s: no file is called so", path);
	for (i = 0; !rc && i < found.gl_pathc; i++)
		rc = add_vm(r, text, found.gl_pathv[i], err);
	globfree(&found);
	return rc;
}

/* --- the change ----------------------------------------------------------------- */

static int take_profiles(json_t *args, const char *key, struct ctl_hosts *hosts,
			 const struct isahp_profile *const **ret, const void **ret_list,
			 struct isahp_error *err)
{
	const char *text = json_string_value(json_object_get(args, key));
	const struct isahp_profile **list;
	json_t *paths;
	size_t i;
	int rc;

	if (!text)
		return 0;
	paths = ctl_split(text);
	rc = ctl_hosts_read(paths, hosts, err);
	json_decref(paths);
	if (rc)
		return rc;
	list = calloc(hosts->count + 1, sizeof(*list));
	for (i = 0; list && i < hosts->count; i++)
		list[i] = &hosts->profiles[i];
	*ret = list;
	*ret_list = list;
	return list ? 0 : no_memory(err);
}

/* Who carries it out has to find the profiles: by whole paths. */
static json_t *files_of(const char *text, const struct ctl_hosts *hosts)
{
	json_t *paths = ctl_split(text ? text : ""), *path, *array = json_array();
	size_t i;

	json_array_foreach(paths, i, path) {
		char *whole = realpath(json_string_value(path), NULL);

		if (i < hosts->count)
			json_array_append_new(array,
					      json_pack("{s:s, s:s}", "host",
							hosts->profiles[i].name, "file",
							whole ? whole :
							json_string_value(path)));
		free(whole);
	}
	json_decref(paths);
	return array;
}

static json_t *change_to_json(const struct request *r, const json_t *args)
{
	json_t *change = json_pack(
		"{s:o, s:o, s:b, s:o}", "join",
		files_of(json_string_value(json_object_get(args, "join")), &r->joining),
		"replace",
		files_of(json_string_value(json_object_get(args, "replace")), &r->replaced),
		"live", r->change.live, "hide",
		isahp_names_to_json(&r->pool.hidden));

	if (r->change.relevel)
		json_object_set(change, "level", json_object_get(args, "level"));
	return change;
}

/* The names stay as long as @args do. */
static int take_leaving(struct request *r, json_t *args, struct isahp_error *err)
{
	const char *text = json_string_value(json_object_get(args, "leave"));
	json_t *names, *name;
	const char **list;
	size_t i;

	if (!text)
		return 0;
	names = ctl_split(text);
	json_object_set_new(args, "leaving", names);
	list = calloc(json_array_size(names) + 1, sizeof(*list));
	if (!list)
		return no_memory(err);
	json_array_foreach(names, i, name)
		list[i] = json_string_value(name);
	r->change.leaving = list;
	r->change.leaving_count = json_array_size(names);
	r->lists[2] = list;
	return 0;
}

static int take_level(struct request *r, json_t *args, struct isahp_error *err)
{
	const char *name = json_string_value(json_object_get(args, "level"));

	if (!name)
		return 0;
	r->change.relevel = true;
	if (!strcmp(name, "none"))
		return 0;
	if (isahp_level_find(name, &r->level, err))
		return (int)err->class;
	r->change.level = &r->level;
	return 0;
}

static int take_change(struct request *r, json_t *args, struct isahp_error *err)
{
	long long room = ctl_integer(args, "room");
	int rc;

	rc = take_profiles(args, "join", &r->joining, &r->change.joining, &r->lists[0],
			   err);
	r->change.joining_count = r->joining.count;
	if (!rc)
		rc = take_profiles(args, "replace", &r->replaced, &r->change.replaced,
				   &r->lists[1], err);
	r->change.replaced_count = r->replaced.count;
	if (!rc)
		rc = take_leaving(r, args, err);
	if (!rc)
		rc = take_level(r, args, err);
	if (!rc && room < 0)
		rc = isahp_error_set(err, ISAHP_ERROR_USAGE, ISAHP_ERROR_USAGE,
				     "--room is a number of VMs");
	r->change.room = (size_t)room;
	r->change.live = json_is_true(json_object_get(args, "live"));
	return rc;
}

static int take(struct request *r, json_t *args, struct isahp_error *err)
{
	const json_t *vms = json_object_get(args, "vms"), *vm;
	size_t i;
	int rc = 0;

	json_array_foreach(vms, i, vm) {
		rc = add_vms(r, (char *)json_string_value(vm), err);
		if (rc)
			return rc;
	}
	return take_change(r, args, err);
}

static void drop(struct request *r)
{
	size_t i;

	for (i = 0; i < r->vm_count; i++) {
		isahp_vm_record_free(r->records[i]);
		free(r->records[i]);
	}
	free(r->records);
	free(r->vms);
	for (i = 0; i < sizeof(r->lists) / sizeof(r->lists[0]); i++)
		free((void *)r->lists[i]);
	ctl_hosts_free(&r->joining);
	ctl_hosts_free(&r->replaced);
	isahp_pool_free(&r->pool);
}

/* --- the plan ------------------------------------------------------------------- */

static json_t *to_json(const struct isahp_plan *plan, const struct request *r,
		       const json_t *args)
{
	json_t *json = isahp_plan_to_json(plan);

	json_object_set_new(json, "change", change_to_json(r, args));
	return json;
}

static int print(const struct ctl *ctl, const struct isahp_plan *plan,
		 const struct request *r, const json_t *args)
{
	int rc = (int)isahp_plan_exit(plan);
	json_t *json = ctl->json ? to_json(plan, r, args) : NULL;
	char *text = ctl->json ? NULL : isahp_plan_to_text(plan);
	bool written = json ? !json_dumpf(json, stdout, JSON_INDENT(2)) &&
			      putchar('\n') != EOF :
			      text && fputs(text, stdout) != EOF;

	json_decref(json);
	free(text);
	return written && !fflush(stdout) ? rc : ISAHP_ERROR_FAILED;
}

static int run(const struct ctl *ctl, json_t *args)
{
	struct request request = { 0 };
	struct isahp_plan plan;
	struct isahp_error err;
	int rc = ctl_pool_load(json_string_value(json_object_get(args, "pool")),
			       &request.pool, &err);

	if (rc)
		return ctl_finish(ctl, rc, NULL, &err, NULL);
	rc = take(&request, args, &err);
	if (!rc && isahp_plan_make(&request.pool, request.vms, request.vm_count,
				   &request.change, &plan, &err))
		rc = (int)err.class;
	if (rc) {
		rc = ctl_finish(ctl, rc, NULL, &err, NULL);
	} else {
		rc = print(ctl, &plan, &request, args);
		isahp_plan_free(&plan);
	}
	drop(&request);
	return rc;
}

static const struct ctl_positional positionals[] = {
	{ "POOLFILE", CTL_FILE, "pool", CTL_ONE },
	{ "HOST=RECORD", CTL_FILE, "vms", CTL_ANY },
	{ 0 },
};

static const struct ctl_option options[] = {
	{ "join", CTL_FILE, "join" },
	{ "leave", CTL_TEXT, "leave" },
	{ "replace", CTL_FILE, "replace" },
	{ "live", CTL_FLAG, "live" },
	{ "level", CTL_LEVEL, "level" },
	{ "room", CTL_NUMBER, "room" },
	{ 0 },
};

const struct ctl_command ctl_pool_plan = {
	.name = "pool plan",
	.summary = "what a change of a pool means for its VMs, and how it is done",
	.usage =
	"pool plan POOLFILE [HOST=RECORD...] [CHANGE...]\n"
	"Think a change of a pool through, before it is made: which VMs win and lose\n"
	"which features, which cannot move any more, what is to be announced and moved\n"
	"in which order. A VM is told by the host that it runs on and its record (`vm\n"
	"record`); RECORD may be a pattern in quotes, as 'a=vms/a/*.json'. Without a\n"
	"CHANGE: what VMs could be given and are not. Lists are separated by commas.\n"
	"\n"
	"  --join FILES      hosts that come, by their profiles\n"
	"  --leave HOSTS     hosts that go, by name\n"
	"  --replace FILES   hosts that get other microcode or another kernel, by the\n"
	"                    profiles that they will have\n"
	"  --live            that is done while VMs run there\n"
	"  --level LEVEL     what VMs are shown at most from now on; none: all that hosts\n"
	"                    have in common\n"
	"  --room N          VMs that a host takes at most\n"
	"\n"
	"Exit code 3 when a VM has to leave its host and cannot.\n",
	.positionals = positionals,
	.options = options,
	.local = true,
	.run = run,
};
