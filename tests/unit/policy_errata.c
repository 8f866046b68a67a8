// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/decision.h>
#include <hypervisor-shim/policy/errata.h>
#include <isa-core/features.h>
#include <isahp/abi.h>
#include <string.h>

#include "policy_env.h"

static __u64 bit(const char *name)
{
	int number = isahp_erratum_find(name);

	cr_assert(number >= 0, "%s", name);
	return 1ULL << number;
}

static __u64 of(const char *vendor, unsigned int family, unsigned int model,
		unsigned int stepping)
{
	struct isahp_profile p = policy_cpu("x", vendor, family, model, stepping);
	__u64 set = isahp_errata_of(&p);

	isahp_profile_free(&p);
	return set;
}

Test(errata, are_those_of_the_models_that_linux_names)
{
	__u64 intel = bit("meltdown") | bit("mds"), zen = bit("retbleed-amd") | bit("srso");

	/* Zen 2, Zen 3, Zen 5; Hygon. */
	cr_assert_eq(of(POLICY_AMD, 0x17, 0x31, 0), bit("amd-1386-xsaves") | zen);
	cr_assert_eq(of(POLICY_AMD, 0x19, 0x01, 1), bit("srso") | bit("tsa"));
	cr_assert_eq(of(POLICY_AMD, 0x1a, 0x02, 1), bit("srso"));
	cr_assert_eq(of(POLICY_HYGON, 0x18, 0x01, 1), bit("amd-1386-xsaves") | zen);
	/* Haswell, Haswell-EP, Skylake-SP and Cascade Lake, which differ in stepping. */
	cr_assert_eq(of(POLICY_INTEL, 6, 0x3c, 3), intel);
	cr_assert_eq(of(POLICY_INTEL, 6, 0x3f, 2), intel | bit("mmio-stale-data"));
	intel |= bit("retbleed-intel") | bit("mmio-stale-data");
	cr_assert_eq(of(POLICY_INTEL, 6, 0x55, 4), intel);
	cr_assert_eq(of(POLICY_INTEL, 6, 0x55, 7), intel | bit("its"));
	/* Nehalem-EX, Goldmont, an Atom in order. */
	cr_assert_eq(of(POLICY_INTEL, 6, 0x2e, 6),
		     bit("meltdown") | bit("mds") | bit("intel-monitor-clflush"));
	cr_assert_eq(of(POLICY_INTEL, 6, 0x5c, 9),
		     bit("meltdown") | bit("intel-monitor-goldmont") | bit("rfds"));
	cr_assert_eq(of(POLICY_INTEL, 6, 0x1c, 2), 0);
}

Test(errata, a_cpu_that_says_it_is_repaired_is)
{
	struct isahp_profile p = policy_cpu("icx", POLICY_INTEL, 6, 0x6a, 6);
	__u64 left = bit("meltdown") | bit("mds") | bit("mmio-stale-data") | bit("its") |
		     bit("intel-monitor-goldmont");

	cr_assert_eq(isahp_errata_of(&p), left);
	isahp_profile_msr_set(&p, 0x10a, 1 << 0, 1 << 0);
	cr_assert_eq(isahp_errata_of(&p), left &= ~bit("meltdown"));
	isahp_profile_msr_set(&p, 0x10a, 1 << 5, 1 << 5);
	cr_assert_eq(isahp_errata_of(&p), left &= ~bit("mds"));
	/* Three kinds of it: two do not do. */
	isahp_profile_msr_set(&p, 0x10a, 3 << 13, 3 << 13);
	cr_assert_eq(isahp_errata_of(&p), left);
	isahp_profile_msr_set(&p, 0x10a, 7 << 13, 7 << 13);
	cr_assert_eq(isahp_errata_of(&p), left &= ~bit("mmio-stale-data"));
	isahp_profile_msr_set(&p, 0x10a, 1ULL << 62, 1ULL << 62);
	cr_assert_eq(isahp_errata_of(&p), left &= ~bit("its"));
	isahp_profile_set(&p, 1, 0, ISAHP_ECX, 1 << 3, 0);
	cr_assert_eq(isahp_errata_of(&p), 0);
	/* By what the hypervisor says of where it may be moved. */
	isahp_profile_msr_set(&p, 0x10a, 1 << 28 | 1 << 2, 1 << 28 | 1 << 2);
	cr_assert_eq(isahp_errata_of(&p), bit("rfds") | bit("retbleed-intel"));
	isahp_profile_msr_set(&p, 0x10a, 1 << 27, 1 << 27);
	cr_assert_eq(isahp_errata_of(&p), bit("retbleed-intel"));
	isahp_profile_free(&p);
	p = policy_cpu("zen4", POLICY_AMD, 0x19, 0x11, 1);
	isahp_profile_set(&p, 0x80000021, 0, ISAHP_EAX, 1u << 29, 1u << 29);
	cr_assert_eq(isahp_errata_of(&p), bit("tsa"));
	isahp_profile_set(&p, 0x80000021, 0, ISAHP_ECX, 6, 6);
	cr_assert_eq(isahp_errata_of(&p), 0);
	isahp_profile_free(&p);
}

/* Between a program and its kernel: from guest to host it is the host's business. */
Test(errata, what_is_left_of_srso_is_the_hypervisors)
{
	struct isahp_profile p = policy_cpu("zen5", POLICY_AMD, 0x1a, 0x02, 1);

	isahp_profile_mitigation_set(&p, "spec_rstack_overflow",
				     "Mitigation: IBPB on VMEXIT only");
	cr_assert_eq(isahp_errata_of(&p), bit("srso"));
	isahp_profile_set(&p, 0x80000021, 0, ISAHP_EAX, 1u << 30, 1u << 30);
	cr_assert_eq(isahp_errata_of(&p), 0);
	isahp_profile_free(&p);
}

Test(errata, a_feature_has_its_erratum_only_where_it_is_shown)
{
	struct isahp_profile p = policy_cpu("skx", POLICY_INTEL, 6, 0x55, 4);

	cr_assert_not(isahp_errata_of(&p) & bit("taa"));
	isahp_profile_set(&p, 7, 0, ISAHP_EBX, 1 << 11, ~0u);
	cr_assert(isahp_errata_of(&p) & bit("taa"));
	isahp_profile_msr_set(&p, 0x10a, 1 << 8, ~0ULL);
	cr_assert_not(isahp_errata_of(&p) & bit("taa"));
	isahp_profile_free(&p);
	p = policy_cpu("zen2", POLICY_AMD, 0x17, 0x31, 0);
	isahp_profile_set(&p, 0xd, 1, ISAHP_EAX, 1 << 3, 0);
	cr_assert_not(isahp_errata_of(&p) & bit("amd-1386-xsaves"));
	isahp_profile_free(&p);
}

Test(errata, microcode_repairs)
{
	struct isahp_profile p = policy_cpu("rpl", POLICY_INTEL, 6, 0xb7, 1);
	unsigned int pcid = isahp_erratum_find("intel-invlpg-pcid");

	isahp_profile_msr_set(&p, 0x10a, 1 << 27 | 0x21, ~0ULL);
	cr_assert_eq(isahp_errata_of(&p), 1ULL << pcid, "not told counts as old");
	cr_assert_eq(isahp_erratum_microcode(pcid, &p), 0x118);
	p.microcode = 0x117;
	cr_assert_eq(isahp_errata_of(&p), 1ULL << pcid);
	p.microcode = 0x118;
	cr_assert_eq(isahp_errata_of(&p), 0);
	cr_assert_eq(isahp_erratum_microcode(isahp_erratum_find("mds"), &p), 0);
	isahp_profile_free(&p);
	/* Of one stepping alone. */
	p = policy_cpu("zen2", POLICY_AMD, 0x17, 0x31, 0);
	p.microcode = 0x08301052;
	cr_assert_not(isahp_errata_of(&p) & bit("amd-1386-xsaves"));
	isahp_profile_set(&p, 1, 0, ISAHP_EAX, 0xf, 1);
	cr_assert(isahp_errata_of(&p) & bit("amd-1386-xsaves"));
	isahp_profile_free(&p);
}

/* AMD-SB-7055. */
Test(errata, rdseed_of_zen_5_is_worth_nothing_before_its_microcode)
{
	struct isahp_profile p = policy_cpu("turin", POLICY_AMD, 0x1a, 0x02, 1);
	struct isahp_features rdseed = policy_set("rdseed"), broken;
	unsigned int number = isahp_erratum_find("amd-rdseed");

	isahp_profile_set(&p, 7, 0, ISAHP_EBX, 1 << 18, 0);
	cr_assert_not(isahp_errata_of(&p) & bit("amd-rdseed"), "its kernel hides it");
	isahp_profile_set(&p, 7, 0, ISAHP_EBX, 1 << 18, ~0u);
	cr_assert(isahp_errata_of(&p) & bit("amd-rdseed"));
	cr_assert_not(isahp_errata_found(&p) & bit("amd-rdseed"), "no kernel helps");
	broken = isahp_errata_broken(isahp_errata_of(&p), 0);
	cr_assert(isahp_features_equal(&broken, &rdseed));
	broken = isahp_errata_broken(isahp_errata_of(&p), bit("amd-rdseed"));
	cr_assert(isahp_features_empty(&broken));
	cr_assert_eq(isahp_erratum_microcode(number, &p), 0x0b00215a);
	p.microcode = 0x0b00215a;
	cr_assert_not(isahp_errata_of(&p) & bit("amd-rdseed"));
	broken = isahp_errata_broken(isahp_errata_of(&p), 0);
	cr_assert(isahp_features_empty(&broken));
	/* Another stepping, of which no repair is known. */
	isahp_profile_set(&p, 1, 0, ISAHP_EAX, 0xf, 0);
	cr_assert(isahp_errata_of(&p) & bit("amd-rdseed"));
	/* Its family has models that are not Zen 5. */
	isahp_profile_set(&p, 1, 0, ISAHP_EAX, 0xf00f0, 0x50000);
	cr_assert_not(isahp_errata_of(&p) & bit("amd-rdseed"));
	isahp_profile_free(&p);
}

/* In a guest Linux expects some on any model of the vendor: it may be moved. */
Test(errata, a_guests_kernel_finds_more_than_its_model_has)
{
	struct isahp_profile p = policy_cpu("bdx", POLICY_INTEL, 6, 0x4f, 1);

	cr_assert_not(isahp_errata_of(&p) & bit("its"));
	cr_assert(isahp_errata_found(&p) & bit("its"));
	isahp_profile_msr_set(&p, 0x10a, 1ULL << 62, ~0ULL);
	cr_assert_not(isahp_errata_found(&p) & bit("its"));
	isahp_profile_free(&p);
	p = policy_cpu("zen2", POLICY_AMD, 0x17, 0x31, 0);
	cr_assert_not(isahp_errata_of(&p) & bit("tsa"));
	cr_assert(isahp_errata_found(&p) & bit("tsa"));
	isahp_profile_free(&p);
	p = policy_cpu("piledriver", POLICY_AMD, 0x15, 0x02, 0);
	cr_assert_not(isahp_errata_found(&p) & bit("tsa"));
	isahp_profile_free(&p);
}

/* Ivy Bridge: nobody looked whether it has it, and no guest can do anything. */
Test(errata, a_kernel_that_does_not_know_has_not_said)
{
	struct isahp_profile p = policy_cpu("ivb", POLICY_INTEL, 6, 0x3e, 4);

	isahp_profile_mitigation_set(&p, "mmio_stale_data", "Unknown: No mitigations");
	cr_assert_not(isahp_errata_of(&p) & bit("mmio-stale-data"));
	isahp_profile_free(&p);
	p = policy_cpu("skx", POLICY_INTEL, 6, 0x55, 4);
	isahp_profile_mitigation_set(&p, "mmio_stale_data", "Unknown: No mitigations");
	cr_assert(isahp_errata_of(&p) & bit("mmio-stale-data"));
	isahp_profile_free(&p);
}

Test(errata, what_the_hosts_kernel_says_counts_more)
{
	struct isahp_profile p = policy_cpu("skx", POLICY_INTEL, 6, 0x55, 4);

	isahp_profile_mitigation_set(&p, "meltdown", "Not affected");
	isahp_profile_mitigation_set(&p, "mds", "Mitigation: Clear CPU buffers; SMT vulnerable");
	isahp_profile_mitigation_set(&p, "retbleed", "Vulnerable");
	isahp_profile_mitigation_set(&p, "tsx_async_abort", "Mitigation: TSX disabled");
	isahp_profile_mitigation_set(&p, "spec_rstack_overflow", "Not affected");
	isahp_profile_mitigation_set(&p, "mmio_stale_data", "Not affected");
	cr_assert_eq(isahp_errata_of(&p), bit("mds") | bit("retbleed-intel") | bit("taa"));
	isahp_profile_free(&p);
	p = policy_cpu("zen2", POLICY_AMD, 0x17, 0x31, 0);
	isahp_profile_mitigation_set(&p, "retbleed", "Mitigation: untrained return thunk");
	cr_assert(isahp_errata_of(&p) & bit("retbleed-amd"));
	cr_assert_not(isahp_errata_of(&p) & bit("retbleed-intel"));
	isahp_profile_free(&p);
}

Test(errata, a_guest_says_itself_what_it_works_around)
{
	struct isahp_profile p = { 0 };
	__u64 found = bit("amd-1386-xsaves") | bit("mds") | bit("its") | bit("amd-rdseed");

	/* An older kernel, without a file for ITS. */
	isahp_profile_mitigation_set(&p, "mds", "Mitigation: Clear CPU buffers; SMT Host state unknown");
	isahp_profile_mitigation_set(&p, "retbleed", "Mitigation: IBRS");
	isahp_profile_mitigation_set(&p, "meltdown", "Not affected");
	isahp_profile_mitigation_set(&p, "mmio_stale_data", "Vulnerable: Clear CPU buffers attempted, no microcode");
	isahp_profile_mitigation_set(&p, "spec_rstack_overflow", "Mitigation: SMT disabled");
	cr_assert_eq(isahp_errata_reported(&p, ISAHP_VENDOR_INTEL, found),
		     bit("amd-1386-xsaves") | bit("mds") | bit("retbleed-intel"));
	isahp_profile_mitigation_set(&p, "spec_rstack_overflow", "Mitigation: Safe RET");
	cr_assert_eq(isahp_errata_reported(&p, ISAHP_VENDOR_AMD, 0),
		     bit("mds") | bit("retbleed-amd") | bit("srso"));
	isahp_profile_free(&p);
}

Test(errata, each_is_whole)
{
	const struct isahp_erratum *e;
	struct isahp_place place;
	unsigned int i, j;

	for (i = 0; (e = isahp_erratum(i)); i++) {
		cr_assert(e->name && *e->name && e->what && e->help && e->source, "%u", i);
		/* Nobody who cannot be told apart may be let in. */
		cr_assert(e->hide.leaf || e->file, "%s", e->name);
		cr_assert(!e->hide.leaf || e->hide.name, "%s", e->name);
		place = (struct isahp_place){ e->hide.leaf, e->hide.subleaf, e->hide.reg,
					      e->hide.bit, 1 };
		cr_assert(!e->hide.leaf || e->feature == isahp_place_feature(&place),
			  "%s", e->name);
		cr_assert(!e->programs || e->feature >= 0, "%s", e->name);
		cr_assert_eq(isahp_erratum_find(e->name), (int)i);
		for (j = 0; j < i; j++)
			cr_assert_str_neq(isahp_erratum(j)->name, e->name);
	}
	cr_assert(i > 10 && i <= ISAHP_ERRATA_MAX);
	cr_assert_eq(isahp_erratum_find("none of them"), -ENOENT);
}
