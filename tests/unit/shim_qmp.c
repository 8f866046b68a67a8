// SPDX-License-Identifier: MIT
/*
 * QMP and migration with real QEMUs. The guest's part is played by the test,
 * on the ivshmem socket; QEMU itself runs its firmware.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <hypervisor-shim/policy/names.h>
#include <hypervisor-shim/qmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim_env.h"

#define QEMU "qemu-system-x86_64"
#define RICH "Haswell"
#define POOR "Haswell,-avx2,-bmi2,-fma,-f16c,-movbe"
#define SILENT "Haswell,-avx2,-abm,-bmi1"

static struct shim_env env;
static struct shim_call call;
static pid_t qemus[4];
static unsigned int qemu_count;

static void setup(void)
{
	if (system("command -v " QEMU " >/dev/null 2>&1"))
		cr_skip_test("no " QEMU " here: install qemu-system-x86");
	shim_env_init(&env);
}

static void unlink_in_dir(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", env.host.runtime_dir, name);
	unlink(path);
}

static void teardown(void)
{
	unsigned int i;

	if (!env.host.loop)
		return;
	for (i = 0; i < qemu_count; i++) {
		kill(qemus[i], SIGKILL);
		waitpid(qemus[i], NULL, 0);
	}
	unlink_in_dir("a.qmp");
	unlink_in_dir("b.qmp");
	unlink_in_dir("move");
	shim_env_fini(&env);
}

TestSuite(qmp, .init = setup, .fini = teardown, .timeout = 90);

/* --- QEMUs and VMs --------------------------------------------------------- */

/* Start a QEMU whose QMP socket is DIR/NAME.qmp. @more ends with NULL. */
static void qemu_start(const char *name, const char *cpu, const char *more, ...)
{
	const char *argv[40] = {
		QEMU, "-accel", "tcg", "-nodefaults", "-no-user-config",
		"-display", "none", "-M", "pc", "-m", "16", "-cpu", cpu, "-qmp",
	};
	char qmp[160];
	va_list args;
	int i = 15, null;
	pid_t pid;

	snprintf(qmp, sizeof(qmp), "unix:%s/%s.qmp,server=on,wait=off",
		 env.host.runtime_dir, name);
	argv[14] = qmp;
	va_start(args, more);
	for (; more; more = va_arg(args, const char *))
		argv[i++] = more;
	va_end(args);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid) {
		/* A test that crashes must not leave it behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		null = open("/dev/null", O_RDWR);
		dup2(null, 2);
		execvp(QEMU, (char **)argv);
		_exit(127);
	}
	qemus[qemu_count++] = pid;
}

static void vm_add(const char *name)
{
	shim_request(&env, &call,
		     "{\"command\":\"vm-add\",\"arguments\":{\"name\":\"%s\",\"qmp\":\"%s/%s.qmp\"}}",
		     name, env.host.runtime_dir, name);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
}

static void vm_await(const char *name, const char *what)
{
	shim_request(&env, &call,
		     "{\"command\":\"vm-await\",\"arguments\":{\"vm\":\"%s\",\"for\":\"%s\",\"timeout_ms\":30000}}",
		     name, what);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
}

struct expected_state {
	const char *name;
	enum isahp_run_state state;
};

static bool in_state(void *arg)
{
	struct expected_state *e = arg;

	return shim_vm(&env, e->name)->run_state == e->state;
}

static void state_await(const char *name, enum isahp_run_state state)
{
	struct expected_state e = { name, state };

	shim_pump(&env, in_state, &e);
}

static void guest_attach(struct shim_guest *guest, const char *name)
{
	vm_await(name, "target");
	shim_guest_connect(guest, &env, shim_vm(&env, name)->config.socket);
	shim_guest_await(guest, ISAHP_RECORD_ANNOUNCE, NULL);
	cr_assert_eq(shim_guest_register(guest, "xsave,cx16", 7), 0);
	cr_assert_eq(shim_guest_answer(guest, ISAHP_ACK, 0), 0);
}

/* Begin `migrate a`, with the target's features as of VM b. */
static void migrate_begin(const char *uri_format, bool force)
{
	struct isahp_vm *b = shim_vm(&env, "b");
	json_t *present = isahp_names_to_json(&b->profile);
	char *text = json_dumps(present, JSON_COMPACT);
	char uri[200];

	snprintf(uri, sizeof(uri), uri_format, env.host.runtime_dir);
	shim_request_begin(&env, &call,
			   "{\"command\":\"migrate\",\"arguments\":{\"vm\":\"a\",\"uri\":\"%s\","
			   "\"present\":%s,\"vendor\":\"intel\",\"force\":%s}}",
			   uri, text, force ? "true" : "false");
	free(text);
	json_decref(present);
}

static void incoming_start(const char *cpu)
{
	char incoming[160];

	snprintf(incoming, sizeof(incoming), "unix:%s/move", env.host.runtime_dir);
	qemu_start("b", cpu, "-incoming", incoming, NULL);
	vm_add("b");
	vm_await("b", "target");
}

/* --- what holds ------------------------------------------------------------ */

Test(qmp, feature_words_of_haswell_are_haswells)
{
	struct isahp_features has = shim_set("avx,avx2,bmi1,bmi2,fma,f16c,movbe,abm,aes,pclmulqdq,xsaveopt,fsgsbase");
	struct isahp_features lacks = shim_set("avx512f,vaes,sse4a,adx,sha_ni,xop");
	struct isahp_vm *vm;

	qemu_start("a", RICH, NULL);
	vm_add("a");
	vm_await("a", "target");
	vm = shim_vm(&env, "a");
	cr_assert(isahp_features_subset(&has, &vm->profile));
	cr_assert(!isahp_features_meet(&lacks, &vm->profile));
	cr_assert_eq(vm->vendor, ISAHP_VENDOR_INTEL);
	state_await("a", ISAHP_RUN_RUNNING);
}

/* What CPUID hides executes; what a hypervisor gates by CPUID does not. */
Test(qmp, masked_guest_is_told_of_what_executes)
{
	struct isahp_features hidden = shim_set("avx2,bmi2");
	struct isahp_features gated = shim_set("rdrand,rdseed");
	struct shim_guest guest;
	struct isahp_record told;

	qemu_start("a", POOR ",-rdrand", NULL);
	shim_request(&env, &call,
		     "{\"command\":\"vm-add\",\"arguments\":{\"name\":\"a\",\"qmp\":\"%s/a.qmp\","
		     "\"masked\":true,\"vendor\":\"intel\",\"present\":\"x86-64-v3,rdrand,rdseed,rdtscp\"}}",
		     env.host.runtime_dir);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
	vm_await("a", "target");
	shim_guest_connect(&guest, &env, shim_vm(&env, "a")->config.socket);
	shim_guest_await(&guest, ISAHP_RECORD_ANNOUNCE, &told);
	cr_assert_eq(told.flags, ISAHP_RECORD_F_MASKED);
	cr_assert(isahp_features_subset(&hidden, &told.present));
	cr_assert(!isahp_features_meet(&gated, &told.present));
	/* Shown, and so executed. */
	cr_assert(isahp_features_has(&told.present, ISAHP_FEATURE_RDTSCP));
	shim_request(&env, &call,
		     "{\"command\":\"announce\",\"arguments\":{\"vm\":\"a\",\"add\":\"rdrand\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_POLICY, "%s", call.err.text);
	cr_assert(strstr(call.err.text, "rdrand (hidden"), "%s", call.err.text);
	shim_call_fini(&call);
	/* All that a host has, by contrast, is what it has for this guest. */
	shim_request(&env, &call,
		     "{\"command\":\"announce\",\"arguments\":{\"vm\":\"a\",\"present\":\"x86-64-v3,rdrand,rdseed,rdtscp\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
	shim_guest_disconnect(&guest);
}

Test(qmp, run_state_follows_incoming_and_stop)
{
	qemu_start("a", "EPYC", "-S", NULL);
	vm_add("a");
	vm_await("a", "target");
	cr_assert_eq(shim_vm(&env, "a")->vendor, ISAHP_VENDOR_AMD);
	state_await("a", ISAHP_RUN_STOPPED);
	isahp_qmp_command(shim_vm(&env, "a")->qmp, "cont", NULL, NULL, NULL);
	state_await("a", ISAHP_RUN_RUNNING);
	incoming_start(POOR);
	state_await("b", ISAHP_RUN_INCOMING);
	cr_assert(!isahp_features_has(&shim_vm(&env, "b")->profile,
				      ISAHP_FEATURE_AVX2));
}

Test(qmp, qemu_connects_to_the_ivshmem_server_and_is_missed_when_gone)
{
	struct isahp_vm *vm;
	char chardev[200];

	vm_add("a");
	vm = shim_vm(&env, "a");
	snprintf(chardev, sizeof(chardev), "socket,id=iv,path=%s", vm->config.socket);
	qemu_start("a", RICH, "-chardev", chardev, "-device",
		   "ivshmem-doorbell,chardev=iv,vectors=2,master=on", NULL);
	vm_await("a", "target");
	cr_assert(vm->connected);
	cr_assert(vm->attached);
	kill(qemus[0], SIGKILL);
	state_await("a", ISAHP_RUN_UNKNOWN);
	while (vm->connected)
		uv_run(&env.loop, UV_RUN_ONCE);
	cr_assert(!vm->attached);
	cr_assert(!vm->profile_known);
}

Test(qmp, migration_is_prepared_moved_and_committed_by_the_destination)
{
	struct shim_guest here, there;
	struct isahp_record record;

	qemu_start("a", RICH, NULL);
	vm_add("a");
	incoming_start(POOR);
	guest_attach(&here, "a");
	shim_guest_connect(&there, &env, shim_vm(&env, "b")->config.socket);
	migrate_begin("unix:%s/move", false);
	shim_guest_await(&here, ISAHP_RECORD_PREPARE, &record);
	cr_assert(isahp_features_has(&record.leaving, ISAHP_FEATURE_AVX2));
	cr_assert(isahp_features_has(&record.leaving, ISAHP_FEATURE_MOVBE));
	cr_assert(!isahp_features_has(&record.leaving, ISAHP_FEATURE_BMI1));
	cr_assert_eq(shim_vm(&env, "b")->run_state, ISAHP_RUN_INCOMING);
	cr_assert_eq(shim_guest_answer(&here, ISAHP_ACK, 0), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	cr_assert(json_is_number(json_object_get(call.data, "total_ms")));
	cr_assert(json_is_number(json_object_get(call.data, "downtime_ms")));
	shim_call_fini(&call);
	cr_assert_eq(shim_vm(&env, "a")->run_state, ISAHP_RUN_GONE);
	/* The destination speaks first, and repeats itself. */
	shim_guest_await(&there, ISAHP_RECORD_COMMIT, &record);
	cr_assert(!isahp_features_has(&record.present, ISAHP_FEATURE_AVX2));
	cr_assert(shim_vm(&env, "b")->reassert);
	cr_assert_eq(shim_guest_register(&there, "xsave,cx16", 7), 0);
	cr_assert_eq(shim_guest_answer(&there, ISAHP_ACK, 0), 0);
	vm_await("b", "settled");
	shim_request(&env, &call,
		     "{\"command\":\"announce\",\"arguments\":{\"vm\":\"a\",\"remove\":\"aes\"}}");
	cr_assert(strstr(call.err.text, "migrated away"), "%s", call.err.text);
	shim_call_fini(&call);
	shim_guest_disconnect(&here);
	shim_guest_disconnect(&there);
}

static void stopped_again(struct isahp_vm *vm, const json_t *result,
			  const char *why, void *data)
{
	const char *status = json_string_value(json_object_get(result, "status"));
	int *stopped = data;

	(void)vm;
	(void)why;
	*stopped = status && strcmp(status, "running") ? 1 : -1;
}

static bool answered(void *arg)
{
	return *(int *)arg != 0;
}

Test(qmp, source_that_is_resumed_after_it_moved_is_stopped)
{
	int stopped = 0, i;
	struct isahp_vm *vm;

	qemu_start("a", RICH, NULL);
	vm_add("a");
	vm_await("a", "target");
	state_await("a", ISAHP_RUN_RUNNING);
	vm = shim_vm(&env, "a");
	isahp_qmp_command(vm->qmp, "stop", NULL, NULL, NULL);
	state_await("a", ISAHP_RUN_STOPPED);
	isahp_vm_run_state_set(vm, ISAHP_RUN_GONE);
	isahp_qmp_command(vm->qmp, "cont", NULL, NULL, NULL);
	/* Asked until it holds: the RESUME event travels beside the answers. */
	for (i = 0; i < 100 && stopped <= 0; i++) {
		stopped = 0;
		shim_linger(&env, 10);
		isahp_qmp_command(vm->qmp, "query-status", NULL, stopped_again,
				  &stopped);
		shim_pump(&env, answered, &stopped);
	}
	cr_assert_eq(stopped, 1);
}

Test(qmp, failed_migration_gives_the_features_back)
{
	struct shim_guest guest;
	struct isahp_record record;

	qemu_start("a", RICH, NULL);
	vm_add("a");
	incoming_start(POOR);
	guest_attach(&guest, "a");
	migrate_begin("unix:%s/nowhere", false);
	shim_guest_await(&guest, ISAHP_RECORD_PREPARE, NULL);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	shim_guest_await(&guest, ISAHP_RECORD_ABORT, &record);
	cr_assert(isahp_features_has(&record.present, ISAHP_FEATURE_AVX2));
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_FAILED);
	cr_assert(strstr(call.err.text, "nowhere"), "%s", call.err.text);
	cr_assert(json_is_true(json_object_get(call.data, "abort_acknowledged")));
	shim_call_fini(&call);
	state_await("a", ISAHP_RUN_RUNNING);
	shim_guest_disconnect(&guest);
}

Test(qmp, cancelled_migration_gives_the_features_back)
{
	struct shim_guest guest;

	qemu_start("a", RICH, NULL);
	vm_add("a");
	incoming_start(POOR);
	guest_attach(&guest, "a");
	isahp_qmp_command(shim_vm(&env, "a")->qmp, "migrate-set-parameters",
			  json_pack("{s:i}", "max-bandwidth", 4096), NULL, NULL);
	migrate_begin("unix:%s/move", false);
	shim_guest_await(&guest, ISAHP_RECORD_PREPARE, NULL);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	while (call.progress < 3)	/* prepare, migrate, active */
		uv_run(&env.loop, UV_RUN_ONCE);
	cr_assert(!call.finished);
	/* As a client that goes away does. */
	call.call.cancel(&call.call);
	shim_guest_await(&guest, ISAHP_RECORD_ABORT, NULL);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_CANCELLED, "%s", call.err.text);
	shim_call_fini(&call);
	cr_assert_eq(shim_vm(&env, "a")->run_state, ISAHP_RUN_RUNNING);
	shim_guest_disconnect(&guest);
}

Test(qmp, laggard_stops_the_migration_unless_forced)
{
	struct shim_guest guest;

	qemu_start("a", RICH, NULL);
	vm_add("a");
	incoming_start(POOR);
	guest_attach(&guest, "a");
	migrate_begin("unix:%s/move", false);
	shim_guest_await(&guest, ISAHP_RECORD_PREPARE, NULL);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_NAK, ISAHP_NAK_DEADLINE), 0);
	shim_guest_await(&guest, ISAHP_RECORD_ABORT, NULL);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_UNACKED);
	cr_assert(strstr(call.err.text, "pid 4711"), "%s", call.err.text);
	shim_call_fini(&call);
	cr_assert_eq(shim_vm(&env, "b")->run_state, ISAHP_RUN_INCOMING);
	migrate_begin("unix:%s/move", true);
	shim_guest_await(&guest, ISAHP_RECORD_PREPARE, NULL);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_NAK, ISAHP_NAK_DEADLINE), 0);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
	shim_guest_disconnect(&guest);
}

Test(qmp, target_without_silent_features_is_refused)
{
	struct shim_guest guest;

	qemu_start("a", RICH, NULL);
	vm_add("a");
	incoming_start(SILENT);
	guest_attach(&guest, "a");
	migrate_begin("unix:%s/move", true);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_POLICY);
	cr_assert(strstr(call.err.text, "abm (silent") &&
		  strstr(call.err.text, "bmi1 (silent"), "%s", call.err.text);
	shim_call_fini(&call);
	shim_guest_disconnect(&guest);
}

Test(qmp, nobody_to_acknowledge_stops_the_migration)
{
	struct shim_guest guest;

	qemu_start("a", RICH, NULL);
	vm_add("a");
	incoming_start(POOR);
	vm_await("a", "target");
	shim_guest_connect(&guest, &env, shim_vm(&env, "a")->config.socket);
	migrate_begin("unix:%s/move", false);
	shim_call_wait(&env, &call);
	cr_assert_eq(call.err.class, ISAHP_ERROR_UNACKED);
	cr_assert(strstr(call.err.text, "has not registered"), "%s", call.err.text);
	shim_call_fini(&call);
	shim_guest_disconnect(&guest);
}
