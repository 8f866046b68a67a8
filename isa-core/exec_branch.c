// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Near branches. One to an address that is not canonical is left to the CPU:
 * which instruction's fault it is depends on who made it.
 */
#include "exec.h"

static bool may_go(const struct isahp_emulation *e,
		   const struct isahp_instruction *in, __u64 *target)
{
	if (exec_is_64(e))
		return isahp_exec_is_canonical(e, *target);
	*target = exec_cut(*target, in->operand_size);
	return true;
}

static enum isahp_emulated go(struct isahp_emulation *e,
			      const struct isahp_instruction *in, __u64 target)
{
	if (!may_go(e, in, &target))
		return ISAHP_EMULATE_FOREIGN;
	e->next = target;
	return ISAHP_EMULATE_DONE;
}

static enum isahp_emulated read_target(struct isahp_emulation *e,
				       const struct isahp_instruction *in,
				       __u64 *ret)
{
	enum isahp_emulated r;

	r = exec_read(e, in, 0, in->operand_size, ret);
	if (exec_kind(in, 0)->class == ISAHP_OPERAND_RELATIVE)
		*ret += e->next;
	return r;
}

EXEC_FAMILY(jmp)
{
	enum isahp_emulated r;
	__u64 target;

	r = read_target(e, in, &target);
	return r == ISAHP_EMULATE_DONE ? go(e, in, target) : r;
}

EXEC_FAMILY(jcc)
{
	unsigned int cc = isahp_forms[in->form].operation - ISAHP_OP_JO;

	if (!exec_condition(e->regs->rflags, cc))
		return ISAHP_EMULATE_DONE;
	return go(e, in, e->next + in->immediate);
}

EXEC_FAMILY(call)
{
	enum isahp_emulated r;
	__u64 target;

	r = read_target(e, in, &target);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	if (!may_go(e, in, &target))
		return ISAHP_EMULATE_FOREIGN;
	r = isahp_exec_push(e, &e->next, in->operand_size);
	if (r == ISAHP_EMULATE_DONE)
		e->next = target;
	return r;
}

EXEC_FAMILY(ret)
{
	unsigned int size = in->operand_size;
	enum isahp_emulated r;
	__u64 target = 0;

	r = isahp_exec_peek(e, exec_stack(e, 0), &target, size);
	if (r == ISAHP_EMULATE_DONE)
		r = go(e, in, target);
	/* The immediate of RET without one is 0. */
	if (r == ISAHP_EMULATE_DONE)
		exec_stack_set(e, exec_stack(e, size + in->immediate));
	return r;
}

/* --- by RCX, ECX or CX ---------------------------------------------------- */

static enum isahp_emulated loop_if(struct isahp_emulation *e,
				   const struct isahp_instruction *in, bool also)
{
	unsigned int size = in->address_size;
	__u64 count = exec_cut(exec_gpr(e, ISAHP_REGISTER_RCX, size) - 1, size);
	enum isahp_emulated r = ISAHP_EMULATE_DONE;

	if (count && also)
		r = go(e, in, e->next + in->immediate);
	if (r == ISAHP_EMULATE_DONE)
		exec_gpr_set(e, ISAHP_REGISTER_RCX, size, count);
	return r;
}

EXEC_FAMILY(loop)
{
	return loop_if(e, in, true);
}

/* With F2 or F3 some CPUs take the other condition: what these mean is theirs. */
static bool is_odd(const struct isahp_instruction *in)
{
	return in->flags & (ISAHP_INSTRUCTION_REP | ISAHP_INSTRUCTION_REPNE);
}

EXEC_FAMILY(loope)
{
	if (is_odd(in))
		return ISAHP_EMULATE_FOREIGN;
	return loop_if(e, in, e->regs->rflags & ISAHP_FLAG_ZF);
}

EXEC_FAMILY(loopne)
{
	if (is_odd(in))
		return ISAHP_EMULATE_FOREIGN;
	return loop_if(e, in, !(e->regs->rflags & ISAHP_FLAG_ZF));
}

EXEC_FAMILY(jrcxz)
{
	if (exec_gpr(e, ISAHP_REGISTER_RCX, in->address_size))
		return ISAHP_EMULATE_DONE;
	return go(e, in, e->next + in->immediate);
}
