// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/thread_info.h>
#include <linux/uprobes.h>
#include <asm/processor-flags.h>
#include "stepping.h"

/* The thread executes a probed instruction out of line (kernel/events/uprobes.c). */
static bool out_of_line(void)
{
#ifdef CONFIG_UPROBES
	const struct uprobe_task *utask = current->utask;

	return utask && utask->active_uprobe && utask->state == UTASK_SSTEP;
#else
	return false;
#endif
}

/* With BTF the CPU would trap behind branches alone; none of ours is one. */
bool isahp_stepping_must(const struct pt_regs *regs)
{
	return regs->flags & X86_EFLAGS_TF && !test_thread_flag(TIF_BLOCKSTEP) &&
	       !out_of_line();
}

/*
 * What uprobes' #DB does behind the instruction: the rest happens on the way to
 * user mode, SIGTRAP for a debugger included.
 */
void isahp_stepping_over(void)
{
#ifdef CONFIG_UPROBES
	if (!out_of_line())
		return;
	current->utask->state = UTASK_SSTEP_ACK;
	set_thread_flag(TIF_UPROBE);
#endif
}

/* As uprobe_get_trap_addr(), which is not exported. */
unsigned long isahp_stepping_address(const struct pt_regs *regs)
{
#ifdef CONFIG_UPROBES
	if (out_of_line())
		return current->utask->vaddr;
#endif
	return regs->ip;
}
