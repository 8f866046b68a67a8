// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Shifts and rotates: SDM vol. 2, "RCL/RCR/ROL/ROR", "SAL/SAR/SHL/SHR", "SHLD",
 * "SHRD". A count is taken modulo 32, or 64 of operands of 64 bits; one of 0
 * changes no flag.
 */
#include "exec.h"

EXEC_INLINE unsigned int count_of(unsigned int size, __u64 b)
{
	return b & (size == 8 ? 63 : 31);
}

/* Of a result's two uppermost bits: whether they differ. */
EXEC_INLINE __u64 overflow_if(bool is)
{
	return is ? ISAHP_FLAG_OF : 0;
}

EXEC_INLINE bool bit(__u64 value, unsigned int n)
{
	return value >> n & 1;
}

/* --- shifts --------------------------------------------------------------- */

EXEC_INLINE __u64 value_shl(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	unsigned int count = count_of(size, b), bits = 8 * size;
	bool carry;
	__u64 r;

	if (!count)
		return a;
	/* Nothing is shifted by more than 63. */
	carry = count <= bits && bit(a, bits - count);
	r = exec_cut(a << count, size);
	exec_flags_set(flags, ISAHP_FLAGS_ARITHMETIC,
		       exec_flags_of(r, size) | carry |
		       overflow_if(bit(r, bits - 1) != carry));
	return r;
}

EXEC_INLINE __u64 value_shr(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	unsigned int count = count_of(size, b);
	__u64 r;

	if (!count)
		return a;
	r = a >> count;
	exec_flags_set(flags, ISAHP_FLAGS_ARITHMETIC,
		       exec_flags_of(r, size) | bit(a, count - 1) |
		       overflow_if(bit(a, 8 * size - 1)));
	return r;
}

EXEC_INLINE __u64 value_sar(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	unsigned int count = count_of(size, b);
	__s64 value = exec_signed(a, size);
	__u64 r;

	if (!count)
		return a;
	r = exec_cut(value >> count, size);
	exec_flags_set(flags, ISAHP_FLAGS_ARITHMETIC,
		       exec_flags_of(r, size) | bit(value, count - 1));
	return r;
}

/* --- rotates -------------------------------------------------------------- */

#define FLAGS_OF_ROTATES (ISAHP_FLAG_CF | ISAHP_FLAG_OF)

EXEC_INLINE __u64 value_rol(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	unsigned int count = count_of(size, b), bits = 8 * size;
	__u64 r = a;

	if (!count)
		return a;
	count &= bits - 1;
	if (count)
		r = exec_cut(a << count | a >> (bits - count), size);
	exec_flags_set(flags, FLAGS_OF_ROTATES,
		       (r & 1) | overflow_if(bit(r, bits - 1) != (r & 1)));
	return r;
}

EXEC_INLINE __u64 value_ror(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	unsigned int count = count_of(size, b), bits = 8 * size;
	__u64 r = a;

	if (!count)
		return a;
	count &= bits - 1;
	if (count)
		r = exec_cut(a >> count | a << (bits - count), size);
	exec_flags_set(flags, FLAGS_OF_ROTATES,
		       bit(r, bits - 1) |
		       overflow_if(bit(r, bits - 1) != bit(r, bits - 2)));
	return r;
}

/* Through the carry: of bits + 1 places. */
EXEC_INLINE __u64 value_rcl(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	unsigned int bits = 8 * size, count = count_of(size, b) % (bits + 1);
	__u64 carry = *flags & ISAHP_FLAG_CF, r;
	bool out;

	if (!count)
		return a;
	out = bit(a, bits - count);
	r = (count < 64 ? a << count : 0) | carry << (count - 1);
	if (count > 1)
		r |= a >> (bits + 1 - count);
	r = exec_cut(r, size);
	exec_flags_set(flags, FLAGS_OF_ROTATES,
		       out | overflow_if(bit(r, bits - 1) != out));
	return r;
}

EXEC_INLINE __u64 value_rcr(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	unsigned int bits = 8 * size, count = count_of(size, b) % (bits + 1);
	__u64 carry = *flags & ISAHP_FLAG_CF, r;
	bool out;

	if (!count)
		return a;
	out = bit(a, count - 1);
	r = (count < 64 ? a >> count : 0) | carry << (bits - count);
	if (count > 1)
		r |= a << (bits + 1 - count);
	r = exec_cut(r, size);
	exec_flags_set(flags, FLAGS_OF_ROTATES,
		       out | overflow_if(bit(r, bits - 1) != bit(r, bits - 2)));
	return r;
}

EXEC_FAMILY(shl)
{
	return exec_binary(e, in, value_shl);
}

EXEC_FAMILY(shr)
{
	return exec_binary(e, in, value_shr);
}

EXEC_FAMILY(sar)
{
	return exec_binary(e, in, value_sar);
}

EXEC_FAMILY(rol)
{
	return exec_binary(e, in, value_rol);
}

EXEC_FAMILY(ror)
{
	return exec_binary(e, in, value_ror);
}

EXEC_FAMILY(rcl)
{
	return exec_binary(e, in, value_rcl);
}

EXEC_FAMILY(rcr)
{
	return exec_binary(e, in, value_rcr);
}

/* --- double shifts -------------------------------------------------------- */

/*
 * Of 16 bits and a count of more than 16 everything is undefined: what CPUs have
 * then is the destination once more behind the source.
 */
static __u64 shift_left(unsigned int size, __u64 a, __u64 fill, unsigned int count)
{
	unsigned int bits = 8 * size;

	if (count > bits)
		return fill << (count - bits) | a >> (2 * bits - count);
	return a << count | fill >> (bits - count);
}

static __u64 shift_right(unsigned int size, __u64 a, __u64 fill, unsigned int count)
{
	unsigned int bits = 8 * size;

	if (count > bits)
		return fill >> (count - bits) | a << (2 * bits - count);
	return a >> count | fill << (bits - count);
}

struct double_shift {
	__u64 fill;
	unsigned int count;
	bool left;
};

static __u64 double_shift(unsigned int size, __u64 a, const struct double_shift *s,
			  __u64 *flags)
{
	unsigned int bits = 8 * size;
	unsigned int last = s->count <= bits ? s->count : bits;
	bool carry;
	__u64 r;

	if (!s->count)
		return a;
	r = exec_cut(s->left ? shift_left(size, a, s->fill, s->count) :
			       shift_right(size, a, s->fill, s->count), size);
	carry = bit(a, s->left ? bits - last : last - 1);
	exec_flags_set(flags, ISAHP_FLAGS_ARITHMETIC,
		       exec_flags_of(r, size) | carry |
		       overflow_if(bit(r, bits - 1) != bit(a, bits - 1)));
	return r;
}

static enum isahp_emulated shift_operands(struct isahp_emulation *e,
					  const struct isahp_instruction *in,
					  bool left)
{
	struct double_shift s = { .left = left };
	unsigned int size = in->operand_size;
	__u64 flags = e->regs->rflags, address, a = 0;
	enum isahp_emulated r;

	r = exec_read(e, in, 2, 1, &a);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	s.fill = exec_gpr(e, in->reg, size);
	s.count = count_of(size, a);
	if (!exec_is_memory(in, 0)) {
		a = double_shift(size, exec_gpr(e, in->rm, size), &s, &flags);
		exec_gpr_set(e, in->rm, size, a);
		e->regs->rflags = flags;
		return r;
	}
	a = 0;
	r = isahp_exec_reach(e, in, size, ISAHP_ACCESS_STORE, &address);
	if (r == ISAHP_EMULATE_DONE)
		r = isahp_exec_load_at(e, address, &a, size, ISAHP_ACCESS_STORE);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	a = double_shift(size, a, &s, &flags);
	r = isahp_exec_store_at(e, address, &a, size);
	if (r == ISAHP_EMULATE_DONE)
		e->regs->rflags = flags;
	return r;
}

EXEC_FAMILY(shld)
{
	return shift_operands(e, in, true);
}

EXEC_FAMILY(shrd)
{
	return shift_operands(e, in, false);
}
