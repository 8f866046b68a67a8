/* SPDX-License-Identifier: MIT */
/*
 * mathdemo on a series of hosts: isahpd plays them over its loopback, isahpctl
 * announces them, and mathdemo moves to another variant each time and computes
 * nothing wrong.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <problem.h>

#include "mathlib_process.h"

#define ROUNDS 20

static char runtime[] = "/tmp/mathlib-hosts.XXXXXX";
static pid_t shim;

/**
 * struct host - what a VM may run on
 * @name: for messages.
 * @present: for isahpctl.
 * @sgemm: the variant that sgemm shall be on there.
 */
struct host {
	const char *name;
	const char *present;
	const char *sgemm;
};

static int ctl(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "%s --socket %s/control.sock %s >&2",
		 ISAHPCTL, runtime, command);
	return WEXITSTATUS(system(line));
}

static bool answers(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool yes;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock",
		 runtime);
	/* Another type of socket, but there. */
	yes = !connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	      errno == EPROTOTYPE;
	close(fd);
	return yes;
}

static void shim_start(void)
{
	cr_assert_not_null(mkdtemp(runtime));
	shim = fork();
	cr_assert_geq(shim, 0);
	if (!shim) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl(ISAHPD, "isahpd", "--runtime-dir", runtime, NULL);
		_exit(127);
	}
	while (!answers()) {
		cr_assert_eq(waitpid(shim, NULL, WNOHANG), 0, "isahpd ended");
		usleep(10000);
	}
	cr_assert_eq(ctl("vm add lo --loopback --present native"), 0);
}

static void shim_stop(void)
{
	char command[64];

	if (shim > 0) {
		kill(shim, SIGTERM);
		waitpid(shim, NULL, 0);
	}
	snprintf(command, sizeof(command), "rm -rf %s", runtime);
	cr_expect_eq(system(command), 0);
}

TestSuite(mathlib_hosts, .init = shim_start, .fini = shim_stop, .timeout = 100);

static struct mathdemo follower(void)
{
	char socket_path[64];

	snprintf(socket_path, sizeof(socket_path), "%s/loopback.sock", runtime);
	setenv("ISAHP_LOOPBACK", socket_path, 1);
	return mathdemo_start("--json --interval 20 --threads 4");
}

static const char *sgemm_variant(const json_t *line)
{
	return json_string_value(json_object_get(
		json_object_get(line, "variant"), "sgemm"));
}

/* Read on until sgemm is on @variant: the test's timeout is the limit. */
static void until_on(struct mathdemo *d, const char *variant)
{
	bool there = false;
	json_t *j;

	while (!there) {
		const char *now;

		j = mathdemo_line(d);
		cr_assert_not_null(j, "mathdemo ended before it was on %s", variant);
		now = sgemm_variant(j);
		there = now && !strcmp(now, variant);
		json_decref(j);
	}
}

static json_t *summary(struct mathdemo *d)
{
	json_t *j, *found = NULL;

	kill(d->pid, SIGTERM);
	while ((j = mathdemo_line(d))) {
		if (json_object_get(j, "summary"))
			found = json_incref(json_object_get(j, "summary"));
		json_decref(j);
	}
	return found;
}

Test(mathlib_hosts, each_host_gets_its_variant_and_no_result_is_wrong)
{
	bool wide = ml_variant_runs(ml_op_variant(ML_SGEMM, "avx512"));
	const struct host hosts[] = {
		{ "AVX2", "native,-avx512f", "avx2" },
		{ "SSE2", "native,-avx2,-fma", "sse2" },
		{ "this CPU", "native", wide ? "avx512" : "avx2" },
	};
	struct mathdemo d;
	char command[128];
	json_t *s, *served;
	size_t i;
	int round;

	if (!ml_variant_runs(ml_op_variant(ML_SGEMM, "avx2")))
		cr_skip_test("this CPU has no AVX2 to take away");
	d = follower();
	until_on(&d, hosts[2].sgemm);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
			snprintf(command, sizeof(command),
				 "announce lo --present %s --deadline 30000",
				 hosts[i].present);
			cr_assert_eq(ctl(command), 0, "%s", hosts[i].name);
			until_on(&d, hosts[i].sgemm);
		}
	}
	s = summary(&d);
	cr_assert_eq(mathdemo_wait(&d), 0);
	cr_assert_eq(mathdemo_integer(s, "wrong"), 0);
	cr_assert_geq(mathdemo_integer(s, "swaps"), 2 * ROUNDS);
	cr_assert_geq(mathdemo_integer(s, "acks"), ROUNDS);
	cr_assert_eq(mathdemo_integer(s, "naks"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(s, "source")),
			 "loopback");
	served = json_object_get(json_object_get(s, "served"), "sgemm");
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		cr_assert_gt(mathdemo_integer(served, hosts[i].sgemm), 0);
	json_decref(s);
}

Test(mathlib_hosts, a_change_is_told_at_once_with_what_went)
{
	struct mathdemo d;
	json_t *j, *event = NULL, *s;
	size_t i;
	json_t *flag;
	bool fma = false;

	if (!ml_variant_runs(ml_op_variant(ML_SGEMM, "avx2")))
		cr_skip_test("this CPU has no FMA to take away");
	d = follower();
	json_decref(mathdemo_line(&d));
	cr_assert_eq(ctl("announce lo --remove fma --deadline 30000"), 0);
	while (!event && (j = mathdemo_line(&d))) {
		event = json_incref(json_object_get(j, "event"));
		json_decref(j);
	}
	cr_assert_not_null(event);
	cr_assert_str_eq(json_string_value(json_object_get(event, "kind")),
			 "leaving");
	json_array_foreach(json_object_get(event, "removed"), i, flag)
		fma |= !strcmp(json_string_value(flag), "fma");
	cr_assert(fma);
	json_array_foreach(json_object_get(event, "after"), i, flag)
		cr_assert_str_neq(json_string_value(flag), "fma");
	json_decref(event);
	s = summary(&d);
	cr_assert_eq(mathdemo_wait(&d), 0);
	json_decref(s);
}
