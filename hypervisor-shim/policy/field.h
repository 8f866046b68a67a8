/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each field of CPUID and each bit of an MSR means for a pool of hosts.
 *
 * One table. A field says by which operator the values of many hosts become the
 * one that a guest may be shown on all of them. Most are features, of which a
 * pool has what every host has; the others are why a plain AND is wrong.
 */
#ifndef ISAHP_SHIM_FIELD_H
#define ISAHP_SHIM_FIELD_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * enum isahp_operator - how many hosts' values become one
 * @ISAHP_OPERATOR_AND: a promise: there where every host has it.
 * @ISAHP_OPERATOR_OR: a duty or a loss: there where any host has it. Software
 *	does more than a host without it needs, and never too little.
 * @ISAHP_OPERATOR_MIN: a number; every host offers as much as the least.
 * @ISAHP_OPERATOR_MAX: a number; no host demands more than the most.
 * @ISAHP_OPERATOR_EQUAL: has no order: kept where all agree, else 0, with
 *	what rests on it (EQUAL-or-hide).
 * @ISAHP_OPERATOR_RECOMPUTE: follows from other fields, after they are merged.
 * @ISAHP_OPERATOR_POLICY: no value is right by itself: chosen, after the merge.
 *
 * Each but the last two is associative, commutative and idempotent.
 */
enum isahp_operator {
	ISAHP_OPERATOR_AND,
	ISAHP_OPERATOR_OR,
	ISAHP_OPERATOR_MIN,
	ISAHP_OPERATOR_MAX,
	ISAHP_OPERATOR_EQUAL,
	ISAHP_OPERATOR_RECOMPUTE,
	ISAHP_OPERATOR_POLICY,
};

/**
 * enum isahp_choice - what a field of ISAHP_OPERATOR_POLICY is about
 * @ISAHP_CHOICE_NONE: it has another operator.
 * @ISAHP_CHOICE_IDENTITY: vendor, family, model and stepping, names.
 * @ISAHP_CHOICE_CACHE: caches and TLBs: software tunes itself by them.
 * @ISAHP_CHOICE_TOPOLOGY: cores, threads, packages, APIC IDs.
 * @ISAHP_CHOICE_LIVE: changes while a guest runs, or is the hypervisor's own.
 * @ISAHP_CHOICE_HOST: of the machine, not of its guests.
 */
enum isahp_choice {
	ISAHP_CHOICE_NONE,
	ISAHP_CHOICE_IDENTITY,
	ISAHP_CHOICE_CACHE,
	ISAHP_CHOICE_TOPOLOGY,
	ISAHP_CHOICE_LIVE,
	ISAHP_CHOICE_HOST,
};

/* As @reg of a field or a place: it lies in an MSR. */
#define ISAHP_REGISTER_MSR 4

/**
 * struct isahp_place - some bits of CPUID or of an MSR
 * @leaf: EAX on entry, or the MSR's number.
 * @subleaf: ECX on entry; 0 of an MSR.
 * @reg: enum isahp_cpuid_register, or ISAHP_REGISTER_MSR.
 * @shift: the lowest bit.
 * @width: how many.
 */
struct isahp_place {
	__u32 leaf;
	__u32 subleaf;
	__u8 reg;
	__u8 shift;
	__u8 width;
};

/**
 * struct isahp_field - one row
 * @leaf: as in struct isahp_place.
 * @first: subleaf,
 * @last: to this one.
 * @reg: as there.
 * @shift: as there.
 * @width: as there.
 * @operator: enum isahp_operator.
 * @choice: enum isahp_choice.
 * @name: for people.
 * @source: where its meaning is defined. SDM: Intel's manual, by volume and
 *	leaf or MSR; APM: AMD's, by volume, section and function.
 *
 * Where rows overlap, the narrower one holds.
 */
struct isahp_field {
	__u32 leaf;
	__u32 first;
	__u32 last;
	__u8 reg;
	__u8 shift;
	__u8 width;
	__u8 operator;
	__u8 choice;
	const char *name;
	const char *source;
};

/**
 * isahp_field_table - every row
 * @ret_count: receives how many there are.
 *
 * Return: rows of CPUID by leaf, then those of MSRs by number.
 */
const struct isahp_field *isahp_field_table(size_t *ret_count);

/**
 * isahp_field_find - the row of one bit
 * @leaf: EAX, or the MSR's number.
 * @subleaf: ECX; 0 of an MSR.
 * @reg: enum isahp_cpuid_register, or ISAHP_REGISTER_MSR.
 * @bit: of the register.
 *
 * Return: the narrowest row that has it. Of what has none, nobody here knows
 * what it means: a row that keeps the whole register where all hosts agree, and
 * hides it elsewhere.
 */
const struct isahp_field *isahp_field_find(__u32 leaf, __u32 subleaf,
					   unsigned int reg, unsigned int bit);

/**
 * isahp_field_map - the rows of a whole register
 * @leaf: as above.
 * @subleaf: as above.
 * @reg: as above.
 * @ret_map: receives isahp_field_find() of each bit: 32, of an MSR 64.
 */
void isahp_field_map(__u32 leaf, __u32 subleaf, unsigned int reg,
		     const struct isahp_field *ret_map[64]);

/** isahp_field_mask - the bits of a row, in its register */
__u64 isahp_field_mask(const struct isahp_field *field);

/** isahp_operator_name - AND, OR, MIN ... */
const char *isahp_operator_name(unsigned int operator);

/**
 * struct isahp_gate - a bit that says whether a leaf or an MSR means anything
 * @bit: it; one bit wide.
 * @leaf: which it opens, or the first MSR's number.
 * @first: subleaf,
 * @last: to this one; of MSRs: how many more behind the first.
 * @reg: ISAHP_REGISTER_MSR, or a register of @leaf, or ISAHP_GATE_ALL.
 * @binding: the bit is worth nothing where hosts differ in the EQUAL fields
 *	that it opens: it is hidden then.
 * @name: what the bit announces.
 */
struct isahp_gate {
	struct isahp_place bit;
	__u32 leaf;
	__u32 first;
	__u32 last;
	__u8 reg;
	bool binding;
	const char *name;
};

#define ISAHP_GATE_ALL 5	/* each register of the leaf */

/** isahp_gate_opens - whether a gate is in front of a register */
bool isahp_gate_opens(const struct isahp_gate *gate, __u32 leaf, __u32 subleaf,
		      unsigned int reg);

/** isahp_gate_table - every row; @ret_count receives how many there are */
const struct isahp_gate *isahp_gate_table(size_t *ret_count);

#endif /* ISAHP_SHIM_FIELD_H */
