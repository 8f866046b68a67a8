// SPDX-License-Identifier: GPL-2.0-or-later
/* XSAVE: which components go together, and what follows from those that stay. */
#include <errno.h>
#include <string.h>

#include <isa-core/features.h>

#include "layout.h"
#include "merging.h"

#define LEAF_XSAVE 0xd
#define COMPONENT_AVX 2
/* Legacy region and header (SDM 1, 13.4.1 and 13.4.2): where the others begin. */
#define IMAGE_LEGACY 576
#define IMAGE_MAX 65536

/* Components that features of the table own and that lie in user images. */
#define OWNED                                                                 \
	((ISAHP_XFEATURE_AVX | ISAHP_XFEATURE_MPX | ISAHP_XFEATURE_AVX512 |   \
	  ISAHP_XFEATURE_PKRU | ISAHP_XFEATURE_AMX | ISAHP_XFEATURE_APX |     \
	  ISAHP_XFEATURE_LWP) & ~ISAHP_MERGING_SUPERVISOR)

/* Offsets in the standard format, of CPUs of the two vendors. */
static const struct {
	__u8 number;
	__u16 intel;
	__u16 amd;	/* 0: no CPU of theirs has it */
} layouts[] = {
	{ 3, 960, 0 }, { 4, 1024, 0 },		/* MPX */
	{ 5, 1088, 832 }, { 6, 1152, 896 }, { 7, 1664, 1408 },	/* AVX-512 */
	{ 9, 2688, 2432 },			/* PKRU */
	{ 17, 2752, 0 }, { 18, 2816, 0 },	/* AMX */
	{ 19, 960, 0 },				/* APX, in MPX's place */
	{ 62, 0, 832 },				/* LWP */
};

const char *isahp_layout_class_name(enum isahp_layout_class class)
{
	static const char *const names[] = {
		[ISAHP_LAYOUT_CLASS_NONE] = "none",
		[ISAHP_LAYOUT_CLASS_INTEL] = "Intel",
		[ISAHP_LAYOUT_CLASS_AMD] = "AMD",
		[ISAHP_LAYOUT_CLASS_OTHER] = "other",
		[ISAHP_LAYOUT_CLASS_MIXED] = "mixed",
	};

	return (size_t)class < sizeof(names) / sizeof(names[0]) ? names[class] : "?";
}

/* The bit of a component: leaf 0DH, 0 for XCR0, 1 for IA32_XSS. */
static void component_bit(unsigned int number, bool xss, unsigned int *ret_reg,
			  __u32 *ret_bit)
{
	*ret_bit = 1u << (number & 31);
	if (xss)
		*ret_reg = number < 32 ? ISAHP_ECX : ISAHP_EDX;
	else
		*ret_reg = number < 32 ? ISAHP_EAX : ISAHP_EDX;
}

/* Is it 1, 0, or not told? */
static int component_state(struct isahp_merging *m, unsigned int number, bool xss)
{
	const struct isahp_cpuid_leaf *l = isahp_merging_leaf(m, LEAF_XSAVE, xss);
	unsigned int reg;
	__u32 bit;

	component_bit(number, xss, &reg, &bit);
	if (!l || !(l->known[reg] & bit))
		return -1;
	return !!(l->value[reg] & bit);
}

static struct isahp_place component_place(unsigned int number, bool xss)
{
	struct isahp_place p = { .leaf = LEAF_XSAVE, .subleaf = xss, .width = 1 };
	unsigned int reg;
	__u32 bit;

	component_bit(number, xss, &reg, &bit);
	p.reg = reg;
	p.shift = number & 31;
	return p;
}

static void decide_component(struct isahp_merging *m, unsigned int number, bool xss,
			     const char *rule, const struct isahp_profile *host)
{
	isahp_decision_add(&m->decisions, (struct isahp_decision){
		.place = component_place(number, xss),
		.operator = ISAHP_OPERATOR_EQUAL,
		.told = true,
		.before = 1,
		.rule = rule,
		.name = isahp_layout_name(number),
		.lowest = host,
		.feature = -1,
		.needs = -1,
	});
}

static void hide_component(struct isahp_merging *m, unsigned int number, bool xss)
{
	struct isahp_cpuid_leaf *l = isahp_merging_leaf(m, LEAF_XSAVE, xss);
	unsigned int reg;
	__u32 bit;

	component_bit(number, xss, &reg, &bit);
	if (l)
		isahp_merging_hide(l, reg, bit);
}

/* The first host whose component is of another size, kind or place. */
static __u32 component_conflict(const struct isahp_gathered *slot)
{
	__u32 first = ISAHP_SEEN_NONE, host;
	unsigned int reg;

	for (reg = ISAHP_EAX; reg <= ISAHP_ECX; reg++) {
		/* Bits 0 and 1 of ECX: whose it is, and how it is aligned. */
		host = isahp_merging_conflict(&slot->seen[reg],
					      reg == ISAHP_ECX ? 3 : 0xffffffff);
		if (host < first)
			first = host;
	}
	return first;
}

static bool component_told(const struct isahp_gathered *slot)
{
	return slot && !((slot->seen[ISAHP_EAX].unknown |
			  slot->seen[ISAHP_EBX].unknown) & 0xffffffff);
}

static __u32 offset_on(const struct isahp_profile *host, unsigned int number)
{
	const struct isahp_cpuid_leaf *l = isahp_profile_leaf(host, LEAF_XSAVE, number);

	return l ? l->value[ISAHP_EBX] : 0;
}

/* One that has the component elsewhere than a given host. */
static const struct isahp_profile *other_host(const struct isahp_merging *m,
					      unsigned int number, __u32 than)
{
	__u32 offset = offset_on(m->hosts[than], number), there;
	size_t i;

	for (i = 0; i < m->count; i++) {
		there = offset_on(m->hosts[i], number);
		if (there && there != offset)
			return m->hosts[i];
	}
	return m->hosts[0];
}

static int refuse(struct isahp_merging *m, unsigned int number, __u32 host)
{
	const struct isahp_profile *a, *b = m->hosts[host];

	a = other_host(m, number, host);
	return isahp_error_set(
		m->err, ISAHP_ERROR_POLICY, -EPERM,
		"%s lies at byte %u of an XSAVE image on %s and at %u on %s: what one "
		"saves the other can not restore; split the pool, or let it hide what "
		"differs (\"layout\": \"hide\")",
		isahp_layout_name(number), offset_on(a, number), a->name,
		offset_on(b, number), b->name);
}

static void classify(struct isahp_merging *m)
{
	bool intel = true, amd = true, any = false, mixed = false;
	size_t i;

	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct isahp_gathered *slot = isahp_gather_find(
			&m->gather, false, LEAF_XSAVE, layouts[i].number);
		const struct isahp_seen *s;

		if (!slot || !slot->seen[ISAHP_EBX].one)
			continue;
		s = &slot->seen[ISAHP_EBX];
		any = true;
		mixed |= component_conflict(slot) != ISAHP_SEEN_NONE;
		intel &= s->one == layouts[i].intel;
		amd &= s->one == layouts[i].amd;
	}
	m->layout_class = !any  ? ISAHP_LAYOUT_CLASS_NONE :
			  mixed ? ISAHP_LAYOUT_CLASS_MIXED :
			  intel ? ISAHP_LAYOUT_CLASS_INTEL :
			  amd	? ISAHP_LAYOUT_CLASS_AMD :
				  ISAHP_LAYOUT_CLASS_OTHER;
}

/*
 * Of sources that know flags alone, layouts are not told. CPUs of one vendor
 * have always agreed; of several they may not, except on AVX.
 */
static bool several_vendors(const struct isahp_merging *m)
{
	return m->vendors & (m->vendors - 1);
}

int isahp_merging_components(struct isahp_merging *m)
{
	unsigned int i;

	classify(m);
	for (i = COMPONENT_AVX; i < ISAHP_LAYOUT_END; i++) {
		const struct isahp_gathered *slot =
			isahp_gather_find(&m->gather, false, LEAF_XSAVE, i);
		bool xss = ISAHP_MERGING_SUPERVISOR >> i & 1;
		__u32 host = slot ? component_conflict(slot) : ISAHP_SEEN_NONE;
		int state = component_state(m, i, xss);

		if (!state)
			continue;
		if (host != ISAHP_SEEN_NONE) {
			if (m->options->layout == ISAHP_LAYOUT_REFUSE)
				return refuse(m, i, host);
			decide_component(m, i, xss,
					 "lies elsewhere in XSAVE images on some "
					 "hosts, which can not restore it",
					 m->hosts[host]);
		} else if (i > COMPONENT_AVX && several_vendors(m) &&
			   (OWNED >> i & 1) && !component_told(slot)) {
			decide_component(m, i, xss,
					 "where it lies in XSAVE images is not told, "
					 "and vendors differ in it",
					 NULL);
		} else {
			continue;
		}
		m->hidden |= 1ULL << i;
		hide_component(m, i, xss);
	}
	return 0;
}

static bool owned_by(const struct isahp_features *set, unsigned int number, bool *ret_any)
{
	bool here = false;
	int i;

	*ret_any = false;
	for (i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		if (!f || !(f->xfeatures >> number & 1))
			continue;
		*ret_any = true;
		here |= isahp_features_has(set, i);
	}
	return here;
}

void isahp_merging_drop_unowned(struct isahp_merging *m)
{
	unsigned int i, reg;

	for (i = COMPONENT_AVX; i < ISAHP_LAYOUT_END; i++) {
		bool xss = ISAHP_MERGING_SUPERVISOR >> i & 1, any;
		struct isahp_cpuid_leaf *l = isahp_merging_leaf(m, LEAF_XSAVE, i);
		int state = component_state(m, i, xss);

		if (!owned_by(&m->features, i, &any) && any && state) {
			if (state > 0)
				decide_component(m, i, xss,
						 "no feature that is left owns it", NULL);
			hide_component(m, i, xss);
			state = 0;
		}
		for (reg = 0; l && !state && reg < 4; reg++)
			isahp_merging_hide(l, reg, 0xffffffff);
	}
}

/* Of the components in a mask; 0 where one of them is not told. */
static __u32 image_size(struct isahp_merging *m, __u64 mask, bool compacted)
{
	__u32 size = IMAGE_LEGACY;
	unsigned int i;

	for (i = COMPONENT_AVX; i < ISAHP_LAYOUT_END; i++) {
		const struct isahp_cpuid_leaf *l;
		__u32 end;

		if (!(mask >> i & 1))
			continue;
		l = isahp_merging_leaf(m, LEAF_XSAVE, i);
		if (!l || (l->known[ISAHP_EAX] & l->known[ISAHP_EBX]) != 0xffffffff ||
		    (l->known[ISAHP_ECX] & 3) != 3 ||
		    l->value[ISAHP_EAX] > IMAGE_MAX || l->value[ISAHP_EBX] > IMAGE_MAX)
			return 0;
		/* SDM 1, 13.4.3: compacted, one after the other, some aligned. */
		if (compacted && (l->value[ISAHP_ECX] & 2))
			size = (size + 63) & ~63u;
		end = l->value[ISAHP_EAX] + (compacted ? size : l->value[ISAHP_EBX]);
		if (end > size)
			size = end;
	}
	return size;
}

static void size_set(struct isahp_merging *m, unsigned int subleaf, unsigned int reg,
		     __u32 size, const char *name)
{
	struct isahp_cpuid_leaf *l = isahp_merging_leaf(m, LEAF_XSAVE, subleaf);
	const struct isahp_gathered *slot =
		isahp_gather_find(&m->gather, false, LEAF_XSAVE, subleaf);

	l->value[reg] = size;
	l->known[reg] = 0xffffffff;
	/* Said where some host's own figure is another. */
	if (slot->seen[reg].zero & slot->seen[reg].one || slot->seen[reg].one != size)
		isahp_decision_add(&m->decisions, (struct isahp_decision){
			.place = { LEAF_XSAVE, subleaf, reg, 0, 32 },
			.operator = ISAHP_OPERATOR_RECOMPUTE,
			.told = true,
			.before = slot->seen[reg].one & ~slot->seen[reg].zero,
			.result = size,
			.rule = "follows from the components that are left; before: a plain AND",
			.name = name,
			.feature = -1,
			.needs = -1,
		});
}

void isahp_merging_sizes(struct isahp_merging *m)
{
	const struct isahp_cpuid_leaf *l = isahp_merging_leaf(m, LEAF_XSAVE, 0);
	const struct isahp_cpuid_leaf *extended = isahp_merging_leaf(m, LEAF_XSAVE, 1);
	bool compacts = isahp_features_has(&m->features, ISAHP_FEATURE_XSAVEC) ||
			isahp_features_has(&m->features, ISAHP_FEATURE_XSAVES);
	__u64 xcr0, xss;
	__u32 size;

	if (!l || !isahp_features_has(&m->features, ISAHP_FEATURE_XSAVE) ||
	    (l->known[ISAHP_EAX] & l->known[ISAHP_EDX]) != 0xffffffff)
		return;
	xcr0 = (__u64)l->value[ISAHP_EDX] << 32 | l->value[ISAHP_EAX];
	size = image_size(m, xcr0, false);
	if (size) {
		size_set(m, 0, ISAHP_EBX, size, "XSAVE image, enabled");
		size_set(m, 0, ISAHP_ECX, size, "XSAVE image, all");
	}
	if (!extended ||
	    (extended->known[ISAHP_ECX] & extended->known[ISAHP_EDX]) != 0xffffffff)
		return;
	xss = (__u64)extended->value[ISAHP_EDX] << 32 | extended->value[ISAHP_ECX];
	size = compacts ? image_size(m, xcr0 | xss, true) : 0;
	if (size || !compacts)
		size_set(m, 1, ISAHP_EBX, size, "XSAVE image, compacted");
}

__u64 isahp_merging_available(struct isahp_merging *m)
{
	__u64 mask = 3, xcr0 = ~0ULL;
	unsigned int i;
	size_t h;

	for (h = 0; h < m->count; h++)
		if (m->hosts[h]->xcr0_known)
			xcr0 &= m->hosts[h]->xcr0 | ISAHP_MERGING_SUPERVISOR;
	for (i = COMPONENT_AVX; i < 63; i++)
		if (component_state(m, i, ISAHP_MERGING_SUPERVISOR >> i & 1) &&
		    !(m->hidden >> i & 1) && (xcr0 >> i & 1))
			mask |= 1ULL << i;
	return mask;
}
