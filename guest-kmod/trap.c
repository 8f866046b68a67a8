// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kdebug.h>
#include <linux/notifier.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <asm/traps.h>
#include "flight.h"
#include "jit.h"
#include "trap.h"
#include "undefined.h"

/* Context: #UD, interrupts off, in an RCU read-side critical section. */
static int on_trap(struct notifier_block *nb, unsigned long event, void *data)
{
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;

	if (event != DIE_TRAP || args->trapnr != X86_TRAP_UD)
		return NOTIFY_DONE;
	if (!user_mode(regs))
		return isahp_jit_finish(regs) ? NOTIFY_STOP : NOTIFY_DONE;
	if (!current->mm)
		return NOTIFY_DONE;
	if (isahp_flight_repair(regs) || isahp_undefined_handle(regs))
		return NOTIFY_STOP;
	return NOTIFY_DONE;
}

static struct notifier_block trap_notifier = {
	.notifier_call = on_trap,
	/* Before anything that turns a user's #UD into a report. */
	.priority = 1,
};

int isahp_trap_init(void)
{
	return register_die_notifier(&trap_notifier);
}

void isahp_trap_exit(void)
{
	unregister_die_notifier(&trap_notifier);
}
