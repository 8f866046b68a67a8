/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that differs between the kernels this module is built for (6.1 to 7.2).
 */
#ifndef ISAHP_KMOD_COMPAT_H
#define ISAHP_KMOD_COMPAT_H

#include <linux/kconfig.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <asm/msr.h>
#include <asm/prctl.h>

/* Was in <asm/processor.h>. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#include <asm/cpuid/api.h>
#endif

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

/*
 * Rows of users.c. From 6.16 on hashes and checksums are libraries that the rest
 * of the kernel calls directly, and that chose their code once.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define ISAHP_LIBRARIES_OF_KERNEL
#else
#define ISAHP_LIBRARIES_OF_KERNEL                                              \
	{ "libblake2s", true, true, { F(SSSE3) } },                            \
	{ "libaes", IS_BUILTIN(CONFIG_CRYPTO_LIB_AES), false, { F(AES) } },    \
	{ "libchacha", IS_BUILTIN(CONFIG_CRYPTO_LIB_CHACHA), false,            \
	  { F(SSSE3), F(AVX2) } },                                             \
	{ "libpoly1305", IS_BUILTIN(CONFIG_CRYPTO_LIB_POLY1305), false,        \
	  { F(AVX2) } },                                                       \
	{ "libcurve25519", IS_BUILTIN(CONFIG_CRYPTO_LIB_CURVE25519), false,    \
	  { F(BMI2), F(ADX) } },                                               \
	{ "libsha1", IS_BUILTIN(CONFIG_CRYPTO_LIB_SHA1), false,                \
	  { F(SHA_NI), F(SSSE3), F(AVX2), F(BMI2) } },                         \
	{ "libsha256", IS_BUILTIN(CONFIG_CRYPTO_LIB_SHA256), false,            \
	  { F(SHA_NI), F(SSSE3), F(AVX2), F(BMI2) } },                         \
	{ "libsha512", IS_BUILTIN(CONFIG_CRYPTO_LIB_SHA512), false,            \
	  { F(SSSE3), F(AVX2), F(BMI2) } },                                    \
	{ "crc32", IS_BUILTIN(CONFIG_CRC32), false,                            \
	  { F(SSE4_2), F(PCLMULQDQ), F(VPCLMULQDQ), F(AVX2) } },               \
	{ "crc_t10dif", IS_BUILTIN(CONFIG_CRC_T10DIF), false,                  \
	  { F(PCLMULQDQ), F(VPCLMULQDQ), F(AVX2) } },                          \
	{ "crc64", IS_BUILTIN(CONFIG_CRC64), false,                            \
	  { F(PCLMULQDQ), F(VPCLMULQDQ), F(AVX2) } },
#endif

/* eBPF's JIT: SHLX, SARX and SHRX, and no other instruction that may go. */
#define ISAHP_JIT_EMITS_BMI2                                                   \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0) &&                      \
	 IS_ENABLED(CONFIG_BPF_JIT))

/* From <asm/unaligned.h> to <linux/unaligned.h> in 6.12. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

/* rdmsrl() is rdmsrq() from 6.16 on; these two have stayed. */
static inline u64 isahp_rdmsr(u32 msr)
{
	u32 low, high;

	rdmsr(msr, low, high);
	return (u64)high << 32 | low;
}

/*
 * Where the current thread's registers are while they are not in the CPU. From
 * 6.16 on struct fpu lies behind struct task_struct; x86_task_fpu(), which says
 * so, is a function that is not exported under CONFIG_X86_DEBUG_FPU.
 */
static inline struct fpstate *isahp_current_fpstate(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
	struct fpu *fpu = (void *)current + sizeof(struct task_struct);
#else
	struct fpu *fpu = &current->thread.fpu;
#endif

	return fpu->fpstate;
}

/* A stack of the current thread to which CALL and RET alone write (from 6.6 on). */
static inline bool isahp_shadow_stack(void)
{
#ifdef CONFIG_X86_USER_SHADOW_STACK
	return current->thread.features & ARCH_SHSTK_SHSTK;
#else
	return false;
#endif
}

/* What of a user address the CPU looks at (LAM, from 6.4 on). */
static inline u64 isahp_untag_mask(void)
{
#ifdef CONFIG_ADDRESS_MASKING
	return READ_ONCE(current->mm->context.untag_mask);
#else
	return ~0ULL;
#endif
}

/* Renamed in 7.x; asked for by name, so that one binary's worth of code serves. */
#define ISAHP_VDSO_IMAGE_NAMES { "vdso_image_32", "vdso32_image" }

#endif /* ISAHP_KMOD_COMPAT_H */
