// SPDX-License-Identifier: MIT
/* Many operations: each is where it should be, and few are looked at. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <isa-core/features.h>
#include "libisahp/operation.h"

#define MANY 10000
#define CONCERNED 10
#define STEPS 20000
#define FEATURES 8 /* that the random operations use */

static void plain(void)
{
}

static void put(const struct isahp_features *usable, bool select)
{
	isahp_library_init();
	pthread_mutex_lock(&isahp_library.lock);
	isahp_library.usable = *usable;
	if (select)
		isahp_operations_select();
	pthread_mutex_unlock(&isahp_library.lock);
}

static const struct isahp_variant sse3[] = {
	ISAHP_VARIANT("plain", plain, 10, ISAHP_SET_NONE),
	ISAHP_VARIANT("sse3", plain, 5, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("both", plain, 1, ISAHP_SET(SSE3, SSSE3)),
};

static const struct isahp_variant popcnt[] = {
	ISAHP_VARIANT("plain", plain, 10, ISAHP_SET_NONE),
	ISAHP_VARIANT("popcnt", plain, 5, ISAHP_SET(POPCNT)),
};

static struct isahp_operation *many(void)
{
	struct isahp_operation *op = calloc(MANY, sizeof(*op));
	int i;

	cr_assert(op);
	for (i = 0; i < MANY; i++) {
		struct isahp_operation one = ISAHP_OPERATION_INIT(
			"one of many", i % (MANY / CONCERNED) ? popcnt : sse3, 2, 0);

		if (one.variants == sse3)
			one.variant_count = 3;
		op[i] = one;
		cr_assert_eq(isahp_operation_register(&op[i]), 0);
	}
	return op;
}

Test(registry, a_swap_looks_at_those_it_concerns)
{
	static const struct isahp_features all = ISAHP_SET(SSE3, SSSE3, POPCNT);
	static const struct isahp_features less = ISAHP_SET(POPCNT);
	struct isahp_features none = isahp_features_none();
	struct isahp_operation *op;
	uint64_t before;
	int i, turn;

	put(&none, true);
	op = many();
	put(&all, true);
	for (turn = 0; turn < 10; turn++) {
		before = isahp_blocks_visited();
		put(turn & 1 ? &all : &less, true);
		cr_expect_eq(isahp_blocks_visited() - before, CONCERNED);
	}
	for (i = 0; i < MANY; i++)
		cr_assert_eq(isahp_operation_variant(&op[i])->cost,
			     op[i].variants == sse3 ? 1 : 5);
	put(&less, true);
	for (i = 0; i < MANY; i++)
		cr_assert_eq(isahp_operation_variant(&op[i])->cost,
			     op[i].variants == sse3 ? 10 : 5);
	/* Given back all but one; that one is found, and alone. */
	for (i = 1; i < MANY; i++)
		if (op[i].variants == sse3)
			cr_assert_eq(isahp_operation_unregister(&op[i]), 0);
	before = isahp_blocks_visited();
	put(&all, true);
	cr_expect_eq(isahp_blocks_visited() - before, 1);
	cr_expect_eq(isahp_operation_variant(&op[0]), &sse3[2]);
}

/* --- against a model that looks at everything ---------------------------------- */

#define OPS 64
#define VARIANTS 4

struct model {
	struct isahp_operation op;
	struct isahp_variant variant[VARIANTS];
	char name[16];
	bool registered;
};

static struct model model[OPS];
static uint64_t state;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % n;
}

static struct isahp_features random_set(void)
{
	struct isahp_features set = isahp_features_none();
	uint32_t bits = below(1 << FEATURES);
	unsigned int i;

	/* From all four words. */
	for (i = 0; i < FEATURES; i++)
		if (bits >> i & 1)
			isahp_features_add(&set, i * (ISAHP_FEATURE_MAX / FEATURES));
	return set;
}

static const struct isahp_variant *expected(const struct model *m,
					    const struct isahp_features *usable)
{
	const struct isahp_variant *best = NULL;
	int i;

	for (i = 0; i < VARIANTS; i++)
		if (isahp_features_subset(&m->variant[i].needs, usable) &&
		    (!best || m->variant[i].cost < best->cost))
			best = &m->variant[i];
	return best;
}

static void make(struct model *m)
{
	struct isahp_operation op =
		ISAHP_OPERATION_INIT("random", m->variant, VARIANTS, 0);
	int i;

	for (i = 0; i < VARIANTS; i++) {
		m->variant[i].name = "v";
		m->variant[i].fn = plain;
		m->variant[i].cost = below(6);
		m->variant[i].needs = i ? random_set() : isahp_features_none();
	}
	m->op = op;
	cr_assert_eq(isahp_operation_register(&m->op), 0);
}

static void toggle(struct model *m)
{
	if (m->registered)
		cr_assert_eq(isahp_operation_unregister(&m->op), 0);
	else
		make(m);
	m->registered = !m->registered;
}

static void compare(const struct isahp_features *usable)
{
	struct isahp_features needs = isahp_features_none();
	struct isahp_features shown;
	int i, v;

	for (i = 0; i < OPS; i++) {
		if (!model[i].registered)
			continue;
		cr_assert_eq(isahp_operation_variant(&model[i].op),
			     expected(&model[i], usable));
		for (v = 0; v < VARIANTS; v++)
			needs = isahp_features_or(&needs, &model[i].variant[v].needs);
	}
	shown = isahp_operations_needs();
	cr_assert(isahp_features_equal(&shown, &needs));
}

Test(registry, any_order_of_changes_ends_on_the_right_variants, .timeout = 120)
{
	struct isahp_features frozen, usable = isahp_features_none();
	const char *seed = getenv("ISAHP_SEED");
	int step;

	if (seed)
		state = strtoull(seed, NULL, 0);
	else if (getrandom(&state, sizeof(state), 0) != sizeof(state) || !state)
		state = 1;
	fprintf(stderr, "seed: ISAHP_SEED=%llu\n", (unsigned long long)state);
	put(&usable, true);
	for (step = 0; step < STEPS; step++) {
		if (below(8)) {
			toggle(&model[below(OPS)]);
		} else {
			/* Frozen, registered meanwhile, then on or back again. */
			frozen = random_set();
			put(&frozen, false);
			toggle(&model[below(OPS)]);
			if (below(2))
				usable = frozen;
			put(&usable, true);
		}
		if (!below(16))
			compare(&usable);
	}
}
