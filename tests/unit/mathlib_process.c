/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* pipe2 */
#include "mathlib_process.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 24

/* @args: separated by single blanks. */
static void exec_demo(const char *args, int out)
{
	static char name[] = "mathdemo", copy[512];
	char *argv[ARGS_MAX] = { name }, *save = NULL;
	int n = 1;

	snprintf(copy, sizeof(copy), "%s", args);
	for (argv[n] = strtok_r(copy, " ", &save); argv[n] && n < ARGS_MAX - 1;
	     argv[n] = strtok_r(NULL, " ", &save))
		n++;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	execv(MATHDEMO, argv);
	_exit(127);
}

struct mathdemo mathdemo_start(const char *args)
{
	struct mathdemo d;
	int fds[2];

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	d.pid = fork();
	cr_assert_geq(d.pid, 0);
	if (!d.pid)
		exec_demo(args, fds[1]);
	close(fds[1]);
	d.out = fdopen(fds[0], "r");
	cr_assert_not_null(d.out);
	return d;
}

json_t *mathdemo_line(struct mathdemo *d)
{
	char line[8192];
	json_error_t error;
	json_t *j;

	if (!fgets(line, sizeof(line), d->out))
		return NULL;
	j = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	cr_assert_not_null(j, "%s in: %s", error.text, line);
	return j;
}

int mathdemo_wait(struct mathdemo *d)
{
	int status;

	cr_assert_eq(waitpid(d->pid, &status, 0), d->pid);
	fclose(d->out);
	return status;
}

json_int_t mathdemo_integer(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	cr_assert(json_is_integer(value), "%s", key);
	return json_integer_value(value);
}
