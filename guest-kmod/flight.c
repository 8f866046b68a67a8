// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/compat.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include "compat.h"
#include "figures.h"
#include "flight.h"
#include "vdso.h"

static bool allowed = true;

static void resume_at_int80(struct pt_regs *regs, unsigned long site, u32 bp)
{
	regs->bp = bp;
	regs->ip = site + ISAHP_VDSO_INT;
}

static u32 __user *saved_bp(const struct pt_regs *regs)
{
	return compat_ptr((u32)regs->sp);
}

/* Of the current task, unless its stack has to be paged in. */
static bool repair_at_once(struct pt_regs *regs, unsigned long site)
{
	u32 bp;

	if (copy_from_user_nofault(&bp, saved_bp(regs), sizeof(bp)))
		return false;
	resume_at_int80(regs, site, bp);
	return true;
}

/* --- on the way back to user mode ---------------------------------------- */

/*
 * A #UD's context cannot allocate, nor can one that holds all CPUs. Each slot is
 * one thread's, so that one that stands still for long takes only one; but 64
 * that are stopped take all, for as long as their user likes.
 */
struct slot {
	struct callback_head work;
	struct task_struct *task;	/* NULL: free */
};

static struct slot slots[64];

static void finish(struct callback_head *work)
{
	struct slot *slot = container_of(work, struct slot, work);
	struct pt_regs *regs = current_pt_regs();
	unsigned long site;
	u32 bp;

	/* It may sleep for its stack for long. Partner: the cmpxchg of divert. */
	smp_store_release(&slot->task, NULL);
	/* It may have been put elsewhere, or be ending, since. */
	if (isahp_vdso_in_middle(current->mm, regs, &site)) {
		if (!get_user(bp, saved_bp(regs))) {
			resume_at_int80(regs, site, bp);
		} else {
			/* As the entries do without a stack: __do_fast_syscall_32(). */
			regs->ax = -EFAULT;
			regs->ip = site + ISAHP_VDSO_PAD;
		}
		isahp_figure_count(ISAHP_FIGURE_entry_repairs);
	}
	module_put(THIS_MODULE);
}

int isahp_flight_divert(struct task_struct *task)
{
	struct slot *slot;

	for (slot = slots; slot < slots + ARRAY_SIZE(slots); slot++)
		if (READ_ONCE(slot->task) == task)
			return 0;
	for (slot = slots; slot < slots + ARRAY_SIZE(slots); slot++)
		if (!cmpxchg(&slot->task, NULL, task))
			break;
	if (slot == slots + ARRAY_SIZE(slots))
		return -EBUSY;
	/* It holds the module; at the module's end nobody is accepted. */
	if (!try_module_get(THIS_MODULE)) {
		/* Partner: the cmpxchg above. */
		smp_store_release(&slot->task, NULL);
		return -EBUSY;
	}
	init_task_work(&slot->work, finish);
	if (task_work_add(task, &slot->work, TWA_RESUME)) {
		/* It is ending. Partner: the cmpxchg above. */
		smp_store_release(&slot->task, NULL);
		module_put(THIS_MODULE);
	}
	return 0;
}

/* --- what traps ---------------------------------------------------------- */

/* UD2, or one of the two entry instructions; not what a debugger put there. */
static bool is_ours(const struct pt_regs *regs, enum isahp_figure *ret_figure)
{
	u8 bytes[2];

	if (copy_from_user_nofault(bytes, compat_ptr((u32)regs->ip), sizeof(bytes)))
		return false;
	if (bytes[0] != 0x0f)
		return false;
	*ret_figure = bytes[1] == 0x0b ? ISAHP_FIGURE_entry_repairs :
					 ISAHP_FIGURE_entry_emulated;
	return bytes[1] == 0x0b || bytes[1] == 0x34 || bytes[1] == 0x05;
}

bool isahp_flight_repair(struct pt_regs *regs)
{
	enum isahp_figure figure;
	unsigned long site;

	if (!isahp_vdso_in_middle(current->mm, regs, &site))
		return false;
	if (!READ_ONCE(allowed) || !is_ours(regs, &figure))
		return false;
	if (repair_at_once(regs, site))
		isahp_figure_count(figure);
	else
		/* Where it has to wait for a slot, it traps once more. */
		isahp_flight_divert(current);
	return true;
}

void isahp_flight_allow(bool allow)
{
	WRITE_ONCE(allowed, allow);
}

/* --- who is put there on purpose ----------------------------------------- */

/* Where no program of 32 bits has anything mapped: SIGSEGV. */
#define NOWHERE 0xfffff000ul

/*
 * Under the INT80 form it traps in the middle, however long. Under another one it
 * might run on with wrong arguments and without a trap, if no slot is free.
 */
static int leave_the_middle(struct task_struct *task)
{
	int err = isahp_flight_divert(task);

	if (!err || isahp_vdso_form() == ISAHP_VDSO_INT80)
		return 0;
	task_pt_regs(task)->ip = NOWHERE;
	pr_warn_ratelimited("%s[%d] was put into the 32-bit entry while too many wait there to be repaired: stopped\n",
			    task->comm, task_pid_nr(task));
	return err;
}

/* Context: the task itself, registers restored, preemption off. */
static int after_sigreturn(struct kretprobe_instance *ri, struct pt_regs *unused)
{
	struct pt_regs *regs = current_pt_regs();
	unsigned long site;

	if (!isahp_vdso_in_middle(current->mm, regs, &site))
		return 0;
	if (repair_at_once(regs, site))
		isahp_figure_count(ISAHP_FIGURE_entry_repairs);
	else
		leave_the_middle(current);
	return 0;
}

/*
 * arch_ptrace(child, request, ...): only of requests that write registers, for
 * which the child is frozen in its stop from before until after. Others let it
 * go on, and it may be gone at the end.
 */
static int before_ptrace(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	switch (regs->si) {
	case PTRACE_POKEUSR:
	case PTRACE_SETREGS:
	case PTRACE_SETREGSET:
		*(struct task_struct **)ri->data = (struct task_struct *)regs->di;
		return 0;
	default:
		return 1;
	}
}

/* Context: the debugger. It may try again when others have gone on. */
static int after_ptrace(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct task_struct *task = *(struct task_struct **)ri->data;
	unsigned long site;
	int err = 0;

	if (isahp_vdso_in_middle(task->mm, task_pt_regs(task), &site))
		err = leave_the_middle(task);
	if (err)
		regs_set_return_value(regs, err);
	return 0;
}

/* sigreturn may wait for its frame to be paged in: room for many who do. */
#define SIGRETURNS_AT_ONCE 512

static struct kretprobe sigreturn_probe = {
	.kp.symbol_name = "__ia32_compat_sys_sigreturn",
	.handler = after_sigreturn,
	.maxactive = SIGRETURNS_AT_ONCE,
}, rt_sigreturn_probe = {
	.kp.symbol_name = "__ia32_compat_sys_rt_sigreturn",
	.handler = after_sigreturn,
	.maxactive = SIGRETURNS_AT_ONCE,
}, ptrace_probe = {
	.kp.symbol_name = "arch_ptrace",
	.entry_handler = before_ptrace,
	.handler = after_ptrace,
	.data_size = sizeof(struct task_struct *),
	.maxactive = SIGRETURNS_AT_ONCE,
}, compat_ptrace_probe = {
	.kp.symbol_name = "compat_arch_ptrace",
	.entry_handler = before_ptrace,
	.handler = after_ptrace,
	.data_size = sizeof(struct task_struct *),
	.maxactive = SIGRETURNS_AT_ONCE,
};

static struct kretprobe *probes[] = {
	&sigreturn_probe, &rt_sigreturn_probe, &ptrace_probe, &compat_ptrace_probe,
};

static bool watching;

int isahp_flight_watch(void)
{
	int err;

	if (watching)
		return 0;
	err = register_kretprobes(probes, ARRAY_SIZE(probes));
	watching = !err;
	return err;
}

void isahp_flight_exit(void)
{
	if (watching)
		unregister_kretprobes(probes, ARRAY_SIZE(probes));
	watching = false;
	/*
	 * Nobody holds a slot: each holds a reference to the module. Who has
	 * just given his back may still be on finish()'s last instructions, and
	 * preempted there.
	 */
	synchronize_rcu_tasks();
}
