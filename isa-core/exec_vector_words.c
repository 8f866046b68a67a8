// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Operations of lanes_words.def: a word of the result is made of the same words of
 * the sources, so it does not matter which registers are the same.
 */
#include "exec_vector_fast.h"
#include "swar.h"

typedef __u64 (*word_fn)(__u64 x, __u64 y);

EXEC_INLINE enum isahp_emulated words(struct isahp_emulation *e,
				      const struct isahp_instruction *in,
				      const bool memory, word_fn fn)
{
	const struct isahp_run_vector *v = &fast_step(in)->vector;
	struct isahp_simd *simd = e->regs->simd;
	unsigned int size = v->size, i = 0;
	union isahp_vector loaded, *to;
	const __u64 *x, *y;

	if (!fast_vector_is_at_hand(simd, v) ||
	    (memory && !fast_vector_load(e, in, v, &loaded)))
		return isahp_exec_fast_leave(e, in);
	to = &simd->v[v->to];
	x = simd->v[v->source[0]].q;
	y = memory ? loaded.q : simd->v[v->source[1]].q;
	do {
		to->q[i] = fn(x[i], y[i]);
		to->q[i + 1] = fn(x[i + 1], y[i + 1]);
		i += 2;
	} while (i < size / 8);
	fast_vector_clear_above(in, simd, to, size);
	return ISAHP_EMULATE_DONE;
}

#define WORDS(name, expression) \
	EXEC_INLINE __u64 word_##name(__u64 x, __u64 y) \
	{ \
		return expression; \
	} \
	static enum isahp_emulated name##_in_registers( \
		struct isahp_emulation *e, const struct isahp_instruction *in) \
	{ \
		return words(e, in, false, word_##name); \
	} \
	static enum isahp_emulated name##_from_memory( \
		struct isahp_emulation *e, const struct isahp_instruction *in) \
	{ \
		return words(e, in, true, word_##name); \
	}
#include "lanes_words.def"

static const struct {
	isahp_lanes_fn lanes;
	isahp_exec_fn function[2];
} rows[] = {
#define WORDS(name, expression) \
	{ isahp_lanes_##name, { name##_in_registers, name##_from_memory } },
#include "lanes_words.def"
};

isahp_exec_fn isahp_exec_fast_words(const struct isahp_run_vector *v)
{
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].lanes == v->operation->fn)
			return rows[i].function[v->loaded != 0];
	return NULL;
}
