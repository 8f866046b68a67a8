/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ISAHP_SHIM_XEN_FEATURESET_H
#define ISAHP_SHIM_XEN_FEATURESET_H

#include "profile.h"

#define ISAHP_XEN_WORDS 19
/* In place of a leaf: half of the MSR @subleaf, from bit @reg on. */
#define ISAHP_XEN_MSR 0xffffffffU
/* Bits of 8000_0001h EDX that AMD repeats from leaf 1 (APM vol. 3, E.4.1). */
#define ISAHP_XEN_COMMON 0x0183f3ffU

/**
 * struct isahp_xen_word - where a word of Xen's featuresets comes from
 * @leaf: EAX, or ISAHP_XEN_MSR.
 * @subleaf: ECX.
 * @reg: enum isahp_cpuid_register.
 */
struct isahp_xen_word {
	__u32 leaf;
	__u32 subleaf;
	__u8 reg;
};

extern const struct isahp_xen_word isahp_xen_words[ISAHP_XEN_WORDS];

#endif /* ISAHP_SHIM_XEN_FEATURESET_H */
