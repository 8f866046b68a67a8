// SPDX-License-Identifier: GPL-2.0-or-later
#include "gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <isahp/features.h>

#define LEAF_CACHE 4
#define LEAF_STRUCTURED 7
#define LEAF_XSAVE 0xd
#define LEAF_ADDRESS 0x80000008u
#define LEAF_CACHE_AMD 0x8000001du
/* Of EAX of the two: the type, and all that is not topology. */
#define CACHE_TYPE 0x1f
#define CACHE_BITS 0x3fff

/* Inputs of CPUID and MSRs, as numbers that sort. */
struct keys {
	__u64 key[ISAHP_PROFILE_LEAVES_MAX];
	size_t count;
	size_t max;
};

static __u64 key_of(__u32 leaf, __u32 subleaf)
{
	return (__u64)leaf << 32 | subleaf;
}

/* @place: where the search begins; of the previous, smaller key. */
static bool keys_add(struct keys *keys, __u64 key, size_t *place)
{
	size_t i = *place;

	while (i < keys->count && keys->key[i] < key)
		i++;
	*place = i;
	if (i < keys->count && keys->key[i] == key)
		return true;
	if (keys->count == keys->max)
		return false;
	memmove(&keys->key[i + 1], &keys->key[i],
		(keys->count - i) * sizeof(keys->key[0]));
	keys->key[i] = key;
	keys->count++;
	return true;
}

static bool keys_add_host(struct keys *leaves, struct keys *msrs,
			  const struct isahp_profile *host)
{
	size_t place = 0, i;

	for (i = 0; i < host->leaf_count; i++)
		if (!keys_add(leaves, key_of(host->leaves[i].leaf,
					     host->leaves[i].subleaf), &place))
			return false;
	place = 0;
	for (i = 0; i < host->msr_count; i++)
		if (!keys_add(msrs, host->msrs[i].number, &place))
			return false;
	return true;
}

static void seen_init(struct isahp_seen *seen, const struct isahp_gathered *slot,
		      unsigned int reg)
{
	unsigned int bit, bits = slot->msr ? 64 : 32;
	const struct isahp_field *map[64], *f;

	memset(seen->host_zero, 0xff, sizeof(seen->host_zero));
	memset(seen->host_one, 0xff, sizeof(seen->host_one));
	memset(seen->host_unknown, 0xff, sizeof(seen->host_unknown));
	isahp_field_map(slot->leaf, slot->subleaf, reg, map);
	for (bit = 0; bit < bits; bit++) {
		f = map[bit];
		if ((f->operator != ISAHP_OPERATOR_MIN &&
		     f->operator != ISAHP_OPERATOR_MAX &&
		     f->choice != ISAHP_CHOICE_CACHE) ||
		    f->shift != bit || seen->numbers == ISAHP_SEEN_NUMBERS)
			continue;
		seen->number[seen->numbers++] = (struct isahp_seen_number){
			.field = f,
			.least = ~0ULL,
			.host_least = ISAHP_SEEN_NONE,
			.host_most = ISAHP_SEEN_NONE,
		};
	}
}

static void slot_init(struct isahp_gathered *slot, bool msr, __u64 key)
{
	unsigned int reg;

	slot->msr = msr;
	slot->leaf = msr ? (__u32)key : (__u32)(key >> 32);
	slot->subleaf = msr ? 0 : (__u32)key;
	slot->least_address = ISAHP_SEEN_NONE;
	slot->address_zero = true;
	slot->component = !msr && slot->leaf == LEAF_XSAVE && slot->subleaf >= 2;
	slot->tuning = !msr && isahp_field_find(slot->leaf, slot->subleaf, ISAHP_EAX,
						0)->choice == ISAHP_CHOICE_CACHE;
	if (msr) {
		seen_init(&slot->seen[0], slot, ISAHP_REGISTER_MSR);
		return;
	}
	for (reg = 0; reg < 4; reg++)
		seen_init(&slot->seen[reg], slot, reg);
}

static void note_first(__u32 *first, __u64 bits, __u32 host)
{
	for (; bits; bits &= bits - 1)
		first[__builtin_ctzll(bits)] = host;
}

static void number_see(struct isahp_seen_number *n, __u64 value, __u64 known,
		       __u32 host)
{
	__u64 mask = isahp_field_mask(n->field);

	if ((known & mask) != mask)
		return;
	value = (value & mask) >> n->field->shift;
	if (value < n->least || n->host_least == ISAHP_SEEN_NONE) {
		n->least = value;
		n->host_least = host;
	}
	if (value > n->most || n->host_most == ISAHP_SEEN_NONE) {
		n->most = value;
		n->host_most = host;
	}
}

static inline void see(struct isahp_seen *seen, __u64 value, __u64 known,
		       __u64 unknown, __u32 host)
{
	__u64 one = value & known, zero = ~value & known;
	unsigned int i;

	/* Rare but for the first hosts: most say what others said. */
	if ((one & ~seen->one) | (zero & ~seen->zero) | (unknown & ~seen->unknown)) {
		note_first(seen->host_one, one & ~seen->one, host);
		note_first(seen->host_zero, zero & ~seen->zero, host);
		note_first(seen->host_unknown, unknown & ~seen->unknown, host);
		seen->one |= one;
		seen->zero |= zero;
		seen->unknown |= unknown;
	}
	for (i = 0; i < seen->numbers; i++)
		number_see(&seen->number[i], value, known, host);
}

/*
 * Of the cache that leaf 4 or 8000_001DH describes, in bytes; 0: none (SDM 2A,
 * CPUID, 04H: ways x partitions x line x sets).
 */
static __u64 cache_size(const struct isahp_cpuid_leaf *leaf)
{
	__u32 ebx = leaf->value[ISAHP_EBX];

	if (!(leaf->value[ISAHP_EAX] & CACHE_TYPE))
		return 0;
	return (__u64)((ebx >> 22) + 1) * ((ebx >> 12 & 0x3ff) + 1) *
	       ((ebx & 0xfff) + 1) * ((__u64)leaf->value[ISAHP_ECX] + 1);
}

/* A total order, so that which host comes first does not matter. */
static int cache_compare(const struct isahp_cpuid_leaf *a,
			 const struct isahp_cpuid_leaf *b)
{
	__u64 size_a = cache_size(a), size_b = cache_size(b);
	unsigned int reg;

	if (size_a != size_b)
		return size_a < size_b ? -1 : 1;
	for (reg = 0; reg < 4; reg++) {
		__u32 mask = reg == ISAHP_EAX ? CACHE_BITS : 0xffffffff;
		__u32 va = a->value[reg] & mask, vb = b->value[reg] & mask;

		if (va != vb)
			return va < vb ? -1 : 1;
	}
	return 0;
}

static void cache_see(struct isahp_gathered *slot, const struct isahp_cpuid_leaf *leaf)
{
	if ((leaf->known[ISAHP_EAX] & CACHE_BITS) != CACHE_BITS ||
	    (leaf->known[ISAHP_EBX] & leaf->known[ISAHP_ECX] &
	     leaf->known[ISAHP_EDX]) != 0xffffffff)
		return;
	if (!slot->least_cache || cache_compare(leaf, slot->least_cache) < 0)
		slot->least_cache = leaf;
}

/* APM 3, E.4, 8000_0008H: guest bits of 0 are as many as the physical ones. */
static void address_see(struct isahp_gathered *slot, const struct isahp_cpuid_leaf *leaf)
{
	__u32 guest = leaf->value[ISAHP_EAX] >> 16 & 0xff;
	__u32 bits = guest ? guest : leaf->value[ISAHP_EAX] & 0xff;

	if (bits < slot->least_address)
		slot->least_address = bits;
	slot->address_zero &= !guest;
}

/* Bits of a host that are known to be 0. */
static bool known_zero(const struct isahp_profile *host, __u32 leaf, __u32 subleaf,
		       unsigned int reg, __u32 bits)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(host, leaf, subleaf);

	return l && (l->known[reg] & ~l->value[reg] & bits) == bits;
}

/* Neither XCR0 nor IA32_XSS can have the component (SDM 2A, CPUID, 0DH). */
static bool component_absent(const struct isahp_profile *host, __u32 number)
{
	__u32 bit = 1u << (number & 31);

	if (number > 63)
		return true;
	return known_zero(host, LEAF_XSAVE, 0, number < 32 ? ISAHP_EAX : ISAHP_EDX, bit) &&
	       known_zero(host, LEAF_XSAVE, 1, number < 32 ? ISAHP_ECX : ISAHP_EDX, bit);
}

static void leaf_see(struct isahp_gathered *slot, const struct isahp_profile *profile,
		     const struct isahp_cpuid_leaf *leaf, __u32 host)
{
	unsigned int reg;

	/* What is not there has no place, and no say. */
	if (slot->component && component_absent(profile, slot->subleaf))
		return;
	for (reg = 0; reg < 4; reg++)
		see(&slot->seen[reg], leaf->value[reg], leaf->known[reg],
		    slot->tuning ? 0 : (__u32)~leaf->known[reg], host);
	if (slot->tuning && (slot->leaf == LEAF_CACHE || slot->leaf == LEAF_CACHE_AMD))
		cache_see(slot, leaf);
	if (slot->leaf == LEAF_ADDRESS)
		address_see(slot, leaf);
}

static bool beyond_last(const struct isahp_profile *host, __u32 leaf)
{
	__u32 base = leaf >= 0x80000000 ? leaf & 0xc0000000 :
		     leaf >> 28 == 4   ? 0x40000000 :
					 0;
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(host, base, 0);

	/* Centaur's own range: who does not list it is another vendor's. */
	if (base == 0xc0000000 && !l)
		return true;
	return l && l->known[ISAHP_EAX] == 0xffffffff && l->value[ISAHP_EAX] < leaf;
}

bool isahp_gather_absent(const struct isahp_profile *host, __u32 leaf, __u32 subleaf)
{
	const struct isahp_cpuid_leaf *first;
	unsigned int reg;

	if (beyond_last(host, leaf))
		return true;
	if (!subleaf)
		return false;
	/* A component that may be there lies somewhere. */
	if (leaf == LEAF_XSAVE && subleaf >= 2)
		return component_absent(host, subleaf);
	first = isahp_profile_leaf(host, leaf, 0);
	if (!first)
		return false;
	if (leaf == LEAF_STRUCTURED && first->known[ISAHP_EAX] == 0xffffffff &&
	    subleaf > first->value[ISAHP_EAX])
		return true;
	/* Who lists one subleaf whole lists them all. */
	for (reg = 0; reg < 4; reg++)
		if (first->known[reg] != 0xffffffff)
			return false;
	return true;
}

static void leaf_miss(struct isahp_gathered *slot, const struct isahp_profile *host,
		      __u32 index)
{
	bool absent = isahp_gather_absent(host, slot->leaf, slot->subleaf);
	unsigned int reg;

	if (slot->tuning || (slot->component && absent))
		return;
	for (reg = 0; reg < 4; reg++)
		see(&slot->seen[reg], 0, absent ? 0xffffffff : 0,
		    absent ? 0 : 0xffffffff, index);
	if (absent && slot->leaf == LEAF_ADDRESS)
		slot->least_address = 0;
}

static void host_see(struct isahp_gather *gather, __u32 index)
{
	const struct isahp_profile *host = gather->hosts[index];
	size_t leaf = 0, msr = 0, i;

	for (i = 0; i < gather->slot_count; i++) {
		struct isahp_gathered *slot = &gather->slots[i];

		if (slot->msr) {
			const struct isahp_msr *m = &host->msrs[msr];

			if (msr < host->msr_count && m->number == slot->leaf) {
				see(&slot->seen[0], m->value, m->known, ~m->known, index);
				msr++;
			} else {
				see(&slot->seen[0], 0, 0, ~0ULL, index);
			}
		} else if (leaf < host->leaf_count &&
			   host->leaves[leaf].leaf == slot->leaf &&
			   host->leaves[leaf].subleaf == slot->subleaf) {
			leaf_see(slot, host, &host->leaves[leaf++], index);
		} else {
			leaf_miss(slot, host, index);
		}
	}
}

int isahp_gather_hosts(struct isahp_gather *gather,
		       const struct isahp_profile *const *hosts, size_t count,
		       struct isahp_error *err)
{
	struct keys leaves = { .max = ISAHP_PROFILE_LEAVES_MAX };
	struct keys msrs = { .max = ISAHP_PROFILE_MSRS_MAX };
	size_t i;

	*gather = (struct isahp_gather){ .hosts = hosts, .count = count };
	for (i = 0; i < count; i++)
		if (!keys_add_host(&leaves, &msrs, hosts[i]))
			return isahp_error_set(
				err, ISAHP_ERROR_USAGE, -E2BIG,
				"%s: with it, the hosts have more than %d different "
				"leaves or %d MSRs: no such CPUs exist",
				hosts[i]->name, ISAHP_PROFILE_LEAVES_MAX,
				ISAHP_PROFILE_MSRS_MAX);
	gather->slot_count = leaves.count + msrs.count;
	gather->slots = calloc(gather->slot_count, sizeof(*gather->slots));
	if (!gather->slots)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	for (i = 0; i < leaves.count; i++)
		slot_init(&gather->slots[i], false, leaves.key[i]);
	for (i = 0; i < msrs.count; i++)
		slot_init(&gather->slots[leaves.count + i], true, msrs.key[i]);
	for (i = 0; i < count; i++)
		host_see(gather, (__u32)i);
	return 0;
}

const struct isahp_gathered *isahp_gather_find(const struct isahp_gather *gather,
					   bool msr, __u32 leaf, __u32 subleaf)
{
	size_t i;

	for (i = 0; i < gather->slot_count; i++) {
		const struct isahp_gathered *s = &gather->slots[i];

		if (s->msr == msr && s->leaf == leaf && s->subleaf == subleaf)
			return s;
	}
	return NULL;
}

void isahp_gather_free(struct isahp_gather *gather)
{
	free(gather->slots);
	memset(gather, 0, sizeof(*gather));
}
