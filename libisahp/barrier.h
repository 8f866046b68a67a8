/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ISAHP_BARRIER_H
#define ISAHP_BARRIER_H

/**
 * isahp_barrier_init - find out whether membarrier serves
 *
 * Turns MODE_MEMBARRIER into MODE_FENCED where it does not.
 */
void isahp_barrier_init(void);

/**
 * isahp_barrier - all stores of the caller before all later loads, against
 * every reader's slot before its recheck
 *
 * Partner: the signal fence in isahp_enter(), the fence in isahp_enter_slow().
 *
 * A negative errno when membarrier is refused although it served until now: the
 * library is in MODE_FENCED from here on, and nothing is known of readers that
 * have not passed isahp_enter_slow() since.
 */
int isahp_barrier(void);

/**
 * isahp_barrier_probe - may liburcu wait for a grace period?
 *
 * liburcu aborts when membarrier, which it relies on once it has seen it, is
 * refused later. -errno: it would.
 */
int isahp_barrier_probe(void);

#endif /* ISAHP_BARRIER_H */
