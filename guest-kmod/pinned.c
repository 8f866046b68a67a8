// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include "compat.h"
#include "pinned.h"
#include "users.h"

#define CPUID_XSAVE 0xd
#define XSAVE_FIRST 2	/* 0 and 1 are the legacy area, the same everywhere */

/*
 * Features that the kernel depends on if it found them at boot: alternatives
 * were patched in, control register bits set, static keys turned. Not here:
 * what only chooses among instructions that run anywhere (ERMS and FSRM choose
 * REP MOVSB, RTM is entered by programs alone). XSAVE components are not
 * here either: owns_enabled_state().
 */
static const struct {
	u8 feature;
	u16 cpu_bit;
} depended_on[] = {
	/* Every context switch; the format of all saved images. */
	{ ISAHP_FEATURE_XSAVE, X86_FEATURE_XSAVE },
	{ ISAHP_FEATURE_XSAVEOPT, X86_FEATURE_XSAVEOPT },
	{ ISAHP_FEATURE_XSAVEC, X86_FEATURE_XSAVEC },
	{ ISAHP_FEATURE_XSAVES, X86_FEATURE_XSAVES },
	/* XFD and the AVX-512 use tracking of /proc read XINUSE by it. */
	{ ISAHP_FEATURE_XGETBV1, X86_FEATURE_XGETBV1 },
	/* CR4 bits: a write of CR4 that still has them is a #GP. */
	{ ISAHP_FEATURE_SMEP, X86_FEATURE_SMEP },
	{ ISAHP_FEATURE_UMIP, X86_FEATURE_UMIP },
	/* CR4 bit, and STAC and CLAC around each access to user memory. */
	{ ISAHP_FEATURE_SMAP, X86_FEATURE_SMAP },
	/* CR4 bit, and RDGSBASE in the paranoid entry, WRFSBASE in switches. */
	{ ISAHP_FEATURE_FSGSBASE, X86_FEATURE_FSGSBASE },
	/* An alternative in rdtsc_ordered(); the vDSO's getcpu(). */
	{ ISAHP_FEATURE_RDTSCP, X86_FEATURE_RDTSCP },
	/* An alternative in the vDSO's getcpu(), and the paranoid entry. */
	{ ISAHP_FEATURE_RDPID, X86_FEATURE_RDPID },
	/* Read by the random number generator whenever it reseeds. */
	{ ISAHP_FEATURE_RDRAND, X86_FEATURE_RDRAND },
	{ ISAHP_FEATURE_RDSEED, X86_FEATURE_RDSEED },
	/* this_cpu_cmpxchg_double() of the slab allocator. */
	{ ISAHP_FEATURE_CX16, X86_FEATURE_CX16 },
	/* Alternatives in clflushopt() and clwb(): pmem, graphics, live patching. */
	{ ISAHP_FEATURE_CLFLUSHOPT, X86_FEATURE_CLFLUSHOPT },
	{ ISAHP_FEATURE_CLWB, X86_FEATURE_CLWB },
	/* An alternative in __arch_hweight32() and 64(): everywhere. */
	{ ISAHP_FEATURE_POPCNT, X86_FEATURE_POPCNT },
	/*
	 * An alternative in prefetchw(). Decodes as a NOP on what is 64-bit
	 * and of Intel, but not on all that is not.
	 */
	{ ISAHP_FEATURE_3DNOWPREFETCH, X86_FEATURE_3DNOWPREFETCH },
	/* sync_core(), whenever code is patched. */
	{ ISAHP_FEATURE_SERIALIZE, X86_FEATURE_SERIALIZE },
	/* MSR_STAR and EFER.SCE: every system call. */
	{ ISAHP_FEATURE_SYSCALL, X86_FEATURE_SYSCALL },
	/* The idle and delay loops. */
	{ ISAHP_FEATURE_MWAITX, X86_FEATURE_MWAITX },
	{ ISAHP_FEATURE_WAITPKG, X86_FEATURE_WAITPKG },
	/* Asked for by name where drivers submit to work queues. */
	{ ISAHP_FEATURE_MOVDIR64B, X86_FEATURE_MOVDIR64B },
#ifdef X86_FEATURE_USER_SHSTK
	/* A component in IA32_XSS, and MSRs of each thread that uses it. */
	{ ISAHP_FEATURE_SHSTK, X86_FEATURE_USER_SHSTK },
#endif
#ifdef X86_FEATURE_IBT
	/* CR4.CET and ENDBR-checked indirect branches of the kernel's own. */
	{ ISAHP_FEATURE_IBT, X86_FEATURE_IBT },
#endif
};

static struct isahp_features pinned;

/* A component that is enabled in XCR0 lies in every saved image. */
static bool owns_enabled_state(const struct isahp_feature_info *f, u64 xcr0)
{
	return f->class == ISAHP_CLASS_STATE && f->xfeatures &&
	       (f->xfeatures & xcr0) == f->xfeatures;
}

void isahp_pinned_init(void)
{
	struct isahp_features visible = isahp_cpuid_features();
	u64 xcr0 = isahp_cpuid_xcr0();
	unsigned int i;

	pinned = isahp_features_none();
	/*
	 * What CPUID does not show here the kernel has set by itself, as PREFETCHW
	 * on every 64-bit AMD: no target can be asked for it.
	 */
	for (i = 0; i < ARRAY_SIZE(depended_on); i++)
		if (boot_cpu_has(depended_on[i].cpu_bit) &&
		    isahp_features_has(&visible, depended_on[i].feature))
			isahp_features_add(&pinned, depended_on[i].feature);
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (f && isahp_features_has(&visible, i) &&
		    owns_enabled_state(f, xcr0))
			isahp_features_add(&pinned, i);
	}
}

struct isahp_features isahp_pinned(void)
{
	struct isahp_features used = isahp_users_features();

	return isahp_features_or(&pinned, &used);
}

u32 isahp_pinned_vendor(void)
{
	switch (boot_cpu_data.x86_vendor) {
	case X86_VENDOR_INTEL:
		return ISAHP_VENDOR_INTEL;
	case X86_VENDOR_AMD:
		return ISAHP_VENDOR_AMD;
	case X86_VENDOR_HYGON:
		return ISAHP_VENDOR_HYGON;
	case X86_VENDOR_CENTAUR:
	case X86_VENDOR_ZHAOXIN:
		return ISAHP_VENDOR_ZHAOXIN;
	default:
		return ISAHP_VENDOR_UNKNOWN;
	}
}

/* SDM vol. 1, 13.2: EBX of subleaf 0 is the image's size for XCR0. */
static void describe_xsave(struct isahp_register_args *args)
{
	struct isahp_xsave_component *c;
	u32 eax, ebx, ecx, edx;
	unsigned int i;

	if (!boot_cpu_has(X86_FEATURE_XSAVE))
		return;
	cpuid_count(CPUID_XSAVE, 0, &eax, &ebx, &ecx, &edx);
	args->xsave_size = ebx;
	if (boot_cpu_has(X86_FEATURE_XSAVES) || boot_cpu_has(X86_FEATURE_XSAVEC))
		args->xsave_flags = ISAHP_XSAVE_F_COMPACTED;
	for (i = XSAVE_FIRST; i < 63; i++) {
		if (!(args->xcr0 >> i & 1) ||
		    args->components == ARRAY_SIZE(args->component))
			continue;
		cpuid_count(CPUID_XSAVE, i, &eax, &ebx, &ecx, &edx);
		c = &args->component[args->components++];
		c->number = i;
		c->offset = ebx;
		c->size = eax;
		c->flags = ecx;
	}
}

void isahp_pinned_describe(struct isahp_register_args *args)
{
	args->version_min = ISAHP_ABI_VERSION_MIN;
	args->version = ISAHP_ABI_VERSION;
	args->boot_vendor = isahp_pinned_vendor();
	args->cpus = num_online_cpus();
	args->xcr0 = isahp_cpuid_xcr0();
	args->pinned = isahp_pinned();
	args->visible = isahp_cpuid_features();
	describe_xsave(args);
	strscpy(args->release, init_utsname()->release, sizeof(args->release));
}
