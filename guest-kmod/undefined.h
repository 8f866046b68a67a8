/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * #UD of instructions whose feature has gone, and that isa-core's emulator can
 * finish. Any other #UD goes its way as if nobody had looked.
 */
#ifndef ISAHP_KMOD_UNDEFINED_H
#define ISAHP_KMOD_UNDEFINED_H

#include <linux/types.h>
#include <isahp/features.h>

struct pt_regs;

/** isahp_undefined_init - from now on isahp_undefined_handle() can help */
void isahp_undefined_init(void);

/**
 * isahp_undefined_exit - let everything through
 *
 * Context: sleeps; module unload. Upon return nobody is inside and no work is
 * pending.
 */
void isahp_undefined_exit(void);

/**
 * isahp_undefined_seen - these features have existed for this guest
 * @present: of a record that came into force. What never was there is not
 *	emulated: its #UD is the program's own.
 *
 * Context: the guest's thread, and init.
 */
void isahp_undefined_seen(const struct isahp_features *present);

/**
 * isahp_undefined_handle - finish an instruction that raised #UD
 * @regs: of the current thread, in user mode; behind the instruction afterwards,
 *	or as they were where it has to be begun anew.
 *
 * Context: #UD, interrupts off, RCU. Takes raw spinlocks only.
 *
 * Return: false: it is none of ours, nothing was touched.
 */
bool isahp_undefined_handle(struct pt_regs *regs);

#endif /* ISAHP_KMOD_UNDEFINED_H */
