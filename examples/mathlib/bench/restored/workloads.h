/* SPDX-License-Identifier: MIT */
/* What bench_restored measures: one workload for each function of mathlib. */
#ifndef ML_WORKLOADS_H
#define ML_WORKLOADS_H

#include <mathlib/mathlib.h>

/**
 * struct workload - one function, on operands that fit into a core's L2 cache
 * @name: without "ml_".
 * @unit: of throughput: "GFLOP/s", "GB/s", "GMAC/s".
 * @work: of a call, in units of 1e-9 @unit: divided by nanoseconds it is @unit.
 * @op: its operation.
 * @follow: calls it through isahp,
 * @direct: calls one variant of it,
 * @again: the same, in a copy of its own.
 */
struct workload {
	const char *name;
	const char *unit;
	double work;
	struct isahp_operation *op;
	void (*follow)(unsigned long calls);
	void (*direct)(isahp_fn fn, unsigned long calls);
	void (*again)(isahp_fn fn, unsigned long calls);
};

extern const struct workload workloads[];
extern const size_t workload_count;

/** workloads_init - make the operands; 0 or -ENOMEM */
int workloads_init(void);

/** workload_find - by name; NULL: there is none */
const struct workload *workload_find(const char *name);

#endif /* ML_WORKLOADS_H */
