// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include "participant.h"

/* The chain, @now, and calls: whoever registers sees every later event. */
static DEFINE_MUTEX(lock);
static RAW_NOTIFIER_HEAD(chain);
static struct isahp_change now;

int isahp_participants_tell(enum isahp_kernel_event event,
			    const struct isahp_event *state,
			    char ret_veto[ISAHP_COMM_SIZE])
{
	int err;

	mutex_lock(&lock);
	now = (struct isahp_change) {
		.present = state->present,
		.leaving = state->leaving,
		.usable = state->usable,
		.sequence = state->sequence,
		.vendor = state->vendor,
	};
	err = notifier_to_errno(raw_notifier_call_chain(&chain, event, &now));
	if (err && event != ISAHP_KERNEL_PREPARE) {
		pr_warn_ratelimited("kernel code objects (%d) to what has happened already\n",
				    err);
		err = 0;
	}
	if (err)
		strscpy(ret_veto, *now.vetoed_by ? now.vetoed_by : "kernel code",
			ISAHP_COMM_SIZE);
	mutex_unlock(&lock);
	return err;
}

int isahp_register_notifier(struct notifier_block *nb)
{
	int err;

	mutex_lock(&lock);
	err = raw_notifier_chain_register(&chain, nb);
	if (!err)
		nb->notifier_call(nb, ISAHP_KERNEL_ANNOUNCE, &now);
	mutex_unlock(&lock);
	return err;
}
EXPORT_SYMBOL_GPL(isahp_register_notifier);

int isahp_unregister_notifier(struct notifier_block *nb)
{
	int err;

	mutex_lock(&lock);
	err = raw_notifier_chain_unregister(&chain, nb);
	mutex_unlock(&lock);
	return err;
}
EXPORT_SYMBOL_GPL(isahp_unregister_notifier);
