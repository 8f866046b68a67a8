// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Moves between registers and memory where a vector says which elements: by the
 * sign bit of each. What it leaves out is not accessed, and raises nothing.
 */
#include "exec_vector.h"

/* A bit for each element of @bytes bytes: whether its sign bit is set. */
static __u64 signs(const union isahp_vector *mask, unsigned int bytes,
		   unsigned int element)
{
	__u64 set = 0;
	unsigned int i;

	for (i = 0; i < bytes / element; i++)
		set |= (__u64)(mask->b[i * element + element - 1] >> 7) << i;
	return set;
}

/* No combination of the mask raises #AC: SDM vol. 2, VMASKMOV, VPMASKMOV. */
EXEC_FAMILY(mask_move)
{
	unsigned int operation = isahp_instruction_operation(in);
	bool is_32 = operation == ISAHP_OP_VPMASKMOVD ||
		     operation == ISAHP_OP_VMASKMOVPS;
	struct isahp_simd *simd = e->regs->simd;
	struct isahp_vector_work w = {
		.e = e,
		.in = in,
		.element = is_32 ? 4 : 8,
		.masked = true,
		.lanes.bytes = in->vector_size,
	};
	union isahp_vector value;
	enum isahp_emulated r;

	if (!isahp_exec_vector_at_hand(e, in))
		return ISAHP_EMULATE_FOREIGN;
	w.lanes.active = signs(&simd->v[in->vvvv], in->vector_size, w.element);
	if (exec_is_memory(in, 0))
		return isahp_exec_vector_store(&w, in->vector_size, &simd->v[in->reg]);
	r = isahp_exec_vector_load(&w, 2, in->vector_size, &value);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	memset(simd->v[in->reg].b, 0, simd->bytes);
	memcpy(simd->v[in->reg].b, value.b, in->vector_size);
	return r;
}

/* AMD's CPUs want quadwords aligned, whatever the mask, and before anything else. */
static enum isahp_emulated check_quadwords(struct isahp_emulation *e,
					   const struct isahp_instruction *at)
{
	enum isahp_emulated r;
	__u64 address;

	if (!(e->regs->rflags & ISAHP_FLAG_AC))
		return ISAHP_EMULATE_DONE;
	r = isahp_exec_linear_unchecked(e, at->segment, isahp_exec_offset(e, at), 8,
					ISAHP_ACCESS_STORE, &address);
	return r == ISAHP_EMULATE_DONE && address & 7 ?
		       isahp_exec_fault(e, ISAHP_VECTOR_AC) : r;
}

/*
 * Bytes, to where RDI points. Whether what the mask leaves out can fault is up to
 * the CPU (SDM vol. 2, MASKMOVDQU): on AMD's it can. Here it never does, since the
 * program may come from where it does not.
 */
EXEC_FAMILY(mask_store)
{
	struct isahp_simd *simd = e->regs->simd;
	struct isahp_instruction at = *in;
	struct isahp_vector_work w = {
		.e = e,
		.in = &at,
		.element = 1,
		.masked = true,
		.lanes.bytes = 16,
	};
	enum isahp_emulated r;

	if (!isahp_exec_vector_at_hand(e, in))
		return ISAHP_EMULATE_FOREIGN;
	at.base = ISAHP_REGISTER_RDI;
	r = check_quadwords(e, &at);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	w.lanes.active = signs(&simd->v[in->rm], 16, 1);
	return isahp_exec_vector_store(&w, 16, &simd->v[in->reg]);
}
