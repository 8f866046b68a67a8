/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is frequent, as a run carries it out: functions for one shape of operands,
 * chosen when a block is decoded, which ask nothing that is known by then.
 *
 * Such a function either carries the instruction out, or has done nothing yet and
 * leaves it to the general one: whatever is unusual (an address that is not in the
 * lower half, EFLAGS.AC, memory that can not be reached, an unmasked exception) is
 * for that to find once more, and to answer.
 *
 * They are lazy with flags: of those that an instruction leaves most are never
 * looked at. What they are made of is kept in struct isahp_lazy_flags, and whoever
 * knows nothing of that is called when they have been settled.
 */
#ifndef ISAHP_CORE_EXEC_FAST_H
#define ISAHP_CORE_EXEC_FAST_H

#include "exec.h"
#include "run.h"

/**
 * isahp_exec_fast_set - choose how to carry out an instruction
 * @step: @in is decoded. What the function is to know is put there.
 * @mode: enum isahp_code_mode.
 *
 * Return: false: nothing carries it out.
 */
bool isahp_exec_fast_set(struct isahp_run_step *step, enum isahp_code_mode mode);

/** isahp_exec_fast_group - see which steps can be carried out as one */
void isahp_exec_fast_group(struct isahp_run_step *step, unsigned int count);

/** isahp_exec_fast_group_at_end - how many steps at the end may begin a longer group */
unsigned int isahp_exec_fast_group_at_end(const struct isahp_run_step *step,
					  unsigned int count);

/** isahp_exec_fast_vector - choose for a vector instruction; NULL: the general one */
isahp_exec_fn isahp_exec_fast_vector(struct isahp_run_step *step,
				     enum isahp_code_mode mode);

/** isahp_exec_fast_arithmetic - likewise; NULL in 32-bit mode */
isahp_exec_fn isahp_exec_fast_arithmetic(const struct isahp_instruction *in);

/** isahp_exec_fast_bits - likewise */
isahp_exec_fn isahp_exec_fast_bits(const struct isahp_instruction *in);

/** isahp_exec_fast_move - likewise */
isahp_exec_fn isahp_exec_fast_move(const struct isahp_instruction *in);

/** isahp_exec_fast_settle - RFLAGS are what they have to be */
void isahp_exec_fast_settle(struct isahp_emulation *e);

/** isahp_exec_fast_leave - to the general one */
enum isahp_emulated isahp_exec_fast_leave(struct isahp_emulation *e,
					  const struct isahp_instruction *in);

/** fast_step - the step of an instruction that is one's */
EXEC_INLINE const struct isahp_run_step *fast_step(const struct isahp_instruction *in)
{
	return (const struct isahp_run_step *)((const char *)in -
					       offsetof(struct isahp_run_step, in));
}

/* --- flags ---------------------------------------------------------------- */

/* All arithmetic ones. */
EXEC_INLINE void fast_flags_set(struct isahp_emulation *e, __u64 flags)
{
	exec_flags_set(&e->regs->rflags, ISAHP_FLAGS_ARITHMETIC, flags);
	e->lazy.pending = false;
}

/* Of a result of @size, 4 or 8 bytes; a bit of @carries: that one carries out. */
EXEC_INLINE void fast_flags_later(struct isahp_emulation *e, unsigned int size,
				  __u64 result, __u64 carries)
{
	e->lazy.pending = true;
	e->lazy.result = exec_signed(result, size);
	/* AF has to stay where it is. */
	e->lazy.carries = size == 8 ? carries : carries | carries << 32;
}

EXEC_INLINE bool fast_carry(const struct isahp_emulation *e)
{
	return e->lazy.pending ? e->lazy.carries >> 63 :
				 e->regs->rflags & ISAHP_FLAG_CF;
}

/* exec_condition(), @cc being a constant. */
EXEC_INLINE bool fast_condition(const struct isahp_emulation *e, const unsigned int cc)
{
	const __u64 result = e->lazy.result, carries = e->lazy.carries;
	bool is;

	if (!e->lazy.pending)
		return exec_condition(e->regs->rflags, cc);
	switch (cc >> 1) {
	case 0:
		is = (carries ^ carries << 1) >> 63;
		break;
	case 1:
		is = carries >> 63;
		break;
	case 2:
		is = !result;
		break;
	case 3:
		is = carries >> 63 || !result;
		break;
	case 4:
		is = result >> 63;
		break;
	case 5:
		is = 0x9669 >> ((result ^ result >> 4) & 0xf) & 1;
		break;
	case 6:
		is = (result ^ carries ^ carries << 1) >> 63;
		break;
	default:
		is = (result ^ carries ^ carries << 1) >> 63 || !result;
	}
	return is != (cc & 1);
}

/* --- memory --------------------------------------------------------------- */

/** fast_is_plain - memory as fast_reach() knows it, in 64-bit mode */
EXEC_INLINE bool fast_is_plain(const struct isahp_instruction *in)
{
	return in->rm == ISAHP_REGISTER_NONE && in->address_size == 8 &&
	       in->segment != ISAHP_FS && in->segment != ISAHP_GS &&
	       !(isahp_instruction_form(in)->flags &
		 (ISAHP_FORM_ABSOLUTE | ISAHP_FORM_VSIB));
}

EXEC_INLINE __u64 fast_offset(const struct isahp_emulation *e,
			      const struct isahp_instruction *in)
{
	const __u64 *gpr = e->regs->gpr;
	__u64 offset = (__s64)in->displacement;

	if (in->base < ISAHP_REGISTER_RIP)
		offset += gpr[in->base];
	else if (in->base == ISAHP_REGISTER_RIP)
		offset += e->next;
	if (in->index != ISAHP_REGISTER_NONE)
		offset += gpr[in->index] << in->scale;
	return offset;
}

/* Where the lower half ends. */
EXEC_INLINE __u64 fast_end(const struct isahp_emulation *e)
{
	return 1ULL << (e->address_bits - 1);
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
	__u64 offset = fast_offset(e, in);

	*ret = offset & e->untag_mask;
	/* All of it is below that end, and so nothing of it is a tag. */
	return offset <= fast_end(e) - size && !(e->regs->rflags & ISAHP_FLAG_AC);
}

/* @size is a constant. */
EXEC_INLINE bool fast_load(struct isahp_emulation *e, const struct isahp_instruction *in,
			   unsigned int size, __u64 *ret)
{
	__u64 address;

	*ret = 0;
	return fast_reach(e, in, size, &address) &&
	       e->ops->load(e->env, address, ret, size) >= size;
}

#endif /* ISAHP_CORE_EXEC_FAST_H */
