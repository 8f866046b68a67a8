/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pools and VMs to measure with. */
#ifndef ISAHP_BENCH_POLICY_VM_H
#define ISAHP_BENCH_POLICY_VM_H

#include <hypervisor-shim/policy/pool.h>

#include "policy.h"

/** struct policy_pool - a pool, and what it promises */
struct policy_pool {
	struct isahp_pool pool;
	struct isahp_merged merged;
};

/**
 * policy_pool_make - so many hosts, of POLICY_KINDS kinds
 * @unlike: each has a microcode of its own, so that no two are alike.
 */
void policy_pool_make(struct policy_pool *p, size_t hosts, bool unlike);

/** policy_pool_drop - what it owns */
void policy_pool_drop(struct policy_pool *p);

/**
 * policy_vm_make - a VM that booted in the pool, and was announced nothing yet
 * @kind: those of one kind are alike; less than 65536.
 */
void policy_vm_make(const struct policy_pool *p, struct isahp_vm_record *vm, size_t number,
		    unsigned int kind);

#endif /* ISAHP_BENCH_POLICY_VM_H */
