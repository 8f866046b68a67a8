/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads that a drain needs get a CPU before others.
 *
 * Their priority is not touched. The dispatching thread is SCHED_FIFO for a
 * while, in which it executes nothing but the library's code, with all signals
 * blocked; and it waits for a PI futex whose word names the straggler as the
 * owner. As long as it waits the kernel lets the straggler run with the waiter's
 * priority. Such a loan ends with the wait, whatever becomes of either of them,
 * is inherited by no thread or process that the straggler makes, and by no
 * program that it executes. futex(2), "Priority-inheritance futexes".
 */
#ifndef ISAHP_RAISE_H
#define ISAHP_RAISE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct isahp_raise - how the calling thread was scheduled
 * @policy: as of sched_getscheduler(2), flag and all. Nice value and slice stay
 *	with a thread while it is SCHED_FIFO.
 * @change: it has to be put back.
 */
struct isahp_raise {
	int policy;
	bool change;
};

/**
 * isahp_raise_begin - get a priority to lend
 * @r: the caller's, until isahp_raise_end().
 *
 * All signals blocked. Return: false: neither CAP_SYS_NICE nor RLIMIT_RTPRIO.
 */
bool isahp_raise_begin(struct isahp_raise *r);

/** isahp_raise_end - as before isahp_raise_begin(), which returned true */
void isahp_raise_end(const struct isahp_raise *r);

/**
 * isahp_raise_lend - until it is out, for a tenth of a millisecond at most
 * @tid: a thread of this process that can not end meanwhile. Not the caller.
 *
 * Return: false: the kernel can not do that.
 */
bool isahp_raise_lend(pid_t tid);

/**
 * isahp_raise_out - the calling thread is out
 * @tid: its own.
 *
 * Gives back at once what it was lent. Also in a signal handler.
 */
void isahp_raise_out(pid_t tid);

/** isahp_raise_child - in a fork's child: nobody lends */
void isahp_raise_child(void);

/** isahp_raise_loans - how many there were so far */
uint64_t isahp_raise_loans(void);

/** isahp_raise_hurry - the calling thread does little, and that soon: small slices */
void isahp_raise_hurry(void);

#endif /* ISAHP_RAISE_H */
