/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast system call entry of 32-bit programs.
 *
 * __kernel_vsyscall in the 32-bit vDSO uses SYSENTER or SYSCALL, as chosen at
 * boot by the CPU's vendor. Neither works for 32-bit code on the other vendor's
 * CPUs; INT 0x80 works on all.
 */
#ifndef ISAHP_KMOD_VDSO_H
#define ISAHP_KMOD_VDSO_H

#include <linux/types.h>

struct pt_regs;

/**
 * isahp_vdso_init - find the entry and check that it is what is known
 *
 * Never fails: a kernel whose entry is not recognised is left alone, and
 * isahp_vdso_follow() says so when it matters.
 */
void isahp_vdso_init(void);

/**
 * isahp_vdso_exit - put the kernel's own bytes back, if they work here
 */
void isahp_vdso_exit(void);

/**
 * isahp_vdso_follow - make the entry right for a CPU, and for the next one
 * @vendor: enum isahp_vendor of the CPU under this guest.
 * @vendor_next: of the one it may move to at any moment.
 *
 * The kernel's own bytes where both are the boot vendor, INT 0x80 otherwise.
 * Upon return every CPU executes the new bytes.
 *
 * Context: sleeps.
 *
 * Return: 0; -EOPNOTSUPP: a change is needed and this kernel's entry is not
 * known; -ENOMEM.
 */
int isahp_vdso_follow(u32 vendor, u32 vendor_next);

/**
 * isahp_vdso_repair - finish a #UD inside the entry
 * @regs: of the current task, in user mode; changed on success.
 *
 * Context: #UD, interrupts off. May be called before init and after exit.
 *
 * Return: true: go on with @regs; false: it is none of the entry's.
 */
bool isahp_vdso_repair(struct pt_regs *regs);

/** isahp_vdso_describe - for sysfs: native, int80, unneeded or unsupported */
const char *isahp_vdso_describe(void);

#endif /* ISAHP_KMOD_VDSO_H */
