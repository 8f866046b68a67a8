// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <isahp/abi.h>
#include "attachment.h"
#include "guest.h"
#include "host.h"
#include "moved.h"

/* The thread's alone, but for the channel's wait queue and bits: anybody rings. */
static struct isahp_host host;

/* Beginning, ending, and looking for a move; without a thread its part in that. */
static DEFINE_MUTEX(attach_lock);
static struct task_struct *thread;	/* under the lock; NULL: no device */

static bool rung_for(int bit)
{
	return test_bit(bit, &host.channel.rung);
}

static bool something_to_do(void)
{
	return kthread_should_stop() || rung_for(ISAHP_VECTOR_RECORD) ||
	       rung_for(ISAHP_CHANNEL_KICK) || rung_for(ISAHP_CHANNEL_MOVED);
}

static void look(void)
{
	bool rung = test_and_clear_bit(ISAHP_VECTOR_RECORD, &host.channel.rung);

	clear_bit(ISAHP_CHANNEL_MOVED, &host.channel.rung);
	clear_bit(ISAHP_CHANNEL_KICK, &host.channel.rung);
	isahp_guest_look(rung);
}

static u64 pause_jiffies(void)
{
	return nsecs_to_jiffies(isahp_guest_look_again_ns()) + 1;
}

static int look_until_stopped(void *unused)
{
	/* Nothing is said through a device that the kernel has put to sleep. */
	set_freezable();
	while (!kthread_should_stop()) {
		look();
		wait_event_freezable_timeout(host.channel.wait, something_to_do(),
					     pause_jiffies());
	}
	isahp_guest_leave();
	return 0;
}

void isahp_attachment_init(void)
{
	isahp_host_init(&host);
	isahp_guest_init(&host);
}

int isahp_attachment_begin(struct isahp_transport *transport)
{
	struct task_struct *started;
	u16 min, max;
	int err = 0;

	mutex_lock(&attach_lock);
	if (thread) {
		err = -EBUSY;
		goto out;
	}
	isahp_host_reset(&host, transport);
	/* Shared memory that somebody uses for something else. */
	if (isahp_channel_present(&host.channel, &min, &max) == -ENXIO) {
		err = -ENODEV;
		goto err_transport;
	}
	started = kthread_run(look_until_stopped, NULL, "isahp");
	if (IS_ERR(started)) {
		err = PTR_ERR(started);
		goto err_transport;
	}
	thread = started;
	goto out;

err_transport:
	host.channel.transport = NULL;
out:
	mutex_unlock(&attach_lock);
	return err;
}

void isahp_attachment_end(struct isahp_transport *transport)
{
	mutex_lock(&attach_lock);
	kthread_stop(thread);
	thread = NULL;
	host.channel.transport = NULL;
	mutex_unlock(&attach_lock);
}

void isahp_attachment_rung(int vector)
{
	isahp_channel_rung(&host.channel, vector);
}

void isahp_attachment_kick(void)
{
	isahp_channel_rung(&host.channel, ISAHP_CHANNEL_KICK);
}

void isahp_attachment_moved(void)
{
	mutex_lock(&attach_lock);
	if (isahp_moved_look() && thread)
		isahp_channel_rung(&host.channel, ISAHP_CHANNEL_MOVED);
	if (!thread)
		isahp_guest_look_alone();
	mutex_unlock(&attach_lock);
}

const char *isahp_attachment_transport(void)
{
	const struct isahp_transport *transport;
	const char *name;

	mutex_lock(&attach_lock);
	transport = host.channel.transport;
	name = transport ? transport->ops->name : "none";
	mutex_unlock(&attach_lock);
	return name;
}
