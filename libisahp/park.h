/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Newcomers wait: while threads that a drain needs want for a CPU, those that
 * are about to enter an operation leave theirs to them.
 *
 * A wait is short and bounded, since who waits may hold what one of those needs:
 * a lock of the application's.
 */
#ifndef ISAHP_PARK_H
#define ISAHP_PARK_H

#include "thread.h"

/**
 * isahp_park_begin - from now on newcomers wait
 * @until_ns: but not beyond this CLOCK_MONOTONIC time.
 *
 * One at a time: dispatching thread.
 */
void isahp_park_begin(uint64_t until_ns);

/** isahp_park_end - no longer */
void isahp_park_end(void);

/** isahp_parking - does anybody have to wait? */
bool isahp_parking(void);

/**
 * isahp_park_wait - wait, if that is asked for now
 * @t: the caller's own. It is inside nothing.
 *
 * Not in what looks like a signal handler. errno stays.
 */
void isahp_park_wait(struct isahp_thread *t);

/** isahp_park_child - in a fork's child: nobody waits */
void isahp_park_child(void);

/** isahp_park_waits - how often a thread waited so far */
uint64_t isahp_park_waits(void);

#endif /* ISAHP_PARK_H */
