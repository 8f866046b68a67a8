/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces that isahp follows until they end.
 *
 * There is one struct isahp_process for each mm with a registrant in it, or
 * that had one and closed it while running on. It rests on an MMU notifier: the
 * kernel calls its release when the last thread that could run in this mm is
 * gone, however it went, and keeps the mm's memory (not its contents) from
 * being reused for another until the notifier is freed. So a pointer to an mm
 * is a name for it here, and nothing of a live process is touched for it.
 */
#ifndef ISAHP_KMOD_PROCESS_H
#define ISAHP_KMOD_PROCESS_H

#include <linux/mmu_notifier.h>
#include <linux/pid.h>
#include <linux/sched.h>

/**
 * struct isahp_process - one mm
 * @notifier: counted by the MMU notifier code: one for each of @registrants,
 *	one more while @untracked, one more while trapped.c has a record of it.
 * @registrants: files registered from here. Lock: isahp_roll_lock.
 * @untracked: one of them was closed without a word. Lock: isahp_roll_lock.
 * @node: among the untracked, while @untracked. Lock: isahp_roll_lock.
 * @pid: thread group that registered first.
 * @comm: its name at that moment.
 */
struct isahp_process {
	struct mmu_notifier notifier;
	struct list_head registrants;
	bool untracked;
	struct list_head node;
	struct pid *pid;
	char comm[TASK_COMM_LEN];
};

/**
 * isahp_process_get - the process of the calling thread
 *
 * Context: sleeps; takes mmap_lock.
 *
 * Return: a reference, to be given back by isahp_process_put(), or an ERR_PTR:
 * -ENOMEM, -EINVAL without an mm.
 */
struct isahp_process *isahp_process_get(void);

/**
 * isahp_process_get_of - the process of another task
 * @task: referenced.
 * @mm: its mm, with a reference to its users.
 *
 * Context and return: as isahp_process_get().
 */
struct isahp_process *isahp_process_get_of(struct task_struct *task,
					   struct mm_struct *mm);

/**
 * isahp_process_put - give back a reference
 * @process: may be gone afterwards.
 *
 * Context: any that may take a spinlock, release callbacks included.
 */
void isahp_process_put(struct isahp_process *process);

/**
 * isahp_process_synchronize - wait until all that were put are gone
 *
 * Context: sleeps; module unload, when nobody can get any more.
 */
void isahp_process_synchronize(void);

static inline bool isahp_process_is_current(const struct isahp_process *process)
{
	return process->notifier.mm == current->mm;
}

#endif /* ISAHP_KMOD_PROCESS_H */
