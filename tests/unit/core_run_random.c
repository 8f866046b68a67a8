// SPDX-License-Identifier: MIT
/*
 * A run is what one instruction after the other is: of code at random, with vectors,
 * branches and loops, and ends of all kinds. The same registers, memory and counts.
 *
 * ISAHP_CASES multiplies how many runs there are, ISAHP_SEED repeats them.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include <isa-core/features.h>
#include <isa-core/run.h>

#include "core_encode.h"
#include "core_flat.h"
#include "core_random.h"

#define BLOCKS_LOG2 4
#define CODE 0x1000
#define MEMORY 4096

/* popcnt %ecx, %eax: what begins a run. */
#define POPCNT 0xf3, 0x0f, 0xb8, 0xc1

/* --- code ----------------------------------------------------------------- */

static bool is_plain(unsigned int row)
{
	const struct isahp_form *form = &isahp_forms[row];

	return isahp_emulate_executes(form->operation) &&
	       !(form->flags & (ISAHP_FORM_F64 | ISAHP_FORM_D64));
}

/* Some rounds of AES, on a few registers: they are carried out together if they can
 * be. VEX has three operands, and perhaps two blocks. */
static size_t draw_rounds(unsigned char *code)
{
	unsigned int count = 1 + random64() % 6, op = 0xdc + random64() % 4;
	bool vex = random64() % 2, wide = random64() % 2;
	size_t size = 0;

	while (count--) {
		unsigned char rm = 0xc0 | (random64() & 0x1b);
		unsigned char vvvv = ~random64() & 3;

		if (vex)
			memcpy(code + size, (unsigned char[]){ 0xc4, 0xe2,
				0x61 | vvvv << 3 | wide << 2, op, rm }, 5);
		else
			memcpy(code + size, (unsigned char[]){ 0x66, 0x0f, 0x38, op,
							       rm }, 5);
		size += 5;
		if (!(random64() % 8))
			op = 0xdc + random64() % 4;
	}
	return size;
}

/* Instructions, now and then one that a branch may pass over, and back again. */
static void draw_code(unsigned char *code, unsigned int count)
{
	static const unsigned char first[] = { POPCNT };
	/* jo or another, over inc %rax */
	unsigned char branch[] = { 0x70, 3, 0x48, 0xff, 0xc0 };
	struct encoded one;
	size_t size = sizeof(first);

	memcpy(code, first, size);
	while (count) {
		unsigned int row = random64() % isahp_form_count;

		if (!is_plain(row) || !encode_row(row, ISAHP_CODE_64, &one))
			continue;
		memcpy(code + size, one.bytes, one.count);
		size += one.count;
		count--;
		if (!(random64() % 8))
			size += draw_rounds(code + size);
		if (random64() % 3)
			continue;
		branch[0] = 0x70 | random64() % 16;
		memcpy(code + size, branch, sizeof(branch));
		size += sizeof(branch);
	}
	code[size] = 0xe9;
	memcpy(code + size + 1, &(__s32){ -(__s32)(size + 5) }, 4);
}

/* --- state ---------------------------------------------------------------- */

/*
 * Wherever an address leads there is memory, one page over and over; one page in
 * 64 is not there.
 */
static unsigned char memory[MEMORY];	/* at CODE */
static unsigned char page[MEMORY + 256];

static unsigned char *anywhere(__u64 address, size_t size, size_t *ret_reached)
{
	if (address >= CODE && address < CODE + MEMORY) {
		*ret_reached = address + size <= CODE + MEMORY ? size :
							CODE + MEMORY - address;
		return memory + address - CODE;
	}
	*ret_reached = (address >> 12) % 64 == 5 ? 0 : size;
	return page + address % MEMORY;
}

static size_t load_anywhere(void *env, __u64 address, void *buf, size_t size)
{
	size_t reached;
	const unsigned char *from = anywhere(address, size, &reached);

	(void)env;
	if (reached == size)
		memcpy(buf, from, size);
	return reached;
}

static size_t store_anywhere(void *env, __u64 address, const void *buf, size_t size)
{
	size_t reached;
	unsigned char *to = anywhere(address, size, &reached);

	(void)env;
	if (reached == size)
		memcpy(to, buf, size);
	return reached;
}

static const struct isahp_emulate_ops ops = {
	.load = load_anywhere,
	.store = store_anywhere,
	.exchange = flat_exchange,
	.segment = flat_segment,
};

static struct isahp_run_block blocks[1 << BLOCKS_LOG2];
static struct isahp_registers regs;
static struct isahp_simd simd;
static struct isahp_emulation e;
static struct isahp_run run;

/* What the CPU lacks, when to end, registers and memory. */
static void draw_state(void)
{
	memset(blocks, 0, sizeof(blocks));
	regs = (struct isahp_registers){ .rip = CODE, .rflags = 0x202, .simd = &simd };
	e = (struct isahp_emulation){
		.mode = ISAHP_CODE_64,
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &regs,
		.ops = &ops,
	};
	run = (struct isahp_run){ .blocks = blocks, .blocks_log2 = BLOCKS_LOG2 };
	for (int n = 0; n < ISAHP_FEATURE_MAX; n++) {
		isahp_features_add(&e.features, n);
		if (random64() % 2 && n != ISAHP_FEATURE_POPCNT)
			isahp_features_add(&run.present, n);
	}
	run.native = 1 + random64() % 24;
	run.limit = 1 + random64() % 80;
	for (int n = 0; n < 16; n++)
		regs.gpr[n] = random64() >> (random64() % 8 ? 17 : 0);
	regs.rflags |= random64() & ISAHP_FLAGS_ARITHMETIC;
	for (size_t n = 0; n < sizeof(page); n++)
		page[n] = random64();
	simd.bytes = 16 << random64() % 3;
	simd.mxcsr = 0x1f80;
	for (int n = 0; n < ISAHP_SIMD_VECTORS; n++)
		for (int i = 0; i < simd.bytes / 8; i++)
			simd.v[n].q[i] = random64();
}

/* --- the comparison ------------------------------------------------------- */

/* One after the other: what a run would have come to. */
static enum isahp_run_end one_by_one(__u32 *ret_instructions, __u32 *ret_emulated)
{
	__u32 done = 0, emulated = 0, in_row = 0;
	enum isahp_run_end end = ISAHP_RUN_LIMIT;
	struct isahp_instruction in;
	struct isahp_features need;
	enum isahp_emulated r;
	size_t at;

	e.turns = 1;
	while (done < run.limit && end == ISAHP_RUN_LIMIT) {
		at = regs.rip - CODE;
		if (at >= MEMORY ||
		    isahp_instruction_decode(memory + at, MEMORY - at,
					     ISAHP_CODE_64, &in) != ISAHP_DECODED) {
			end = ISAHP_RUN_FOREIGN;
			break;
		}
		need = isahp_instruction_features(&in);
		need = isahp_features_andnot(&need, &run.present);
		r = isahp_emulate_instruction(&e, &in);
		if (r != ISAHP_EMULATE_DONE) {
			end = r == ISAHP_EMULATE_UNREACHED ? ISAHP_RUN_UNREACHED :
			      r == ISAHP_EMULATE_FAULT ? ISAHP_RUN_FAULT :
							 ISAHP_RUN_FOREIGN;
			break;
		}
		done++;
		emulated += !isahp_features_empty(&need);
		in_row = isahp_features_empty(&need) ? in_row + 1 : 0;
		if (in_row >= run.native)
			end = ISAHP_RUN_NATIVE;
	}
	*ret_instructions = done;
	*ret_emulated = emulated;
	return end;
}

Test(run_random, is_one_instruction_after_the_other)
{
	static unsigned char before_memory[MEMORY], after[MEMORY];
	static unsigned char page_before[sizeof(page)], page_after[sizeof(page)];
	struct isahp_registers before, expected;
	struct isahp_simd simd_before, simd_expected;
	unsigned long done = 0, ends[ISAHP_RUN_STEP + 1] = { 0 };
	__u32 instructions, emulated;
	enum isahp_run_end end;

	random_seed();
	for (unsigned long i = 0; i < random_cases(20000); i++) {
		memset(memory, 0xcc, sizeof(memory));
		draw_code(memory, 1 + random64() % 25);
		draw_state();
		before = regs;
		simd_before = simd;
		memcpy(before_memory, memory, MEMORY);
		memcpy(page_before, page, sizeof(page));
		end = isahp_run(&run, &e);
		expected = regs;
		simd_expected = simd;
		memcpy(after, memory, MEMORY);
		memcpy(page_after, page, sizeof(page));
		done += run.instructions;
		ends[end]++;

		regs = before;
		simd = simd_before;
		memcpy(memory, before_memory, MEMORY);
		memcpy(page, page_before, sizeof(page));
		cr_assert_eq(one_by_one(&instructions, &emulated), end);
		cr_assert_eq(run.instructions, instructions);
		cr_assert_eq(run.emulated, emulated);
		cr_assert_arr_eq(&regs, &expected, sizeof(regs));
		cr_assert_arr_eq(&simd, &simd_expected, sizeof(simd));
		cr_assert_arr_eq(memory, after, MEMORY);
		cr_assert_arr_eq(page, page_after, sizeof(page));
	}
	cr_assert_geq(done, random_cases(20000) * 4);
	cr_assert(ends[ISAHP_RUN_NATIVE] && ends[ISAHP_RUN_LIMIT] &&
		  ends[ISAHP_RUN_UNREACHED]);
	printf("%lu instructions; %lu runs ended in the CPU's own, %lu in foreign ones, %lu by the limit, %lu without memory, %lu in exceptions\n",
	       done, ends[ISAHP_RUN_NATIVE], ends[ISAHP_RUN_FOREIGN],
	       ends[ISAHP_RUN_LIMIT], ends[ISAHP_RUN_UNREACHED],
	       ends[ISAHP_RUN_FAULT]);
}
