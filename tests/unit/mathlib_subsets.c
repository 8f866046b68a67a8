/* SPDX-License-Identifier: MIT */
/*
 * For every set of features that mathlib can meet, the cheapest variant that it
 * allows is chosen, and computes what plain C does.
 *
 * The sets: all subsets of what the variants need, directly or not, that are
 * closed under dependency. Each is played to a process of its own by
 * ISAHP_FORBID; those that this CPU can not play are skipped, and counted.
 */
#include <criterion/criterion.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <problem.h>

#define NUMBERS_MAX 16

/**
 * struct universe - what the subsets are taken of
 * @number: features that a variant needs, directly or not, but for those that
 *	are the kernel's.
 * @count: how many.
 * @all: the same as a set.
 * @cpu: what this CPU has.
 */
struct universe {
	unsigned int number[NUMBERS_MAX];
	unsigned int count;
	struct isahp_features all;
	struct isahp_features cpu;
};

static struct isahp_features closure(const struct isahp_features *set)
{
	struct isahp_features none = isahp_features_none();
	struct isahp_features missing = isahp_features_missing(&none, set);

	return isahp_features_or(set, &missing);
}

static struct universe universe_make(void)
{
	struct isahp_features raw = isahp_cpuid_features();
	struct isahp_features system =
		isahp_features_of_class(ISAHP_CLASS_SYSTEM);
	struct universe u = { .all = isahp_features_none() };
	unsigned int n;
	size_t i;
	int op;

	u.cpu = isahp_features_enabled(&raw, isahp_cpuid_xcr0());
	for (op = 0; op < ML_OPS; op++) {
		const struct isahp_operation *o = ml_op_operation(op);

		for (i = 0; i < o->variant_count; i++) {
			struct isahp_features c = closure(&o->variants[i].needs);

			u.all = isahp_features_or(&u.all, &c);
		}
	}
	u.all = isahp_features_andnot(&u.all, &system);
	for (n = 0; n < ISAHP_FEATURE_COUNT; n++) {
		if (!isahp_features_has(&u.all, n))
			continue;
		cr_assert_lt(u.count, NUMBERS_MAX);
		u.number[u.count++] = n;
	}
	return u;
}

static struct isahp_features subset(const struct universe *u, unsigned int bits)
{
	struct isahp_features set = isahp_features_none();
	unsigned int i;

	for (i = 0; i < u->count; i++) {
		if (bits >> i & 1)
			isahp_features_add(&set, u->number[i]);
	}
	return set;
}

/* Closed, the features that are the kernel's being there. */
static bool is_closed(const struct universe *u, const struct isahp_features *set)
{
	struct isahp_features c = closure(set);
	struct isahp_features of_ours = isahp_features_and(&c, &u->all);

	return isahp_features_equal(&of_ours, set);
}

/* The rule of the library, from its documentation and not from its code. */
static const char *cheapest(enum ml_op op, const struct isahp_features *usable)
{
	const struct isahp_operation *o = ml_op_operation(op);
	const struct isahp_variant *best = NULL;
	size_t i;

	for (i = 0; i < o->variant_count; i++) {
		const struct isahp_variant *v = &o->variants[i];

		if (isahp_features_subset(&v->needs, usable) &&
		    (!best || v->cost < best->cost))
			best = v;
	}
	return best->name;
}

static void flags_of(const struct isahp_features *set, char *text, size_t size)
{
	unsigned int n;

	*text = '\0';
	for (n = 0; n < ISAHP_FEATURE_COUNT; n++) {
		if (!isahp_features_has(set, n))
			continue;
		cr_assert_lt(strlen(text) + 24, size);
		sprintf(text + strlen(text), "%s%s", *text ? "," : "",
			isahp_feature_info(n)->flag);
	}
}

/* Run the child where @gone is forbidden; the variants must be @usable's best. */
static void play(const struct isahp_features *gone,
		 const struct isahp_features *usable)
{
	char forbid[512], expect[128], got[128] = "", *end;
	FILE *child;

	flags_of(gone, forbid, sizeof(forbid));
	snprintf(expect, sizeof(expect), "%s %s %s", cheapest(ML_SGEMM, usable),
		 cheapest(ML_SDOT, usable), cheapest(ML_SAXPY, usable));
	setenv("ISAHP_FORBID", forbid, 1);
	child = popen(MATHLIB_SUBSET_CHILD, "r");
	cr_assert_not_null(child);
	if (!fgets(got, sizeof(got), child))
		got[0] = '\0';
	end = strchr(got, '\n');
	if (end)
		*end = '\0';
	cr_assert_eq(pclose(child), 0, "ISAHP_FORBID=%s: the child failed", forbid);
	cr_assert_str_eq(got, expect, "ISAHP_FORBID=%s", forbid);
	fprintf(stderr, "ISAHP_FORBID=%-60s %s\n", forbid, got);
}

Test(mathlib_subsets, each_closed_subset_gets_its_cheapest_variant, .timeout = 100)
{
	struct universe u = universe_make();
	unsigned int bits, closed = 0, skipped = 0;

	for (bits = 0; bits < 1u << u.count; bits++) {
		struct isahp_features set = subset(&u, bits);
		struct isahp_features gone = isahp_features_andnot(&u.all, &set);

		if (!is_closed(&u, &set))
			continue;
		closed++;
		if (isahp_features_subset(&set, &u.cpu))
			play(&gone, &set);
		else
			skipped++;
	}
	fprintf(stderr, "%u closed subsets of %u features, %u skipped: this CPU lacks some\n",
		closed, u.count, skipped);
	cr_assert_gt(closed, skipped);
}

Test(mathlib_subsets, without_one_feature_its_dependents_go_too, .timeout = 100)
{
	struct universe u = universe_make();
	unsigned int i;

	for (i = 0; i < u.count; i++) {
		struct isahp_features gone = isahp_features_none();
		struct isahp_features left;

		isahp_features_add(&gone, u.number[i]);
		left = isahp_features_without(&u.cpu, &gone);
		play(&gone, &left);
	}
}
