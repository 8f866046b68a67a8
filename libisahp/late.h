/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is late: threads inside leaving variants, for isahp_late() and at the
 * deadline.
 */
#ifndef ISAHP_LATE_H
#define ISAHP_LATE_H

#include "swap.h"

/**
 * isahp_late_begin - a removal waits for threads
 * @drain: how; stays until isahp_late_end().
 *
 * Dispatching thread, as the other two.
 */
void isahp_late_begin(const struct isahp_drain *drain);

/** isahp_late_end - no longer; may be repeated */
void isahp_late_end(void);

/** isahp_late_child - in a fork's child: nothing is waited for; library's lock */
void isahp_late_child(void);

/**
 * isahp_late_tell - the deadline has come and threads are inside
 * @change: kind ISAHP_CALLBACK_LATE.
 *
 * The dispatcher's lock held and no other; once for each event.
 */
void isahp_late_tell(const struct isahp_change *change);

#endif /* ISAHP_LATE_H */
