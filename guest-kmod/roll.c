// SPDX-License-Identifier: GPL-2.0-only
#include <linux/list.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <isa-core/features.h>
#include "attachment.h"
#include "figures.h"
#include "page.h"
#include "process.h"
#include "roll.h"

/*
 * How many registrants are brought up to date in one go. Whoever else wants the
 * lock waits for no more, whatever their number.
 */
#define ROUND_STEP 64

/* Of how many that lag a reader in a container looks for its own. */
#define LAGGARDS_SEARCHED 256

DEFINE_SPINLOCK(isahp_roll_lock);

/*
 * Registrants by enum isahp_answer, and how many: of those that are @behind the
 * published state, the lists know nothing, and the numbers only if the state
 * did not ask anew.
 */
static struct list_head standing[ISAHP_ANSWERS] = {
	LIST_HEAD_INIT(standing[ISAHP_ANSWER_NONE]),
	LIST_HEAD_INIT(standing[ISAHP_ANSWER_PENDING]),
	LIST_HEAD_INIT(standing[ISAHP_ANSWER_ACKED]),
	LIST_HEAD_INIT(standing[ISAHP_ANSWER_VETOED]),
};
static u32 counted[ISAHP_ANSWERS];
static LIST_HEAD(behind);
static u32 registered;

static LIST_HEAD(untracked);
static u32 untracked_count;

/* What is in force, and how many were asked to leave by it. Under the lock. */
static struct isahp_event published;
static struct isahp_features asked_for;
static u32 concerned;

/* What to do with those that are behind. Under the lock. */
static struct {
	struct isahp_features what;	/* whose users are told */
	bool asks;			/* anew, for @asked_for */
} this_round;

/* --- one registrant ------------------------------------------------------ */

void isahp_roll_unlock_and_wake(struct isahp_registrant *r, bool wake)
	__releases(&isahp_roll_lock)
{
	if (!wake) {
		spin_unlock(&isahp_roll_lock);
		return;
	}
	kref_get(&r->refs);
	spin_unlock(&isahp_roll_lock);
	wake_up(&r->wait);
	isahp_registrant_put(r);
}

static void set_answer(struct isahp_registrant *r, enum isahp_answer answer)
{
	counted[r->answer]--;
	counted[answer]++;
	r->answer = answer;
	list_move_tail(&r->node, &standing[answer]);
}

/* Ask a registrant for its answer if the state concerns it. */
static void ask(struct isahp_registrant *r)
{
	if (!isahp_features_meet(&r->interest, &asked_for)) {
		set_answer(r, ISAHP_ANSWER_NONE);
		return;
	}
	if (r->answer == ISAHP_ANSWER_NONE)
		concerned++;
	set_answer(r, ISAHP_ANSWER_PENDING);
}

bool isahp_roll_catch_up(struct isahp_registrant *r)
{
	if (!r->process || r->event == published.event)
		return false;
	r->event = published.event;
	if (this_round.asks) {
		r->answer = ISAHP_ANSWER_NONE;
		counted[ISAHP_ANSWER_NONE]++;
		ask(r);
	} else {
		list_move_tail(&r->node, &standing[r->answer]);
	}
	/* An empty interest is told of everything. */
	if (!isahp_features_empty(&r->interest) &&
	    !isahp_features_meet(&r->interest, &this_round.what))
		return false;
	if (r->unread != U32_MAX)
		r->unread++;
	isahp_figure_count(ISAHP_FIGURE_wakeups);
	return true;
}

/*
 * Only the last answer changes anything: ten thousand of them are not worth ten
 * thousand looks.
 */
static void kick_if_settled(void)
{
	if (!counted[ISAHP_ANSWER_PENDING] && !counted[ISAHP_ANSWER_VETOED])
		isahp_attachment_kick();
}

void isahp_roll_add(struct isahp_registrant *r)
{
	registered++;
	counted[ISAHP_ANSWER_NONE]++;
	r->event = published.event;
	r->answer = ISAHP_ANSWER_NONE;
	list_add_tail(&r->node, &standing[ISAHP_ANSWER_NONE]);
}

void isahp_roll_remove(struct isahp_registrant *r)
{
	bool was_asked = r->answer != ISAHP_ANSWER_NONE;

	registered--;
	counted[r->answer]--;
	list_del_init(&r->node);
	r->answer = ISAHP_ANSWER_NONE;
	if (was_asked)
		kick_if_settled();
}

void isahp_roll_ask(struct isahp_registrant *r)
{
	bool was_asked = r->answer != ISAHP_ANSWER_NONE;

	ask(r);
	/* It may have been the last one whose answer was missing. */
	if (was_asked)
		kick_if_settled();
}

void isahp_roll_answer(struct isahp_registrant *r, enum isahp_answer answer)
{
	if (r->answer == ISAHP_ANSWER_NONE)
		return;
	set_answer(r, answer);
	if (answer == ISAHP_ANSWER_VETOED)
		isahp_attachment_kick();
	else
		kick_if_settled();
}

void isahp_roll_untrack(struct isahp_process *p)
{
	p->untracked = true;
	untracked_count++;
	list_add_tail(&p->node, &untracked);
}

bool isahp_roll_track_again(struct isahp_process *p)
{
	bool was = p->untracked;

	p->untracked = false;
	list_del_init(&p->node);
	untracked_count -= was;
	return was;
}

const struct isahp_event *isahp_roll_published(void)
{
	return &published;
}

/* --- all of them --------------------------------------------------------- */

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

/*
 * What an event asks to be left: whatever exists and is or needs something that
 * leaves. A dependent that does not exist here is in nobody's use.
 */
static struct isahp_features lost(const struct isahp_event *state)
{
	struct isahp_features all = isahp_features_dependents(&state->leaving);

	return isahp_features_and(&all, &state->present);
}

/*
 * Take the lock, with nobody behind. What is left of a round is done by whoever
 * comes; the lock is let go every few registrants and for each wake-up.
 */
static void lock_caught_up(void)
	__acquires(&isahp_roll_lock)
{
	struct isahp_registrant *r;
	unsigned int step = 0;
	bool wake;

	spin_lock(&isahp_roll_lock);
	while (!list_empty(&behind)) {
		r = list_first_entry(&behind, struct isahp_registrant, node);
		wake = isahp_roll_catch_up(r);
		if (!wake && ++step % ROUND_STEP)
			continue;
		isahp_roll_unlock_and_wake(r, wake);
		cond_resched();
		spin_lock(&isahp_roll_lock);
	}
}

/* Under the lock, with nobody behind. Afterwards everybody is. */
static void publish(struct isahp_event *state, const struct isahp_features *what,
		    bool asks)
{
	int answer;

	for (answer = 0; answer < ISAHP_ANSWERS; answer++) {
		list_splice_tail_init(&standing[answer], &behind);
		if (asks)
			counted[answer] = 0;
	}
	if (asks)
		concerned = 0;
	this_round.what = *what;
	this_round.asks = asks;
	state->event = published.event + 1;
	published = *state;
	isahp_page_write(state);
	isahp_figure_count(ISAHP_FIGURE_states);
}

static void finish_round(void)
{
	lock_caught_up();
	spin_unlock(&isahp_roll_lock);
}

void isahp_registrants_publish(struct isahp_event *state)
{
	struct isahp_features what;

	lock_caught_up();
	what = changed(&published, state);
	asked_for = lost(state);
	/* Asked again, with another sequence, even if nothing changed. */
	what = isahp_features_or(&what, &asked_for);
	publish(state, &what, true);
	spin_unlock(&isahp_roll_lock);
	finish_round();
}

void isahp_registrants_amend(struct isahp_event *state,
			     const struct isahp_features *what)
{
	lock_caught_up();
	publish(state, what, false);
	spin_unlock(&isahp_roll_lock);
	finish_round();
}

/* Under the lock, with nobody behind. */
static void list_laggards(struct isahp_roll *roll, enum isahp_answer answer,
			  struct pid_namespace *ns)
{
	const struct isahp_registrant *r;
	unsigned int searched = 0;
	struct isahp_laggard *l;
	pid_t pid;

	list_for_each_entry(r, &standing[answer], node) {
		if (roll->listed == ARRAY_SIZE(roll->laggard) ||
		    searched++ == LAGGARDS_SEARCHED)
			return;
		pid = pid_nr_ns(r->process->pid, ns);
		if (!pid)
			continue;
		l = &roll->laggard[roll->listed++];
		l->pid = pid;
		l->reason = answer == ISAHP_ANSWER_VETOED ? ISAHP_NAK_VETO :
							    ISAHP_NAK_DEADLINE;
		BUILD_BUG_ON(sizeof(l->comm) != sizeof(r->process->comm));
		memcpy(l->comm, r->process->comm, sizeof(l->comm));
	}
}

/* Under the lock, with nobody behind. */
static void count(struct isahp_roll *roll, struct pid_namespace *ns)
{
	memset(roll, 0, sizeof(*roll));
	roll->registrants = registered;
	roll->concerned = concerned;
	roll->pending = counted[ISAHP_ANSWER_PENDING];
	roll->vetoes = counted[ISAHP_ANSWER_VETOED];
	roll->untracked = untracked_count;
	/* Who refuses is rarer than who is late, and no less to be named. */
	list_laggards(roll, ISAHP_ANSWER_VETOED, ns);
	list_laggards(roll, ISAHP_ANSWER_PENDING, ns);
}

void isahp_registrants_count_in(struct isahp_roll *ret_roll,
				struct pid_namespace *ns)
{
	lock_caught_up();
	count(ret_roll, ns);
	spin_unlock(&isahp_roll_lock);
}

void isahp_registrants_count(struct isahp_roll *ret_roll)
{
	isahp_registrants_count_in(ret_roll, &init_pid_ns);
}

bool isahp_registrants_quiesce(struct isahp_event *state,
			       struct isahp_roll *ret_roll)
{
	struct isahp_features nothing = isahp_features_none();
	bool settled;

	lock_caught_up();
	count(ret_roll, &init_pid_ns);
	settled = !ret_roll->pending && !ret_roll->vetoes;
	if (settled) {
		/* The host will be told: later answers change nothing. */
		asked_for = nothing;
		publish(state, &nothing, true);
	}
	spin_unlock(&isahp_roll_lock);
	if (settled)
		finish_round();
	return settled;
}

void isahp_registrants_state(struct isahp_event *ret_state)
{
	spin_lock(&isahp_roll_lock);
	*ret_state = published;
	spin_unlock(&isahp_roll_lock);
}

void isahp_registrants_exit(void)
{
	struct isahp_process *p;

	for (;;) {
		spin_lock(&isahp_roll_lock);
		p = list_first_entry_or_null(&untracked, struct isahp_process, node);
		if (p)
			isahp_roll_track_again(p);
		spin_unlock(&isahp_roll_lock);
		if (!p)
			return;
		isahp_process_put(p);
	}
}
