/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSRs by which 32-bit code enters the kernel, on every CPU that is or comes
 * online. A kernel programs them once, for the vendor it was booted on:
 *
 * MSR_CSTAR, the target of SYSCALL in 32-bit code on AMD, is 0 on a kernel
 * booted on Intel, where that instruction does not exist. On AMD any program
 * could then make the kernel jump to 0. It is set from load on, and stays.
 *
 * AMD keeps 32 bits of MSR_IA32_SYSENTER_ESP and _EIP (APM vol. 2, 6.1.2), and
 * does not execute SYSENTER in long mode. A guest that comes from there to Intel
 * would enter at a user's address. With MSR_IA32_SYSENTER_CS 0 SYSENTER is #GP
 * (SDM vol. 2B, SYSENTER): so it is but while the guest is on Intel and stays.
 */
#ifndef ISAHP_KMOD_ENTRY_MSR_H
#define ISAHP_KMOD_ENTRY_MSR_H

#include <linux/types.h>

/**
 * isahp_entry_msr_init - find the values, program CSTAR, begin to follow CPUs
 * @programs: there are 32-bit programs. Without them SYSCALL of 32-bit code
 *	leads to the kernel's refusal of it, and SYSENTER is never armed.
 * @arm: SYSENTER, as isahp_entry_msr_set().
 *
 * Context: sleeps.
 *
 * Return: 0; -EOPNOTSUPP: not on this kernel or hypervisor (Xen PV, FRED, a
 * symbol is missing); -EIO: an MSR does not keep what is written to it; -ENOMEM.
 */
int isahp_entry_msr_init(bool programs, bool arm);

/**
 * isahp_entry_msr_set - arm or disarm SYSENTER, and look after CSTAR
 * @arm: on Intel only.
 *
 * On each online CPU everything is read and put right, so it is right also
 * after the guest has been on another host. If arming fails on one of them it is
 * disarmed on all.
 *
 * Context: sleeps; not twice at a time.
 *
 * Return: 0; -EOPNOTSUPP, -EIO: as isahp_entry_msr_init().
 */
int isahp_entry_msr_set(bool arm);

/** isahp_entry_msr_exit - follow CPUs no longer; what is programmed stays */
void isahp_entry_msr_exit(void);

#endif /* ISAHP_KMOD_ENTRY_MSR_H */
