/* SPDX-License-Identifier: MIT */
/*
 * mathdemo as a program: what it prints parses, it counts what is wrong, and
 * says whose code a SIGILL hit.
 */
#define _GNU_SOURCE /* dladdr */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <problem.h>

#include "mathlib_process.h"

/* Run to the end: the last line's object under @key, and the exit status. */
static json_t *demo_run(const char *args, const char *key, int *ret_status)
{
	struct mathdemo d = mathdemo_start(args);
	json_t *found = NULL, *j;

	while ((j = mathdemo_line(&d))) {
		if (json_object_get(j, key)) {
			json_decref(found);
			found = json_incref(json_object_get(j, key));
		}
		json_decref(j);
	}
	*ret_status = mathdemo_wait(&d);
	return found;
}

/* What is not said here comes from the machine. */
static void forget_sources(void)
{
	unsetenv("ISAHP_LOOPBACK");
	unsetenv("ISAHP_DEVICE");
	unsetenv("ISAHP_FORBID");
}

TestSuite(mathlib_demo, .init = forget_sources);

Test(mathlib_demo, a_plain_run_has_no_wrong_result)
{
	json_t *summary;
	int status;

	summary = demo_run("--json --seconds 0.5 --interval 50 --threads 3",
			   "summary", &status);
	cr_assert_not_null(summary);
	cr_assert_eq(status, 0);
	cr_assert_eq(mathdemo_integer(summary, "wrong"), 0);
	cr_assert_eq(mathdemo_integer(summary, "threads"), 3);
	cr_assert_gt(mathdemo_integer(summary, "calls_all"), 0);
	json_decref(summary);
}

Test(mathlib_demo, each_line_tells_how_things_stand)
{
	static const char *const numbers[] = {
		"time_ns", "realtime_ns", "wrong", "swaps", "events", "acks",
		"naks", "usable",
	};
	struct mathdemo d = mathdemo_start("--json --interval 20 --label a.b-1");
	json_t *j = mathdemo_line(&d);
	const char *source;
	size_t i;
	int op;

	cr_assert_not_null(j);
	source = json_string_value(json_object_get(j, "source"));
	cr_assert_not_null(source);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		mathdemo_integer(j, numbers[i]);
	cr_assert(json_is_real(json_object_get(j, "gflops")));
	cr_assert(json_is_real(json_object_get(j, "ops_per_s")));
	cr_assert_str_eq(json_string_value(json_object_get(j, "label")), "a.b-1");
	cr_assert(!strcmp(source, "cpu") || !strcmp(source, "device"));
	for (op = 0; op < ML_OPS; op++) {
		mathdemo_integer(json_object_get(j, "calls"), ml_op_name(op));
		cr_assert(json_is_string(json_object_get(
			json_object_get(j, "variant"), ml_op_name(op))));
	}
	json_decref(j);
	kill(d.pid, SIGTERM);
	while ((j = mathdemo_line(&d)))
		json_decref(j);
	mathdemo_wait(&d);
}

static void ends_in_order_by(int number)
{
	struct mathdemo d = mathdemo_start("--json --interval 20");
	json_t *j = mathdemo_line(&d), *last = NULL;

	json_decref(j);
	kill(d.pid, number);
	while ((j = mathdemo_line(&d))) {
		json_decref(last);
		last = j;
	}
	cr_assert_eq(mathdemo_wait(&d), 0);
	cr_assert_not_null(json_object_get(last, "summary"));
	json_decref(last);
}

Test(mathlib_demo, sigterm_and_sigint_end_it_in_order)
{
	ends_in_order_by(SIGTERM);
	ends_in_order_by(SIGINT);
}

Test(mathlib_demo, a_planted_wrong_result_counts_as_one)
{
	const char *args = "--json --seconds 1 --threads 2 --plant-wrong 9";
	json_t *summary, *wrong;
	int status;

	summary = demo_run(args, "summary", &status);
	cr_assert_eq(WEXITSTATUS(status), 1);
	cr_assert_eq(mathdemo_integer(summary, "wrong"), 1);
	cr_assert(json_is_true(json_object_get(summary, "planted")));
	json_decref(summary);
	wrong = demo_run(args, "wrong_result", &status);
	cr_assert_eq(mathdemo_integer(wrong, "call"), 9);
	cr_assert_eq(mathdemo_integer(wrong, "index"), 0);
	cr_assert_gt(json_number_value(json_object_get(wrong, "got")),
		     json_number_value(json_object_get(wrong, "expected")));
	json_decref(wrong);
}

Test(mathlib_demo, a_plant_that_was_not_reached_is_no_success)
{
	json_t *summary;
	int status;

	summary = demo_run("--json --seconds 0.05 --plant-wrong 0xffffffffffff",
			   "summary", &status);
	cr_assert_eq(mathdemo_integer(summary, "wrong"), 0);
	cr_assert_eq(WEXITSTATUS(status), 1);
	json_decref(summary);
}

Test(mathlib_demo, bound_it_uses_that_variant_only)
{
	json_t *summary, *served;
	int status;

	summary = demo_run("--json --seconds 0.2 --bind c", "summary", &status);
	cr_assert_eq(status, 0);
	cr_assert_str_eq(json_string_value(json_object_get(summary, "mode")),
			 "bound");
	served = json_object_get(json_object_get(summary, "served"), "sgemm");
	cr_assert_gt(mathdemo_integer(served, "c"), 0);
	cr_assert_eq(mathdemo_integer(served, "sse2") + mathdemo_integer(served, "avx2") +
		     mathdemo_integer(served, "avx512"), 0);
	json_decref(summary);
}

Test(mathlib_demo, bad_options_are_refused)
{
	static const char *const bad[] = {
		"--threads 0", "--threads 4x", "--size 0", "--bind mmx",
		"--label a\"b", "--seconds nan", "--interval -1", "extra",
		"--nonsense",
	};
	size_t i;
	int status;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_null(demo_run(bad[i], "summary", &status));
		cr_assert_eq(WEXITSTATUS(status), 2, "%s", bad[i]);
	}
}

Test(mathlib_demo, a_named_source_that_is_not_there_is_an_error)
{
	struct mathdemo d;
	int status;

	setenv("ISAHP_LOOPBACK", "/nonexistent/socket", 1);
	d = mathdemo_start("--json --seconds 0.1");
	cr_assert_null(mathdemo_line(&d));
	status = mathdemo_wait(&d);
	cr_assert_eq(WEXITSTATUS(status), 1);
}

/* Where @function of this process, in libmathlib, lies in process @pid. */
static off_t address_in(pid_t pid, isahp_fn function)
{
	unsigned long base = 0;
	char path[64], line[512];
	Dl_info info;
	FILE *maps;

	cr_assert_neq(dladdr((void *)function, &info), 0);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	cr_assert_not_null(maps);
	/* The first mapping of a library is where it was loaded. */
	while (!base && fgets(line, sizeof(line), maps)) {
		if (strstr(line, "libmathlib"))
			base = strtoul(line, NULL, 16);
	}
	fclose(maps);
	cr_assert_neq(base, 0);
	return (off_t)(base + ((uintptr_t)function - (uintptr_t)info.dli_fbase));
}

/*
 * The instruction goes from under the feet of a running program: ud2 is written
 * over the start of its sdot.
 */
static void take_away(pid_t pid, isahp_fn function)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		cr_skip_test("no access to %s", path);
	cr_assert_eq(pwrite(fd, "\x0f\x0b", 2, address_in(pid, function)), 2);
	close(fd);
}

/* What it says of its SIGILL; other threads may print after that. */
static json_t *sigill_line(struct mathdemo *d)
{
	json_t *found = NULL, *j;

	while ((j = mathdemo_line(d))) {
		if (json_object_get(j, "sigill") && !found)
			found = json_incref(j);
		json_decref(j);
	}
	return found;
}

Test(mathlib_demo, sigill_names_the_variant_whose_code_it_hit)
{
	struct mathdemo d = mathdemo_start("--json --interval 20 --bind sse2");
	json_t *j = mathdemo_line(&d), *last;
	int status;

	json_decref(j);
	take_away(d.pid, ml_op_variant(ML_SDOT, "sse2")->fn);
	last = sigill_line(&d);
	status = mathdemo_wait(&d);
	cr_assert(WIFSIGNALED(status));
	cr_assert_eq(WTERMSIG(status), SIGILL);
	j = json_object_get(last, "sigill");
	cr_assert_not_null(j);
	cr_assert_str_eq(json_string_value(json_object_get(j, "variant")), "sse2");
	json_decref(last);
}

Test(mathlib_demo, sigill_elsewhere_is_not_called_mathlibs)
{
	struct mathdemo d = mathdemo_start("--json --interval 20");
	json_t *j = mathdemo_line(&d), *last;
	int status;

	json_decref(j);
	kill(d.pid, SIGILL);
	last = sigill_line(&d);
	status = mathdemo_wait(&d);
	cr_assert(WIFSIGNALED(status));
	cr_assert_eq(WTERMSIG(status), SIGILL);
	cr_assert(json_is_null(json_object_get(json_object_get(last, "sigill"),
					       "variant")));
	json_decref(last);
}
