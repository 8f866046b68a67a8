// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Moves, conversions of width, and what has flags or nothing for an operand. */
#include "exec.h"

/* --- moves ---------------------------------------------------------------- */

EXEC_INLINE enum isahp_emulated move(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     unsigned int size)
{
	enum isahp_emulated r;
	__u64 value;

	r = exec_read(e, in, 1, size, &value);
	return r == ISAHP_EMULATE_DONE ? exec_write(e, in, 0, size, value) : r;
}

EXEC_FAMILY(mov)
{
	unsigned int size = exec_size(in, 0);

#define MOVE(size) move(e, in, size)
	return EXEC_BY_SIZE(size, MOVE);
#undef MOVE
}

EXEC_FAMILY(movzx)
{
	enum isahp_emulated r;
	__u64 value;

	r = exec_read(e, in, 1, exec_size(in, 1), &value);
	if (r == ISAHP_EMULATE_DONE)
		exec_gpr_set(e, in->reg, in->operand_size, value);
	return r;
}

EXEC_FAMILY(movsx)
{
	unsigned int size = exec_size(in, 1);
	enum isahp_emulated r;
	__u64 value;

	r = exec_read(e, in, 1, size, &value);
	if (r == ISAHP_EMULATE_DONE)
		exec_gpr_set(e, in->reg, exec_size(in, 0), exec_signed(value, size));
	return r;
}

EXEC_FAMILY(lea)
{
	exec_gpr_set(e, in->reg, in->operand_size, isahp_exec_offset(e, in));
	return ISAHP_EMULATE_DONE;
}

/* Reads in any case, and clears the upper half of a 32-bit register. */
EXEC_FAMILY(cmov)
{
	unsigned int cc = isahp_forms[in->form].operation - ISAHP_OP_CMOVO;
	enum isahp_emulated r;
	__u64 value;

	r = exec_read(e, in, 1, in->operand_size, &value);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	if (!exec_condition(e->regs->rflags, cc))
		value = e->regs->gpr[in->reg];
	exec_gpr_set(e, in->reg, in->operand_size, value);
	return r;
}

EXEC_FAMILY(set)
{
	unsigned int cc = isahp_forms[in->form].operation - ISAHP_OP_SETO;

	return exec_write(e, in, 0, 1, exec_condition(e->regs->rflags, cc));
}

EXEC_FAMILY(bswap)
{
	unsigned int size = exec_size(in, 0);
	__u64 value = __builtin_bswap64(exec_gpr(e, in->reg, size));

	exec_gpr_set(e, in->reg, size, value >> (64 - 8 * size));
	return ISAHP_EMULATE_DONE;
}

/* AL at an unsigned index into a table. */
EXEC_FAMILY(xlat)
{
	__u64 offset = e->regs->gpr[3] + (__u8)e->regs->gpr[ISAHP_REGISTER_RAX];
	enum isahp_emulated r;
	__u64 address;
	__u8 value;

	r = isahp_exec_linear(e, in->segment, exec_cut(offset, in->address_size), 1,
			      ISAHP_ACCESS_LOAD, &address);
	if (r == ISAHP_EMULATE_DONE)
		r = isahp_exec_load_at(e, address, &value, 1, ISAHP_ACCESS_LOAD);
	if (r == ISAHP_EMULATE_DONE)
		exec_gpr_set(e, ISAHP_REGISTER_RAX, 1, value);
	return r;
}

/* --- the accumulator's width ---------------------------------------------- */

EXEC_FAMILY(cbw)
{
	unsigned int size = in->operand_size;

	exec_gpr_set(e, ISAHP_REGISTER_RAX, size,
		     exec_signed(e->regs->gpr[ISAHP_REGISTER_RAX], size / 2));
	return ISAHP_EMULATE_DONE;
}

EXEC_FAMILY(cwd)
{
	unsigned int size = in->operand_size;

	exec_gpr_set(e, 2, size,
		     exec_signed(e->regs->gpr[ISAHP_REGISTER_RAX], size) >> 63);
	return ISAHP_EMULATE_DONE;
}

/* --- flags ---------------------------------------------------------------- */

#define FLAGS_OF_AH (ISAHP_FLAG_CF | ISAHP_FLAG_PF | ISAHP_FLAG_AF | \
		     ISAHP_FLAG_ZF | ISAHP_FLAG_SF)

EXEC_FAMILY(lahf)
{
	(void)in;
	/* Bit 1 is always set. */
	exec_gpr_set(e, ISAHP_REGISTER_AH, 1, (e->regs->rflags & FLAGS_OF_AH) | 2);
	return ISAHP_EMULATE_DONE;
}

EXEC_FAMILY(sahf)
{
	(void)in;
	exec_flags_set(&e->regs->rflags, FLAGS_OF_AH,
		       exec_gpr(e, ISAHP_REGISTER_AH, 1) & FLAGS_OF_AH);
	return ISAHP_EMULATE_DONE;
}

/* CLC, STC, CMC, CLD, STD. */
EXEC_FAMILY(flag)
{
	__u64 *flags = &e->regs->rflags;

	switch (isahp_forms[in->form].operation) {
	case ISAHP_OP_CLC:
		*flags &= ~(__u64)ISAHP_FLAG_CF;
		break;
	case ISAHP_OP_STC:
		*flags |= ISAHP_FLAG_CF;
		break;
	case ISAHP_OP_CMC:
		*flags ^= ISAHP_FLAG_CF;
		break;
	case ISAHP_OP_CLD:
		*flags &= ~(__u64)EXEC_FLAG_DF;
		break;
	default:
		*flags |= EXEC_FLAG_DF;
	}
	return ISAHP_EMULATE_DONE;
}

/* --- nothing -------------------------------------------------------------- */

/* NOP, PAUSE, ENDBR, prefetches: hints. */
EXEC_FAMILY(nop)
{
	(void)e;
	(void)in;
	return ISAHP_EMULATE_DONE;
}

EXEC_FAMILY(fence)
{
	(void)e;
	(void)in;
	ISAHP_FENCE_FULL();
	return ISAHP_EMULATE_DONE;
}

/* --- MXCSR ---------------------------------------------------------------- */

#define MXCSR_BITS 0xffffu
/* AMD's CPUs have it (APM vol. 1, 4.2.2), others reserve it. */
#define MXCSR_MISALIGNED (1u << 17)

EXEC_FAMILY(ldmxcsr)
{
	enum isahp_emulated r;
	__u64 value;

	if (!e->regs->simd)
		return ISAHP_EMULATE_FOREIGN;
	r = isahp_exec_load(e, in, 4, &value);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	if (value & MXCSR_MISALIGNED)
		return ISAHP_EMULATE_FOREIGN;
	if (value & ~(__u64)MXCSR_BITS)
		return isahp_exec_fault(e, ISAHP_VECTOR_GP);
	e->regs->simd->mxcsr = value;
	return r;
}

EXEC_FAMILY(stmxcsr)
{
	if (!e->regs->simd)
		return ISAHP_EMULATE_FOREIGN;
	return isahp_exec_store(e, in, 4, e->regs->simd->mxcsr);
}
