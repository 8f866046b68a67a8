// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "raise.h"
#include "swap.h"

/* Since Linux 5.14; FUTEX_LOCK_PI's timeout moves with the wall clock. */
#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

#ifndef ISAHP_CONTROL_LEND_FOREVER
#define LOAN_NS 100000ULL
#else
#define LOAN_NS 3600000000000ULL
#endif
#define SLICE_NS 100000ULL	/* the smallest that EEVDF takes */

static uint32_t owner;	/* atomic; a PI futex: who is lent to */
static uint64_t loans;	/* atomic */

uint64_t isahp_raise_loans(void)
{
	return __atomic_load_n(&loans, __ATOMIC_RELAXED);
}

void isahp_raise_child(void)
{
	__atomic_store_n(&owner, 0, __ATOMIC_RELAXED);
}

void isahp_raise_out(pid_t tid)
{
	/*
	 * The waiter may have given up since, or not begun: the kernel looks
	 * whose it is, and whether anybody waits.
	 */
	if ((__atomic_load_n(&owner, __ATOMIC_RELAXED) & FUTEX_TID_MASK) ==
	    (uint32_t)tid)
		(void)syscall(SYS_futex, &owner, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL,
			      NULL, 0);
}

bool isahp_raise_lend(pid_t tid)
{
	struct timespec until = isahp_timespec(isahp_now_ns() + LOAN_NS);
	long rc;

	__atomic_add_fetch(&loans, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&owner, (uint32_t)tid, __ATOMIC_RELAXED);
	rc = syscall(SYS_futex, &owner, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, 0,
		     &until, NULL, 0);
	__atomic_store_n(&owner, 0, __ATOMIC_RELAXED);
	/* Handed over, or not out in time; or it ended, in a way of its own. */
	return !rc || errno == ETIMEDOUT || errno == ESRCH || errno == EAGAIN;
}

bool isahp_raise_begin(struct isahp_raise *r)
{
	const struct sched_param lowest = {
		.sched_priority = sched_get_priority_min(SCHED_FIFO),
	};
	int policy = sched_getscheduler(0);
	int kind = policy & ~SCHED_RESET_ON_FORK;

	r->policy = policy;
	r->change = kind == SCHED_OTHER || kind == SCHED_BATCH || kind == SCHED_IDLE;
	if (policy < 0 || !r->change)
		return policy >= 0; /* has one already */
	/* The flag as it was: who may set it may not be one who may clear it. */
	return !sched_setscheduler(0, SCHED_FIFO | (policy & SCHED_RESET_ON_FORK),
				   &lowest);
}

void isahp_raise_end(const struct isahp_raise *r)
{
	const struct sched_param none = { 0 };

	/* Downwards, which needs no privilege. */
	if (r->change)
		(void)sched_setscheduler(0, r->policy, &none);
}

/* sched_setattr(2), of which glibc knows nothing before 2.41. */
struct attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

void isahp_raise_hurry(void)
{
	struct attr a;

	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) ||
	    a.policy != SCHED_OTHER)
		return;
	a.size = sizeof(a);
	a.runtime = SLICE_NS;
	(void)syscall(SYS_sched_setattr, 0, &a, 0);
}
