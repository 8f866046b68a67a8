// SPDX-License-Identifier: MIT
/*
 * Running ahead: where a run ends and why, and that code which has changed is not
 * run as it was.
 */
#include <criterion/criterion.h>

#include <isa-core/features.h>
#include <isa-core/run.h>

#include "core_flat.h"


#define BLOCKS_LOG2 4
#define CODE 0x1000
#define MEMORY 4096

/* popcnt %ecx, %eax; and what begins a run. */
#define POPCNT 0xf3, 0x0f, 0xb8, 0xc1
#define NOP 0x90

static struct {
	unsigned char memory[MEMORY];	/* at CODE */
	unsigned int loads;
	unsigned int stops;		/* how often not to stop */
	__u64 executable;		/* code ends there, if not 0 */
} world;

static size_t reach(__u64 address, size_t size)
{
	if (address < CODE || address >= CODE + MEMORY)
		return 0;
	return address + size <= CODE + MEMORY ? size : CODE + MEMORY - address;
}

static size_t mem_load(void *env, __u64 address, void *buf, size_t size)
{
	(void)env;
	world.loads++;
	if (reach(address, size) == size)
		memcpy(buf, world.memory + address - CODE, size);
	return reach(address, size);
}

static size_t mem_fetch(void *env, __u64 address, void *buf, size_t size)
{
	size_t reached = mem_load(env, address, buf, size);

	if (!world.executable || address + reached <= world.executable)
		return reached;
	return address < world.executable ? world.executable - address : 0;
}

static size_t mem_store(void *env, __u64 address, const void *buf, size_t size)
{
	(void)env;
	if (reach(address, size) == size)
		memcpy(world.memory + address - CODE, buf, size);
	return reach(address, size);
}

static bool stop(void *env)
{
	(void)env;
	return !world.stops--;
}

static const struct isahp_emulate_ops ops = {
	.load = mem_load,
	.fetch = mem_fetch,
	.store = mem_store,
	.exchange = flat_exchange,
	.segment = flat_segment,
};

static struct isahp_run_block blocks[1 << BLOCKS_LOG2];
static struct isahp_registers regs;
static struct isahp_emulation e;
static struct isahp_run run;

/* Without POPCNT and BMI2; code is at CODE. */
static void set_up(const unsigned char *code, size_t size)
{
	memset(&world, 0, sizeof(world));
	memset(world.memory, 0xcc, sizeof(world.memory));
	memcpy(world.memory, code, size);
	memset(blocks, 0, sizeof(blocks));
	regs = (struct isahp_registers){ .rip = CODE, .rflags = 0x202 };
	e = (struct isahp_emulation){
		.mode = ISAHP_CODE_64,
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &regs,
		.ops = &ops,
	};
	isahp_features_add(&e.features, ISAHP_FEATURE_POPCNT);
	isahp_features_add(&e.features, ISAHP_FEATURE_BMI2);
	run = (struct isahp_run){
		.blocks = blocks,
		.blocks_log2 = BLOCKS_LOG2,
		.native = 5,
		.limit = 1000000,
	};
	isahp_features_add(&run.present, ISAHP_FEATURE_BMI1);
}

/* --- ends ----------------------------------------------------------------- */

Test(run, ends_where_the_cpu_can_go_on)
{
	static const unsigned char code[] = {
		POPCNT, NOP, NOP, NOP, NOP, POPCNT, NOP, NOP, NOP, NOP, NOP, NOP, NOP,
	};

	set_up(code, sizeof(code));
	regs.gpr[1] = 0xff;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_NATIVE);
	cr_assert_eq(regs.rip, CODE + 17);
	cr_assert_eq(regs.gpr[0], 8);
	cr_assert_eq(run.instructions, 11);
	cr_assert_eq(run.emulated, 2);
}

Test(run, does_not_begin_with_what_is_the_cpus_or_nobodys)
{
	static const unsigned char native[] = { NOP, POPCNT };
	static const unsigned char foreign[] = { 0x0f, 0x0b };
	struct isahp_registers before;

	set_up(native, sizeof(native));
	before = regs;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_FOREIGN);
	cr_assert_eq(run.instructions, 0);
	cr_assert_arr_eq(&regs, &before, sizeof(regs));
	set_up(foreign, sizeof(foreign));
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_FOREIGN);
	/* Neither here nor asked for: MOVBE. */
	set_up((unsigned char[]){ 0x0f, 0x38, 0xf0, 0x00 }, 4);
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_FOREIGN);
	cr_assert_eq(run.instructions, 0);
}

Test(run, ends_at_what_is_not_carried_out)
{
	/* syscall; movbe, which this CPU lacks and nobody asked for. */
	static const unsigned char call[] = { POPCNT, NOP, 0x0f, 0x05 };
	static const unsigned char movbe[] = { POPCNT, 0x0f, 0x38, 0xf0, 0x00 };

	set_up(call, sizeof(call));
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_FOREIGN);
	cr_assert_eq(regs.rip, CODE + 5);
	cr_assert_eq(run.instructions, 2);
	cr_assert_eq(isahp_instruction_operation(&e.instruction), ISAHP_OP_POPCNT);
	set_up(movbe, sizeof(movbe));
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_FOREIGN);
	cr_assert_eq(regs.rip, CODE + 4);
}

Test(run, ends_at_faults_with_what_came_before_done)
{
	/* mov (%rbx), %rdx */
	static const unsigned char load[] = { POPCNT, 0x48, 0x8b, 0x13 };
	/* div %ebx */
	static const unsigned char divide[] = { POPCNT, 0xf7, 0xf3 };

	set_up(load, sizeof(load));
	regs.gpr[3] = CODE + MEMORY - 2;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_UNREACHED);
	cr_assert_eq(e.address, CODE + MEMORY);
	cr_assert_eq(e.access, ISAHP_ACCESS_LOAD);
	cr_assert_eq(regs.rip, CODE + 4);
	set_up(divide, sizeof(divide));
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_FAULT);
	cr_assert_eq(e.vector, ISAHP_VECTOR_DE);
	cr_assert_eq(regs.rip, CODE + 4);
}

Test(run, ends_where_code_can_not_be_fetched)
{
	static const unsigned char code[] = { POPCNT, NOP, 0x0f };

	set_up(code, 0);
	memcpy(world.memory + MEMORY - sizeof(code), code, sizeof(code));
	regs.rip = CODE + MEMORY - sizeof(code);
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_UNREACHED);
	cr_assert_eq(e.access, ISAHP_ACCESS_FETCH);
	cr_assert_eq(e.address, CODE + MEMORY);
	cr_assert_eq(run.instructions, 2);
}

Test(run, ends_where_code_may_not_be_executed)
{
	/* popcnt; jmp 4 on, where data lie: popcnt */
	static const unsigned char code[] = { POPCNT, 0xeb, 4, 0, 0, 0, 0, POPCNT };
	/* popcnt; mov (%rbx), %edx */
	static const unsigned char load[] = { POPCNT, 0x8b, 0x13 };

	for (int again = 0; again < 2; again++) {
		set_up(code, sizeof(code));
		/* Once decoded and allowed. */
		if (again)
			isahp_run(&run, &e);
		world.executable = CODE + 10;
		regs.rip = CODE;
		cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_UNREACHED);
		cr_assert_eq(e.access, ISAHP_ACCESS_FETCH);
		cr_assert_eq(e.address, CODE + 10);
		cr_assert_eq(regs.rip, CODE + 10);
		cr_assert_eq(run.instructions, 2);
	}
	/* Data may be where code may not. */
	set_up(load, sizeof(load));
	world.executable = CODE + sizeof(load);
	regs.gpr[3] = CODE + MEMORY / 2;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_UNREACHED);
	cr_assert_eq(e.address, world.executable);
	cr_assert_eq(regs.gpr[2], 0xcccccccc);
}

Test(run, leaves_shadow_stacks_alone)
{
	/* popcnt; call or ret; popcnt */
	static const unsigned char call[] = { POPCNT, 0xe8, 0, 0, 0, 0, POPCNT };
	static const unsigned char through[] = { POPCNT, 0xff, 0xd3, POPCNT };
	static const unsigned char ret[] = { POPCNT, 0xc3, POPCNT };
	static const unsigned char pop[] = { POPCNT, 0xc2, 8, 0, POPCNT };
	static const struct {
		const unsigned char *code;
		size_t size;
		__u64 next;		/* behind CALL or RET */
	} all[] = {
		{ call, sizeof(call), CODE + 9 },
		{ through, sizeof(through), CODE + 6 },
		{ ret, sizeof(ret), CODE + 5 },
		{ pop, sizeof(pop), CODE + 7 },
	};

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (int shadow = 0; shadow < 2; shadow++) {
			set_up(all[i].code, all[i].size);
			regs.gpr[3] = all[i].next;
			regs.gpr[4] = CODE + MEMORY / 2;
			memcpy(world.memory + MEMORY / 2, &all[i].next, 8);
			run.shadow_stack = shadow;
			cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_FOREIGN);
			cr_assert_eq(run.instructions, shadow ? 1 : 3);
			cr_assert_eq(regs.rip, shadow ? CODE + 4 : all[i].next + 4);
			cr_assert_eq(regs.gpr[4] == CODE + MEMORY / 2, shadow);
		}
}

Test(run, goes_on_with_what_has_ended)
{
	/* popcnt; 3 nops; movd %xmm0, %edx; popcnt; 9 nops */
	static const unsigned char code[] = {
		POPCNT, NOP, NOP, NOP, 0x66, 0x0f, 0x7e, 0xc2,
		POPCNT, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP,
	};
	static struct isahp_simd simd = { .v[0].d[0] = 42, .bytes = 16 };

	set_up(code, sizeof(code));
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_FOREIGN);
	cr_assert_eq(regs.rip, CODE + 7);
	regs.simd = &simd;
	/* It is the CPU's own: not where a run begins. */
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_FOREIGN);
	regs.rip = CODE;
	regs.simd = NULL;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_FOREIGN);
	regs.simd = &simd;
	run.resumed = true;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_NATIVE);
	cr_assert_eq(regs.gpr[2], 42);
	cr_assert_eq(isahp_instruction_operation(&e.instruction), ISAHP_OP_POPCNT);
	cr_assert_eq(run.instructions, 11);
	cr_assert_eq(run.emulated, 2);
	/* What was in a row before counts: 3 and one are 4, one more is enough. */
	set_up(code, sizeof(code));
	memset(world.memory + 11, NOP, 2);
	isahp_run(&run, &e);
	regs.simd = &simd;
	run.resumed = true;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_NATIVE);
	cr_assert_eq(run.instructions, 6);
	/* And so does the limit. */
	run.limit = 6;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_LIMIT);
	cr_assert_eq(run.instructions, 6);
}

Test(run, is_bounded)
{
	/* popcnt; jmp to it */
	static const unsigned char forever[] = { POPCNT, 0xeb, 0xfa };
	/* popcnt; rep stosb */
	static const unsigned char string[] = { POPCNT, 0xf3, 0xaa };

	set_up(forever, sizeof(forever));
	run.limit = 1001;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_LIMIT);
	cr_assert_eq(run.instructions, 1001);
	run.stop = stop;
	world.stops = 7;
	regs.rip = CODE;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_STOPPED);
	cr_assert_eq(run.instructions, 16);
	set_up(string, sizeof(string));
	run.limit = 100;
	run.native = 1000;
	regs.gpr[1] = MEMORY / 2;
	regs.gpr[7] = CODE + MEMORY / 2;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_LIMIT);
	cr_assert_eq(run.instructions, 100);
	cr_assert_eq(regs.gpr[1], MEMORY / 2 - 99);
	cr_assert_eq(regs.rip, CODE + 4);
}

Test(run, is_one_step_when_stepping)
{
	static const unsigned char code[] = { POPCNT, POPCNT };

	set_up(code, sizeof(code));
	regs.rflags |= 0x100;
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_STEP);
	cr_assert_eq(run.instructions, 1);
	cr_assert_eq(regs.rip, CODE + 4);
}

/* --- code that changes ---------------------------------------------------- */

Test(run, sees_code_that_has_changed)
{
	/* popcnt; mov $1, %edx; ud2 */
	static const unsigned char code[] = { POPCNT, 0xba, 1, 0, 0, 0, 0x0f, 0x0b };

	for (int stable = 0; stable < 2; stable++) {
		set_up(code, sizeof(code));
		run.stable = stable;
		isahp_run(&run, &e);
		cr_assert_eq(regs.gpr[2], 1);
		world.memory[5] = 2;
		regs.rip = CODE;
		isahp_run(&run, &e);
		/* Who vouches for code must say when that is over. */
		cr_assert_eq(regs.gpr[2], stable ? 1 : 2);
		run.generation++;
		regs.rip = CODE;
		isahp_run(&run, &e);
		cr_assert_eq(regs.gpr[2], 2);
		world.memory[5] = 3;
		isahp_run_forget(&run);
		regs.rip = CODE;
		isahp_run(&run, &e);
		cr_assert_eq(regs.gpr[2], 3);
	}
}

Test(run, sees_code_that_changes_itself)
{
	/* popcnt; movb $5, 1(%rip); mov $1, %edx; ud2 */
	static const unsigned char code[] = {
		POPCNT, 0xc6, 0x05, 1, 0, 0, 0, 5, 0xba, 1, 0, 0, 0, 0x0f, 0x0b,
	};

	set_up(code, sizeof(code));
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_FOREIGN);
	cr_assert_eq(regs.gpr[2], 5);
	cr_assert_eq(regs.rip, CODE + 16);
	cr_assert_eq(run.instructions, 3);
}

Test(run, keeps_modes_and_addresses_apart)
{
	/* popcnt; dec %eax, which is a prefix in 64-bit code; popcnt */
	static const unsigned char code[] = { POPCNT, 0x48, POPCNT, 0x0f, 0x0b };

	for (unsigned int log2 = 0; log2 <= BLOCKS_LOG2; log2++) {
		set_up(code, sizeof(code));
		run.blocks_log2 = log2;
		isahp_run(&run, &e);
		cr_assert_eq(run.instructions, 2);
		regs.rip = CODE;
		e.mode = ISAHP_CODE_32;
		isahp_run(&run, &e);
		cr_assert_eq(run.instructions, 3);
	}
}
