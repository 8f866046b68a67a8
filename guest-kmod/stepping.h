/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who waits for the end of each single instruction of the current thread:
 * uprobes, which execute the one that they probe out of line, and debuggers.
 */
#ifndef ISAHP_KMOD_STEPPING_H
#define ISAHP_KMOD_STEPPING_H

#include <linux/types.h>

struct pt_regs;

/**
 * isahp_stepping_must - whether a debugger wants to hear of this instruction's end
 * @regs: of the current thread.
 *
 * Context: any, as all of these.
 */
bool isahp_stepping_must(const struct pt_regs *regs);

/** isahp_stepping_over - the instruction was emulated: let uprobes go on, if it
 * is theirs
 */
void isahp_stepping_over(void);

/**
 * isahp_stepping_address - where the instruction is, as the program knows it
 * @regs: of the current thread, at the instruction.
 */
unsigned long isahp_stepping_address(const struct pt_regs *regs);

#endif /* ISAHP_KMOD_STEPPING_H */
