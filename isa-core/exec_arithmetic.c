// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Sums, logic and comparisons: SDM vol. 2, each instruction's page. */
#include "exec.h"

/* --- values --------------------------------------------------------------- */

EXEC_INLINE __u64 sum(unsigned int size, __u64 a, __u64 b, __u64 carry,
		      __u64 *flags)
{
	__u64 r = exec_cut(a + b + carry, size);
	/* Of each bit, what it carries into the next. */
	__u64 carries = (a & b) | ((a | b) & ~r);

	exec_flags_set(flags, ISAHP_FLAGS_ARITHMETIC,
		       exec_flags_of(r, size) | (carries >> (8 * size - 1) & 1) |
		       ((a ^ b ^ r) & ISAHP_FLAG_AF) |
		       (((a ^ r) & (b ^ r)) >> (8 * size - 8) & 0x80) << 4);
	return r;
}

EXEC_INLINE __u64 difference(unsigned int size, __u64 a, __u64 b, __u64 borrow,
			     __u64 *flags)
{
	__u64 r = exec_cut(a - b - borrow, size);
	__u64 borrows = (~a & b) | (~(a ^ b) & r);

	exec_flags_set(flags, ISAHP_FLAGS_ARITHMETIC,
		       exec_flags_of(r, size) | (borrows >> (8 * size - 1) & 1) |
		       ((a ^ b ^ r) & ISAHP_FLAG_AF) |
		       (((a ^ b) & (a ^ r)) >> (8 * size - 8) & 0x80) << 4);
	return r;
}

/* AF is undefined: 0. */
EXEC_INLINE __u64 logic(unsigned int size, __u64 r, __u64 *flags)
{
	r = exec_cut(r, size);
	exec_flags_set(flags, ISAHP_FLAGS_ARITHMETIC, exec_flags_of(r, size));
	return r;
}

EXEC_INLINE __u64 value_add(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	return sum(size, a, b, 0, flags);
}

EXEC_INLINE __u64 value_adc(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	return sum(size, a, b, *flags & ISAHP_FLAG_CF, flags);
}

EXEC_INLINE __u64 value_sub(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	return difference(size, a, b, 0, flags);
}

EXEC_INLINE __u64 value_sbb(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	return difference(size, a, b, *flags & ISAHP_FLAG_CF, flags);
}

EXEC_INLINE __u64 value_and(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	return logic(size, a & b, flags);
}

EXEC_INLINE __u64 value_or(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	return logic(size, a | b, flags);
}

EXEC_INLINE __u64 value_xor(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	return logic(size, a ^ b, flags);
}

EXEC_INLINE __u64 value_inc(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	__u64 carry = *flags & ISAHP_FLAG_CF;
	__u64 r = sum(size, a, b, 0, flags);

	exec_flags_set(flags, ISAHP_FLAG_CF, carry);
	return r;
}

EXEC_INLINE __u64 value_dec(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	__u64 carry = *flags & ISAHP_FLAG_CF;
	__u64 r = difference(size, a, b, 0, flags);

	exec_flags_set(flags, ISAHP_FLAG_CF, carry);
	return r;
}

EXEC_INLINE __u64 value_neg(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	return difference(size, b, a, 0, flags);
}

EXEC_INLINE __u64 value_not(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	(void)size;
	(void)b;
	(void)flags;
	return ~a;
}

EXEC_INLINE __u64 value_xchg(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	(void)size;
	(void)a;
	(void)flags;
	return b;
}

/* --- two operands --------------------------------------------------------- */

EXEC_FAMILY(add)
{
	return exec_binary(e, in, value_add);
}

EXEC_FAMILY(adc)
{
	return exec_binary(e, in, value_adc);
}

EXEC_FAMILY(sub)
{
	return exec_binary(e, in, value_sub);
}

EXEC_FAMILY(sbb)
{
	return exec_binary(e, in, value_sbb);
}

EXEC_FAMILY(and)
{
	return exec_binary(e, in, value_and);
}

EXEC_FAMILY(or)
{
	return exec_binary(e, in, value_or);
}

EXEC_FAMILY(xor)
{
	return exec_binary(e, in, value_xor);
}

/* Flags alone. */
EXEC_INLINE enum isahp_emulated compare_of(struct isahp_emulation *e,
					   const struct isahp_instruction *in,
					   exec_value_fn fn, unsigned int size)
{
	enum isahp_emulated r;
	__u64 a, b;

	r = exec_read(e, in, 0, size, &a);
	if (r == ISAHP_EMULATE_DONE)
		r = exec_read(e, in, 1, size, &b);
	if (r == ISAHP_EMULATE_DONE)
		fn(size, a, b, &e->regs->rflags);
	return r;
}

EXEC_INLINE enum isahp_emulated compare(struct isahp_emulation *e,
					const struct isahp_instruction *in,
					exec_value_fn fn)
{
	unsigned int size = exec_size(in, 0);

#define COMPARE(size) compare_of(e, in, fn, size)
	return EXEC_BY_SIZE(size, COMPARE);
#undef COMPARE
}

EXEC_FAMILY(cmp)
{
	return compare(e, in, value_sub);
}

EXEC_FAMILY(test)
{
	return compare(e, in, value_and);
}

/* --- one operand ---------------------------------------------------------- */

EXEC_FAMILY(inc)
{
	return exec_change(e, in, value_inc, exec_size(in, 0), 1);
}

EXEC_FAMILY(dec)
{
	return exec_change(e, in, value_dec, exec_size(in, 0), 1);
}

EXEC_FAMILY(neg)
{
	return exec_change(e, in, value_neg, exec_size(in, 0), 0);
}

EXEC_FAMILY(not)
{
	return exec_change(e, in, value_not, exec_size(in, 0), 0);
}

/* --- exchanges ------------------------------------------------------------ */

/*
 * The second operand, a register, becomes what the first one was. Of two the same
 * the first one's new value stays.
 */
EXEC_INLINE enum isahp_emulated swap(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     exec_value_fn fn, bool lock)
{
	unsigned int size = exec_size(in, 0), source = exec_register(in, 1);
	__u64 b = exec_gpr(e, source, size), flags = e->regs->rflags, address, old;
	enum isahp_emulated r;

	if (exec_is_memory(in, 0)) {
		r = isahp_exec_reach(e, in, size, ISAHP_ACCESS_STORE, &address);
		if (r == ISAHP_EMULATE_DONE)
			r = isahp_exec_change_at(e, address, lock, fn, size, b, &old,
					   &flags);
		if (r != ISAHP_EMULATE_DONE)
			return r;
		exec_gpr_set(e, source, size, old);
	} else {
		unsigned int n = exec_register(in, 0);

		old = exec_gpr(e, n, size);
		exec_gpr_set(e, source, size, old);
		exec_gpr_set(e, n, size, fn(size, old, b, &flags));
	}
	e->regs->rflags = flags;
	return ISAHP_EMULATE_DONE;
}

/* With memory it is locked, prefix or not. */
EXEC_FAMILY(xchg)
{
	return swap(e, in, value_xchg, true);
}

EXEC_FAMILY(xadd)
{
	return swap(e, in, value_add, in->flags & ISAHP_INSTRUCTION_LOCK);
}

/*
 * @ret_old is what was at @address; if it was @old, it is @new now. Without LOCK
 * it is read and written, also where it is another.
 */
static enum isahp_emulated compare_exchange(struct isahp_emulation *e,
					    const struct isahp_instruction *in,
					    __u64 address, void *old,
					    const void *new, unsigned int size)
{
	__u64 seen[2] = { 0, 0 };
	enum isahp_emulated r;
	bool same;

	if (in->flags & ISAHP_INSTRUCTION_LOCK)
		return isahp_exec_exchange_at(e, address, old, new, size);
	r = isahp_exec_load_at(e, address, seen, size, ISAHP_ACCESS_STORE);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	same = !memcmp(seen, old, size);
	r = isahp_exec_store_at(e, address, same ? new : seen, size);
	if (r == ISAHP_EMULATE_DONE)
		memcpy(old, seen, size);
	return r;
}

EXEC_FAMILY(cmpxchg)
{
	unsigned int size = exec_size(in, 0), n;
	__u64 accumulator = exec_gpr(e, ISAHP_REGISTER_RAX, size);
	__u64 b = exec_gpr(e, exec_register(in, 1), size), old = accumulator;
	enum isahp_emulated r;
	__u64 address;

	if (exec_is_memory(in, 0)) {
		r = isahp_exec_reach(e, in, size, ISAHP_ACCESS_STORE, &address);
		if (r == ISAHP_EMULATE_DONE)
			r = compare_exchange(e, in, address, &old, &b, size);
		if (r != ISAHP_EMULATE_DONE)
			return r;
	} else {
		n = exec_register(in, 0);
		old = exec_gpr(e, n, size);
		/*
		 * Where they differ SDM vol. 2A, "CMPXCHG", writes the register,
		 * and so clears its upper half; AMD's CPUs do not.
		 */
		if (old != accumulator && size == 4)
			return ISAHP_EMULATE_FOREIGN;
		if (old == accumulator)
			exec_gpr_set(e, n, size, b);
	}
	if (old != accumulator)
		exec_gpr_set(e, ISAHP_REGISTER_RAX, size, old);
	value_sub(size, accumulator, old, &e->regs->rflags);
	return ISAHP_EMULATE_DONE;
}

/* RDX:RAX and RCX:RBX, by halves of @half bytes. */
static enum isahp_emulated exchange_pair(struct isahp_emulation *e,
					 const struct isahp_instruction *in,
					 unsigned int half)
{
	__u8 old[16], new[16], before[16];
	const __u64 *gpr = e->regs->gpr;
	enum isahp_emulated r;
	__u64 address, value;
	bool same;

	if (half == 8) {
		r = isahp_exec_linear_unchecked(e, in->segment,
						isahp_exec_offset(e, in), 16,
						ISAHP_ACCESS_STORE, &address);
		if (r == ISAHP_EMULATE_DONE && address & 15)
			return isahp_exec_fault(e, ISAHP_VECTOR_GP);
	} else {
		r = isahp_exec_reach(e, in, 8, ISAHP_ACCESS_STORE, &address);
	}
	if (r != ISAHP_EMULATE_DONE)
		return r;
	memcpy(old, &gpr[0], half);
	memcpy(old + half, &gpr[2], half);
	memcpy(new, &gpr[3], half);
	memcpy(new + half, &gpr[1], half);
	memcpy(before, old, sizeof(before));
	r = compare_exchange(e, in, address, old, new, 2 * half);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	same = !memcmp(before, old, 2 * half);
	exec_flags_set(&e->regs->rflags, ISAHP_FLAG_ZF, same ? ISAHP_FLAG_ZF : 0);
	if (same)
		return r;
	value = 0;
	memcpy(&value, old, half);
	exec_gpr_set(e, 0, half, value);
	memcpy(&value, old + half, half);
	exec_gpr_set(e, 2, half, value);
	return r;
}

EXEC_FAMILY(cmpxchg8b)
{
	return exchange_pair(e, in, 4);
}

EXEC_FAMILY(cmpxchg16b)
{
	return exchange_pair(e, in, 8);
}
