/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The code that can run from an address on: instructions and where each goes.
 *
 * Direct calls and jumps are followed within the file, and jumps through the
 * tables that compilers make of switches. What is not followed is noted.
 */
#ifndef ISAHP_TOOL_CODE_H
#define ISAHP_TOOL_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <Zydis/Zydis.h>
#include <isahp/features.h>

#include "image.h"

#define CODE_NOWHERE UINT64_MAX
/* Bytes of a disassembled instruction's text. */
#define CODE_TEXT 128

/**
 * enum code_doubt - why a node's successors are not all known
 * @CODE_INDIRECT_CALL: a call through a register or a pointer that may change.
 * @CODE_INDIRECT_JUMP: a jump through one, of which no table was found.
 * @CODE_EXTERNAL: what is called or jumped to is in another object: @name.
 * @CODE_IFUNC: is chosen by a resolver when the program starts.
 * @CODE_INTERPOSABLE: is in this object, and followed, but looked up by name.
 * @CODE_OUTSIDE: leads to where the file has no code.
 * @CODE_UNKNOWN: the bytes are no instruction that the decoder knows.
 */
enum code_doubt {
	CODE_SURE = 0,
	CODE_INDIRECT_CALL,
	CODE_INDIRECT_JUMP,
	CODE_EXTERNAL,
	CODE_IFUNC,
	CODE_INTERPOSABLE,
	CODE_OUTSIDE,
	CODE_UNKNOWN,
};

/** enum code_upper - what an instruction does to the upper halves of YMM0 to 15 */
enum code_upper {
	CODE_UPPER_KEEPS = 0,
	CODE_UPPER_DIRTIES,
	CODE_UPPER_CLEANS,
};

/**
 * struct code_node - an instruction
 * @address: where.
 * @from: the one by which it was first reached, or CODE_NOWHERE.
 * @next: the one after it, when control goes on there,
 * @target: where it jumps, and
 * @call: whom it calls; CODE_NOWHERE where it does not.
 * @table: index of its first target in struct code's @targets, and
 * @table_count: how many, when it jumps through a table.
 * @needs: features.
 * @name: of what @doubt is about, or NULL.
 * @length: bytes.
 * @named: isahp has names for all that it needs.
 * @doubt: enum code_doubt.
 * @upper: enum code_upper.
 * @leaves: returns, or jumps to another object.
 * @silent: TZCNT, which runs as BSF where it is not known.
 * @harmless: and does the same there; nonzero_find() tells.
 */
struct code_node {
	uint64_t address;
	uint64_t from;
	uint64_t next;
	uint64_t target;
	uint64_t call;
	uint32_t table;
	uint32_t table_count;
	struct isahp_features needs;
	const char *name;
	uint8_t length;
	bool named;
	uint8_t doubt;
	uint8_t upper;
	bool leaves;
	bool silent;
	bool harmless;
};

struct code {
	const struct image *image;
	ZydisDecoder decoder;
	struct code_node *nodes;
	size_t node_count, node_room;
	uint32_t *map; /* hash of address -> index + 1 */
	size_t map_size;
	uint64_t *targets;
	size_t target_count, target_room;
	size_t *budget;
	bool (*skip)(const void *arg, uint64_t address);
	const void *arg;
};

/**
 * code_follow - all that can run from an address on
 * @image: whose.
 * @entry: where it begins.
 * @budget: instructions, and targets of tables, that may yet be looked at;
 *	counted down.
 * @skip: says which addresses not to go to, or NULL, and
 * @arg: what it is given.
 * @ret_code: given back by code_free().
 *
 * -E2BIG: the budget is used up; -ENOMEM.
 */
int code_follow(const struct image *image, uint64_t entry, size_t *budget,
		bool (*skip)(const void *arg, uint64_t address), const void *arg,
		struct code *ret_code);
void code_free(struct code *code);

/** code_node_at - the instruction at an address, or NULL */
const struct code_node *code_node_at(const struct code *code, uint64_t address);

/** code_disassemble - AT&T syntax, as objdump's */
void code_disassemble(const struct code *code, uint64_t address,
		      char text[CODE_TEXT]);

/**
 * code_decode - one instruction
 *
 * Return: false when there is none.
 */
bool code_decode(const struct code *code, uint64_t address,
		 ZydisDecodedInstruction *ret_in,
		 ZydisDecodedOperand ret_operands[ZYDIS_MAX_OPERAND_COUNT]);

/**
 * code_jump_table - the targets of a jump through a register or a table
 * @code: in which the instructions before the jump are.
 * @node: the jump.
 *
 * Knows what gcc and clang make of a switch: distances of 32 bits from a table
 * whose address is loaded by LEA, or a table of addresses, and a comparison
 * before that tells how many there are. Appends to @code's targets.
 *
 * Return: how many; -ENOENT: none was recognised; -E2BIG: more than the budget;
 * -ENOMEM.
 */
int code_jump_table(struct code *code, const struct code_node *node);

#endif /* ISAHP_TOOL_CODE_H */
