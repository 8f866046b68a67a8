// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <hypervisor-shim/policy/errata.h>
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
	/* Zen 2, Zen 3, Zen 5; Hygon. */
	cr_assert_eq(of(POLICY_AMD, 0x17, 0x31, 0),
		     bit("amd-1386-xsaves") | bit("retbleed-amd") | bit("srso"));
	cr_assert_eq(of(POLICY_AMD, 0x19, 0x01, 1), bit("srso"));
	cr_assert_eq(of(POLICY_AMD, 0x1a, 0x02, 1), 0);
	cr_assert_eq(of(POLICY_HYGON, 0x18, 0x01, 1),
		     bit("amd-1386-xsaves") | bit("retbleed-amd") | bit("srso"));
	/* Haswell, Skylake, Nehalem-EX, Goldmont, an Atom in order. */
	cr_assert_eq(of(POLICY_INTEL, 6, 0x3c, 3), bit("meltdown") | bit("mds"));
	cr_assert_eq(of(POLICY_INTEL, 6, 0x55, 4),
		     bit("meltdown") | bit("mds") | bit("retbleed-intel"));
	cr_assert_eq(of(POLICY_INTEL, 6, 0x2e, 6),
		     bit("meltdown") | bit("mds") | bit("intel-monitor-clflush"));
	cr_assert_eq(of(POLICY_INTEL, 6, 0x5c, 9),
		     bit("meltdown") | bit("intel-monitor-goldmont"));
	cr_assert_eq(of(POLICY_INTEL, 6, 0x1c, 2), 0);
}

Test(errata, a_cpu_that_says_it_is_repaired_is)
{
	struct isahp_profile p = policy_cpu("icx", POLICY_INTEL, 6, 0x6a, 6);

	cr_assert_eq(isahp_errata_of(&p), bit("meltdown") | bit("mds"));
	isahp_profile_msr_set(&p, 0x10a, 1 << 0, 1 << 0);
	cr_assert_eq(isahp_errata_of(&p), bit("mds"));
	isahp_profile_msr_set(&p, 0x10a, 1 << 5, 1 << 5);
	cr_assert_eq(isahp_errata_of(&p), 0);
	isahp_profile_free(&p);
	p = policy_cpu("zen4", POLICY_AMD, 0x19, 0x11, 1);
	isahp_profile_set(&p, 0x80000021, 0, ISAHP_EAX, 1u << 29, 1u << 29);
	cr_assert_eq(isahp_errata_of(&p), 0);
	isahp_profile_free(&p);
}

Test(errata, microcode_repairs)
{
	struct isahp_profile p = policy_cpu("rpl", POLICY_INTEL, 6, 0xb7, 1);
	unsigned int pcid = isahp_erratum_find("intel-invlpg-pcid");

	isahp_profile_msr_set(&p, 0x10a, 0x21, 0x21);
	cr_assert_eq(isahp_errata_of(&p), 1ULL << pcid, "not told counts as old");
	cr_assert_eq(isahp_erratum_microcode(pcid, &p), 0x118);
	p.microcode = 0x117;
	cr_assert_eq(isahp_errata_of(&p), 1ULL << pcid);
	p.microcode = 0x118;
	cr_assert_eq(isahp_errata_of(&p), 0);
	cr_assert_eq(isahp_erratum_microcode(isahp_erratum_find("mds"), &p), 0);
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
	cr_assert_eq(isahp_errata_of(&p), bit("mds") | bit("retbleed-intel") | bit("taa"));
	isahp_profile_free(&p);
	p = policy_cpu("zen2", POLICY_AMD, 0x17, 0x31, 0);
	isahp_profile_mitigation_set(&p, "retbleed", "Mitigation: untrained return thunk");
	cr_assert(isahp_errata_of(&p) & bit("retbleed-amd"));
	cr_assert_not(isahp_errata_of(&p) & bit("retbleed-intel"));
	isahp_profile_free(&p);
}

Test(errata, each_is_whole)
{
	const struct isahp_erratum *e;
	unsigned int i, j;

	for (i = 0; (e = isahp_erratum(i)); i++) {
		cr_assert(e->name && *e->name && e->what && e->help && e->source, "%u", i);
		/* Nobody who cannot be told apart may be let in. */
		cr_assert(e->hide.leaf || e->file, "%s", e->name);
		cr_assert(!e->hide.leaf || e->hide.name, "%s", e->name);
		cr_assert_eq(isahp_erratum_find(e->name), (int)i);
		for (j = 0; j < i; j++)
			cr_assert_str_neq(isahp_erratum(j)->name, e->name);
	}
	cr_assert(i > 10 && i <= ISAHP_ERRATA_MAX);
	cr_assert_eq(isahp_erratum_find("none of them"), -ENOENT);
}
