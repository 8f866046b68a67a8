// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* A loop of bit instructions, run ahead and by the CPU. */
#include "emulator.h"

#include <isa-core/features.h>
#include <isa-core/run.h>
#include <string.h>
#include <time.h>

#define WORDS 1024
#define PER_TURN 8	/* instructions */
#define ROUNDS 200
#define BLOCKS_LOG2 6

static __u64 words[WORDS];

/* In: %rdi words, %rsi how many. Out: %rax. */
__asm__(
"	.pushsection .text\n"
"	.balign 64\n"
"bench_bits:\n"
"	xor %eax, %eax\n"
"	xor %r9d, %r9d\n"
"1:	mov (%rdi), %rdx\n"
"	popcnt %rdx, %rcx\n"
"	blsr %rdx, %r8\n"
"	add %rcx, %rax\n"
"	xor %r8, %r9\n"
"	add $8, %rdi\n"
"	dec %rsi\n"
"	jnz 1b\n"
"	add %r9, %rax\n"
"	ret\n"
"	.popsection\n");
extern __u64 bench_bits(const __u64 *p, __u64 count);

/* Nothing here waits: who else runs on this CPU does not count. */
static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* --- the emulator's environment ------------------------------------------- */

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

static const struct isahp_emulate_ops ops = {
	.load = load,
	.store = store,
	.exchange = exchange,
	.segment = segment,
};

/* --- the two -------------------------------------------------------------- */

static double native(void)
{
	double begin = cpu_ns();
	volatile __u64 sink;
	int i;

	for (i = 0; i < 16; i++)
		sink = bench_bits(words, WORDS);
	(void)sink;
	return (cpu_ns() - begin) / (16.0 * WORDS * PER_TURN);
}

static double emulated(bool stable)
{
	static struct isahp_run_block blocks[1 << BLOCKS_LOG2];
	struct isahp_registers regs = {
		.gpr = { [6] = WORDS, [7] = (uintptr_t)words },
		.rip = (uintptr_t)&bench_bits + 5 + 3,	/* at popcnt */
		.rflags = 0x202,
	};
	struct isahp_emulation e = {
		.mode = ISAHP_CODE_64,
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &regs,
		.ops = &ops,
	};
	struct isahp_run run = {
		.blocks = blocks,
		.blocks_log2 = BLOCKS_LOG2,
		.generation = stable,
		.stable = stable,
		.native = 1000,
		.limit = WORDS * PER_TURN - 1,
	};
	double begin;

	isahp_features_add(&e.features, ISAHP_FEATURE_POPCNT);
	isahp_features_add(&e.features, ISAHP_FEATURE_BMI1);
	begin = cpu_ns();
	isahp_run(&run, &e);
	return (cpu_ns() - begin) / run.instructions;
}

double emulator_run(struct bench *b)
{
	size_t rounds = b->quick ? 20 : ROUNDS, i;
	static double a[2][ROUNDS], again[ROUNDS], n[ROUNDS];
	struct bench_row row = {
		.unit = "ns",
		.peer = "the CPU itself",
		.samples = rounds,
	};

	for (i = 0; i < WORDS; i++)
		words[i] = i * 0x9e3779b97f4a7c15ULL;
	for (i = 0; i < rounds; i++) {
		a[0][i] = emulated(false);
		a[1][i] = emulated(true);
		again[i] = emulated(false);
		n[i] = native();
	}
	row.noise = bench_noise(a[0], again, rounds);
	row.peer_value = bench_percentile(n, rounds, 50);
	for (i = 0; i < 2; i++) {
		row.ratio = bench_ratio(a[i], n, rounds);
		row.value = bench_percentile(a[i], rounds, 50);
		strcpy(row.name, i ? "run, bits, code vouched for" :
				     "run, bits, an instruction");
		bench_add(b, row);
	}
	return row.noise;
}
