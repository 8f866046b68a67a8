// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "park.h"
#include "raise.h"
#include "swap.h"

static uint32_t turn;		/* atomic; a futex. Odd: newcomers wait */
static uint64_t end_ns;		/* atomic; of the wait */
static uint64_t waits;		/* atomic */

uint64_t isahp_park_waits(void)
{
	return __atomic_load_n(&waits, __ATOMIC_RELAXED);
}

bool isahp_parking(void)
{
	return __atomic_load_n(&turn, __ATOMIC_ACQUIRE) & 1;
}

void isahp_park_begin(uint64_t until_ns)
{
	__atomic_store_n(&end_ns, until_ns, __ATOMIC_RELAXED);
	__atomic_add_fetch(&turn, 1, __ATOMIC_RELEASE);
	isahp_threads_refresh();
}

/* Each that wakes wakes more: the first one is not to wake a crowd. */
static void wake(int count)
{
	(void)syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

void isahp_park_end(void)
{
	__atomic_add_fetch(&turn, 1, __ATOMIC_RELEASE);
	isahp_threads_refresh();
	wake(1);
}

void isahp_park_child(void)
{
	__atomic_store_n(&turn, 0, __ATOMIC_RELAXED);
}

/*
 * A handler runs with its signal blocked, and who is interrupted may hold
 * anything. Signals that the thread once had open are blocked: maybe that.
 */
static bool maybe_handler(struct isahp_thread *t)
{
	uint64_t mask = ~0ULL;

	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof(mask));
#ifndef ISAHP_CONTROL_PARK_ANYWHERE
	if (mask & ~t->mask)
		return true;
#endif
	t->mask = mask;
	return false;
}

void isahp_park_wait(struct isahp_thread *t)
{
	uint32_t now = __atomic_load_n(&turn, __ATOMIC_ACQUIRE);
	uint64_t until_ns = __atomic_load_n(&end_ns, __ATOMIC_RELAXED);
	struct timespec until;
	int error = errno;

	if (!(now & 1) || maybe_handler(t))
		return;
	__atomic_add_fetch(&waits, 1, __ATOMIC_RELAXED);
	/* The caller is out: who waited for it goes on with the next one. */
	isahp_raise_out(t->tid);
	until = isahp_timespec(until_ns);
	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == now &&
	       isahp_now_ns() < until_ns)
		(void)syscall(SYS_futex, &turn,
			      FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, now, &until,
			      NULL, FUTEX_BITSET_MATCH_ANY);
	wake(2);
	errno = error;
}
