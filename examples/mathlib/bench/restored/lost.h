/* SPDX-License-Identifier: MIT */
/* Time that other programs took. */
#ifndef ML_LOST_H
#define ML_LOST_H

/**
 * lost_ns - how long, ever, this thread could have run but was not running
 *
 * Time on the run queue: /proc/thread-self/schedstat, the kernel's
 * Documentation/scheduler/sched-stats.rst. While isahp has the thread wait for
 * something it is not runnable, so what a swap costs is not in here; nor is the
 * thread that dispatches, as long as that is on another CPU. Takes about a
 * microsecond.
 *
 * Return: nanoseconds; 0 where the kernel does not tell.
 */
double lost_ns(void);

#endif /* ML_LOST_H */
