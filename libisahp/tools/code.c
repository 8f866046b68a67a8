// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "code.h"
#include "needs.h"

#define MAP_FIRST 1024

bool code_decode(const struct code *code, uint64_t address,
		 ZydisDecodedInstruction *ret_in,
		 ZydisDecodedOperand ret_operands[ZYDIS_MAX_OPERAND_COUNT])
{
	uint64_t room = image_room(code->image, address);

	if (room > ZYDIS_MAX_INSTRUCTION_LENGTH)
		room = ZYDIS_MAX_INSTRUCTION_LENGTH;
	if (!room || !image_executable(code->image, address))
		return false;
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(
		&code->decoder, image_at(code->image, address, room), room,
		ret_in, ret_operands));
}

void code_disassemble(const struct code *code, uint64_t address,
		      char text[CODE_TEXT])
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;
	ZydisFormatter formatter;

	strcpy(text, "(bad)");
	if (!code_decode(code, address, &in, operands) ||
	    ZYAN_FAILED(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT)))
		return;
	ZydisFormatterFormatInstruction(&formatter, &in, operands,
					in.operand_count_visible, text,
					CODE_TEXT, address, NULL);
}

static size_t slot_of(const struct code *code, uint64_t address)
{
	size_t i = (address * 0x9e3779b97f4a7c15ULL) >> 20;

	for (i &= code->map_size - 1; code->map[i]; i = (i + 1) & (code->map_size - 1))
		if (code->nodes[code->map[i] - 1].address == address)
			break;
	return i;
}

const struct code_node *code_node_at(const struct code *code, uint64_t address)
{
	uint32_t i = code->map[slot_of(code, address)];

	return i ? &code->nodes[i - 1] : NULL;
}

static int map_grow(struct code *code)
{
	size_t size = code->map_size ? code->map_size * 2 : MAP_FIRST;
	uint32_t *map = calloc(size, sizeof(*map));
	size_t i;

	if (!map)
		return -ENOMEM;
	free(code->map);
	code->map = map;
	code->map_size = size;
	for (i = 0; i < code->node_count; i++)
		map[slot_of(code, code->nodes[i].address)] = (uint32_t)i + 1;
	return 0;
}

/* A node of its own for an address, once. */
static int reach(struct code *code, uint64_t address, uint64_t from)
{
	struct code_node *node;
	int rc;

	if (code_node_at(code, address) ||
	    (code->skip && code->skip(code->arg, address)))
		return 0;
	if (!*code->budget)
		return -E2BIG;
	--*code->budget;
	if (array_grow(&code->nodes, code->node_count, &code->node_room,
		       sizeof(*code->nodes)))
		return -ENOMEM;
	if ((code->node_count + 1) * 2 > code->map_size) {
		rc = map_grow(code);
		if (rc)
			return rc;
	}
	node = &code->nodes[code->node_count];
	memset(node, 0, sizeof(*node));
	node->address = address;
	node->from = from;
	node->next = CODE_NOWHERE;
	node->target = CODE_NOWHERE;
	node->call = CODE_NOWHERE;
	code->map[slot_of(code, address)] = (uint32_t)++code->node_count;
	return 0;
}

/* Writes of YMM or ZMM 0 to 15; VEX forms of 128 bits leave no upper half. */
static uint8_t upper_of(const ZydisDecodedInstruction *in,
			const ZydisDecodedOperand *operands)
{
	unsigned int i;

	if (in->mnemonic == ZYDIS_MNEMONIC_VZEROUPPER ||
	    in->mnemonic == ZYDIS_MNEMONIC_VZEROALL)
		return CODE_UPPER_CLEANS;
	for (i = 0; i < in->operand_count; i++) {
		ZydisRegister r = operands[i].reg.value;
		ZydisRegisterClass class;

		if (operands[i].type != ZYDIS_OPERAND_TYPE_REGISTER ||
		    !(operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		class = ZydisRegisterGetClass(r);
		if ((class == ZYDIS_REGCLASS_YMM || class == ZYDIS_REGCLASS_ZMM) &&
		    ZydisRegisterGetId(r) < 16)
			return CODE_UPPER_DIRTIES;
	}
	return CODE_UPPER_KEEPS;
}

/*
 * A stub of the procedure linkage table is a jump through a pointer that the
 * loader fills in, maybe behind an ENDBR64. Return: whether @at is one.
 */
static bool stub(const struct code *code, uint64_t at,
		 struct image_pointer *ret_pointer)
{
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;
	struct image_pointer p;
	uint64_t slot;

	if (!code_decode(code, at, &in, o))
		return false;
	if (in.mnemonic == ZYDIS_MNEMONIC_ENDBR64) {
		at += in.length;
		if (!code_decode(code, at, &in, o))
			return false;
	}
	if (in.mnemonic != ZYDIS_MNEMONIC_JMP ||
	    o[0].type != ZYDIS_OPERAND_TYPE_MEMORY ||
	    o[0].mem.base != ZYDIS_REGISTER_RIP ||
	    ZYAN_FAILED(ZydisCalcAbsoluteAddress(&in, &o[0], at, &slot)) ||
	    image_pointer(code->image, slot, &p) || (!p.symbolic && !p.ifunc))
		return false;
	*ret_pointer = p;
	return true;
}

/* Where a branch goes: an address, CODE_NOWHERE and a doubt, or both. */
static uint64_t destination(const struct code *code, struct code_node *node,
			    const ZydisDecodedInstruction *in,
			    const ZydisDecodedOperand *operand)
{
	struct image_pointer p = { 0 };
	uint64_t at;

	if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
	    operand->imm.is_relative) {
		ZydisCalcAbsoluteAddress(in, operand, node->address, &p.value);
		p.external = image_external(code->image, p.value);
		if (stub(code, p.value, &p) && !p.external && !p.ifunc)
			node->doubt = CODE_INTERPOSABLE;
	} else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		   operand->mem.base == ZYDIS_REGISTER_RIP &&
		   operand->mem.index == ZYDIS_REGISTER_NONE &&
		   ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(in, operand,
							 node->address, &at)) &&
		   !image_pointer(code->image, at, &p) &&
		   (p.symbolic || p.ifunc || image_constant(code->image, at))) {
		if (p.symbolic && !p.external)
			node->doubt = CODE_INTERPOSABLE;
	} else {
		node->doubt = CODE_INDIRECT_CALL;
		return CODE_NOWHERE;
	}
	if (p.external) {
		node->doubt = CODE_EXTERNAL;
		node->name = p.external;
		return CODE_NOWHERE;
	}
	if (node->doubt || p.ifunc)
		node->name = image_symbol(code->image, p.value, &at);
	if (p.ifunc)
		node->doubt = CODE_IFUNC;
	else if (!image_executable(code->image, p.value))
		node->doubt = CODE_OUTSIDE;
	else
		return p.value;
	return CODE_NOWHERE;
}

static void jump(struct code *code, struct code_node *node,
		 const ZydisDecodedInstruction *in,
		 const ZydisDecodedOperand *operands)
{
	node->target = destination(code, node, in, &operands[0]);
	if (node->doubt == CODE_INDIRECT_CALL)
		node->doubt = CODE_INDIRECT_JUMP;
	if (node->target == CODE_NOWHERE && node->doubt != CODE_INDIRECT_JUMP)
		node->leaves = true;
}

/* Nothing comes after it. */
static bool ends(const ZydisDecodedInstruction *in)
{
	switch (in->mnemonic) {
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_INT3:
		return true;
	default:
		return false;
	}
}

static void successors(struct code *code, struct code_node *node,
		       const ZydisDecodedInstruction *in,
		       const ZydisDecodedOperand *operands)
{
	bool relative = operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
			operands[0].imm.is_relative;

	if (ends(in))
		return;
	switch (in->meta.category) {
	case ZYDIS_CATEGORY_RET:
		node->leaves = true;
		return;
	case ZYDIS_CATEGORY_UNCOND_BR:
		if (in->mnemonic == ZYDIS_MNEMONIC_XABORT)
			break;
		jump(code, node, in, operands);
		return;
	case ZYDIS_CATEGORY_CALL:
		node->call = destination(code, node, in, &operands[0]);
		break;
	default:
		/* Conditional jumps, LOOP, XBEGIN. */
		if (in->operand_count && relative)
			jump(code, node, in, operands);
		break;
	}
	node->next = node->address + in->length;
}

/*
 * A call that ends a function does not return: what comes next is another
 * function, with another one's features.
 */
static bool never_returns(const struct code *code, const struct code_node *node)
{
	uint64_t begin, end;

	return !image_function(code->image, node->address, &begin, &end) &&
	       node->next >= end;
}

static void look(struct code *code, struct code_node *node)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;

	node->named = true;
	if (!code_decode(code, node->address, &in, operands)) {
		node->doubt = image_executable(code->image, node->address) ?
				      CODE_UNKNOWN : CODE_OUTSIDE;
		return;
	}
	node->length = in.length;
	node->named = needs_of(&in, &node->needs);
	node->silent = in.mnemonic == ZYDIS_MNEMONIC_TZCNT;
	node->upper = upper_of(&in, operands);
	successors(code, node, &in, operands);
	if (in.meta.category == ZYDIS_CATEGORY_CALL && never_returns(code, node))
		node->next = CODE_NOWHERE;
}

static int follow_table(struct code *code, size_t index)
{
	int count = code_jump_table(code, &code->nodes[index]);
	struct code_node *node = &code->nodes[index];
	uint32_t i, first = (uint32_t)code->target_count;
	int rc = 0;

	if (count == -ENOENT)
		return 0;
	if (count < 0)
		return count;
	node->doubt = CODE_SURE;
	node->table = first - (uint32_t)count;
	node->table_count = (uint32_t)count;
	for (i = first - (uint32_t)count; !rc && i < first; i++)
		rc = reach(code, code->targets[i], code->nodes[index].address);
	return rc;
}

static int follow_one(struct code *code, size_t index)
{
	struct code_node node;
	int rc = 0;

	look(code, &code->nodes[index]);
	node = code->nodes[index];
	/* The array may move with each node that is reached. */
	if (node.next != CODE_NOWHERE)
		rc = reach(code, node.next, node.address);
	if (!rc && node.target != CODE_NOWHERE)
		rc = reach(code, node.target, node.address);
	if (!rc && node.call != CODE_NOWHERE)
		rc = reach(code, node.call, CODE_NOWHERE);
	if (!rc && node.doubt == CODE_INDIRECT_JUMP)
		rc = follow_table(code, index);
	return rc;
}

int code_follow(const struct image *image, uint64_t entry, size_t *budget,
		bool (*skip)(const void *arg, uint64_t address), const void *arg,
		struct code *ret_code)
{
	struct code code = {
		.image = image,
		.budget = budget,
		.skip = skip,
		.arg = arg,
	};
	size_t i;
	int rc;

	ZydisDecoderInit(&code.decoder, ZYDIS_MACHINE_MODE_LONG_64,
			 ZYDIS_STACK_WIDTH_64);
	rc = map_grow(&code);
	if (!rc)
		rc = reach(&code, entry, CODE_NOWHERE);
	for (i = 0; !rc && i < code.node_count; i++)
		rc = follow_one(&code, i);
	if (rc) {
		code_free(&code);
		return rc;
	}
	*ret_code = code;
	return 0;
}

void code_free(struct code *code)
{
	free(code->nodes);
	free(code->map);
	free(code->targets);
}
