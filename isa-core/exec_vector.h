/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the parts of the executor that work on vectors know of each other. */
#ifndef ISAHP_CORE_EXEC_VECTOR_H
#define ISAHP_CORE_EXEC_VECTOR_H

#include "exec.h"
#include "exec_float.h"
#include "lanes.h"

/**
 * enum isahp_vector_reach - which bytes of memory an instruction with an opmask reaches
 * @ISAHP_VECTOR_ACTIVE: those of active elements.
 * @ISAHP_VECTOR_WHOLE: all of them (Exceptions Types E4NF and E6NF).
 * @ISAHP_VECTOR_REPEATED: what is read is repeated over the result; of it, that
 *	which becomes an active element.
 * @ISAHP_VECTOR_PACKED: of as many elements as are active, one behind the other.
 */
enum isahp_vector_reach {
	ISAHP_VECTOR_ACTIVE,
	ISAHP_VECTOR_WHOLE,
	ISAHP_VECTOR_REPEATED,
	ISAHP_VECTOR_PACKED,
};

/**
 * struct isahp_vector_work - an instruction under way
 * @e: the instruction's.
 * @in: itself.
 * @operation: what it does.
 * @lanes: what its function is told.
 * @element: bytes that a bit of the opmask stands for.
 * @reach: of memory.
 * @masked: @lanes.active is a mask that is no opmask: memory is stored to by it, and
 *	aligned as it may be.
 * @scalar: the result is one element.
 * @is_float: of floating point: @lanes.fp is @fp.
 * @fp: control and flags.
 * @source: up to three, in the order of the operands.
 * @sources: how many.
 * @temporary: of sources that are no vector registers.
 * @old: the destination's old value.
 */
struct isahp_vector_work {
	struct isahp_emulation *e;
	const struct isahp_instruction *in;
	const struct isahp_lanes_operation *operation;
	struct isahp_lanes lanes;
	unsigned int element;
	enum isahp_vector_reach reach;
	bool masked;
	bool scalar;
	bool is_float;
	struct isahp_fp fp;
	const union isahp_vector *source[3];
	unsigned int sources;
	union isahp_vector temporary[2];
	union isahp_vector old;
};

EXEC_INLINE bool vector_is_vex(const struct isahp_instruction *in)
{
	return in->flags & ISAHP_INSTRUCTION_VEX;
}

EXEC_INLINE bool vector_is_active(const struct isahp_vector_work *w, unsigned int element)
{
	return w->lanes.active >> element & 1;
}

/* How many bits of the opmask there are. */
EXEC_INLINE unsigned int vector_elements(const struct isahp_vector_work *w)
{
	struct isahp_operand to = isahp_instruction_operand(w->in, 0);
	unsigned int size = to.class == ISAHP_OPERAND_VECTOR ||
			    to.class == ISAHP_OPERAND_MEMORY ? to.size :
							       w->lanes.bytes;

	if (w->scalar)
		return 1;
	/* Half as long as the source; a register has zeros above. */
	if (w->is_float && w->operation->result == ISAHP_LANES_TO_PART)
		size = w->lanes.bytes / 2;
	return size > w->element ? size / w->element : 1;
}

EXEC_INLINE __u64 vector_active(const struct isahp_vector_work *w)
{
	unsigned int n = vector_elements(w);

	return w->lanes.active & (n < 64 ? (1ULL << n) - 1 : ~0ULL);
}

EXEC_INLINE bool vector_any_active(const struct isahp_vector_work *w)
{
	return vector_active(w);
}

EXEC_INLINE bool vector_all_active(const struct isahp_vector_work *w)
{
	unsigned int n = vector_elements(w);

	return vector_active(w) == (n < 64 ? (1ULL << n) - 1 : ~0ULL);
}

/** isahp_exec_vector_operation - a row of lanes.def or lanes_float.def; NULL: none */
const struct isahp_lanes_operation *
isahp_exec_vector_operation(const struct isahp_instruction *in);

/** isahp_exec_vector_must_align - whether memory of @size bytes that is not is #GP */
bool isahp_exec_vector_must_align(const struct isahp_instruction *in,
				  unsigned int size);

/**
 * isahp_exec_vector_at_hand - whether the registers that an instruction names are there
 * @e: the instruction's.
 * @in: itself. Opmasks, and registers from 16 on, are there with ZMM alone.
 */
bool isahp_exec_vector_at_hand(const struct isahp_emulation *e,
			  const struct isahp_instruction *in);

/**
 * isahp_exec_vector_load - an operand in memory
 * @w: @lanes and @element are set. What is masked out is not read, where an
 *	element of the source is one of the result (SDM vol. 2A, 2.8.5: fault
 *	suppression).
 * @of: which operand.
 * @size: of it in bytes.
 * @ret: zero where nothing was read.
 */
enum isahp_emulated isahp_exec_vector_load(const struct isahp_vector_work *w, unsigned int of,
				      unsigned int size, union isahp_vector *ret);

/**
 * isahp_exec_vector_store - the result, into memory
 * @w: as above.
 * @size: in bytes. All active parts can be written before the first one is.
 * @value: NULL: see whether it can be.
 */
enum isahp_emulated isahp_exec_vector_store(const struct isahp_vector_work *w,
				       unsigned int size, const union isahp_vector *value);

#endif /* ISAHP_CORE_EXEC_VECTOR_H */
