/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that differs between the kernels this module is built for (6.1 to 7.2).
 */
#ifndef ISAHP_KMOD_COMPAT_H
#define ISAHP_KMOD_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>
#include <asm/msr.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
				vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define isahp_rdmsr_safe(number, value) rdmsrl_safe(number, value)
#define isahp_wrmsr_safe(number, value) wrmsrl_safe(number, value)
#else
#define isahp_rdmsr_safe(number, value) rdmsrq_safe(number, value)
#define isahp_wrmsr_safe(number, value) wrmsrq_safe(number, value)
#endif

/* Renamed in 7.x; asked for by name, so that one binary's worth of code serves. */
#define ISAHP_VDSO_IMAGE_NAMES { "vdso_image_32", "vdso32_image" }

#endif /* ISAHP_KMOD_COMPAT_H */
