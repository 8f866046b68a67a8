/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How 32-bit programs enter the kernel: which form of the vDSO's entry, which
 * values of the MSRs, which repairs, for the CPU below and the one to come.
 *
 * SYSENTER does not exist for 32-bit code on AMD, nor SYSCALL on Intel. INT 0x80
 * runs on both, and is slow. The parameter `entry` says what to make of it:
 *
 * auto		what a kernel booted on the present vendor would have chosen,
 *		where that is safe; INT 0x80 from the PREPARE of a change on
 * int80	INT 0x80, always
 * emulate	the bytes stay; what traps is finished
 * off		the bytes stay, nothing is finished, a change is refused
 */
#ifndef ISAHP_KMOD_ENTRY_H
#define ISAHP_KMOD_ENTRY_H

#include <linux/types.h>

/**
 * isahp_entry_init - find out what there is, and close what is open
 *
 * Never fails: what this kernel does not allow is missing, and
 * isahp_entry_follow() says so when it matters. Context: sleeps. After
 * isahp_pinned_init() and isahp_trap_init().
 */
void isahp_entry_init(void);

/** isahp_entry_exit - the kernel's own entry where it works, else INT 0x80 */
void isahp_entry_exit(void);

/**
 * isahp_entry_follow - make the entry right for a CPU, and for the next one
 * @vendor: enum isahp_vendor of the CPU under this guest, by the record.
 * @vendor_next: of the one it may move to at any moment.
 *
 * Upon return every CPU executes the new bytes, with the MSRs that they need.
 *
 * Context: sleeps.
 *
 * Return: 0: 32-bit programs run here and there; -EOPNOTSUPP: a change is needed
 * and this kernel's entry is not known; -EPERM: the policy is off; -EIO: an MSR
 * does not keep what is written; -ENOMEM.
 */
int isahp_entry_follow(u32 vendor, u32 vendor_next);

/**
 * isahp_entry_describe - for sysfs: sysenter, syscall, int80; unneeded;
 * unsupported
 */
const char *isahp_entry_describe(void);

#endif /* ISAHP_KMOD_ENTRY_H */
