// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include <isa-core/exec_float.h>

#include "core_case.h"
#include "core_case_mask.h"
#include "core_float_operands.h"
#include "core_random.h"

#define WINDOW 512	/* of memory around the operands that is filled anew */

#define FLAG_TF (1u << 8)
#define FLAG_DF (1u << 10)

unsigned int case_below(unsigned int n)
{
	return random64() % n;
}

static bool one_in(unsigned int n)
{
	return !case_below(n);
}

/* --- a case --------------------------------------------------------------- */

static bool touches_memory(const struct isahp_instruction *in)
{
	return in->rm == ISAHP_REGISTER_NONE &&
	       (in->base != ISAHP_REGISTER_NONE || in->index != ISAHP_REGISTER_NONE ||
		in->displacement);
}

bool case_has_memory(const struct isahp_instruction *in, unsigned int *ret_size,
		     bool *ret_store)
{
	for (unsigned int i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		struct isahp_operand op = isahp_instruction_operand(in, i);

		if (op.class != ISAHP_OPERAND_MEMORY)
			continue;
		*ret_size = op.size;
		*ret_store = op.access & ISAHP_OPERAND_WRITE;
		return true;
	}
	return false;
}

static bool has_memory(const struct isahp_instruction *in)
{
	unsigned int size;
	bool store;

	return case_has_memory(in, &size, &store);
}

__u64 case_offset(const struct test_case *c, unsigned int segment, __u32 address)
{
	struct isahp_segment s;

	segments_get(&c->segments, c->code.mode, segment, &s);
	return c->code.mode == ISAHP_CODE_64 ? address - s.base :
					       (__u32)(address - s.base);
}

/* In the middle, most often; else across one of the ends. */
static __u32 draw_target(void)
{
	__u32 memory = (uintptr_t)native_memory;
	__u32 target = memory + WINDOW + case_below(NATIVE_MEMORY_SIZE - 2 * WINDOW);

	if (one_in(12))
		target = memory + NATIVE_MEMORY_SIZE - case_below(40);
	else if (one_in(16))
		target = memory - case_below(24);
	return one_in(3) ? target : target & ~15u;
}

static void fill(__u32 target)
{
	__s64 from = (__s64)target - (uintptr_t)native_memory - WINDOW / 2;
	__s64 to = from + WINDOW;
	__u64 value;

	from = from < 0 ? 0 : from & ~7;
	to = to > NATIVE_MEMORY_SIZE ? NATIVE_MEMORY_SIZE : to;
	for (__s64 i = from; i < to; i += sizeof(value)) {
		value = random_element(64);
		memcpy(native_memory + i, &value, sizeof(value));
		memcpy(case_world + NATIVE_PAGE + i, &value, sizeof(value));
	}
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
	gpr[2] = one_in(2) ? case_below(3) : -(__u64)case_below(3);
	if (c->code.in.operand_size == 2 || c->code.mode == ISAHP_CODE_32)
		gpr[2] = (__u32)gpr[2];
	if (one_in(2))
		gpr[0] &= 0x1ff;
}

/* Of a few characters, short ones too, and the end marked by a zero. */
static void draw_string(union isahp_vector *v)
{
	for (unsigned int i = 0; i < 16 && !one_in(8); i++)
		v->b[i] = v->b[case_below(16)] & (one_in(2) ? 3 : 0xff);
}

static void set_strings(struct test_case *c)
{
	for (unsigned int i = 0; i < 16; i++)
		draw_string(&c->simd.v[i]);
	for (unsigned int i = 0; i <= ISAHP_REGISTER_RDX; i += 2) {
		if (one_in(4))
			continue;
		c->regs.gpr[i] = case_below(40) - 20;
		/* Half of it counts, or all. */
		if (c->code.mode == ISAHP_CODE_32 || one_in(4))
			c->regs.gpr[i] = (__u32)c->regs.gpr[i];
	}
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
			gpr[in->reg & 15] = (__s64)case_below(1000) - 500;
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
		gpr[1] = case_below(6);
		gpr[6] = case_offset(c, in->segment, c->target[0]);
		gpr[7] = case_offset(c, ISAHP_ES, c->target[1]);
		break;
	case ISAHP_OP_LOOP:
	case ISAHP_OP_LOOPE:
	case ISAHP_OP_LOOPNE:
	case ISAHP_OP_JRCXZ:
		gpr[1] = one_in(4) ? gpr[1] : case_below(3);
		break;
	case ISAHP_OP_JMP:
	case ISAHP_OP_CALL:
		if (in->rm != ISAHP_REGISTER_NONE && c->code.mode == ISAHP_CODE_64)
			gpr[in->rm] = draw_branch();
		break;
	case ISAHP_OP_LEAVE:
	case ISAHP_OP_ENTER:
		gpr[ISAHP_REGISTER_RBP] = case_offset(c, ISAHP_SS, c->target[1]);
		break;
	case ISAHP_OP_PCMPESTRI:
	case ISAHP_OP_PCMPESTRM:
	case ISAHP_OP_PCMPISTRI:
	case ISAHP_OP_PCMPISTRM:
		set_strings(c);
		break;
	case ISAHP_OP_XLAT:
		gpr[3] = case_offset(c, in->segment, c->target[0]) - (__u8)gpr[0];
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

/* To describe some costs interrupts on other CPUs. */
static bool uses_segments(const struct isahp_instruction *in)
{
	return in->rm == ISAHP_REGISTER_NONE || has_memory(in) ||
	       uses_stack(isahp_instruction_operation(in));
}

/* Memory that makes an instruction do something. */
static void set_memory(struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;
	__u64 *gpr = c->regs.gpr;

	switch (isahp_instruction_operation(in)) {
	case ISAHP_OP_CMPXCHG:
		if (one_in(2))
			case_put(c->target[0], gpr[0], 8);
		break;
	case ISAHP_OP_CMPXCHG8B:
		if (one_in(2))
			case_put(c->target[0], (__u32)gpr[0] | gpr[2] << 32, 8);
		break;
	case ISAHP_OP_CMPXCHG16B:
		if (one_in(2)) {
			case_put(c->target[0], gpr[0], 8);
			case_put(c->target[0] + 8, gpr[2], 8);
		}
		break;
	case ISAHP_OP_JMP:
	case ISAHP_OP_CALL:
		case_put(c->target[0], draw_branch(), 8);
		break;
	case ISAHP_OP_LDMXCSR:
		if (!one_in(4))
			case_put(c->target[0], random64() & 0xffff, 4);
		break;
	case ISAHP_OP_PCMPESTRI:
	case ISAHP_OP_PCMPESTRM:
	case ISAHP_OP_PCMPISTRI:
	case ISAHP_OP_PCMPISTRM:
		for (unsigned int i = 0; i < 2; i++)
			case_put(c->target[0] + 8 * i, c->simd.v[8].q[i], 8);
		break;
	case ISAHP_OP_POPF:
		case_put(c->target[1], random64(), 8);
		break;
	case ISAHP_OP_RET:
		case_put(c->target[1], draw_branch(), 8);
		break;
	}
}

static __u32 named_vectors(const struct isahp_instruction *in)
{
	__u32 named = 0;

	for (unsigned int i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		struct isahp_operand op = isahp_instruction_operand(in, i);

		if (op.class == ISAHP_OPERAND_VECTOR)
			named |= 1u << (op.number & 31);
	}
	return named;
}

/* Those that the instruction names, and some others: the rest is of another case. */
static void draw_simd(struct test_case *c)
{
	__u32 named = named_vectors(&c->code.in) | (random64() & random64() & random64());
	struct isahp_simd *simd = &c->simd;
	const union isahp_vector *like = NULL;

	for (int i = 0; i < (simd->bytes == 64 ? 32 : 16); i++) {
		if (!(named >> i & 1))
			continue;
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
	return mxcsr | case_below(4) << ISAHP_MXCSR_RC_SHIFT;
}

/* What a row's sources are, for operands_fill(). Seldom something else. */
static char float_type(unsigned int row)
{
	const char *name = encode_name(row);

	if (one_in(8))
		return "hsdiq"[case_below(5)];
	if (strstr(name, "DPBF16"))
		return 'b';
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
			case_put(c->target[0] + 8 * j, v[i].q[j], 8);
	}
}

/* --- a whole case --------------------------------------------------------- */

static bool draw_code(struct test_case *c, unsigned int row, enum isahp_code_mode mode)
{
	unsigned int value[2];

	c->code.address = (uintptr_t)native_code;
	if (!encode_row(row, mode, &c->code) || (c->wants && !c->wants(&c->code)))
		return false;
	if (!encode_immediates(row) || (c->immediate[0] < 0 && c->immediate[1] < 0))
		return true;
	for (int i = 0; i < 2; i++)
		value[i] = c->immediate[i] < 0 ? case_below(256) :
						 (unsigned int)c->immediate[i];
	return encode_immediate(&c->code, value[0], value[1]);
}

/* Frames of level 0, most often. */
static bool set_frame(struct test_case *c)
{
	if (isahp_instruction_operation(&c->code.in) != ISAHP_OP_ENTER || one_in(4))
		return true;
	c->code.bytes[c->code.count - 1] = 0;
	return encode_again(&c->code);
}

/* Now and then an address that is none. */
static void spoil_address(struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;

	c->not_canonical = c->code.mode == ISAHP_CODE_64 && in->address_size == 8 &&
			   in->base < 16 && has_memory(in) && one_in(50);
	if (c->not_canonical)
		c->regs.gpr[in->base] ^= 1ULL << (47 + case_below(17));
}

static bool draw_operands(struct test_case *c)
{
	const struct isahp_instruction *in = &c->code.in;
	__u64 base = -case_offset(c, in->segment, 0);

	set_operands(c);
	case_mask(c);
	if (!set_frame(c))
		return false;
	if (uses_stack(isahp_instruction_operation(in)))
		c->regs.gpr[ISAHP_REGISTER_RSP] =
			case_offset(c, ISAHP_SS, c->target[1]);
	if (isahp_forms[in->form].flags & ISAHP_FORM_VSIB)
		return case_aim_vector(c);
	if ((has_memory(in) || (touches_memory(in) && !one_in(4))) &&
	    !encode_aim(&c->code, c->regs.gpr, c->target[0], base))
		return false;
	set_memory(c);
	spoil_address(c);
	if (!c->not_canonical)
		case_leave(c);
	return true;
}

bool case_draw(struct test_case *c, unsigned int row, enum isahp_code_mode mode)
{
	if (!draw_code(c, row, mode))
		return false;
	draw_registers(c);
	if (c->simd.bytes > 16)
		draw_simd(c);
	if (is_float(&isahp_forms[row]))
		c->simd.mxcsr = draw_mxcsr();
	c->target[0] = draw_target();
	c->target[1] = one_in(2) ? draw_target() : c->target[0] + case_below(64);
	fill(c->target[0]);
	fill(c->target[1]);
	c->segments.used = false;
	c->not_canonical = false;
	if (mode == ISAHP_CODE_32 && uses_segments(&c->code.in) && one_in(4))
		segments_draw(&c->segments, c->target);
	if (!draw_operands(c))
		return false;
	if (is_float(&isahp_forms[row]) && !one_in(4))
		set_floats(c);
	return true;
}

/* --- all cases ------------------------------------------------------------ */

static __u64 run_seed;

void case_seed(__u64 n)
{
	random_state = run_seed + n;
	random_state = random64();
	encode_seed(random64());
	operands_continue(random64());
}

void case_prepare(void)
{
	char seed[24];

	if (!native_init())
		cr_skip_test("this kernel lets nobody be an oracle");
	random_seed();
	/* One seed for both. */
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)random_state);
	setenv("ISAHP_SEED", seed, 0);
	operands_seed();
	run_seed = random_state;
	for (int i = 0; i < NATIVE_PAGE; i++)
		case_world[i] = random64();
	native_readable(case_world);
	case_restore();
}
