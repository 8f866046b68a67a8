/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions that an emulated instruction ends in, raised for the current
 * thread as if the CPU had raised them at its instruction.
 */
#ifndef ISAHP_KMOD_RAISE_H
#define ISAHP_KMOD_RAISE_H

#include <linux/types.h>
#include <isa-core/emulate.h>

struct pt_regs;

/**
 * isahp_raise_init - look up what the kernel does not export
 *
 * Never fails. Without do_user_addr_fault() a page fault is resolved by way of
 * fixup_user_fault(), and one that can not be ends in a signal that says less;
 * without force_sig_fault() SIGTRAP and SIGBUS say SI_KERNEL.
 */
void isahp_raise_init(void);

/** isahp_raise_describe - for sysfs: "exact", or what is missing */
const char *isahp_raise_describe(void);

/**
 * isahp_raise_page_fault - what a #PF at this address does
 * @regs: of the current thread, at the instruction.
 * @address: linear.
 * @access: what the instruction was to do.
 *
 * Upon return the page is there, and the instruction can be begun anew, or a
 * signal is pending.
 *
 * Context: sleeps; on the way to user mode.
 */
void isahp_raise_page_fault(struct pt_regs *regs, unsigned long address,
			    enum isahp_access access);

/**
 * isahp_raise_vector - what #GP, #SS or #AC with error code 0 does
 * @vector: ISAHP_VECTOR_*.
 *
 * Context: as above.
 */
void isahp_raise_vector(unsigned int vector);

/**
 * isahp_raise_simd - what #XM does
 * @address: of the instruction, as the program sees it.
 * @mxcsr: with the flags that the instruction has set.
 *
 * Context: as above.
 */
void isahp_raise_simd(unsigned long address, u32 mxcsr);

/**
 * isahp_raise_step - what #DB does after an instruction that ran with TF set
 * @regs: of the current thread, behind the instruction.
 *
 * Context: as above.
 */
void isahp_raise_step(struct pt_regs *regs);

/**
 * isahp_raise_undefined - what #UD does
 * @regs: of the current thread, at the instruction.
 *
 * Context: as above.
 */
void isahp_raise_undefined(struct pt_regs *regs);

#endif /* ISAHP_KMOD_RAISE_H */
