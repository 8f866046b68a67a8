// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bits.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/thread_info.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/processor.h>
#include <isa-core/xsave_image.h>
#include "compat.h"
#include "vectors.h"

#define CPUID_XSAVE 0xd

/* SDM vol. 1, 13.4.2: bit 63 of XCOMP_BV. */
#define COMPACTED BIT_ULL(63)

/*
 * Of the CPU, which writes images by it. A host where it differs is refused: it
 * is pinned. Written at init.
 */
static struct isahp_xsave_layout standard;
static u32 sizes[ISAHP_XSAVE_KNOWN];
static u64 aligned;

/* Two KB: too much for a stack. In use while nothing else runs but interrupts. */
static DEFINE_PER_CPU(struct isahp_simd, registers);

void isahp_vectors_init(void)
{
	u32 eax, ebx, ecx, edx;
	unsigned int i;

	if (!boot_cpu_has(X86_FEATURE_XSAVE))
		return;
	for (i = ISAHP_XSAVE_AVX; i < ISAHP_XSAVE_KNOWN; i++) {
		cpuid_count(CPUID_XSAVE, i, &eax, &ebx, &ecx, &edx);
		sizes[i] = eax;
		standard.offset[i] = ebx;
		/* SDM vol. 2, CPUID: bit 1 of ECX. */
		if (ecx & BIT(1))
			aligned |= BIT_ULL(i);
	}
}

/* --- the image ----------------------------------------------------------- */

/*
 * The layout that the image itself declares, within the room that it was given.
 * Those of two threads may differ, by what they were permitted to use.
 */
static struct isahp_xsave_layout layout_of(const struct fpstate *fpstate)
{
	const struct xstate_header *header = &fpstate->regs.xsave.header;
	struct isahp_xsave_layout layout = standard;
	unsigned int i;

	if (header->xcomp_bv & COMPACTED)
		layout = isahp_xsave_compact(header->xcomp_bv, sizes, aligned);
	else
		for (i = ISAHP_XSAVE_AVX; i < ISAHP_XSAVE_KNOWN; i++)
			if (!(fpstate->xfeatures & BIT_ULL(i)))
				layout.offset[i] = 0;
	layout.size = fpstate->size;
	return layout;
}

/* All that instructions may touch; what is not in use comes and goes as zero. */
static unsigned int width(const struct isahp_xsave_layout *layout)
{
	unsigned int i;

	for (i = ISAHP_XSAVE_OPMASK; i <= ISAHP_XSAVE_HI16_ZMM; i++)
		if (!layout->offset[i])
			return 32;
	return 64;
}

struct isahp_simd *isahp_vectors_load(void)
{
	struct isahp_simd *simd = this_cpu_ptr(&registers);
	struct isahp_xsave_layout layout;
	struct fpstate *fpstate;

	if (!standard.offset[ISAHP_XSAVE_AVX] || !irq_fpu_usable())
		return NULL;
	/* Saves what is in the registers, and has it loaded on the way out. */
	kernel_fpu_begin_mask(0);
	kernel_fpu_end();
	if (!test_thread_flag(TIF_NEED_FPU_LOAD))
		return NULL;
	fpstate = isahp_current_fpstate();
	layout = layout_of(fpstate);
	simd->bytes = width(&layout);
	return isahp_xsave_load(&fpstate->regs.xsave, &layout, simd) ? simd : NULL;
}

void isahp_vectors_store(const struct isahp_simd *simd)
{
	struct fpstate *fpstate = isahp_current_fpstate();
	struct isahp_xsave_layout layout = layout_of(fpstate);

	isahp_xsave_store(&fpstate->regs.xsave, &layout, simd);
}
