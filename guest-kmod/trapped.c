// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/pid.h>
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <isa-core/features.h>
#include "attachment.h"
#include "figures.h"
#include "policy.h"
#include "process.h"
#include "registrant.h"
#include "trapped.h"

#define WARN_AGAIN (10 * HZ)
#define REPORTS 16u	/* a power of two */

/* What traps of a feature have come to. */
struct counts {
	atomic_long_t traps;
	atomic_long_t instructions;
	atomic_long_t ns;
};

/*
 * One process. Found under RCU, from #UD; added and removed under the lock.
 * Between the two it is valid for whoever keeps the mm from ending.
 */
struct trapped {
	struct hlist_node node;
	struct rcu_head rcu;
	struct mm_struct *mm;
	struct isahp_process *process;
	struct isahp_features seen;	/* under the lock; read word by word */
	unsigned int policy;
	unsigned long warned;		/* jiffies */
	struct counts of[ISAHP_FEATURE_COUNT];
};

static DEFINE_SPINLOCK(lock);
static DEFINE_HASHTABLE(table, 8);
static bool any;	/* there is, or was, one in the table */

static struct counts all[ISAHP_FEATURE_COUNT];

/* To the host, by way of the guest's thread. Under the lock. */
static struct isahp_trapped_report reports[REPORTS];
static unsigned int reports_in, reports_out;
static DEFINE_RATELIMIT_STATE(reports_limit, 5 * HZ, REPORTS);

/* Under RCU or the lock. */
static struct trapped *find(const struct mm_struct *mm)
{
	struct trapped *t;

	hash_for_each_possible_rcu(table, t, node, (unsigned long)mm,
				   lockdep_is_held(&lock))
		if (t->mm == mm)
			return t;
	return NULL;
}

/* --- in #UD -------------------------------------------------------------- */

unsigned int isahp_trapped_policy(void)
{
	unsigned int policy = ISAHP_UNDEFINED_DEFAULT;
	const struct trapped *t;

	if (!READ_ONCE(any))
		return policy;
	rcu_read_lock();
	t = find(current->mm);
	if (t)
		policy = READ_ONCE(t->policy);
	rcu_read_unlock();
	return policy;
}

static bool has_seen(const struct trapped *t, unsigned int feature)
{
	return READ_ONCE(t->seen.word[feature / 64]) >> (feature % 64) & 1;
}

static void count(struct counts *c, unsigned long instructions, u64 ns)
{
	atomic_long_inc(&c->traps);
	atomic_long_add(instructions, &c->instructions);
	atomic_long_add(ns, &c->ns);
}

struct isahp_trapped_view isahp_trapped_count(unsigned int feature,
					      unsigned long instructions, u64 ns)
{
	struct isahp_trapped_view view = { .news = true };
	struct trapped *t;

	count(&all[feature], instructions, ns);
	rcu_read_lock();
	t = find(current->mm);
	if (t) {
		view.policy = READ_ONCE(t->policy);
		view.news = !has_seen(t, feature);
		view.warning = time_after(jiffies, READ_ONCE(t->warned) + WARN_AGAIN);
		count(&t->of[feature], instructions, ns);
	}
	rcu_read_unlock();
	return view;
}

/* --- records ------------------------------------------------------------- */

/* The record of a process, made if there is none. */
static struct trapped *get(struct task_struct *task, struct mm_struct *mm)
{
	struct isahp_process *p;
	struct trapped *t, *new;

	rcu_read_lock();
	t = find(mm);
	rcu_read_unlock();
	if (t)
		return t;
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return ERR_PTR(-ENOMEM);
	p = isahp_process_get_of(task, mm);
	if (IS_ERR(p)) {
		kfree(new);
		return ERR_CAST(p);
	}
	spin_lock(&lock);
	t = find(mm);
	if (!t) {
		t = new;
		t->mm = mm;
		t->process = p;
		t->warned = jiffies;
		hash_add_rcu(table, &t->node, (unsigned long)mm);
		WRITE_ONCE(any, true);
	}
	spin_unlock(&lock);
	if (t != new) {
		isahp_process_put(p);
		kfree(new);
	}
	return t;
}

void isahp_trapped_process_over(struct mm_struct *mm)
{
	struct trapped *t;

	if (!READ_ONCE(any))
		return;
	spin_lock(&lock);
	t = find(mm);
	if (t)
		hash_del_rcu(&t->node);
	spin_unlock(&lock);
	if (!t)
		return;
	isahp_process_put(t->process);
	kfree_rcu(t, rcu);
}

void isahp_trapped_exit(void)
{
	struct isahp_process *p;
	struct hlist_node *next;
	struct trapped *t;
	int bucket;

	/* An mm that ends meanwhile takes its record out by itself. */
again:
	spin_lock(&lock);
	hash_for_each_safe(table, bucket, next, t, node) {
		hash_del_rcu(&t->node);
		p = t->process;
		spin_unlock(&lock);
		kfree_rcu(t, rcu);
		isahp_process_put(p);
		goto again;
	}
	spin_unlock(&lock);
}

/* --- news ---------------------------------------------------------------- */

/* Whether this was the first time. */
static bool mark(struct trapped *t, unsigned int feature)
{
	bool first, process;

	spin_lock(&lock);
	process = isahp_features_empty(&t->seen);
	first = !isahp_features_has(&t->seen, feature);
	if (first)
		WRITE_ONCE(t->seen.word[feature / 64],
			   t->seen.word[feature / 64] | 1ULL << (feature % 64));
	spin_unlock(&lock);
	if (process)
		isahp_figure_count(ISAHP_FIGURE_undefined_processes);
	return first;
}

static void tell_host(const struct trapped *t, unsigned int feature)
{
	struct isahp_trapped_report report = {
		.pid = pid_nr(t->process->pid),
		.feature = feature,
	};
	bool room;

	if (!__ratelimit(&reports_limit))
		return;
	memcpy(report.comm, t->process->comm, sizeof(report.comm));
	spin_lock(&lock);
	room = reports_in - reports_out < REPORTS;
	if (room)
		reports[reports_in++ % REPORTS] = report;
	spin_unlock(&lock);
	if (room)
		isahp_attachment_kick();
}

bool isahp_trapped_peek_report(struct isahp_trapped_report *ret)
{
	bool have;

	spin_lock(&lock);
	have = reports_in != reports_out;
	if (have)
		*ret = reports[reports_out % REPORTS];
	spin_unlock(&lock);
	return have;
}

void isahp_trapped_drop_report(void)
{
	spin_lock(&lock);
	reports_out++;
	spin_unlock(&lock);
}

static void say(struct trapped *t, unsigned int feature, unsigned int policy)
{
	const struct isahp_process *p = t->process;
	const char *flag = isahp_feature_info(feature)->flag;

	WRITE_ONCE(t->warned, jiffies);
	if (policy == ISAHP_UNDEFINED_WARN)
		pr_warn_ratelimited("process %d (%*pEp) executes %s, which has gone: %ld so far\n",
				    pid_nr(p->pid), (int)strnlen(p->comm, sizeof(p->comm)),
				    p->comm, flag,
				    atomic_long_read(&t->of[feature].traps));
	else
		pr_info_ratelimited("process %d (%*pEp) executed %s, which has gone: %s\n",
				    pid_nr(p->pid), (int)strnlen(p->comm, sizeof(p->comm)),
				    p->comm, flag, isahp_policy_name(policy));
}

void isahp_trapped_note(unsigned int feature, unsigned int policy,
			unsigned long instructions, u64 ns)
{
	struct trapped *t = get(current, current->mm);
	bool first;

	/* Of no other consequence than that the next one tries again. */
	if (IS_ERR(t))
		return;
	first = mark(t, feature);
	if (first) {
		/* The one that brought it here found no record to count in. */
		if (!atomic_long_read(&t->of[feature].traps))
			count(&t->of[feature], instructions, ns);
		if (!isahp_registrants_undefined(t->process, feature))
			tell_host(t, feature);
	}
	if (first || policy == ISAHP_UNDEFINED_WARN)
		say(t, feature, policy);
}

/* --- policies ------------------------------------------------------------ */

int isahp_trapped_set_policy(struct task_struct *task, struct mm_struct *mm,
			     unsigned int policy)
{
	struct trapped *t;

	if (policy > ISAHP_UNDEFINED_SIGNAL)
		return -EINVAL;
	t = get(task, mm);
	if (IS_ERR(t))
		return PTR_ERR(t);
	WRITE_ONCE(t->policy, policy);
	return 0;
}

int isahp_trapped_set_policy_of(char *line)
{
	char *name = strim(line), *number = strsep(&name, " ");
	struct task_struct *task;
	struct mm_struct *mm;
	int policy, pid, err;

	if (!name || kstrtoint(number, 10, &pid))
		return -EINVAL;
	policy = isahp_policy_parse(strim(name));
	if (policy < 0)
		return policy;
	rcu_read_lock();
	task = pid_task(find_vpid(pid), PIDTYPE_PID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (!task)
		return -ESRCH;
	mm = get_task_mm(task);
	err = mm ? isahp_trapped_set_policy(task, mm, policy) : -ESRCH;
	if (mm)
		mmput(mm);
	put_task_struct(task);
	return err;
}

/* --- lists --------------------------------------------------------------- */

/* The longest line, and the one on what did not fit. */
#define LIST_LINE 192

static ssize_t list_one(char *buf, ssize_t len, const struct trapped *t,
			unsigned int feature)
{
	const struct isahp_process *p = t->process;

	return sysfs_emit_at(buf, len, "%d %s %ld %ld %ld %s %*pEp\n",
			     pid_nr(p->pid), isahp_feature_info(feature)->flag,
			     atomic_long_read(&t->of[feature].traps),
			     atomic_long_read(&t->of[feature].instructions),
			     atomic_long_read(&t->of[feature].ns),
			     isahp_policy_name(READ_ONCE(t->policy)),
			     (int)strnlen(p->comm, sizeof(p->comm)), p->comm);
}

ssize_t isahp_trapped_list(char *buf)
{
	unsigned int feature, more = 0;
	const struct trapped *t;
	ssize_t len = 0;
	int bucket;

	spin_lock(&lock);
	hash_for_each(table, bucket, t, node)
		for (feature = 0; feature < ISAHP_FEATURE_COUNT; feature++) {
			if (!isahp_features_has(&t->seen, feature))
				continue;
			if (len > (ssize_t)PAGE_SIZE - 2 * LIST_LINE)
				more++;
			else
				len += list_one(buf, len, t, feature);
		}
	spin_unlock(&lock);
	if (more)
		len += sysfs_emit_at(buf, len, "and %u more\n", more);
	return len;
}

ssize_t isahp_trapped_list_features(char *buf)
{
	unsigned int feature;
	ssize_t len = 0;

	for (feature = 0; feature < ISAHP_FEATURE_COUNT; feature++) {
		long traps = atomic_long_read(&all[feature].traps);

		if (traps)
			len += sysfs_emit_at(buf, len, "%s %ld %ld %ld\n",
					     isahp_feature_info(feature)->flag,
					     traps,
					     atomic_long_read(&all[feature].instructions),
					     atomic_long_read(&all[feature].ns));
	}
	return len;
}
