/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Costs that are measured on the spot.
 *
 * A variant is timed inside a region of it, of an operation that only the
 * measuring thread enters: a removal takes it away as it does any other, sees the
 * thread, and waits for it. Between two calls the thread looks, and gives up.
 */
#ifndef ISAHP_COST_H
#define ISAHP_COST_H

#include "block.h"

/**
 * isahp_costs_scale - make costs of what was measured and what was given
 * @b: of the operation.
 *
 * Locked. What was not measured, since it was not usable, gets the cost that it
 * would have if it were to what was measured as the application said: as given,
 * times measured over given of the one with the lowest given cost.
 */
void isahp_costs_scale(struct isahp_block *b);

#endif /* ISAHP_COST_H */
