// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * POPCNT, BMI1 and BMI2 between registers, or with a source in memory, in 64-bit
 * code: what exec_bits.c says, for operands whose places are known.
 */
#include "exec_fast.h"
#include "scalar_bits.h"

/* --- values --------------------------------------------------------------- */

#define ZF_OF(r) ((r) ? 0 : ISAHP_FLAG_ZF)

EXEC_INLINE __u64 sign_of(unsigned int size, __u64 r)
{
	return r >> (8 * size - 8) & ISAHP_FLAG_SF;
}

/* Without an instruction of its own the compiler would call libgcc. */
EXEC_INLINE __u64 value_popcnt(struct isahp_emulation *e, unsigned int size, __u64 b)
{
	__u64 r = b - (b >> 1 & 0x5555555555555555ULL);

	(void)size;
	r = (r & 0x3333333333333333ULL) + (r >> 2 & 0x3333333333333333ULL);
	r = ((r + (r >> 4)) & 0x0f0f0f0f0f0f0f0fULL) * 0x0101010101010101ULL >> 56;
	fast_flags_set(e, ZF_OF(r));
	return r;
}

EXEC_INLINE __u64 value_tzcnt(struct isahp_emulation *e, unsigned int size, __u64 b)
{
	__u64 r = b ? (unsigned int)__builtin_ctzll(b) : 8 * size;

	fast_flags_set(e, ZF_OF(r) | (b ? 0 : ISAHP_FLAG_CF));
	return r;
}

EXEC_INLINE __u64 value_lzcnt(struct isahp_emulation *e, unsigned int size, __u64 b)
{
	__u64 r = b ? (unsigned int)__builtin_clzll(b) - (64 - 8 * size) : 8 * size;

	fast_flags_set(e, ZF_OF(r) | (b ? 0 : ISAHP_FLAG_CF));
	return r;
}

EXEC_INLINE __u64 value_blsr(struct isahp_emulation *e, unsigned int size, __u64 b)
{
	__u64 r = b & (b - 1);

	fast_flags_set(e, ZF_OF(r) | sign_of(size, r) | (b ? 0 : ISAHP_FLAG_CF));
	return r;
}

EXEC_INLINE __u64 value_blsi(struct isahp_emulation *e, unsigned int size, __u64 b)
{
	__u64 r = b & -b;

	fast_flags_set(e, ZF_OF(r) | sign_of(size, r) | (b ? ISAHP_FLAG_CF : 0));
	return r;
}

/* It is never 0. */
EXEC_INLINE __u64 value_blsmsk(struct isahp_emulation *e, unsigned int size, __u64 b)
{
	__u64 r = exec_cut(b ^ (b - 1), size);

	fast_flags_set(e, sign_of(size, r) | (b ? 0 : ISAHP_FLAG_CF));
	return r;
}

EXEC_INLINE __u64 value_andn(struct isahp_emulation *e, unsigned int size, __u64 a,
			     __u64 b)
{
	__u64 r = exec_cut(~a & b, size);

	fast_flags_set(e, ZF_OF(r) | sign_of(size, r));
	return r;
}

EXEC_INLINE __u64 value_shlx(struct isahp_emulation *e, unsigned int size, __u64 a,
			     __u64 b)
{
	(void)e;
	return exec_cut(b << (a & (8 * size - 1)), size);
}

EXEC_INLINE __u64 value_shrx(struct isahp_emulation *e, unsigned int size, __u64 a,
			     __u64 b)
{
	(void)e;
	return b >> (a & (8 * size - 1));
}

EXEC_INLINE __u64 value_sarx(struct isahp_emulation *e, unsigned int size, __u64 a,
			     __u64 b)
{
	(void)e;
	return exec_cut(exec_signed(b, size) >> (a & (8 * size - 1)), size);
}

EXEC_INLINE __u64 value_bzhi(struct isahp_emulation *e, unsigned int size, __u64 a,
			     __u64 b)
{
	unsigned int n = a & 0xff;
	bool all = n >= 8 * size;
	__u64 r = all ? b : b & ((1ULL << n) - 1);

	fast_flags_set(e, ZF_OF(r) | sign_of(size, r) | (all ? ISAHP_FLAG_CF : 0));
	return r;
}

/* --- operands ------------------------------------------------------------- */

EXEC_INLINE bool get(struct isahp_emulation *e, const struct isahp_instruction *in,
		     unsigned int size, bool memory, __u64 *ret)
{
	if (memory)
		return fast_load(e, in, size, ret);
	*ret = exec_cut(e->regs->gpr[in->rm], size);
	return true;
}

#define FAST(name, suffix, size, memory, ...) \
	static enum isahp_emulated name##_##suffix##_##size( \
		struct isahp_emulation *e, const struct isahp_instruction *in) \
	{ \
		__u64 b; \
	\
		if (!get(e, in, size, memory, &b)) \
			return isahp_exec_fast_leave(e, in); \
		e->regs->gpr[in->reg] = value_##name(e, size, __VA_ARGS__); \
		return ISAHP_EMULATE_DONE; \
	}

#define SHAPES(name, ...) \
	FAST(name, rm, 4, false, __VA_ARGS__) FAST(name, rm, 8, false, __VA_ARGS__) \
	FAST(name, mem, 4, true, __VA_ARGS__) FAST(name, mem, 8, true, __VA_ARGS__)

SHAPES(lzcnt, b)
SHAPES(popcnt, b)
SHAPES(tzcnt, b)

#define TO_VVVV(name, suffix, size, memory) \
	static enum isahp_emulated name##_##suffix##_##size( \
		struct isahp_emulation *e, const struct isahp_instruction *in) \
	{ \
		__u64 b; \
	\
		if (!get(e, in, size, memory, &b)) \
			return isahp_exec_fast_leave(e, in); \
		e->regs->gpr[in->vvvv] = value_##name(e, size, b); \
		return ISAHP_EMULATE_DONE; \
	}

#define SHAPES_TO_VVVV(name) \
	TO_VVVV(name, rm, 4, false) TO_VVVV(name, rm, 8, false) \
	TO_VVVV(name, mem, 4, true) TO_VVVV(name, mem, 8, true)

SHAPES_TO_VVVV(blsi)
SHAPES_TO_VVVV(blsmsk)
SHAPES_TO_VVVV(blsr)

#define VVVV(size) exec_cut(e->regs->gpr[in->vvvv], size)

#define SHAPES_VVVV(name) \
	FAST(name, rm, 4, false, VVVV(4), b) FAST(name, rm, 8, false, VVVV(8), b) \
	FAST(name, mem, 4, true, VVVV(4), b) FAST(name, mem, 8, true, VVVV(8), b)

SHAPES_VVVV(andn)
SHAPES_VVVV(bzhi)
SHAPES_VVVV(sarx)
SHAPES_VVVV(shlx)
SHAPES_VVVV(shrx)

/* --- which of them -------------------------------------------------------- */

static const struct {
	__u16 operation;
	isahp_exec_fn function[2][2];
} rows[] = {
#define ROW(operation, name) \
	{ ISAHP_OP_##operation, \
	  { { name##_rm_4, name##_rm_8 }, { name##_mem_4, name##_mem_8 } } }
	ROW(ANDN, andn),
	ROW(BLSI, blsi),
	ROW(BLSMSK, blsmsk),
	ROW(BLSR, blsr),
	ROW(BZHI, bzhi),
	ROW(LZCNT, lzcnt),
	ROW(POPCNT, popcnt),
	ROW(SARX, sarx),
	ROW(SHLX, shlx),
	ROW(SHRX, shrx),
	ROW(TZCNT, tzcnt),
};

isahp_exec_fn isahp_exec_fast_bits(const struct isahp_instruction *in)
{
	unsigned int operation = isahp_instruction_operation(in), i;
	bool memory = in->rm == ISAHP_REGISTER_NONE;
	unsigned int size = exec_size(in, 0);

	if (size < 4 || (memory && !fast_is_plain(in)))
		return NULL;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].operation == operation)
			return rows[i].function[memory][size == 8];
	return NULL;
}
