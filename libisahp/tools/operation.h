/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations that a file defines, by its notes: <isahp/note.h>. */
#ifndef ISAHP_TOOL_OPERATION_H
#define ISAHP_TOOL_OPERATION_H

#include <isahp/features.h>

#include "image.h"

/**
 * struct variant - an implementation
 * @name: of the variant, "?" when the file does not hold one.
 * @fn: its code.
 * @needs: features that it declares.
 * @cost: relative.
 * @results: class of results; 0: says nothing.
 */
struct variant {
	const char *name;
	struct image_pointer fn;
	struct isahp_features needs;
	uint32_t cost;
	uint32_t results;
};

/**
 * struct operation - what a note says
 * @name: of the operation.
 * @flags: as struct isahp_operation's.
 * @has_results: variants have classes of results at all.
 * @variants: @variant_count of them.
 */
struct operation {
	const char *name;
	uint32_t flags;
	bool has_results;
	struct variant *variants;
	size_t variant_count;
};

struct operations {
	struct operation *list;
	size_t count, room;
	size_t variants;
	const char *why;
};

/**
 * operations_read - all of a file's
 * @ret_operations: given back by operations_free(), also on failure; @why says
 *	what is wrong.
 *
 * -EINVAL: a note that makes no sense; -E2BIG: more variants than a file of its
 * size has any use for; -ENOMEM.
 */
int operations_read(const struct image *im, struct operations *ret_operations);
void operations_free(struct operations *operations);

#endif /* ISAHP_TOOL_OPERATION_H */
