/* SPDX-License-Identifier: MIT */
/* The hosts that a program with matrix products is taken from and to. */
#ifndef MATHLIB_GEMM_HOST_H
#define MATHLIB_GEMM_HOST_H

#include <criterion/criterion.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include <unistd.h>

#include "eventually.h"
#include "lib_shim.h"
#include "mathlib_gemm_case.h"

static struct lib_shim shim;

/**
 * struct host - what a VM may run on
 * @has: its features.
 * @layout: that operands have there: floats, doubles.
 */
struct host {
	struct isahp_features has;
	uint32_t layout[2];
};

static struct host wide, narrow, bare;
static const struct host *now;

static inline void setup(void)
{
	struct isahp_features gone = isahp_features_none();
	struct isahp_features all = isahp_cpuid_features();
	struct isahp_options options = { .size = sizeof(options) };

	all = isahp_features_enabled(&all, isahp_cpuid_xcr0());
	wide = (struct host){ all, { 32, 16 } };
	isahp_features_add(&gone, ISAHP_FEATURE_AVX512F);
	narrow = (struct host){ isahp_features_without(&all, &gone), { 16, 8 } };
	isahp_features_add(&gone, ISAHP_FEATURE_AVX2);
	isahp_features_add(&gone, ISAHP_FEATURE_FMA);
	bare = (struct host){ isahp_features_without(&all, &gone), { 8, 4 } };
	if (!isahp_features_has(&all, ISAHP_FEATURE_AVX512F))
		cr_skip_test("this CPU has no AVX-512 to take away");
	lib_shim_start(&shim, &all);
	now = &wide;
	options.loopback = shim.path;
	cr_assert_eq(isahp_start(&options), 0);
}

static inline void teardown(void)
{
	isahp_stop();
	if (now)
		lib_shim_stop(&shim);
}

static inline uint32_t layout_of(const struct ml_plan *plan)
{
	const struct ml_packed *p = ml_plan_get(plan);
	uint32_t layout = p->layout;

	ml_packed_put(p);
	return layout;
}

static inline uint32_t generation_of(const struct ml_plan *plan)
{
	const struct ml_packed *p = ml_plan_get(plan);
	uint32_t generation = p->generation;

	ml_packed_put(p);
	return generation;
}

/* The operations are there, and events are behind us. */
static inline bool arrived(const struct host *h)
{
	struct isahp_status s = { .size = sizeof(s) };

	cr_assert_eq(isahp_status(&s), 0);
	return isahp_features_subset(&s.usable, &h->has) &&
	       isahp_features_has(&s.usable, ISAHP_FEATURE_AVX512F) ==
		       isahp_features_has(&h->has, ISAHP_FEATURE_AVX512F) &&
	       isahp_features_has(&s.usable, ISAHP_FEATURE_AVX2) ==
		       isahp_features_has(&h->has, ISAHP_FEATURE_AVX2);
}

/* Announce what leaves, and wait for the acknowledgement. */
static inline void leave_for(const struct host *h)
{
	struct isahp_features gone = isahp_features_andnot(&now->has, &h->has);
	__u64 n = lib_shim_prepare(&shim, &gone, LONG_MS);

	cr_assert(lib_shim_answered(&shim, n, ISAHP_ACK, LONG_MS));
}

static inline void arrive_at(const struct host *h)
{
	lib_shim_commit(&shim, &h->has);
	now = h;
	eventually(arrived(h));
}

#endif /* MATHLIB_GEMM_HOST_H */
