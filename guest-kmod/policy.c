// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "policy.h"

static const char *const names[] = {
	[ISAHP_UNDEFINED_DEFAULT] = "default",
	[ISAHP_UNDEFINED_EMULATE] = "emulate",
	[ISAHP_UNDEFINED_WARN] = "warn",
	[ISAHP_UNDEFINED_SIGNAL] = "signal",
};

int isahp_policy_parse(const char *name)
{
	int policy = sysfs_match_string(names, name);

	return policy < 0 ? -EINVAL : policy;
}

const char *isahp_policy_name(unsigned int policy)
{
	return policy < ARRAY_SIZE(names) ? names[policy] : "unknown";
}

/* --- the guest ----------------------------------------------------------- */

static unsigned int undefined = ISAHP_UNDEFINED_EMULATE;

static int undefined_set(const char *value, const struct kernel_param *param)
{
	int policy = isahp_policy_parse(value);

	if (policy <= ISAHP_UNDEFINED_DEFAULT)
		return -EINVAL;
	WRITE_ONCE(undefined, policy);
	return 0;
}

static int undefined_get(char *buf, const struct kernel_param *param)
{
	return sysfs_emit(buf, "%s\n", isahp_policy_name(READ_ONCE(undefined)));
}

static const struct kernel_param_ops undefined_ops = {
	.set = undefined_set,
	.get = undefined_get,
};
module_param_cb(undefined, &undefined_ops, NULL, 0644);
MODULE_PARM_DESC(undefined,
		 "instructions of features that have gone: emulate, warn or signal (default emulate)");

/* --- cgroups ------------------------------------------------------------- */

#ifdef CONFIG_CGROUPS

/*
 * Readers are in #UD, under RCU; a table is replaced as a whole. Writers hold
 * the mutex.
 */
struct table {
	struct rcu_head rcu;
	unsigned int count;
	struct {
		struct cgroup *cgroup;
		u8 policy;
	} entry[ISAHP_POLICY_CGROUPS];
};

static DEFINE_MUTEX(cgroups_lock);
static struct table __rcu *cgroups;

/* The nearest one that has a policy; levels count from the root. */
static unsigned int of_cgroup(void)
{
	const struct table *t;
	struct cgroup *mine;
	unsigned int i, policy = ISAHP_UNDEFINED_DEFAULT;
	int level = -1;

	rcu_read_lock();
	t = rcu_dereference(cgroups);
	mine = t ? task_dfl_cgroup(current) : NULL;
	for (i = 0; t && i < t->count; i++) {
		struct cgroup *cgroup = t->entry[i].cgroup;

		if (cgroup->level <= level ||
		    !cgroup_is_descendant(mine, cgroup))
			continue;
		level = cgroup->level;
		policy = t->entry[i].policy;
	}
	rcu_read_unlock();
	return policy;
}

static void put_cgroups(const struct table *t)
{
	unsigned int i;

	for (i = 0; t && i < t->count; i++)
		cgroup_put(t->entry[i].cgroup);
}

/* Under the mutex. Cgroups that were removed meanwhile are left behind. */
static void copy_living(struct table *to, const struct table *from,
			const struct cgroup *without)
{
	unsigned int i;

	for (i = 0; from && i < from->count; i++) {
		struct cgroup *cgroup = from->entry[i].cgroup;

		if (cgroup == without || !(cgroup->self.flags & CSS_ONLINE))
			continue;
		cgroup_get(cgroup);
		to->entry[to->count++] = from->entry[i];
	}
}

/* Under the mutex. The reference to the cgroup becomes the table's. */
static int replace(struct cgroup *cgroup, unsigned int policy)
{
	struct table *old = rcu_dereference_protected(cgroups,
				lockdep_is_held(&cgroups_lock));
	struct table *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	copy_living(t, old, cgroup);
	if (policy != ISAHP_UNDEFINED_DEFAULT) {
		if (t->count == ARRAY_SIZE(t->entry)) {
			put_cgroups(t);
			kfree(t);
			return -ENOSPC;
		}
		cgroup_get(cgroup);
		t->entry[t->count].cgroup = cgroup;
		t->entry[t->count++].policy = policy;
	}
	rcu_assign_pointer(cgroups, t);
	synchronize_rcu();
	put_cgroups(old);
	kfree(old);
	return 0;
}

int isahp_policy_set_cgroup(char *line)
{
	char *name = strrchr(strim(line), ' ');
	struct cgroup *cgroup;
	int policy, err;

	if (!name)
		return -EINVAL;
	*name++ = '\0';
	policy = isahp_policy_parse(name);
	if (policy < 0)
		return policy;
	cgroup = cgroup_get_from_path(strim(line));
	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup);
	mutex_lock(&cgroups_lock);
	err = replace(cgroup, policy);
	mutex_unlock(&cgroups_lock);
	cgroup_put(cgroup);
	return err;
}

ssize_t isahp_policy_list_cgroups(char *buf)
{
	const struct table *t;
	char *path = kmalloc(PATH_MAX, GFP_KERNEL);
	ssize_t len = 0;
	unsigned int i;

	if (!path)
		return -ENOMEM;
	mutex_lock(&cgroups_lock);
	t = rcu_dereference_protected(cgroups, lockdep_is_held(&cgroups_lock));
	for (i = 0; t && i < t->count; i++) {
		if (cgroup_path(t->entry[i].cgroup, path, PATH_MAX) < 0)
			continue;
		len += sysfs_emit_at(buf, len, "%s %s\n", path,
				     isahp_policy_name(t->entry[i].policy));
	}
	mutex_unlock(&cgroups_lock);
	kfree(path);
	return len;
}

void isahp_policy_exit(void)
{
	struct table *t = rcu_dereference_protected(cgroups, true);

	RCU_INIT_POINTER(cgroups, NULL);
	put_cgroups(t);
	kfree(t);
}

#else

static unsigned int of_cgroup(void)
{
	return ISAHP_UNDEFINED_DEFAULT;
}

int isahp_policy_set_cgroup(char *line)
{
	return -EOPNOTSUPP;
}

ssize_t isahp_policy_list_cgroups(char *buf)
{
	return 0;
}

void isahp_policy_exit(void)
{
}

#endif /* CONFIG_CGROUPS */

unsigned int isahp_policy_current(unsigned int own)
{
	unsigned int policy = own;

	if (policy == ISAHP_UNDEFINED_DEFAULT)
		policy = of_cgroup();
	if (policy == ISAHP_UNDEFINED_DEFAULT)
		policy = READ_ONCE(undefined);
	return policy;
}
