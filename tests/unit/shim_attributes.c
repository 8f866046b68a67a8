// SPDX-License-Identifier: MIT
/*
 * A VM's record at the isahpd where it is, and at the one where it goes. QEMU's
 * part is played by the test, on what QEMU 7.2 says of its Haswell.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/attributes.h>
#include <hypervisor-shim/policy/errata.h>
#include <hypervisor-shim/policy/layout.h>
#include <hypervisor-shim/policy/names.h>
#include <hypervisor-shim/policy/qemu_words.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim_env.h"

static struct shim_env env;
static struct shim_call call;
static struct shim_guest guest;

static void setup(void)
{
	shim_env_init(&env);
}

static void teardown(void)
{
	shim_env_fini(&env);
}

TestSuite(attributes, .init = setup, .fini = teardown, .timeout = 60);

/* --- QEMU ------------------------------------------------------------------ */

static const char haswell[] =
	"["
	"{\"cpuid-input-eax\": 1, \"cpuid-register\": \"EDX\", \"features\": 126614525},"
	"{\"cpuid-input-eax\": 1, \"cpuid-register\": \"ECX\", \"features\": 4143460867},"
	"{\"cpuid-input-eax\": 7, \"cpuid-input-ecx\": 0, \"cpuid-register\": \"EBX\", \"features\": 937},"
	"{\"cpuid-input-eax\": 7, \"cpuid-input-ecx\": 0, \"cpuid-register\": \"ECX\", \"features\": 0},"
	"{\"cpuid-input-eax\": 13, \"cpuid-input-ecx\": 0, \"cpuid-register\": \"EAX\", \"features\": 7},"
	"{\"cpuid-input-eax\": 13, \"cpuid-input-ecx\": 1, \"cpuid-register\": \"EAX\", \"features\": 1},"
	"{\"cpuid-input-eax\": 1073741825, \"cpuid-register\": \"EAX\", \"features\": 16777467},"
	"{\"cpuid-input-eax\": 2147483649, \"cpuid-register\": \"EDX\", \"features\": 672139264},"
	"{\"cpuid-input-eax\": 2147483649, \"cpuid-register\": \"ECX\", \"features\": 33}"
	"]";

static struct isahp_profile cpu_of(const char *text, unsigned int phys_bits)
{
	struct isahp_qemu_cpu cpu = {
		.words = json_loads(text, 0, NULL), .vendor = "GenuineIntel",
		.number = { 6, 60, 4, phys_bits, 13, 0x80000008 },
	};
	struct isahp_profile profile;

	cr_assert(cpu.words);
	cr_assert_eq(isahp_qemu_cpu_profile(&cpu, &profile), 0);
	json_decref((json_t *)cpu.words);
	return profile;
}

/* As the probe does; @lacks are features that -cpu takes away. */
static void qemu_is(const char *name, const char *lacks, unsigned int phys_bits)
{
	struct isahp_vm *vm = shim_vm(&env, name);
	struct isahp_layout layout = isahp_layout_tcg(7);
	struct isahp_profile cpu = cpu_of(haswell, phys_bits);
	struct isahp_features set = shim_set(lacks), has;
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f && isahp_features_has(&set, i))
			cr_assert_eq(isahp_profile_set(&cpu, f->leaf, f->subleaf, f->reg,
						       1u << f->bit, 0), 0);
	}
	has = isahp_profile_features(&cpu);
	isahp_attributes_shown(vm, &cpu, &layout, false);
	isahp_vm_shown_set(vm, &has, &layout);
	isahp_vm_profile_set(vm, &has, ISAHP_VENDOR_INTEL);
}

/* Nobody listens at the QMP socket: it is never asked. */
static void add(const char *name, const char *more)
{
	shim_request(&env, &call,
		     "{\"command\":\"vm-add\",\"arguments\":{\"name\":\"%s\",\"qmp\":\"%s/none\"%s}}",
		     name, env.host.runtime_dir, more);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
}

static void boot(const char *name, const char *more, const char *pinned)
{
	add(name, more);
	qemu_is(name, "none", 40);
	shim_guest_connect(&guest, &env, shim_vm(&env, name)->config.socket);
	shim_guest_await(&guest, ISAHP_RECORD_ANNOUNCE, NULL);
	cr_assert_eq(shim_guest_register(&guest, pinned, 7), 0);
	cr_assert_eq(shim_guest_answer(&guest, ISAHP_ACK, 0), 0);
}

static json_t *record_of(const char *name)
{
	json_t *record;

	shim_request(&env, &call,
		     "{\"command\":\"vm-record\",\"arguments\":{\"vm\":\"%s\"}}", name);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	record = json_incref(json_object_get(call.data, "record"));
	shim_call_fini(&call);
	return record;
}

/* Takes over @record. */
static void admit(const char *name, json_t *record, const char *more)
{
	char *text = json_dumps(record, JSON_COMPACT | JSON_ENCODE_ANY);

	shim_request(&env, &call,
		     "{\"command\":\"vm-admit\",\"arguments\":{\"vm\":\"%s\",\"record\":%s%s}}",
		     name, text, more);
	free(text);
	json_decref(record);
}

static void admit_well(const char *name, json_t *record, const char *more)
{
	admit(name, record, more);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
}

static void refuse(const char *name, json_t *record, const char *why)
{
	admit(name, record, "");
	cr_assert_eq(call.err.class, ISAHP_ERROR_POLICY, "%s", call.err.text);
	cr_assert(strstr(call.err.text, why), "%s: %s", why, call.err.text);
	cr_assert(json_object_get(json_object_get(call.data, "admission"), "refusals"));
	cr_assert(strstr(json_string_value(json_object_get(call.data, "text")),
			 "would do:"));
	cr_assert(!shim_vm(&env, name)->arriving.document);
	shim_call_fini(&call);
}

static void nonsense(const char *name, const char *record, const char *why)
{
	admit(name, json_loads(record, JSON_DECODE_ANY, NULL), "");
	cr_assert_eq(call.err.class, ISAHP_ERROR_USAGE, "%s", call.err.text);
	cr_assert(strstr(call.err.text, why), "%s: %s", why, call.err.text);
	cr_assert(!call.data);
	shim_call_fini(&call);
}

static bool has(const json_t *array, const char *word)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
		if (!strcmp(json_string_value(item), word))
			return true;
	return false;
}

static const char *text_at(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

/* --- what holds ------------------------------------------------------------ */

static const char brought[] =
	",\"record\":{\"isahp-vm\":1,\"name\":\"elsewhere\",\"pool\":\"rack4\","
	"\"level\":\"x86-64-v2\",\"baseline\":[\"pni\",\"ssse3\"],\"shape\":{\"of\":[1]},"
	"\"guest\":{\"mood\":\"good\"}}";

Test(attributes, record_is_what_is_known_upon_what_it_came_with)
{
	json_t *record, *owner;

	boot("a", brought, "xsave,cx16");
	record = record_of("a");
	owner = json_object_get(record, "guest");
	cr_assert_str_eq(text_at(record, "name"), "a");
	cr_assert_str_eq(text_at(record, "pool"), "rack4");
	cr_assert_str_eq(text_at(record, "vendor"), "intel");
	cr_assert_str_eq(text_at(owner, "mood"), "good");
	cr_assert_str_eq(text_at(owner, "entry32"), "follows");
	cr_assert_str_eq(text_at(owner, "xcr0"), "0x7");
	cr_assert(json_object_get(record, "shape"));
	cr_assert(has(json_object_get(owner, "pinned"), "cx16"));
	cr_assert(has(json_object_get(record, "baseline"), "ssse3"));
	cr_assert(has(json_object_get(record, "announced"), "avx2"));
	/* A kernel finds in what it is shown which errata it has to work around. */
	cr_assert(has(json_object_get(owner, "workarounds"), "meltdown"));
	json_decref(record);
	shim_guest_disconnect(&guest);
}

Test(attributes, promise_is_kept_where_it_came)
{
	boot("a", brought, "xsave,cx16");
	shim_request(&env, &call,
		     "{\"command\":\"announce\",\"arguments\":{\"vm\":\"a\",\"remove\":\"ssse3\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_POLICY);
	cr_assert(strstr(call.err.text, "ssse3 (") && strstr(call.err.text, "baseline"),
		  "%s", call.err.text);
	shim_call_fini(&call);
	shim_guest_disconnect(&guest);
}

Test(attributes, destination_admits_what_its_host_has_and_keeps_it_on_arrival)
{
	struct isahp_vm *b;
	json_t *record;

	boot("a", brought, "xsave,cx16");
	add("b", "");
	qemu_is("b", "avx2,bmi2,fma", 40);
	b = shim_vm(&env, "b");
	/* Nobody is awaited: it is an answer, and no more. */
	admit_well("b", record_of("a"), "");
	cr_assert(!b->arriving.document);
	isahp_vm_run_state_set(b, ISAHP_RUN_INCOMING);
	admit_well("b", record_of("a"), "");
	cr_assert(b->arriving.document && !b->kept.document);
	isahp_vm_run_state_set(b, ISAHP_RUN_RUNNING);
	cr_assert(!b->arriving.document && b->kept.document);
	cr_assert_str_eq(b->kept.pool, "rack4");
	cr_assert(isahp_features_has(&b->config.baseline, ISAHP_FEATURE_SSSE3));
	record = record_of("b");
	cr_assert(json_object_get(record, "shape"));
	cr_assert(!has(json_object_get(record, "announced"), "avx2"));
	/* Its kernel has not been heard here yet, and is the same. */
	cr_assert_str_eq(text_at(json_object_get(record, "guest"), "xcr0"), "0x7");
	json_decref(record);
	shim_guest_disconnect(&guest);
}

Test(attributes, destination_refuses_by_name_and_changes_nothing)
{
	json_t *record;

	boot("a", "", "xsave,cx16,smep");
	add("b", "");
	isahp_vm_run_state_set(shim_vm(&env, "b"), ISAHP_RUN_INCOMING);
	qemu_is("b", "smep", 40);
	refuse("b", record_of("a"), "smep (pinned");
	qemu_is("b", "bmi1,abm", 40);
	refuse("b", record_of("a"), "abm (silent");
	qemu_is("b", "none", 36);
	refuse("b", record_of("a"), "physical address bits (");
	/* Bits of CPUID that are no row of the table: NX. */
	qemu_is("b", "none", 40);
	cr_assert_eq(isahp_profile_set(&shim_vm(&env, "b")->cpu, 0x80000001, 0, ISAHP_EDX, ~0u,
				       0), 0);
	refuse("b", record_of("a"), "nx (");
	qemu_is("b", "none", 40);
	record = record_of("a");
	json_array_append_new(json_object_get(json_object_get(record, "guest"), "pinned"),
			      json_string("wombat"));
	refuse("b", record, "wombat (");
	shim_guest_disconnect(&guest);
}

Test(attributes, errata_that_nobody_knows_are_a_mistake)
{
	boot("a", "", "xsave,cx16");
	add("b", "");
	qemu_is("b", "none", 40);
	admit("b", record_of("a"), ",\"accept\":[\"meltdwon\"]");
	cr_assert_eq(call.err.class, ISAHP_ERROR_USAGE);
	cr_assert(strstr(call.err.text, "meltdwon"), "%s", call.err.text);
	shim_call_fini(&call);
	admit_well("b", record_of("a"), ",\"accept\":[\"meltdown\",\"entry32\"]");
	shim_guest_disconnect(&guest);
}

/* By which instruction a kernel calls KVM, it has chosen when it was booted. */
Test(attributes, record_tells_of_paravirtual_calls_where_kvm_is)
{
	struct isahp_layout layout = isahp_layout_tcg(7);
	struct isahp_profile cpu = cpu_of(haswell, 40), host;
	struct isahp_vm_record record = { 0 };
	struct isahp_admission admission;
	struct isahp_error err;
	json_t *json;
	char *text;

	boot("a", "", "xsave,cx16");
	cr_assert_eq(isahp_profile_copy(&shim_vm(&env, "a")->cpu, "b", &host), 0);
	cr_assert_eq(isahp_profile_set(&host, 0, 0, ISAHP_EBX, ~0u, 0x68747541), 0);
	cr_assert_eq(isahp_profile_set(&host, 0, 0, ISAHP_EDX, ~0u, 0x69746e65), 0);
	cr_assert_eq(isahp_profile_set(&host, 0, 0, ISAHP_ECX, ~0u, 0x444d4163), 0);
	cr_assert_eq(isahp_profile_leaf(&host, 0x40000001, 0)->value[ISAHP_EAX], 0);
	isahp_attributes_shown(shim_vm(&env, "a"), &cpu, &layout, true);
	json = record_of("a");
	cr_assert_eq(isahp_vm_record_from_json(json, &record, &err), 0, "%s", err.text);
	cr_assert_eq(isahp_admission_check(&record, &host, NULL, &admission, &err), 0);
	text = isahp_admission_to_text(&admission);
	cr_assert(strstr(text, "kvm-pv-unhalt"), "%s", text);
	free(text);
	isahp_admission_free(&admission);
	isahp_vm_record_free(&record);
	isahp_profile_free(&host);
	json_decref(json);
	shim_guest_disconnect(&guest);
}

/* Two hosts like this one, with KVM and the CPU passed through: no erratum of its
 * own CPU, nor anything else of it, may keep a VM from the second. */
Test(attributes, host_admits_what_was_booted_on_its_like)
{
	struct isahp_layout layout = isahp_layout_native(7);
	struct isahp_profile native, cpu;
	struct isahp_features has;
	struct isahp_error err;
	const char *name;
	int i;

	cr_assert_eq(isahp_profile_native(&native, &err), 0, "%s", err.text);
	cr_assert_eq(native.document, NULL);
	for (i = 0; i < 2; i++) {
		name = i ? "b" : "a";
		add(name, "");
		cr_assert_eq(isahp_profile_copy(&native, "x", &cpu), 0);
		free(cpu.mitigations);
		cpu.mitigations = NULL;
		cpu.mitigation_count = 0;
		cpu.msr_count = 0;
		/* The guest that the test plays is Intel's. */
		cr_assert_eq(isahp_profile_set(&cpu, 0x40000001, 0, ISAHP_EAX, ~0u, 0), 0);
		/* QEMU gives the x2APIC everywhere. */
		cr_assert_eq(isahp_profile_set(&cpu, 1, 0, ISAHP_ECX, 1u << 21, 1u << 21), 0);
		has = isahp_profile_features(&cpu);
		isahp_attributes_shown(shim_vm(&env, name), &cpu, &layout, true);
		isahp_vm_shown_set(shim_vm(&env, name), &has, &layout);
		isahp_vm_profile_set(shim_vm(&env, name), &has, isahp_profile_vendor(&native));
	}
	shim_guest_connect(&guest, &env, shim_vm(&env, "a")->config.socket);
	shim_guest_await(&guest, ISAHP_RECORD_ANNOUNCE, NULL);
	cr_assert_eq(shim_guest_register(&guest, "xsave,cx16", 7), 0);
	admit_well("b", record_of("a"), "");
	cr_assert_eq(isahp_errata_of(&native),
		     isahp_attributes_errata(shim_vm(&env, "a")));
	shim_vm(&env, "a")->emulated = true;
	cr_assert_eq(isahp_attributes_errata(shim_vm(&env, "a")), 0);
	isahp_profile_free(&native);
	shim_guest_disconnect(&guest);
}

Test(attributes, nonsense_is_one_error_and_no_record)
{
	add("b", "");
	qemu_is("b", "none", 40);
	isahp_vm_run_state_set(shim_vm(&env, "b"), ISAHP_RUN_INCOMING);
	nonsense("b", "17", "has to be a JSON object");
	nonsense("b", "{}", "isahp-vm");
	nonsense("b", "{\"isahp-vm\":99,\"name\":\"a\"}", "newer");
	nonsense("b", "{\"isahp-vm\":1,\"name\":\"a\",\"baseline\":[\"avx\"],\"announced\":[]}",
		 "lacks avx");
	nonsense("b", "{\"isahp-vm\":1,\"name\":\"a\",\"guest\":{\"xcr0\":\"many\"}}", "xcr0");
	cr_assert(!shim_vm(&env, "b")->arriving.document);
	shim_request(&env, &call,
		     "{\"command\":\"vm-add\",\"arguments\":{\"name\":\"c\",\"present\":\"none\",\"record\":{}}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_USAGE);
	shim_call_fini(&call);
	shim_request(&env, &call, "{\"command\":\"vm-show\",\"arguments\":{\"vm\":\"c\"}}");
	cr_assert_eq(call.err.class, ISAHP_ERROR_NO_VM, "it is there all the same");
	shim_call_fini(&call);
}

/* Another QEMU does not await what the one before did. */
Test(attributes, what_was_awaited_goes_with_its_qemu)
{
	struct isahp_vm *b;

	boot("a", "", "xsave,cx16");
	add("b", "");
	b = shim_vm(&env, "b");
	qemu_is("b", "none", 40);
	isahp_vm_run_state_set(b, ISAHP_RUN_INCOMING);
	admit_well("b", record_of("a"), "");
	cr_assert(b->arriving.document);
	isahp_vm_disconnected(b);
	cr_assert(!b->arriving.document && !b->cpu.leaf_count);
	/* Nor does the next one's kernel see to what the last one's did. */
	qemu_is("b", "none", 40);
	isahp_vm_run_state_set(b, ISAHP_RUN_INCOMING);
	admit_well("b", record_of("a"), "");
	isahp_vm_run_state_set(b, ISAHP_RUN_RUNNING);
	cr_assert(b->kept.errata && b->kept.cpuid.leaf_count);
	isahp_vm_disconnected(b);
	cr_assert(b->kept.document && !b->kept.errata && !b->kept.cpuid.leaf_count);
	shim_guest_disconnect(&guest);
}

/* The next kernel goes by what it sees itself. */
Test(attributes, kernel_that_boots_anew_is_not_held_to_the_one_before)
{
	struct isahp_vm *a;
	json_t *record;

	boot("a", ",\"record\":{\"isahp-vm\":1,\"name\":\"a\",\"pool\":\"rack4\","
	     "\"guest\":{\"workarounds\":[\"srso\"]},\"physical_bits\":39}", "xsave,cx16");
	a = shim_vm(&env, "a");
	record = record_of("a");
	cr_assert(has(json_object_get(json_object_get(record, "guest"), "workarounds"),
		      "srso"));
	/* It came with what it does: no more is taken for granted. */
	cr_assert(!has(json_object_get(json_object_get(record, "guest"), "workarounds"),
		       "meltdown"));
	json_decref(record);
	isahp_vm_reset(a);
	record = record_of("a");
	cr_assert(!has(json_object_get(json_object_get(record, "guest"), "workarounds"),
		       "srso"));
	cr_assert(has(json_object_get(json_object_get(record, "guest"), "workarounds"),
		      "meltdown"));
	/* A new kernel expects ITS in a guest of Intel's, whatever its model. */
	cr_assert(has(json_object_get(json_object_get(record, "guest"), "workarounds"),
		      "its"));
	cr_assert(!json_object_get(record, "physical_bits"));
	cr_assert_str_eq(text_at(record, "pool"), "rack4");
	json_decref(record);
	shim_guest_disconnect(&guest);
}

static enum isahp_error_class announce_add(const char *list)
{
	enum isahp_error_class class;

	shim_request_begin(&env, &call,
			   "{\"command\":\"announce\",\"arguments\":{\"vm\":\"a\",\"add\":\"%s\"}}",
			   list);
	if (!call.finished) {
		while (shim_guest_answer(&guest, ISAHP_ACK, 0))
			;
		shim_call_wait(&env, &call);
	}
	class = call.err.class;
	shim_call_fini(&call);
	return class;
}

static void set_envelope(const char *list)
{
	shim_request(&env, &call,
		     "{\"command\":\"vm-set\",\"arguments\":{\"vm\":\"a\",\"envelope\":\"%s\"}}",
		     list);
	cr_assert_eq(call.err.class, ISAHP_ERROR_NONE, "%s", call.err.text);
	shim_call_fini(&call);
}

Test(attributes, envelope_is_widened_while_the_vm_runs_and_travels)
{
	struct isahp_vm *b;
	json_t *record;

	boot("a", ",\"present\":\"x86-64-v2\",\"envelope\":\"x86-64-v2,aes\"", "xsave,cx16");
	cr_assert_eq(announce_add("movbe"), ISAHP_ERROR_POLICY);
	set_envelope("movbe,sha_ni,adx");
	cr_assert_eq(announce_add("movbe"), ISAHP_ERROR_NONE);
	/* What is announced stays in it, and what QEMU does not show stays out. */
	cr_assert(isahp_features_has(&shim_vm(&env, "a")->config.envelope,
				     ISAHP_FEATURE_SSE4_2));
	cr_assert_eq(announce_add("sha_ni"), ISAHP_ERROR_POLICY);
	shim_vm(&env, "a")->config.masked = true;
	cr_assert_eq(announce_add("sha_ni"), ISAHP_ERROR_NONE);
	record = record_of("a");
	cr_assert(has(json_object_get(record, "envelope"), "adx"));
	cr_assert(!has(json_object_get(record, "envelope"), "bmi2"));
	add("b", "");
	b = shim_vm(&env, "b");
	qemu_is("b", "none", 40);
	isahp_vm_run_state_set(b, ISAHP_RUN_INCOMING);
	admit_well("b", record, "");
	isahp_vm_run_state_set(b, ISAHP_RUN_RUNNING);
	cr_assert(isahp_features_has(&b->config.envelope, ISAHP_FEATURE_ADX));
	cr_assert(!isahp_features_has(&b->config.envelope, ISAHP_FEATURE_BMI2));
	shim_guest_disconnect(&guest);
}

/* --- on disk --------------------------------------------------------------- */

static void path_of(const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", env.host.runtime_dir, name);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert(file && fputs(text, file) >= 0 && !fclose(file));
}

Test(attributes, record_is_stored_and_found_again_and_forgotten)
{
	struct stat st;
	char path[160];

	strcpy(env.host.state_dir, env.host.runtime_dir);
	path_of("vm-a.json", path, sizeof(path));
	add("a", brought);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
	/* isahpd ends, and another begins: not what `vm remove` is. */
	isahp_vm_remove(shim_vm(&env, "a"));
	cr_assert_eq(access(path, F_OK), 0);
	add("a", "");
	cr_assert_str_eq(shim_vm(&env, "a")->kept.pool, "rack4");
	cr_assert(json_object_get(shim_vm(&env, "a")->kept.document, "shape"));
	cr_assert(!json_object_get(shim_vm(&env, "a")->kept.document, "guest"));
	shim_request(&env, &call, "{\"command\":\"vm-remove\",\"arguments\":{\"vm\":\"a\"}}");
	shim_call_fini(&call);
	cr_assert_neq(access(path, F_OK), 0, "stored for ever");
}

Test(attributes, spoilt_file_is_left_alone_and_the_vm_is_there)
{
	char path[160];

	strcpy(env.host.state_dir, env.host.runtime_dir);
	path_of("vm-a.json", path, sizeof(path));
	write_file(path, "{\"isahp-vm\": 1, \"name\":");
	add("a", "");
	cr_assert(!shim_vm(&env, "a")->kept.document);
	cr_assert_eq(access(path, F_OK), 0);
	isahp_vm_remove(shim_vm(&env, "a"));
	write_file(path, "{\"isahp-vm\": 7, \"name\": \"a\"}");
	add("a", "");
	cr_assert(!shim_vm(&env, "a")->kept.document);
	cr_assert_eq(unlink(path), 0);
}

/* --- what QEMU says ---------------------------------------------------------- */

static void no_cpu(const char *words, json_int_t family, json_int_t bits, const char *vendor)
{
	struct isahp_qemu_cpu cpu = {
		.words = json_loads(words, JSON_DECODE_ANY, NULL), .vendor = vendor,
		.number = { family, 1, 1, bits, 13, -1 },
	};
	struct isahp_profile profile = { .microcode = 7 };

	cr_assert_eq(isahp_qemu_cpu_profile(&cpu, &profile), -EPROTO, "%s", words);
	cr_assert_eq(profile.microcode, 7, "untouched on failure");
	json_decref((json_t *)cpu.words);
}

Test(attributes, qemu_that_tells_nonsense_tells_nothing)
{
	no_cpu("7", 6, 40, NULL);
	no_cpu("[7]", 6, 40, NULL);
	no_cpu("[{\"cpuid-input-eax\":1,\"cpuid-register\":\"EFX\",\"features\":1}]", 6, 40, NULL);
	no_cpu("[{\"cpuid-input-eax\":1,\"cpuid-register\":\"EAX\",\"features\":4294967296}]", 6,
	       40, NULL);
	no_cpu("[{\"cpuid-input-eax\":-1,\"cpuid-register\":\"EAX\",\"features\":1}]", 6, 40, NULL);
	no_cpu("[]", 0xffff, 40, NULL);
	no_cpu("[]", 6, 65, NULL);
	no_cpu("[]", 6, 40, "Intel");
	no_cpu("[]", 0x100000006, 40, NULL);
}

Test(attributes, qemus_cpu_is_told_bit_by_bit)
{
	struct isahp_profile cpu = cpu_of(haswell, 46);
	struct isahp_signature s = isahp_profile_signature(&cpu);
	struct isahp_features lacks = shim_set("avx512f,sha_ni"), has;

	has = isahp_profile_features(&cpu);
	cr_assert(isahp_features_has(&has, ISAHP_FEATURE_AVX2));
	cr_assert(!isahp_features_meet(&has, &lacks));
	cr_assert_eq(isahp_profile_vendor(&cpu), ISAHP_VENDOR_INTEL);
	cr_assert(s.family == 6 && s.model == 60 && s.stepping == 4);
	cr_assert_eq(isahp_profile_leaf(&cpu, 0x80000008, 0)->value[ISAHP_EAX], 48 << 8 | 46);
	isahp_profile_free(&cpu);
}
