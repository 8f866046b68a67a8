// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include "late.h"
#include "removal.h"

static void set_deadline(uint64_t deadline_ns)
{
	__atomic_store_n(&isahp_library.deadline_ns, deadline_ns, __ATOMIC_RELAXED);
}

uint64_t isahp_deadline(void)
{
	return __atomic_load_n(&isahp_library.deadline_ns, __ATOMIC_RELAXED);
}

void isahp_removal_end(struct isahp_follow *f)
{
	if (f->waiting) {
		isahp_late_end();
		isahp_drain_end(&f->drain);
	}
	f->waiting = false;
	set_deadline(0);
}

/* Only the newest event is ever answered. 1: there is a newer one. */
static int answer(struct isahp_follow *f, uint32_t verdict)
{
	int rc = isahp_follow_look(f);

	if (rc)
		return rc;
	return isahp_source_answer(&f->link, &f->event, verdict);
}

static void pause_ns(const struct isahp_follow *f, uint64_t ns)
{
	struct pollfd p = { .fd = f->link.fd, .events = POLLIN };
	struct timespec t = { .tv_nsec = (long)ns };

	(void)ppoll(&p, 1, &t, NULL);
}

static int tell_late(struct isahp_follow *f)
{
	struct isahp_change change = isahp_follow_change(
		ISAHP_CALLBACK_LATE, &f->settled, &f->drain.allowed);
	uint32_t generation = isahp_library.generation;

	f->late = true;
	isahp_late_tell(&change);
	return isahp_library.generation == generation ? 0 : -ECHILD;
}

int isahp_removal_wait(struct isahp_follow *f)
{
	unsigned int round = 0;
	bool late;
	int rc;

	for (;;) {
		rc = isahp_follow_look(f);
		if (rc) {
			isahp_removal_end(f);
			return rc < 0 ? rc : 0;
		}
		late = isahp_now_ns() >= f->event.deadline_ns;
		rc = isahp_drain_poll(&f->drain);
		if (!rc) {
			rc = answer(f, ISAHP_ACK);
			/* Stale, and yet nothing newer to be seen: soon. */
			if (rc != -ESTALE || late) {
				isahp_removal_end(f);
				return rc < 0 && rc != -ESTALE ? rc : 0;
			}
		} else if (late && !f->late) {
			rc = tell_late(f);
			if (rc)
				return rc;
			continue;
		}
		if (late || isahp_follow_interrupted(f))
			return 0;
		pause_ns(f, isahp_backoff_ns(round++));
	}
}

static int refuse(struct isahp_follow *f, const struct isahp_answer *verdict)
{
	int rc;

	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.veto = verdict->error;
	memcpy(isahp_library.reason, verdict->reason, sizeof(verdict->reason));
	pthread_mutex_unlock(&isahp_library.lock);
	rc = answer(f, ISAHP_NAK);
	return rc < 0 && rc != -ESTALE ? rc : 0;
}

/* All is as it was, for those too that had agreed. */
static int veto(struct isahp_follow *f, const struct isahp_features *before,
		const struct isahp_features *after,
		const struct isahp_answer *verdict)
{
	struct isahp_change restored;
	int rc;

	isahp_removal_end(f);
	isahp_follow_usable(before, true);
	f->settled = *before;
	f->told = false;
	restored = isahp_follow_change(ISAHP_CALLBACK_RESTORED, after, before);
	rc = isahp_follow_tell(&restored, NULL);
	return rc ? rc : refuse(f, verdict);
}

struct asking {
	struct isahp_follow *f;
	uint32_t generation;
};

/* Between two callbacks: has a callback forked, has the host changed its mind? */
static int overtaken(void *arg)
{
	const struct asking *a = arg;

	if (isahp_library.generation != a->generation)
		return -ECHILD;
	return isahp_follow_look(a->f);
}

/* 0: there is a verdict; 1: overtaken; -ECHILD and others: this is over. */
static int ask_leaving(struct isahp_follow *f, const struct isahp_features *before,
		       const struct isahp_features *after,
		       struct isahp_answer *ret_verdict)
{
	struct isahp_change change =
		isahp_follow_change(ISAHP_CALLBACK_LEAVING, before, after);
	struct asking asking = { f, isahp_library.generation };
	bool again = f->told && isahp_features_equal(&f->told_after, after);
	int rc;

	f->told = true;
	f->told_after = *after;
	rc = isahp_callbacks_leaving(&change, again, overtaken, &asking, ret_verdict);
	return isahp_library.generation == asking.generation ? rc : -ECHILD;
}

/* What operations say that are bound to their results. */
static void ask_operations(const struct isahp_features *after,
			   struct isahp_answer *ret_verdict)
{
	static const char same_bits[] = "same bits or no swap: ";
	size_t n = sizeof(same_bits) - 1;

	memset(ret_verdict, 0, sizeof(*ret_verdict));
	memcpy(ret_verdict->reason, same_bits, n);
	pthread_mutex_lock(&isahp_library.lock);
	if (!isahp_operations_keep_bits(after, ret_verdict->reason + n,
					sizeof(ret_verdict->reason) - n))
		ret_verdict->error = -EPERM;
	pthread_mutex_unlock(&isahp_library.lock);
}

int isahp_removal_begin(struct isahp_follow *f, const struct isahp_features *after)
{
	struct isahp_features before = isahp_follow_present(f, &f->event);
	struct isahp_answer verdict;
	int rc = 0;

	before = isahp_features_and(&before, &f->settled);
	set_deadline(f->event.deadline_ns ? f->event.deadline_ns : 1);
	/* Frozen: what is registered from here on avoids what is leaving. */
	isahp_follow_usable(after, false);
	ask_operations(after, &verdict);
	if (!verdict.error)
		rc = ask_leaving(f, &before, after, &verdict);
	if (rc)
		return rc < 0 ? rc : 0;
	if (verdict.error)
		return veto(f, &before, after, &verdict);
	isahp_follow_usable(after, true);
	verdict.error = isahp_drain_begin(&f->drain, after);
	f->waiting = true;
	isahp_late_begin(&f->drain);
	if (verdict.error) {
		/* Nothing is known of the readers: say so; an ACK may follow. */
		strcpy(verdict.reason, "where threads are is not known");
		rc = refuse(f, &verdict);
		if (rc)
			return rc;
	}
	return isahp_removal_wait(f);
}
