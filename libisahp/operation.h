/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registered operations, and which variant each is on.
 *
 * Functions marked "locked" want isahp_library.lock held.
 */
#ifndef ISAHP_OPERATION_H
#define ISAHP_OPERATION_H

#include "block.h"

/** isahp_operations_needs - union of all variants' features; locked */
struct isahp_features isahp_operations_needs(void);

/**
 * isahp_operations_interest - what the source has to be told of; locked
 *
 * isahp_operations_needs() and all that those depend on: when AVX2 goes, VAES
 * goes with it.
 */
struct isahp_features isahp_operations_interest(void);

/**
 * isahp_operations_select - put each on its best variant now; locked
 *
 * Looks at those only that have a variant for what has changed since.
 */
void isahp_operations_select(void);

/**
 * isahp_operations_retreat - the same, but nobody's results change; locked
 *
 * Return: whether an operation that is bound to its results is outside of what
 * it may use now: it stays there.
 */
bool isahp_operations_retreat(void);

/**
 * isahp_operations_keep_bits - can all that are bound keep their results?
 * @usable: what would be usable.
 * @ret_name: gets the name of one that can not; @size bytes, cut short.
 * @size: see @ret_name.
 *
 * Locked.
 */
bool isahp_operations_keep_bits(const struct isahp_features *usable,
				char *ret_name, size_t size);

/**
 * isahp_operations_bind - bind those that want it to their results; locked
 *
 * From now on also the ones that are registered later.
 */
void isahp_operations_bind(void);

/**
 * isahp_operation_probe - let a measurement enter this variant
 * @b: with @probe set.
 * @c: of it.
 *
 * Takes the lock. Return: 1; 0: may not be used now; -EAGAIN: something is
 * leaving; -ENOENT: the operation is not registered any more.
 */
int isahp_operation_probe(struct isahp_block *b, struct isahp_choice *c);

/** isahp_operations_child - in a fork's child only its own thread measures */
void isahp_operations_child(void);

/** isahp_operation_costs - costs have been measured: choose by them; locked */
void isahp_operation_costs(struct isahp_block *b);

/**
 * isahp_operations_entered - may any thread be inside what is not allowed?
 * @allowed: features that may stay in use.
 *
 * Locked. Return: false when no variant outside @allowed was ever in force.
 */
bool isahp_operations_entered(const struct isahp_features *allowed);

/**
 * isahp_operations_outside - does this descriptor need more than is allowed?
 * @descriptor: of any age.
 * @allowed: struct isahp_features: those that may stay in use.
 *
 * An isahp_stop_fn. Locked. One that is nobody's any more is a reader's that will look again and
 * drop it: it needs nothing.
 */
bool isahp_operations_outside(const struct isahp_descriptor *descriptor,
			      const void *allowed);

#endif /* ISAHP_OPERATION_H */
