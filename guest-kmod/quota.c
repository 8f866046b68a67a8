// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "quota.h"

/*
 * A user namespace gives a user 65536 ids by convention. If all of them open
 * the device, a chain is 64 entries long.
 */
static DEFINE_HASHTABLE(table, 10);
static DEFINE_SPINLOCK(lock);

/* Under the lock. */
static struct isahp_quota *find(kuid_t user)
{
	struct isahp_quota *q;

	hash_for_each_possible(table, q, node, __kuid_val(user))
		if (uid_eq(q->user, user))
			return q;
	return NULL;
}

/* Under the lock. */
static struct isahp_quota *find_and_hold(kuid_t user)
{
	struct isahp_quota *q = find(user);

	if (q)
		q->files++;
	return q;
}

struct isahp_quota *isahp_quota_get(kuid_t user)
{
	struct isahp_quota *q, *fresh;

	spin_lock(&lock);
	q = find_and_hold(user);
	spin_unlock(&lock);
	if (q)
		return q;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return NULL;
	fresh->user = user;
	fresh->files = 1;
	spin_lock(&lock);
	q = find_and_hold(user);
	if (!q) {
		q = fresh;
		fresh = NULL;
		hash_add(table, &q->node, __kuid_val(user));
	}
	spin_unlock(&lock);
	kfree(fresh);
	return q;
}

void isahp_quota_put(struct isahp_quota *q)
{
	spin_lock(&lock);
	if (--q->files)
		q = NULL;
	else
		hash_del(&q->node);
	spin_unlock(&lock);
	kfree(q);
}
