// SPDX-License-Identifier: MIT
/*
 * What the emulator does, against the CPU that the tests run on: every row of
 * forms.def that works on general registers, memory and flags, with operands at
 * random, in 64-bit and in 32-bit code. Registers, flags but for undefined ones,
 * memory, and what an exception tells are the same afterwards.
 *
 * ISAHP_CASES multiplies how many cases there are of each row, ISAHP_SEED repeats
 * a run, ISAHP_ROW=MNEMONIC takes these rows alone.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <isa-core/emulate.h>
#include <isa-core/cpuid.h>
#include <isa-core/exec_float.h>
#include <isa-core/features.h>

#include "core_encode.h"
#include "core_float_operands.h"
#include "core_native.h"
#include "core_random.h"

#define CASES 120
#define WORLD (NATIVE_PAGE + NATIVE_MEMORY_SIZE)
#define WINDOW 512	/* of memory around the operands that is filled anew */

#define FLAG_TF (1u << 8)
#define FLAG_DF (1u << 10)
#define FLAG_RF (1u << 16)

static unsigned int below(unsigned int n)
{
	return random64() % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

/* --- the emulator's environment ------------------------------------------- */

/* A page that can be read, and two that can be written, as the CPU has them. */
static unsigned char world[WORLD];

static size_t reach(__u64 address, size_t size, size_t from)
{
	__u64 offset = address - ((uintptr_t)native_memory - NATIVE_PAGE);

	if (offset < from || offset >= WORLD)
		return 0;
	return offset + size <= WORLD ? size : WORLD - offset;
}

static unsigned char *at(__u64 address)
{
	return world + (address - ((uintptr_t)native_memory - NATIVE_PAGE));
}

static size_t mem_load(void *env, __u64 address, void *buf, size_t size)
{
	size_t reached = reach(address, size, 0);

	(void)env;
	if (reached == size)
		memcpy(buf, at(address), size);
	return reached;
}

static size_t mem_store(void *env, __u64 address, const void *buf, size_t size)
{
	size_t reached = reach(address, size, NATIVE_PAGE);

	(void)env;
	if (reached == size)
		memcpy(at(address), buf, size);
	return reached;
}

static size_t mem_exchange(void *env, __u64 address, void *old, const void *new,
			   size_t size)
{
	size_t reached = reach(address, size, NATIVE_PAGE);

	(void)env;
	if (reached != size)
		return reached;
	if (!memcmp(at(address), old, size))
		memcpy(at(address), new, size);
	else
		memcpy(old, at(address), size);
	return size;
}

static bool segment(void *env, unsigned int n, struct isahp_segment *ret)
{
	(void)env;
	ret->base = n == ISAHP_GS ? NATIVE_GS_BASE : 0;
	ret->limit = 0xffffffff;
	ret->writable = true;
	return true;
}

static const struct isahp_emulate_ops ops = {
	.load = mem_load,
	.store = mem_store,
	.exchange = mem_exchange,
	.segment = segment,
};

/* --- a case --------------------------------------------------------------- */

struct test_case {
	struct encoded code;
	struct isahp_registers regs;
	struct isahp_simd simd;
	__u32 target[2];
};

static bool touches_memory(const struct isahp_instruction *in)
{
	return in->rm == ISAHP_REGISTER_NONE &&
	       (in->base != ISAHP_REGISTER_NONE || in->index != ISAHP_REGISTER_NONE ||
		in->displacement);
}

static bool has_memory(const struct isahp_instruction *in)
{
	for (unsigned int i = 0; i < ISAHP_FORM_OPERANDS; i++)
		if (isahp_instruction_operand(in, i).class == ISAHP_OPERAND_MEMORY)
			return true;
	return false;
}

/* In the middle, most often; else across one of the ends. */
static __u32 draw_target(void)
{
	__u32 memory = (uintptr_t)native_memory;
	__u32 target = memory + WINDOW + below(NATIVE_MEMORY_SIZE - 2 * WINDOW);

	if (one_in(12))
		target = memory + NATIVE_MEMORY_SIZE - below(40);
	else if (one_in(16))
		target = memory - below(24);
	return one_in(3) ? target : target & ~15u;
}

static void fill(__u32 target)
{
	__s64 from = (__s64)target - (uintptr_t)native_memory - WINDOW / 2;
	__s64 to = from + WINDOW;
	__u64 value = 0;

	from = from < 0 ? 0 : from;
	to = to > NATIVE_MEMORY_SIZE ? NATIVE_MEMORY_SIZE : to;
	for (__s64 i = from; i < to; i++) {
		if (!(i % 8))
			value = random_element(64);
		native_memory[i] = world[NATIVE_PAGE + i] = value >> i % 8 * 8;
	}
}

static void put_memory(__u32 address, __u64 value, size_t size)
{
	if (reach(address, size, NATIVE_PAGE) < size)
		return;
	memcpy(native_memory + (address - (uintptr_t)native_memory), &value, size);
	memcpy(at(address), &value, size);
}

static void draw_registers(struct test_case *c)
{
	for (int i = 0; i < 16; i++) {
		c->regs.gpr[i] = random_element(64);
		if (c->code.mode == ISAHP_CODE_32)
			c->regs.gpr[i] = i < 8 ? (__u32)c->regs.gpr[i] : 0;
	}
	/* IF, and what is always 1. */
	c->regs.rflags = (random64() & (ISAHP_FLAGS_ARITHMETIC | FLAG_DF)) | 0x202 |
			 FLAG_TF;
	if (one_in(16))
		c->regs.rflags |= ISAHP_FLAG_AC;
	c->regs.rip = c->code.address;
}

/* Somewhere a near branch may lead: the CPUs differ on others. */
static __u64 draw_branch(void)
{
	return random64() >> 17;
}

static void set_divide(struct test_case *c)
{
	__u64 *gpr = c->regs.gpr;

	if (one_in(3))
		return;
	gpr[2] = one_in(2) ? below(3) : -(__u64)below(3);
	if (c->code.in.operand_size == 2 || c->code.mode == ISAHP_CODE_32)
		gpr[2] = (__u32)gpr[2];
	if (one_in(2))
		gpr[0] &= 0x1ff;
}

/* What makes an instruction do something. Before addresses are aimed. */
static void set_operands(struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;
	__u64 *gpr = c->regs.gpr;

	switch (isahp_instruction_operation(in)) {
	case ISAHP_OP_BT:
	case ISAHP_OP_BTS:
	case ISAHP_OP_BTR:
	case ISAHP_OP_BTC:
		if (has_memory(in))
			gpr[in->reg & 15] = (__s64)below(1000) - 500;
		if (c->code.mode == ISAHP_CODE_32)
			gpr[in->reg & 15] = (__u32)gpr[in->reg & 15];
		break;
	case ISAHP_OP_DIV:
	case ISAHP_OP_IDIV:
		set_divide(c);
		break;
	case ISAHP_OP_MOVS:
	case ISAHP_OP_CMPS:
	case ISAHP_OP_STOS:
	case ISAHP_OP_LODS:
	case ISAHP_OP_SCAS:
		gpr[1] = below(6);
		gpr[6] = c->target[0] - (in->segment == ISAHP_GS ? NATIVE_GS_BASE : 0);
		gpr[7] = c->target[1];
		break;
	case ISAHP_OP_LOOP:
	case ISAHP_OP_LOOPE:
	case ISAHP_OP_LOOPNE:
	case ISAHP_OP_JRCXZ:
		gpr[1] = one_in(4) ? gpr[1] : below(3);
		break;
	case ISAHP_OP_JMP:
	case ISAHP_OP_CALL:
		if (in->rm != ISAHP_REGISTER_NONE && c->code.mode == ISAHP_CODE_64)
			gpr[in->rm] = draw_branch();
		break;
	case ISAHP_OP_LEAVE:
	case ISAHP_OP_ENTER:
		gpr[ISAHP_REGISTER_RBP] = c->target[1];
		break;
	case ISAHP_OP_XLAT:
		gpr[3] = c->target[0] - (__u8)gpr[0] -
			 (in->segment == ISAHP_GS ? NATIVE_GS_BASE : 0);
		break;
	}
}

static bool uses_stack(unsigned int operation)
{
	switch (operation) {
	case ISAHP_OP_CALL:
	case ISAHP_OP_ENTER:
	case ISAHP_OP_POP:
	case ISAHP_OP_POPA:
	case ISAHP_OP_POPF:
	case ISAHP_OP_PUSH:
	case ISAHP_OP_PUSHA:
	case ISAHP_OP_PUSHF:
	case ISAHP_OP_RET:
		return true;
	default:
		return false;
	}
}

/* Memory that makes an instruction do something. */
static void set_memory(struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;
	__u64 *gpr = c->regs.gpr;

	switch (isahp_instruction_operation(in)) {
	case ISAHP_OP_CMPXCHG:
		if (one_in(2))
			put_memory(c->target[0], gpr[0], 8);
		break;
	case ISAHP_OP_CMPXCHG8B:
		if (one_in(2))
			put_memory(c->target[0], (__u32)gpr[0] | gpr[2] << 32, 8);
		break;
	case ISAHP_OP_CMPXCHG16B:
		if (one_in(2)) {
			put_memory(c->target[0], gpr[0], 8);
			put_memory(c->target[0] + 8, gpr[2], 8);
		}
		break;
	case ISAHP_OP_JMP:
	case ISAHP_OP_CALL:
		put_memory(c->target[0], draw_branch(), 8);
		break;
	case ISAHP_OP_LDMXCSR:
		if (!one_in(4))
			put_memory(c->target[0], random64() & 0xffff, 4);
		break;
	case ISAHP_OP_POPF:
		put_memory(c->target[1], random64(), 8);
		break;
	case ISAHP_OP_RET:
		put_memory(c->target[1], draw_branch(), 8);
		break;
	}
}

static void draw_simd(struct isahp_simd *simd)
{
	const union isahp_vector *like = NULL;

	for (int i = 0; i < (simd->bytes == 64 ? 32 : 16); i++) {
		random_vector(&simd->v[i], like);
		memset(simd->v[i].b + simd->bytes, 0, 64 - simd->bytes);
		like = &simd->v[i];
	}
	for (int i = 0; simd->bytes == 64 && i < ISAHP_SIMD_OPMASKS; i++)
		simd->k[i] = random_element(64);
}

/* --- floating point ------------------------------------------------------- */

static bool is_float(const struct isahp_form *form)
{
	return isahp_exec_float_operation(form->operation);
}

/* Any rounding, DAZ, FTZ and flags; one case in four has unmasked exceptions. */
static __u32 draw_mxcsr(void)
{
	__u32 mxcsr = ISAHP_FP_EXCEPTIONS << ISAHP_MXCSR_MASK_SHIFT;

	if (one_in(4))
		mxcsr &= random64();
	if (one_in(2))
		mxcsr |= random64() & ISAHP_FP_EXCEPTIONS;
	if (one_in(3))
		mxcsr |= random64() & (ISAHP_MXCSR_DAZ | ISAHP_MXCSR_FTZ);
	return mxcsr | below(4) << ISAHP_MXCSR_RC_SHIFT;
}

/* What a row's sources are, for operands_fill(). Seldom something else. */
static char float_type(unsigned int row)
{
	const char *name = encode_name(row);

	if (one_in(8))
		return "hsdiq"[below(5)];
	if (strstr(name, "PH2"))
		return 'h';
	if (strstr(name, "DQ2"))
		return 'i';
	if (strstr(name, "QQ2"))
		return 'q';
	if (strstr(name, "PS2") || strstr(name, "SS2"))
		return 's';
	return strstr(name, "PD2") || strstr(name, "SD2") ||
	       name[strlen(name) - 1] == 'D' ? 'd' : 's';
}

/* Into the registers that the instruction names, and to where it loads from. */
static void set_floats(struct test_case *c)
{
	union isahp_vector v[4];

	operands_fill(float_type(c->code.in.form), &v[0], &v[1], &v[2]);
	v[3] = v[0];
	for (unsigned int i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		struct isahp_operand op = isahp_instruction_operand(&c->code.in, i);

		if (op.class == ISAHP_OPERAND_VECTOR && op.number < 32)
			memcpy(&c->simd.v[op.number], &v[i], c->simd.bytes);
		for (unsigned int j = 0; op.class == ISAHP_OPERAND_MEMORY && j < 8; j++)
			put_memory(c->target[0] + 8 * j, v[i].q[j], 8);
	}
}

/*
 * These differ from CPU to CPU, within a bound that unit/core_float holds them to:
 * here it is enough that the right element is where it belongs.
 */
static bool is_estimate(unsigned int operation)
{
	switch (operation) {
	case ISAHP_OP_RCPPS:
	case ISAHP_OP_RCPSS:
	case ISAHP_OP_RSQRTPS:
	case ISAHP_OP_RSQRTSS:
	case ISAHP_OP_VRCP14PD:
	case ISAHP_OP_VRCP14PS:
	case ISAHP_OP_VRCP14SD:
	case ISAHP_OP_VRCP14SS:
	case ISAHP_OP_VRSQRT14PD:
	case ISAHP_OP_VRSQRT14PS:
	case ISAHP_OP_VRSQRT14SD:
	case ISAHP_OP_VRSQRT14SS:
		return true;
	default:
		return false;
	}
}

/* By 2^-10 of what they are; a CPU may find zero where the result is just normal. */
static bool is_near(__s64 a, __s64 b, unsigned int fraction_bits)
{
	__s64 bound = 1LL << (fraction_bits - 10);
	__s64 tiny = (1LL << fraction_bits) + bound;

	return (a < b ? b - a : a - b) <= bound ||
	       (!a && b <= tiny) || (!b && a <= tiny);
}

static bool same_word(const struct test_case *c, __u64 native, __u64 emulated)
{
	const struct isahp_form *form = isahp_instruction_form(&c->code.in);

	if (native == emulated)
		return true;
	if (!is_estimate(form->operation))
		return false;
	if (isahp_exec_float_operation(form->operation)->element == 8)
		return !((native ^ emulated) >> 63) &&
		       is_near(native & ~0ULL >> 1, emulated & ~0ULL >> 1, 52);
	return !((native ^ emulated) & 0x8000000080000000ULL) &&
	       is_near(native & 0x7fffffff, emulated & 0x7fffffff, 23) &&
	       is_near(native >> 32 & 0x7fffffff, emulated >> 32 & 0x7fffffff, 23);
}

static bool draw_case(struct test_case *c, unsigned int row, enum isahp_code_mode mode)
{
	const struct isahp_instruction *in = &c->code.in;
	unsigned int operation = isahp_forms[row].operation;

	c->code.address = (uintptr_t)native_code;
	if (!encode_row(row, mode, &c->code))
		return false;
	draw_registers(c);
	if (c->simd.bytes > 16)
		draw_simd(&c->simd);
	if (is_float(&isahp_forms[row]))
		c->simd.mxcsr = draw_mxcsr();
	c->target[0] = draw_target();
	c->target[1] = one_in(2) ? draw_target() : c->target[0] + below(64);
	fill(c->target[0]);
	fill(c->target[1]);
	set_operands(c);
	/* Frames of level 0, most often. */
	if (operation == ISAHP_OP_ENTER && !one_in(4)) {
		c->code.bytes[c->code.count - 1] = 0;
		if (!encode_again(&c->code))
			return false;
	}
	if (uses_stack(operation))
		c->regs.gpr[ISAHP_REGISTER_RSP] = c->target[1];
	if ((has_memory(in) || (touches_memory(in) && !one_in(4))) &&
	    !encode_aim(&c->code, c->regs.gpr, c->target[0], NATIVE_GS_BASE))
		return false;
	set_memory(c);
	if (is_float(&isahp_forms[row]) && !one_in(4))
		set_floats(c);
	return true;
}

/* --- the comparison ------------------------------------------------------- */

static const char *hex(const struct encoded *code)
{
	static char text[4 * ISAHP_INSTRUCTION_MAX];
	size_t used = 0;

	for (size_t i = 0; i < code->count; i++)
		used += sprintf(text + used, "%02x ", code->bytes[i]);
	return text;
}

static char difference[400];

#define DIFFER(c, ...) \
	do { \
		int used_ = snprintf(difference, sizeof(difference), \
				     "%s (%s%d-bit): ", \
				     encode_name((c)->code.in.form), \
				     hex(&(c)->code), \
				     (c)->code.mode == ISAHP_CODE_64 ? 64 : 32); \
		snprintf(difference + used_, sizeof(difference) - used_, \
			 __VA_ARGS__); \
		return false; \
	} while (0)

enum outcome {
	OUTCOME_NONE,
	OUTCOME_DONE,
	OUTCOME_FAULT,
	OUTCOME_LEFT,	/* to the CPU */
};

/*
 * Several words: when a fault comes the CPU may be half through, and which word
 * comes first is not architectural. The emulator does nothing then.
 */
static bool tears(unsigned int operation)
{
	return operation == ISAHP_OP_PUSHA || operation == ISAHP_OP_POPA ||
	       operation == ISAHP_OP_ENTER;
}

/* Of two operands in memory, either of which may be the first to fault. */
static bool has_two(unsigned int operation)
{
	return operation == ISAHP_OP_CMPS;
}

static bool same_simd(const struct test_case *c, const struct isahp_simd *native,
		      const struct isahp_simd *emulated)
{
	if (native->mxcsr != emulated->mxcsr)
		DIFFER(c, "mxcsr %x, not %x", emulated->mxcsr, native->mxcsr);
	for (int i = 0; i < ISAHP_SIMD_VECTORS; i++)
		for (int j = 0; j < 8; j++)
			if (!same_word(c, native->v[i].q[j], emulated->v[i].q[j]))
				DIFFER(c, "vector %d, word %d: %llx, not %llx (it was %llx)",
				       i, j, emulated->v[i].q[j], native->v[i].q[j],
				       c->simd.v[i].q[j]);
	for (int i = 0; i < ISAHP_SIMD_OPMASKS; i++)
		if (native->k[i] != emulated->k[i])
			DIFFER(c, "opmask %d: %llx, not %llx", i, emulated->k[i],
			       native->k[i]);
	return true;
}

static bool same_registers(const struct test_case *c,
			   const struct isahp_registers *native,
			   const struct isahp_registers *emulated, __u32 undefined)
{
	__u64 flags = ~(__u64)(undefined | FLAG_TF | FLAG_RF);
	bool is_64 = c->code.mode == ISAHP_CODE_64;

	/* What 32-bit code leaves in the upper halves nobody says. */
	for (int i = 0; i < (is_64 ? 16 : 8); i++)
		if (is_64 ? native->gpr[i] != emulated->gpr[i] :
			    (__u32)native->gpr[i] != (__u32)emulated->gpr[i])
			DIFFER(c, "register %d: %llx, not %llx (it was %llx)", i,
			       emulated->gpr[i], native->gpr[i], c->regs.gpr[i]);
	if ((native->rflags ^ emulated->rflags) & flags)
		DIFFER(c, "flags %llx, not %llx (they were %llx)", emulated->rflags,
		       native->rflags, c->regs.rflags);
	if (native->rip != emulated->rip)
		DIFFER(c, "rip %llx, not %llx", emulated->rip, native->rip);
	return !native->simd || same_simd(c, native->simd, emulated->simd);
}

static bool same_memory(const struct test_case *c, bool fault)
{
	unsigned int operation = isahp_forms[c->code.in.form].operation;

	if (!memcmp(native_memory, world + NATIVE_PAGE, NATIVE_MEMORY_SIZE))
		return true;
	if (fault && tears(operation)) {
		memcpy(world + NATIVE_PAGE, native_memory, NATIVE_MEMORY_SIZE);
		return true;
	}
	for (unsigned int i = 0; i < NATIVE_MEMORY_SIZE; i++)
		if (native_memory[i] != world[NATIVE_PAGE + i])
			DIFFER(c, "memory: %02x at %d from the operand, not %02x",
			       world[NATIVE_PAGE + i],
			       (int)(i + (uintptr_t)native_memory - c->target[0]),
			       native_memory[i]);
	return true;
}

/* With an opmask CPUs tell no more than the page. */
static bool same_address(const struct test_case *c, __u64 a, __u64 b)
{
	unsigned int operation = isahp_instruction_operation(&c->code.in);

	if (tears(operation) || has_two(operation))
		return true;
	return c->code.in.opmask ? a / NATIVE_PAGE == b / NATIVE_PAGE : a == b;
}

static bool same_fault(const struct test_case *c, const struct isahp_emulation *e,
		       enum isahp_emulated r, const struct native_trap *t)
{
	bool is_store = t->error & 2;

	if (t->vector == 14) {
		if (r != ISAHP_EMULATE_UNREACHED)
			DIFFER(c, "%d, not a page fault at %llx", r, t->address);
		if (!same_address(c, e->address, t->address))
			DIFFER(c, "page fault at %llx, not %llx", e->address, t->address);
		if ((e->access == ISAHP_ACCESS_STORE) != is_store)
			DIFFER(c, "access %d, not error code %x", e->access, t->error);
		return true;
	}
	if (r != ISAHP_EMULATE_FAULT)
		DIFFER(c, "%d, not exception %u", r, t->vector);
	if (e->vector != t->vector)
		DIFFER(c, "exception %u, not %u", e->vector, t->vector);
	return true;
}

/* A bug that is planted, to be found. */
static void (*plant)(struct isahp_registers *emulated);

static unsigned long counts[4];
static unsigned long numeric;	/* of these, in #XM */

static bool run_case(struct test_case *c, enum outcome *ret)
{
	struct isahp_registers native = c->regs, emulated = c->regs;
	struct isahp_simd native_simd = c->simd, emulated_simd = c->simd;
	struct isahp_emulation e = {
		.mode = c->code.mode,
		.turns = 1,
		.address_bits = 48,
		.untag_mask = ~0ULL,
		.regs = &emulated,
		.ops = &ops,
	};
	__u32 undefined = isahp_emulate_undefined_flags(&c->code.in, &c->regs);
	struct native_trap t;
	enum isahp_emulated r;

	if (c->simd.bytes) {
		native.simd = &native_simd;
		emulated.simd = &emulated_simd;
	}
	r = isahp_emulate_instruction(&e, &c->code.in);
	if (plant)
		plant(&emulated);
	if (r == ISAHP_EMULATE_FOREIGN) {
		*ret = OUTCOME_LEFT;
		return true;
	}
	native_step(c->code.mode, c->code.bytes, c->code.count, &native, &t);
	*ret = t.vector == 1 ? OUTCOME_DONE : OUTCOME_FAULT;
	numeric += t.vector == ISAHP_VECTOR_XM;
	if (t.vector == 1 && r != ISAHP_EMULATE_DONE)
		DIFFER(c, "outcome %d (vector %u, address %llx), done on the CPU", r,
		       e.vector, e.address);
	if (t.vector != 1 && !same_fault(c, &e, r, &t))
		return false;
	if (t.vector != 1) {
		undefined = 0;
		if (tears(isahp_instruction_operation(&c->code.in)))
			native = c->regs;
	}
	return same_registers(c, &native, &emulated, undefined) &&
	       same_memory(c, t.vector != 1);
}

/* --- rows ----------------------------------------------------------------- */

static bool is_vector(const struct isahp_form *form)
{
	for (int i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		unsigned int class = isahp_form_kinds[form->operand[i]].class;

		if (class == ISAHP_OPERAND_VECTOR || class == ISAHP_OPERAND_OPMASK)
			return true;
	}
	return form->operation == ISAHP_OP_VZEROALL ||
	       form->operation == ISAHP_OP_VZEROUPPER;
}

/* The result itself is undefined: SDM vol. 2B, "SHLD", "SHRD". */
static bool is_open(const struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;
	const struct isahp_form *form = isahp_instruction_form(in);
	unsigned int count = form->operand[2] == ISAHP_KIND_CL ?
				     c->regs.gpr[ISAHP_REGISTER_RCX] :
				     (__u64)in->immediate;

	return (form->operation == ISAHP_OP_SHLD || form->operation == ISAHP_OP_SHRD) &&
	       in->operand_size == 2 && (count & 31) > 16;
}

static bool cpu_has(const struct isahp_form *form, unsigned int vector_size)
{
	struct isahp_features need = isahp_form_features(form, vector_size);
	static struct isahp_features has;

	if (isahp_features_empty(&has))
		has = isahp_cpuid_features();
	need = isahp_features_andnot(&need, &has);
	return isahp_features_empty(&need);
}

/* false: they differ, as `difference` says. */
static bool run_row(unsigned int row, unsigned long cases, unsigned long *ret_done)
{
	const struct isahp_form *form = &isahp_forms[row];
	struct test_case c = { .simd = { .bytes = 0 } };
	enum outcome outcome;

	if (form->operation == ISAHP_OP_LDMXCSR || form->operation == ISAHP_OP_STMXCSR)
		c.simd = (struct isahp_simd){ .bytes = 16, .mxcsr = 0x1f80 };
	if (is_vector(form))
		c.simd = (struct isahp_simd){ .bytes = native_vector_bytes(),
					      .mxcsr = 0x1f80 };
	*ret_done = 0;
	for (unsigned long i = 0; i < cases; i++) {
		if (!draw_case(&c, row, i % 3 ? ISAHP_CODE_64 : ISAHP_CODE_32) ||
		    is_open(&c))
			continue;
		if (!run_case(&c, &outcome))
			return false;
		counts[outcome]++;
		*ret_done += outcome == OUTCOME_DONE;
	}
	return true;
}

static void prepare(void)
{
	char seed[24];

	if (!native_init())
		cr_skip_test("this kernel lets nobody be an oracle");
	random_seed();
	/* One seed for both. */
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)random_state);
	setenv("ISAHP_SEED", seed, 0);
	operands_seed();
	for (int i = 0; i < NATIVE_PAGE; i++)
		world[i] = random64();
	native_readable(world);
	memcpy(native_memory, world + NATIVE_PAGE, NATIVE_MEMORY_SIZE);
}

struct tally {
	unsigned int shown;
	unsigned int absent;
	unsigned int failed;
};

static void show_row(unsigned int row, struct tally *t)
{
	const struct isahp_form *form = &isahp_forms[row];
	unsigned long done;

	if (!cpu_has(form, 16) || !cpu_has(form, 64)) {
		printf("not shown, this CPU has no %s\n", encode_name(row));
		t->absent++;
	} else if (!run_row(row, random_cases(CASES), &done)) {
		printf("row %u: %s\n", row, difference);
		memcpy(native_memory, world + NATIVE_PAGE, NATIVE_MEMORY_SIZE);
		t->failed++;
	} else if (!done) {
		printf("row %u: %s: no case was executed\n", row, encode_name(row));
		t->failed++;
	} else {
		t->shown++;
	}
}

static void show_rows(bool vector, unsigned int at_least)
{
	const char *only = getenv("ISAHP_ROW");
	struct tally t = { 0 };

	prepare();
	for (unsigned int row = 0; row < isahp_form_count; row++) {
		const struct isahp_form *form = &isahp_forms[row];

		if (is_vector(form) != vector ||
		    (only && strcmp(only, encode_name(row))))
			continue;
		if (isahp_emulate_executes(form->operation)) {
			show_row(row, &t);
		} else if (!vector) {
			printf("row %u: %s: nobody executes it\n", row,
			       encode_name(row));
			t.failed++;
		}
	}
	printf("%u rows; %lu cases done, %lu in exceptions (#XM %lu), %lu left to the CPU; %u rows not shown\n",
	       t.shown, counts[OUTCOME_DONE], counts[OUTCOME_FAULT], numeric,
	       counts[OUTCOME_LEFT], t.absent);
	cr_assert(!t.failed, "%u rows differ", t.failed);
	cr_assert(only || t.shown + t.absent >= at_least);
}

Test(execute, equals_the_cpu_for_each_base_row, .timeout = 36000)
{
	show_rows(false, 400);
}

Test(execute, equals_the_cpu_for_vector_rows, .timeout = 36000)
{
	show_rows(true, 1200);
	cr_assert(numeric || getenv("ISAHP_ROW"));
}

/* --- the control ---------------------------------------------------------- */

/* AF of one case in eight, of an instruction that defines it. */
static void spoil(struct isahp_registers *emulated)
{
	if (!(emulated->gpr[0] & 7))
		emulated->rflags ^= ISAHP_FLAG_AF;
}

Test(execute, finds_a_planted_bug)
{
	unsigned int row = 0;
	unsigned long done;

	prepare();
	while (isahp_forms[row].operation != ISAHP_OP_SBB)
		row++;
	cr_assert(run_row(row, CASES, &done), "%s", difference);
	plant = spoil;
	cr_assert(!run_row(row, CASES, &done));
	cr_assert(strstr(difference, "SBB") && strstr(difference, "flags"), "%s",
		  difference);
}

/* A vector is off by one where a result was rounded towards zero. */
static void spoil_float(struct isahp_registers *emulated)
{
	const struct isahp_simd *simd = emulated->simd;

	if (simd->mxcsr >> ISAHP_MXCSR_RC_SHIFT == ISAHP_ROUND_ZERO &&
	    simd->mxcsr & ISAHP_FP_PE)
		emulated->simd->v[5].q[0]++;
}

/* A flag that only an exception brings, which is not masked. */
static void spoil_flag(struct isahp_registers *emulated)
{
	__u32 mxcsr = emulated->simd->mxcsr;

	if (mxcsr & ISAHP_FP_DE && ~mxcsr >> ISAHP_MXCSR_MASK_SHIFT & ISAHP_FP_DE)
		emulated->simd->mxcsr &= ~ISAHP_FP_DE;
}

Test(execute, finds_planted_bugs_in_floating_point)
{
	unsigned int row = 0;
	unsigned long done;

	prepare();
	while (isahp_forms[row].operation != ISAHP_OP_MULPD)
		row++;
	cr_assert(run_row(row, 20 * CASES, &done), "%s", difference);
	plant = spoil_float;
	cr_assert(!run_row(row, 20 * CASES, &done));
	cr_assert(strstr(difference, "vector 5"), "%s", difference);
	plant = spoil_flag;
	cr_assert(!run_row(row, 20 * CASES, &done));
	cr_assert(strstr(difference, "mxcsr"), "%s", difference);
}
