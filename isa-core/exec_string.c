// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * String instructions: SDM vol. 2, each instruction's page, and "REP". A repeated
 * one can be left between any two turns, as by an interrupt: registers are then
 * those of the turns that are over, and RIP is still at it.
 */
#include "exec.h"

#define RSI 6
#define RDI 7

/* What a turn does, and whether there is another. */
typedef enum isahp_emulated (*turn_fn)(struct isahp_emulation *e,
				       const struct isahp_instruction *in,
				       unsigned int size);

/* Rows of bytes and rows of the operand size differ in their opcode alone. */
static unsigned int size_of(const struct isahp_instruction *in, __u8 byte_opcode)
{
	unsigned int number = isahp_form_index[ISAHP_SPACE_LEG * 256 + byte_opcode];

	number &= ~ISAHP_FORM_PLAIN;
	return in->form < isahp_form_starts[number] ? 1 : in->operand_size;
}

static void advance(struct isahp_emulation *e, const struct isahp_instruction *in,
		    unsigned int n, unsigned int size)
{
	__s64 by = e->regs->rflags & EXEC_FLAG_DF ? -(__s64)size : (__s64)size;

	exec_gpr_set(e, n, in->address_size, e->regs->gpr[n] + by);
}

static enum isahp_emulated load(struct isahp_emulation *e,
				const struct isahp_instruction *in, unsigned int n,
				unsigned int size, __u64 *ret)
{
	unsigned int segment = n == RDI ? ISAHP_ES : in->segment;
	enum isahp_emulated r;
	__u64 address;

	*ret = 0;
	r = isahp_exec_linear(e, segment, exec_gpr(e, n, in->address_size), size,
			      ISAHP_ACCESS_LOAD, &address);
	return r == ISAHP_EMULATE_DONE ?
		       isahp_exec_load_at(e, address, ret, size, ISAHP_ACCESS_LOAD) : r;
}

static enum isahp_emulated store(struct isahp_emulation *e,
				 const struct isahp_instruction *in,
				 unsigned int size, __u64 value)
{
	enum isahp_emulated r;
	__u64 address;

	r = isahp_exec_linear(e, ISAHP_ES, exec_gpr(e, RDI, in->address_size), size,
			      ISAHP_ACCESS_STORE, &address);
	return r == ISAHP_EMULATE_DONE ?
		       isahp_exec_store_at(e, address, &value, size) : r;
}

/* --- one turn ------------------------------------------------------------- */

static enum isahp_emulated turn_movs(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     unsigned int size)
{
	enum isahp_emulated r;
	__u64 value;

	r = load(e, in, RSI, size, &value);
	if (r == ISAHP_EMULATE_DONE)
		r = store(e, in, size, value);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	advance(e, in, RSI, size);
	advance(e, in, RDI, size);
	return r;
}

static enum isahp_emulated turn_stos(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     unsigned int size)
{
	enum isahp_emulated r = store(e, in, size, e->regs->gpr[ISAHP_REGISTER_RAX]);

	if (r == ISAHP_EMULATE_DONE)
		advance(e, in, RDI, size);
	return r;
}

static enum isahp_emulated turn_lods(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     unsigned int size)
{
	enum isahp_emulated r;
	__u64 value;

	r = load(e, in, RSI, size, &value);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	exec_gpr_set(e, ISAHP_REGISTER_RAX, size, value);
	advance(e, in, RSI, size);
	return r;
}

static void compare(struct isahp_emulation *e, unsigned int size, __u64 a, __u64 b)
{
	__u64 result = exec_cut(a - b, size);
	__u64 borrows = (~a & b) | (~(a ^ b) & result);

	exec_flags_set(&e->regs->rflags, ISAHP_FLAGS_ARITHMETIC,
		       exec_flags_of(result, size) | (borrows >> (8 * size - 1) & 1) |
		       ((a ^ b ^ result) & ISAHP_FLAG_AF) |
		       (((a ^ b) & (a ^ result)) >> (8 * size - 8) & 0x80) << 4);
}

static enum isahp_emulated turn_cmps(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     unsigned int size)
{
	enum isahp_emulated r;
	__u64 a, b;

	/* The order of faults is not architectural; this is AMD's. */
	r = load(e, in, RDI, size, &b);
	if (r == ISAHP_EMULATE_DONE)
		r = load(e, in, RSI, size, &a);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	advance(e, in, RSI, size);
	advance(e, in, RDI, size);
	compare(e, size, a, b);
	return r;
}

static enum isahp_emulated turn_scas(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     unsigned int size)
{
	enum isahp_emulated r;
	__u64 b;

	r = load(e, in, RDI, size, &b);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	advance(e, in, RDI, size);
	compare(e, size, exec_gpr(e, ISAHP_REGISTER_RAX, size), b);
	return r;
}

/* --- all turns ------------------------------------------------------------ */

#define REPEATED (ISAHP_INSTRUCTION_REP | ISAHP_INSTRUCTION_REPNE)

/* Of a comparison: REP goes on while it is equal, REPNE while it is not. */
static bool goes_on(const struct isahp_emulation *e,
		    const struct isahp_instruction *in, bool compares)
{
	bool equal = e->regs->rflags & ISAHP_FLAG_ZF;

	return !compares || equal == !!(in->flags & ISAHP_INSTRUCTION_REP);
}

static enum isahp_emulated repeat(struct isahp_emulation *e,
				  const struct isahp_instruction *in,
				  unsigned int size, turn_fn turn, bool compares)
{
	unsigned int width = in->address_size;
	enum isahp_emulated r;
	__u32 turns = 0;
	__u64 left;

	if (!(in->flags & REPEATED))
		return turn(e, in, size);
	for (;;) {
		left = exec_gpr(e, ISAHP_REGISTER_RCX, width);
		if (!left)
			return ISAHP_EMULATE_DONE;
		if (turns && turns == e->turns)
			break;
		r = turn(e, in, size);
		if (r != ISAHP_EMULATE_DONE)
			return r;
		turns++;
		exec_gpr_set(e, ISAHP_REGISTER_RCX, width, left - 1);
		if (!goes_on(e, in, compares))
			return ISAHP_EMULATE_DONE;
	}
	exec_again(e, in);
	return ISAHP_EMULATE_DONE;
}

EXEC_FAMILY(movs)
{
	return repeat(e, in, size_of(in, 0xa4), turn_movs, false);
}

EXEC_FAMILY(cmps)
{
	return repeat(e, in, size_of(in, 0xa6), turn_cmps, true);
}

EXEC_FAMILY(stos)
{
	return repeat(e, in, size_of(in, 0xaa), turn_stos, false);
}

EXEC_FAMILY(lods)
{
	return repeat(e, in, size_of(in, 0xac), turn_lods, false);
}

EXEC_FAMILY(scas)
{
	return repeat(e, in, size_of(in, 0xae), turn_scas, true);
}
