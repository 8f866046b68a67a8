/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ISAHP_KMOD_GPR_H
#define ISAHP_KMOD_GPR_H

#include <linux/ptrace.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define ISAHP_GPRS 16

/**
 * isahp_gpr - a general-purpose register, by its number in encodings
 * @regs: of whoever trapped.
 * @number: SDM vol. 2, 2.2.1.2; what is above its four bits is dropped.
 */
static inline unsigned long *isahp_gpr(struct pt_regs *regs, unsigned int number)
{
	static const u16 offset[ISAHP_GPRS] = {
		offsetof(struct pt_regs, ax), offsetof(struct pt_regs, cx),
		offsetof(struct pt_regs, dx), offsetof(struct pt_regs, bx),
		offsetof(struct pt_regs, sp), offsetof(struct pt_regs, bp),
		offsetof(struct pt_regs, si), offsetof(struct pt_regs, di),
		offsetof(struct pt_regs, r8), offsetof(struct pt_regs, r9),
		offsetof(struct pt_regs, r10), offsetof(struct pt_regs, r11),
		offsetof(struct pt_regs, r12), offsetof(struct pt_regs, r13),
		offsetof(struct pt_regs, r14), offsetof(struct pt_regs, r15),
	};

	return (void *)regs + offset[number % ISAHP_GPRS];
}

#endif /* ISAHP_KMOD_GPR_H */
