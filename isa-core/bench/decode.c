// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The decoder beside Zydis, on the code of libraries of this machine: all that
 * both decode with their operands, in the order in which it stands there.
 */
#define _GNU_SOURCE
#include <Zydis/Zydis.h>
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <isa-core/instruction.h>

#include "emulator.h"

#define INSTRUCTIONS 20000 /* of a library: some 90 KiB of code */
#define ROUNDS 400

struct code {
	const char *library;
	const __u8 *at[INSTRUCTIONS];
	size_t count;
};

static ZydisDecoder decoder;
static volatile unsigned int sink;

/* --- code ------------------------------------------------------------------ */

static bool both_decode(const __u8 *at, __u8 *ret_length)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	struct isahp_instruction ours;
	ZydisDecodedInstruction theirs;

	*ret_length = 1;
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, at, ISAHP_INSTRUCTION_MAX,
						 &theirs, operands)))
		return false;
	*ret_length = theirs.length;
	return isahp_instruction_decode(at, ISAHP_INSTRUCTION_MAX, ISAHP_CODE_64,
					&ours) == ISAHP_DECODED;
}

/* From a third into the code on: a long way behind what begins it. */
static int find_code(struct dl_phdr_info *info, size_t size, void *data)
{
	struct code *c = data;
	int i;

	(void)size;
	if (c->count || !strstr(info->dlpi_name, c->library))
		return 0;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const __u8 *code = (const __u8 *)(info->dlpi_addr + p->p_vaddr);
		size_t at = p->p_filesz / 3;
		__u8 length;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		for (; at + ISAHP_INSTRUCTION_MAX < p->p_filesz &&
		       c->count < INSTRUCTIONS; at += length)
			if (both_decode(code + at, &length))
				c->at[c->count++] = code + at;
	}
	return 0;
}

/* Nothing here waits: who else runs on this CPU does not count. */
static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* --- the two ---------------------------------------------------------------- */

static double ours(const struct code *c)
{
	double begin = cpu_ns();
	struct isahp_instruction in;
	size_t i;

	for (i = 0; i < c->count; i++) {
		isahp_instruction_decode(c->at[i], ISAHP_INSTRUCTION_MAX,
					 ISAHP_CODE_64, &in);
		sink = in.length;
	}
	return (cpu_ns() - begin) / (double)c->count;
}

static double theirs(const struct code *c)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	double begin = cpu_ns();
	ZydisDecodedInstruction in;
	size_t i;

	for (i = 0; i < c->count; i++) {
		ZydisDecoderDecodeFull(&decoder, c->at[i], ISAHP_INSTRUCTION_MAX,
				       &in, operands);
		sink = in.length;
	}
	return (cpu_ns() - begin) / (double)c->count;
}

/* Length, opcode and prefixes; operands remain to be decoded. */
static double theirs_alone(const struct code *c)
{
	double begin = cpu_ns();
	ZydisDecodedInstruction in;
	size_t i;

	for (i = 0; i < c->count; i++) {
		ZydisDecoderDecodeInstruction(&decoder, NULL, c->at[i],
					      ISAHP_INSTRUCTION_MAX, &in);
		sink = in.length;
	}
	return (cpu_ns() - begin) / (double)c->count;
}

/* --- rows -------------------------------------------------------------------- */

static double add(struct bench *b, const struct code *c)
{
	size_t rounds = b->quick ? 20 : ROUNDS, i;
	static double a[ROUNDS], again[ROUNDS], z[ROUNDS], alone[ROUNDS];
	struct bench_row row = {
		.unit = "ns",
		.peer = "Zydis",
		.goal = 0.3,
		.at_most = true,
		.samples = rounds,
	};

	for (i = 0; i < rounds; i++) {
		a[i] = ours(c);
		z[i] = theirs(c);
		again[i] = ours(c);
		alone[i] = theirs_alone(c);
	}
	row.ratio = bench_ratio(a, z, rounds);
	row.noise = bench_noise(a, again, rounds);
	row.value = bench_percentile(a, rounds, 50);
	row.peer_value = bench_percentile(z, rounds, 50);
	snprintf(row.name, sizeof(row.name), "decode, %.30s", c->library);
	bench_add(b, row);
	strcpy(row.peer, "Zydis, no operands");
	row.goal = 0;
	row.at_most = false;
	row.ratio = bench_ratio(a, alone, rounds);
	row.peer_value = bench_percentile(alone, rounds, 50);
	bench_add(b, row);
	return row.noise;
}

double emulator_decode(struct bench *b)
{
	static const char *const libraries[] = { "libc.so.6", "libm.so.6",
						 "libcrypto.so.3", "libopenblas.so.0" };
	double noise = 0, of_row;
	static struct code c;
	size_t i;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		memset(&c, 0, sizeof(c));
		c.library = libraries[i];
		if (!dlopen(c.library, RTLD_LAZY)) {
			fprintf(stderr, "bench_emulator: no %s here\n", c.library);
			continue;
		}
		dl_iterate_phdr(find_code, &c);
		if (!c.count)
			continue;
		of_row = add(b, &c);
		noise = of_row > noise ? of_row : noise;
	}
	return noise;
}
