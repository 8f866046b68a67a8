// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <asm/ptrace.h>
#include <asm/trapnr.h>
#include "ahead.h"
#include "errand.h"
#include "raise.h"
#include "trapped.h"

/*
 * Nothing can be allocated in #UD, least of all on PREEMPT_RT. An item is in
 * use from there to the thread's way out, before anything sleeps: not for as
 * long as a page fault takes. When there is none left the thread takes its #UD
 * again.
 */
static struct isahp_errand errands[256];
static struct isahp_errand *idle;
static DEFINE_RAW_SPINLOCK(lock);

struct isahp_errand *isahp_errand_get(void)
{
	struct isahp_errand *w;
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	w = idle;
	if (w)
		idle = w->next;
	raw_spin_unlock_irqrestore(&lock, flags);
	return w;
}

void isahp_errand_put(struct isahp_errand *w)
{
	unsigned long flags;

	if (!w)
		return;
	raw_spin_lock_irqsave(&lock, flags);
	w->next = idle;
	idle = w;
	raw_spin_unlock_irqrestore(&lock, flags);
}

/*
 * The CPU executed what the kernel could not read. Gone for a moment, it is
 * back after its page fault. Code that may be executed and not read (protection
 * keys) is nobody's to look into: #UD it is.
 */
static void refetch(struct pt_regs *regs, const struct isahp_errand *w)
{
	u8 byte;

	isahp_raise_page_fault(regs, w->address, ISAHP_ACCESS_FETCH);
	if (!signal_pending(current) &&
	    copy_from_user(&byte, (u8 __user *)w->address, sizeof(byte)))
		isahp_raise_undefined(regs);
}

static void act(const struct isahp_errand *w)
{
	struct pt_regs *regs = task_pt_regs(current);

	if (w->grow)
		isahp_ahead_grow();
	if (w->note)
		isahp_trapped_note(w->feature, w->policy, w->instructions, w->ns);
	if (regs->ip != w->ip)
		return;
	if (w->step)
		isahp_raise_step(regs);
	else if (w->outcome == ISAHP_EMULATE_FAULT && w->vector == X86_TRAP_XF)
		isahp_raise_simd(w->address, w->mxcsr);
	else if (w->outcome == ISAHP_EMULATE_FAULT)
		isahp_raise_vector(w->vector);
	else if (w->outcome != ISAHP_EMULATE_UNREACHED)
		return;
	else if (w->access == ISAHP_ACCESS_FETCH)
		refetch(regs, w);
	else
		isahp_raise_page_fault(regs, w->address, w->access);
}

static void run(struct callback_head *head)
{
	struct isahp_errand *item = container_of(head, struct isahp_errand, head);
	struct isahp_errand w = *item;

	isahp_errand_put(item);
	if (!(current->flags & PF_EXITING) && current->mm)
		act(&w);
	module_put(THIS_MODULE);
}

/* The module stays loaded for as long as work is pending or asleep. */
bool isahp_errand_queue(struct isahp_errand *w)
{
	if (!try_module_get(THIS_MODULE))
		goto err_module;
	init_task_work(&w->head, run);
	if (task_work_add(current, &w->head, TWA_RESUME))
		goto err_exiting;
	return true;

err_exiting:
	module_put(THIS_MODULE);
err_module:
	isahp_errand_put(w);
	return false;
}

void isahp_errand_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errands); i++)
		isahp_errand_put(&errands[i]);
}
