/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running ahead in #UD: where one instruction has trapped the next of its kind is
 * near, and to go on costs less than another trap.
 */
#ifndef ISAHP_KMOD_AHEAD_H
#define ISAHP_KMOD_AHEAD_H

#include <linux/types.h>
#include <isahp/features.h>
#include <isa-core/emulate.h>

struct pt_regs;

/**
 * struct isahp_ahead - how far it went
 * @instructions: carried out.
 * @native: of these, which the CPU has.
 */
struct isahp_ahead {
	u32 instructions;
	u32 native;
};

/** isahp_ahead_init - choose what `ahead_native` is, if nobody has said */
void isahp_ahead_init(void);

/** isahp_ahead_exit - give memory back; nobody runs ahead any more */
void isahp_ahead_exit(void);

/**
 * isahp_ahead_present - what the CPU carries out by itself
 * @present: as far as records and CPUID say. Where they are wrong runs end too
 *	early or too late, and nothing else.
 *
 * Context: the guest's thread, and init.
 */
void isahp_ahead_present(const struct isahp_features *present);

/**
 * isahp_ahead_may - whether more than one instruction can be carried out: not if
 *	a hardware breakpoint waits for one of them, nor where the knob says so
 *
 * Context: #UD, interrupts off, as for all that follows but isahp_ahead_grow().
 */
bool isahp_ahead_may(void);

/**
 * isahp_ahead_wants_memory - this CPU has none for decoded instructions yet
 *
 * isahp_ahead_run() carries out one at a time until it has.
 */
bool isahp_ahead_wants_memory(void);

/**
 * isahp_ahead_grow - get memory for the CPU at hand
 *
 * Context: sleeps. Failure has no consequence but that it is tried again later.
 */
void isahp_ahead_grow(void);

/**
 * isahp_ahead_run - carry out the instruction that has trapped, and what follows
 * @e: as for isahp_emulate_instruction(), @instruction the first one's, of a
 *	feature in @features. Its @env is this function's.
 * @regs: of the current thread. isahp_ahead_may() has agreed.
 * @ret: how far it went.
 *
 * Interrupts are let in between blocks of instructions, and the run ends if there
 * is anything to be done before the thread may be in user mode. Vector registers
 * that the first instruction does not need are fetched when they are.
 *
 * Return: ISAHP_EMULATE_DONE: registers are those in front of the instruction at
 * which to go on. Otherwise what became of the first instruction, with @ret's
 * counts 0; or with others an #XM of a later one, at which registers are.
 */
enum isahp_emulated isahp_ahead_run(struct isahp_emulation *e,
				    const struct pt_regs *regs,
				    struct isahp_ahead *ret);

#endif /* ISAHP_KMOD_AHEAD_H */
