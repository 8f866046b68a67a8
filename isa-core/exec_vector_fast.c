// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Vector instructions as most are: no opmask, no broadcast, one whole operand in
 * memory at most, exceptions of floating point masked. exec_vector.c finds out
 * each time what the form says of operands; here it is known beforehand.
 */
#include "exec_vector_fast.h"
#include "swar.h"

/* --- how it is carried out ------------------------------------------------ */

EXEC_INLINE void compute(const struct isahp_instruction *in,
			 const struct isahp_run_vector *v,
			 const struct isahp_simd *simd, struct isahp_fp *fp,
			 union isahp_vector *ret, const union isahp_vector *b)
{
	struct isahp_lanes lanes = {
		.bytes = v->bytes,
		.element = v->operation->element,
		.imm = in->immediate,
		.active = ~0ULL,
		.fp = fp,
	};

	v->operation->fn(&lanes, ret, &simd->v[v->source[0]], b,
			 &simd->v[v->source[2]]);
}

EXEC_INLINE enum isahp_emulated of_integers(struct isahp_emulation *e,
					    const struct isahp_instruction *in,
					    const bool memory)
{
	const struct isahp_run_vector *v = &fast_step(in)->vector;
	struct isahp_simd *simd = e->regs->simd;
	union isahp_vector loaded, result, *to;

	if (!fast_vector_is_at_hand(simd, v) || (memory && !fast_vector_load(e, in, v, &loaded)))
		return isahp_exec_fast_leave(e, in);
	to = &simd->v[v->to];
	compute(in, v, simd, NULL, v->in_place ? to : &result,
		memory ? &loaded : &simd->v[v->source[1]]);
	if (!v->in_place)
		fast_vector_copy(to, &result, v->size);
	fast_vector_clear_above(in, simd, to, v->size);
	return ISAHP_EMULATE_DONE;
}

/* Of PINSRQ and MOVQ: b is a general register. */
static enum isahp_emulated integers_from_general(struct isahp_emulation *e,
						 const struct isahp_instruction *in)
{
	const struct isahp_run_vector *v = &fast_step(in)->vector;
	struct isahp_simd *simd = e->regs->simd;
	union isahp_vector b, result, *to;

	if (!fast_vector_is_at_hand(simd, v))
		return isahp_exec_fast_leave(e, in);
	b.q[0] = exec_gpr(e, in->rm, v->general);
	b.q[1] = 0;
	to = &simd->v[v->to];
	compute(in, v, simd, NULL, &result, &b);
	fast_vector_copy(to, &result, v->size);
	fast_vector_clear_above(in, simd, to, v->size);
	return ISAHP_EMULATE_DONE;
}

/* Nothing is written where there might have been an exception. */
EXEC_INLINE enum isahp_emulated of_floats(struct isahp_emulation *e,
					  const struct isahp_instruction *in,
					  const bool memory, const bool scalar)
{
	const struct isahp_run_vector *v = &fast_step(in)->vector;
	struct isahp_simd *simd = e->regs->simd;
	union isahp_vector loaded, result, *to;
	struct isahp_fp fp;

	if (!fast_vector_is_at_hand(simd, v))
		return isahp_exec_fast_leave(e, in);
	fp = isahp_fp_begin(simd->mxcsr);
	if (fp.masked != ISAHP_FP_EXCEPTIONS || (memory && !fast_vector_load(e, in, v, &loaded)))
		return isahp_exec_fast_leave(e, in);
	to = &simd->v[v->to];
	compute(in, v, simd, &fp, v->in_place ? to : &result,
		memory ? &loaded : &simd->v[v->source[1]]);
	if (scalar) {
		unsigned int element = v->operation->element;
		unsigned int above = v->operation->sources & ISAHP_LANES_T ? 2 : 0;

		memcpy(result.b + element, simd->v[v->source[above]].b + element,
		       16 - element);
	}
	if (!v->in_place)
		fast_vector_copy(to, &result, v->size);
	fast_vector_clear_above(in, simd, to, v->size);
	simd->mxcsr |= fp.flags;
	return ISAHP_EMULATE_DONE;
}

static enum isahp_emulated integers_in_registers(struct isahp_emulation *e,
						 const struct isahp_instruction *in)
{
	return of_integers(e, in, false);
}

bool isahp_exec_fast_is_in_registers(const struct isahp_run_step *step)
{
	return step->function[ISAHP_RUN_ALONE] == integers_in_registers;
}

static enum isahp_emulated integers_from_memory(struct isahp_emulation *e,
						const struct isahp_instruction *in)
{
	return of_integers(e, in, true);
}

static enum isahp_emulated floats_in_registers(struct isahp_emulation *e,
					       const struct isahp_instruction *in)
{
	return of_floats(e, in, false, false);
}

static enum isahp_emulated floats_from_memory(struct isahp_emulation *e,
					      const struct isahp_instruction *in)
{
	return of_floats(e, in, true, false);
}

static enum isahp_emulated scalar_in_registers(struct isahp_emulation *e,
					       const struct isahp_instruction *in)
{
	return of_floats(e, in, false, true);
}

static enum isahp_emulated scalar_from_memory(struct isahp_emulation *e,
					      const struct isahp_instruction *in)
{
	return of_floats(e, in, true, true);
}

/* --- moves ---------------------------------------------------------------- */

/* Not into the register itself: who could not load all has changed nothing. */
static enum isahp_emulated move_from_memory(struct isahp_emulation *e,
					    const struct isahp_instruction *in)
{
	const struct isahp_run_vector *v = &fast_step(in)->vector;
	struct isahp_simd *simd = e->regs->simd;
	union isahp_vector loaded, *to;

	if (!fast_vector_is_at_hand(simd, v) || !fast_vector_load(e, in, v, &loaded))
		return isahp_exec_fast_leave(e, in);
	to = &simd->v[v->to];
	fast_vector_copy(to, &loaded, v->size);
	fast_vector_clear_above(in, simd, to, v->size);
	return ISAHP_EMULATE_DONE;
}

static enum isahp_emulated move_in_registers(struct isahp_emulation *e,
					     const struct isahp_instruction *in)
{
	const struct isahp_run_vector *v = &fast_step(in)->vector;
	struct isahp_simd *simd = e->regs->simd;
	union isahp_vector *to;

	if (!fast_vector_is_at_hand(simd, v))
		return isahp_exec_fast_leave(e, in);
	to = &simd->v[v->to];
	fast_vector_copy(to, &simd->v[v->source[1]], v->size);
	fast_vector_clear_above(in, simd, to, v->size);
	return ISAHP_EMULATE_DONE;
}

static enum isahp_emulated move_to_memory(struct isahp_emulation *e,
					  const struct isahp_instruction *in)
{
	const struct isahp_run_vector *v = &fast_step(in)->vector;
	const struct isahp_simd *simd = e->regs->simd;
	__u64 address;

	if (!fast_vector_is_at_hand(simd, v) || !fast_reach(e, in, v->size, &address) ||
	    (v->aligned && address & (v->size - 1u)))
		return isahp_exec_fast_leave(e, in);
	return isahp_exec_store_at(e, address, &simd->v[v->source[1]], v->size);
}

/* --- results that are no vectors ------------------------------------------ */

static enum isahp_emulated pmovmskb(struct isahp_emulation *e,
				    const struct isahp_instruction *in)
{
	const struct isahp_run_vector *v = &fast_step(in)->vector;
	const struct isahp_simd *simd = e->regs->simd;
	unsigned int i, n = v->bytes / 8;
	const __u64 *from;
	__u64 bits = 0;

	if (!fast_vector_is_at_hand(simd, v))
		return isahp_exec_fast_leave(e, in);
	from = simd->v[v->source[1]].q;
	for (i = 0; i < n; i++)
		bits |= swar_bits(from[i], SWAR_B) << 8 * i;
	e->regs->gpr[v->to] = bits;
	return ISAHP_EMULATE_DONE;
}

/* Of its like. */
static enum isahp_emulated to_register(struct isahp_emulation *e,
				       const struct isahp_instruction *in)
{
	const struct isahp_run_vector *v = &fast_step(in)->vector;
	const struct isahp_simd *simd = e->regs->simd;
	union isahp_vector result;

	if (!fast_vector_is_at_hand(simd, v))
		return isahp_exec_fast_leave(e, in);
	compute(in, v, simd, NULL, &result, &simd->v[v->source[1]]);
	exec_gpr_set(e, v->to, v->size, result.q[0]);
	return ISAHP_EMULATE_DONE;
}

/* Of PTEST. */
static enum isahp_emulated to_flags(struct isahp_emulation *e,
				    const struct isahp_instruction *in)
{
	const struct isahp_run_vector *v = &fast_step(in)->vector;
	const struct isahp_simd *simd = e->regs->simd;
	union isahp_vector result;

	if (!fast_vector_is_at_hand(simd, v))
		return isahp_exec_fast_leave(e, in);
	compute(in, v, simd, NULL, &result, &simd->v[v->source[1]]);
	fast_flags_set(e, result.q[0]);
	return ISAHP_EMULATE_DONE;
}

/* --- which of them -------------------------------------------------------- */

/* Their immediate is more than what a function is told (exec_vector.c). */
static bool has_odd_immediate(const struct isahp_instruction *in)
{
	const struct isahp_form *form = isahp_instruction_form(in);

	return form->flags & ISAHP_FORM_IMM8_2 ||
	       (form->operation == ISAHP_OP_INSERTPS && in->rm == ISAHP_REGISTER_NONE);
}

static bool is_general(const struct isahp_instruction *in)
{
	isahp_exec_fn function = isahp_exec_function(in);

	return in->opmask || has_odd_immediate(in) ||
	       in->flags & (ISAHP_INSTRUCTION_BROADCAST | ISAHP_INSTRUCTION_ROUNDING |
			    ISAHP_INSTRUCTION_SAE) ||
	       (function != isahp_do_lanes && function != isahp_do_whole &&
		function != isahp_do_broadcast);
}

#define MEMORY ISAHP_REGISTER_NONE

/*
 * The operands from @n on that are read; -1: others than vectors, or too many. A
 * general register is as good as memory.
 */
static int list_sources(const struct isahp_instruction *in, unsigned int n,
			__u8 list[3])
{
	struct isahp_operand op;
	int count = 0;

	for (; n < ISAHP_FORM_OPERANDS; n++) {
		op = isahp_instruction_operand(in, n);
		if (op.class == ISAHP_OPERAND_NONE || op.class == ISAHP_OPERAND_IMMEDIATE)
			continue;
		if (count == 3 || op.class == ISAHP_OPERAND_OPMASK)
			return -1;
		list[count++] = op.class == ISAHP_OPERAND_VECTOR ? op.number : MEMORY;
	}
	return count;
}

/* As exec_vector.c's call() has it. */
static bool set_sources(const struct isahp_instruction *in, struct isahp_run_vector *v)
{
	struct isahp_operand to = isahp_instruction_operand(in, 0);
	__u8 old = to.class == ISAHP_OPERAND_VECTOR ? to.number : 0, list[3];
	int n = list_sources(in, to.access & ISAHP_OPERAND_WRITE ? 1 : 0, list);

	if (n < 1)
		return false;
	v->source[0] = n == 1 ? old : list[0];
	v->source[1] = n == 1 ? list[0] : list[1];
	v->source[2] = n == 3 ? list[2] : vector_is_vex(in) ? old : 0;
	return v->source[0] != MEMORY && v->source[2] != MEMORY;
}

static bool set_memory(const struct isahp_instruction *in, enum isahp_code_mode mode,
		       struct isahp_run_vector *v)
{
	unsigned int n;

	v->loaded = 0;
	v->aligned = false;
	v->general = 0;
	for (n = 0; n < ISAHP_FORM_OPERANDS; n++) {
		struct isahp_operand op = isahp_instruction_operand(in, n);

		if (op.class == ISAHP_OPERAND_GPR && !(op.access & ISAHP_OPERAND_WRITE))
			v->general = op.size;
		if (op.class != ISAHP_OPERAND_MEMORY)
			continue;
		v->loaded = op.size;
		v->aligned = isahp_exec_vector_must_align(in, op.size);
		return mode == ISAHP_CODE_64 && fast_is_plain(in);
	}
	return true;
}

/* Registers from 16 on are there with 512 bits alone. */
static void set_need(const struct isahp_instruction *in, struct isahp_run_vector *v)
{
	unsigned int n;

	v->need = in->vector_size;
	for (n = 0; n < ISAHP_FORM_OPERANDS; n++) {
		struct isahp_operand op = isahp_instruction_operand(in, n);

		if (op.class == ISAHP_OPERAND_VECTOR && op.number >= 16)
			v->need = 64;
	}
}

static void set_in_place(struct isahp_run_vector *v)
{
	__u8 sources = v->operation->sources;

	v->in_place = !(sources & ISAHP_LANES_A && v->source[0] == v->to) &&
		      !(sources & ISAHP_LANES_B && v->source[1] == v->to) &&
		      !(sources & ISAHP_LANES_C && v->source[2] == v->to) &&
		      !(sources & ISAHP_LANES_S);
}

static isahp_exec_fn move(const struct isahp_instruction *in, struct isahp_run_vector *v)
{
	struct isahp_operand to = isahp_instruction_operand(in, 0);
	struct isahp_operand from = isahp_instruction_operand(in, 1);

	v->size = to.size;
	/* VMOVSS is of three registers, others of less than one. */
	if (to.size != from.size || to.size < 16 ||
	    isahp_instruction_form(in)->operand[2] != ISAHP_KIND___)
		return NULL;
	if (to.class == ISAHP_OPERAND_MEMORY)
		return move_to_memory;
	return v->loaded ? move_from_memory : move_in_registers;
}

static isahp_exec_fn integer_function(const struct isahp_run_vector *v)
{
	isahp_exec_fn words;

	if (v->size != v->bytes || v->operation->sources & ISAHP_LANES_S)
		return NULL;
	if (v->general)
		return integers_from_general;
	words = isahp_exec_fast_words(v);
	if (words)
		return words;
	return v->loaded ? integers_from_memory : integers_in_registers;
}

static isahp_exec_fn float_function(const struct isahp_instruction *in,
				    struct isahp_run_vector *v)
{
	bool scalar = v->operation->sources & ISAHP_LANES_S;
	struct isahp_lanes lanes = { .imm = in->immediate };

	isahp_exec_float_set(in, v->operation, &lanes);
	v->bytes = lanes.bytes;
	/* Some bits of the immediate may be none of its. */
	if (lanes.imm != (__u8)in->immediate || v->general || v->size != (scalar ? 16 : v->bytes))
		return NULL;
	if (scalar)
		return v->loaded ? scalar_from_memory : scalar_in_registers;
	return v->loaded ? floats_from_memory : floats_in_registers;
}

isahp_exec_fn isahp_exec_fast_vector(struct isahp_run_step *step,
				     enum isahp_code_mode mode)
{
	const struct isahp_instruction *in = &step->in;
	struct isahp_operand to = isahp_instruction_operand(in, 0);
	struct isahp_run_vector *v = &step->vector;
	bool is_float;

	v->operation = is_general(in) ? NULL : isahp_exec_vector_operation(in);
	if (!v->operation || !set_sources(in, v) || !set_memory(in, mode, v))
		return NULL;
	set_need(in, v);
	v->to = to.number;
	v->size = to.size;
	v->bytes = in->vector_size;
	set_in_place(v);
	if (v->operation->fn == isahp_lanes_mov && !v->general)
		return move(in, v);
	is_float = isahp_exec_float_operation(isahp_instruction_operation(in));
	if (v->operation->result == ISAHP_LANES_TO_VECTOR &&
	    to.class == ISAHP_OPERAND_VECTOR)
		return is_float ? float_function(in, v) : integer_function(v);
	if (is_float || v->loaded || v->general)
		return NULL;
	if (v->operation->result == ISAHP_LANES_TO_FLAGS)
		return to_flags;
	if (v->operation->fn == isahp_lanes_pmovmskb && to.class == ISAHP_OPERAND_GPR)
		return pmovmskb;
	return v->operation->result == ISAHP_LANES_TO_VALUE &&
	       to.class == ISAHP_OPERAND_GPR ? to_register : NULL;
}
