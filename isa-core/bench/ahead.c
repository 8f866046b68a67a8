// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A loop in isahp_run(), within this process: what the emulator costs, and not
 * what a trap does, nor a kernel's or a signal handler's way to memory.
 */
#include "ahead.h"

#include <isa-core/features.h>
#include <stdio.h>
#include <string.h>

/* Where a loop returns to: what is foreign to the emulator ends the run. */
__asm__(
"	.pushsection .text\n"
"ahead_end:\n"
"	ud2\n"
"	.popsection\n");
extern const __u8 ahead_end[];

#define WALK_MAX 1000000

/* --- the emulator's environment -------------------------------------------- */

static size_t load(void *env, __u64 address, void *buf, size_t size)
{
	const void *from = (const void *)(uintptr_t)address;

	(void)env;
	switch (size) {
	case 4:
		memcpy(buf, from, 4);
		break;
	case 8:
		memcpy(buf, from, 8);
		break;
	case 16:
		memcpy(buf, from, 16);
		break;
	case 32:
		memcpy(buf, from, 32);
		break;
	default:
		memcpy(buf, from, size);
	}
	return size;
}

static size_t store(void *env, __u64 address, const void *buf, size_t size)
{
	(void)env;
	memcpy((void *)(uintptr_t)address, buf, size);
	return size;
}

static size_t exchange(void *env, __u64 address, void *old, const void *new,
		       size_t size)
{
	(void)env;
	(void)address;
	(void)old;
	(void)new;
	(void)size;
	return ISAHP_EXCHANGE_NONE;
}

static bool segment(void *env, unsigned int n, struct isahp_segment *ret)
{
	(void)env;
	(void)n;
	(void)ret;
	return false;
}

const struct isahp_emulate_ops ahead_ops = {
	.load = load,
	.store = store,
	.exchange = exchange,
	.segment = segment,
};

/* --- one instruction after the other --------------------------------------- */

bool ahead_is_lost(const struct isahp_instruction *in)
{
	struct isahp_features needs = isahp_instruction_features(in);
	struct isahp_features lost = loop_lost();

	return isahp_features_meet(&needs, &lost);
}

/* As at a call: the return address is on top, at 8 modulo 16. */
static void enter(struct ahead *a)
{
	const struct loop *l = a->loop;
	__u64 *top = &a->stack[AHEAD_STACK / 8 - 1];

	memset(&a->regs, 0, sizeof(a->regs));
	memset(&a->simd, 0, sizeof(a->simd));
	a->simd.mxcsr = 0x1f80;
	a->simd.bytes = 32;
	*top = (uintptr_t)ahead_end;
	a->regs.gpr[ISAHP_REGISTER_RSP] = (uintptr_t)top;
	a->regs.gpr[7] = (uintptr_t)l->in;
	a->regs.gpr[6] = (uintptr_t)l->out;
	a->regs.gpr[2] = l->count;
	a->regs.rip = (uintptr_t)l->function;
	a->regs.rflags = 0x202;
	a->regs.simd = &a->simd;
}

/* Carry out what is at RIP; false at the end, and where that can not be done. */
static bool step(struct ahead *a, struct isahp_instruction *in)
{
	return isahp_emulate_instruction(&a->emulation, in) == ISAHP_EMULATE_DONE;
}

static bool decode(const struct ahead *a, struct isahp_instruction *ret)
{
	return isahp_instruction_decode((const __u8 *)(uintptr_t)a->regs.rip,
					ISAHP_INSTRUCTION_MAX, ISAHP_CODE_64,
					ret) == ISAHP_DECODED;
}

bool ahead_walk(struct ahead *a,
		void (*visit)(void *data, __u64 rip, const struct isahp_instruction *in),
		void *data)
{
	struct isahp_instruction in;
	unsigned int n;

	enter(a);
	for (n = 0; n < WALK_MAX && decode(a, &in); n++) {
		visit(data, a->regs.rip, &in);
		if (!step(a, &in))
			break;
	}
	return a->regs.rip == (uintptr_t)ahead_end;
}

/* --- the run ---------------------------------------------------------------- */

static void count(void *data, __u64 rip, const struct isahp_instruction *in)
{
	struct ahead *a = data;
	bool lost = ahead_is_lost(in);

	(void)rip;
	if (lost && !a->lost) {
		a->first = a->regs;
		a->first_simd = a->simd;
	}
	a->lost += lost;
	a->instructions += !!a->lost;
}

bool ahead_init(struct ahead *a, const struct loop *loop)
{
	memset(a, 0, sizeof(*a));
	a->loop = loop;
	a->emulation.mode = ISAHP_CODE_64;
	a->emulation.address_bits = 57;
	a->emulation.untag_mask = ~0ULL;
	a->emulation.regs = &a->regs;
	a->emulation.ops = &ahead_ops;
	a->emulation.features = loop_lost();
	if (!ahead_walk(a, count, a)) {
		fprintf(stderr, "bench_emulator: %s: stopped at %#llx, %u instructions\n",
			loop->name, (unsigned long long)a->regs.rip, a->instructions);
		return false;
	}
	if (!a->lost)
		fprintf(stderr, "bench_emulator: %s: nothing in it traps\n", loop->name);
	return a->lost;
}

/* False if it does not come to its end as it did instruction by instruction. */
static bool once(struct ahead *a, struct isahp_run *run)
{
	a->regs = a->first;
	a->simd = a->first_simd;
	isahp_run(run, &a->emulation);
	return a->regs.rip == (uintptr_t)ahead_end && run->instructions == a->instructions;
}

double ahead_run(struct ahead *a, bool stable, __u64 *ret_result)
{
	struct isahp_features all = isahp_features_known();
	struct isahp_run run = {
		.blocks = a->blocks,
		.blocks_log2 = AHEAD_BLOCKS_LOG2,
		.generation = stable,
		.stable = stable,
		.present = isahp_features_andnot(&all, &a->emulation.features),
		.native = ~0U,
		.limit = ~0U,
	};
	double begin, ns, best = 0;
	int turn, i;

	for (turn = 0; turn < LOOP_TURNS; turn++) {
		begin = loop_cpu_ns();
		for (i = 0; i < LOOP_REPEATS; i++)
			if (!once(a, &run))
				return -1;
		ns = (loop_cpu_ns() - begin) / LOOP_REPEATS;
		best = !turn || ns < best ? ns : best;
	}
	*ret_result = loop_result(a->loop, a->regs.gpr[ISAHP_REGISTER_RAX]);
	return best;
}
