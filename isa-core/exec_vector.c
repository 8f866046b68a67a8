// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Vector instructions: what is common to all of them. lanes.def says what an
 * operation reads and gives, the form where its operands are; here sources are
 * resolved, and the result is merged by opmask, cut and put where it belongs.
 */
#include "exec_vector.h"
/* --- which operation ------------------------------------------------------ */

/* Numbers of rows of lanes.def, and 1 more. */
static const __u16 plain[ISAHP_OP_COUNT] = {
#define LANES(name, function, element, sources, immediate, result) \
	[ISAHP_OP_##name] = ISAHP_LANES_##name + 1,
#define LANES_IMM(...)
#define LANES_STORE(...)
#include "lanes.def"
};

static const __u16 with_immediate[ISAHP_OP_COUNT] = {
#define LANES_IMM(name, function, element, sources, immediate, result) \
	[ISAHP_OP_##name] = ISAHP_LANES_##name##_IMM + 1,
#define LANES_STORE(...)
#include "lanes.def"
};

static const __u16 storing[ISAHP_OP_COUNT] = {
#define LANES_IMM(...)
#define LANES_STORE(name, function, element, sources, immediate, result) \
	[ISAHP_OP_##name] = ISAHP_LANES_##name##_STORE + 1,
#include "lanes.def"
};

const struct isahp_lanes_operation *
isahp_exec_vector_operation(const struct isahp_instruction *in)
{
	const struct isahp_form *form = isahp_instruction_form(in);
	unsigned int number = plain[form->operation];

	if (!number)
		return isahp_exec_float_operation(form->operation);
	if (form->flags & ISAHP_FORM_IMM8 && with_immediate[form->operation])
		number = with_immediate[form->operation];
	if (exec_is_memory(in, 0) && storing[form->operation])
		number = storing[form->operation];
	return &isahp_lanes_operations[number - 1];
}

/* --- an instruction ------------------------------------------------------- */

static const union isahp_vector zero;

bool isahp_exec_vector_at_hand(const struct isahp_emulation *e,
			const struct isahp_instruction *in)
{
	const struct isahp_simd *simd = e->regs->simd;
	struct isahp_operand op;
	unsigned int i;

	if (!simd || in->vector_size > simd->bytes)
		return false;
	if (simd->bytes == 64)
		return true;
	for (i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		op = isahp_instruction_operand(in, i);
		if (op.class == ISAHP_OPERAND_OPMASK ||
		    (op.class == ISAHP_OPERAND_VECTOR && op.number >= 16))
			return false;
	}
	return !in->opmask;
}

/* --- sources -------------------------------------------------------------- */

static enum isahp_emulated add_source(struct isahp_vector_work *w, unsigned int n,
				      unsigned int *temporaries)
{
	struct isahp_operand op = isahp_instruction_operand(w->in, n);
	const struct isahp_simd *simd = w->e->regs->simd;
	enum isahp_emulated r = ISAHP_EMULATE_DONE;
	union isahp_vector *t;

	if (op.class == ISAHP_OPERAND_VECTOR &&
	    w->operation->fn != isahp_lanes_mov) {
		w->source[w->sources++] = &simd->v[op.number];
		return r;
	}
	if (op.class == ISAHP_OPERAND_NONE || op.class == ISAHP_OPERAND_IMMEDIATE)
		return r;
	if (*temporaries == sizeof(w->temporary) / sizeof(w->temporary[0]))
		return ISAHP_EMULATE_FOREIGN;
	t = &w->temporary[(*temporaries)++];
	*t = zero;
	/* A move of less than a register is of that much. */
	if (op.class == ISAHP_OPERAND_VECTOR)
		memcpy(t->b, simd->v[op.number].b, op.size);
	else if (op.class == ISAHP_OPERAND_OPMASK)
		t->q[0] = simd->k[op.number];
	else if (op.class == ISAHP_OPERAND_GPR)
		t->q[0] = exec_gpr(w->e, op.number, op.size);
	else
		r = isahp_exec_vector_load(w, n, op.size, t);
	w->source[w->sources++] = t;
	return r;
}

static enum isahp_emulated add_sources(struct isahp_vector_work *w)
{
	enum isahp_emulated r = ISAHP_EMULATE_DONE;
	unsigned int n, temporaries = 0;

	/* Who gives flags alone reads its first operand. */
	n = isahp_instruction_operand(w->in, 0).access & ISAHP_OPERAND_WRITE ? 1 : 0;
	for (; n < ISAHP_FORM_OPERANDS && r == ISAHP_EMULATE_DONE; n++)
		r = add_source(w, n, &temporaries);
	return r;
}

/* SDM vol. 2B, MOVSS: a register is merged, what is loaded has zeros above it. */
static bool loads(const struct isahp_vector_work *w)
{
	return w->operation->fn == isahp_lanes_mov && exec_is_memory(w->in, 1);
}

/* Two of them lie as in a register (APM vol. 4, EXTRQ): a length and a place. */
static const union isahp_vector *immediates(struct isahp_vector_work *w)
{
	union isahp_vector *t = &w->temporary[1];

	t->q[0] = (w->in->immediate & 0xff) | w->in->immediate >> 32 << 8;
	return t;
}

/*
 * Who is first, second and third is said in vector.h. A destination that is read
 * is the first in legacy encodings, or all there is beside an immediate.
 */
static void call(struct isahp_vector_work *w, union isahp_vector *ret)
{
	const union isahp_vector *a = &w->old, *b = &w->old, *c = &w->old, *above;
	const union isahp_vector *const *s = w->source;

	if (w->in->flags & ISAHP_INSTRUCTION_ZEROING &&
	    w->operation->sources & ISAHP_LANES_K)
		c = &zero;
	else if (isahp_instruction_form(w->in)->flags & ISAHP_FORM_IMM8_2)
		c = immediates(w);
	else if (!vector_is_vex(w->in))
		c = &w->e->regs->simd->v[0];
	if (w->sources == 1) {
		b = s[0];
		if (loads(w))
			a = &zero;
	} else if (w->sources > 1) {
		a = s[0];
		b = s[1];
		c = w->sources > 2 ? s[2] : c;
	}
	w->operation->fn(&w->lanes, ret, a, b, c);
	if (!w->scalar || w->operation->result == ISAHP_LANES_TO_MASK)
		return;
	above = w->operation->sources & ISAHP_LANES_T ? c : a;
	memcpy(ret->b + w->operation->element, above->b + w->operation->element,
	       16 - w->operation->element);
}

/* --- the result ----------------------------------------------------------- */

static void merge(const struct isahp_vector_work *w, union isahp_vector *value)
{
	bool zeroing = w->in->flags & ISAHP_INSTRUCTION_ZEROING;
	unsigned int unit = w->element, n = vector_elements(w), i;

	if (!w->in->opmask)
		return;
	/* Who reads the mask has merged by it, and zeroed, if it had the old value. */
	if (w->operation->sources & ISAHP_LANES_K &&
	    (!zeroing || w->operation->sources & ISAHP_LANES_C))
		return;
	for (i = 0; i < n; i++)
		if (!vector_is_active(w, i))
			memcpy(value->b + i * unit,
			       zeroing ? zero.b : w->old.b + i * unit, unit);
}

/* SDM vol. 1, 14.3: VEX and EVEX clear what is above the result. */
static void put_vector(const struct isahp_vector_work *w, unsigned int n,
		       unsigned int size, union isahp_vector *value)
{
	struct isahp_simd *simd = w->e->regs->simd;

	merge(w, value);
	if (vector_is_vex(w->in))
		memset(simd->v[n].b, 0, simd->bytes);
	else if (size < 16)
		memset(simd->v[n].b, 0, 16);
	memcpy(simd->v[n].b, value->b, size);
}

static void put_opmask(const struct isahp_vector_work *w, unsigned int n,
		       const union isahp_vector *value)
{
	__u64 *k = w->e->regs->simd->k;

	if (w->operation->result != ISAHP_LANES_TO_MASKS) {
		k[n] = value->q[0] & (w->in->opmask ? w->lanes.active : ~0ULL);
		return;
	}
	/* SDM vol. 2C, VP2INTERSECTD: the pair that the register is of. */
	k[n & ~1u] = value->q[0];
	k[n | 1] = value->q[1];
}

static enum isahp_emulated put_result(struct isahp_vector_work *w, union isahp_vector *value)
{
	struct isahp_operand op = isahp_instruction_operand(w->in, 0);

	if (w->operation->result == ISAHP_LANES_TO_FLAGS) {
		exec_flags_set(&w->e->regs->rflags, ISAHP_FLAGS_ARITHMETIC, value->q[0]);
		return ISAHP_EMULATE_DONE;
	}
	switch (op.class) {
	case ISAHP_OPERAND_MEMORY:
		return isahp_exec_vector_store(w, op.size, value);
	case ISAHP_OPERAND_VECTOR:
		put_vector(w, op.number, w->scalar ? 16 : op.size, value);
		break;
	case ISAHP_OPERAND_OPMASK:
		put_opmask(w, op.number, value);
		break;
	default:
		exec_gpr_set(w->e, op.number, op.size, value->q[0]);
	}
	return ISAHP_EMULATE_DONE;
}

/* --- all together --------------------------------------------------------- */

static void set_lanes(struct isahp_vector_work *w)
{
	const struct isahp_form *form = isahp_instruction_form(w->in);

	w->lanes = (struct isahp_lanes){
		.bytes = w->in->vector_size,
		.element = w->operation->element,
		.imm = w->in->immediate,
		.active = w->in->opmask ? w->e->regs->simd->k[w->in->opmask] : ~0ULL,
	};
	/* SDM vol. 2A, INSERTPS: which element is for registers to say. */
	if (form->operation == ISAHP_OP_INSERTPS && w->in->rm == ISAHP_REGISTER_NONE)
		w->lanes.imm &= 0x3f;
	w->element = form->element & 0xf ? form->element & 0xf : 16;
	w->scalar = w->operation->sources & ISAHP_LANES_S;
	w->is_float = isahp_exec_float_operation(form->operation);
	if (!w->is_float)
		return;
	isahp_exec_float_set(w->in, w->operation, &w->lanes);
	w->fp = isahp_exec_float_begin(w->in, w->e->regs->simd->mxcsr);
	w->lanes.fp = &w->fp;
}

/* MXCSR tells of #XM; otherwise it changes with all the rest. */
static enum isahp_emulated finish(struct isahp_vector_work *w, union isahp_vector *value)
{
	__u32 *mxcsr = &w->e->regs->simd->mxcsr, flags = *mxcsr;
	bool written = isahp_exec_float_end(w->in, &w->fp, &flags);
	enum isahp_emulated r = ISAHP_EMULATE_DONE;

	/* A page fault comes first. */
	if (written)
		r = put_result(w, value);
	else if (exec_is_memory(w->in, 0))
		r = isahp_exec_vector_store(w, isahp_instruction_operand(w->in, 0).size, NULL);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	*mxcsr = flags;
	return written ? r : isahp_exec_fault(w->e, ISAHP_VECTOR_XM);
}

static enum isahp_emulated carry_out(struct isahp_emulation *e,
				     const struct isahp_instruction *in,
				     enum isahp_vector_reach reach)
{
	struct isahp_vector_work w = {
		.e = e,
		.in = in,
		.operation = isahp_exec_vector_operation(in),
		.reach = reach,
	};
	union isahp_vector value = zero;
	struct isahp_operand to;
	enum isahp_emulated r;

	if (!w.operation || !isahp_exec_vector_at_hand(e, in))
		return ISAHP_EMULATE_FOREIGN;
	/* What of a masked or packed operand must be aligned depends on who made the CPU. */
	if ((in->opmask || reach == ISAHP_VECTOR_PACKED) &&
	    e->regs->rflags & ISAHP_FLAG_AC)
		return ISAHP_EMULATE_FOREIGN;
	set_lanes(&w);
	to = isahp_instruction_operand(in, 0);
	if (to.class == ISAHP_OPERAND_VECTOR)
		w.old = e->regs->simd->v[to.number];
	r = add_sources(&w);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	call(&w, &value);
	return w.is_float ? finish(&w, &value) : put_result(&w, &value);
}

EXEC_FAMILY(lanes)
{
	return carry_out(e, in, ISAHP_VECTOR_ACTIVE);
}

/* Elements go elsewhere (SDM vol. 2A, 2.8.5, Exceptions Types E4NF and E6NF). */
EXEC_FAMILY(whole)
{
	return carry_out(e, in, ISAHP_VECTOR_WHOLE);
}

/* Broadcasts (Exceptions Type E6). */
EXEC_FAMILY(broadcast)
{
	return carry_out(e, in, ISAHP_VECTOR_REPEATED);
}

/* Compression and expansion. */
EXEC_FAMILY(packed)
{
	return carry_out(e, in, ISAHP_VECTOR_PACKED);
}

/* In 32-bit code there are eight of them. */
EXEC_FAMILY(vzero)
{
	unsigned int from = isahp_instruction_operation(in) == ISAHP_OP_VZEROALL ? 0 : 16;
	struct isahp_simd *simd = e->regs->simd;
	unsigned int i;

	if (!simd || simd->bytes < 32)
		return ISAHP_EMULATE_FOREIGN;
	for (i = 0; i < (exec_is_64(e) ? 16 : 8); i++)
		memset(simd->v[i].b + from, 0, simd->bytes - from);
	return ISAHP_EMULATE_DONE;
}
