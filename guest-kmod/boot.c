// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/cpumask.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <isa-core/features.h>
#include "boot.h"

static struct isahp_features boot;

/* Words of x86_capability[] that mirror CPUID registers (asm/cpufeatures.h). */
static const struct {
	u32 leaf;
	u8 subleaf;
	u8 reg;
	u8 word;
} words[] = {
	{ 1, 0, ISAHP_EDX, CPUID_1_EDX },
	{ 1, 0, ISAHP_ECX, CPUID_1_ECX },
	{ 7, 0, ISAHP_EBX, CPUID_7_0_EBX },
	{ 7, 0, ISAHP_ECX, CPUID_7_ECX },
	{ 7, 0, ISAHP_EDX, CPUID_7_EDX },
	{ 7, 1, ISAHP_EAX, CPUID_7_1_EAX },
	{ 0xd, 1, ISAHP_EAX, CPUID_D_1_EAX },
	{ 0x80000001, 0, ISAHP_EDX, CPUID_8000_0001_EDX },
	{ 0x80000001, 0, ISAHP_ECX, CPUID_8000_0001_ECX },
};

int isahp_boot_capability(unsigned int number)
{
	const struct isahp_feature_info *f = isahp_feature_info(number);
	unsigned int i;

	for (i = 0; f && i < ARRAY_SIZE(words); i++)
		if (f->leaf == words[i].leaf && f->subleaf == words[i].subleaf &&
		    f->reg == words[i].reg)
			return words[i].word * 32 + f->bit;
	return -1;
}

/*
 * boot_cpu_data holds what all CPUs have, and users.c takes out of it; each
 * CPU's own record stays as it was when that CPU came online.
 */
static bool found(int bit)
{
	int cpu;

	if (test_bit(bit, (unsigned long *)boot_cpu_data.x86_capability))
		return true;
	for_each_possible_cpu(cpu)
		if (test_bit(bit, (unsigned long *)cpu_data(cpu).x86_capability))
			return true;
	return false;
}

void isahp_boot_init(void)
{
	unsigned int i;
	int bit;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		bit = isahp_boot_capability(i);
		if (bit >= 0 && found(bit))
			isahp_features_add(&boot, i);
	}
}

const struct isahp_features *isahp_boot_features(void)
{
	return &boot;
}
