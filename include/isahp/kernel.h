/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * For code of the guest's kernel that uses removable features itself: a driver
 * with an AVX2 routine between kernel_fpu_begin() and kernel_fpu_end(). The
 * module isahp.ko exports it; without __KERNEL__ there is nothing here.
 *
 * Who takes part is called
 *
 *	PREPARE   before the guest acknowledges: features in @leaving must not be
 *		  entered any more when the call returns. May veto.
 *	COMMIT    the change has happened, here or on another host.
 *	ABORT     it has not and will not: as before the PREPARE.
 *	ANNOUNCE  features came, or this is the first call, upon registration.
 *	MOVED     the guest found itself moved, and nobody had said so: what is
 *		  not in @usable is missing already.
 *
 * State is level-triggered here too: what counts is @usable, whatever the event
 * was. A veto makes the guest answer NAK with the name given; whether the host
 * takes no for an answer is the host's affair: a COMMIT may follow, or a MOVED,
 * and code that goes on using what is missing takes the kernel down with it.
 */
#ifndef ISAHP_KERNEL_H
#define ISAHP_KERNEL_H

#ifdef __KERNEL__

#include <linux/notifier.h>
#include <linux/string.h>
#include <isahp/abi.h>

/** enum isahp_kernel_event - the notifier's second argument */
enum isahp_kernel_event {
	ISAHP_KERNEL_ANNOUNCE = ISAHP_RECORD_ANNOUNCE,
	ISAHP_KERNEL_PREPARE = ISAHP_RECORD_PREPARE,
	ISAHP_KERNEL_COMMIT = ISAHP_RECORD_COMMIT,
	ISAHP_KERNEL_ABORT = ISAHP_RECORD_ABORT,
	ISAHP_KERNEL_MOVED = 16,
};

/**
 * struct isahp_change - the notifier's third argument
 * @present: features that exist.
 * @leaving: those of them that must be left.
 * @usable: what may be entered from now on: @present without @leaving and what
 *	depends on it. Feature n is bit n % 64 of word[n / 64], see
 *	isahp_change_usable().
 * @sequence: of the host's record; 0: there is none.
 * @vendor: enum isahp_vendor.
 * @vetoed_by: written by isahp_change_veto().
 */
struct isahp_change {
	struct isahp_features present;
	struct isahp_features leaving;
	struct isahp_features usable;
	__u64 sequence;
	__u32 vendor;
	char vetoed_by[ISAHP_COMM_SIZE];
};

/**
 * isahp_change_usable - may this feature be entered from now on?
 * @change: as given to the notifier.
 * @number: ISAHP_FEATURE_*.
 */
static inline bool isahp_change_usable(const struct isahp_change *change,
				       unsigned int number)
{
	return number < ISAHP_FEATURE_MAX &&
	       change->usable.word[number / 64] >> (number % 64) & 1;
}

/**
 * isahp_change_veto - refuse a PREPARE
 * @change: as given to the notifier.
 * @who: a name for the operator of the host, 15 characters.
 * @err: a negative errno.
 *
 * Return: for the notifier to return; nobody after it is called.
 */
static inline int isahp_change_veto(struct isahp_change *change,
				    const char *who, int err)
{
	strscpy(change->vetoed_by, who, sizeof(change->vetoed_by));
	return notifier_from_errno(err);
}

/**
 * isahp_register_notifier - take part
 * @nb: its priority decides the order, highest first. It is called once before
 *	this returns, with ISAHP_KERNEL_ANNOUNCE and the state in force, so that
 *	there is no gap.
 *
 * Notifiers run in process context, one at a time, and may sleep, but the
 * guest's deadline runs meanwhile, and nothing else of the protocol does. They
 * must not register or unregister.
 *
 * Context: process; sleeps.
 *
 * Return: 0 or -EEXIST.
 */
int isahp_register_notifier(struct notifier_block *nb);

/**
 * isahp_unregister_notifier - take part no more
 * @nb: not called any more upon return. Who calls this uses no removable
 *	feature from now on.
 *
 * Context: process; sleeps.
 *
 * Return: 0 or -ENOENT.
 */
int isahp_unregister_notifier(struct notifier_block *nb);

#endif /* __KERNEL__ */

#endif /* ISAHP_KERNEL_H */
