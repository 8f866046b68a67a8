/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of an operation's variants is taken: the cheapest that may be used, in
 * the class of results that the operation is bound to, if it is; a variant that
 * ISAHP_FORCE names before all others.
 *
 * Everything here wants isahp_library.lock held.
 */
#ifndef ISAHP_CHOICE_H
#define ISAHP_CHOICE_H

#include "block.h"

/**
 * isahp_choice_init - costs, classes and what is forced, as @op says
 * @b: with all descriptors.
 * @op: its operation.
 */
void isahp_choice_init(struct isahp_block *b, const struct isahp_operation *op);

/**
 * isahp_choice_best - the variant to be on
 * @b: of the operation.
 * @allowed: features it may need.
 *
 * Of a bound operation: from the class that it is bound to; else from the one it
 * is on; only then any.
 */
struct isahp_choice *isahp_choice_best(struct isahp_block *b,
				       const struct isahp_features *allowed);

/**
 * isahp_choice_keeps_bits - can it be within @allowed and return the same bits?
 * @b: of the operation.
 * @allowed: features it may need.
 */
bool isahp_choice_keeps_bits(const struct isahp_block *b,
			     const struct isahp_features *allowed);

/** isahp_choice_bind - from now on the results it returns now; if it wants that */
void isahp_choice_bind(struct isahp_block *b);

#endif /* ISAHP_CHOICE_H */
