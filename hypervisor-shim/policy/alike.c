// SPDX-License-Identifier: GPL-2.0-or-later
#include "alike.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isa-core/features.h>

static bool same_leaf(const struct isahp_cpuid_leaf *a, const struct isahp_cpuid_leaf *b)
{
	unsigned int reg;

	if (a->leaf != b->leaf || a->subleaf != b->subleaf)
		return false;
	for (reg = 0; reg < 4; reg++) {
		__u32 bits = isahp_profile_common_bits(a->leaf, reg);

		if (((a->value[reg] ^ b->value[reg]) |
		     (a->known[reg] ^ b->known[reg])) & bits)
			return false;
	}
	return true;
}

static bool same_mitigations(const struct isahp_profile *a, const struct isahp_profile *b)
{
	size_t i;

	if (a->mitigation_count != b->mitigation_count)
		return false;
	for (i = 0; i < a->mitigation_count; i++)
		if (strcmp(a->mitigations[i].name, b->mitigations[i].name) ||
		    strcmp(a->mitigations[i].state, b->mitigations[i].state))
			return false;
	return true;
}

bool isahp_alike_hosts(const struct isahp_profile *a, const struct isahp_profile *b)
{
	size_t i;

	if (a == b)
		return true;
	if (a->leaf_count != b->leaf_count || a->msr_count != b->msr_count ||
	    a->xcr0_known != b->xcr0_known || a->xcr0 != b->xcr0 ||
	    a->microcode != b->microcode)
		return false;
	for (i = 0; i < a->leaf_count; i++)
		if (!same_leaf(&a->leaves[i], &b->leaves[i]))
			return false;
	for (i = 0; i < a->msr_count; i++)
		if (a->msrs[i].number != b->msrs[i].number ||
		    a->msrs[i].value != b->msrs[i].value ||
		    a->msrs[i].known != b->msrs[i].known)
			return false;
	return same_mitigations(a, b);
}

static bool same_layout(const struct isahp_layout *a, const struct isahp_layout *b)
{
	size_t i;

	if (a->known != b->known || a->xcr0 != b->xcr0)
		return false;
	for (i = 0; i < ISAHP_LAYOUT_END; i++)
		if (a->component[i].offset != b->component[i].offset ||
		    a->component[i].size != b->component[i].size)
			return false;
	return true;
}

static bool same_unknown(const struct isahp_vm_record *a, const struct isahp_vm_record *b)
{
	size_t i;

	if (a->unknown_count != b->unknown_count || a->unknown_more != b->unknown_more)
		return false;
	for (i = 0; i < a->unknown_count; i++)
		if (a->unknown[i].list != b->unknown[i].list ||
		    strcmp(a->unknown[i].name, b->unknown[i].name))
			return false;
	return true;
}

bool isahp_alike_vms(const struct isahp_vm_record *a, const struct isahp_vm_record *b)
{
	size_t i;

	for (i = 0; i < ISAHP_VM_LISTS; i++)
		if (!isahp_features_equal(&a->list[i], &b->list[i]))
			return false;
	return a->masked == b->masked && a->registered == b->registered &&
	       a->xcr0 == b->xcr0 && a->boot_vendor == b->boot_vendor &&
	       a->vendor == b->vendor && a->entry == b->entry &&
	       a->physical_bits == b->physical_bits &&
	       a->linear_bits == b->linear_bits && a->errata == b->errata &&
	       same_layout(&a->layout, &b->layout) && same_unknown(a, b) &&
	       isahp_alike_hosts(&a->cpuid, &b->cpuid);
}

/* --- hashes ----------------------------------------------------------------- */

static __u64 mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

__u64 isahp_alike_host_hash(const struct isahp_profile *host)
{
	__u64 hash = mix(host->xcr0, host->microcode);
	unsigned int reg;
	size_t i;

	for (i = 0; i < host->leaf_count; i++) {
		const struct isahp_cpuid_leaf *l = &host->leaves[i];

		hash = mix(hash, (__u64)l->leaf << 32 | l->subleaf);
		for (reg = 0; reg < 4; reg++)
			hash = mix(hash, l->value[reg] & isahp_profile_common_bits(l->leaf, reg));
	}
	for (i = 0; i < host->msr_count; i++)
		hash = mix(hash, host->msrs[i].value ^ host->msrs[i].number);
	for (i = 0; i < host->mitigation_count; i++)
		hash = mix(hash, strlen(host->mitigations[i].state));
	return hash;
}

__u64 isahp_alike_vm_hash(const struct isahp_vm_record *vm)
{
	__u64 hash = isahp_alike_host_hash(&vm->cpuid);
	size_t i, w;

	for (i = 0; i < ISAHP_VM_LISTS; i++)
		for (w = 0; w < ISAHP_FEATURE_WORDS; w++)
			hash = mix(hash, vm->list[i].word[w]);
	hash = mix(hash, vm->xcr0);
	hash = mix(hash, vm->errata);
	return mix(hash, (__u64)vm->boot_vendor << 32 | vm->vendor << 16 |
			 vm->physical_bits << 8 | vm->linear_bits);
}

/* --- kinds ------------------------------------------------------------------ */

int isahp_alike_sort(const void *const *things, size_t count,
		     __u64 (*hash)(const void *), bool (*same)(const void *, const void *),
		     size_t *ret_kind, size_t *ret_kinds)
{
	size_t size = 4, kinds = 0, i, at;
	struct slot {
		__u64 hash;
		const void *thing; /* the first of its kind; NULL: free */
		size_t kind;
	} *slots;

	while (size < 2 * count)
		size *= 2;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		__u64 h = hash(things[i]);

		for (at = h & (size - 1); slots[at].thing; at = (at + 1) & (size - 1))
			if (slots[at].hash == h && same(slots[at].thing, things[i]))
				break;
		if (!slots[at].thing)
			slots[at] = (struct slot){ h, things[i], kinds++ };
		ret_kind[i] = slots[at].kind;
	}
	free(slots);
	*ret_kinds = kinds;
	return 0;
}
