/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SYSRET on AMD leaves the hidden part of SS as it is (the kernel calls it
 * X86_BUG_SYSRET_SS_ATTRS): a thread that is interrupted in user mode enters
 * with a null SS, and if another one then leaves by SYSRET, its SS reads right
 * and is unusable for 32-bit code. A kernel booted on AMD never lets a null SS
 * into system call context: __switch_to() replaces it. One booted on Intel does
 * not; there a probe does the same at the same switch.
 */
#ifndef ISAHP_KMOD_ENTRY_SS_H
#define ISAHP_KMOD_ENTRY_SS_H

#include <linux/types.h>

/** isahp_entry_ss_kernels_own - does this kernel repair SS by itself */
bool isahp_entry_ss_kernels_own(void);

/**
 * isahp_entry_ss_set - repair SS at each context switch, or no longer
 * @repair: what shall be.
 *
 * Upon return with @repair each switch repairs. What was switched to before may
 * still be in the kernel with a null SS: isahp_entry_ss_settle().
 *
 * Context: sleeps; not twice at a time.
 *
 * Return: 0; -EOPNOTSUPP: this kernel has no such tracepoint; -ENOMEM.
 */
int isahp_entry_ss_set(bool repair);

/**
 * isahp_entry_ss_settle - wait until no preempted system call has a null SS
 *
 * But for the threads that a CPU is running at this moment, and each of which
 * has yet to be switched away from once: stop_machine() does it.
 *
 * Context: sleeps, for a tenth of a second and more.
 */
void isahp_entry_ss_settle(void);

#endif /* ISAHP_KMOD_ENTRY_SS_H */
