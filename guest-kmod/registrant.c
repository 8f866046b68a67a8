// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <isa-core/features.h>
#include "guest.h"
#include "page.h"
#include "process.h"
#include "registrant.h"

static unsigned int registrations_max = 1024;
module_param(registrations_max, uint, 0644);
MODULE_PARM_DESC(registrations_max,
		 "registrations per user without CAP_SYS_RESOURCE (default 1024)");

static DEFINE_SPINLOCK(lock);
static LIST_HEAD(registrants);
static LIST_HEAD(untracked);

/* What is in force, and how many were asked to leave by it. Under the lock. */
static struct isahp_event published;
static struct isahp_features asked_for;
static u32 concerned;

struct isahp_registrant *isahp_registrant_new(void)
{
	struct isahp_registrant *r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);

	if (!r)
		return NULL;
	INIT_LIST_HEAD(&r->node);
	INIT_LIST_HEAD(&r->of_process);
	init_waitqueue_head(&r->wait);
	r->user = current_uid();
	return r;
}

static bool unsettled(const struct isahp_registrant *r)
{
	return r->answer == ISAHP_ANSWER_PENDING ||
	       r->answer == ISAHP_ANSWER_VETOED;
}

/* Under the lock. The reference to the process becomes the caller's. */
static void detach(struct isahp_registrant *r)
{
	if (unsettled(r))
		isahp_guest_kick();
	list_del_init(&r->node);
	list_del_init(&r->of_process);
	r->process = NULL;
	r->answer = ISAHP_ANSWER_NONE;
	r->unread = 0;
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

/* Under the lock. Whether one more registration of this user is too many. */
static bool over_quota(kuid_t user)
{
	const struct isahp_registrant *r;
	unsigned int used = 0;

	list_for_each_entry(r, &registrants, node)
		used += uid_eq(r->user, user);
	return used >= READ_ONCE(registrations_max);
}

/* Under the lock. Ask a registrant for its answer if the state concerns it. */
static void ask(struct isahp_registrant *r)
{
	if (!isahp_features_meet(&r->interest, &asked_for)) {
		r->answer = ISAHP_ANSWER_NONE;
		return;
	}
	if (r->answer == ISAHP_ANSWER_NONE)
		concerned++;
	r->answer = ISAHP_ANSWER_PENDING;
}

/*
 * Under the lock. A process that registers anew is told of everything again, so
 * it is not untracked any more.
 */
static bool track_again(struct isahp_process *p)
{
	bool was = p->untracked;

	p->untracked = false;
	list_del_init(&p->node);
	return was;
}

/* Under the lock. On success the reference to p is the registrant's. */
static int attach(struct isahp_registrant *r, struct isahp_process *p,
		  bool privileged)
{
	if (r->process)
		return -EBUSY;
	if (!privileged && over_quota(r->user))
		return -EMFILE;
	r->process = p;
	r->orphan = false;
	r->answer = ISAHP_ANSWER_NONE;
	list_add_tail(&r->node, &registrants);
	list_add_tail(&r->of_process, &p->registrants);
	return 0;
}

int isahp_registrant_register(struct isahp_registrant *r,
			      const struct isahp_features *interest)
{
	bool privileged = ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE);
	struct isahp_process *p = isahp_process_get();
	int puts = 0;
	int err = 0;

	if (IS_ERR(p))
		return PTR_ERR(p);
	spin_lock(&lock);
	if (r->process == p)
		puts = 1;
	else
		err = attach(r, p, privileged);
	if (err) {
		puts = 1;
	} else {
		puts += track_again(p);
		if (r->answer != ISAHP_ANSWER_NONE)
			isahp_guest_kick();
		r->interest = *interest;
		r->unread = 1;
		ask(r);
		wake_up(&r->wait);
	}
	spin_unlock(&lock);
	while (puts--)
		isahp_process_put(p);
	return err;
}

int isahp_registrant_unregister(struct isahp_registrant *r)
{
	struct isahp_process *p = NULL;
	int err;

	spin_lock(&lock);
	err = check_caller(r);
	if (!err) {
		p = r->process;
		detach(r);
		wake_up(&r->wait);
	}
	spin_unlock(&lock);
	if (p)
		isahp_process_put(p);
	return err;
}

void isahp_registrant_close(struct isahp_registrant *r)
{
	struct isahp_process *p;

	spin_lock(&lock);
	p = r->process;
	if (p) {
		detach(r);
		if (!p->untracked) {
			/* The registrant's reference becomes the untracked one's. */
			p->untracked = true;
			list_add_tail(&p->node, &untracked);
			p = NULL;
		}
	}
	spin_unlock(&lock);
	if (p)
		isahp_process_put(p);
	kfree(r);
}

void isahp_registrants_process_over(struct isahp_process *p)
{
	struct isahp_registrant *r, *next;
	int puts = 0;

	spin_lock(&lock);
	list_for_each_entry_safe(r, next, &p->registrants, of_process) {
		detach(r);
		r->orphan = true;
		wake_up(&r->wait);
		puts++;
	}
	puts += track_again(p);
	spin_unlock(&lock);
	while (puts--)
		isahp_process_put(p);
}

int isahp_registrant_ack(struct isahp_registrant *r, const struct isahp_ack *ack)
{
	int err;

	if (ack->verdict != ISAHP_ACK && ack->verdict != ISAHP_NAK)
		return -EINVAL;
	spin_lock(&lock);
	err = check_caller(r);
	if (!err && (ack->sequence != published.sequence ||
		     memcmp(ack->epoch, published.epoch, sizeof(ack->epoch))))
		err = -ESTALE;
	if (!err && r->answer != ISAHP_ANSWER_NONE) {
		r->answer = ack->verdict == ISAHP_ACK ? ISAHP_ANSWER_ACKED :
							ISAHP_ANSWER_VETOED;
		isahp_guest_kick();
	}
	spin_unlock(&lock);
	return err;
}

/* Under the lock. */
static int peek(const struct isahp_registrant *r)
{
	int err = check_caller(r);

	return err ? err : r->unread ? 0 : -EAGAIN;
}

int isahp_registrant_peek(struct isahp_registrant *r)
{
	int err;

	spin_lock(&lock);
	err = peek(r);
	spin_unlock(&lock);
	return err;
}

int isahp_registrant_take(struct isahp_registrant *r,
			  struct isahp_event *ret_event)
{
	int err;

	spin_lock(&lock);
	err = peek(r);
	if (!err) {
		*ret_event = published;
		ret_event->size = sizeof(*ret_event);
		ret_event->missed = r->unread - 1;
		r->unread = 0;
	}
	spin_unlock(&lock);
	return err;
}

void isahp_registrant_untake(struct isahp_registrant *r,
			     const struct isahp_event *event)
{
	spin_lock(&lock);
	if (r->process)
		r->unread += event->missed + 1;
	spin_unlock(&lock);
}

static struct isahp_features differing(const struct isahp_features *a,
				       const struct isahp_features *b)
{
	struct isahp_features more = isahp_features_andnot(a, b);
	struct isahp_features less = isahp_features_andnot(b, a);

	return isahp_features_or(&more, &less);
}

static struct isahp_features changed(const struct isahp_event *a,
				     const struct isahp_event *b)
{
	struct isahp_features present = differing(&a->present, &b->present);
	struct isahp_features leaving = differing(&a->leaving, &b->leaving);
	struct isahp_features usable = differing(&a->usable, &b->usable);

	present = isahp_features_or(&present, &leaving);
	return isahp_features_or(&present, &usable);
}

/* Under the lock. */
static void publish(struct isahp_event *state)
{
	state->event = published.event + 1;
	published = *state;
	isahp_page_write(state);
}

/* Under the lock, after publish(). An empty interest is told of everything. */
static void tell(const struct isahp_features *what)
{
	struct isahp_registrant *r;

	list_for_each_entry(r, &registrants, node) {
		if (!isahp_features_empty(&r->interest) &&
		    !isahp_features_meet(&r->interest, what))
			continue;
		if (r->unread != U32_MAX)
			r->unread++;
		wake_up(&r->wait);
	}
}

/*
 * What an event asks to be left: whatever exists and is or needs something that
 * leaves. A dependent that does not exist here is in nobody's use.
 */
static struct isahp_features lost(const struct isahp_event *state)
{
	struct isahp_features all = isahp_features_dependents(&state->leaving);

	return isahp_features_and(&all, &state->present);
}

/* Under the lock. Ask everybody anew; whom nothing leaves is asked nothing. */
static void ask_all(void)
{
	struct isahp_registrant *r;

	concerned = 0;
	list_for_each_entry(r, &registrants, node) {
		r->answer = ISAHP_ANSWER_NONE;
		ask(r);
	}
}

void isahp_registrants_publish(struct isahp_event *state)
{
	struct isahp_features what;

	spin_lock(&lock);
	what = changed(&published, state);
	asked_for = lost(state);
	/* Asked again, with another sequence, even if nothing changed. */
	what = isahp_features_or(&what, &asked_for);
	ask_all();
	publish(state);
	tell(&what);
	spin_unlock(&lock);
}

void isahp_registrants_amend(struct isahp_event *state,
			     const struct isahp_features *what)
{
	spin_lock(&lock);
	publish(state);
	tell(what);
	spin_unlock(&lock);
}

/* Under the lock. */
static void list_laggard(struct isahp_roll *roll, const struct isahp_registrant *r)
{
	struct isahp_laggard *l;

	if (roll->listed == ARRAY_SIZE(roll->laggard))
		return;
	l = &roll->laggard[roll->listed++];
	l->pid = pid_nr(r->process->pid);
	l->reason = r->answer == ISAHP_ANSWER_VETOED ? ISAHP_NAK_VETO :
						       ISAHP_NAK_DEADLINE;
	BUILD_BUG_ON(sizeof(l->comm) != sizeof(r->process->comm));
	memcpy(l->comm, r->process->comm, sizeof(l->comm));
}

/* Under the lock. */
static void count(struct isahp_roll *roll)
{
	const struct isahp_registrant *r;
	const struct isahp_process *p;

	memset(roll, 0, sizeof(*roll));
	roll->concerned = concerned;
	list_for_each_entry(r, &registrants, node) {
		roll->registrants++;
		roll->pending += r->answer == ISAHP_ANSWER_PENDING;
		roll->vetoes += r->answer == ISAHP_ANSWER_VETOED;
		if (unsettled(r))
			list_laggard(roll, r);
	}
	list_for_each_entry(p, &untracked, node)
		roll->untracked++;
}

void isahp_registrants_count(struct isahp_roll *ret_roll)
{
	spin_lock(&lock);
	count(ret_roll);
	spin_unlock(&lock);
}

bool isahp_registrants_quiesce(struct isahp_event *state,
			       struct isahp_roll *ret_roll)
{
	bool settled;

	spin_lock(&lock);
	count(ret_roll);
	settled = !ret_roll->pending && !ret_roll->vetoes;
	if (settled) {
		struct isahp_features nothing = isahp_features_none();

		/* The host will be told: later answers change nothing. */
		asked_for = nothing;
		ask_all();
		publish(state);
		tell(&nothing);
	}
	spin_unlock(&lock);
	return settled;
}

void isahp_registrants_state(struct isahp_event *ret_state)
{
	spin_lock(&lock);
	*ret_state = published;
	spin_unlock(&lock);
}

void isahp_registrants_exit(void)
{
	struct isahp_process *p;

	for (;;) {
		spin_lock(&lock);
		p = list_first_entry_or_null(&untracked, struct isahp_process, node);
		if (p)
			track_again(p);
		spin_unlock(&lock);
		if (!p)
			return;
		isahp_process_put(p);
	}
}
