// SPDX-License-Identifier: MIT
/*
 * AES, PCLMULQDQ, SHA and GFNI execute the same instructions and touch the same
 * addresses whatever is in the vectors: watched one instruction at a time.
 *
 * That holds for the code as this compiler made it. Of the instructions in it
 * none has a time that depends on its operands on the CPUs that isahp runs on;
 * multiplications have not since long before x86-64.
 */
#define _GNU_SOURCE
#include <Zydis/Zydis.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include <isa-core/lanes.h>

#include "core_random.h"

#define OPERANDS 6	/* tried for each operation */

static struct {
	ZydisDecoder decoder;
	ZydisRegisterContext registers;
	__u64 hash;
	unsigned long steps;
	bool lost;		/* an address could not be told */
} trace;

static void note(__u64 value)
{
	trace.hash = (trace.hash ^ value) * 0x100000001b3ULL;
}

static void note_address(const ZydisDecodedInstruction *in,
			 const ZydisDecodedOperand *operand, __u64 rip)
{
	ZyanU64 address;

	/* LEA only computes with what looks like an address; a long NOP has one. */
	if (in->mnemonic == ZYDIS_MNEMONIC_NOP ||
	    operand->type != ZYDIS_OPERAND_TYPE_MEMORY ||
	    operand->mem.type != ZYDIS_MEMOP_TYPE_MEM)
		return;
	if (ZYAN_FAILED(ZydisCalcAbsoluteAddressEx(in, operand, rip, &trace.registers,
						   &address)))
		trace.lost = true;
	else
		note(address);
}

static const struct {
	int greg;
	ZydisRegister reg;
} registers[] = {
	{ REG_RAX, ZYDIS_REGISTER_RAX }, { REG_RBX, ZYDIS_REGISTER_RBX },
	{ REG_RCX, ZYDIS_REGISTER_RCX }, { REG_RDX, ZYDIS_REGISTER_RDX },
	{ REG_RSI, ZYDIS_REGISTER_RSI }, { REG_RDI, ZYDIS_REGISTER_RDI },
	{ REG_RBP, ZYDIS_REGISTER_RBP }, { REG_RSP, ZYDIS_REGISTER_RSP },
	{ REG_R8, ZYDIS_REGISTER_R8 }, { REG_R9, ZYDIS_REGISTER_R9 },
	{ REG_R10, ZYDIS_REGISTER_R10 }, { REG_R11, ZYDIS_REGISTER_R11 },
	{ REG_R12, ZYDIS_REGISTER_R12 }, { REG_R13, ZYDIS_REGISTER_R13 },
	{ REG_R14, ZYDIS_REGISTER_R14 }, { REG_R15, ZYDIS_REGISTER_R15 },
};

/* Before each instruction: where it is, and what memory it is about to touch. */
static void on_step(int sig, siginfo_t *info, void *context)
{
	const greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	__u64 rip = gregs[REG_RIP];
	ZydisDecodedInstruction in;
	unsigned int i;

	(void)sig;
	(void)info;
	trace.steps++;
	note(rip);
	for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		trace.registers.values[registers[i].reg] = gregs[registers[i].greg];
	if (ZYAN_FAILED(ZydisDecoderDecodeFull(&trace.decoder, (void *)(uintptr_t)rip, 15,
					       &in, operands))) {
		trace.lost = true;
		return;
	}
	for (i = 0; i < in.operand_count; i++)
		note_address(&in, &operands[i], rip);
}

/* The operation as it is called, under the trap flag. */
static __u64 watch(isahp_lanes_fn fn, const struct isahp_lanes *l,
		   const union isahp_vector v[3])
{
	union isahp_vector ret;

	trace.hash = 0;
	trace.steps = 0;
	__asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; orq $0x100, (%%rsp); popfq;"
			 "lea 128(%%rsp), %%rsp" : : : "memory", "cc");
	fn(l, &ret, &v[0], &v[1], &v[2]);
	__asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; andq $~0x100, (%%rsp); popfq;"
			 "lea 128(%%rsp), %%rsp" : : : "memory", "cc");
	return trace.hash;
}

static void begin(void)
{
	struct sigaction sa = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };

#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("the sanitizer's code, ten times as long, is not what is used");
#endif
	random_seed();
	sigaction(SIGTRAP, &sa, NULL);
	ZydisDecoderInit(&trace.decoder, ZYDIS_MACHINE_MODE_LONG_64,
			 ZYDIS_STACK_WIDTH_64);
}

/* Whether all operands leave the same trace. */
static bool constant(isahp_lanes_fn fn, unsigned int bytes)
{
	static union isahp_vector v[3];
	struct isahp_lanes l = { .bytes = bytes, .imm = 0x11, .active = ~0ULL };
	__u64 first = 0, hash;
	unsigned int i, j;
	bool same = true;

	for (i = 0; i < OPERANDS; i++) {
		for (j = 0; j < 3; j++) {
			random_vector(&v[j], NULL);
			if (i < 2)
				memset(&v[j], -i, sizeof(v[j]));
		}
		hash = watch(fn, &l, v);
		if (!i)
			first = hash;
		same &= hash == first;
	}
	return same;
}

static const struct {
	unsigned int row;
	unsigned int longest;
} secret[] = {
	{ ISAHP_LANES_AESDEC, 64 },
	{ ISAHP_LANES_AESDECLAST, 64 },
	{ ISAHP_LANES_AESENC, 64 },
	{ ISAHP_LANES_AESENCLAST, 64 },
	{ ISAHP_LANES_AESIMC, 16 },
	{ ISAHP_LANES_AESKEYGENASSIST, 16 },
	{ ISAHP_LANES_GF2P8AFFINEINVQB, 64 },
	{ ISAHP_LANES_GF2P8AFFINEQB, 64 },
	{ ISAHP_LANES_GF2P8MULB, 64 },
	{ ISAHP_LANES_PCLMULQDQ, 64 },
	{ ISAHP_LANES_SHA1MSG1, 16 },
	{ ISAHP_LANES_SHA1MSG2, 16 },
	{ ISAHP_LANES_SHA1NEXTE, 16 },
	{ ISAHP_LANES_SHA1RNDS4, 16 },
	{ ISAHP_LANES_SHA256MSG1, 16 },
	{ ISAHP_LANES_SHA256MSG2, 16 },
	{ ISAHP_LANES_SHA256RNDS2, 16 },
};

Test(constant_time, holds_for_aes_pclmulqdq_sha_and_gfni)
{
	unsigned int i, bytes;

	begin();
	for (i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
		const struct isahp_lanes_operation *op =
			&isahp_lanes_operations[secret[i].row];

		for (bytes = 16; bytes <= secret[i].longest; bytes *= 2) {
			cr_expect(constant(op->fn, bytes), "%s of %u bytes", op->name,
				  bytes);
			cr_expect_gt(trace.steps, 10);
			printf("%s of %u bytes: %lu instructions\n", op->name, bytes,
			       trace.steps);
		}
	}
	cr_expect_not(trace.lost, "an instruction that Zydis does not know");
}

/* What it must not be: a table, and a branch. */
static void by_table(const struct isahp_lanes *l, union isahp_vector *ret,
		     const union isahp_vector *a, const union isahp_vector *b,
		     const union isahp_vector *c)
{
	static volatile __u8 table[256];

	(void)l;
	(void)b;
	(void)c;
	ret->b[0] = table[a->b[0]];
}

static void by_branch(const struct isahp_lanes *l, union isahp_vector *ret,
		      const union isahp_vector *a, const union isahp_vector *b,
		      const union isahp_vector *c)
{
	volatile __u8 *to = ret->b;

	(void)l;
	(void)b;
	(void)c;
	if (a->b[0] & 1)
		*to = 1;
}

Test(constant_time, a_table_and_a_branch_are_seen)
{
	begin();
	cr_expect_not(constant(by_table, 16));
	cr_expect_not(constant(by_branch, 16));
	cr_expect(constant(isahp_lanes_pxor, 16));
}
