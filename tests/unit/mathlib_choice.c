/* SPDX-License-Identifier: MIT */
/*
 * Whatever feature goes, each operation of blas1, bits, igemm, elementary and fft
 * is on the cheapest variant that the rest allows, and back when it returns.
 */
#include <stdio.h>
#include <mathlib/mathlib.h>

#include "lib_fixture.h"

static struct isahp_operation *const operations[] = {
	&ml_sdot_operation,	&ml_ddot_operation,
	&ml_saxpy_operation,	&ml_daxpy_operation,
	&ml_snrm2_operation,	&ml_dnrm2_operation,
	&ml_sgemv_operation,	&ml_dgemv_operation,
	&ml_popcount_operation, &ml_hamming_operation,
	&ml_crc32c_operation,	&ml_base64_encode_operation,
	&ml_igemm_operation,	&ml_base64_decode_operation,
	&ml_sexp_operation,	&ml_dexp_operation,
	&ml_slog_operation,	&ml_dlog_operation,
	&ml_ssin_operation,	&ml_dsin_operation,
	&ml_sfft_operation,	&ml_dfft_operation,
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* The rule of the library, from its documentation and not from its code. */
static const struct isahp_variant *cheapest(const struct isahp_operation *op,
					    const struct isahp_features *usable)
{
	const struct isahp_variant *best = NULL;
	size_t i;

	for (i = 0; i < op->variant_count; i++) {
		const struct isahp_variant *v = &op->variants[i];

		if (isahp_features_subset(&v->needs, usable) &&
		    (!best || v->cost < best->cost))
			best = v;
	}
	return best;
}

/* What the variants name: taken away one by one, with what depends on it. */
static struct isahp_features named(void)
{
	struct isahp_features set = isahp_features_none();
	size_t i, j;

	for (i = 0; i < OPERATIONS; i++) {
		for (j = 0; j < operations[i]->variant_count; j++)
			set = isahp_features_or(&set,
						&operations[i]->variants[j].needs);
	}
	return isahp_features_and(&set, &all);
}

static unsigned int settle(const struct isahp_features *usable)
{
	unsigned int moved = 0;
	size_t i;

	lib_shim_announce(&shim, usable);
	for (i = 0; i < OPERATIONS; i++) {
		const struct isahp_variant *v = cheapest(operations[i], usable);

		eventually(isahp_operation_variant(operations[i]) == v);
		moved += v != cheapest(operations[i], &all);
	}
	return moved;
}

TestSuite(mathlib_choice, .init = setup, .fini = teardown, .timeout = 100);

Test(mathlib_choice, without_a_feature_the_next_cheapest_serves)
{
	struct isahp_features set = named();
	unsigned int n, features = 0, moved = 0;

	start(0);
	for (n = 0; n < ISAHP_FEATURE_COUNT; n++) {
		struct isahp_features gone = one(n);
		struct isahp_features left = isahp_features_without(&all, &gone);

		if (!isahp_features_has(&set, n))
			continue;
		features++;
		moved += settle(&left);
		settle(&all);
	}
	fprintf(stderr, "%u features, %u moves\n", features, moved);
	cr_assert(features && moved);
}

/* One at a time until nothing is left, whatever the order of their numbers. */
Test(mathlib_choice, down_to_the_base)
{
	struct isahp_features set = named(), left;
	unsigned int n;
	size_t i;

	start(0);
	left = all;
	for (n = ISAHP_FEATURE_COUNT; n-- > 0;) {
		struct isahp_features gone = one(n);

		if (!isahp_features_has(&set, n))
			continue;
		left = isahp_features_without(&left, &gone);
		settle(&left);
	}
	for (i = 0; i < OPERATIONS; i++) {
		const struct isahp_variant *v =
			isahp_operation_variant(operations[i]);

		cr_assert(isahp_features_subset(&v->needs, &none));
	}
}
