// SPDX-License-Identifier: GPL-2.0-or-later
#include "floor.h"

#include <string.h>

#define BIT(n) (1U << (n))

/* AMD's copies of 1.EDX in 8000_0001.EDX (APM vol. 3, E.4.2). */
#define AMD_COPIES 0x0183f3ffU

#define IBPB BIT(12) /* 8000_0008.EBX */
#define IBRS BIT(14)
#define STIBP BIT(15)
#define SSBD BIT(24)
#define INTEL_SPEC_CTRL BIT(26) /* 7.EDX: IBRS and IBPB */
#define INTEL_STIBP BIT(27)
#define INTEL_ARCH_CAPABILITIES BIT(29)
#define INTEL_SSBD BIT(31)

static void add_speculation(__u32 *words)
{
	__u32 intel = words[ISAHP_WORD_7D], amd = words[ISAHP_WORD_E8B];

	if (intel & INTEL_SPEC_CTRL)
		words[ISAHP_WORD_E8B] |= IBPB | IBRS;
	if (intel & INTEL_STIBP)
		words[ISAHP_WORD_E8B] |= STIBP;
	if (intel & INTEL_SSBD)
		words[ISAHP_WORD_E8B] |= SSBD;
	if ((amd & (IBPB | IBRS)) == (IBPB | IBRS))
		words[ISAHP_WORD_7D] |= INTEL_SPEC_CTRL;
	if (amd & STIBP)
		words[ISAHP_WORD_7D] |= INTEL_STIBP;
	if (amd & SSBD)
		words[ISAHP_WORD_7D] |= INTEL_SSBD;
}

static void add_kvms(__u32 *words)
{
	words[ISAHP_WORD_1C] |= BIT(21) | BIT(24); /* x2APIC, TSC deadline */
	words[ISAHP_WORD_7B] |= BIT(1);		   /* TSC_ADJUST */
	words[ISAHP_WORD_7D] |= INTEL_ARCH_CAPABILITIES;
	words[ISAHP_WORD_E1D] |= words[ISAHP_WORD_1D] & AMD_COPIES;
	add_speculation(words);
}

void isahp_floor_of(const struct isahp_profile *const *hosts, size_t count,
		    __u32 *ret_words)
{
	__u32 words[ISAHP_WORD_COUNT], known[ISAHP_WORD_COUNT];
	size_t i;
	int w;

	memset(ret_words, 0xff, sizeof(words));
	for (i = 0; i < count; i++) {
		isahp_words_of(hosts[i], words, known);
		add_kvms(words);
		for (w = 0; w < ISAHP_WORD_COUNT; w++)
			ret_words[w] &= words[w];
	}
}
