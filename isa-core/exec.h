/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the emulator's parts know of each other: how an instruction reaches its
 * operands. exec_*.c carry out instructions by family, exec.def lists them.
 *
 * Whoever carries one out reads, then stores into memory, once, and only then
 * changes registers.
 */
#ifndef ISAHP_CORE_EXEC_H
#define ISAHP_CORE_EXEC_H

#include "emulate.h"

/* Bits of RFLAGS that are not arithmetic's (SDM vol. 1, 3.4.3). */
#define EXEC_FLAG_TF (1u << 8)
#define EXEC_FLAG_DF (1u << 10)
#define EXEC_FLAG_NT (1u << 14)
#define EXEC_FLAG_RF (1u << 16)
#define EXEC_FLAG_VM (1u << 17)
#define EXEC_FLAG_ID (1u << 21)

#define EXEC_INLINE static inline __attribute__((__always_inline__))

/* The function of a row of exec.def. */
#define EXEC_FAMILY(name) \
	enum isahp_emulated isahp_do_##name(struct isahp_emulation *e, \
					    const struct isahp_instruction *in)

/** typedef isahp_exec_fn - carry out an instruction of a family */
typedef enum isahp_emulated (*isahp_exec_fn)(struct isahp_emulation *e,
					     const struct isahp_instruction *in);

#define EXEC(operation, function, undefined) \
	EXEC_FAMILY(function);
#include "exec.def"

/** isahp_exec_function - what carries any such instruction out; NULL: nothing does */
isahp_exec_fn isahp_exec_function(const struct isahp_instruction *in);

/* --- values --------------------------------------------------------------- */

EXEC_INLINE __u64 exec_cut(__u64 value, unsigned int size)
{
	return value & ~0ULL >> (64 - 8 * size);
}

EXEC_INLINE __s64 exec_signed(__u64 value, unsigned int size)
{
	unsigned int unused = 64 - 8 * size;

	return (__s64)(value << unused) >> unused;
}

EXEC_INLINE bool exec_is_64(const struct isahp_emulation *e)
{
	return e->mode == ISAHP_CODE_64;
}

/* It goes on with itself: not all is done. RIP may be that of an earlier one. */
EXEC_INLINE void exec_again(struct isahp_emulation *e,
			    const struct isahp_instruction *in)
{
	e->next -= in->length;
	if (!exec_is_64(e))
		e->next = (__u32)e->next;
}

/* --- flags ---------------------------------------------------------------- */

/* What a result says of itself; @result is cut to @size. */
EXEC_INLINE __u64 exec_flags_of(__u64 result, unsigned int size)
{
	__u64 flags = result >> (8 * size - 8) & ISAHP_FLAG_SF;

	flags |= (__u64)(0x9669 >> ((result ^ result >> 4) & 0xf) & 1) << 2;
	return flags | (result ? 0 : ISAHP_FLAG_ZF);
}

EXEC_INLINE void exec_flags_set(__u64 *flags, __u64 which, __u64 to)
{
	*flags = (*flags & ~which) | to;
}

/* Condition code @cc of 0 to 15: SDM vol. 1, appendix B. */
EXEC_INLINE bool exec_condition(__u64 flags, unsigned int cc)
{
	/* OF and SF differ: less. */
	__u64 less = (flags >> 4 ^ flags) & ISAHP_FLAG_SF;
	__u64 is;

	switch (cc >> 1) {
	case 0:
		is = flags & ISAHP_FLAG_OF;
		break;
	case 1:
		is = flags & ISAHP_FLAG_CF;
		break;
	case 2:
		is = flags & ISAHP_FLAG_ZF;
		break;
	case 3:
		is = flags & (ISAHP_FLAG_CF | ISAHP_FLAG_ZF);
		break;
	case 4:
		is = flags & ISAHP_FLAG_SF;
		break;
	case 5:
		is = flags & ISAHP_FLAG_PF;
		break;
	case 6:
		is = less;
		break;
	default:
		is = less | (flags & ISAHP_FLAG_ZF);
	}
	return !!is != (cc & 1);
}

/* --- general registers ---------------------------------------------------- */

EXEC_INLINE __u64 exec_gpr(const struct isahp_emulation *e, unsigned int n,
			   unsigned int size)
{
	__u64 value = e->regs->gpr[n & 15];

	/* AH to BH are those of the first four registers. */
	if (n >= ISAHP_REGISTER_AH)
		return value >> 8 & 0xff;
	return exec_cut(value, size);
}

/* 8 and 16 bits leave the rest as it is, 32 clear it (SDM vol. 1, 3.4.1.1). */
EXEC_INLINE void exec_gpr_set(struct isahp_emulation *e, unsigned int n,
			      unsigned int size, __u64 value)
{
	__u64 *gpr = &e->regs->gpr[n & 15];

	if (size == 8)
		*gpr = value;
	else if (size == 4)
		*gpr = (__u32)value;
	else if (size == 2)
		*gpr = (*gpr & ~0xffffULL) | (__u16)value;
	else if (n < ISAHP_REGISTER_AH)
		*gpr = (*gpr & ~0xffULL) | (__u8)value;
	else
		*gpr = (*gpr & ~0xff00ULL) | (__u64)(__u8)value << 8;
}

/* --- memory --------------------------------------------------------------- */

/** isahp_exec_fault - an exception without an error code, or with 0 */
enum isahp_emulated isahp_exec_fault(struct isahp_emulation *e, __u8 vector);

/**
 * isahp_exec_offset - the effective address of the instruction's memory operand
 * @e: registers are as before it.
 * @in: has one.
 */
__u64 isahp_exec_offset(const struct isahp_emulation *e,
			const struct isahp_instruction *in);

/**
 * isahp_exec_linear - from a segment and an offset to a linear address
 * @e: the instruction's.
 * @segment: enum isahp_segment_register.
 * @offset: effective address.
 * @size: bytes from there on, which are within the segment, or canonical.
 * @access: what is to be done.
 * @ret: the linear address.
 */
enum isahp_emulated isahp_exec_linear(struct isahp_emulation *e,
				      unsigned int segment, __u64 offset,
				      unsigned int size, enum isahp_access access,
				      __u64 *ret);

/** isahp_exec_linear_unchecked - the same whatever EFLAGS.AC says */
enum isahp_emulated isahp_exec_linear_unchecked(struct isahp_emulation *e,
						unsigned int segment, __u64 offset,
						unsigned int size,
						enum isahp_access access,
						__u64 *ret);

/**
 * isahp_exec_reach - where the memory operand is
 * @access: ISAHP_ACCESS_STORE also where it is read first: pages are asked for
 *	with what is done in the end.
 */
enum isahp_emulated isahp_exec_reach(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     unsigned int size, enum isahp_access access,
				     __u64 *ret);

/** isahp_exec_load_at - read from a linear address, for what is to be done there */
enum isahp_emulated isahp_exec_load_at(struct isahp_emulation *e, __u64 address,
				       void *buf, unsigned int size,
				       enum isahp_access access);

/** isahp_exec_store_at - write to a linear address */
enum isahp_emulated isahp_exec_store_at(struct isahp_emulation *e, __u64 address,
					const void *buf, unsigned int size);

/** isahp_exec_exchange_at - compare and exchange at a linear address */
enum isahp_emulated isahp_exec_exchange_at(struct isahp_emulation *e, __u64 address,
					   void *old, const void *new,
					   unsigned int size);

/** isahp_exec_load - read the memory operand, of up to 8 bytes */
enum isahp_emulated isahp_exec_load(struct isahp_emulation *e,
				    const struct isahp_instruction *in,
				    unsigned int size, __u64 *ret);

/** isahp_exec_store - write the memory operand, of up to 8 bytes */
enum isahp_emulated isahp_exec_store(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     unsigned int size, __u64 value);

/** isahp_exec_is_canonical - in 64-bit mode */
bool isahp_exec_is_canonical(const struct isahp_emulation *e, __u64 address);

/* --- the stack ------------------------------------------------------------ */

/* The stack pointer, @by bytes from where it is. */
EXEC_INLINE __u64 exec_stack(const struct isahp_emulation *e, __s64 by)
{
	__u64 sp = e->regs->gpr[ISAHP_REGISTER_RSP] + by;

	return exec_is_64(e) ? sp : (__u32)sp;
}

EXEC_INLINE void exec_stack_set(struct isahp_emulation *e, __u64 sp)
{
	e->regs->gpr[ISAHP_REGISTER_RSP] = exec_is_64(e) ? sp : (__u32)sp;
}

/** isahp_exec_push - write below the stack pointer, and move it there */
enum isahp_emulated isahp_exec_push(struct isahp_emulation *e, const void *buf,
				    unsigned int size);

/** isahp_exec_peek - read from an offset in the stack's segment */
enum isahp_emulated isahp_exec_peek(struct isahp_emulation *e, __u64 offset,
				    void *buf, unsigned int size);

/* --- operands ------------------------------------------------------------- */

EXEC_INLINE const struct isahp_form_kind *
exec_kind(const struct isahp_instruction *in, unsigned int n)
{
	return &isahp_form_kinds[isahp_forms[in->form].operand[n]];
}

/* Of general registers, memory of that size, and immediates. */
EXEC_INLINE unsigned int exec_size(const struct isahp_instruction *in, unsigned int n)
{
	unsigned int size = exec_kind(in, n)->size;

	switch (size) {
	case ISAHP_SIZE_V:
		return in->operand_size;
	case ISAHP_SIZE_Z:
		return in->operand_size == 2 ? 2 : 4;
	case ISAHP_SIZE_Y:
		return in->operand_size == 8 ? 8 : 4;
	default:
		return size;
	}
}

EXEC_INLINE bool exec_is_memory(const struct isahp_instruction *in, unsigned int n)
{
	unsigned int place = exec_kind(in, n)->place;

	return place == ISAHP_PLACE_RM ? in->rm == ISAHP_REGISTER_NONE :
					 place == ISAHP_PLACE_ABSOLUTE;
}

/* Of an operand that is no memory: its general register. */
EXEC_INLINE unsigned int exec_register(const struct isahp_instruction *in,
				       unsigned int n)
{
	switch (exec_kind(in, n)->place) {
	case ISAHP_PLACE_RM:
		return in->rm;
	case ISAHP_PLACE_VVVV:
		return in->vvvv;
	case ISAHP_PLACE_FIXED:
		return isahp_forms[in->form].operand[n] == ISAHP_KIND_CL ?
			       ISAHP_REGISTER_RCX : ISAHP_REGISTER_RAX;
	default:
		return in->reg;
	}
}

/* The n-th operand's value: registers and memory of @size bytes, zero-extended;
 * an immediate with all its bits. */
EXEC_INLINE enum isahp_emulated exec_read(struct isahp_emulation *e,
					  const struct isahp_instruction *in,
					  unsigned int n, unsigned int size,
					  __u64 *ret)
{
	const struct isahp_form_kind *kind = exec_kind(in, n);

	if (kind->class == ISAHP_OPERAND_IMMEDIATE ||
	    kind->class == ISAHP_OPERAND_RELATIVE) {
		*ret = kind->place == ISAHP_PLACE_FIXED ? 1 : in->immediate;
		return ISAHP_EMULATE_DONE;
	}
	if (exec_is_memory(in, n))
		return isahp_exec_load(e, in, size, ret);
	*ret = exec_gpr(e, exec_register(in, n), size);
	return ISAHP_EMULATE_DONE;
}

EXEC_INLINE enum isahp_emulated exec_write(struct isahp_emulation *e,
					   const struct isahp_instruction *in,
					   unsigned int n, unsigned int size,
					   __u64 value)
{
	if (exec_is_memory(in, n))
		return isahp_exec_store(e, in, size, value);
	exec_gpr_set(e, exec_register(in, n), size, value);
	return ISAHP_EMULATE_DONE;
}

/**
 * typedef exec_value_fn - a result of values and flags, and nothing else
 * @size: of the operands, in bytes.
 * @a: the destination's old value.
 * @b: the source.
 * @flags: RFLAGS before and after.
 *
 * Return: the result; bits above @size do not matter.
 */
typedef __u64 (*exec_value_fn)(unsigned int size, __u64 a, __u64 b, __u64 *flags);

/**
 * isahp_exec_change_at - memory becomes what a function makes of it
 * @address: linear.
 * @lock: at once, for whoever else looks.
 * @fn: may be called several times.
 * @size: in bytes.
 * @b: the source.
 * @ret_old: its old value.
 * @ret_flags: RFLAGS behind @fn; it is the caller's to put them there.
 */
enum isahp_emulated isahp_exec_change_at(struct isahp_emulation *e, __u64 address,
					 bool lock, exec_value_fn fn,
					 unsigned int size, __u64 b,
					 __u64 *ret_old, __u64 *ret_flags);

/** isahp_exec_change_memory - the same of the memory operand, with flags */
enum isahp_emulated isahp_exec_change_memory(struct isahp_emulation *e,
					     const struct isahp_instruction *in,
					     exec_value_fn fn, unsigned int size,
					     __u64 b);

/* Code for sizes that are frequent, which are then constants in it. */
#define EXEC_BY_SIZE(size, call) \
	((size) == 8 ? call(8) : (size) == 4 ? call(4) : call(size))

EXEC_INLINE enum isahp_emulated exec_change_of(struct isahp_emulation *e,
					       const struct isahp_instruction *in,
					       exec_value_fn fn, unsigned int size,
					       __u64 b)
{
	unsigned int n;
	__u64 value;

	if (exec_is_memory(in, 0))
		return isahp_exec_change_memory(e, in, fn, size, b);
	n = exec_register(in, 0);
	value = fn(size, exec_gpr(e, n, size), b, &e->regs->rflags);
	exec_gpr_set(e, n, size, value);
	return ISAHP_EMULATE_DONE;
}

/* The first operand becomes what @fn makes of it and @b. */
EXEC_INLINE enum isahp_emulated exec_change(struct isahp_emulation *e,
					    const struct isahp_instruction *in,
					    exec_value_fn fn, unsigned int size,
					    __u64 b)
{
#define CHANGE(size) exec_change_of(e, in, fn, size, b)
	return EXEC_BY_SIZE(size, CHANGE);
#undef CHANGE
}

EXEC_INLINE enum isahp_emulated exec_binary_of(struct isahp_emulation *e,
					       const struct isahp_instruction *in,
					       exec_value_fn fn, unsigned int size)
{
	enum isahp_emulated r;
	__u64 b;

	r = exec_read(e, in, 1, size, &b);
	return r == ISAHP_EMULATE_DONE ? exec_change_of(e, in, fn, size, b) : r;
}

/* The first operand becomes what @fn makes of it and the second one. */
EXEC_INLINE enum isahp_emulated exec_binary(struct isahp_emulation *e,
					    const struct isahp_instruction *in,
					    exec_value_fn fn)
{
	unsigned int size = exec_size(in, 0);

#define BINARY(size) exec_binary_of(e, in, fn, size)
	return EXEC_BY_SIZE(size, BINARY);
#undef BINARY
}

EXEC_INLINE enum isahp_emulated exec_unary_of(struct isahp_emulation *e,
					      const struct isahp_instruction *in,
					      exec_value_fn fn, unsigned int size)
{
	__u64 flags = e->regs->rflags, b;
	enum isahp_emulated r;

	r = exec_read(e, in, 1, size, &b);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	r = exec_write(e, in, 0, size, fn(size, 0, b, &flags));
	if (r == ISAHP_EMULATE_DONE)
		e->regs->rflags = flags;
	return r;
}

/* The first operand becomes what @fn makes of the second one alone. */
EXEC_INLINE enum isahp_emulated exec_unary(struct isahp_emulation *e,
					   const struct isahp_instruction *in,
					   exec_value_fn fn)
{
	unsigned int size = exec_size(in, 0);

#define UNARY(size) exec_unary_of(e, in, fn, size)
	return EXEC_BY_SIZE(size, UNARY);
#undef UNARY
}

#endif /* ISAHP_CORE_EXEC_H */
