/* SPDX-License-Identifier: MIT */
/* A pool with VMs, for the tests of plans, and somebody who carries plans out. */
#ifndef ISAHP_TESTS_POLICY_PLAN_H
#define ISAHP_TESTS_POLICY_PLAN_H

#include <hypervisor-shim/policy/plan.h>

#define WORLD_HOSTS 64
#define WORLD_VMS 64

/** struct world - hosts and VMs */
struct world {
	struct isahp_pool pool;
	struct isahp_profile hosts[WORLD_HOSTS];
	size_t host_count;
	struct isahp_vm_record records[WORLD_VMS];
	char on[WORLD_VMS][ISAHP_PROFILE_NAME_SIZE];
	struct isahp_plan_vm vms[WORLD_VMS];
	size_t vm_count;
};

/** world_host - add one; it is the world's then */
void world_host(struct world *w, struct isahp_profile host);

/**
 * world_vm - add a masked one with the module, which enabled what it is shown
 * @baseline: features.
 * @announced: beside them.
 *
 * Its envelope is everything.
 */
void world_vm(struct world *w, const char *name, const char *host, const char *baseline,
	      const char *announced);

/** world_record - add one */
void world_record(struct world *w, const struct isahp_vm_record *record,
		  const char *host);

/** world_plan - make one; fails the test when that fails */
void world_plan(struct world *w, const struct isahp_plan_change *change,
		struct isahp_plan *ret);

/**
 * world_executes - carry a plan out on paper, up to a step that is blocked
 *
 * Fails the test where isahpd would refuse a step, where a VM is announced what its
 * host lacks, where a host goes with a VM on it, or where the pool promises what a
 * host of it lacks.
 */
void world_executes(const struct world *w, const struct isahp_plan_change *change,
		    const struct isahp_plan *plan);

void world_free(struct world *w);

#endif /* ISAHP_TESTS_POLICY_PLAN_H */
