/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registered operations, and which variant each is on.
 *
 * Functions marked "locked" want isahp_library.lock held.
 */
#ifndef ISAHP_OPERATION_H
#define ISAHP_OPERATION_H

#include "library.h"

/**
 * struct isahp_block - what the library keeps of an operation
 * @next: in isahp_library.blocks.
 * @op: NULL once it is unregistered: the block then only stays because threads
 *	were still inside.
 * @count: entries of @descriptor.
 * @entered: bit field, one byte for each descriptor: was ever in force.
 * @descriptor: one for each variant, in order.
 *
 * Descriptors live as long as the block, so that choosing a variant never
 * allocates, and an address never comes to mean another variant while a reader
 * may hold it.
 */
struct isahp_block {
	struct isahp_block *next;
	struct isahp_operation *op;
	size_t count;
	bool *entered;
	struct isahp_descriptor descriptor[];
};

/** isahp_operations_needs - union of all variants' features; locked */
struct isahp_features isahp_operations_needs(void);

/**
 * isahp_operations_interest - what the source has to be told of; locked
 *
 * isahp_operations_needs() and all that those depend on: when AVX2 goes, VAES
 * goes with it.
 */
struct isahp_features isahp_operations_interest(void);

/** isahp_operations_select - put each on its best variant now; locked */
void isahp_operations_select(void);

/**
 * isahp_operations_entered - may any thread be inside what is not allowed?
 * @allowed: features that may stay in use.
 *
 * Locked. Return: false when no variant outside @allowed was ever in force.
 */
bool isahp_operations_entered(const struct isahp_features *allowed);

/**
 * isahp_operations_outside - does this descriptor need more than is allowed?
 * @descriptor: maybe dangling.
 * @allowed: features that may stay in use.
 *
 * Locked. A pointer to no living descriptor is a reader's that will look again
 * and drop it: false.
 */
bool isahp_operations_outside(const struct isahp_descriptor *descriptor,
			      const struct isahp_features *allowed);

#endif /* ISAHP_OPERATION_H */
