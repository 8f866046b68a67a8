// SPDX-License-Identifier: GPL-2.0-or-later
/* What rests on something that is not there goes too, and is told why. */
#include <string.h>

#include <isa-core/features.h>

#include "merging.h"

#define LEAF_ADDRESS 0x80000008u

static bool bit_set(struct isahp_merging *m, const struct isahp_place *p)
{
	const struct isahp_cpuid_leaf *l = isahp_merging_leaf(m, p->leaf, p->subleaf);

	return l && (l->value[p->reg] & l->known[p->reg] & 1u << p->shift);
}

static bool told(const struct isahp_gathered *slot, unsigned int reg, unsigned int bit)
{
	return (slot->seen[reg].zero | slot->seen[reg].one) >> bit & 1;
}

/*
 * The first host that contradicts in an EQUAL field behind a gate; or, where some
 * host tells it, the first that does not.
 */
static __u32 gate_conflict(const struct isahp_merging *m, const struct isahp_gate *g)
{
	const struct isahp_field *map[64];
	unsigned int reg, bit;
	__u32 host;
	size_t i;

	for (i = 0; i < m->gather.slot_count; i++) {
		const struct isahp_gathered *slot = &m->gather.slots[i];

		for (reg = 0; reg < 4 && !slot->msr; reg++) {
			if (!isahp_gate_opens(g, slot->leaf, slot->subleaf, reg))
				continue;
			isahp_field_map(slot->leaf, slot->subleaf, reg, map);
			for (bit = 0; bit < 32; bit++) {
				if (map[bit]->operator != ISAHP_OPERATOR_EQUAL)
					continue;
				host = isahp_merging_conflict(&slot->seen[reg],
							      1ULL << bit);
				if (host == ISAHP_SEEN_NONE && told(slot, reg, bit))
					host = slot->seen[reg].host_unknown[bit];
				if (host != ISAHP_SEEN_NONE)
					return host;
			}
		}
	}
	return ISAHP_SEEN_NONE;
}

/* A bit whose leaf can not be the same everywhere announces nothing. */
static void close_binding(struct isahp_merging *m)
{
	size_t count, i;
	const struct isahp_gate *gates = isahp_gate_table(&count);

	for (i = 0; i < count; i++) {
		const struct isahp_gate *g = &gates[i];
		__u32 host;

		if (!g->binding || !bit_set(m, &g->bit))
			continue;
		host = gate_conflict(m, g);
		if (host == ISAHP_SEEN_NONE)
			continue;
		isahp_merging_hide(isahp_merging_leaf(m, g->bit.leaf, g->bit.subleaf),
				   g->bit.reg, 1u << g->bit.shift);
		isahp_decision_add(&m->decisions, (struct isahp_decision){
			.place = g->bit,
			.operator = ISAHP_OPERATOR_EQUAL,
			.told = true,
			.before = 1,
			.rule = "hosts differ in what it announces, or do not tell",
			.name = g->name,
			.lowest = m->hosts[host],
			.feature = isahp_place_feature(&g->bit),
			.needs = -1,
		});
	}
}

static const struct {
	__u8 feature;
	__u8 needs;
	const char *reason;
} edges[] = {
#define EDGE(sym, needs_, reason_) \
	{ ISAHP_FEATURE_##sym, ISAHP_FEATURE_##needs_, reason_ },
	ISAHP_DEPENDENCY_TABLE(EDGE)
#undef EDGE
};

/* Why a feature is not in the closure. */
static void explain(const struct isahp_merging *m, int feature, __u64 available,
		    struct isahp_decision *d)
{
	__u64 lacks = isahp_feature_info(feature)->xfeatures & ~available;
	size_t i;

	if (lacks) {
		d->rule = lacks & m->hidden ?
				  "its registers lie elsewhere in XSAVE images on "
				  "some hosts" :
				  "its registers are not saved, or not enabled, on "
				  "every host";
		return;
	}
	for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		if (edges[i].feature != feature ||
		    isahp_features_has(&m->features, edges[i].needs))
			continue;
		d->needs = edges[i].needs;
		d->rule = edges[i].reason;
		return;
	}
}

static void close_features(struct isahp_merging *m)
{
	struct isahp_features shown = isahp_profile_features(&m->profile);
	__u64 available = isahp_merging_available(m);
	int i;

	m->features = isahp_features_enabled(&shown, available);
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);
		struct isahp_decision d = {
			.operator = ISAHP_OPERATOR_AND,
			.told = true,
			.before = 1,
			.feature = i,
			.needs = -1,
		};

		if (!isahp_features_has(&shown, i) || isahp_features_has(&m->features, i))
			continue;
		isahp_merging_hide(isahp_merging_leaf(m, f->leaf, f->subleaf), f->reg,
				   1u << f->bit);
		d.place = (struct isahp_place){ f->leaf, f->subleaf, f->reg, f->bit, 1 };
		d.name = f->flag;
		explain(m, i, available, &d);
		isahp_decision_add(&m->decisions, d);
	}
}

static bool gated(const struct isahp_gate *g, const struct isahp_place *p)
{
	return isahp_gate_opens(g, p->leaf, p->subleaf, p->reg);
}

/* What was decided behind a closed gate is of no interest, but for features. */
static void forget_decisions(struct isahp_merging *m, const struct isahp_gate *g)
{
	struct isahp_decisions *list = &m->decisions;
	size_t i, kept = 0;

	for (i = 0; i < list->count; i++)
		if (list->array[i].feature >= 0 || !gated(g, &list->array[i].place))
			list->array[kept++] = list->array[i];
	list->count = kept;
}

static void close_gate(struct isahp_merging *m, const struct isahp_gate *g)
{
	struct isahp_profile *p = &m->profile;
	unsigned int reg;
	size_t i;

	for (i = 0; i < p->leaf_count; i++)
		for (reg = 0; reg < 4; reg++)
			if (isahp_gate_opens(g, p->leaves[i].leaf,
					     p->leaves[i].subleaf, reg))
				isahp_merging_hide(&p->leaves[i], reg, 0xffffffff);
	for (i = 0; i < p->msr_count; i++) {
		struct isahp_msr *msr = &p->msrs[i];

		if (!isahp_gate_opens(g, msr->number, 0, ISAHP_REGISTER_MSR))
			continue;
		if (msr->value)
			isahp_decision_add(&m->decisions, (struct isahp_decision){
				.place = { msr->number, 0, ISAHP_REGISTER_MSR, 0, 64 },
				.operator = ISAHP_OPERATOR_AND,
				.told = true,
				.before = msr->value,
				.rule = "the CPUID bit that announces it is not "
					"promised: a guest takes itself for a CPU "
					"without it",
				.name = g->name,
				.feature = -1,
				.needs = -1,
			});
		msr->value = 0;
		msr->known = ~0ULL;
	}
}

void isahp_merging_close(struct isahp_merging *m)
{
	size_t count, i;
	const struct isahp_gate *gates = isahp_gate_table(&count);

	close_binding(m);
	close_features(m);
	isahp_merging_drop_unowned(m);
	for (i = 0; i < count; i++)
		if (!bit_set(m, &gates[i].bit)) {
			forget_decisions(m, &gates[i]);
			close_gate(m, &gates[i]);
		}
}

/* APM 3, E.4, 8000_0008H. */
static void recompute_address(struct isahp_merging *m)
{
	struct isahp_cpuid_leaf *l = isahp_merging_leaf(m, LEAF_ADDRESS, 0);
	const struct isahp_gathered *slot =
		isahp_gather_find(&m->gather, false, LEAF_ADDRESS, 0);
	const struct isahp_seen *s;

	if (!l || (slot->seen[ISAHP_EAX].unknown & 0xff00ff))
		return;
	s = &slot->seen[ISAHP_EAX];
	l->known[ISAHP_EAX] |= 0xff0000;
	if (!slot->address_zero)
		l->value[ISAHP_EAX] |= (slot->least_address & 0xff) << 16;
	if (s->zero & s->one & 0xff0000)
		isahp_decision_add(&m->decisions, (struct isahp_decision){
			.place = { LEAF_ADDRESS, 0, ISAHP_EAX, 16, 8 },
			.operator = ISAHP_OPERATOR_RECOMPUTE,
			.told = true,
			.before = (s->one & ~s->zero) >> 16 & 0xff,
			.result = l->value[ISAHP_EAX] >> 16 & 0xff,
			.rule = "the least of all hosts, of which 0 means the "
				"physical address bits; before: a plain AND",
			.name = "guest physical address bits",
			.feature = -1,
			.needs = -1,
		});
}

/*
 * Leaves beyond the last one that the pool has: some CPUs answer these with the
 * last one's values, and dumps list them (SDM 2A, CPUID, 00H).
 */
static void drop_beyond_last(struct isahp_merging *m, __u32 base)
{
	const struct isahp_cpuid_leaf *l = isahp_merging_leaf(m, base, 0);
	struct isahp_profile *p = &m->profile;
	size_t i, kept = 0;
	__u32 last;

	if (!l || l->known[ISAHP_EAX] != 0xffffffff)
		return;
	last = l->value[ISAHP_EAX];
	for (i = 0; i < p->leaf_count; i++) {
		__u32 leaf = p->leaves[i].leaf;

		if ((leaf & 0xc0000000) != base || leaf <= last)
			p->leaves[kept++] = p->leaves[i];
	}
	p->leaf_count = kept;
}

/*
 * Does the result still have it, and as it was decided? A feature that was left
 * open and fell later is one that is not there.
 */
static bool stands(struct isahp_merging *m, struct isahp_decision *d)
{
	const struct isahp_place *p = &d->place;
	__u64 mask = (~0ULL >> (64 - p->width)) << p->shift, value, known;
	const struct isahp_cpuid_leaf *l;
	const struct isahp_msr *msr;

	if (p->reg == ISAHP_REGISTER_MSR) {
		msr = isahp_profile_msr(&m->profile, p->leaf);
		value = msr ? msr->value : 0;
		known = msr ? msr->known : 0;
	} else {
		l = isahp_merging_leaf(m, p->leaf, p->subleaf);
		if (!l)
			return false;
		value = l->value[p->reg];
		known = l->known[p->reg];
	}
	if (!d->told && d->feature >= 0 && (known & mask))
		d->told = true;
	if (!d->told)
		return (known & mask) != mask;
	return (value & mask) >> p->shift == d->result;
}

/* Decisions that later ones have made void. */
static void forget_void(struct isahp_merging *m)
{
	struct isahp_decisions *list = &m->decisions;
	size_t i, kept = 0;

	for (i = 0; i < list->count; i++)
		if (stands(m, &list->array[i]))
			list->array[kept++] = list->array[i];
	list->count = kept;
}

void isahp_merging_recompute(struct isahp_merging *m)
{
	struct isahp_profile *p = &m->profile;
	__u64 xcr0 = ~0ULL;
	size_t h;

	isahp_merging_sizes(m);
	recompute_address(m);
	drop_beyond_last(m, 0);
	drop_beyond_last(m, 0x80000000);
	drop_beyond_last(m, 0xc0000000);
	forget_void(m);
	p->xcr0_known = true;
	p->microcode = m->hosts[0]->microcode;
	for (h = 0; h < m->count; h++) {
		xcr0 &= m->hosts[h]->xcr0;
		p->xcr0_known &= m->hosts[h]->xcr0_known;
		if (m->hosts[h]->microcode != p->microcode)
			p->microcode = 0;
	}
	p->xcr0 = p->xcr0_known ? xcr0 & isahp_merging_available(m) : 0;
}
