// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <search.h>
#include <stdlib.h>

#include "nonzero.h"
#include "rest.h"

struct walk {
	struct rest *rest;
	const struct image *image;
	const struct code *code;
	size_t *budget;
	int (*fn)(void *arg, const struct code *code, const struct finding *f);
	void *arg;
	size_t count;
};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool seen(const void *arg, uint64_t address)
{
	const struct rest *rest = arg;

	return tfind(&address, &rest->seen, by_value);
}

static int see(struct rest *rest, uint64_t address)
{
	uint64_t *copy;

	if (seen(rest, address))
		return 0;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = address;
	if (!tsearch(copy, &rest->seen, by_value)) {
		free(copy);
		return -ENOMEM;
	}
	return 0;
}

int rest_seen(struct rest *rest, const struct code *code)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < code->node_count; i++)
		rc = see(rest, code->nodes[i].address);
	return rc;
}

static int tell(void *arg, const struct finding *f)
{
	struct walk *w = arg;

	if (f->kind != FINDING_MISSING && f->kind != FINDING_UNNAMED)
		return 0;
	return w->fn(w->arg, w->code, f);
}

static int look(void *arg, uint64_t address)
{
	struct variant base = { .name = "", .fn.value = address };
	struct walk *w = arg;
	struct code code;
	int rc;

	if (seen(w->rest, address) || !image_executable(w->image, address))
		return 0;
	rc = code_follow(w->image, address, w->budget, seen, w->rest, &code);
	if (rc)
		return rc;
	w->code = &code;
	w->count += code.node_count;
	rc = nonzero_find(&code, address, w->budget);
	if (!rc)
		rc = finding_each(&code, &base, false, w->budget, tell, w);
	if (!rc)
		rc = rest_seen(w->rest, &code);
	code_free(&code);
	return rc;
}

int rest_each(struct rest *rest, const struct image *im, size_t *budget,
	      int (*fn)(void *arg, const struct code *code, const struct finding *f),
	      void *arg, size_t *ret_count)
{
	struct walk w = {
		.rest = rest,
		.image = im,
		.budget = budget,
		.fn = fn,
		.arg = arg,
	};
	int rc = image_functions(im, look, &w);

	*ret_count = w.count;
	return rc;
}

void rest_free(struct rest *rest)
{
	tdestroy(rest->seen, free);
}
