// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Rounds of AES on several blocks, one behind the other: whoever encrypts much does
 * them so, since the CPU takes a while for each. The S-box, a circuit of gates on
 * words, has room for 64 bytes, and takes as long for 16; so up to four of them are
 * carried out as one that has longer vectors. Its time still says nothing of data.
 *
 * The first of a group does all of it. That is right where a block is carried out as
 * a whole: nothing else happens between them, and none can fault.
 */
#include "exec_vector_fast.h"

/* Of 16 bytes, or 32. */
EXEC_INLINE void copy(__u64 *to, const __u64 *from, unsigned int words)
{
	to[0] = from[0];
	to[1] = from[1];
	if (words == 2)
		return;
	to[2] = from[2];
	to[3] = from[3];
}

static enum isahp_emulated group(struct isahp_emulation *e,
				 const struct isahp_instruction *in)
{
	const struct isahp_run_step *step = fast_step(in), *s;
	const struct isahp_run_vector *v = &step->vector;
	struct isahp_simd *simd = e->regs->simd;
	union isahp_vector a, b, ret;
	struct isahp_lanes lanes = {
		.bytes = v->group * v->size,
		.element = v->operation->element,
		.active = ~0ULL,
	};
	unsigned int i, n = v->size / 8;

	if (!fast_vector_is_at_hand(simd, v))
		return isahp_exec_fast_leave(e, in);
	for (i = 0, s = step; i < lanes.bytes / 8u; i += n, s++) {
		copy(a.q + i, simd->v[s->vector.source[0]].q, n);
		copy(b.q + i, simd->v[s->vector.source[1]].q, n);
	}
	v->operation->fn(&lanes, &ret, &a, &b, NULL);
	for (i = 0, s = step; i < lanes.bytes / 8u; i += n, s++) {
		copy(simd->v[s->vector.to].q, ret.q + i, n);
		fast_vector_clear_above(&s->in, simd, &simd->v[s->vector.to], v->size);
	}
	return ISAHP_EMULATE_DONE;
}

/* The others: it has been done. */
static enum isahp_emulated done(struct isahp_emulation *e,
				const struct isahp_instruction *in)
{
	(void)e;
	(void)in;
	return ISAHP_EMULATE_DONE;
}

/* --- which of them -------------------------------------------------------- */

static bool is_round(const struct isahp_run_step *step)
{
	unsigned int operation = isahp_instruction_operation(&step->in);

	return (operation == ISAHP_OP_AESENC || operation == ISAHP_OP_AESENCLAST ||
		operation == ISAHP_OP_AESDEC || operation == ISAHP_OP_AESDECLAST) &&
	       isahp_exec_fast_is_in_registers(step);
}

/* @step reads nothing that one of @count before it writes; results are put in order. */
static bool may_join(const struct isahp_run_step *first, unsigned int count,
		     const struct isahp_run_step *step)
{
	const struct isahp_run_vector *v = &step->vector, *other = &first->vector;
	unsigned int i;

	if (!is_round(step) || v->operation != other->operation ||
	    v->size != other->size || v->need != other->need ||
	    (count + 1) * v->size > sizeof(union isahp_vector))
		return false;
	for (i = 0; i < count; i++) {
		other = &first[i].vector;
		if (v->source[0] == other->to || v->source[1] == other->to)
			return false;
	}
	return true;
}

/* Of the first of @count steps. */
static unsigned int size_of_group(const struct isahp_run_step *step, unsigned int count)
{
	unsigned int n = 1;

	if (!is_round(step))
		return 1;
	while (n < count && may_join(step, n, step + n))
		n++;
	return n;
}

void isahp_exec_fast_group(struct isahp_run_step *step, unsigned int count)
{
	unsigned int n, i;

	for (; count; count -= n, step += n) {
		n = size_of_group(step, count);
		if (n == 1)
			continue;
		step->vector.group = n;
		step->function[ISAHP_RUN_WHOLE] = group;
		for (i = 1; i < n; i++)
			step[i].function[ISAHP_RUN_WHOLE] = done;
	}
}

unsigned int isahp_exec_fast_group_at_end(const struct isahp_run_step *step,
					  unsigned int count)
{
	unsigned int n = size_of_group(step, count);

	while (n < count) {
		step += n;
		count -= n;
		n = size_of_group(step, count);
	}
	return is_round(step) && (n + 1) * step->vector.size <=
				 sizeof(union isahp_vector) ? n : 0;
}
