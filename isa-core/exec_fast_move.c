// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Moves of 32 and 64 bits, widening ones, and addresses, in 64-bit code: what
 * exec_move.c says, for operands whose places are known.
 */
#include "exec_fast.h"

/* --- moves ---------------------------------------------------------------- */

#define MOVE(name, size, to, from) \
	static enum isahp_emulated name##_##size(struct isahp_emulation *e, \
						 const struct isahp_instruction *in) \
	{ \
		__u64 *gpr = e->regs->gpr; \
	\
		gpr[to] = exec_cut(from, size); \
		return ISAHP_EMULATE_DONE; \
	}

MOVE(to_reg, 4, in->reg, gpr[in->rm])
MOVE(to_reg, 8, in->reg, gpr[in->rm])
MOVE(to_rm, 4, in->rm, gpr[in->reg])
MOVE(to_rm, 8, in->rm, gpr[in->reg])
MOVE(imm_to_reg, 4, in->reg, in->immediate)
MOVE(imm_to_reg, 8, in->reg, in->immediate)
MOVE(imm_to_rm, 4, in->rm, in->immediate)
MOVE(imm_to_rm, 8, in->rm, in->immediate)
MOVE(address, 4, in->reg, fast_offset(e, in))
MOVE(address, 8, in->reg, fast_offset(e, in))

/* Of @size bytes in memory, @value of which becomes the register's. */
#define LOAD(name, size, value) \
	static enum isahp_emulated name(struct isahp_emulation *e, \
					const struct isahp_instruction *in) \
	{ \
		__u64 b; \
	\
		if (!fast_load(e, in, size, &b)) \
			return isahp_exec_fast_leave(e, in); \
		e->regs->gpr[in->reg] = value; \
		return ISAHP_EMULATE_DONE; \
	}

LOAD(load_1, 1, b)
LOAD(load_2, 2, b)
LOAD(load_4, 4, b)
LOAD(load_8, 8, b)
LOAD(load_signed_1_4, 1, (__u32)exec_signed(b, 1))
LOAD(load_signed_2_4, 2, (__u32)exec_signed(b, 2))
LOAD(load_signed_4_4, 4, b)
LOAD(load_signed_1_8, 1, exec_signed(b, 1))
LOAD(load_signed_2_8, 2, exec_signed(b, 2))
LOAD(load_signed_4_8, 4, exec_signed(b, 4))

#define STORE(name, size, value) \
	static enum isahp_emulated name##_##size(struct isahp_emulation *e, \
						 const struct isahp_instruction *in) \
	{ \
		__u64 b = value, to; \
	\
		if (!fast_reach(e, in, size, &to)) \
			return isahp_exec_fast_leave(e, in); \
		return isahp_exec_store_at(e, to, &b, size); \
	}

STORE(store, 4, e->regs->gpr[in->reg])
STORE(store, 8, e->regs->gpr[in->reg])
STORE(store_imm, 4, in->immediate)
STORE(store_imm, 8, in->immediate)

/* The upper half of MOVZX's register is zero, whatever its size. */
static enum isahp_emulated widen_1(struct isahp_emulation *e,
				   const struct isahp_instruction *in)
{
	e->regs->gpr[in->reg] = exec_gpr(e, in->rm, 1);
	return ISAHP_EMULATE_DONE;
}

static enum isahp_emulated widen_2(struct isahp_emulation *e,
				   const struct isahp_instruction *in)
{
	e->regs->gpr[in->reg] = (__u16)e->regs->gpr[in->rm];
	return ISAHP_EMULATE_DONE;
}

static enum isahp_emulated widen_signed_4_8(struct isahp_emulation *e,
					    const struct isahp_instruction *in)
{
	e->regs->gpr[in->reg] = (__s32)e->regs->gpr[in->rm];
	return ISAHP_EMULATE_DONE;
}

/* --- which of them -------------------------------------------------------- */

#define BY_SIZE(name) (in->operand_size == 8 ? name##_8 : name##_4)

static isahp_exec_fn mov(const struct isahp_instruction *in)
{
	const __u8 *operand = isahp_instruction_form(in)->operand;
	bool memory = in->rm == ISAHP_REGISTER_NONE;

	if (operand[0] == ISAHP_KIND_Zv)
		return BY_SIZE(imm_to_reg);
	if (memory && !fast_is_plain(in))
		return NULL;
	if (operand[0] == ISAHP_KIND_Gv && operand[1] == ISAHP_KIND_Ev)
		return memory ? BY_SIZE(load) : BY_SIZE(to_reg);
	if (operand[0] != ISAHP_KIND_Ev)
		return NULL;
	if (operand[1] == ISAHP_KIND_Gv)
		return memory ? BY_SIZE(store) : BY_SIZE(to_rm);
	if (operand[1] == ISAHP_KIND_Iz)
		return memory ? BY_SIZE(store_imm) : BY_SIZE(imm_to_rm);
	return NULL;
}

static isahp_exec_fn movzx(const struct isahp_instruction *in)
{
	bool is_1 = exec_size(in, 1) == 1;

	if (in->rm != ISAHP_REGISTER_NONE)
		return is_1 ? widen_1 : widen_2;
	if (!fast_is_plain(in))
		return NULL;
	return is_1 ? load_1 : load_2;
}

static isahp_exec_fn movsx(const struct isahp_instruction *in)
{
	bool is_8 = exec_size(in, 0) == 8;

	if (in->rm != ISAHP_REGISTER_NONE)
		return is_8 && exec_size(in, 1) == 4 ? widen_signed_4_8 : NULL;
	if (!fast_is_plain(in))
		return NULL;
	switch (exec_size(in, 1)) {
	case 1:
		return is_8 ? load_signed_1_8 : load_signed_1_4;
	case 2:
		return is_8 ? load_signed_2_8 : load_signed_2_4;
	default:
		return is_8 ? load_signed_4_8 : load_signed_4_4;
	}
}

isahp_exec_fn isahp_exec_fast_move(const struct isahp_instruction *in)
{
	if (in->operand_size < 4)
		return NULL;
	switch (isahp_instruction_operation(in)) {
	case ISAHP_OP_LEA:
		return in->address_size == 8 ? BY_SIZE(address) : NULL;
	case ISAHP_OP_MOV:
		return mov(in);
	case ISAHP_OP_MOVSX:
	case ISAHP_OP_MOVSXD:
		return movsx(in);
	case ISAHP_OP_MOVZX:
		return movzx(in);
	default:
		return NULL;
	}
}
