// SPDX-License-Identifier: GPL-2.0-only
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <asm/cpufeature.h>
#include <asm/segment.h>
#include "entry_ss.h"
#include "figures.h"

static struct {
	struct tracepoint *sched_switch;
	bool repair, settled;
} ss;

bool isahp_entry_ss_kernels_own(void)
{
	return boot_cpu_has_bug(X86_BUG_SYSRET_SS_ATTRS);
}

/*
 * In __schedule(), on the CPU that switches, interrupts off until after
 * __switch_to(): what lies between cannot change SS. An NMI or a machine check
 * there comes from ring 0 and puts back by IRET the SS that it found.
 *
 * Reading SS is much faster than loading it; nearly always it is right.
 */
static notrace void at_switch(void *unused, bool preempt,
			      struct task_struct *prev,
			      struct task_struct *next, unsigned int prev_state)
{
	unsigned short selector;

	savesegment(ss, selector);
	if (likely(selector == __KERNEL_DS))
		return;
	loadsegment(ss, __KERNEL_DS);
	isahp_figure_count(ISAHP_FIGURE_entry_ss_repairs);
}

static void find(struct tracepoint *tracepoint, void *unused)
{
	if (!strcmp(tracepoint->name, "sched_switch"))
		ss.sched_switch = tracepoint;
}

static void stop(void)
{
	tracepoint_probe_unregister(ss.sched_switch, at_switch, NULL);
	/* Nobody is inside when the module goes. */
	tracepoint_synchronize_unregister();
	ss.repair = false;
	ss.settled = false;
}

int isahp_entry_ss_set(bool repair)
{
	int err;

	if (ss.repair == repair)
		return 0;
	if (!repair) {
		stop();
		return 0;
	}
	if (!ss.sched_switch)
		for_each_kernel_tracepoint(find, NULL);
	if (!ss.sched_switch)
		return -EOPNOTSUPP;
	err = tracepoint_probe_register(ss.sched_switch, at_switch, NULL);
	ss.repair = !err;
	return err;
}

/*
 * A thread that was preempted inside an interrupt of its system call has its SS
 * in that interrupt's frame, from where IRET would take it whatever the switch
 * has loaded. Each of them is preempted: so wait until each has given up its
 * CPU by itself, or has been in user mode.
 */
void isahp_entry_ss_settle(void)
{
	if (ss.settled || !ss.repair)
		return;
	synchronize_rcu_tasks();
	ss.settled = true;
}
