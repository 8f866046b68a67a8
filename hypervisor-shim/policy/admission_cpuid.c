// SPDX-License-Identifier: GPL-2.0-or-later
#include "admission.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <isa-core/features.h>

#include "flag.h"
#include "gather.h"

/* What is no reason to refuse; else the field's operator decides. */
enum exception {
	TRY,		/* programs try it, whatever CPUID says */
	HOST,		/* a guest is not concerned, or only as a hypervisor */
	PROVIDED,	/* hypervisors give it on any CPU */
	ELSEWHERE,	/* looked at in another place */
};

#define ALL_SUBLEAVES 0xffffffff

static const struct {
	__u32 leaf;
	__u32 last;	/* of leaves, or MSRs, from @leaf */
	__u8 reg;	/* ISAHP_GATE_ALL: each */
	__u64 mask;
	__u8 exception;
	const char *name;
	const char *why;
} exceptions[] = {
#define MONITOR_WHY "hypervisors intercept it and do nothing: the guest's idle loop spins there, unless it is booted with idle=nomwait"
#define NESTED_WHY "only guests that run guests of their own need it, and those would end"
#define HOST_WHY "of the host: no guest is concerned"
#define BIT(n) (1ULL << (n))
#define ANY ~0ULL
	{ 1, 1, ISAHP_ECX, BIT(3), TRY, "monitor", MONITOR_WHY },
	{ 5, 5, ISAHP_GATE_ALL, ANY, TRY, "monitor", MONITOR_WHY },
	{ 1, 1, ISAHP_ECX, BIT(5), HOST, "vmx", NESTED_WHY },
	{ 1, 1, ISAHP_ECX, BIT(6), HOST, "smx", HOST_WHY },
	{ 0x80000001, 0x80000001, ISAHP_ECX, BIT(2), HOST, "svm", NESTED_WHY },
	{ 0x80000001, 0x80000001, ISAHP_ECX, BIT(10), HOST, "ibs", HOST_WHY },
	{ 0x80000001, 0x80000001, ISAHP_ECX, BIT(12), HOST, "skinit", HOST_WHY },
	{ 0x8000000a, 0x8000000a, ISAHP_GATE_ALL, ANY, HOST,
	  "nested paging, ASIDs and the rest of SVM", NESTED_WHY },
	{ 0x8000001b, 0x8000001b, ISAHP_GATE_ALL, ANY, HOST, "ibs", HOST_WHY },
	/* Debug store, ACPI, thermal, power and topology bits of leaf 1. */
	{ 1, 1, ISAHP_ECX, BIT(2) | BIT(4) | BIT(7) | BIT(8) | BIT(10) | BIT(14) |
	  BIT(15), HOST, "power and debug features", HOST_WHY },
	{ 1, 1, ISAHP_EDX, BIT(21) | BIT(22) | BIT(28) | BIT(29) | BIT(31), HOST,
	  "power and topology features", HOST_WHY },
	{ 6, 6, ISAHP_GATE_ALL, ANY, HOST, "power features", HOST_WHY },
	/* Not the TSC's: bit 8. */
	{ 0x80000007, 0x80000007, ISAHP_EDX, ~BIT(8), HOST, "power features", HOST_WHY },
	{ 0x80000001, 0x80000001, ISAHP_ECX, BIT(1) | BIT(3) | BIT(13) | BIT(19) |
	  BIT(22), HOST, "topology features", HOST_WHY },
	{ 0x480, 0x491, ISAHP_REGISTER_MSR, ANY, HOST, "VMX", NESTED_WHY },
	{ 0x8b, 0x8b, ISAHP_REGISTER_MSR, ANY, HOST, "microcode", HOST_WHY },
	/* x2APIC, the TSC deadline, that there is one; TSC_ADJUST; OSVW;
	 * ARCH_CAPABILITIES. */
	{ 1, 1, ISAHP_ECX, BIT(21) | BIT(24) | BIT(31), PROVIDED, "", "" },
	{ 7, 7, ISAHP_EBX, BIT(1), PROVIDED, "", "" },
	{ 0x80000001, 0x80000001, ISAHP_ECX, BIT(9), PROVIDED, "", "" },
	{ 7, 7, ISAHP_EDX, BIT(29), PROVIDED, "", "" },
	/* KVM's own; what its kernel calls KVM by is looked at in another place. */
	{ 0x40000001, 0x40000001, ISAHP_EAX, ANY, PROVIDED, "", "" },
	/* AMD's copies of leaf 1's bits, which are looked at there. */
	{ 0x80000001, 0x80000001, ISAHP_EDX, 0x0183f3ff, ELSEWHERE, "", "" },
	/* The highest leaf: what is in the leaves is compared. */
	{ 0, 0, ISAHP_EAX, ANY, PROVIDED, "", "" },
	{ 7, 7, ISAHP_EAX, ANY, ELSEWHERE, "", "" },
	{ 0x80000000, 0x80000000, ISAHP_EAX, ANY, PROVIDED, "", "" },
	{ 0x80000008, 0x80000008, ISAHP_EAX, ANY, ELSEWHERE, "", "" },
	/* Where images lie: of what is enabled the guest has told. */
	{ 0xd, 0xd, ISAHP_EBX, ANY, ELSEWHERE, "", "" },
	{ 0xd, 0xd, ISAHP_ECX, ANY, ELSEWHERE, "", "" },
	/* RDCL_NO, MDS_NO, TAA_NO, three of MMIO, RFDS_NO, ITS_NO: errata.c */
	{ 0x10a, 0x10a, ISAHP_REGISTER_MSR, BIT(0) | BIT(5) | BIT(8) | BIT(13) |
	  BIT(14) | BIT(15) | BIT(27) | BIT(62), ELSEWHERE, "", "" },
};

#define EXCEPTIONS (sizeof(exceptions) / sizeof(exceptions[0]))

/* Leaf 7's subleaf 1 EAX has features; only subleaf 0's is a count. */
static bool applies(size_t i, __u32 leaf, __u32 subleaf, unsigned int reg)
{
	bool msr = reg == ISAHP_REGISTER_MSR;

	if (leaf - exceptions[i].leaf > exceptions[i].last - exceptions[i].leaf)
		return false;
	if (exceptions[i].reg != reg &&
	    (msr || exceptions[i].reg != ISAHP_GATE_ALL))
		return false;
	return leaf != 7 || !subleaf;
}

/* The feature table's places; isahp_feature_info() asked for each is slow. */
#define KEY(leaf, subleaf, reg) ((__u64)(leaf) << 32 | (__u64)(subleaf) << 2 | (reg))
static const struct {
	__u64 key;
	__u32 bit;
} places[] = {
#define PLACE(n, sym, flag, leaf_, subleaf_, reg_, bit_, ...) \
	{ KEY(leaf_, subleaf_, ISAHP_##reg_), 1u << (bit_) },
	ISAHP_FEATURE_TABLE(PLACE)
#undef PLACE
};

/* A bit for each register with features; others rarely share one. */
#define TRACE(leaf, subleaf, reg) \
	(1ULL << ((((leaf) ^ (leaf) >> 26) * 4 + (subleaf) * 20 + (reg)) % 64))
static const __u64 traces = 0
#define ADD_TRACE(n, sym, flag, leaf, subleaf, reg, ...) \
	| TRACE((__u32)(leaf), subleaf, ISAHP_##reg)
	ISAHP_FEATURE_TABLE(ADD_TRACE)
#undef ADD_TRACE
;

/* Return: the bits that features of the table stand for. */
static __u32 features_of(__u32 leaf, __u32 subleaf, unsigned int reg)
{
	__u64 key = KEY(leaf, subleaf, reg);
	__u32 mask = 0;
	size_t i;

	if (!(traces & TRACE(leaf, subleaf, reg)))
		return 0;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		mask |= places[i].key == key ? places[i].bit : 0;
	return mask;
}

/* Two values of one register. */
struct pair {
	struct isahp_place place;	/* shift and width of the part at hand */
	__u64 vm, vm_known;
	__u64 host, host_known;
	struct isahp_admission *to;
};

static __u64 part(const struct pair *p, __u64 value)
{
	return value >> p->place.shift & (~0ULL >> (64 - p->place.width));
}

static void say(const struct pair *p, struct isahp_admission_items *items,
		enum isahp_objection_kind kind, const char *name, const char *why,
		enum isahp_admission_remedy remedy, const char *change)
{
	struct isahp_admission_item item = {
		.kind = kind, .place = p->place, .needs = ISAHP_NEED_BASELINE,
		.remedy = remedy,
	};

	snprintf(item.what, sizeof(item.what), "%s", name);
	snprintf(item.why, sizeof(item.why), "%s", why);
	snprintf(item.change, sizeof(item.change), "%s", change);
	isahp_admission_add(items, &item);
}

static void refuse(const struct pair *p, const char *name, const char *why)
{
	say(p, &p->to->refusals, ISAHP_OBJECTION_CPUID, name, why,
	    ISAHP_REMEDY_RESTART,
	    "restart the VM with a CPUID that this host can show: look for it in the host's firmware and microcode first");
}

static const char *name_of(const struct isahp_place *place,
			   const struct isahp_field *field)
{
	const char *name = isahp_flag_name(place);

	return name ? name : field->name;
}

static void judge_bits(struct pair *p, const struct isahp_field *f, __u64 lacking)
{
	struct pair one = *p;

	one.place.width = 1;
	for (; lacking; lacking &= lacking - 1) {
		one.place.shift = __builtin_ctzll(lacking);
		refuse(&one, name_of(&one.place, f),
		       isahp_objection_phrase(ISAHP_OBJECTION_CPUID));
	}
}

/* Of single bits each is named, of a number the whole. */
static void miss(struct pair *p, const struct isahp_field *f, __u64 untold)
{
	struct pair one = *p;
	bool bits = f->operator == ISAHP_OPERATOR_AND;

	for (; untold; untold = bits ? untold & (untold - 1) : 0) {
		if (bits) {
			one.place.shift = __builtin_ctzll(untold);
			one.place.width = 1;
		}
		say(&one, &one.to->refusals, ISAHP_OBJECTION_UNTOLD,
		    bits ? name_of(&one.place, f) : f->name,
		    isahp_objection_phrase(ISAHP_OBJECTION_UNTOLD),
		    ISAHP_REMEDY_PROFILE,
		    "take a profile of the host by isahpctl there");
	}
}

static void judge_number(struct pair *p, const struct isahp_field *f, bool refused)
{
	char why[ISAHP_OBJECTION_WHY_SIZE];

	if (!refused)
		return;
	snprintf(why, sizeof(why),
		 "the VM's CPUID shows 0x%" PRIx64 ", the host has 0x%" PRIx64,
		 (uint64_t)part(p, p->vm), (uint64_t)part(p, p->host));
	refuse(p, f->name, why);
}

/* A field, or some of its bits; the host admits it if merging changes nothing. */
static void judge(struct pair *p, const struct isahp_field *f, __u64 mask)
{
	__u64 vm, host;

	/* Of promises only those are wanted that the VM was shown. */
	if (f->operator == ISAHP_OPERATOR_AND)
		mask &= p->vm;
	mask &= p->vm_known;
	/* Of duties (OR) it may do more than this host asks for: no harm in that. */
	if (f->operator == ISAHP_OPERATOR_POLICY ||
	    f->operator == ISAHP_OPERATOR_RECOMPUTE ||
	    f->operator == ISAHP_OPERATOR_OR || !mask ||
	    !part(p, p->vm & p->vm_known & mask))
		return;
	if (mask & ~p->host_known) {
		miss(p, f, mask & ~p->host_known);
		if (f->operator != ISAHP_OPERATOR_AND)
			return;
		mask &= p->host_known;
	}
	vm = part(p, p->vm & mask);
	host = part(p, p->host & mask);
	switch (f->operator) {
	case ISAHP_OPERATOR_AND:
		judge_bits(p, f, p->vm & ~p->host & mask);
		break;
	case ISAHP_OPERATOR_MIN:
		judge_number(p, f, vm > host);
		break;
	case ISAHP_OPERATOR_MAX:
		judge_number(p, f, vm < host);
		break;
	case ISAHP_OPERATOR_EQUAL:
		judge_number(p, f, vm != host);
		break;
	default:
		break;
	}
}

/* Bits that a host would have software know, and this VM was not told of. */
static void remark_duties(struct pair *p, const struct isahp_field *f, __u64 mask)
{
	__u64 more = p->host & p->host_known & ~p->vm & p->vm_known & mask;

	if (f->operator == ISAHP_OPERATOR_OR && more)
		say(p, &p->to->remarks, ISAHP_OBJECTION_CPUID, f->name,
		    "the host would have software know it, and the VM was not told",
		    ISAHP_REMEDY_NONE, "");
}

static void judge_register(struct pair *p, __u32 leaf, __u32 subleaf,
			   unsigned int reg)
{
	unsigned int bits = reg == ISAHP_REGISTER_MSR ? 64 : 32, bit;
	__u64 left = bits == 64 ? ~0ULL : 0xffffffff, missing;
	/* Of fields without such a bit nothing is to be said. */
	__u64 differs = ((p->vm ^ p->host) | ~p->host_known) & p->vm_known;
	const struct isahp_field *map[64];
	size_t i;

	/* Mostly so: then all that follows has nothing to say. */
	if ((!p->vm && !(p->host & p->vm_known)) || !differs)
		return;
	if (bits == 32)
		left &= ~(__u64)features_of(leaf, subleaf, reg);
	for (i = 0; i < EXCEPTIONS; i++) {
		if (!applies(i, leaf, subleaf, reg))
			continue;
		missing = p->vm & ~p->host & exceptions[i].mask & left;
		left &= ~exceptions[i].mask;
		if (!missing || (exceptions[i].exception != TRY &&
				 exceptions[i].exception != HOST))
			continue;
		p->place.shift = __builtin_ctzll(missing);
		p->place.width = 1;
		say(p, &p->to->remarks, ISAHP_OBJECTION_CPUID, exceptions[i].name,
		    exceptions[i].why, ISAHP_REMEDY_NONE, "");
	}
	differs &= left;
	if (!differs)
		return;
	isahp_field_map(leaf, subleaf, reg, map);
	while (differs) {
		const struct isahp_field *f = map[__builtin_ctzll(differs)];
		__u64 mask = 0;

		/* Narrower fields may lie in it. */
		for (bit = f->shift; bit < (unsigned int)f->shift + f->width; bit++)
			if (map[bit] == f)
				mask |= 1ULL << bit;
		p->place.shift = f->shift;
		p->place.width = f->width;
		judge(p, f, mask & left);
		remark_duties(p, f, mask & left);
		differs &= ~mask;
	}
}

void isahp_admission_cpuid(const struct isahp_vm_record *vm,
			   const struct isahp_profile *host,
			   struct isahp_admission *admission)
{
	static const struct isahp_cpuid_leaf nothing, absent = {
		.known = { ~0u, ~0u, ~0u, ~0u },
	};
	struct pair p = { .to = admission };
	unsigned int reg;
	size_t i;

	for (i = 0; i < vm->cpuid.leaf_count; i++) {
		const struct isahp_cpuid_leaf *shown = &vm->cpuid.leaves[i];
		const struct isahp_cpuid_leaf *there =
			isahp_profile_leaf(host, shown->leaf, shown->subleaf);

		if (!there)
			there = isahp_gather_absent(host, shown->leaf, shown->subleaf) ?
				&absent : &nothing;
		for (reg = ISAHP_EAX; reg <= ISAHP_EDX; reg++) {
			p.place = (struct isahp_place){
				.leaf = shown->leaf, .subleaf = shown->subleaf,
				.reg = reg,
			};
			p.vm = shown->value[reg];
			p.vm_known = shown->known[reg];
			p.host = there->value[reg];
			p.host_known = there->known[reg];
			judge_register(&p, shown->leaf, shown->subleaf, reg);
		}
	}
	for (i = 0; i < vm->cpuid.msr_count; i++) {
		const struct isahp_msr *shown = &vm->cpuid.msrs[i];
		const struct isahp_msr *there = isahp_profile_msr(host, shown->number);

		p.place = (struct isahp_place){
			.leaf = shown->number, .reg = ISAHP_REGISTER_MSR,
		};
		p.vm = shown->value;
		p.vm_known = shown->known;
		p.host = there ? there->value : 0;
		p.host_known = there ? there->known : 0;
		judge_register(&p, shown->number, 0, ISAHP_REGISTER_MSR);
	}
}
