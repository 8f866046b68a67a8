// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The stack: SDM vol. 2, each instruction's page. Stack pointers are those of the
 * mode, 64 or 32 bits. */
#include "exec.h"

EXEC_FAMILY(push)
{
	unsigned int size = in->operand_size;
	enum isahp_emulated r;
	__u64 value;

	r = exec_read(e, in, 0, size, &value);
	return r == ISAHP_EMULATE_DONE ? isahp_exec_push(e, &value, size) : r;
}

/* An address by the stack pointer counts from behind what is popped; a popped
 * stack pointer stays. */
EXEC_FAMILY(pop)
{
	__u64 sp = e->regs->gpr[ISAHP_REGISTER_RSP], value = 0;
	unsigned int size = in->operand_size;
	enum isahp_emulated r;

	r = isahp_exec_peek(e, exec_stack(e, 0), &value, size);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	exec_stack_set(e, exec_stack(e, size));
	r = exec_write(e, in, 0, size, value);
	if (r != ISAHP_EMULATE_DONE)
		e->regs->gpr[ISAHP_REGISTER_RSP] = sp;
	return r;
}

/* Of several words the first one tells: their alignment is alike (EFLAGS.AC). */
static enum isahp_emulated check_first(struct isahp_emulation *e, __u64 offset,
				       unsigned int size, enum isahp_access access)
{
	__u64 address;

	return isahp_exec_linear(e, ISAHP_SS, offset, size, access, &address);
}

/* --- all registers of 32-bit code ----------------------------------------- */

EXEC_FAMILY(pusha)
{
	unsigned int size = in->operand_size, i;
	enum isahp_emulated r;
	__u8 image[32];

	r = check_first(e, exec_stack(e, -(__s64)size), size, ISAHP_ACCESS_STORE);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	for (i = 0; i < 8; i++)
		memcpy(image + (7 - i) * size, &e->regs->gpr[i], size);
	return isahp_exec_push(e, image, 8 * size);
}

EXEC_FAMILY(popa)
{
	unsigned int size = in->operand_size, i;
	enum isahp_emulated r;
	__u8 image[32];
	__u64 value;

	r = check_first(e, exec_stack(e, 0), size, ISAHP_ACCESS_LOAD);
	if (r == ISAHP_EMULATE_DONE)
		r = isahp_exec_peek(e, exec_stack(e, 0), image, 8 * size);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	for (i = 0; i < 8; i++) {
		value = 0;
		memcpy(&value, image + (7 - i) * size, size);
		if (i != ISAHP_REGISTER_RSP)
			exec_gpr_set(e, i, size, value);
	}
	exec_stack_set(e, exec_stack(e, 8 * size));
	return r;
}

/* --- flags ---------------------------------------------------------------- */

EXEC_FAMILY(pushf)
{
	__u64 image = e->regs->rflags & ~(__u64)(EXEC_FLAG_RF | EXEC_FLAG_VM);

	return isahp_exec_push(e, &image, in->operand_size);
}

/* IF and IOPL are not user mode's (SDM vol. 2B, "POPF"). */
EXEC_FAMILY(popf)
{
	__u64 which = ISAHP_FLAGS_ARITHMETIC | EXEC_FLAG_TF | EXEC_FLAG_DF |
		      EXEC_FLAG_NT;
	unsigned int size = in->operand_size;
	enum isahp_emulated r;
	__u64 image = 0;

	r = isahp_exec_peek(e, exec_stack(e, 0), &image, size);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	if (size > 2)
		which |= ISAHP_FLAG_AC | EXEC_FLAG_ID;
	exec_flags_set(&e->regs->rflags, which, image & which);
	exec_stack_set(e, exec_stack(e, size));
	return r;
}

/* --- frames --------------------------------------------------------------- */

/*
 * The stack must be writable where its pointer comes to be (SDM vol. 2A, "ENTER").
 * That can be asked only by writing what is there already.
 */
static enum isahp_emulated probe(struct isahp_emulation *e, __u64 sp,
				 unsigned int size)
{
	__u64 address, old, new;
	enum isahp_emulated r;

	r = isahp_exec_linear(e, ISAHP_SS, sp, size, ISAHP_ACCESS_STORE, &address);
	if (r == ISAHP_EMULATE_DONE)
		r = isahp_exec_load_at(e, address, &old, size, ISAHP_ACCESS_STORE);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	new = old;
	return isahp_exec_exchange_at(e, address, &old, &new, size);
}

/* Frames with a display of the enclosing ones, which no compiler makes, are left
 * to the CPU. */
EXEC_FAMILY(enter)
{
	unsigned int size = in->operand_size, level = in->immediate >> 32 & 31;
	__u64 frame = exec_stack(e, -(__s64)size);
	__u64 sp = exec_stack(e, -(__s64)size - (__u16)in->immediate);
	enum isahp_emulated r;

	if (level)
		return ISAHP_EMULATE_FOREIGN;
	r = probe(e, frame, size);
	if (r == ISAHP_EMULATE_DONE)
		r = probe(e, sp, size);
	if (r == ISAHP_EMULATE_DONE)
		r = isahp_exec_push(e, &e->regs->gpr[ISAHP_REGISTER_RBP], size);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	exec_gpr_set(e, ISAHP_REGISTER_RBP, size, frame);
	exec_stack_set(e, sp);
	return r;
}

EXEC_FAMILY(leave)
{
	__u64 frame = e->regs->gpr[ISAHP_REGISTER_RBP], value = 0;
	unsigned int size = in->operand_size;
	enum isahp_emulated r;

	if (!exec_is_64(e))
		frame = (__u32)frame;
	r = isahp_exec_peek(e, frame, &value, size);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	exec_stack_set(e, frame + size);
	exec_gpr_set(e, ISAHP_REGISTER_RBP, size, value);
	return r;
}
