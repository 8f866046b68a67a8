// SPDX-License-Identifier: MIT
/*
 * Instructions that a mask tells which elements to access, where unit/core_execute
 * can not have the CPU's word for it: what lies outside of memory, CPUs that
 * differ, and in what order memory is touched.
 */
#include <criterion/criterion.h>

#include <isa-core/emulate.h>
#include <isa-core/features.h>
#include <isa-core/run.h>

#define START 0x10000
#define SIZE 4096

static struct {
	unsigned char memory[SIZE];
	size_t size;		/* how much of it there is */
	__u32 limit;		/* of segments in 32-bit code */
	__u64 stored[64];	/* addresses, in their order */
	unsigned int stores;
} world;

/* --- the environment ------------------------------------------------------ */

static size_t reach(__u64 address, size_t size)
{
	__u64 end = START + world.size;

	if (address < START || address >= end)
		return 0;
	return address + size <= end ? size : end - address;
}

static size_t mem_load(void *env, __u64 address, void *buf, size_t size)
{
	(void)env;
	if (reach(address, size) == size)
		memcpy(buf, world.memory + address - START, size);
	return reach(address, size);
}

static size_t mem_store(void *env, __u64 address, const void *buf, size_t size)
{
	(void)env;
	if (reach(address, size) < size)
		return reach(address, size);
	memcpy(world.memory + address - START, buf, size);
	cr_assert(world.stores < 64);
	world.stored[world.stores++] = address;
	return size;
}

static size_t mem_exchange(void *env, __u64 address, void *old, const void *new,
			   size_t size)
{
	(void)env;
	/* Only ever to see whether it can be written. */
	cr_assert_arr_eq(old, new, size);
	return reach(address, size);
}

static bool segment(void *env, unsigned int n, struct isahp_segment *ret)
{
	(void)env;
	*ret = (struct isahp_segment){
		.base = n == ISAHP_GS ? 0x100 : 0,
		.limit = world.limit,
		.writable = true,
	};
	return true;
}

static const struct isahp_emulate_ops ops = {
	.load = mem_load,
	.store = mem_store,
	.exchange = mem_exchange,
	.segment = segment,
};

/* --- an instruction ------------------------------------------------------- */

static struct isahp_simd simd;
static struct isahp_registers regs;
static struct isahp_emulation e;

static void begin(void)
{
	memset(&world, 0, sizeof(world));
	world.size = SIZE;
	world.limit = 0xffffffff;
	for (int i = 0; i < SIZE; i++)
		world.memory[i] = i % 251;
	memset(&simd, 0, sizeof(simd));
	simd.bytes = 64;
	for (int i = 0; i < 32; i++)
		memset(simd.v[i].b, 0x40 + i, 64);
	regs = (struct isahp_registers){ .rflags = 2, .simd = &simd };
}

static enum isahp_emulated run(enum isahp_code_mode mode, const char *bytes,
			       size_t count)
{
	e = (struct isahp_emulation){
		.mode = mode,
		.count = count,
		.features = isahp_features_known(),
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &regs,
		.ops = &ops,
	};
	memcpy(e.bytes, bytes, count);
	return isahp_emulate(&e);
}

#define RUN(mode, bytes) run(ISAHP_CODE_##mode, bytes, sizeof(bytes) - 1)

/* --- MASKMOVDQU ----------------------------------------------------------- */

#define VMASKMOVDQU "\xc5\xf9\xf7\xc1"	/* bytes of xmm0 by xmm1 */

static void set_mask(unsigned int from, unsigned int to)
{
	memset(simd.v[1].b, 0x7f, 64);
	for (unsigned int i = from; i < to; i++)
		simd.v[1].b[i] = 0x80;
}

/* Intel's do so, AMD's raise a page fault. */
Test(masked, bytes_that_are_left_out_may_be_missing)
{
	begin();
	regs.gpr[7] = START + SIZE - 5;
	set_mask(0, 5);
	cr_assert_eq(RUN(64, VMASKMOVDQU), ISAHP_EMULATE_DONE);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(world.memory[SIZE - 5 + i], 0x40);
	cr_assert_eq(world.memory[SIZE - 6], (SIZE - 6) % 251);
	cr_assert_eq(regs.rip, 4);
	begin();
	regs.gpr[7] = 1ULL << 60;
	set_mask(0, 0);
	cr_assert_eq(RUN(64, VMASKMOVDQU), ISAHP_EMULATE_DONE);
	cr_assert_eq(world.stores, 0);
}

Test(masked, of_bytes_that_are_named_none_may_be_missing)
{
	begin();
	regs.gpr[7] = START + SIZE - 5;
	set_mask(3, 6);
	cr_assert_eq(RUN(64, VMASKMOVDQU), ISAHP_EMULATE_UNREACHED);
	cr_assert(e.address == START + SIZE && e.access == ISAHP_ACCESS_STORE);
	cr_assert_eq(world.stores, 0);
	cr_assert_eq(regs.rip, 0);
	regs.gpr[7] = 1ULL << 60;
	cr_assert_eq(RUN(64, VMASKMOVDQU), ISAHP_EMULATE_FAULT);
	cr_assert_eq(e.vector, ISAHP_VECTOR_GP);
}

/* DI, EDI; GS, and the limit of a segment. */
Test(masked, bytes_go_to_where_prefixes_say)
{
	begin();
	regs.gpr[7] = 0xffffffff00010000;
	set_mask(15, 16);
	cr_assert_eq(RUN(64, "\x67" VMASKMOVDQU), ISAHP_EMULATE_DONE);
	cr_assert_eq(world.stored[0], START + 15);
	cr_assert_eq(RUN(64, "\x67\x65" VMASKMOVDQU), ISAHP_EMULATE_DONE);
	cr_assert_eq(world.stored[1], START + 0x100 + 15);
	regs.gpr[7] = 0x1fff0;
	cr_assert_eq(RUN(32, "\x67" VMASKMOVDQU), ISAHP_EMULATE_UNREACHED);
	cr_assert_eq(e.address, 0xffff);
	world.limit = START + 30;
	regs.gpr[7] = START + 15;
	cr_assert_eq(RUN(32, VMASKMOVDQU), ISAHP_EMULATE_DONE);
	regs.gpr[7]++;
	cr_assert_eq(RUN(32, VMASKMOVDQU), ISAHP_EMULATE_FAULT);
	set_mask(0, 15);
	cr_assert_eq(RUN(32, VMASKMOVDQU), ISAHP_EMULATE_DONE);
}

/* --- VMASKMOV ------------------------------------------------------------- */

#define LOAD "\xc4\xe2\x75\x8c\x03"	/* vpmaskmovd (%rbx), %ymm1, %ymm0 */
#define STORE "\xc4\xe2\x75\x8e\x03"

Test(masked, elements_that_are_left_out_have_no_address)
{
	begin();
	memset(simd.v[1].b, 0x7f, 64);
	regs.gpr[3] = 1ULL << 60;
	cr_assert_eq(RUN(64, LOAD), ISAHP_EMULATE_DONE);
	for (int i = 0; i < 8; i++)
		cr_assert_eq(simd.v[0].q[i], 0);
	cr_assert_eq(RUN(64, STORE), ISAHP_EMULATE_DONE);
	simd.v[1].b[31] = 0x80;
	cr_assert_eq(RUN(64, LOAD), ISAHP_EMULATE_FAULT);
	cr_assert_eq(RUN(64, STORE), ISAHP_EMULATE_FAULT);
	cr_assert_eq(e.vector, ISAHP_VECTOR_GP);
	/* The last one of those below 2^47. */
	regs.gpr[3] = (1ULL << 47) - 32;
	cr_assert_eq(RUN(64, LOAD), ISAHP_EMULATE_UNREACHED);
	cr_assert_eq(e.address, (1ULL << 47) - 4);
}

Test(masked, nothing_is_stored_before_all_can_be)
{
	begin();
	memset(simd.v[1].b, 0xff, 64);
	simd.v[1].d[1] = 0;
	regs.gpr[3] = START + SIZE - 28;
	cr_assert_eq(RUN(64, STORE), ISAHP_EMULATE_UNREACHED);
	cr_assert(e.address == START + SIZE && e.access == ISAHP_ACCESS_STORE);
	cr_assert_eq(world.stores, 0);
	simd.v[1].d[7] = 0;
	cr_assert_eq(RUN(64, STORE), ISAHP_EMULATE_DONE);
	cr_assert_eq(world.memory[SIZE - 1], 0x40);
	cr_assert_eq(world.memory[SIZE - 24], (SIZE - 24) % 251);
}

/* Rows of elements are one access, and elements alone say which of them faults. */
Test(masked, neighbours_are_accessed_at_once)
{
	begin();
	memset(simd.v[1].b, 0xff, 64);
	simd.v[1].d[0] = 0;
	simd.v[1].d[4] = 0;
	regs.gpr[3] = START + 1;
	cr_assert_eq(RUN(64, STORE), ISAHP_EMULATE_DONE);
	cr_assert_eq(world.stores, 2);
	cr_assert(world.stored[0] == START + 5 && world.stored[1] == START + 21);
	cr_assert_eq(world.memory[17], 17);
	/* All of them: still the one below 2^47 before those above. */
	memset(simd.v[1].b, 0xff, 64);
	regs.gpr[3] = (1ULL << 47) - 6;
	cr_assert_eq(RUN(64, STORE), ISAHP_EMULATE_UNREACHED);
	cr_assert_eq(e.address, (1ULL << 47) - 6);
	cr_assert_eq(RUN(64, LOAD), ISAHP_EMULATE_UNREACHED);
	simd.v[1].d[0] = 0;
	cr_assert_eq(RUN(64, STORE), ISAHP_EMULATE_FAULT);
	cr_assert_eq(RUN(64, LOAD), ISAHP_EMULATE_FAULT);
}

/* --- gathers and scatters ------------------------------------------------- */

#define GATHER "\xc4\xe2\x75\x90\x04\x13"	/* vpgatherdd %ymm1, (%rbx,%ymm2), %ymm0 */
#define SCATTER "\x62\xf2\x7d\x29\xa0\x04\x13" /* vpscatterdd %ymm0, ...{%k1} */

/* Elements at START, START + 4, ... */
static void set_indices(void)
{
	begin();
	regs.gpr[3] = START;
	memset(simd.v[1].b, 0xff, 64);
	simd.k[1] = ~0ULL;
	for (int i = 0; i < 8; i++)
		simd.v[2].d[i] = 4 * i;
}

static void expect_gathered(unsigned int from, unsigned int to)
{
	for (unsigned int i = 0; i < 8; i++) {
		bool is_done = i < to;

		if (i >= from && is_done)
			cr_assert_arr_eq(&simd.v[0].d[i], world.memory + 4 * i, 4);
		else if (!is_done)
			cr_assert_eq(simd.v[0].d[i], 0x40404040, "%u", i);
		cr_assert_eq(simd.v[1].d[i], is_done ? 0 : 0xffffffff, "%u", i);
	}
}

/* The fault is that of the element, all before it is through and is not redone. */
Test(masked, a_gather_goes_on_behind_a_fault)
{
	struct isahp_simd before;

	set_indices();
	world.size = 14;
	cr_assert_eq(RUN(64, GATHER), ISAHP_EMULATE_DONE);
	cr_assert_eq(regs.rip, 0);
	expect_gathered(0, 3);
	cr_assert_eq(simd.v[0].d[8], 0x40404040);
	before = simd;
	cr_assert_eq(RUN(64, GATHER), ISAHP_EMULATE_UNREACHED);
	cr_assert(e.address == START + 14 && e.access == ISAHP_ACCESS_LOAD);
	cr_assert_arr_eq(&simd, &before, sizeof(simd));
	world.size = SIZE;
	memset(world.memory, 0x99, 12);
	cr_assert_eq(RUN(64, GATHER), ISAHP_EMULATE_DONE);
	cr_assert_eq(regs.rip, 6);
	expect_gathered(3, 8);
	cr_assert_eq(simd.v[0].d[0], 0x03020100);
	for (int i = 4; i < 8; i++)
		cr_assert(!simd.v[0].q[i] && !simd.v[1].q[i]);
}

Test(masked, a_scatter_goes_on_behind_a_fault)
{
	set_indices();
	world.size = 14;
	cr_assert_eq(RUN(64, SCATTER), ISAHP_EMULATE_DONE);
	cr_assert_eq(regs.rip, 0);
	cr_assert_eq(world.stores, 3);
	cr_assert_eq(simd.k[1], ~7ULL);
	cr_assert_eq(RUN(64, SCATTER), ISAHP_EMULATE_UNREACHED);
	cr_assert(e.address == START + 14 && e.access == ISAHP_ACCESS_STORE);
	cr_assert(world.stores == 3 && simd.k[1] == ~7ULL);
	world.size = SIZE;
	cr_assert_eq(RUN(64, SCATTER), ISAHP_EMULATE_DONE);
	cr_assert_eq(regs.rip, 7);
	cr_assert(world.stores == 8 && !simd.k[1]);
	for (unsigned int i = 0; i < 8; i++)
		cr_assert_eq(world.stored[i], START + 4 * i);
}

/* The limit of a segment, and 4 GiB, behind which addresses begin anew. */
Test(masked, elements_are_where_32_bit_addresses_lead)
{
	set_indices();
	world.limit = START + 8;
	simd.v[1].d[2] = simd.v[1].d[3] = 0;
	for (int i = 4; i < 8; i++)
		simd.v[1].d[i] = 0;
	cr_assert_eq(RUN(32, GATHER), ISAHP_EMULATE_DONE);
	cr_assert_eq(regs.rip, 6);
	set_indices();
	world.limit = START + 10;
	cr_assert_eq(RUN(32, GATHER), ISAHP_EMULATE_DONE);
	cr_assert_eq(regs.rip, 0);
	expect_gathered(0, 2);
	cr_assert_eq(RUN(32, GATHER), ISAHP_EMULATE_FAULT);
	cr_assert_eq(e.vector, ISAHP_VECTOR_GP);
	set_indices();
	regs.gpr[3] = 0x80000000 + START;
	for (int i = 0; i < 8; i++)
		simd.v[2].d[i] += 0x80000000;
	cr_assert_eq(RUN(32, GATHER), ISAHP_EMULATE_DONE);
	expect_gathered(0, 8);
}

/* As after other faults: what is before it has happened, and is to be kept. */
Test(masked, a_run_ends_at_the_element_that_faults)
{
	static struct isahp_run_block blocks[2];
	struct isahp_run run = {
		.blocks = blocks,
		.blocks_log2 = 1,
		.native = 10,
		.limit = 100,
	};

	set_indices();
	memcpy(world.memory + 0x100, GATHER, 6);
	simd.v[2].d[3] = SIZE;
	regs.rip = START + 0x100;
	e = (struct isahp_emulation){
		.mode = ISAHP_CODE_64,
		.features = isahp_features_known(),
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &regs,
		.ops = &ops,
	};
	cr_assert_eq(isahp_run(&run, &e), ISAHP_RUN_UNREACHED);
	cr_assert_eq(e.address, START + SIZE);
	cr_assert_eq(regs.rip, START + 0x100);
	expect_gathered(0, 3);
}
