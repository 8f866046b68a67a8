/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef ISAHP_CORE_CPUID_H
#define ISAHP_CORE_CPUID_H

#include "env.h"
#include <isahp/abi.h>
#include <isahp/features.h>

/**
 * isahp_cpuid_features - what CPUID shows on the CPU this runs on
 *
 * Raw: neither closed nor cut down to what XCR0 enables. Executes CPUID, which
 * a hypervisor intercepts: microseconds, not for hot paths.
 */
struct isahp_features isahp_cpuid_features(void);

/** isahp_cpuid_vendor - enum isahp_vendor by CPUID leaf 0 */
__u32 isahp_cpuid_vendor(void);

/**
 * isahp_cpuid_xcr0 - XSAVE components that the operating system has enabled
 *
 * Return: XCR0, or 3 (x87 and SSE) where CR4.OSXSAVE is not set.
 */
__u64 isahp_cpuid_xcr0(void);

#endif /* ISAHP_CORE_CPUID_H */
