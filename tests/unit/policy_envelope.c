// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/envelope.h>
#include <hypervisor-shim/policy/errata.h>
#include <hypervisor-shim/policy/names.h>
#include <hypervisor-shim/policy/rules.h>
#include <isa-core/features.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy_env.h"

#define V2 "x86-64-v2,xsave,syscall"
#define HASWELL "x86-64-v3,aes,pclmulqdq,syscall,rdrand,smep,erms"

static const struct isahp_envelope_guest masked = { .masked = true };

struct fixture {
	struct isahp_profile host[4];
	const struct isahp_profile *hosts[4];
	size_t count;
	struct isahp_envelope e;
	struct isahp_error err;
};

static void add(struct fixture *f, struct isahp_profile host)
{
	f->host[f->count] = host;
	f->hosts[f->count] = &f->host[f->count];
	f->count++;
}

static int make(struct fixture *f, const char *baseline,
		const struct isahp_envelope_guest *guest)
{
	struct isahp_features set = policy_set(baseline);

	isahp_envelope_free(&f->e);
	return isahp_envelope_make(f->hosts, f->count, &set, guest, &f->e, &f->err);
}

static void end(struct fixture *f)
{
	isahp_envelope_free(&f->e);
	while (f->count)
		isahp_profile_free(&f->host[--f->count]);
}

static void expect(const struct fixture *f, const char *name,
		   enum isahp_envelope_place place)
{
	int number = isahp_feature_find(name, strlen(name));

	cr_assert(number >= 0, "%s", name);
	cr_assert_eq(f->e.place[number], place, "%s: %s, expected %s", name,
		     isahp_envelope_word(f->e.place[number]),
		     isahp_envelope_word(place));
}

static void expect_announced(const struct fixture *f, size_t host, const char *list)
{
	struct isahp_features set = policy_set(list), *has = &f->e.hosts[host].announce;
	char text[512];

	isahp_names_format(has, text, sizeof(text));
	cr_assert(isahp_features_equal(&set, has), "host %zu: %s", host, text);
}

Test(envelope, sorts_a_pool_of_two_vendors)
{
	struct fixture f = { 0 };
	char why[256];

	add(&f, policy_host("intel", POLICY_INTEL, 6, 0x3c, HASWELL));
	add(&f, policy_host("amd", POLICY_AMD, 0x1a, 2,
			    V2 ",avx,f16c,fma,aes,pclmulqdq,sha_ni,rdrand,avx2,xop,-abm"));
	cr_assert_eq(make(&f, V2, &masked), 0, "%s", f.err.text);
	expect(&f, "sse4_2", ISAHP_ENVELOPE_BASELINE);
	expect(&f, "aes", ISAHP_ENVELOPE_ANNOUNCED);
	expect(&f, "sha_ni", ISAHP_ENVELOPE_ANNOUNCED);
	expect(&f, "bmi1", ISAHP_ENVELOPE_SILENT);
	expect(&f, "abm", ISAHP_ENVELOPE_SILENT);
	expect(&f, "avx", ISAHP_ENVELOPE_STATE_UNTOLD);
	expect(&f, "avx2", ISAHP_ENVELOPE_NEEDS);
	expect(&f, "smep", ISAHP_ENVELOPE_SYSTEM);
	expect(&f, "rdrand", ISAHP_ENVELOPE_GATED);
	expect(&f, "avx512f", ISAHP_ENVELOPE_ABSENT);
	isahp_envelope_why(&f.e, ISAHP_FEATURE_AVX2, why, sizeof(why));
	cr_assert(strstr(why, "kept from the VM: avx ("), "%s", why);
	isahp_envelope_why(&f.e, ISAHP_FEATURE_ABM, why, sizeof(why));
	cr_assert(strstr(why, "(amd lacks it)"), "%s", why);
	expect_announced(&f, 0, "aes,pclmulqdq,bmi2,movbe");
	expect_announced(&f, 1, "aes,pclmulqdq,sha_ni");
	end(&f);
}

/* The guest has told what XCR0 it runs with. */
Test(envelope, state_follows_what_the_guest_enabled)
{
	struct isahp_envelope_guest guest = {
		.masked = true, .booted = true, .registered = true, .xcr0 = 7,
	};
	struct fixture f = { 0 };

	add(&f, policy_host("a", POLICY_INTEL, 6, 0x3c, HASWELL));
	add(&f, policy_host("b", POLICY_INTEL, 6, 0x6a, HASWELL ",avx512f"));
	cr_assert_eq(make(&f, V2, &guest), 0);
	/* Enabled, and on every host: it never has to leave. */
	expect(&f, "avx", ISAHP_ENVELOPE_EVERYWHERE);
	expect(&f, "avx2", ISAHP_ENVELOPE_ANNOUNCED);
	expect(&f, "abm", ISAHP_ENVELOPE_EVERYWHERE);
	expect(&f, "avx512f", ISAHP_ENVELOPE_STATE_OFF);
	guest.xcr0 = 0xe7;
	cr_assert_eq(make(&f, V2, &guest), 0);
	expect(&f, "avx512f", ISAHP_ENVELOPE_STATE_HELD);
	guest.xcr0 = 3;
	cr_assert_eq(make(&f, V2, &guest), 0);
	expect(&f, "avx", ISAHP_ENVELOPE_STATE_OFF);
	expect(&f, "avx2", ISAHP_ENVELOPE_NEEDS);
	end(&f);
}

Test(envelope, a_superset_guest_may_be_announced_what_hypervisors_gate)
{
	struct isahp_envelope_guest guest = { .masked = false };
	struct fixture f = { 0 };

	add(&f, policy_host("a", POLICY_INTEL, 6, 0x3c, HASWELL));
	add(&f, policy_host("b", POLICY_INTEL, 6, 0x3c, V2));
	cr_assert_eq(make(&f, V2, &guest), 0);
	expect(&f, "rdrand", ISAHP_ENVELOPE_ANNOUNCED);
	cr_assert_eq(make(&f, V2, &masked), 0);
	expect(&f, "rdrand", ISAHP_ENVELOPE_GATED);
	end(&f);
}

/* Where the VM cannot go does not count for what it may have elsewhere. */
Test(envelope, a_host_without_what_is_pinned_is_left_out)
{
	struct isahp_envelope_guest guest = {
		.masked = true, .booted = true, .registered = true, .xcr0 = 3,
		.pinned = policy_set("smep"),
	};
	struct isahp_features smep = policy_set("smep");
	struct fixture f = { 0 };

	add(&f, policy_host("a", POLICY_INTEL, 6, 0x3c, HASWELL));
	add(&f, policy_host("b", POLICY_INTEL, 6, 0x3c, V2));
	cr_assert_eq(make(&f, V2, &guest), 0);
	cr_assert(isahp_features_equal(&f.e.hosts[1].lacks, &smep));
	expect(&f, "abm", ISAHP_ENVELOPE_EVERYWHERE);
	expect_announced(&f, 1, "none");
	guest.pinned = policy_set("smap");
	cr_assert_eq(make(&f, V2, &guest), -EPERM);
	cr_assert(strstr(f.err.text, "a lacks smap"), "%s", f.err.text);
	end(&f);
}

Test(envelope, an_erratum_joins_the_baseline_or_excludes_the_host)
{
	struct isahp_envelope_guest guest = { .masked = true };
	struct fixture f = { 0 };
	__u64 xsaves = 1ULL << isahp_erratum_find("amd-1386-xsaves");
	__u64 mds = 1ULL << isahp_erratum_find("mds");

	add(&f, policy_host("zen5", POLICY_AMD, 0x1a, 2, V2 ",xsavec,xsaves"));
	add(&f, policy_host("zen2", POLICY_AMD, 0x17, 0x31, V2 ",xsavec,xsaves"));
	guest.errata = isahp_errata_of(&f.host[1]) & ~xsaves;
	/* Not booted yet: XSAVES is hidden, and all is well. */
	cr_assert_eq(make(&f, V2 ",xsavec,xsaves", &guest), 0, "%s", f.err.text);
	expect(&f, "xsaves", ISAHP_ENVELOPE_ERRATUM);
	expect(&f, "xsavec", ISAHP_ENVELOPE_BASELINE);
	cr_assert_eq(f.e.hidden, xsaves);
	cr_assert_eq(f.e.hosts[1].errata, 0);
	/* Booted with it: nothing can be hidden from it any more. */
	guest.booted = true;
	cr_assert_eq(make(&f, V2 ",xsavec,xsaves", &guest), 0);
	cr_assert_eq(f.e.hosts[1].errata, xsaves);
	expect_announced(&f, 1, "none");
	/* Booted without, or by a kernel that knows. */
	cr_assert_eq(make(&f, V2 ",xsavec", &guest), 0);
	cr_assert_eq(f.e.hosts[1].errata, 0);
	guest.errata |= xsaves;
	cr_assert_eq(make(&f, V2 ",xsavec,xsaves", &guest), 0);
	cr_assert_eq(f.e.hosts[1].errata, 0);
	end(&f);

	/* A bit that the feature table has no row for. */
	add(&f, policy_host("rpl", POLICY_INTEL, 6, 0xb7, V2));
	guest = masked;
	cr_assert_eq(make(&f, V2, &guest), 0, "%s", f.err.text);
	cr_assert_eq(f.e.hidden, 1ULL << isahp_erratum_find("intel-invlpg-pcid"));
	guest.booted = true;
	cr_assert_eq(make(&f, V2, &guest), -EPERM);
	end(&f);

	/* No bit of CPUID helps against this one. */
	add(&f, policy_host("skx", POLICY_INTEL, 6, 0x6a, V2));
	isahp_profile_msr_set(&f.host[0], 0x10a, 1 << 5, 0);
	guest = masked;
	cr_assert_eq(make(&f, V2, &guest), -EPERM);
	cr_assert(strstr(f.err.text, "skx has erratum mds"), "%s", f.err.text);
	guest.errata = mds;
	cr_assert_eq(make(&f, V2, &guest), 0);
	end(&f);
}

Test(envelope, what_was_not_told_is_not_usable)
{
	struct isahp_profile p = policy_host("a", POLICY_INTEL, 6, 0x55,
					     HASWELL ",avx512f");
	struct isahp_features usable = isahp_envelope_usable(&p);

	cr_assert(isahp_features_has(&usable, ISAHP_FEATURE_AVX512F));
	/* The kernel there has AVX-512 off, whatever the CPU says. */
	p.xcr0 = 7;
	usable = isahp_envelope_usable(&p);
	cr_assert_not(isahp_features_has(&usable, ISAHP_FEATURE_AVX512F));
	cr_assert(isahp_features_has(&usable, ISAHP_FEATURE_AVX2));
	p.xcr0_known = false;
	usable = isahp_envelope_usable(&p);
	cr_assert(isahp_features_has(&usable, ISAHP_FEATURE_AVX512F), "leaf 0Dh tells");
	isahp_profile_set(&p, 7, 0, ISAHP_EBX, 1u << 5, 0);
	usable = isahp_envelope_usable(&p);
	cr_assert_not(isahp_features_has(&usable, ISAHP_FEATURE_AVX512F),
		      "nothing without AVX2");
	isahp_profile_free(&p);
	/* Of what IA32_XSS enables XCR0 does not tell. */
	p = policy_host("b", POLICY_INTEL, 6, 0x6a, V2 ",xsavec,xsaves,user_shstk");
	usable = isahp_envelope_usable(&p);
	cr_assert(isahp_features_has(&usable, ISAHP_FEATURE_SHSTK));
	isahp_profile_free(&p);
}

Test(envelope, is_said_in_json)
{
	struct fixture f = { 0 };
	json_t *json, *entry, *move;

	add(&f, policy_host("intel", POLICY_INTEL, 6, 0x3c, HASWELL));
	add(&f, policy_host("amd", POLICY_AMD, 0x1a, 2, V2));
	struct isahp_envelope_guest guest = { .entry = ISAHP_ENTRY_FOLLOWS };

	cr_assert_eq(make(&f, V2, &guest), 0);
	json = isahp_envelope_to_json(&f.e);
	cr_assert(json);
	entry = json_object_get(json, "entry32");
	cr_assert_str_eq(json_string_value(json_object_get(entry, "common")), "int80");
	move = json_array_get(json_object_get(entry, "moves"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(move, "to")), "amd");
	cr_assert_eq(json_array_size(json_object_get(move, "acts")), 5);
	cr_assert_eq(json_array_size(json_object_get(json, "hosts")), 2);
	cr_assert(json_array_size(json_object_get(json, "withheld")) > 3);
	json_decref(json);
	end(&f);
	cr_assert_eq(make(&f, V2, &masked), -EINVAL);
}

static void random_list(struct isahp_features *set)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (isahp_feature_info(i) && random() % 3)
			isahp_features_add(set, i);
	*set = isahp_features_supported(set);
}

/*
 * Whatever the pool: what is announced on a host can be taken back by the rules
 * for every other host where the VM may go, and is there.
 */
Test(envelope, what_is_announced_never_holds_a_vm_back)
{
	unsigned int seed = (unsigned int)time(NULL), round, moves = 0;
	size_t i, j;

	cr_log_info("seed %u", seed);
	srandom(seed);
	for (round = 0; round < 300; round++) {
		struct isahp_features base = isahp_features_known();
		struct isahp_envelope_guest guest = {
			.masked = random() % 2, .booted = true, .registered = true,
			.xcr0 = 3 | (random() & 0x6e4),
		};
		struct fixture f = { 0 };
		char text[2048];

		for (i = 0; i < 3; i++) {
			struct isahp_features set = isahp_features_none(), usable;

			random_list(&set);
			isahp_names_format(&set, text, sizeof(text));
			add(&f, policy_host("h", POLICY_INTEL, 6, 0x6a, text));
			usable = isahp_envelope_usable(&f.host[i]);
			base = isahp_features_and(&base, &usable);
		}
		isahp_names_format(&base, text, sizeof(text));
		cr_assert_eq(make(&f, *text ? text : "none", &guest), 0,
			     "seed %u: %s", seed, f.err.text);
		for (i = 0; i < 3; i++)
			for (j = 0; j < 3; j++) {
				struct isahp_rules rules = {
					.present = isahp_features_or(
						&f.e.baseline, &f.e.hosts[i].announce),
					.envelope = f.e.envelope,
					.baseline = f.e.baseline,
					.xcr0 = guest.xcr0,
					.registered = true,
				};
				struct isahp_target target = {
					.present = isahp_features_or(
						&f.e.baseline, &f.e.hosts[j].announce),
				};
				struct isahp_features leaving, usable;

				usable = isahp_envelope_usable(&f.host[i]);
				cr_assert(isahp_features_subset(&f.e.hosts[i].announce,
								&usable));
				cr_assert(isahp_features_subset(&rules.present,
								&f.e.envelope));
				cr_assert_eq(isahp_rules_move(&rules, &target, &leaving,
							      &f.err), 0,
					     "seed %u: %s", seed, f.err.text);
				moves += !isahp_features_empty(&leaving);
			}
		end(&f);
	}
	cr_assert(moves > 100, "seed %u: only %u took something away", seed, moves);
}
