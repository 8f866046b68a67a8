// SPDX-License-Identifier: GPL-2.0-or-later
/* A pool of one vendor's hosts, and VMs as they live in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

#include "policy_vm.h"

void policy_pool_make(struct policy_pool *p, size_t hosts, bool unlike)
{
	struct isahp_error err;
	size_t i;

	memset(p, 0, sizeof(*p));
	snprintf(p->pool.name, sizeof(p->pool.name), "bench");
	p->pool.options.name = p->pool.name;
	p->pool.accepted = ~0ULL;
	p->pool.hosts = calloc(hosts, sizeof(*p->pool.hosts));
	if (!p->pool.hosts)
		policy_die("out of memory");
	p->pool.host_count = hosts;
	for (i = 0; i < hosts; i++) {
		policy_host_make(&p->pool.hosts[i], (unsigned int)i);
		p->pool.hosts[i].microcode = unlike ? (__u32)i + 1 : 0x100;
	}
	if (isahp_pool_merge(&p->pool, &p->merged, &err))
		policy_die(err.text);
}

/* VMs of one kind were given another envelope than those of another. */
static void narrow(struct isahp_vm_record *vm, unsigned int kind)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_COUNT; i++)
		if (kind >> (i % 16) & 1)
			isahp_features_del(&vm->list[ISAHP_VM_ENVELOPE], i);
}

void policy_vm_make(const struct policy_pool *p, struct isahp_vm_record *vm, size_t number,
		    unsigned int kind)
{
	memset(vm, 0, sizeof(*vm));
	snprintf(vm->name, sizeof(vm->name), "vm%06zu", number);
	vm->masked = true;
	vm->registered = true;
	vm->entry = ISAHP_ENTRY_FOLLOWS;
	vm->vendor = vm->boot_vendor = ISAHP_VENDOR_INTEL;
	vm->xcr0 = vm->layout.xcr0 = 3;
	vm->layout.known = true;
	vm->errata = ~0ULL;
	vm->list[ISAHP_VM_BASELINE] = p->merged.features;
	vm->list[ISAHP_VM_SHOWN] = p->merged.features;
	vm->list[ISAHP_VM_ANNOUNCED] = p->merged.features;
	vm->list[ISAHP_VM_ENVELOPE] = isahp_features_known();
	vm->cpuid = p->merged.profile; /* the pool's: not to be freed */
	narrow(vm, kind);
}

void policy_pool_drop(struct policy_pool *p)
{
	isahp_merged_free(&p->merged);
	isahp_pool_free(&p->pool);
}
