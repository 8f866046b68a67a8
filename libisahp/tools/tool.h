/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `isahp show` and `isahp check`. */
#ifndef ISAHP_TOOL_H
#define ISAHP_TOOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "finding.h"
#include "image.h"
#include "operation.h"

/* Exit codes. */
#define TOOL_FINE 0
#define TOOL_FINDINGS 1
#define TOOL_BAD 2

/**
 * struct tool_options - what was asked for
 * @json: print JSON.
 * @strict: what was not followed is a finding too.
 * @rest: look at the code outside of all variants, too.
 * @rep_bsf: TZCNT may run as BSF: take it for REP BSF.
 * @trusted: names of functions that may be called without being followed,
 * @trusted_count of them.
 * @budget: instructions and steps to look at in one file, at most.
 */
struct tool_options {
	bool json;
	bool strict;
	bool rest;
	bool rep_bsf;
	const char **trusted;
	size_t trusted_count;
	size_t budget;
};

/**
 * tool_show - say which operations a file defines
 * @path: for people.
 * @ret_json: what --json prints, a new reference.
 *
 * -EINVAL: not a file that makes sense; @ret_why says why; -ENOMEM.
 */
int tool_show(const char *path, const struct image *im, json_t **ret_json,
	      const char **ret_why);
void tool_show_text(const json_t *shown, FILE *out);

/**
 * tool_check - hold a file's variants against what they declare
 * @path: for people.
 * @ret_json: what --json prints, a new reference.
 *
 * -ENODATA: it defines no operations; -EINVAL: not a file that makes sense;
 * -E2BIG: more code than the budget; -ENOMEM. @ret_why says why.
 */
int tool_check(const char *path, const struct image *im,
	       const struct tool_options *options, json_t **ret_json,
	       const char **ret_why);
void tool_check_text(const json_t *checked, FILE *out);

/**
 * tool_text - a name of a file's, for people and their terminals
 * @name: may be anything, and NULL.
 *
 * Return: a JSON string: control characters become '?', what is very long is
 * cut, and what is no UTF-8 is only said to be that; or JSON's null.
 */
json_t *tool_text(const char *name);

/** tool_explain - an error; @why is what is said of those that have many reasons */
const char *tool_explain(int rc, const char *why);

/** tool_features - Linux' flag names, as a JSON array */
json_t *tool_features(const struct isahp_features *set);

#endif /* ISAHP_TOOL_H */
