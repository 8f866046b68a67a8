// SPDX-License-Identifier: LGPL-2.1-or-later
/* What compilers make of a switch. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "code.h"

/* Instructions before the jump that are looked at, and entries believed in. */
#define LOOK_BACK 32
#define ENTRIES_MAX 4096

/**
 * struct search - what is known so far, going backwards from the jump
 * @slice: general registers, by number, that the jump's target is made of.
 * @base: register, and
 * @displacement: of the place in memory that it is made of: code that was not
 *	optimised compares that; ZYDIS_REGISTER_NONE.
 * @table: address of the table, or CODE_NOWHERE.
 * @absolute: it holds addresses, not distances from itself.
 * @branch: a comparison's conditional jump was seen, and
 * @more: how many more values it lets through than the one compared to.
 * @count: entries; 0: not known yet.
 */
struct search {
	uint32_t slice;
	ZydisRegister base;
	int64_t displacement;
	uint64_t table;
	bool absolute;
	bool branch;
	unsigned int more;
	uint64_t count;
};

/* A set of one general register; empty for what is none. */
static uint32_t one(ZydisRegister r)
{
	r = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r);
	if (ZydisRegisterGetClass(r) != ZYDIS_REGCLASS_GPR64)
		return 0;
	return 1U << ZydisRegisterGetId(r);
}

static uint32_t read_by(const ZydisDecodedOperand *o)
{
	if (o->type == ZYDIS_OPERAND_TYPE_MEMORY)
		return one(o->mem.base) | one(o->mem.index);
	if (o->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	    (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ))
		return one(o->reg.value);
	return 0;
}

/* What makes a register of the slice: what it reads is of the slice instead. */
static void slice(struct search *s, const ZydisDecodedInstruction *in,
		  const ZydisDecodedOperand *o)
{
	uint32_t reads = 0, writes = 0;
	unsigned int i;

	for (i = 0; i < in->operand_count; i++) {
		reads |= read_by(&o[i]);
		if (o[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    (o[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			writes |= one(o[i].reg.value);
	}
	if (!(writes & s->slice))
		return;
	s->slice = (s->slice & ~writes) | reads;
	if (o[1].type == ZYDIS_OPERAND_TYPE_MEMORY &&
	    o[1].mem.index == ZYDIS_REGISTER_NONE &&
	    in->mnemonic != ZYDIS_MNEMONIC_LEA) {
		s->base = o[1].mem.base;
		s->displacement = o[1].mem.disp.value;
	}
}

/* Is it what the jump's target is made of? */
static bool in_slice(const struct search *s, const ZydisDecodedOperand *o)
{
	if (o->type == ZYDIS_OPERAND_TYPE_REGISTER)
		return one(o->reg.value) & s->slice;
	return o->type == ZYDIS_OPERAND_TYPE_MEMORY &&
	       s->base != ZYDIS_REGISTER_NONE && o->mem.base == s->base &&
	       o->mem.index == ZYDIS_REGISTER_NONE &&
	       o->mem.disp.value == s->displacement;
}

static bool has_table(const ZydisDecodedOperand *o)
{
	return o->type == ZYDIS_OPERAND_TYPE_MEMORY &&
	       o->mem.index != ZYDIS_REGISTER_NONE && o->mem.scale == 8;
}

static void see_branch(struct search *s, const ZydisDecodedInstruction *in)
{
	switch (in->mnemonic) {
	case ZYDIS_MNEMONIC_JNBE:
	case ZYDIS_MNEMONIC_JBE:
		s->branch = true;
		s->more = 1;
		break;
	case ZYDIS_MNEMONIC_JNB:
	case ZYDIS_MNEMONIC_JB:
		s->branch = true;
		s->more = 0;
		break;
	default:
		break;
	}
}

static void see_bound(struct search *s, const ZydisDecodedInstruction *in,
		      const ZydisDecodedOperand *o)
{
	uint64_t value = o[1].imm.value.u;

	if (in->operand_count < 2 || o[1].type != ZYDIS_OPERAND_TYPE_IMMEDIATE ||
	    value >= ENTRIES_MAX)
		return;
	if (in->mnemonic == ZYDIS_MNEMONIC_CMP && s->branch && in_slice(s, &o[0]))
		s->count = value + s->more;
	/* A mask that leaves as many values as it says. */
	if (in->mnemonic == ZYDIS_MNEMONIC_AND && in_slice(s, &o[0]) &&
	    !(value & (value + 1)))
		s->count = value + 1;
}

static void see(struct search *s, const struct code *code, uint64_t address)
{
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;

	if (!code_decode(code, address, &in, o))
		return;
	if (in.mnemonic == ZYDIS_MNEMONIC_LEA && s->table == CODE_NOWHERE &&
	    o[1].mem.base == ZYDIS_REGISTER_RIP)
		ZydisCalcAbsoluteAddress(&in, &o[1], address, &s->table);
	if (in.mnemonic == ZYDIS_MNEMONIC_MOV && s->table == CODE_NOWHERE &&
	    has_table(&o[1]) && o[1].mem.base == ZYDIS_REGISTER_NONE) {
		s->table = (uint64_t)o[1].mem.disp.value;
		s->absolute = true;
	}
	if (in.mnemonic == ZYDIS_MNEMONIC_CMP || in.mnemonic == ZYDIS_MNEMONIC_AND)
		see_bound(s, &in, o);
	/* Whose flags a jump looks at comes right before, or before what has none. */
	if (in.cpu_flags && in.cpu_flags->modified)
		s->branch = false;
	see_branch(s, &in);
	slice(s, &in, o);
}

static bool entry(const struct code *code, const struct search *s, uint64_t i,
		  uint64_t *ret_target)
{
	struct image_pointer p;
	const uint8_t *bytes;
	int32_t distance;

	if (s->absolute) {
		if (image_pointer(code->image, s->table + i * 8, &p) ||
		    p.external || p.ifunc)
			return false;
		*ret_target = p.value;
	} else {
		bytes = image_at(code->image, s->table + i * 4, 4);
		if (!bytes)
			return false;
		memcpy(&distance, bytes, sizeof(distance));
		*ret_target = s->table + (uint64_t)(int64_t)distance;
	}
	return image_executable(code->image, *ret_target);
}

static int add(struct code *code, uint64_t target)
{
	if (array_grow(&code->targets, code->target_count, &code->target_room,
		       sizeof(*code->targets)))
		return -ENOMEM;
	code->targets[code->target_count++] = target;
	return 0;
}

static int add_all(struct code *code, const struct search *s)
{
	uint64_t i, target;
	int rc = 0;

	for (i = 0; i < s->count; i++)
		if (!entry(code, s, i, &target))
			return -ENOENT;
	if (*code->budget < s->count)
		return -E2BIG;
	*code->budget -= s->count;
	for (i = 0; !rc && i < s->count; i++)
		if (entry(code, s, i, &target))
			rc = add(code, target);
	return rc ? rc : (int)s->count;
}

int code_jump_table(struct code *code, const struct code_node *node)
{
	struct search s = {
		.table = CODE_NOWHERE,
		.base = ZYDIS_REGISTER_NONE,
	};
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;
	unsigned int i;

	if (!code_decode(code, node->address, &in, o))
		return -ENOENT;
	if (has_table(&o[0])) {
		s.absolute = true;
		if (o[0].mem.base == ZYDIS_REGISTER_NONE)
			s.table = (uint64_t)o[0].mem.disp.value;
	} else if (o[0].type != ZYDIS_OPERAND_TYPE_REGISTER) {
		return -ENOENT;
	}
	s.slice = read_by(&o[0]);
	for (i = 0; i < LOOK_BACK && node->from != CODE_NOWHERE && !s.count; i++) {
		node = code_node_at(code, node->from);
		if (!node)
			break;
		see(&s, code, node->address);
	}
	if (!s.count || s.table == CODE_NOWHERE ||
	    !image_constant(code->image, s.table))
		return -ENOENT;
	return add_all(code, &s);
}
