/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What #UD can not do itself, since it may not sleep: it is done on the thread's
 * way back to user mode.
 */
#ifndef ISAHP_KMOD_ERRAND_H
#define ISAHP_KMOD_ERRAND_H

#include <linux/task_work.h>
#include <linux/types.h>
#include <isa-core/emulate.h>

/**
 * struct isahp_errand - what is left to be done on the way to user mode
 * @head: task work of the thread that took the #UD.
 * @next: among the idle ones.
 * @outcome: ISAHP_EMULATE_UNREACHED or _FAULT: raise it.
 * @ip: where the thread is, if nobody has moved it since.
 * @address: of the access that failed, and
 * @access: what it was.
 * @vector: of the fault,
 * @mxcsr: with its flags if it is #XM.
 * @feature: of the instruction that trapped.
 * @instructions: carried out in that #UD, and
 * @ns: how long they took.
 * @note: tell of it,
 * @policy: and what was done.
 * @step: a debugger wants to hear that the instruction is over.
 * @grow: get memory for running ahead.
 */
struct isahp_errand {
	struct callback_head head;
	struct isahp_errand *next;
	enum isahp_emulated outcome;
	unsigned long ip;
	unsigned long address;
	enum isahp_access access;
	u8 vector;
	u32 mxcsr;
	u8 feature;
	u32 instructions;
	u64 ns;
	bool note;
	u8 policy;
	bool step;
	bool grow;
};

/** isahp_errand_init - before the first #UD */
void isahp_errand_init(void);

/**
 * isahp_errand_get - one to be filled in
 *
 * Context: #UD, as for all of these.
 *
 * Return: NULL: all of them are in use.
 */
struct isahp_errand *isahp_errand_get(void);

/** isahp_errand_put - it is not needed; NULL is fine */
void isahp_errand_put(struct isahp_errand *errand);

/**
 * isahp_errand_queue - have it done by the current thread
 * @errand: from isahp_errand_get(). The module stays loaded until it is done.
 *
 * Return: false: it is given back, the thread or the module is about to end.
 */
bool isahp_errand_queue(struct isahp_errand *errand);

#endif /* ISAHP_KMOD_ERRAND_H */
