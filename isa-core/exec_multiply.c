// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Products, quotients and decimal digits: SDM vol. 2, each instruction's page. */
#include "exec.h"

typedef unsigned __int128 u128;

#define RAX ISAHP_REGISTER_RAX
#define RDX 2

/* --- products ------------------------------------------------------------- */

#define FLAGS_OF_OVERFLOW (ISAHP_FLAG_CF | ISAHP_FLAG_OF)

/* Twice as wide as the operands: RDX:RAX, or AX. */
static void put_pair(struct isahp_emulation *e, unsigned int size, __u64 low,
		     __u64 high)
{
	if (size == 1) {
		exec_gpr_set(e, RAX, 2, (low & 0xff) | high << 8);
		return;
	}
	exec_gpr_set(e, RAX, size, low);
	exec_gpr_set(e, RDX, size, high);
}

EXEC_FAMILY(mul)
{
	unsigned int size = exec_size(in, 0);
	enum isahp_emulated r;
	__u64 b, high;
	u128 product;

	r = exec_read(e, in, 0, size, &b);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	product = (u128)exec_gpr(e, RAX, size) * b;
	high = product >> 8 * size;
	put_pair(e, size, product, high);
	exec_flags_set(&e->regs->rflags, FLAGS_OF_OVERFLOW,
		       high ? FLAGS_OF_OVERFLOW : 0);
	return r;
}

static enum isahp_emulated imul_pair(struct isahp_emulation *e,
				     const struct isahp_instruction *in)
{
	unsigned int size = exec_size(in, 0);
	enum isahp_emulated r;
	__int128 product;
	__u64 b;

	r = exec_read(e, in, 0, size, &b);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	product = (__int128)exec_signed(e->regs->gpr[RAX], size) *
		  exec_signed(b, size);
	put_pair(e, size, product, product >> 8 * size);
	exec_flags_set(&e->regs->rflags, FLAGS_OF_OVERFLOW,
		       product != exec_signed(product, size) ? FLAGS_OF_OVERFLOW : 0);
	return r;
}

/* Two operands, or three: the last one times the last but one. */
EXEC_FAMILY(imul)
{
	unsigned int size = in->operand_size;
	enum isahp_emulated r;
	__int128 product;
	__u64 a, b;

	if (isahp_forms[in->form].operand[1] == ISAHP_KIND___)
		return imul_pair(e, in);
	r = exec_read(e, in, 1, size, &b);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	a = isahp_forms[in->form].operand[2] == ISAHP_KIND___ ?
		    e->regs->gpr[in->reg] : (__u64)in->immediate;
	product = (__int128)exec_signed(a, size) * exec_signed(b, size);
	exec_gpr_set(e, in->reg, size, product);
	exec_flags_set(&e->regs->rflags, FLAGS_OF_OVERFLOW,
		       product != exec_signed(product, size) ? FLAGS_OF_OVERFLOW : 0);
	return r;
}

/* --- quotients ------------------------------------------------------------ */

/*
 * Of two words, @high < @divisor: the quotient fits. There is no function for it
 * that the kernel links.
 */
static __u64 divide_128(__u64 high, __u64 low, __u64 divisor, __u64 *ret_rest)
{
	__u64 quotient;

	__asm__("divq %[divisor]"
		: "=a" (quotient), "=d" (*ret_rest)
		: "a" (low), "d" (high), [divisor] "r" (divisor)
		: "cc");
	return quotient;
}

struct dividend {
	__u64 high;
	__u64 low;
};

static struct dividend dividend(const struct isahp_emulation *e, unsigned int size)
{
	const __u64 *gpr = e->regs->gpr;

	switch (size) {
	case 1:
		return (struct dividend){ 0, (__u16)gpr[RAX] };
	case 2:
		return (struct dividend){ 0, (__u16)gpr[RAX] | (__u64)(__u16)gpr[RDX] << 16 };
	case 4:
		return (struct dividend){ 0, (__u32)gpr[RAX] | gpr[RDX] << 32 };
	default:
		return (struct dividend){ gpr[RDX], gpr[RAX] };
	}
}

static struct dividend negated(struct dividend d)
{
	d.low = -d.low;
	d.high = ~d.high + !d.low;
	return d;
}

EXEC_FAMILY(div)
{
	unsigned int size = exec_size(in, 0);
	struct dividend d = dividend(e, size);
	__u64 divisor, quotient, rest;
	enum isahp_emulated r;

	r = exec_read(e, in, 0, size, &divisor);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	if (d.high >= divisor)
		return isahp_exec_fault(e, ISAHP_VECTOR_DE);
	quotient = divide_128(d.high, d.low, divisor, &rest);
	if (quotient != exec_cut(quotient, size))
		return isahp_exec_fault(e, ISAHP_VECTOR_DE);
	put_pair(e, size, quotient, rest);
	return r;
}

/* By absolute values; a rest has the dividend's sign. */
EXEC_FAMILY(idiv)
{
	unsigned int size = exec_size(in, 0);
	struct dividend d = dividend(e, size);
	bool negative, negative_divisor;
	__u64 divisor, quotient, rest;
	enum isahp_emulated r;

	r = exec_read(e, in, 0, size, &divisor);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	if (size < 8) {
		d.low = exec_signed(d.low, 2 * size);
		d.high = (__s64)d.low >> 63;
	}
	negative = d.high >> 63;
	if (negative)
		d = negated(d);
	divisor = exec_signed(divisor, size);
	negative_divisor = divisor >> 63;
	if (negative_divisor)
		divisor = -divisor;
	if (d.high >= divisor)
		return isahp_exec_fault(e, ISAHP_VECTOR_DE);
	quotient = divide_128(d.high, d.low, divisor, &rest);
	/* The most negative number has no positive counterpart. */
	if (quotient > (1ULL << (8 * size - 1)) - (negative == negative_divisor))
		return isahp_exec_fault(e, ISAHP_VECTOR_DE);
	put_pair(e, size, negative != negative_divisor ? -quotient : quotient,
		 negative ? -rest : rest);
	return r;
}

/* --- decimal digits, in 32-bit code --------------------------------------- */

static void put_al_flags(struct isahp_emulation *e, __u8 al, __u64 more)
{
	exec_gpr_set(e, RAX, 1, al);
	exec_flags_set(&e->regs->rflags, ISAHP_FLAGS_ARITHMETIC,
		       exec_flags_of(al, 1) | more);
}

static void adjust_packed(struct isahp_emulation *e, bool add)
{
	__u64 flags = e->regs->rflags, more = 0;
	__u8 old = e->regs->gpr[RAX], al = old;
	int sign = add ? 1 : -1;

	if ((old & 0xf) > 9 || flags & ISAHP_FLAG_AF) {
		al += sign * 6;
		more |= ISAHP_FLAG_AF;
		if (!add && old < 6)
			more |= ISAHP_FLAG_CF;
	}
	if (old > 0x99 || flags & ISAHP_FLAG_CF) {
		al += sign * 0x60;
		more |= ISAHP_FLAG_CF;
	}
	put_al_flags(e, al, more);
}

EXEC_FAMILY(daa)
{
	(void)in;
	adjust_packed(e, true);
	return ISAHP_EMULATE_DONE;
}

EXEC_FAMILY(das)
{
	(void)in;
	adjust_packed(e, false);
	return ISAHP_EMULATE_DONE;
}

static void adjust_unpacked(struct isahp_emulation *e, bool add)
{
	__u64 more = 0;
	__u16 ax = e->regs->gpr[RAX];

	if ((ax & 0xf) > 9 || e->regs->rflags & ISAHP_FLAG_AF) {
		ax += add ? 0x106 : -0x106;
		more = ISAHP_FLAG_AF | ISAHP_FLAG_CF;
	}
	exec_gpr_set(e, RAX, 2, ax & 0xff0f);
	exec_flags_set(&e->regs->rflags, ISAHP_FLAGS_ARITHMETIC,
		       exec_flags_of(ax & 0xf, 1) | more);
}

EXEC_FAMILY(aaa)
{
	(void)in;
	adjust_unpacked(e, true);
	return ISAHP_EMULATE_DONE;
}

EXEC_FAMILY(aas)
{
	(void)in;
	adjust_unpacked(e, false);
	return ISAHP_EMULATE_DONE;
}

EXEC_FAMILY(aam)
{
	__u8 base = in->immediate, al = e->regs->gpr[RAX];

	if (!base)
		return isahp_exec_fault(e, ISAHP_VECTOR_DE);
	exec_gpr_set(e, ISAHP_REGISTER_AH, 1, al / base);
	put_al_flags(e, al % base, 0);
	return ISAHP_EMULATE_DONE;
}

EXEC_FAMILY(aad)
{
	__u8 al = e->regs->gpr[RAX], ah = e->regs->gpr[RAX] >> 8;

	al += ah * (__u8)in->immediate;
	exec_gpr_set(e, ISAHP_REGISTER_AH, 1, 0);
	put_al_flags(e, al, 0);
	return ISAHP_EMULATE_DONE;
}
