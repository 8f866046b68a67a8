// SPDX-License-Identifier: LGPL-2.1-or-later
#include <isa-core/features.h>

#include "finding.h"
#include "upper.h"

static const int kinds[] = {
	[CODE_INDIRECT_CALL] = FINDING_INDIRECT_CALL,
	[CODE_INDIRECT_JUMP] = FINDING_INDIRECT_JUMP,
	[CODE_EXTERNAL] = FINDING_EXTERNAL,
	[CODE_IFUNC] = FINDING_IFUNC,
	[CODE_INTERPOSABLE] = FINDING_INTERPOSABLE,
	[CODE_OUTSIDE] = FINDING_OUTSIDE,
	[CODE_UNKNOWN] = FINDING_UNKNOWN,
};

struct telling {
	int (*fn)(void *arg, const struct finding *f);
	void *arg;
};

static int dirty(void *arg, uint64_t leaves, uint64_t since)
{
	const struct telling *t = arg;
	struct finding f = {
		.kind = FINDING_DIRTY,
		.address = leaves,
		.since = since,
	};

	return t->fn(t->arg, &f);
}

/* What a variant may use: what it declares, and what that depends on. */
static struct isahp_features allowed(const struct variant *v)
{
	struct isahp_features none = isahp_features_none();
	struct isahp_features below = isahp_features_missing(&none, &v->needs);

	return isahp_features_or(&v->needs, &below);
}

static int one(const struct code_node *node, const struct isahp_features *have,
	       bool rep_bsf, const struct telling *t)
{
	struct finding f = { .address = node->address, .name = node->name };
	int rc = 0;

	f.missing = isahp_features_andnot(&node->needs, have);
	if (node->harmless || (rep_bsf && node->silent))
		isahp_features_del(&f.missing, ISAHP_FEATURE_BMI1);
	if (!node->named) {
		f.kind = FINDING_UNNAMED;
		rc = t->fn(t->arg, &f);
	} else if (!isahp_features_empty(&f.missing)) {
		f.kind = FINDING_MISSING;
		rc = t->fn(t->arg, &f);
	}
	if (rc || node->doubt == CODE_SURE)
		return rc;
	f.kind = (enum finding_kind)kinds[node->doubt];
	return t->fn(t->arg, &f);
}

int finding_each(const struct code *code, const struct variant *v, bool rep_bsf,
		 size_t *budget, int (*fn)(void *arg, const struct finding *f),
		 void *arg)
{
	struct isahp_features have = allowed(v);
	struct telling t = { fn, arg };
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < code->node_count; i++)
		rc = one(&code->nodes[i], &have, rep_bsf, &t);
	if (!rc)
		rc = upper_check(code, v->fn.value, budget, dirty, &t);
	return rc;
}
