// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/errata.h>
#include <hypervisor-shim/policy/record.h>
#include <isa-core/features.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy_env.h"

/* What a newer isahp might write, in an order and spelling of its own. */
static const char newer[] =
	"{\"isahp-vm\": 1, \"colour\": {\"of\": [\"the\", \"rack\"]}, \"name\": \"web1\","
	" \"masked\": true, \"pool\": \"mixed\", \"level\": \"x86-64-v2\","
	" \"baseline\": [\"sse4.2\", \"sse4_1\", \"ssse3\", \"pni\", \"xsave\", \"avx\"],"
	" \"announced\": [\"sse4_2\", \"avx2\", \"sse4_1\", \"ssse3\", \"pni\", \"xsave\", \"avx\", \"avx9\"],"
	" \"envelope\": [\"avx2\", \"avx9\"], \"vendor\": \"GenuineIntel\","
	" \"physical_bits\": 46, \"linear_bits\": 48,"
	" \"guest\": {\"entry32\": \"follows\", \"mood\": null, \"boot_vendor\": \"intel\","
	"  \"pinned\": [\"xsave\", \"wombat\"], \"xcr0\": \"0x00000007\","
	"  \"xsave\": {\"xcr0\": 7, \"new\": 1, \"components\":"
	"   [{\"number\": 2, \"offset\": 576, \"size\": 256, \"shape\": \"round\"}]},"
	"  \"workarounds\": [\"mds\", \"rowhammer\"]},"
	" \"cpuid\": {\"isahp-profile\": 1, \"name\": \"shown\", \"cpuid\":"
	"  [{\"leaf\": \"0x1\", \"subleaf\": \"0x0\", \"ecx\": \"0x00000200\"}]}}";

static json_t *load(const char *text)
{
	json_error_t e;
	json_t *json = json_loads(text, 0, &e);

	cr_assert(json, "%s at %d", e.text, e.position);
	return json;
}

static struct isahp_vm_record parse(const char *text)
{
	struct isahp_vm_record record;
	struct isahp_error err = { 0 };
	json_t *json = load(text);

	cr_assert_eq(isahp_vm_record_from_json(json, &record, &err), 0, "%s", err.text);
	json_decref(json);
	return record;
}

static void refuse(const char *text, const char *reason)
{
	struct isahp_vm_record record = { .physical_bits = 7 };
	struct isahp_error err = { 0 };
	json_t *json = load(text);

	cr_assert_eq(isahp_vm_record_from_json(json, &record, &err), -EINVAL, "%s", text);
	cr_assert(strstr(err.text, reason), "%s: %s", text, err.text);
	cr_assert_eq(record.physical_bits, 7, "untouched on failure");
	json_decref(json);
}

Test(record, survives_what_it_does_not_know)
{
	json_t *before = load(newer), *after;
	struct isahp_vm_record record = parse(newer);
	char *a, *b;

	cr_assert_str_eq(record.name, "web1");
	cr_assert(record.masked && record.registered && record.layout.known);
	cr_assert_eq(record.vendor, ISAHP_VENDOR_INTEL);
	cr_assert_eq(record.entry, ISAHP_ENTRY_FOLLOWS);
	cr_assert_eq(record.errata, 1ULL << isahp_erratum_find("mds"));
	cr_assert_eq(record.unknown_count, 2, "not those of the envelope");
	cr_assert_str_eq(record.unknown[0].name, "avx9");
	cr_assert_eq(record.unknown[1].list, ISAHP_VM_PINNED);
	after = isahp_vm_record_to_json(&record);
	a = json_dumps(before, 0);
	b = json_dumps(after, 0);
	cr_assert_str_eq(a, b);
	free(a);
	free(b);
	json_decref(before);
	json_decref(after);
	isahp_vm_record_free(&record);
}

/* One thing changes, the rest stays: what the next host writes. */
Test(record, changes_only_what_has_changed)
{
	struct isahp_vm_record record = parse(newer), back;
	struct isahp_error err;
	json_t *json, *guest, *list;

	isahp_features_del(&record.list[ISAHP_VM_ANNOUNCED], ISAHP_FEATURE_AVX2);
	record.vendor = ISAHP_VENDOR_AMD;
	record.xcr0 = record.layout.xcr0 = 3;
	json = isahp_vm_record_to_json(&record);
	list = json_object_get(json, "announced");
	cr_assert_str_eq(json_string_value(json_array_get(list, json_array_size(list) - 1)),
			 "avx9");
	cr_assert_str_eq(json_string_value(json_object_get(json, "vendor")), "amd");
	cr_assert_str_eq(json_string_value(json_array_get(
		json_object_get(json, "baseline"), 0)), "sse4.2");
	guest = json_object_get(json, "guest");
	cr_assert_str_eq(json_string_value(json_object_get(guest, "xcr0")), "0x3");
	cr_assert(json_object_get(guest, "mood"));
	cr_assert_eq(json_array_size(json_object_get(guest, "workarounds")), 2);
	cr_assert_eq(isahp_vm_record_from_json(json, &back, &err), 0, "%s", err.text);
	cr_assert_eq(back.unknown_count, 2);
	cr_assert_eq(back.xcr0, 3);
	json_decref(json);
	isahp_vm_record_free(&record);
	isahp_vm_record_free(&back);
}

Test(record, what_is_left_out_is_the_plain_case)
{
	struct isahp_vm_record r = parse("{\"isahp-vm\": 1, \"name\": \"a\", \"masked\": true,"
					 "\"baseline\": [\"pni\"], \"announced\": [\"pni\", \"popcnt\"],"
					 "\"envelope\": [\"popcnt\", \"movbe\"]}");
	struct isahp_features pni = policy_set("pni");
	json_t *json;

	cr_assert(isahp_features_equal(&r.list[ISAHP_VM_SHOWN], &pni));
	cr_assert_not(r.registered);
	cr_assert_eq(r.entry, ISAHP_ENTRY_UNTOLD);
	isahp_vm_record_free(&r);
	r = parse("{\"isahp-vm\": 1, \"name\": \"a\", \"baseline\": [\"pni\"]}");
	cr_assert(isahp_features_equal(&r.list[ISAHP_VM_ANNOUNCED], &pni));
	cr_assert(isahp_features_equal(&r.list[ISAHP_VM_ENVELOPE], &pni));
	json = isahp_vm_record_to_json(&r);
	cr_assert_eq(json_object_size(json), 3, "nothing was added");
	json_decref(json);
	isahp_vm_record_free(&r);
}

Test(record, bad_ones_are_named)
{
#define HEAD "{\"isahp-vm\": 1, \"name\": \"a\", "
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "[]", "document" },
		{ "{}", "isahp-vm: has to be there" },
		{ "{\"isahp-vm\": 2, \"name\": \"a\"}", "2 is newer than this host's isahp" },
		{ "{\"isahp-vm\": -1}", "isahp-vm" },
		{ "{\"isahp-vm\": 1}", "name: has to be there" },
		{ "{\"isahp-vm\": 1, \"name\": \"a b\"}", "name: has to be printable" },
		{ HEAD "\"masked\": 1}", "masked" },
		{ HEAD "\"baseline\": \"pni\"}", "baseline: has to be an array" },
		{ HEAD "\"baseline\": [1]}", "baseline: a feature's name" },
		{ HEAD "\"vendor\": \"cyrix\"}", "vendor" },
		{ HEAD "\"physical_bits\": 99}", "physical_bits" },
		{ HEAD "\"guest\": []}", "guest: has to be an object" },
		{ HEAD "\"guest\": {\"xcr0\": 7}}", "guest.xcr0" },
		{ HEAD "\"guest\": {\"xcr0\": \"0x7\", \"xsave\": {\"xcr0\": 3, \"components\": []}}}",
		  "other components than xcr0" },
		{ HEAD "\"guest\": {\"entry32\": \"perhaps\"}}", "guest.entry32" },
		{ HEAD "\"guest\": {\"workarounds\": [7]}}", "guest.workarounds" },
		{ HEAD "\"cpuid\": {\"isahp-profile\": 1}}", "cpuid: profile: name" },
		{ HEAD "\"baseline\": [\"pni\", \"avx\"], \"announced\": [\"pni\"]}",
		  "announced: lacks avx of the baseline" },
		{ HEAD "\"envelope\": [\"pni\"], \"announced\": [\"pni\", \"aes\"]}",
		  "announced: aes: not in the envelope" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuse(cases[i].text, cases[i].reason);
}

/* Many unknown features are bounded, and said to be more. */
Test(record, unknown_features_are_bounded)
{
	json_t *json = load(HEAD "\"baseline\": [], \"announced\": []}"), *list;
	struct isahp_vm_record record;
	struct isahp_error err;
	char name[8];
	int i;

	list = json_object_get(json, "announced");
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		json_array_append_new(list, json_string(name));
	}
	cr_assert_eq(isahp_vm_record_from_json(json, &record, &err), 0);
	cr_assert_eq(record.unknown_count, ISAHP_VM_RECORD_UNKNOWN_MAX);
	cr_assert(record.unknown_more);
	isahp_vm_record_free(&record);
	for (; i < 600; i++)
		json_array_append_new(list, json_string("y"));
	cr_assert_eq(isahp_vm_record_from_json(json, &record, &err), -EINVAL);
	json_decref(json);
}

/* Those that might be announced one day leave room for those that are needed. */
Test(record, an_unknown_feature_that_is_needed_is_never_lost)
{
	json_t *json = load(HEAD "\"envelope\": [], \"guest\": {\"pinned\": [\"avx99\"]}}");
	json_t *list = json_object_get(json, "envelope");
	struct isahp_vm_record record;
	struct isahp_error err;
	char name[8];
	int i;

	for (i = 0; i < 2 * ISAHP_VM_RECORD_UNKNOWN_MAX; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		json_array_append_new(list, json_string(name));
	}
	cr_assert_eq(isahp_vm_record_from_json(json, &record, &err), 0, "%s", err.text);
	cr_assert_eq(record.unknown_count, 1);
	cr_assert_not(record.unknown_more);
	cr_assert_eq(record.unknown[0].list, ISAHP_VM_PINNED);
	cr_assert_str_eq(record.unknown[0].name, "avx99");
	isahp_vm_record_free(&record);
	json_decref(json);
}

static struct isahp_features random_set(void)
{
	struct isahp_features set = isahp_features_none();
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_feature_info(i) && random() % 3 == 0)
			isahp_features_add(&set, i);
	return set;
}

static void random_record(struct isahp_vm_record *r)
{
	struct isahp_features *l = r->list, more;

	memset(r, 0, sizeof(*r));
	strcpy(r->name, "random");
	r->masked = random() % 2;
	l[ISAHP_VM_BASELINE] = random_set();
	l[ISAHP_VM_ENVELOPE] = random_set();
	more = random_set();
	more = isahp_features_and(&more, &l[ISAHP_VM_ENVELOPE]);
	l[ISAHP_VM_ANNOUNCED] = isahp_features_or(&l[ISAHP_VM_BASELINE], &more);
	l[ISAHP_VM_SHOWN] = random_set();
	l[ISAHP_VM_PINNED] = random_set();
	r->registered = random() % 2;
	r->xcr0 = r->registered ? 7 | random() % 8 << 5 : 0;
	if (r->registered && random() % 2)
		r->layout = isahp_layout_tcg(r->xcr0);
	r->boot_vendor = random() % 5;
	r->vendor = random() % 5;
	r->entry = random() % ISAHP_ENTRY_GUESTS;
	r->physical_bits = random() % 2 ? 46 : 0;
	r->errata = random() & 0x3fff;
	if (random() % 2)
		r->cpuid = policy_cpu("shown", POLICY_INTEL, 6, 0x3c, 3);
}

/* Whatever it is, it arrives as it left. */
Test(record, random_ones_survive_the_way)
{
	unsigned int seed = (unsigned int)time(NULL), i;
	struct isahp_vm_record r, back;
	struct isahp_error err = { 0 };
	json_t *json, *again;

	cr_log_info("seed %u", seed);
	srandom(seed);
	for (i = 0; i < 2000; i++) {
		random_record(&r);
		json = isahp_vm_record_to_json(&r);
		cr_assert(json);
		cr_assert_eq(isahp_vm_record_from_json(json, &back, &err), 0,
			     "seed %u: %s", seed, err.text);
		cr_assert_eq(memcmp(r.list, back.list, sizeof(r.list)), 0, "seed %u", seed);
		cr_assert(r.masked == back.masked && r.registered == back.registered &&
			  r.xcr0 == back.xcr0 && r.layout.known == back.layout.known &&
			  r.boot_vendor == back.boot_vendor && r.vendor == back.vendor &&
			  r.entry == back.entry && r.errata == back.errata &&
			  r.physical_bits == back.physical_bits &&
			  r.cpuid.leaf_count == back.cpuid.leaf_count, "seed %u", seed);
		again = isahp_vm_record_to_json(&back);
		cr_assert(json_equal(json, again), "seed %u", seed);
		json_decref(json);
		json_decref(again);
		isahp_vm_record_free(&r);
		isahp_vm_record_free(&back);
	}
}

/* Broken on the way: an error or a record, never a crash. */
Test(record, damaged_ones_are_refused_or_read)
{
	unsigned int seed = (unsigned int)time(NULL), i, read = 0;
	struct isahp_vm_record r;
	struct isahp_error err;
	char text[sizeof(newer)];
	json_t *json;

	cr_log_info("seed %u", seed);
	srandom(seed);
	for (i = 0; i < 20000; i++) {
		memcpy(text, newer, sizeof(newer));
		text[random() % (sizeof(newer) - 1)] = "\"0{}[],:x "[random() % 10];
		json = json_loads(text, 0, NULL);
		if (!json)
			continue;
		if (!isahp_vm_record_from_json(json, &r, &err)) {
			json_decref(isahp_vm_record_to_json(&r));
			isahp_vm_record_free(&r);
			read++;
		}
		json_decref(json);
	}
	cr_assert(read > 100, "seed %u: only %u were tried", seed, read);
}
