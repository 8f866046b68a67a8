// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <isa-core/features.h>
#include "process.h"
#include "quota.h"
#include "registrant.h"
#include "roll.h"

static unsigned int registrations_max = 1024;
module_param(registrations_max, uint, 0644);
MODULE_PARM_DESC(registrations_max,
		 "registrations per user without CAP_SYS_RESOURCE (default 1024)");

struct isahp_registrant *isahp_registrant_new(void)
{
	struct isahp_registrant *r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);

	if (!r)
		return NULL;
	r->quota = isahp_quota_get(current_uid());
	if (!r->quota) {
		kfree(r);
		return NULL;
	}
	kref_init(&r->refs);
	INIT_LIST_HEAD(&r->node);
	INIT_LIST_HEAD(&r->of_process);
	init_waitqueue_head(&r->wait);
	return r;
}

static void registrant_free(struct kref *refs)
{
	kfree(container_of(refs, struct isahp_registrant, refs));
}

void isahp_registrant_put(struct isahp_registrant *r)
{
	kref_put(&r->refs, registrant_free);
}

/*
 * Under the lock, of one that is not behind. The reference to the process
 * becomes the caller's.
 */
static void detach(struct isahp_registrant *r)
{
	isahp_roll_remove(r);
	r->quota->used--;
	list_del_init(&r->of_process);
	r->process = NULL;
	r->unread = 0;
	r->undefined = false;
}

/* Under the lock. */
static int check_caller(const struct isahp_registrant *r)
{
	if (r->orphan)
		return -ESTALE;
	if (!r->process)
		return -ENOTCONN;
	return isahp_process_is_current(r->process) ? 0 : -ESTALE;
}

/* Under the lock. On success the reference to p is the registrant's. */
static int attach(struct isahp_registrant *r, struct isahp_process *p,
		  bool privileged)
{
	if (r->process)
		return -EBUSY;
	if (!privileged && r->quota->used >= READ_ONCE(registrations_max))
		return -EMFILE;
	r->quota->used++;
	r->process = p;
	r->orphan = false;
	isahp_roll_add(r);
	list_add_tail(&r->of_process, &p->registrants);
	return 0;
}

int isahp_registrant_register(struct isahp_registrant *r,
			      const struct isahp_features *interest)
{
	bool privileged = ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE);
	struct isahp_process *p = isahp_process_get();
	bool wake;
	int puts = 0;
	int err = 0;

	if (IS_ERR(p))
		return PTR_ERR(p);
	spin_lock(&isahp_roll_lock);
	wake = isahp_roll_catch_up(r);
	if (r->process == p)
		puts = 1;
	else
		err = attach(r, p, privileged);
	if (err) {
		puts = 1;
	} else {
		puts += isahp_roll_track_again(p);
		r->interest = *interest;
		r->unread = 1;
		isahp_roll_ask(r);
		wake = true;
	}
	isahp_roll_unlock_and_wake(r, wake);
	while (puts--)
		isahp_process_put(p);
	return err;
}

int isahp_registrant_unregister(struct isahp_registrant *r)
{
	struct isahp_process *p = NULL;
	bool wake;
	int err;

	spin_lock(&isahp_roll_lock);
	wake = isahp_roll_catch_up(r);
	err = check_caller(r);
	if (!err) {
		p = r->process;
		detach(r);
		wake = true;
	}
	isahp_roll_unlock_and_wake(r, wake);
	if (p)
		isahp_process_put(p);
	return err;
}

void isahp_registrant_close(struct isahp_registrant *r)
{
	struct isahp_process *p;

	spin_lock(&isahp_roll_lock);
	isahp_roll_catch_up(r);
	p = r->process;
	if (p) {
		detach(r);
		if (!p->untracked) {
			/* The registrant's reference becomes the untracked one's. */
			isahp_roll_untrack(p);
			p = NULL;
		}
	}
	spin_unlock(&isahp_roll_lock);
	if (p)
		isahp_process_put(p);
	isahp_quota_put(r->quota);
	isahp_registrant_put(r);
}

void isahp_registrants_process_over(struct isahp_process *p)
{
	struct isahp_registrant *r;
	unsigned long puts = 0;

	spin_lock(&isahp_roll_lock);
	/* Nobody registers in an mm that is over, so this ends. */
	while (!list_empty(&p->registrants)) {
		r = list_first_entry(&p->registrants, struct isahp_registrant,
				     of_process);
		isahp_roll_catch_up(r);
		detach(r);
		r->orphan = true;
		puts++;
		isahp_roll_unlock_and_wake(r, true);
		spin_lock(&isahp_roll_lock);
	}
	/* Last: others may have closed what it had passed on to them. */
	puts += isahp_roll_track_again(p);
	spin_unlock(&isahp_roll_lock);
	while (puts--)
		isahp_process_put(p);
}

int isahp_registrant_ack(struct isahp_registrant *r, const struct isahp_ack *ack)
{
	const struct isahp_event *now;
	bool wake;
	int err;

	if (ack->verdict != ISAHP_ACK && ack->verdict != ISAHP_NAK)
		return -EINVAL;
	spin_lock(&isahp_roll_lock);
	wake = isahp_roll_catch_up(r);
	err = check_caller(r);
	now = isahp_roll_published();
	if (!err && (ack->sequence != now->sequence ||
		     memcmp(ack->epoch, now->epoch, sizeof(ack->epoch))))
		err = -ESTALE;
	if (!err)
		isahp_roll_answer(r, ack->verdict == ISAHP_ACK ?
					     ISAHP_ANSWER_ACKED :
					     ISAHP_ANSWER_VETOED);
	isahp_roll_unlock_and_wake(r, wake);
	return err;
}

/* Under the lock, of one that is not behind. */
static int peek(const struct isahp_registrant *r)
{
	int err = check_caller(r);

	return err ? err : r->unread ? 0 : -EAGAIN;
}

int isahp_registrant_peek(struct isahp_registrant *r)
{
	bool wake;
	int err;

	spin_lock(&isahp_roll_lock);
	wake = isahp_roll_catch_up(r);
	err = peek(r);
	isahp_roll_unlock_and_wake(r, wake);
	return err;
}

int isahp_registrant_take(struct isahp_registrant *r,
			  struct isahp_event *ret_event)
{
	bool wake;
	int err;

	spin_lock(&isahp_roll_lock);
	wake = isahp_roll_catch_up(r);
	err = peek(r);
	if (!err) {
		*ret_event = *isahp_roll_published();
		ret_event->size = sizeof(*ret_event);
		ret_event->missed = r->unread - 1;
		if (r->undefined)
			ret_event->flags |= ISAHP_STATE_F_UNDEFINED;
		r->unread = 0;
		r->undefined = false;
	}
	isahp_roll_unlock_and_wake(r, wake);
	return err;
}

void isahp_registrant_untake(struct isahp_registrant *r,
			     const struct isahp_event *event)
{
	u32 unread = event->missed + 1;

	spin_lock(&isahp_roll_lock);
	if (r->process) {
		if (unread <= U32_MAX - r->unread)
			r->unread += unread;
		r->undefined |= !!(event->flags & ISAHP_STATE_F_UNDEFINED);
	}
	spin_unlock(&isahp_roll_lock);
}

bool isahp_registrants_undefined(struct isahp_process *p, unsigned int feature)
{
	struct isahp_registrant *r;
	unsigned int left = 0;
	bool told = false;

	spin_lock(&isahp_roll_lock);
	list_for_each_entry(r, &p->registrants, of_process)
		left++;
	/* Whoever comes or goes meanwhile costs a wake-up more or less. */
	while (left-- && !list_empty(&p->registrants)) {
		r = list_first_entry(&p->registrants, struct isahp_registrant,
				     of_process);
		list_move_tail(&r->of_process, &p->registrants);
		isahp_roll_catch_up(r);
		told |= isahp_features_empty(&r->interest) ||
			isahp_features_has(&r->interest, feature);
		r->undefined = true;
		if (r->unread != U32_MAX)
			r->unread++;
		isahp_roll_unlock_and_wake(r, true);
		spin_lock(&isahp_roll_lock);
	}
	spin_unlock(&isahp_roll_lock);
	return told;
}
