/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much of the device each user has taken: one entry per user who has a file
 * open, found by hashing. So the price of a registration does not grow with
 * their number.
 */
#ifndef ISAHP_KMOD_QUOTA_H
#define ISAHP_KMOD_QUOTA_H

#include <linux/list.h>
#include <linux/uidgid.h>

/**
 * struct isahp_quota - one user
 * @node: in the table. Lock: quota.c's.
 * @user: in the initial user namespace.
 * @files: open ones that refer to this. Lock: quota.c's.
 * @used: registrations. Lock: isahp_roll_lock.
 */
struct isahp_quota {
	struct hlist_node node;
	kuid_t user;
	unsigned int files;
	unsigned int used;
};

/**
 * isahp_quota_get - the entry of a user
 * @user: who opens a file.
 *
 * Context: sleeps.
 *
 * Return: a reference, to be given back by isahp_quota_put(), or NULL: no
 * memory.
 */
struct isahp_quota *isahp_quota_get(kuid_t user);

/**
 * isahp_quota_put - give back a reference
 * @quota: gone with its last file.
 *
 * Context: any that may take a spinlock; not from interrupts.
 */
void isahp_quota_put(struct isahp_quota *quota);

#endif /* ISAHP_KMOD_QUOTA_H */
