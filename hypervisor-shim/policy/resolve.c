// SPDX-License-Identifier: GPL-2.0-or-later
/* The operators, on what was gathered. */
#include <errno.h>
#include <stdlib.h>

#include <isa-core/features.h>

#include "flag.h"
#include "merging.h"

/* One register of the result. */
struct answer {
	__u64 value;
	__u64 known;
};

__u32 isahp_merging_conflict(const struct isahp_seen *seen, __u64 mask)
{
	__u64 bits = seen->zero & seen->one & mask;
	__u32 first = ISAHP_SEEN_NONE;

	for (; bits; bits &= bits - 1) {
		unsigned int b = (unsigned int)__builtin_ctzll(bits);
		__u32 host = seen->host_zero[b] > seen->host_one[b] ?
				     seen->host_zero[b] :
				     seen->host_one[b];

		if (host < first)
			first = host;
	}
	return first;
}

static const struct isahp_profile *host_at(const struct isahp_merging *m, __u32 index)
{
	return index == ISAHP_SEEN_NONE ? NULL : m->hosts[index];
}

static void decide(struct isahp_merging *m, const struct isahp_gathered *slot,
		   unsigned int reg, const struct isahp_field *field,
		   struct isahp_decision d)
{
	d.place.leaf = slot->leaf;
	d.place.subleaf = slot->subleaf;
	d.place.reg = slot->msr ? ISAHP_REGISTER_MSR : reg;
	d.operator = field->operator;
	/* "features" says little of one of them. */
	d.name = d.place.width < field->width ? isahp_flag_name(&d.place) : NULL;
	d.name = d.name ? d.name : field->name;
	d.feature = isahp_place_feature(&d.place);
	d.needs = -1;
	isahp_decision_add(&m->decisions, d);
}

static void decide_bits(struct isahp_merging *m, const struct isahp_gathered *slot,
			unsigned int reg, const struct isahp_field *const *map,
			__u64 bits, struct isahp_decision d, const __u32 *hosts)
{
	for (; bits; bits &= bits - 1) {
		unsigned int b = (unsigned int)__builtin_ctzll(bits);

		d.place.shift = b;
		d.place.width = 1;
		d.lowest = host_at(m, hosts[b]);
		decide(m, slot, reg, map[b], d);
	}
}

static void resolve_and(struct isahp_merging *m, const struct isahp_gathered *slot,
			unsigned int reg, const struct isahp_field *const *map,
			__u64 mask, struct answer *a)
{
	const struct isahp_seen *s = &slot->seen[reg];
	__u64 all = s->one & ~s->zero & ~s->unknown & mask;

	a->value |= all;
	a->known |= all | (s->zero & mask);
	decide_bits(m, slot, reg, map, s->one & s->zero & mask,
		    (struct isahp_decision){ .told = true, .before = 1,
					     .rule = "not on every host" },
		    s->host_zero);
	decide_bits(m, slot, reg, map, s->one & s->unknown & ~s->zero & mask,
		    (struct isahp_decision){ .before = 1,
					     .rule = "a host did not tell, so it "
						     "is not promised" },
		    s->host_unknown);
}

static void resolve_or(struct isahp_merging *m, const struct isahp_gathered *slot,
		       unsigned int reg, const struct isahp_field *const *map,
		       __u64 mask, struct answer *a)
{
	const struct isahp_seen *s = &slot->seen[reg];
	__u64 untold = s->zero & s->unknown & ~s->one & mask, bits;

	a->value |= s->one & mask;
	a->known |= (s->one | (s->zero & ~s->unknown)) & mask;
	/* Of bits that have no row of their own, each would be a line. */
	for (bits = untold; bits; bits &= bits - 1)
		if (map[__builtin_ctzll(bits)]->width > 1)
			untold &= ~(bits & -bits);
	decide_bits(m, slot, reg, map, s->one & s->zero & mask,
		    (struct isahp_decision){ .told = true, .result = 1,
					     .rule = "a guest has to heed it on "
						     "some host, so in the pool" },
		    s->host_one);
	decide_bits(m, slot, reg, map, untold,
		    (struct isahp_decision){ .rule = "a host did not tell whether a "
						     "guest has to heed it" },
		    s->host_unknown);
}

/* What a host says of a field; 0 where it does not have the leaf. */
static __u64 value_on(const struct isahp_profile *host, const struct isahp_gathered *slot,
		      unsigned int reg, const struct isahp_field *field)
{
	const struct isahp_cpuid_leaf *l;
	const struct isahp_msr *msr;

	if (slot->msr) {
		msr = isahp_profile_msr(host, slot->leaf);
		return msr ? (msr->value & isahp_field_mask(field)) >> field->shift : 0;
	}
	l = isahp_profile_leaf(host, slot->leaf, slot->subleaf);
	return l ? (l->value[reg] & isahp_field_mask(field)) >> field->shift : 0;
}

static void resolve_equal(struct isahp_merging *m, const struct isahp_gathered *slot,
			  unsigned int reg, const struct isahp_field *f,
			  __u64 mask, struct answer *a)
{
	const struct isahp_seen *s = &slot->seen[reg];
	__u32 host = isahp_merging_conflict(s, mask);
	struct isahp_decision d = {
		.place = { .shift = f->shift, .width = f->width },
		.told = true,
		.before = value_on(m->hosts[0], slot, reg, f),
	};

	if (s->unknown & mask) {
		d.told = false;
		d.rule = "a host did not tell, and it must be the same on all";
		d.lowest = host_at(m, s->host_unknown[__builtin_ctzll(s->unknown & mask)]);
		if (s->one & mask) /* something is lost by it */
			decide(m, slot, reg, f, d);
		return;
	}
	if (((s->one | s->zero) & mask) != mask)
		return;
	a->known |= mask;
	if (host == ISAHP_SEEN_NONE) {
		a->value |= s->one & mask;
		return;
	}
	d.rule = "not the same on all hosts, and no other value suits both";
	d.lowest = host_at(m, host);
	decide(m, slot, reg, f, d);
}

static void resolve_number(struct isahp_merging *m, const struct isahp_gathered *slot,
			   unsigned int reg, const struct isahp_seen_number *n,
			   struct answer *a)
{
	const struct isahp_seen *s = &slot->seen[reg];
	__u64 mask = isahp_field_mask(n->field);
	bool least = n->field->operator == ISAHP_OPERATOR_MIN;
	struct isahp_decision d = {
		.place = { .shift = n->field->shift, .width = n->field->width },
		.told = true,
		.before = least ? n->most : n->least,
		.result = least ? n->least : n->most,
		.rule = least ? "the least of all hosts" : "the most of all hosts",
		.lowest = host_at(m, least ? n->host_least : n->host_most),
	};

	if (n->host_least == ISAHP_SEEN_NONE)
		return; /* nobody told */
	if (s->unknown & mask) {
		d.told = false;
		d.result = 0;
		d.rule = "a host did not tell";
		d.lowest = host_at(m, s->host_unknown[__builtin_ctzll(s->unknown & mask)]);
		if (n->most)
			decide(m, slot, reg, n->field, d);
		return;
	}
	a->known |= mask;
	a->value |= d.result << n->field->shift;
	if (n->least != n->most)
		decide(m, slot, reg, n->field, d);
}

/* What belongs to the machine is hidden here; other choices come later. */
static void resolve_host(struct isahp_merging *m, const struct isahp_gathered *slot,
			 unsigned int reg, const struct isahp_field *f, struct answer *a)
{
	__u64 mask = isahp_field_mask(f);
	const struct isahp_seen *s = &slot->seen[reg];

	a->known |= mask;
	if (s->one & mask)
		decide(m, slot, reg, f,
		       (struct isahp_decision){
			       .place = { .shift = f->shift, .width = f->width },
			       .told = true,
			       .before = (s->one & mask) >> f->shift,
			       .rule = "tells of the machine, which a guest leaves",
		       });
}

static struct answer resolve_register(struct isahp_merging *m,
				      const struct isahp_gathered *slot, unsigned int reg)
{
	unsigned int bits = slot->msr ? 64 : 32, bit, i;
	const struct isahp_seen *s = &slot->seen[reg];
	__u64 and_mask = 0, or_mask = 0;
	const struct isahp_field *map[64];
	struct answer a = { 0 };

	isahp_field_map(slot->leaf, slot->subleaf,
			slot->msr ? ISAHP_REGISTER_MSR : reg, map);
	for (bit = 0; bit < bits; bit++) {
		const struct isahp_field *f = map[bit];

		if (f->operator == ISAHP_OPERATOR_AND)
			and_mask |= 1ULL << bit;
		else if (f->operator == ISAHP_OPERATOR_OR)
			or_mask |= 1ULL << bit;
		else if (f->shift != bit)
			continue;
		else if (f->operator == ISAHP_OPERATOR_EQUAL)
			resolve_equal(m, slot, reg, f, isahp_field_mask(f), &a);
		else if (f->choice == ISAHP_CHOICE_HOST)
			resolve_host(m, slot, reg, f, &a);
	}
	resolve_and(m, slot, reg, map, and_mask, &a);
	resolve_or(m, slot, reg, map, or_mask, &a);
	for (i = 0; i < s->numbers; i++)
		if (s->number[i].field->choice == ISAHP_CHOICE_NONE)
			resolve_number(m, slot, reg, &s->number[i], &a);
	return a;
}

int isahp_merging_resolve(struct isahp_merging *m)
{
	const struct isahp_gather *g = &m->gather;
	struct isahp_profile *p = &m->profile;
	unsigned int reg;
	size_t i;

	p->leaves = calloc(g->slot_count, sizeof(*p->leaves));
	p->msrs = calloc(g->slot_count, sizeof(*p->msrs));
	if (!p->leaves || !p->msrs)
		return isahp_error_set(m->err, ISAHP_ERROR_FAILED, -ENOMEM,
				       "out of memory");
	for (i = 0; i < g->slot_count; i++) {
		const struct isahp_gathered *slot = &g->slots[i];
		struct isahp_cpuid_leaf *l;
		struct answer a;

		if (slot->msr) {
			a = resolve_register(m, slot, 0);
			p->msrs[p->msr_count++] = (struct isahp_msr){
				.number = slot->leaf,
				.value = a.value,
				.known = a.known,
			};
			continue;
		}
		l = &p->leaves[p->leaf_count++];
		l->leaf = slot->leaf;
		l->subleaf = slot->subleaf;
		for (reg = 0; reg < 4; reg++) {
			a = resolve_register(m, slot, reg);
			l->value[reg] = (__u32)a.value;
			l->known[reg] = (__u32)a.known;
		}
	}
	return 0;
}
