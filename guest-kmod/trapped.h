/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes that execute instructions of features that have gone: what each has
 * executed, how often, and what is to be done about it. It is how those are
 * noticed that never registered.
 */
#ifndef ISAHP_KMOD_TRAPPED_H
#define ISAHP_KMOD_TRAPPED_H

#include <linux/sched.h>
#include <linux/types.h>

struct mm_struct;

/**
 * struct isahp_trapped_view - what is known of the current process
 * @policy: its own, or ISAHP_UNDEFINED_DEFAULT.
 * @news: it was not known to execute this.
 * @warning: the log was silent about it for long enough.
 */
struct isahp_trapped_view {
	unsigned int policy;
	bool news;
	bool warning;
};

/** isahp_trapped_policy - the current process's own; #UD, under RCU */
unsigned int isahp_trapped_policy(void);

/**
 * isahp_trapped_count - the current process has executed one
 * @feature: enum isahp_feature of the instruction.
 * @instructions: that were carried out, it and those behind it.
 * @ns: how long that took.
 *
 * Context: #UD, under RCU.
 *
 * Return: what is known of it.
 */
struct isahp_trapped_view isahp_trapped_count(unsigned int feature,
					      unsigned long instructions, u64 ns);

/**
 * isahp_trapped_note - remember the current process, and tell whom it concerns
 * @feature: enum isahp_feature of the instruction.
 * @policy: what was done.
 * @instructions: as for isahp_trapped_count(), which may have found nothing to
 *	count in, and
 * @ns: this too.
 *
 * Its registrants get an event, the log a line and, unless they had asked for
 * that feature, the host a report: once for each process and feature.
 *
 * Context: sleeps; on the way to user mode.
 */
void isahp_trapped_note(unsigned int feature, unsigned int policy,
			unsigned long instructions, u64 ns);

/**
 * isahp_trapped_set_policy - give a process a policy of its own
 * @task: referenced.
 * @mm: its mm, with a reference to its users.
 * @policy: enum isahp_undefined_policy.
 *
 * Context: sleeps.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int isahp_trapped_set_policy(struct task_struct *task, struct mm_struct *mm,
			     unsigned int policy);

/** isahp_trapped_set_policy_of - the same by "PID POLICY"; also -ESRCH */
int isahp_trapped_set_policy_of(char *line);

/**
 * isahp_trapped_list - "PID FEATURE TRAPS INSTRUCTIONS NS POLICY NAME" a line
 * @buf: a page; what does not fit is counted in the last line.
 *
 * Return: bytes written.
 */
ssize_t isahp_trapped_list(char *buf);

/** isahp_trapped_list_features - "FEATURE TRAPS INSTRUCTIONS NS" a line, ended ones included */
ssize_t isahp_trapped_list_features(char *buf);

/**
 * struct isahp_trapped_report - what the host is to be told
 * @pid: of the thread group.
 * @comm: its name.
 * @feature: enum isahp_feature.
 */
struct isahp_trapped_report {
	u32 pid;
	char comm[TASK_COMM_LEN];
	u8 feature;
};

/**
 * isahp_trapped_peek_report - the next one, oldest first
 * @ret: receives it. It stays until isahp_trapped_drop_report().
 *
 * Context: the guest's thread, which alone takes them.
 *
 * Return: false: there is none.
 */
bool isahp_trapped_peek_report(struct isahp_trapped_report *ret);

/** isahp_trapped_drop_report - the one that was peeked at has been told */
void isahp_trapped_drop_report(void);

/**
 * isahp_trapped_process_over - an mm has ended
 * @mm: whatever is known of it is forgotten.
 *
 * Context: MMU notifier's release.
 */
void isahp_trapped_process_over(struct mm_struct *mm);

/** isahp_trapped_exit - forget all; no #UD is looked at any more */
void isahp_trapped_exit(void);

#endif /* ISAHP_KMOD_TRAPPED_H */
