// SPDX-License-Identifier: GPL-2.0-only
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include "process.h"
#include "registrant.h"
#include "trapped.h"

/* Allocated and not freed: unload waits for 0. */
static atomic_t alive = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(alive_wait);

static struct isahp_process *of_notifier(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct isahp_process, notifier);
}

static struct mmu_notifier *process_alloc(struct mm_struct *mm)
{
	struct isahp_process *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);

	if (!p)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&p->registrants);
	INIT_LIST_HEAD(&p->node);
	atomic_inc(&alive);
	return &p->notifier;
}

static void process_free(struct mmu_notifier *notifier)
{
	struct isahp_process *p = of_notifier(notifier);

	put_pid(p->pid);
	kfree(p);
	if (atomic_dec_and_test(&alive))
		wake_up(&alive_wait);
}

static void process_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	isahp_registrants_process_over(of_notifier(notifier));
	isahp_trapped_process_over(mm);
}

/* No invalidate callback: page table changes of the process cost a NULL test. */
static const struct mmu_notifier_ops process_ops = {
	.release = process_release,
	.alloc_notifier = process_alloc,
	.free_notifier = process_free,
};

/* The thread group's; @task may be on its way out, its leader gone before it. */
static void name(struct isahp_process *p, struct task_struct *task)
{
	struct task_struct *leader;

	p->pid = get_task_pid(task, PIDTYPE_TGID);
	rcu_read_lock();
	leader = pid_task(p->pid, PIDTYPE_TGID);
	get_task_comm(p->comm, leader ?: task);
	rcu_read_unlock();
}

struct isahp_process *isahp_process_get_of(struct task_struct *task,
					   struct mm_struct *mm)
{
	struct mmu_notifier *notifier;
	struct isahp_process *p;

	mmap_write_lock(mm);
	notifier = mmu_notifier_get_locked(&process_ops, mm);
	if (IS_ERR(notifier)) {
		p = ERR_CAST(notifier);
		goto out;
	}
	p = of_notifier(notifier);
	if (!p->pid)
		name(p, task);
out:
	mmap_write_unlock(mm);
	return p;
}

struct isahp_process *isahp_process_get(void)
{
	if (!current->mm)
		return ERR_PTR(-EINVAL);
	return isahp_process_get_of(current, current->mm);
}

void isahp_process_put(struct isahp_process *process)
{
	mmu_notifier_put(&process->notifier);
}

void isahp_process_synchronize(void)
{
	mmu_notifier_synchronize();
	/*
	 * The frees run from SRCU callbacks, which the above starts but does not
	 * wait for on every CPU. They run with softirqs off: a grace period
	 * after the last count means that process_free() has been left.
	 */
	wait_event(alive_wait, !atomic_read(&alive));
	synchronize_rcu();
}
