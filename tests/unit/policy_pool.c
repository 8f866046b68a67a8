// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/errata.h>
#include <hypervisor-shim/policy/pool.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_env.h"

#define V2 "x86-64-v2,xsave,syscall"
#define HASWELL "x86-64-v3,aes,pclmulqdq,syscall,smep"

static char folder[] = "/tmp/isahp-pool-XXXXXX";

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	cr_assert(file && fputs(text, file) >= 0 && !fclose(file));
}

static void write_host(struct isahp_profile p)
{
	char *text = isahp_profile_to_text(&p), name[96];

	snprintf(name, sizeof(name), "%s.json", p.name);
	write_file(name, text);
	free(text);
	isahp_profile_free(&p);
}

static void begin(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	cr_assert(mkdtemp(folder));
	write_host(policy_host("intel1", POLICY_INTEL, 6, 0x6a, HASWELL ",avx512f,pku"));
	write_host(policy_host("intel2", POLICY_INTEL, 6, 0x6a, HASWELL));
	write_host(policy_host("amd1", POLICY_AMD, 0x1a, 2, HASWELL ",sha_ni,pku"));
	write_host(policy_host("old", POLICY_INTEL, 6, 0x6a, V2));
}

static void finish(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(pool, .init = begin, .fini = finish);

static int load(const char *text, struct isahp_pool *pool, struct isahp_error *err)
{
	char path[128];

	write_file("pool.json", text);
	snprintf(path, sizeof(path), "%s/pool.json", folder);
	return isahp_pool_load(path, pool, err);
}

static void loads(const char *text, struct isahp_pool *pool)
{
	struct isahp_error err = { 0 };

	memset(pool, 0, sizeof(*pool));
	cr_assert_eq(load(text, pool, &err), 0, "%s", err.text);
}

static void refuse(const char *text, const char *reason)
{
	struct isahp_pool pool = { .accepted = 7 };
	struct isahp_error err = { 0 };

	cr_assert_neq(load(text, &pool, &err), 0, "%s", text);
	cr_assert(strstr(err.text, reason), "%s: %s", text, err.text);
	cr_assert(strstr(err.text, "pool.json"), "names the file: %s", err.text);
	cr_assert_eq(pool.accepted, 7, "untouched on failure");
	cr_assert(!pool.hosts);
}

#define HEAD "{\"isahp-pool\": 1, \"name\": \"p\", "
#define TWO HEAD "\"hosts\": [\"intel1.json\", \"intel2.json\"]"

Test(pool, is_one_readable_file)
{
	struct isahp_pool pool;

	loads(HEAD "\"comment\": \"two vendors\","
	      "\"hosts\": [\"intel?.json\", {\"file\": \"amd1.json\", \"format\": \"profile\"}],"
	      "\"level\": \"x86-64-v2\", \"mode\": \"superset\", \"cross_vendor\": true,"
	      "\"vendor\": \"amd\", \"identity\": {\"host\": \"amd1\"}, \"cache\": \"common\","
	      "\"topology\": \"guest\", \"layout\": \"refuse\","
	      "\"accept\": [\"mds\", \"entry32\"]}", &pool);
	cr_assert_eq(pool.host_count, 3);
	cr_assert(isahp_pool_host(&pool, "intel2"));
	cr_assert_null(isahp_pool_host(&pool, "old"));
	cr_assert(pool.superset && pool.options.cross_vendor && pool.accept_entry);
	cr_assert_eq(pool.options.vendor, ISAHP_VENDOR_AMD);
	cr_assert_eq(pool.options.identity, ISAHP_IDENTITY_HOST);
	cr_assert_eq(pool.options.identity_host, isahp_pool_host(&pool, "amd1"));
	cr_assert_eq(pool.options.cache, ISAHP_CACHE_COMMON);
	cr_assert_eq(pool.options.layout, ISAHP_LAYOUT_REFUSE);
	cr_assert_eq(pool.accepted, 1ULL << isahp_erratum_find("mds"));
	isahp_pool_free(&pool);
	loads(TWO ", \"identity\": {\"vendor\": \"Xenwashere\", \"name\": \"a pool\"}}", &pool);
	cr_assert_str_eq(pool.options.identity_vendor, "Xenwashere");
	cr_assert_str_eq(pool.options.identity_name, "a pool");
	isahp_pool_free(&pool);
}

Test(pool, mistakes_are_named)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "{", "line 1" },
		{ "[]", "document: has to be" },
		{ "{}", "isahp-pool: has to be there" },
		{ "{\"isahp-pool\": 2}", "newer version" },
		{ HEAD "\"hosts\": []}", "hosts: has to be there" },
		{ "{\"isahp-pool\": 1, \"hosts\": [\"intel1.json\"]}", "name: has to be there" },
		{ HEAD "\"hosts\": [\"nowhere.json\"]}", "hosts[0]: " },
		{ HEAD "\"hosts\": [\"no*.json\"]}", "hosts[0]: no file is called so" },
		{ HEAD "\"hosts\": [\"old.json\", 7]}", "hosts[1]" },
		{ HEAD "\"hosts\": [{\"fill\": \"old.json\"}]}", "did you mean 'file'?" },
		{ HEAD "\"hosts\": [{\"file\": \"old.json\", \"format\": \"word\"}]}", "\"format\"" },
		{ HEAD "\"hosts\": [\"old.json\", \"old.json\"]}", "two are called 'old'" },
		{ TWO ", \"levels\": \"x86-64-v2\"}", "unknown field 'levels': did you mean 'level'?" },
		{ TWO ", \"qqqqqqqq\": 1}", "unknown field 'qqqqqqqq': there are isahp-pool, hosts" },
		{ TWO ", \"a-field-that-is-much-longer-than-any-of-ours-and-like-none\": 1}", "there are isahp-pool" },
		{ TWO ", \"level\": \"x86-64-v9\"}", "level: unknown level" },
		{ TWO ", \"level\": \"x86-64-v2\", \"features\": \"aes\"}", "either a level or" },
		{ TWO ", \"features\": \"aes,avx3\"}", "features: unknown feature 'avx3'" },
		{ TWO ", \"baseline\": [\"avx2\", \"vaes\"]}",
		  "baseline: avx2,vaes rest on pni,ssse3,sse4_1,sse4_2,aes,avx: name them too" },
		{ TWO ", \"features\": \"x86-64-v2,fma\"}", "features: fma rests on avx: name them" },
		{ TWO ", \"mode\": \"mask\"}", "mode: has to be masked or superset" },
		{ TWO ", \"cross_vendor\": 1}", "cross_vendor: has to be true" },
		{ TWO ", \"vendor\": \"cyrix\"}", "vendor" },
		{ TWO ", \"identity\": {\"host\": \"old\"}}", "no host of the pool is called 'old'" },
		{ TWO ", \"identity\": {\"vendor\": \"far too long a name\"}}", "1 to 12" },
		{ TWO ", \"cache\": \"big\"}", "cache: has to be least" },
		{ TWO ", \"layout\": \"ignore\"}", "layout: has to be hide or refuse" },
		{ TWO ", \"accept\": [\"rain\"]}", "no erratum is called 'rain'" },
		{ TWO ", \"accept\": \"mds\"}", "accept: has to be an array" },
		{ TWO ", \"hide\": [\"avx3\"]}", "hide: unknown feature 'avx3'" },
		{ TWO ", \"control\": \"here.sock\"}", "\"control\" has to be a socket's path" },
		{ TWO ", \"control\": 7}", "\"control\" has to be a socket's path" },
		{ HEAD "\"hosts\": [{\"file\": \"old.json\", \"control\": \"\"}]}", "hosts[0]: \"control\"" },
		{ TWO ", \"mode\": \"masked\", \"mode\": \"superset\"}", "line 1" },
	};
	struct isahp_pool pool;
	struct isahp_error err;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuse(cases[i].text, cases[i].reason);
	cr_assert_neq(isahp_pool_load("/nowhere/pool.json", &pool, &err), 0);
	cr_assert(strstr(err.text, "/nowhere/pool.json: No such file"), "%s", err.text);
}

/* The last word on a feature, and the only one. */
static void expect_decision(const struct isahp_merged *merged, const char *feature,
			    const char *rule)
{
	int number = isahp_feature_find(feature, strlen(feature));
	const struct isahp_decision *d = NULL;
	size_t i, count = 0;

	for (i = 0; i < merged->decision_count; i++)
		if (merged->decisions[i].feature == number) {
			d = &merged->decisions[i];
			count++;
		}
	cr_assert_eq(count, 1, "%s: %zu", feature, count);
	cr_assert(strstr(d->rule, rule), "%s: %s", feature, d->rule);
	cr_assert(d->told && d->before == 1 && d->result == 0);
}

Test(pool, promises_no_more_than_is_wanted)
{
	struct isahp_features aes = policy_set("aes"), v2 = policy_set("x86-64-v2"), rest;
	size_t i, told = 0;
	struct isahp_merged merged;
	struct isahp_error err;
	struct isahp_pool pool;

	loads(TWO "}", &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	cr_assert(isahp_features_subset(&aes, &merged.features));
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);
	loads(HEAD "\"hosts\": [\"intel1.json\", \"amd1.json\"], \"cross_vendor\": true,"
	      "\"level\": \"x86-64-v2\"}", &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	cr_assert(isahp_features_subset(&v2, &merged.features));
	/* A level for programs leaves kernels what they need. */
	rest = policy_set("x86-64-v2,syscall,xsave,smep");
	cr_assert(isahp_features_equal(&rest, &merged.features));
	rest = isahp_profile_features(&merged.profile);
	cr_assert(isahp_features_equal(&rest, &merged.features), "CPUID says the same");
	cr_assert_eq(isahp_profile_leaf(&merged.profile, 0xd, 0)->value[ISAHP_EAX], 3,
		     "AVX's registers went with it");
	expect_decision(&merged, "avx2", "above what the pool is to show");
	/* What no longer stands is not told. */
	for (i = 0; i < merged.decision_count; i++) {
		const struct isahp_decision *d = &merged.decisions[i];
		const struct isahp_cpuid_leaf *leaf =
			isahp_profile_leaf(&merged.profile, d->place.leaf, d->place.subleaf);

		if (!d->told || d->place.reg == ISAHP_REGISTER_MSR || !leaf)
			continue;
		cr_assert_eq(leaf->value[d->place.reg] >> d->place.shift &
			     (~0ULL >> (64 - d->place.width)), d->result, "0x%x.%u %u[%u]: %s",
			     d->place.leaf, d->place.subleaf, d->place.reg, d->place.shift,
			     d->rule);
		told++;
	}
	cr_assert(told > 5, "%zu", told);
	cr_assert_eq(isahp_profile_leaf(&merged.profile, 0xd, 0)->value[ISAHP_ECX], 576);
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);
}

/* A list of what is wanted leaves kernels' features as hosts have them; this not. */
Test(pool, hides_what_it_is_to_hide_and_what_rests_on_it)
{
	struct isahp_features gone = policy_set("avx,avx2,fma,smep");
	struct isahp_merged merged;
	struct isahp_error err;
	struct isahp_pool pool;

	loads("{\"isahp-pool\":1,\"name\":\"p\",\"hosts\":[\"intel2.json\"],"
	      "\"hide\":[\"avx\",\"smep\",\"sse4a\"]}", &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	cr_assert(!isahp_features_meet(&merged.features, &gone));
	cr_assert(isahp_features_has(&merged.features, ISAHP_FEATURE_SSE4_2));
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);
}

static void control_is(const struct isahp_pool *pool, const char *host, const char *path)
{
	char got[ISAHP_POOL_CONTROL_SIZE] = "";

	cr_assert_eq(isahp_pool_control(pool, host, got, sizeof(got)), path ? 0 : -ENOENT);
	cr_assert(!path || !strcmp(got, path), "%s: %s", host, got);
}

Test(pool, says_where_isahpds_listen)
{
	char name[ISAHP_POOL_CONTROL_SIZE];
	struct isahp_pool pool;

	loads("{\"isahp-pool\":1,\"name\":\"p\",\"control\":\"/run/%h/%h.sock\","
	      "\"hosts\":[\"intel1.json\",{\"file\":\"intel2.json\",\"control\":\"/x\"}]}", &pool);
	control_is(&pool, "intel1", "/run/intel1/intel1.sock");
	control_is(&pool, "intel2", "/x");
	control_is(&pool, "later", "/run/later/later.sock");
	memset(name, 'n', sizeof(name));
	name[60] = '\0';
	control_is(&pool, name, NULL);
	isahp_pool_free(&pool);
	loads("{\"isahp-pool\":1,\"name\":\"p\",\"hosts\":[\"intel1.json\"]}", &pool);
	control_is(&pool, "intel1", NULL);
	isahp_pool_free(&pool);
}

Test(pool, a_wish_that_nobody_can_fulfil_is_a_mistake)
{
	struct isahp_features rest;
	struct isahp_merged merged;
	struct isahp_error err = { 0 };
	struct isahp_pool pool;

	loads(TWO ", \"level\": \"x86-64-v4\"}", &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), -EPERM);
	cr_assert(strstr(err.text, "x86-64-v4 has avx512dq,"), "%s", err.text);
	isahp_pool_free(&pool);
	/* What some hosts lack is how pools are. */
	loads(TWO ", \"features\": \"x86-64-v3,aes,avx512f\"}", &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);
	/* But a pinned baseline is a promise. */
	loads(TWO ", \"baseline\": \"x86-64-v2,xsave,avx,avx2,fma,f16c,avx512f\"}", &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), -EPERM);
	cr_assert(strstr(err.text, "host intel2 lacks avx512f"), "%s", err.text);
	isahp_pool_free(&pool);
	loads(TWO ", \"baseline\": \"pni,ssse3\"}", &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	rest = policy_set("pni,ssse3,syscall,xsave,smep");
	cr_assert(isahp_features_equal(&rest, &merged.features));
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);
}

/* Two vendors, from the file to the answer. */
Test(pool, of_two_vendors_is_a_normal_case)
{
	struct isahp_features pku = policy_set("pku"), sha = policy_set("sha_ni");
	struct isahp_envelope envelope;
	struct isahp_admission a;
	struct isahp_vm_record vm = {
		.name = "web1", .masked = true, .registered = true, .xcr0 = 7,
		.boot_vendor = ISAHP_VENDOR_INTEL, .vendor = ISAHP_VENDOR_INTEL,
		.entry = ISAHP_ENTRY_FOLLOWS,
	};
	struct isahp_merged merged;
	struct isahp_error err;
	struct isahp_pool pool;

	loads(HEAD "\"hosts\": [\"intel1.json\", \"amd1.json\"]}", &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), -EPERM, "not by accident");
	isahp_pool_free(&pool);
	loads(HEAD "\"hosts\": [\"intel1.json\", \"amd1.json\"], \"cross_vendor\": true}",
	      &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	cr_assert_not(isahp_features_meet(&pku, &merged.features),
		      "PKRU lies elsewhere");
	cr_assert_eq(isahp_pool_envelope(&pool, &merged, NULL, &envelope, &err), 0,
		     "%s", err.text);
	cr_assert(isahp_features_subset(&sha, &envelope.hosts[1].announce));
	cr_assert_not(isahp_features_meet(&sha, &envelope.hosts[0].announce));
	cr_assert_eq(envelope.guest.xcr0, 7, "as it will be");
	cr_assert_eq(envelope.place[ISAHP_FEATURE_PKU], ISAHP_ENVELOPE_STATE_OFF);
	/* A VM that booted in it may go anywhere in it. */
	vm.list[ISAHP_VM_BASELINE] = envelope.baseline;
	vm.list[ISAHP_VM_SHOWN] = envelope.baseline;
	vm.list[ISAHP_VM_ENVELOPE] = envelope.envelope;
	vm.list[ISAHP_VM_ANNOUNCED] = isahp_features_or(&envelope.baseline,
							&envelope.hosts[1].announce);
	vm.cpuid = merged.profile;
	cr_assert_eq(isahp_pool_check(&pool, &vm, "intel1", &a, &err), 0);
	cr_assert_eq(a.verdict, ISAHP_ADMITTED_AFTER, "%s", isahp_admission_to_text(&a));
	cr_assert(isahp_features_equal(&a.leaving, &sha));
	isahp_admission_free(&a);
	cr_assert_eq(isahp_pool_check(&pool, &vm, "amd1", &a, &err), 0);
	cr_assert_eq(a.verdict, ISAHP_ADMITTED_AFTER, "%s", isahp_admission_to_text(&a));
	cr_assert(a.arrival.acts & ISAHP_ARRIVAL_CSTAR);
	isahp_admission_free(&a);
	cr_assert_eq(isahp_pool_check(&pool, &vm, "old", &a, &err), -ENOENT);
	isahp_envelope_free(&envelope);
	cr_assert_eq(isahp_pool_envelope(&pool, &merged, &vm, &envelope, &err), 0);
	cr_assert(envelope.guest.booted && envelope.guest.registered);
	isahp_envelope_free(&envelope);
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);
}

/* Intel's SYSCALL bit reads 0 there, and a pool would hide it from all VMs. */
Test(pool, a_profile_by_a_32_bit_program_is_noticed)
{
	struct isahp_profile p = policy_host("half", POLICY_INTEL, 6, 0x6a, "x86-64-v2,xsave");
	struct isahp_pool pool;

	isahp_profile_set(&p, 0x80000001, 0, ISAHP_EDX, 1 << 29, ~0u);
	write_host(p);
	refuse(HEAD "\"hosts\": [\"half.json\"]}", "take the profile with a 64-bit program");
	/* A CPU of 32 bits has none. */
	p = policy_host("half", POLICY_INTEL, 6, 0x0e, "x86-64-v2,xsave");
	isahp_profile_set(&p, 0x80000001, 0, ISAHP_EDX, 1 << 29, 0);
	write_host(p);
	loads(HEAD "\"hosts\": [\"half.json\"]}", &pool);
	isahp_pool_free(&pool);
}

/* A pattern is what the file says, not what its folder is called. */
Test(pool, may_lie_in_a_folder_of_any_name)
{
	static const char *const folders[] = { "rack[1]", "a*b", "back\\slash" };
	char path[160], command[400];
	struct isahp_pool pool;
	struct isahp_error err;
	size_t i;

	write_file("pool.json", HEAD "\"hosts\": [\"intel?.json\"]}");
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(command, sizeof(command), "mkdir '%s/%s' && cp %s/*.json '%s/%s'",
			 folder, folders[i], folder, folder, folders[i]);
		cr_assert_eq(system(command), 0);
		snprintf(path, sizeof(path), "%s/%s/pool.json", folder, folders[i]);
		cr_assert_eq(isahp_pool_load(path, &pool, &err), 0, "%s", err.text);
		cr_assert_eq(pool.host_count, 2);
		isahp_pool_free(&pool);
	}
}

struct answers {
	const struct isahp_pool *pool;
	const struct isahp_vm_record *vm;
	size_t count;
	size_t microcode;
};

/* As if it had been asked alone, with all other hosts as peers. */
static int compare_answer(const struct isahp_admission *each, void *context)
{
	struct answers *answers = context;
	const char *host = answers->pool->hosts[answers->count++].name;
	struct isahp_admission one;
	struct isahp_error err;
	char *a, *b;

	cr_assert_str_eq(each->host, host);
	cr_assert_eq(isahp_pool_check(answers->pool, answers->vm, host, &one, &err), 0);
	a = isahp_admission_to_text(each);
	b = isahp_admission_to_text(&one);
	cr_assert_str_eq(a, b);
	answers->microcode += strstr(a, "update the microcode") != NULL;
	free(a);
	free(b);
	isahp_admission_free(&one);
	return answers->count == 4 ? 7 : 0;
}

Test(pool, hosts_alike_are_no_peers_of_each_other)
{
	struct isahp_vm_record vm = { .name = "vm", .registered = true, .xcr0 = 3,
				      .vendor = ISAHP_VENDOR_INTEL,
				      .boot_vendor = ISAHP_VENDOR_INTEL };
	struct answers answers = { .vm = &vm };
	struct isahp_pool pool;
	struct isahp_error err;
	struct isahp_profile p;
	char name[8];
	int i;

	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		p = policy_host(name, POLICY_INTEL, 6, 0x6a, i == 2 ? HASWELL : V2);
		p.microcode = i == 2 ? 0x200 : 0x100;
		write_host(p);
	}
	loads(HEAD "\"hosts\": [\"t*.json\"]}", &pool);
	vm.list[ISAHP_VM_BASELINE] = vm.list[ISAHP_VM_SHOWN] = policy_set(V2 ",movbe");
	vm.list[ISAHP_VM_ANNOUNCED] = vm.list[ISAHP_VM_ENVELOPE] = vm.list[ISAHP_VM_SHOWN];
	answers.pool = &pool;
	cr_assert_eq(isahp_pool_check_each(&pool, &vm, compare_answer, &answers, &err), 7);
	cr_assert_eq(answers.count, 4);
	cr_assert_eq(answers.microcode, 3);
	isahp_pool_free(&pool);
}

static void say_affected(struct isahp_profile *p, const char *const *files)
{
	for (; *files; files++)
		isahp_profile_mitigation_set(p, *files, "Mitigation: Clear CPU buffers");
	write_host(*p);
}

/* Each of its guests' kernels finds what the host's found: no reason to refuse. */
Test(pool, of_hosts_alike_takes_vms_whatever_they_suffer_from)
{
	static const char *const intel[] = {
		"meltdown", "mds", "mmio_stale_data", "retbleed",
		"indirect_target_selection", "tsx_async_abort", NULL,
	};
	static const char *const ice_lake[] = {
		"mmio_stale_data", "indirect_target_selection", NULL,
	};
	static const char *const alder_lake[] = { "reg_file_data_sampling", NULL };
	static const char *const zen4[] = { "spec_rstack_overflow", "tsa", NULL };
	static const char *const pools[] = { "clx", "icx", "adl", "zen4" };
	struct isahp_envelope envelope;
	struct isahp_merged merged;
	struct isahp_error err;
	struct isahp_profile p;
	struct isahp_pool pool;
	char text[128];
	size_t i;

	p = policy_host("clx", POLICY_INTEL, 6, 0x55, HASWELL ",rtm");
	isahp_profile_set(&p, 1, 0, ISAHP_EAX, 0xf, 7);
	isahp_profile_msr_set(&p, 0x10a, ~0ULL, 0);
	say_affected(&p, intel);
	p = policy_host("icx", POLICY_INTEL, 6, 0x6a, HASWELL);
	isahp_profile_msr_set(&p, 0x10a, ~0ULL, 0x121);
	say_affected(&p, ice_lake);
	p = policy_host("adl", POLICY_INTEL, 6, 0x97, HASWELL);
	isahp_profile_msr_set(&p, 0x10a, ~0ULL, 7 << 13 | 0x121);
	say_affected(&p, alder_lake);
	p = policy_host("zen4", POLICY_AMD, 0x19, 0x11, HASWELL);
	say_affected(&p, zen4);
	for (i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		snprintf(text, sizeof(text), HEAD "\"hosts\": [\"%s.json\"]}", pools[i]);
		loads(text, &pool);
		cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
		cr_assert_eq(isahp_pool_envelope(&pool, &merged, NULL, &envelope, &err), 0,
			     "%s", err.text);
		isahp_envelope_free(&envelope);
		isahp_merged_free(&merged);
		isahp_pool_free(&pool);
	}
}

static void write_zen5(const char *name, __u32 microcode)
{
	struct isahp_profile p = policy_host(name, POLICY_AMD, 0x1a, 2, V2 ",rdseed,sha_ni");

	p.microcode = microcode;
	write_host(p);
}

/* RDSEED of Zen 5 gives 0: no kernel can help, whatever CPU it is shown. */
Test(pool, an_erratum_that_hits_programs_is_hidden_from_all)
{
	struct isahp_features rdseed = policy_set("rdseed");
	unsigned int number = ISAHP_FEATURE_RDSEED;
	struct isahp_vm_record vm = { .name = "vm", .registered = true, .xcr0 = 3,
				      .vendor = ISAHP_VENDOR_AMD,
				      .boot_vendor = ISAHP_VENDOR_AMD };
	struct isahp_admission a;
	struct isahp_envelope envelope;
	struct isahp_merged merged;
	struct isahp_error err;
	struct isahp_pool pool;

	write_zen5("fixed", 0xb00215a);
	write_zen5("broken", 0xb002151);
	loads(HEAD "\"hosts\": [\"fixed.json\", \"broken.json\"]}", &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	cr_assert_not(isahp_features_meet(&rdseed, &merged.features));
	expect_decision(&merged, "rdseed", "hidden for an erratum");
	cr_assert_eq(isahp_pool_envelope(&pool, &merged, NULL, &envelope, &err), 0);
	cr_assert_eq(envelope.place[number], ISAHP_ENVELOPE_ERRATUM);
	cr_assert_not(isahp_features_meet(&rdseed, &envelope.hosts[0].announce));
	isahp_envelope_free(&envelope);

	/* A VM that runs: what was announced to it goes, what was promised stays. */
	vm.list[ISAHP_VM_BASELINE] = vm.list[ISAHP_VM_SHOWN] = policy_set(V2);
	vm.list[ISAHP_VM_ANNOUNCED] = vm.list[ISAHP_VM_ENVELOPE] = policy_set(V2 ",rdseed");
	cr_assert_eq(isahp_pool_envelope(&pool, &merged, &vm, &envelope, &err), 0);
	cr_assert(isahp_features_meet(&rdseed, &envelope.hosts[0].announce));
	cr_assert_not(isahp_features_meet(&rdseed, &envelope.hosts[1].announce));
	isahp_envelope_free(&envelope);
	cr_assert_eq(isahp_pool_check(&pool, &vm, "broken", &a, &err), 0);
	cr_assert_eq(a.verdict, ISAHP_ADMITTED_AFTER);
	cr_assert(isahp_features_equal(&a.leaving, &rdseed));
	isahp_admission_free(&a);
	vm.list[ISAHP_VM_BASELINE] = vm.list[ISAHP_VM_SHOWN] = policy_set(V2 ",rdseed");
	vm.errata = ~0ULL;
	cr_assert_eq(isahp_pool_check(&pool, &vm, "broken", &a, &err), 0);
	cr_assert_eq(a.verdict, ISAHP_REFUSED);
	cr_assert_eq(a.refusals.count, 1);
	cr_assert_str_eq(a.refusals.array[0].what, "erratum amd-rdseed");
	cr_assert(strstr(a.refusals.array[0].change,
			 "microcode of broken to 0xb00215a or later (it has 0xb002151)"),
		  "%s", a.refusals.array[0].change);
	isahp_admission_free(&a);
	cr_assert_eq(isahp_pool_check(&pool, &vm, "fixed", &a, &err), 0);
	cr_assert_eq(a.verdict, ISAHP_ADMITTED);
	isahp_admission_free(&a);
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);

	/* The operator takes it on himself. */
	loads(HEAD "\"hosts\": [\"fixed.json\", \"broken.json\"], \"accept\": [\"amd-rdseed\"]}",
	      &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	cr_assert(isahp_features_subset(&rdseed, &merged.features));
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);
}

/* XSAVES of Zen 2: nobody in the pool is shown it; PCID of Raptor Lake, too. */
Test(pool, an_erratum_joins_the_baseline)
{
	struct isahp_features xsaves = policy_set("xsaves"), xsavec = policy_set("xsavec");
	struct isahp_profile p = policy_host("rpl", POLICY_INTEL, 6, 0xb7, V2);
	const struct isahp_cpuid_leaf *leaf;
	struct isahp_merged merged;
	struct isahp_error err;
	struct isahp_pool pool;

	isahp_profile_set(&p, 1, 0, ISAHP_ECX, 1 << 17, 1 << 17);
	p.microcode = 0x100;
	write_host(p);
	p = policy_host("icx", POLICY_INTEL, 6, 0x6a, V2);
	isahp_profile_set(&p, 1, 0, ISAHP_ECX, 1 << 17, 1 << 17);
	write_host(p);
	write_host(policy_host("zen2", POLICY_AMD, 0x17, 0x31, V2 ",xsavec,xsaves"));
	write_host(policy_host("zen5", POLICY_AMD, 0x1a, 2, V2 ",xsavec,xsaves"));
	loads(HEAD "\"hosts\": [\"zen5.json\"]}", &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	cr_assert(isahp_features_subset(&xsaves, &merged.features));
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);
	/* Shown as a Zen 5, whose kernel does not look for Zen 2's erratum. */
	loads(HEAD "\"hosts\": [\"zen5.json\", \"zen2.json\"], \"identity\": {\"host\": \"zen5\"}}",
	      &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	cr_assert_not(isahp_features_meet(&xsaves, &merged.features));
	cr_assert(isahp_features_subset(&xsavec, &merged.features));
	expect_decision(&merged, "xsaves", "hidden for an erratum");
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);
	/* A bit without a row in the feature table. */
	loads(HEAD "\"hosts\": [\"icx.json\"]}", &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	leaf = isahp_profile_leaf(&merged.profile, 1, 0);
	cr_assert(leaf->value[ISAHP_ECX] >> 17 & 1);
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);
	loads(HEAD "\"hosts\": [\"icx.json\", \"rpl.json\"], \"identity\": {\"host\": \"icx\"}}",
	      &pool);
	cr_assert_eq(isahp_pool_merge(&pool, &merged, &err), 0, "%s", err.text);
	leaf = isahp_profile_leaf(&merged.profile, 1, 0);
	cr_assert_not(leaf->value[ISAHP_ECX] >> 17 & 1);
	isahp_merged_free(&merged);
	isahp_pool_free(&pool);
}
