// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "hosts.h"
#include "paint.h"
#include "pools.h"
#include "policy/admission.h"

/* --- one host -------------------------------------------------------------- */

static int print_one(const struct ctl *ctl, const struct isahp_admission *admission)
{
	int rc = (int)isahp_admission_exit(admission);
	char *text = NULL;
	json_t *json = NULL;
	bool written;

	if (ctl->json)
		json = isahp_admission_to_json(admission);
	else
		text = isahp_admission_to_text(admission);
	written = json ? !json_dumpf(json, stdout, JSON_INDENT(2)) &&
			 putchar('\n') != EOF :
			 text && fputs(text, stdout) != EOF;
	json_decref(json);
	free(text);
	return written && !fflush(stdout) ? rc : ISAHP_ERROR_FAILED;
}

static int check_host(const struct ctl *ctl, const struct isahp_vm_record *vm,
		      const char *path)
{
	struct isahp_admission admission;
	struct isahp_profile host;
	struct isahp_error err;
	int rc = ctl_host_read(path, NULL, NULL, &host, &err);

	if (rc)
		return ctl_finish(ctl, rc, NULL, &err, NULL);
	if (isahp_admission_check(vm, &host, NULL, &admission, &err)) {
		isahp_profile_free(&host);
		return ctl_finish(ctl, ISAHP_ERROR_FAILED, NULL, &err, NULL);
	}
	rc = print_one(ctl, &admission);
	isahp_admission_free(&admission);
	isahp_profile_free(&host);
	return rc;
}

/* --- a pool ---------------------------------------------------------------- */

/* "3 reasons: avx2, PKRU state, ..." */
static void print_refusals(const json_t *refusals)
{
	size_t i, count = json_array_size(refusals), shown = count > 4 ? 3 : count;

	printf("%zu reason%s: ", count, count == 1 ? "" : "s");
	for (i = 0; i < shown; i++)
		printf("%s%s", i ? ", " : "",
		       ctl_text(json_array_get(refusals, i), "what"));
	if (shown < count)
		printf(" and %zu more", count - shown);
}

static void print_host(const json_t *host, int width)
{
	const json_t *refusals = json_object_get(host, "refusals");
	bool refused = !strcmp(ctl_text(host, "verdict"), "refused");
	bool after = !strcmp(ctl_text(host, "verdict"), "admitted-after");

	fputs("  ", stdout);
	ctl_paint(CTL_PAINT_HEAD, width, ctl_text(host, "host"));
	fputs("  ", stdout);
	ctl_paint(refused ? CTL_PAINT_BAD : after ? CTL_PAINT_DOUBT : CTL_PAINT_GOOD,
		  5, refused ? "no" : after ? "after" : "yes");
	fputs("  ", stdout);
	if (refused)
		print_refusals(refusals);
	else if (after)
		printf("programs have to let go of %zu feature%s",
		       json_array_size(json_object_get(host, "leaving")),
		       json_array_size(json_object_get(host, "leaving")) == 1 ? "" :
										"s");
	else
		printf("as it is");
	if (json_array_size(json_object_get(host, "arriving")))
		printf("; %zu more can be announced there",
		       json_array_size(json_object_get(host, "arriving")));
	putchar('\n');
}

static void print_pool(const json_t *data)
{
	const json_t *hosts = json_object_get(data, "hosts"), *host;
	size_t i, len;
	int width = 0;

	json_array_foreach(hosts, i, host) {
		len = strlen(ctl_text(host, "host"));
		width = (int)len > width ? (int)len : width;
	}
	printf("VM %s in pool %s: it may go to %lld of %zu host%s\n",
	       ctl_text(data, "vm"), ctl_text(data, "pool"),
	       ctl_integer(data, "admitting"), json_array_size(hosts),
	       json_array_size(hosts) == 1 ? "" : "s");
	json_array_foreach(hosts, i, host)
		print_host(host, width);
	if ((size_t)ctl_integer(data, "admitting") < json_array_size(hosts))
		printf("--host NAME says all of one.\n");
}

/* What is told of all hosts. */
struct answers {
	json_t *hosts;
	size_t admitting;
};

static int take_answer(const struct isahp_admission *admission, void *context)
{
	struct answers *answers = context;

	answers->admitting += admission->verdict != ISAHP_REFUSED;
	json_array_append_new(answers->hosts, isahp_admission_to_json(admission));
	return 0;
}

static int check_all(const struct isahp_pool *pool, const struct isahp_vm_record *vm,
		     json_t **ret_data, struct isahp_error *err)
{
	struct answers answers = { .hosts = json_array() };

	if (isahp_pool_check_each(pool, vm, take_answer, &answers, err)) {
		json_decref(answers.hosts);
		return ISAHP_ERROR_FAILED;
	}
	*ret_data = json_pack("{s:s, s:s, s:I, s:o}", "vm", vm->name, "pool",
			      pool->name, "admitting", (json_int_t)answers.admitting,
			      "hosts", answers.hosts);
	return 0;
}

static int check_pool(const struct ctl *ctl, const struct isahp_vm_record *vm,
		      const char *path, const char *host)
{
	struct isahp_pool pool;
	struct isahp_admission admission;
	struct isahp_error err;
	json_t *data = NULL;
	bool nowhere;
	int rc = ctl_pool_load(path, &pool, &err);

	if (rc)
		return ctl_finish(ctl, rc, NULL, &err, NULL);
	if (host) {
		if (isahp_pool_check(&pool, vm, host, &admission, &err)) {
			rc = ctl_finish(ctl, (int)err.class, NULL, &err, NULL);
		} else {
			rc = print_one(ctl, &admission);
			isahp_admission_free(&admission);
		}
	} else {
		rc = check_all(&pool, vm, &data, &err);
		nowhere = !rc && !ctl_integer(data, "admitting");
		rc = ctl_finish(ctl, rc, data, &err, print_pool);
		if (!rc && nowhere)
			rc = ISAHP_ERROR_POLICY;
	}
	isahp_pool_free(&pool);
	return rc;
}

static int run(const struct ctl *ctl, json_t *args)
{
	const char *path = json_string_value(json_object_get(args, "record"));
	const char *to = json_string_value(json_object_get(args, "to"));
	const char *host = json_string_value(json_object_get(args, "host"));
	struct isahp_vm_record vm;
	struct isahp_error err;
	int rc = ctl_record_load(path, &vm, &err);

	if (rc)
		return ctl_finish(ctl, rc, NULL, &err, NULL);
	if (ctl_is_pool(to)) {
		rc = check_pool(ctl, &vm, to, host);
	} else if (host) {
		isahp_error_set(&err, ISAHP_ERROR_USAGE, 0,
				"--host names a host of a pool, and %s is none", to);
		rc = ctl_finish(ctl, ISAHP_ERROR_USAGE, NULL, &err, NULL);
	} else {
		rc = check_host(ctl, &vm, to);
	}
	isahp_vm_record_free(&vm);
	return rc;
}

static const struct ctl_positional positionals[] = {
	{ "RECORD", CTL_FILE, "record", CTL_ONE },
	{ "HOST|POOLFILE", CTL_FILE, "to", CTL_ONE },
	{ 0 },
};

static const struct ctl_option options[] = {
	{ "host", CTL_TEXT, "host" },
	{ 0 },
};

const struct ctl_command ctl_vm_check = {
	.name = "vm check",
	.summary = "may a VM go to a host, and if not, what would change that",
	.usage =
	"vm check RECORD HOST\n"
	"       isahpctl vm check RECORD POOLFILE [--host NAME]\n"
	"Say whether a VM, by its record (`vm record`), may go to a host, by its profile\n"
	"(`host profile`, or any file that it takes). Each thing that is in the way is\n"
	"told, with its place in CPUID, who needs it, and the smallest change that would\n"
	"let the VM in. Of a pool (`pool baseline`) each host is told in one line, or one\n"
	"with all there is to say; other hosts of the pool with the same CPU tell what\n"
	"firmware or microcode could give.\n"
	"\n"
	"  --host NAME   of the pool\n"
	"\n"
	"Exit code 3 when the VM is refused: by the host, or by every host of the pool.\n",
	.positionals = positionals,
	.options = options,
	.local = true,
	.run = run,
};
