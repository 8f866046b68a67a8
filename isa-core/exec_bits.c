// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Single bits, bit scans, and the instructions of BMI, ADX and their like. */
#include "exec.h"
#include "scalar_bits.h"

/* --- bit tests (SDM vol. 2A, "BT" and others) ----------------------------- */

EXEC_INLINE __u64 tested(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	unsigned int n = b & (8 * size - 1);

	exec_flags_set(flags, ISAHP_FLAG_CF, a >> n & 1);
	return 1ULL << n;
}

EXEC_INLINE __u64 value_bt(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	tested(size, a, b, flags);
	return a;
}

EXEC_INLINE __u64 value_bts(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	return a | tested(size, a, b, flags);
}

EXEC_INLINE __u64 value_btr(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	return a & ~tested(size, a, b, flags);
}

EXEC_INLINE __u64 value_btc(unsigned int size, __u64 a, __u64 b, __u64 *flags)
{
	return a ^ tested(size, a, b, flags);
}

/*
 * In memory a register counts bits from the operand's beginning, in both
 * directions; an immediate stays within the operand.
 */
static enum isahp_emulated bit_address(struct isahp_emulation *e,
				       const struct isahp_instruction *in,
				       __u64 b, enum isahp_access access,
				       __u64 *ret)
{
	unsigned int size = in->operand_size;
	__u64 offset = isahp_exec_offset(e, in);

	if (exec_kind(in, 1)->class == ISAHP_OPERAND_GPR)
		offset += (exec_signed(b, size) & -(__s64)(8 * size)) >> 3;
	return isahp_exec_linear(e, in->segment, exec_cut(offset, in->address_size),
				 size, access, ret);
}

EXEC_INLINE enum isahp_emulated test_bit_of(struct isahp_emulation *e,
					    const struct isahp_instruction *in,
					    exec_value_fn fn)
{
	__u64 flags = e->regs->rflags, address, old, b;
	unsigned int size = in->operand_size;
	enum isahp_emulated r;

	r = exec_read(e, in, 1, size, &b);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	if (!exec_is_memory(in, 0))
		return exec_change(e, in, fn, size, b);
	r = bit_address(e, in, b, ISAHP_ACCESS_STORE, &address);
	if (r == ISAHP_EMULATE_DONE)
		r = isahp_exec_change_at(e, address, in->flags & ISAHP_INSTRUCTION_LOCK,
				   fn, size, b, &old, &flags);
	if (r == ISAHP_EMULATE_DONE)
		e->regs->rflags = flags;
	return r;
}

EXEC_FAMILY(bt)
{
	unsigned int size = in->operand_size;
	enum isahp_emulated r;
	__u64 address, a = 0, b;

	r = exec_read(e, in, 1, size, &b);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	if (exec_is_memory(in, 0)) {
		r = bit_address(e, in, b, ISAHP_ACCESS_LOAD, &address);
		if (r == ISAHP_EMULATE_DONE)
			r = isahp_exec_load_at(e, address, &a, size,
					       ISAHP_ACCESS_LOAD);
		if (r != ISAHP_EMULATE_DONE)
			return r;
	} else {
		a = exec_gpr(e, in->rm, size);
	}
	value_bt(size, a, b, &e->regs->rflags);
	return r;
}

EXEC_FAMILY(bts)
{
	return test_bit_of(e, in, value_bts);
}

EXEC_FAMILY(btr)
{
	return test_bit_of(e, in, value_btr);
}

EXEC_FAMILY(btc)
{
	return test_bit_of(e, in, value_btc);
}

/* --- scans ---------------------------------------------------------------- */

/* Of 0 the destination stays as it is: APM vol. 3, "BSF", and all Intel CPUs. */
EXEC_INLINE enum isahp_emulated scan(struct isahp_emulation *e,
				     const struct isahp_instruction *in, bool forward)
{
	unsigned int size = in->operand_size;
	enum isahp_emulated r;
	__u64 value;

	r = exec_read(e, in, 1, size, &value);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	exec_flags_set(&e->regs->rflags, ISAHP_FLAG_ZF, value ? 0 : ISAHP_FLAG_ZF);
	if (value)
		exec_gpr_set(e, in->reg, size, forward ? __builtin_ctzll(value) :
						 63 - __builtin_clzll(value));
	return r;
}

EXEC_FAMILY(bsf)
{
	return scan(e, in, true);
}

EXEC_FAMILY(bsr)
{
	return scan(e, in, false);
}

/* --- one source ----------------------------------------------------------- */

EXEC_FAMILY(popcnt)
{
	return exec_unary(e, in, isahp_scalar_bits_popcnt);
}

EXEC_FAMILY(lzcnt)
{
	return exec_unary(e, in, isahp_scalar_bits_lzcnt);
}

EXEC_FAMILY(tzcnt)
{
	return exec_unary(e, in, isahp_scalar_bits_tzcnt);
}

EXEC_FAMILY(movbe)
{
	return exec_unary(e, in, isahp_scalar_bits_movbe);
}

EXEC_FAMILY(blsr)
{
	return exec_unary(e, in, isahp_scalar_bits_blsr);
}

EXEC_FAMILY(blsi)
{
	return exec_unary(e, in, isahp_scalar_bits_blsi);
}

EXEC_FAMILY(blsmsk)
{
	return exec_unary(e, in, isahp_scalar_bits_blsmsk);
}

/* --- the destination is a source ------------------------------------------ */

EXEC_FAMILY(adcx)
{
	return exec_binary(e, in, isahp_scalar_bits_adcx);
}

EXEC_FAMILY(adox)
{
	return exec_binary(e, in, isahp_scalar_bits_adox);
}

/* The source's size is its own; the register's upper half is cleared. */
EXEC_FAMILY(crc32)
{
	unsigned int size = exec_size(in, 1);
	enum isahp_emulated r;
	__u64 b;

	r = exec_read(e, in, 1, size, &b);
	if (r == ISAHP_EMULATE_DONE)
		e->regs->gpr[in->reg] =
			isahp_scalar_bits_crc32(size, e->regs->gpr[in->reg], b,
						&e->regs->rflags);
	return r;
}

/* --- ModRM.rm and another register or an immediate ------------------------ */

/* @fn gets VEX.vvvv, or the immediate, as @a, ModRM.rm as @b. */
EXEC_INLINE enum isahp_emulated of_rm(struct isahp_emulation *e,
				      const struct isahp_instruction *in,
				      exec_value_fn fn, unsigned int rm,
				      unsigned int other)
{
	unsigned int size = exec_size(in, 0);
	enum isahp_emulated r;
	__u64 a, b;

	r = exec_read(e, in, rm, size, &b);
	if (r == ISAHP_EMULATE_DONE)
		r = exec_read(e, in, other, size, &a);
	if (r == ISAHP_EMULATE_DONE)
		exec_gpr_set(e, in->reg, size, fn(size, a, b, &e->regs->rflags));
	return r;
}

EXEC_FAMILY(andn)
{
	return of_rm(e, in, isahp_scalar_bits_andn, 2, 1);
}

EXEC_FAMILY(pext)
{
	return of_rm(e, in, isahp_scalar_bits_pext, 2, 1);
}

EXEC_FAMILY(pdep)
{
	return of_rm(e, in, isahp_scalar_bits_pdep, 2, 1);
}

EXEC_FAMILY(bextr)
{
	return of_rm(e, in, isahp_scalar_bits_bextr, 1, 2);
}

EXEC_FAMILY(bzhi)
{
	return of_rm(e, in, isahp_scalar_bits_bzhi, 1, 2);
}

EXEC_FAMILY(shlx)
{
	return of_rm(e, in, isahp_scalar_bits_shlx, 1, 2);
}

EXEC_FAMILY(sarx)
{
	return of_rm(e, in, isahp_scalar_bits_sarx, 1, 2);
}

EXEC_FAMILY(shrx)
{
	return of_rm(e, in, isahp_scalar_bits_shrx, 1, 2);
}

EXEC_FAMILY(rorx)
{
	return of_rm(e, in, isahp_scalar_bits_rorx, 1, 2);
}

/* Of two destinations that are the same the upper half stays. */
EXEC_FAMILY(mulx)
{
	unsigned int size = exec_size(in, 0);
	__u64 a = exec_gpr(e, 2, size), b, low, high;
	enum isahp_emulated r;

	r = exec_read(e, in, 2, size, &b);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	low = isahp_scalar_bits_mulx(size, a, b, &e->regs->rflags);
	high = isahp_scalar_bits_mulx_high(size, a, b, &e->regs->rflags);
	exec_gpr_set(e, in->vvvv, size, low);
	exec_gpr_set(e, in->reg, size, high);
	return r;
}
