/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is late: threads inside leaving variants when the deadline has come.
 */
#ifndef ISAHP_LATE_H
#define ISAHP_LATE_H

#include "swap.h"

/**
 * isahp_late_tell - the deadline has come and threads are inside
 * @change: kind ISAHP_CALLBACK_LATE.
 * @drain: that is not over.
 *
 * Dispatching thread, its lock held and no other; once for each event.
 */
void isahp_late_tell(const struct isahp_change *change,
		     const struct isahp_drain *drain);

#endif /* ISAHP_LATE_H */
