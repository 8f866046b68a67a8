/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs that the kernel compiled: eBPF's JIT emits the shifts of BMI2 (SHLX,
 * SARX, SHRX) from 6.2 on, if boot_cpu_has() it at that moment. What it compiled
 * before BMI2 goes keeps them.
 *
 * So its memory is looked through, and while a program has such shifts BMI2 is
 * in use. What the look can not see (a program that is installed right after it,
 * a move that nobody announced) is finished where it traps.
 */
#ifndef ISAHP_KMOD_JIT_H
#define ISAHP_KMOD_JIT_H

#include <linux/ptrace.h>
#include <linux/types.h>
#include <isahp/features.h>

/**
 * isahp_jit_init - find the JIT's memory
 *
 * Nothing, where the kernel's JIT emits no such shifts, or BMI2 was not there at
 * boot. After isahp_boot_init().
 */
void isahp_jit_init(void);

/**
 * isahp_jit_features - what compiled programs execute
 *
 * The last look will do as long as looking would take more than a thousandth of
 * the time, but for isahp_jit_forget(). Errs on the safe side: what can not be
 * looked at counts as in use, and so does every program that is too large for the
 * memory that programs share.
 *
 * Context: sleeps; holds up who compiles or frees programs.
 *
 * Return: BMI2, or nothing.
 */
struct isahp_features isahp_jit_features(void);

/**
 * isahp_jit_forget - the next isahp_jit_features() looks, whatever it costs
 *
 * Context: sleeps.
 */
void isahp_jit_forget(void);

/**
 * isahp_jit_finish - carry out a shift of BMI2 that has trapped
 * @regs: where kernel code took a #UD; on success past the instruction.
 *
 * SDM vol. 2, SARX/SHLX/SHRX, operands in registers: what the JIT emits. Flags
 * are not touched by them.
 *
 * Context: #UD of kernel code, whatever it was in: interrupts off, NMI.
 *
 * Return: whether it was one.
 */
bool isahp_jit_finish(struct pt_regs *regs);

#endif /* ISAHP_KMOD_JIT_H */
