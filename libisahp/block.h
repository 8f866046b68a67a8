/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry: what the library keeps of each operation, and how it is found.
 *
 * A removal touches few of an application's operations, so nothing that happens
 * in one looks at all of them: operations are found by address, by the features
 * their variants need, and from a descriptor directly.
 *
 * Everything here wants isahp_library.lock held.
 */
#ifndef ISAHP_BLOCK_H
#define ISAHP_BLOCK_H

#include "library.h"

struct isahp_block;

/**
 * struct isahp_choice - a variant, as the choice sees it
 * @d: what it is published as.
 * @cost: the lowest one that may be used is chosen: what the application gave,
 *	or picoseconds once @measured.
 * @class: number of the first variant that returns the same bits.
 * @forced: ISAHP_FORCE names it.
 */
struct isahp_choice {
	struct isahp_descriptor *d;
	uint64_t cost;
	uint64_t given;
	uint64_t measured;
	size_t class;
	bool forced;
};

/**
 * struct isahp_link - one feature that an operation has a variant for
 * @block: the operation's.
 * @next: next and
 * @prev: pointer to it, among those that have one for the feature.
 * @feature: its number.
 */
struct isahp_link {
	struct isahp_block *block;
	struct isahp_link *next;
	struct isahp_link **prev;
	unsigned int feature;
};

/**
 * struct isahp_block - what the library keeps of an operation
 * @next: in its bucket.
 * @op: NULL once it is unregistered: the block then only stays because threads
 *	were still inside.
 * @ending: a thread waits for its end, or has: not to be found any more.
 * @address: where @op is, or was.
 * @visit: number of the visit that was here last.
 * @on: what @op is on.
 * @bound: what it was on when ISAHP_OPERATION_SAME_BITS began to count; NULL:
 *	it does not.
 * @stays: it is on something that is not allowed, since it is bound to it.
 * @prober: the thread of
 * @probe: with which it measures the variants. The block stays until that
 *	ends, and goes then if it is
 * @orphaned: to be freed.
 * @created: by isahp_operation_create().
 * @links: entries of @link, one for each feature that any variant needs.
 * @link: behind @choice.
 * @count: entries of @choice.
 * @choice: one for each variant, in order.
 *
 * Descriptors live as long as the block, so that choosing a variant never
 * allocates, and an address never comes to mean another variant while a reader
 * may hold it.
 */
struct isahp_block {
	struct isahp_block *next;
	struct isahp_operation *op;
	bool ending;
	const struct isahp_operation *address;
	uint64_t visit;
	struct isahp_choice *on;
	struct isahp_choice *bound;
	struct isahp_operation *probe;
	pthread_t prober;
	bool orphaned;
	bool stays;
	bool created;
	size_t links;
	struct isahp_link *link;
	size_t count;
	struct isahp_choice choice[];
};

/**
 * isahp_block_new - make one and find a place for it
 * @op: well formed and not registered.
 *
 * Return: NULL when there is no memory.
 */
struct isahp_block *isahp_block_new(struct isahp_operation *op);

/**
 * isahp_block_free - the reverse
 * @b: no reader can be inside any of its descriptors. NULL is allowed.
 */
void isahp_block_free(struct isahp_block *b);

/**
 * isahp_block_find - by operation
 * @op: only its address is used.
 * @registered: false: one that was unregistered, threads were inside, and nobody
 *	waits for them now.
 *
 * Return: NULL when there is none.
 */
struct isahp_block *isahp_block_find(const struct isahp_operation *op,
				     bool registered);

/**
 * isahp_block_of - by descriptor
 * @d: of any age: a descriptor's memory never becomes anything else.
 *
 * Return: NULL when it is none's at present.
 */
struct isahp_block *isahp_block_of(const struct isahp_descriptor *d);

/** isahp_block_owns - is @d one of @b's? Reads neither; without the lock too. */
bool isahp_block_owns(const struct isahp_block *b,
		      const struct isahp_descriptor *d);

/** isahp_blocks_needs - union of all variants' features */
struct isahp_features isahp_blocks_needs(void);

/**
 * isahp_blocks_visit - go to those that have a variant for any of these
 * @features: which.
 * @fn: called once for each; neither makes nor frees blocks.
 * @arg: passed on.
 */
void isahp_blocks_visit(const struct isahp_features *features,
			void (*fn)(struct isahp_block *b, void *arg), void *arg);

/** isahp_blocks_each - go to all of them; as above */
void isahp_blocks_each(void (*fn)(struct isahp_block *b, void *arg), void *arg);

/** isahp_blocks_visited - how many visits isahp_blocks_visit() made so far */
uint64_t isahp_blocks_visited(void);

#endif /* ISAHP_BLOCK_H */
