/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads in flight: between the two instructions of the 32-bit entry.
 *
 * There ebp holds what the first instruction has put into it, and the caller's
 * lies on top of the stack. `ebp = *(u32 *)esp, eip = site + 4` makes of that
 * what INT 0x80 wants, whatever form the site has or will have; that is the one
 * repair, for all of them.
 */
#ifndef ISAHP_KMOD_FLIGHT_H
#define ISAHP_KMOD_FLIGHT_H

#include <linux/types.h>

struct pt_regs;
struct task_struct;

/**
 * isahp_flight_repair - finish a #UD or #GP of the entry
 * @regs: of the current task, in user mode; changed on success.
 *
 * What traps is UD2 of the INT80 form, where something stale resumed, or an
 * entry instruction that this CPU does not have: the policy leaves it there, or
 * the process has a copy of the page of its own. Where the stack has to be
 * paged in first, it is finished on the way back to user mode.
 *
 * Context: #UD, #GP; does not sleep. May be called before init and after exit.
 *
 * Return: true: go on with @regs; false: it is none of the entry's.
 */
bool isahp_flight_repair(struct pt_regs *regs);

/**
 * isahp_flight_divert - repair another thread before it returns to user mode
 * @task: stands still.
 *
 * Context: any; does not sleep.
 *
 * Until then the thread holds a reference to this module.
 *
 * Return: 0, also for a thread that is about to end; -EBUSY: too many wait for
 * it at once, or the module is being unloaded.
 */
int isahp_flight_divert(struct task_struct *task);

/**
 * isahp_flight_watch - from now on, repair who is put into the middle on purpose
 *
 * sigreturn() of a frame that was saved there, and a debugger's writing back of
 * registers it had read there. Under the INT80 form, and under the form that
 * the thread had been in, nothing has to be done; under the other one it would
 * run on with wrong arguments and without a trap. Where there is no room for it,
 * the debugger's request fails with EBUSY, and the thread is sent to an address
 * that faults. To be called before a second
 * form of the two is used; remains until isahp_flight_exit().
 *
 * Context: sleeps; not twice at a time.
 *
 * Return: 0, also when it was done before; -errno of register_kretprobe().
 */
int isahp_flight_watch(void);

/**
 * isahp_flight_allow - repair what traps, or leave it alone
 * @allow: initially true.
 */
void isahp_flight_allow(bool allow);

/** isahp_flight_exit - upon return no thread is in, or will come to, this code */
void isahp_flight_exit(void);

#endif /* ISAHP_KMOD_FLIGHT_H */
