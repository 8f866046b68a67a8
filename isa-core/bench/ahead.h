/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef BENCH_AHEAD_H
#define BENCH_AHEAD_H

#include "loop.h"

#define AHEAD_STACK 4096
#define AHEAD_BLOCKS_LOG2 6

/**
 * struct ahead - a loop in isahp_run()
 * @loop: which.
 * @first: registers before its first instruction that is lost: there a CPU would
 *	trap.
 * @first_simd: @first's.
 * @regs: as they are now,
 * @simd: these too.
 * @emulation: where all of it comes together.
 * @stack: its own.
 * @blocks: decoded.
 * @instructions: from @first until the loop returns.
 * @lost: of these, of loop_lost()'s features.
 */
struct ahead {
	const struct loop *loop;
	struct isahp_registers first;
	struct isahp_simd first_simd;
	struct isahp_registers regs;
	struct isahp_simd simd;
	struct isahp_emulation emulation;
	__u64 stack[AHEAD_STACK / 8] __attribute__((aligned(64)));
	struct isahp_run_block blocks[1 << AHEAD_BLOCKS_LOG2];
	__u32 instructions;
	__u32 lost;
};

/**
 * ahead_init - get there
 * @a: overwritten; where it lies it has to stay.
 * @loop: its function.
 *
 * Return: false, and a line on stderr, if it can not be carried out.
 */
bool ahead_init(struct ahead *a, const struct loop *loop);

/**
 * ahead_run - through the loop, as loop_execute() does it
 * @a: initialised.
 * @stable: vouch for the code. Else its bytes are compared at each block.
 * @ret_result: loop_result()'s. Untouched on failure.
 *
 * Return: as there, or a negative number if it did not come to its end.
 */
double ahead_run(struct ahead *a, bool stable, __u64 *ret_result);

/**
 * ahead_walk - one instruction after the other
 * @a: initialised.
 * @visit: called before each instruction from the function's first one on.
 * @data: for @visit.
 *
 * Return: false if it did not come to its end.
 */
bool ahead_walk(struct ahead *a,
		void (*visit)(void *data, __u64 rip, const struct isahp_instruction *in),
		void *data);

/** ahead_is_lost - whether an instruction is one of those that trap */
bool ahead_is_lost(const struct isahp_instruction *in);

/** ahead_ops - this process's memory, and whoever asks for more of it is wrong */
extern const struct isahp_emulate_ops ahead_ops;

#endif /* BENCH_AHEAD_H */
