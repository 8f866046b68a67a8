/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The code of a file that no variant reaches. It runs whenever it likes, and
 * may need nothing: what was compiled with a variant's flags by mistake is the
 * usual finding, an initialiser or an inline function of a header.
 */
#ifndef ISAHP_TOOL_REST_H
#define ISAHP_TOOL_REST_H

#include "finding.h"

/**
 * struct rest - instructions that have been looked at
 * @seen: a tree of their addresses.
 */
struct rest {
	void *seen;
};

/** rest_seen - a variant reaches this; -ENOMEM */
int rest_seen(struct rest *rest, const struct code *code);

/**
 * rest_each - look for features in all that was not seen
 * @fn: is told of MISSING and UNNAMED; nonzero ends.
 * @ret_count: instructions that were looked at.
 *
 * Return: what @fn returned last, else 0; -E2BIG; -ENOMEM.
 */
int rest_each(struct rest *rest, const struct image *im, size_t *budget,
	      int (*fn)(void *arg, const struct code *code, const struct finding *f),
	      void *arg, size_t *ret_count);

void rest_free(struct rest *rest);

#endif /* ISAHP_TOOL_REST_H */
