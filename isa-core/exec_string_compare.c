// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* SSE4.2's PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM (SDM vol. 2B, 4.1). */
#include "exec_vector.h"
#include "string_compare.h"

/**
 * struct strings - what is compared
 * @a: the first operand,
 * @a_length: of so many elements.
 * @b: the second operand,
 * @b_length: of so many.
 * @imm: how.
 */
struct strings {
	const union isahp_vector *a;
	union isahp_vector b;
	unsigned int a_length;
	unsigned int b_length;
	unsigned int imm;
};

/* Memory is of any alignment, in legacy encodings too. */
static enum isahp_emulated take(struct isahp_emulation *e,
				const struct isahp_instruction *in,
				struct strings *ret)
{
	struct isahp_simd *simd = e->regs->simd;
	enum isahp_emulated r;
	__u64 address;

	ret->imm = in->immediate;
	ret->a = &simd->v[in->reg];
	if (!exec_is_memory(in, 1)) {
		ret->b = simd->v[in->rm];
		return ISAHP_EMULATE_DONE;
	}
	r = isahp_exec_reach(e, in, 16, ISAHP_ACCESS_LOAD, &address);
	return r == ISAHP_EMULATE_DONE ?
		       isahp_exec_load_at(e, address, &ret->b, 16, ISAHP_ACCESS_LOAD) : r;
}

/* What a register says of a length: 64 bits of it with W, else 32. */
static unsigned int length_in(const struct isahp_emulation *e,
			      const struct isahp_instruction *in, unsigned int n)
{
	unsigned int size = in->operand_size == 8 ? 8 : 4;

	return isahp_string_explicit(exec_signed(exec_gpr(e, n, size), size),
				     in->immediate);
}

static enum isahp_emulated compare(struct isahp_emulation *e,
				   const struct isahp_instruction *in,
				   bool is_explicit, bool gives_mask)
{
	struct isahp_simd *simd = e->regs->simd;
	enum isahp_emulated r;
	struct strings s;
	unsigned int bits;
	__u64 flags;

	if (!isahp_exec_vector_at_hand(e, in))
		return ISAHP_EMULATE_FOREIGN;
	r = take(e, in, &s);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	if (is_explicit) {
		s.a_length = length_in(e, in, ISAHP_REGISTER_RAX);
		s.b_length = length_in(e, in, ISAHP_REGISTER_RDX);
	} else {
		s.a_length = isahp_string_implicit(s.a, s.imm);
		s.b_length = isahp_string_implicit(&s.b, s.imm);
	}
	bits = isahp_string_compare(s.a, s.a_length, &s.b, s.b_length, s.imm, &flags);
	exec_flags_set(&e->regs->rflags, ISAHP_FLAGS_ARITHMETIC, flags);
	if (!gives_mask) {
		exec_gpr_set(e, ISAHP_REGISTER_RCX, 4, isahp_string_index(bits, s.imm));
		return r;
	}
	if (vector_is_vex(in))
		memset(simd->v[0].b, 0, simd->bytes);
	isahp_string_mask(&simd->v[0], bits, s.imm);
	return r;
}

EXEC_FAMILY(pcmpestri)
{
	return compare(e, in, true, false);
}

EXEC_FAMILY(pcmpestrm)
{
	return compare(e, in, true, true);
}

EXEC_FAMILY(pcmpistri)
{
	return compare(e, in, false, false);
}

EXEC_FAMILY(pcmpistrm)
{
	return compare(e, in, false, true);
}
