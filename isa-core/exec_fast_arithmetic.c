// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Sums, logic and comparisons of 32 and 64 bits, in 64-bit code: what
 * exec_arithmetic.c says, for operands whose places are known.
 */
#include "exec_fast.h"

/* --- values --------------------------------------------------------------- */

EXEC_INLINE __u64 value_add(struct isahp_emulation *e, unsigned int size, __u64 a,
			    __u64 b)
{
	__u64 r = exec_cut(a + b, size);

	fast_flags_later(e, size, r, (a & b) | ((a | b) & ~r));
	return r;
}

EXEC_INLINE __u64 value_sub(struct isahp_emulation *e, unsigned int size, __u64 a,
			    __u64 b)
{
	__u64 r = exec_cut(a - b, size);

	fast_flags_later(e, size, r, (~a & b) | (~(a ^ b) & r));
	return r;
}

EXEC_INLINE __u64 value_and(struct isahp_emulation *e, unsigned int size, __u64 a,
			    __u64 b)
{
	fast_flags_later(e, size, a & b, 0);
	return a & b;
}

EXEC_INLINE __u64 value_or(struct isahp_emulation *e, unsigned int size, __u64 a,
			   __u64 b)
{
	fast_flags_later(e, size, a | b, 0);
	return a | b;
}

EXEC_INLINE __u64 value_xor(struct isahp_emulation *e, unsigned int size, __u64 a,
			    __u64 b)
{
	fast_flags_later(e, size, a ^ b, 0);
	return a ^ b;
}

/* CF stays, and so that OF does, bit 62 goes with it. */
EXEC_INLINE void keep_carry(struct isahp_emulation *e, bool carry)
{
	__u64 other = e->lazy.carries >> 63 ^ carry;

	e->lazy.carries ^= other << 63 | other << 62;
}

EXEC_INLINE __u64 value_inc(struct isahp_emulation *e, unsigned int size, __u64 a,
			    __u64 b)
{
	bool carry = fast_carry(e);
	__u64 r = value_add(e, size, a, b);

	keep_carry(e, carry);
	return r;
}

EXEC_INLINE __u64 value_dec(struct isahp_emulation *e, unsigned int size, __u64 a,
			    __u64 b)
{
	bool carry = fast_carry(e);
	__u64 r = value_sub(e, size, a, b);

	keep_carry(e, carry);
	return r;
}

/* SDM vol. 2B, "SAL/SAR/SHL/SHR"; @b is less than the size in bits, and not 0. */
EXEC_INLINE void flags_of_shift(struct isahp_emulation *e, unsigned int size, __u64 r,
				__u64 carry, __u64 overflow)
{
	fast_flags_later(e, size, r, 0);
	e->lazy.carries = (carry & 1) << 63 | ((carry ^ overflow) & 1) << 62;
}

EXEC_INLINE __u64 value_shl(struct isahp_emulation *e, unsigned int size, __u64 a,
			    __u64 b)
{
	__u64 r = exec_cut(a << b, size), carry = a >> (8 * size - b);

	flags_of_shift(e, size, r, carry, r >> (8 * size - 1) ^ carry);
	return r;
}

EXEC_INLINE __u64 value_shr(struct isahp_emulation *e, unsigned int size, __u64 a,
			    __u64 b)
{
	__u64 r = a >> b;

	flags_of_shift(e, size, r, a >> (b - 1), a >> (8 * size - 1));
	return r;
}

EXEC_INLINE __u64 value_sar(struct isahp_emulation *e, unsigned int size, __u64 a,
			    __u64 b)
{
	__s64 value = exec_signed(a, size);
	__u64 r = exec_cut(value >> b, size);

	flags_of_shift(e, size, r, value >> (b - 1), 0);
	return r;
}

/* --- operands ------------------------------------------------------------- */

/*
 * Ev, Gv; Gv, Ev; Ev and an immediate; and where Ev is memory: Gv, Ev; Ev, Gv; Ev
 * and an immediate, these two for those that do not write.
 */
enum shape {
	SHAPE_rm_reg,
	SHAPE_reg_rm,
	SHAPE_rm_imm,
	SHAPE_reg_mem,
	SHAPE_mem_reg,
	SHAPE_mem_imm,
	SHAPES
};

EXEC_INLINE bool get(struct isahp_emulation *e, const struct isahp_instruction *in,
		     enum shape shape, unsigned int size, __u64 *a, __u64 *b)
{
	const __u64 *gpr = e->regs->gpr;

	switch (shape) {
	case SHAPE_rm_reg:
		*a = exec_cut(gpr[in->rm], size);
		*b = exec_cut(gpr[in->reg], size);
		return true;
	case SHAPE_reg_rm:
		*a = exec_cut(gpr[in->reg], size);
		*b = exec_cut(gpr[in->rm], size);
		return true;
	case SHAPE_rm_imm:
		*a = exec_cut(gpr[in->rm], size);
		*b = exec_cut(in->immediate, size);
		return true;
	case SHAPE_reg_mem:
		*a = exec_cut(gpr[in->reg], size);
		return fast_load(e, in, size, b);
	case SHAPE_mem_reg:
		*b = exec_cut(gpr[in->reg], size);
		return fast_load(e, in, size, a);
	default:
		*b = exec_cut(in->immediate, size);
		return fast_load(e, in, size, a);
	}
}

#define FAST(name, writes, shape, size) \
	static enum isahp_emulated name##_##shape##_##size( \
		struct isahp_emulation *e, const struct isahp_instruction *in) \
	{ \
		__u64 a, b, r; \
	\
		if (!get(e, in, SHAPE_##shape, size, &a, &b)) \
			return isahp_exec_fast_leave(e, in); \
		r = value_##name(e, size, a, b); \
		if (writes && (SHAPE_##shape == SHAPE_rm_reg || \
			       SHAPE_##shape == SHAPE_rm_imm)) \
			e->regs->gpr[in->rm] = r; \
		else if (writes) \
			e->regs->gpr[in->reg] = r; \
		return ISAHP_EMULATE_DONE; \
	}

#define SIZES(name, writes, shape) \
	FAST(name, writes, shape, 4) FAST(name, writes, shape, 8)

#define BINARY(name) \
	SIZES(name, true, rm_reg) SIZES(name, true, reg_rm) \
	SIZES(name, true, rm_imm) SIZES(name, true, reg_mem)

BINARY(add)
BINARY(and)
BINARY(or)
BINARY(sub)
BINARY(xor)
SIZES(shl, true, rm_imm)
SIZES(shr, true, rm_imm)
SIZES(sar, true, rm_imm)

#define value_cmp value_sub
#define value_test value_and

#define COMPARISON(name) \
	SIZES(name, false, rm_reg) SIZES(name, false, reg_rm) \
	SIZES(name, false, rm_imm) SIZES(name, false, reg_mem) \
	SIZES(name, false, mem_reg) SIZES(name, false, mem_imm)

COMPARISON(cmp)
COMPARISON(test)

#define ONE(name, size) \
	static enum isahp_emulated name##_##size( \
		struct isahp_emulation *e, const struct isahp_instruction *in) \
	{ \
		__u64 *gpr = &e->regs->gpr[in->rm]; \
	\
		*gpr = value_##name(e, size, exec_cut(*gpr, size), 1); \
		return ISAHP_EMULATE_DONE; \
	}

ONE(inc, 4)
ONE(inc, 8)
ONE(dec, 4)
ONE(dec, 8)

/* A register without itself is zero, and that is what it is for. */
static enum isahp_emulated clear(struct isahp_emulation *e,
				 const struct isahp_instruction *in)
{
	e->regs->gpr[in->rm] = 0;
	fast_flags_later(e, 8, 0, 0);
	return ISAHP_EMULATE_DONE;
}

/* --- conditions ----------------------------------------------------------- */

/* Where it leads to may be anything; what is not in the lower half is rare. */
#define CONDITIONS(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) \
	X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

#define JCC(cc) \
	static enum isahp_emulated jcc_##cc(struct isahp_emulation *e, \
					    const struct isahp_instruction *in) \
	{ \
		__u64 target = e->next + in->immediate; \
	\
		if (!fast_condition(e, cc)) \
			return ISAHP_EMULATE_DONE; \
		if (target >= fast_end(e)) \
			return isahp_exec_fast_leave(e, in); \
		e->next = target; \
		return ISAHP_EMULATE_DONE; \
	}

CONDITIONS(JCC)

static enum isahp_emulated jmp(struct isahp_emulation *e,
			       const struct isahp_instruction *in)
{
	__u64 target = e->next + in->immediate;

	if (target >= fast_end(e))
		return isahp_exec_fast_leave(e, in);
	e->next = target;
	return ISAHP_EMULATE_DONE;
}

/* --- which of them -------------------------------------------------------- */

static const isahp_exec_fn conditions[16] = {
#define JCC_ROW(cc) jcc_##cc,
	CONDITIONS(JCC_ROW)
};

static const struct {
	__u16 operation;
	isahp_exec_fn function[SHAPES][2];
} rows[] = {
#define SHAPE(name, shape) [SHAPE_##shape] = { name##_##shape##_4, name##_##shape##_8 }
#define ROW(operation, name) \
	{ ISAHP_OP_##operation, \
	  { SHAPE(name, rm_reg), SHAPE(name, reg_rm), SHAPE(name, rm_imm), \
	    SHAPE(name, reg_mem) } }
#define ROW_COMPARISON(operation, name) \
	{ ISAHP_OP_##operation, \
	  { SHAPE(name, rm_reg), SHAPE(name, reg_rm), SHAPE(name, rm_imm), \
	    SHAPE(name, reg_mem), SHAPE(name, mem_reg), SHAPE(name, mem_imm) } }
#define ROW_SHIFT(operation, name) { ISAHP_OP_##operation, { SHAPE(name, rm_imm) } }
	ROW(ADD, add),
	ROW(AND, and),
	ROW_COMPARISON(CMP, cmp),
	ROW(OR, or),
	ROW_SHIFT(SAR, sar),
	ROW_SHIFT(SHL, shl),
	ROW_SHIFT(SHR, shr),
	ROW(SUB, sub),
	ROW_COMPARISON(TEST, test),
	ROW(XOR, xor),
};

static enum shape shape_of(const struct isahp_instruction *in)
{
	const __u8 *operand = isahp_instruction_form(in)->operand;
	bool memory = in->rm == ISAHP_REGISTER_NONE;

	if (memory && !fast_is_plain(in))
		return SHAPES;
	if (operand[0] == ISAHP_KIND_Gv && operand[1] == ISAHP_KIND_Ev)
		return memory ? SHAPE_reg_mem : SHAPE_reg_rm;
	if (operand[0] != ISAHP_KIND_Ev)
		return SHAPES;
	switch (operand[1]) {
	case ISAHP_KIND_Gv:
		return memory ? SHAPE_mem_reg : SHAPE_rm_reg;
	case ISAHP_KIND_Ib:
	case ISAHP_KIND_Iz:
	case ISAHP_KIND_sIb:
		return memory ? SHAPE_mem_imm : SHAPE_rm_imm;
	default:
		return SHAPES;
	}
}

/* A count that changes nothing, or of which some is left out. */
static bool is_odd_shift(const struct isahp_instruction *in, unsigned int operation)
{
	return (operation == ISAHP_OP_SHL || operation == ISAHP_OP_SHR ||
		operation == ISAHP_OP_SAR) &&
	       (!in->immediate || in->immediate >= 8 * in->operand_size);
}

static isahp_exec_fn unary(const struct isahp_instruction *in, unsigned int operation)
{
	bool is_8 = in->operand_size == 8;

	if (in->rm == ISAHP_REGISTER_NONE ||
	    isahp_instruction_form(in)->operand[0] != ISAHP_KIND_Ev)
		return NULL;
	if (operation == ISAHP_OP_INC)
		return is_8 ? inc_8 : inc_4;
	return is_8 ? dec_8 : dec_4;
}

isahp_exec_fn isahp_exec_fast_arithmetic(const struct isahp_instruction *in)
{
	unsigned int operation = isahp_instruction_operation(in), i;
	enum shape shape = shape_of(in);

	if (operation >= ISAHP_OP_JO && operation <= ISAHP_OP_JNLE)
		return conditions[operation - ISAHP_OP_JO];
	if (operation == ISAHP_OP_JMP)
		return exec_kind(in, 0)->class == ISAHP_OPERAND_RELATIVE ? jmp : NULL;
	if (in->operand_size < 4)
		return NULL;
	if (operation == ISAHP_OP_INC || operation == ISAHP_OP_DEC)
		return unary(in, operation);
	if (shape == SHAPES || is_odd_shift(in, operation))
		return NULL;
	if ((operation == ISAHP_OP_XOR || operation == ISAHP_OP_SUB) &&
	    in->rm == in->reg && shape <= SHAPE_reg_rm)
		return clear;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].operation == operation)
			return rows[i].function[shape][in->operand_size == 8];
	return NULL;
}
