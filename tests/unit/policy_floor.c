// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/configure.h>
#include <hypervisor-shim/policy/floor.h>
#include <hypervisor-shim/policy/merge.h>
#include <isa-core/features.h>
#include <isahp/abi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PCID (1U << 17)	     /* 1.ECX */
#define X2APIC (1U << 21)
#define TSC_DEADLINE (1U << 24)
#define SPEC_CTRL (1U << 26) /* 7.EDX */
#define SSBD (1U << 31)
#define AMD_IBPB (1U << 12)  /* 8000_0008.EBX */
#define AMD_FPU (1U << 0)    /* 8000_0001.EDX */

static struct isahp_profile of_model(const char *name)
{
	struct isahp_profile p;

	cr_assert_eq(isahp_model_profile(isahp_model_find(name), &p), 0);
	return p;
}

/* No word of Haswell's lies behind 8000_0001h; address sizes do, on each 64-bit CPU. */
Test(floor, a_model_does_not_end_before_its_address_sizes)
{
	struct isahp_profile model = of_model("Haswell-v2"), real = of_model("Haswell-v2");
	const struct isahp_profile *hosts[] = { &model, &real };
	const struct isahp_cpuid_leaf *leaf;
	struct isahp_merged merged;
	struct isahp_error err;

	strcpy(real.name, "real");
	isahp_profile_set(&real, 0x80000000, 0, ISAHP_EAX, ~0U, 0x80000008);
	isahp_profile_set(&real, 0x80000008, 0, ISAHP_EAX, ~0U, 0x302e);
	cr_assert_eq(isahp_merge(hosts, 2, NULL, &merged, &err), 0, "%s", err.text);
	leaf = isahp_profile_leaf(&merged.profile, 0x80000000, 0);
	cr_assert_geq(leaf->value[ISAHP_EAX], 0x80000008);
	leaf = isahp_profile_leaf(&merged.profile, 0x80000008, 0);
	cr_assert(leaf && !(leaf->known[ISAHP_EAX] & 0xffff), "not told, and not 0");
	isahp_merged_free(&merged);
	isahp_profile_free(&model);
	isahp_profile_free(&real);
}

Test(floor, both_vendors_keep_what_each_has_under_its_own_name)
{
	struct isahp_profile rome = of_model("EPYC-Rome-v2"), cascade = of_model("Cascadelake-Server-v3");
	const struct isahp_profile *hosts[] = { &rome, &cascade };
	__u32 floor[ISAHP_WORD_COUNT];

	isahp_floor_of(hosts, 2, floor);
	cr_assert_eq(floor[ISAHP_WORD_1C] & (PCID | X2APIC | TSC_DEADLINE),
		     X2APIC | TSC_DEADLINE, "Rome has no PCID; KVM emulates the others");
	cr_assert_eq(floor[ISAHP_WORD_7D] & (SPEC_CTRL | SSBD), SPEC_CTRL | SSBD);
	cr_assert(floor[ISAHP_WORD_E8B] & AMD_IBPB);
	cr_assert(floor[ISAHP_WORD_E1D] & AMD_FPU, "a copy of 1.EDX, on Intel's too");
	isahp_profile_free(&rome);
	isahp_profile_free(&cascade);
}

Test(floor, what_is_not_told_is_not_there)
{
	struct isahp_profile rome = of_model("EPYC-Rome"), blank = { .name = "blank" };
	const struct isahp_profile *hosts[] = { &rome, &blank };
	__u32 floor[ISAHP_WORD_COUNT];

	isahp_floor_of(hosts, 2, floor);
	cr_assert_eq(floor[ISAHP_WORD_1D], 0);
	cr_assert_eq(floor[ISAHP_WORD_7B], 1U << 1, "TSC_ADJUST, which KVM emulates");
	isahp_profile_free(&rome);
}

Test(floor, order_and_repetition_do_not_matter)
{
	unsigned int seed = time(NULL), round;
	struct isahp_profile p[8];
	size_t i, models = 0;

	cr_log_info("seed %u", seed);
	srandom(seed);
	while (isahp_model_at(models))
		models++;
	for (round = 0; round < 200; round++) {
		const struct isahp_profile *hosts[9], *swap;
		__u32 one[ISAHP_WORD_COUNT], other[ISAHP_WORD_COUNT];

		for (i = 0; i < 8; i++) {
			isahp_model_profile(isahp_model_at(random() % models), &p[i]);
			hosts[i] = &p[i];
		}
		isahp_floor_of(hosts, 8, one);
		for (i = 0; i < 8; i++) {
			size_t with = random() % 8;

			swap = hosts[i];
			hosts[i] = hosts[with];
			hosts[with] = swap;
		}
		hosts[8] = hosts[random() % 8];
		isahp_floor_of(hosts, 9, other);
		cr_assert_arr_eq(one, other, sizeof(one), "seed %u", seed);
		for (i = 0; i < 8; i++)
			isahp_profile_free(&p[i]);
	}
}

Test(floor, a_model_is_brought_down_by_name)
{
	struct isahp_profile rome = of_model("EPYC-Rome-v2"), cascade = of_model("Cascadelake-Server-v3");
	const struct isahp_profile *hosts[] = { &rome, &cascade };
	__u32 floor[ISAHP_WORD_COUNT];
	struct isahp_guest_cpu cpu;
	struct isahp_configuration c;
	struct isahp_level v3;
	struct isahp_error err;

	isahp_floor_of(hosts, 2, floor);
	cr_assert_eq(isahp_level_find("x86-64-v3", &v3, &err), 0);
	cpu = isahp_guest_cpu_of(&v3, NULL);
	cpu.vendor = ISAHP_VENDOR_INTEL;
	cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0);
	cr_assert(!strstr(c.text, "pcid"), "%s", c.text);
	isahp_configuration_free(&c);
	cpu.floor = floor;
	cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0);
	cr_assert(strstr(c.text, ",-pcid") && strstr(c.text, ",-invpcid"), "%s", c.text);
	cr_assert(!strstr(c.text, "spec-ctrl") && !strstr(c.text, "x2apic"), "%s", c.text);
	isahp_configuration_free(&c);
	cr_assert_eq(isahp_configure_libvirt(&cpu, &c, &err), 0);
	cr_assert(strstr(c.text, "<feature policy=\"disable\" name=\"pcid\"/>"), "%s", c.text);
	isahp_configuration_free(&c);
	isahp_profile_free(&rome);
	isahp_profile_free(&cascade);
}

/* What the level leaves open, the floor still decides. */
Test(floor, undecided_features_come_down_too)
{
	struct isahp_profile opteron = of_model("Opteron_G5"), haswell = of_model("Haswell");
	const struct isahp_profile *hosts[] = { &opteron, &haswell };
	__u32 floor[ISAHP_WORD_COUNT];
	struct isahp_guest_cpu cpu;
	struct isahp_configuration c;
	struct isahp_level level;
	struct isahp_error err;

	isahp_floor_of(hosts, 2, floor);
	cr_assert_eq(isahp_level_find("Haswell", &level, &err), 0);
	cpu = isahp_guest_cpu_of(&level, NULL);
	isahp_features_del(&cpu.shown, ISAHP_FEATURE_SMEP);
	isahp_features_del(&cpu.decided, ISAHP_FEATURE_SMEP);
	isahp_features_del(&cpu.shown, ISAHP_FEATURE_ERMS);
	isahp_features_del(&cpu.decided, ISAHP_FEATURE_ERMS);
	cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0);
	cr_assert(!strstr(c.text, "smep") && !strstr(c.text, "erms"), "%s", c.text);
	isahp_configuration_free(&c);
	cpu.floor = floor;
	cr_assert_eq(isahp_configure_qemu(&cpu, &c, &err), 0);
	cr_assert(strstr(c.text, ",-smep") && strstr(c.text, ",-erms"), "%s", c.text);
	isahp_configuration_free(&c);
	isahp_profile_free(&opteron);
	isahp_profile_free(&haswell);
}
