/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Running ahead: where one instruction has trapped, the next of its kind is near,
 * and to carry on costs less than another trap.
 */
#ifndef ISAHP_CORE_RUN_H
#define ISAHP_CORE_RUN_H

#include "emulate.h"

struct isahp_lanes_operation;

/* Of a block. */
#define ISAHP_RUN_STEPS 16
#define ISAHP_RUN_BYTES 96

/**
 * struct isahp_run_vector - what is known beforehand of a vector instruction
 * @operation: what it computes.
 * @source: vector registers, as a, b and c; b may be memory.
 * @to: the register that it is for.
 * @size: of its result in bytes.
 * @loaded: bytes that are loaded as b.
 * @general: bytes of a general register that are b.
 * @bytes: as in struct isahp_lanes.
 * @need: bytes that registers have to have.
 * @aligned: memory has to be.
 * @in_place: no source is what the result is for.
 * @group: how many steps from this one on are carried out as one.
 */
struct isahp_run_vector {
	const struct isahp_lanes_operation *operation;
	__u8 source[3];
	__u8 to;
	__u8 size;
	__u8 loaded;
	__u8 general;
	__u8 bytes;
	__u8 need;
	bool aligned;
	bool in_place;
	__u8 group;
};

/* How a step is carried out. */
enum isahp_run_way {
	ISAHP_RUN_ALONE,
	ISAHP_RUN_WHOLE,	/* after those before it, and before those behind it */
	ISAHP_RUN_WAYS
};

/**
 * struct isahp_run_step - an instruction of a block
 * @function: carries it out, by enum isahp_run_way; run.c's own.
 * @general: what carries out any such instruction.
 * @in: decoded.
 * @vector: of some of them.
 * @next: where the instruction behind it is.
 * @stays: it goes on with the next one, and stores nothing.
 * @native: the CPU would carry it out as well.
 */
struct isahp_run_step {
	enum isahp_emulated (*function[ISAHP_RUN_WAYS])(
		struct isahp_emulation *e, const struct isahp_instruction *in);
	enum isahp_emulated (*general)(struct isahp_emulation *e,
				       const struct isahp_instruction *in);
	struct isahp_instruction in;
	struct isahp_run_vector vector;
	__u64 next;
	bool stays;
	bool native;
};

/**
 * isahp_run_instruction - carry out one that is decoded, as a run does
 * @e: as for isahp_emulate_instruction().
 * @in: likewise.
 *
 * What becomes of it is the same. A run chooses other functions for what is
 * frequent, and this is how they are held against the ones that are general.
 *
 * Return: enum isahp_emulated.
 */
enum isahp_emulated isahp_run_instruction(struct isahp_emulation *e,
					  const struct isahp_instruction *in);

/**
 * struct isahp_run_block - decoded instructions, one behind the other
 * @rip: of the first one.
 * @generation: of struct isahp_run.
 * @size: of their code in bytes.
 * @steps: how many; 0: nothing is here, or none that can be carried out.
 * @mode: enum isahp_code_mode.
 * @emulated: how many the CPU would not carry out.
 * @native_first: how many it would before the first of these,
 * @native_last: behind the last, and
 * @native_most: most in a row.
 * @sets_tf: RFLAGS.TF may change.
 * @code: theirs.
 * @step: themselves.
 */
struct isahp_run_block {
	__u64 rip;
	__u64 generation;
	__u8 size;
	__u8 steps;
	__u8 mode;
	__u8 emulated;
	__u8 native_first;
	__u8 native_last;
	__u8 native_most;
	bool sets_tf;
	__u8 code[ISAHP_RUN_BYTES];
	struct isahp_run_step step[ISAHP_RUN_STEPS];
};

/**
 * enum isahp_run_end - what ended a run
 * @ISAHP_RUN_NATIVE: so many in a row were the CPU's that it can go on.
 * @ISAHP_RUN_LIMIT: the limit of instructions.
 * @ISAHP_RUN_STOPPED: the caller.
 * @ISAHP_RUN_FOREIGN: an instruction that is not carried out. If it is the first
 *	one, nothing has happened.
 * @ISAHP_RUN_UNREACHED: as ISAHP_EMULATE_UNREACHED.
 * @ISAHP_RUN_FAULT: as ISAHP_EMULATE_FAULT.
 * @ISAHP_RUN_STEP: RFLAGS.TF is set, and an instruction is over.
 */
enum isahp_run_end {
	ISAHP_RUN_NATIVE,
	ISAHP_RUN_LIMIT,
	ISAHP_RUN_STOPPED,
	ISAHP_RUN_FOREIGN,
	ISAHP_RUN_UNREACHED,
	ISAHP_RUN_FAULT,
	ISAHP_RUN_STEP,
};

/**
 * struct isahp_run - how far to go, and how far it went
 * @blocks: memory for decoded blocks, zeroed before it is used for the first
 *	time. For one address space, and one thread at a time.
 * @blocks_log2: there are 1 << @blocks_log2 of them, at least one.
 * @generation: of what decoded blocks depend on: @present, @shadow_stack, the
 *	emulation's features, and, if @stable, all mappings of code. Blocks of
 *	another one are decoded anew.
 * @stable: code does not change within a generation. Else its bytes are compared
 *	whenever a block is entered.
 * @shadow_stack: the thread has one (SDM vol. 1, 17.2): CALL and RET are foreign.
 * @resumed: go on with a run that has ended: its first instruction may be the
 *	CPU's, and what was counted counts on.
 * @present: features that the CPU has.
 * @native: end after so many instructions in a row that it would carry out.
 * @limit: of instructions; a turn of a string instruction is one.
 * @stop: asked before every block but the first, may be NULL: something else is
 *	to be done now.
 * @instructions: carried out.
 * @emulated: of these, which the CPU would not have carried out.
 * @in_row: of these the last ones that it would: run.c's own.
 */
struct isahp_run {
	struct isahp_run_block *blocks;
	unsigned int blocks_log2;
	__u64 generation;
	bool stable;
	bool shadow_stack;
	bool resumed;
	struct isahp_features present;
	__u32 native;
	__u32 limit;
	bool (*stop)(void *env);
	__u32 instructions;
	__u32 emulated;
	__u32 in_row;
};

/**
 * isahp_run - carry out instructions, as long as it is worth while
 * @run: see there.
 * @e: as for isahp_emulate(); @bytes, @count and @turns do not matter, and
 *	@instruction is that of the first one. That must be of a feature in
 *	@features which is not in @run's @present, unless @run is resumed. After a
 *	fault and the like registers are those before the instruction that it is of.
 *
 * Context: whatever the callbacks allow.
 *
 * Return: enum isahp_run_end.
 */
enum isahp_run_end isahp_run(struct isahp_run *run, struct isahp_emulation *e);

/** isahp_run_forget - drop all decoded blocks */
void isahp_run_forget(struct isahp_run *run);

#endif /* ISAHP_CORE_RUN_H */
