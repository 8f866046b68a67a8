/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What fast functions for vector instructions share. */
#ifndef ISAHP_CORE_EXEC_VECTOR_FAST_H
#define ISAHP_CORE_EXEC_VECTOR_FAST_H

#include "exec_fast.h"
#include "exec_vector.h"

/**
 * isahp_exec_fast_words - an operation that is one of words
 * @v: set, and the result is a vector of its size.
 *
 * Return: NULL: it is not, or none of the frequent ones.
 */
isahp_exec_fn isahp_exec_fast_words(const struct isahp_run_vector *v);

/** isahp_exec_fast_is_in_registers - it is integers_in_registers() that does it */
bool isahp_exec_fast_is_in_registers(const struct isahp_run_step *step);

/* By words: sizes are 16, 32 and 64, and calls cost more. */
EXEC_INLINE void fast_vector_copy(union isahp_vector *to, const union isahp_vector *from,
		      unsigned int size)
{
	to->q[0] = from->q[0];
	to->q[1] = from->q[1];
	if (size == 16)
		return;
	to->q[2] = from->q[2];
	to->q[3] = from->q[3];
	if (size == 32)
		return;
	to->q[4] = from->q[4];
	to->q[5] = from->q[5];
	to->q[6] = from->q[6];
	to->q[7] = from->q[7];
}

/* SDM vol. 1, 14.3: what is above the result. */
EXEC_INLINE void fast_vector_clear_above(const struct isahp_instruction *in,
			     const struct isahp_simd *simd, union isahp_vector *v,
			     unsigned int size)
{
	unsigned int i;

	if (!vector_is_vex(in))
		return;
	for (i = size / 8; i < simd->bytes / 8u; i += 2) {
		v->q[i] = 0;
		v->q[i + 1] = 0;
	}
}

/* False: it is for the general one. */
EXEC_INLINE bool fast_vector_load(struct isahp_emulation *e, const struct isahp_instruction *in,
		      const struct isahp_run_vector *v, union isahp_vector *ret)
{
	unsigned int size = v->loaded;
	__u64 address;

	if (!fast_reach(e, in, size, &address) ||
	    (v->aligned && address & (size - 1)))
		return false;
	/* Nobody looks behind the operand; at 16 bytes of it, who has a register. */
	if (size < 16) {
		ret->q[0] = 0;
		ret->q[1] = 0;
	}
	return e->ops->load(e->env, address, ret, size) >= size;
}

EXEC_INLINE bool fast_vector_is_at_hand(const struct isahp_simd *simd,
			    const struct isahp_run_vector *v)
{
	return simd && simd->bytes >= v->need;
}

#endif /* ISAHP_CORE_EXEC_VECTOR_FAST_H */
