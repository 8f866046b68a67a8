/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is frequent, as a run carries it out: functions for one shape of operands,
 * chosen when a block is decoded, which ask nothing that is known by then.
 *
 * Such a function either carries the instruction out, or has done nothing yet and
 * hands it to the general one: whatever is unusual (an address that is not in the
 * lower half, EFLAGS.AC, memory that can not be reached, an unmasked exception) is
 * for that to find once more, and to answer.
 */
#ifndef ISAHP_CORE_EXEC_FAST_H
#define ISAHP_CORE_EXEC_FAST_H

#include "exec.h"
#include "run.h"

/**
 * isahp_exec_fast_vector - choose for a vector instruction
 * @step: @in is decoded. What the function is to know is put there.
 * @mode: enum isahp_code_mode.
 *
 * Return: NULL: the general one.
 */
isahp_exec_fn isahp_exec_fast_vector(struct isahp_run_step *step,
				     enum isahp_code_mode mode);

/** fast_step - the step of an instruction that is one's */
EXEC_INLINE const struct isahp_run_step *fast_step(const struct isahp_instruction *in)
{
	return (const struct isahp_run_step *)((const char *)in -
					       offsetof(struct isahp_run_step, in));
}

/** fast_is_plain - memory as fast_reach() knows it, in @mode */
EXEC_INLINE bool fast_is_plain(const struct isahp_instruction *in,
			       enum isahp_code_mode mode)
{
	return mode == ISAHP_CODE_64 && in->rm == ISAHP_REGISTER_NONE &&
	       in->address_size == 8 && in->segment != ISAHP_FS &&
	       in->segment != ISAHP_GS &&
	       !(isahp_instruction_form(in)->flags &
		 (ISAHP_FORM_ABSOLUTE | ISAHP_FORM_VSIB));
}

/**
 * fast_reach - isahp_exec_reach() for plain memory
 * @e: the instruction's.
 * @in: its memory operand is plain.
 * @size: in bytes.
 * @ret: the linear address.
 *
 * Return: false: it is not in the lower half, or alignment is checked.
 */
EXEC_INLINE bool fast_reach(const struct isahp_emulation *e,
			    const struct isahp_instruction *in, unsigned int size,
			    __u64 *ret)
{
	const struct isahp_registers *regs = e->regs;
	__u64 offset = (__s64)in->displacement;

	if (in->base < ISAHP_REGISTER_RIP)
		offset += regs->gpr[in->base];
	else if (in->base == ISAHP_REGISTER_RIP)
		offset += e->next;
	if (in->index != ISAHP_REGISTER_NONE)
		offset += regs->gpr[in->index] << in->scale;
	*ret = offset & e->untag_mask;
	/* All of it is below the lower half's end, and so nothing of it is a tag. */
	return offset <= (1ULL << (e->address_bits - 1)) - size &&
	       !(regs->rflags & ISAHP_FLAG_AC);
}

#endif /* ISAHP_CORE_EXEC_FAST_H */
