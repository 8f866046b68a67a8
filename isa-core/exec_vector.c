// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Vector instructions: what is common to all of them. lanes.def says what an
 * operation reads and gives, the form where its operands are; here sources are
 * resolved, and the result is merged by opmask, cut and put where it belongs.
 */
#include "exec.h"
#include "exec_float.h"
#include "lanes.h"

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

static const struct isahp_lanes_operation *operation_of(const struct isahp_instruction *in)
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

/**
 * struct vector_work - an instruction under way
 * @e: the instruction's.
 * @in: itself.
 * @operation: what it does.
 * @lanes: what its function is told.
 * @element: bytes that a bit of the opmask stands for.
 * @whole: memory is read whatever the opmask says.
 * @repeats: what is read is repeated over the result.
 * @scalar: the result is one element.
 * @is_float: of floating point: @lanes.fp is @fp.
 * @fp: control and flags.
 * @source: up to three, in the order of the operands.
 * @sources: how many.
 * @temporary: of sources that are no vector registers.
 * @old: the destination's old value.
 */
struct vector_work {
	struct isahp_emulation *e;
	const struct isahp_instruction *in;
	const struct isahp_lanes_operation *operation;
	struct isahp_lanes lanes;
	unsigned int element;
	bool whole;
	bool repeats;
	bool scalar;
	bool is_float;
	struct isahp_fp fp;
	const union isahp_vector *source[3];
	unsigned int sources;
	union isahp_vector temporary[2];
	union isahp_vector old;
};

static const union isahp_vector zero;

static bool is_vex(const struct isahp_instruction *in)
{
	return in->flags & ISAHP_INSTRUCTION_VEX;
}

static bool is_active(const struct vector_work *w, unsigned int element)
{
	return w->lanes.active >> element & 1;
}

/* Opmasks, and registers from 16 on, are there with ZMM registers alone. */
static bool are_at_hand(const struct isahp_emulation *e,
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

/* How many bits of the opmask there are. */
static unsigned int elements(const struct vector_work *w)
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

static __u64 active(const struct vector_work *w)
{
	unsigned int n = elements(w);

	return w->lanes.active & (n < 64 ? (1ULL << n) - 1 : ~0ULL);
}

static bool any_active(const struct vector_work *w)
{
	return active(w);
}

static bool are_all_active(const struct vector_work *w)
{
	unsigned int n = elements(w);

	return active(w) == (n < 64 ? (1ULL << n) - 1 : ~0ULL);
}

/* --- memory --------------------------------------------------------------- */

/* Those that take any address in legacy encodings (SDM vol. 2, Exceptions Type 4
 * without alignment), and those that take none but aligned ones in all. */
static bool must_align(const struct isahp_instruction *in, unsigned int size)
{
	if (size < 16)
		return false;
	switch (isahp_instruction_operation(in)) {
	case ISAHP_OP_LDDQU:
	case ISAHP_OP_MOVDQU:
	case ISAHP_OP_MOVUPD:
	case ISAHP_OP_MOVUPS:
		return false;
	/* SDM vol. 2 wants them aligned, AMD's CPUs do not. */
	case ISAHP_OP_SHA1MSG1:
	case ISAHP_OP_SHA1MSG2:
	case ISAHP_OP_SHA1NEXTE:
	case ISAHP_OP_SHA1RNDS4:
	case ISAHP_OP_SHA256MSG1:
	case ISAHP_OP_SHA256MSG2:
	case ISAHP_OP_SHA256RNDS2:
		return false;
	case ISAHP_OP_MOVAPD:
	case ISAHP_OP_MOVAPS:
	case ISAHP_OP_MOVDQA:
	case ISAHP_OP_MOVNTDQ:
	case ISAHP_OP_MOVNTDQA:
	case ISAHP_OP_MOVNTPD:
	case ISAHP_OP_MOVNTPS:
	case ISAHP_OP_VMOVDQA32:
	case ISAHP_OP_VMOVDQA64:
		return true;
	default:
		return !is_vex(in);
	}
}

static __u64 offset_of(const struct vector_work *w, unsigned int from)
{
	return exec_cut(isahp_exec_offset(w->e, w->in) + from, w->in->address_size);
}

static enum isahp_emulated reach(const struct vector_work *w, unsigned int from,
				 unsigned int size, enum isahp_access access,
				 __u64 *ret)
{
	return isahp_exec_linear(w->e, w->in->segment, offset_of(w, from), size,
				 access, ret);
}

/* #GP, before EFLAGS.AC is asked. */
static enum isahp_emulated check_alignment(const struct vector_work *w,
					   unsigned int size,
					   enum isahp_access access)
{
	enum isahp_emulated r;
	__u64 address;

	if (!must_align(w->in, size) || !any_active(w))
		return ISAHP_EMULATE_DONE;
	r = isahp_exec_linear_unchecked(w->e, w->in->segment, offset_of(w, 0), size,
					access, &address);
	if (r == ISAHP_EMULATE_DONE && address & (size - 1))
		return isahp_exec_fault(w->e, ISAHP_VECTOR_GP);
	return r;
}

static enum isahp_emulated load_part(const struct vector_work *w, __u8 *to,
				     unsigned int from, unsigned int size)
{
	enum isahp_emulated r;
	__u64 address;

	r = reach(w, from, size, ISAHP_ACCESS_LOAD, &address);
	return r == ISAHP_EMULATE_DONE ?
		       isahp_exec_load_at(w->e, address, to + from, size,
					  ISAHP_ACCESS_LOAD) : r;
}

static enum isahp_emulated load_broadcast(const struct vector_work *w,
					  unsigned int unit, unsigned int size,
					  union isahp_vector *ret)
{
	enum isahp_emulated r;
	unsigned int i;

	if (!w->whole && !any_active(w))
		return ISAHP_EMULATE_DONE;
	r = load_part(w, ret->b, 0, unit);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	for (i = unit; i < size; i += unit)
		memcpy(ret->b + i, ret->b, unit);
	return r;
}

/* Element i is element i + n, i + 2n ... of the result. */
static enum isahp_emulated load_repeated(const struct vector_work *w,
					 unsigned int size, union isahp_vector *ret)
{
	unsigned int n = size > w->element ? size / w->element : 1, unit = size / n;
	enum isahp_emulated r = ISAHP_EMULATE_DONE;
	__u64 used = 0, left;
	unsigned int i;

	for (left = active(w), i = 0; left; left >>= 1, i++)
		used |= (left & 1) << i % n;
	for (i = 0; i < n && r == ISAHP_EMULATE_DONE; i++)
		if (used >> i & 1)
			r = load_part(w, ret->b, i * unit, unit);
	return r;
}

/*
 * What is masked out is not read, where an element of the source is one of the
 * result (SDM vol. 2A, 2.8.5: fault suppression).
 */
static enum isahp_emulated load_source(const struct vector_work *w, unsigned int of,
				       unsigned int size, union isahp_vector *ret)
{
	/* Of a fixed size: it is not the vector's elements. */
	bool whole = w->whole ||
		     (!w->is_float && exec_kind(w->in, of)->size < ISAHP_SIZE_X);
	const struct isahp_form *form = isahp_instruction_form(w->in);
	unsigned int n = elements(w), unit = size / n, i;
	enum isahp_emulated r;

	*ret = zero;
	if (w->in->flags & ISAHP_INSTRUCTION_BROADCAST)
		return load_broadcast(w, form->element >> 4, size, ret);
	r = check_alignment(w, size, ISAHP_ACCESS_LOAD);
	if (w->repeats && !are_all_active(w))
		return load_repeated(w, size, ret);
	if (r == ISAHP_EMULATE_DONE && (whole || !unit || are_all_active(w)))
		return load_part(w, ret->b, 0, size);
	for (i = 0; i < n && r == ISAHP_EMULATE_DONE; i++)
		if (is_active(w, i))
			r = load_part(w, ret->b, i * unit, unit);
	return r;
}

/* Whether a byte can be written: by writing what is there. */
static enum isahp_emulated probe_byte(struct isahp_emulation *e, __u64 address)
{
	enum isahp_emulated r;
	__u8 old, new;

	r = isahp_exec_load_at(e, address, &old, 1, ISAHP_ACCESS_STORE);
	new = old;
	return r == ISAHP_EMULATE_DONE ?
		       isahp_exec_exchange_at(e, address, &old, &new, 1) : r;
}

/* At most a vector: its first byte, that of the next page, and its last one, since
 * the environment's memory need not end with a page. */
static enum isahp_emulated probe(struct isahp_emulation *e, __u64 address,
				 unsigned int size)
{
	__u64 last = address + size - 1, page = last & ~0xfffULL;
	enum isahp_emulated r = probe_byte(e, address);

	if (r == ISAHP_EMULATE_DONE && page > address && page < last)
		r = probe_byte(e, page);
	return r == ISAHP_EMULATE_DONE && last > address ? probe_byte(e, last) : r;
}

/* What is active of a result; NULL: see whether it can be written. */
static enum isahp_emulated store_active(const struct vector_work *w,
					unsigned int unit,
					const union isahp_vector *value)
{
	enum isahp_emulated r = ISAHP_EMULATE_DONE;
	unsigned int n = elements(w), i;
	__u64 address;

	for (i = 0; i < n && r == ISAHP_EMULATE_DONE; i++) {
		if (!is_active(w, i))
			continue;
		r = reach(w, i * unit, unit, ISAHP_ACCESS_STORE, &address);
		if (r == ISAHP_EMULATE_DONE)
			r = value ? isahp_exec_store_at(w->e, address,
							value->b + i * unit, unit) :
				    probe(w->e, address, unit);
	}
	return r;
}

/* All parts can be written before the first one is. */
static enum isahp_emulated store_parts(const struct vector_work *w,
				       unsigned int unit,
				       const union isahp_vector *value)
{
	enum isahp_emulated r = store_active(w, unit, NULL);

	return r == ISAHP_EMULATE_DONE && value ? store_active(w, unit, value) : r;
}

/* NULL: see whether it can be. */
static enum isahp_emulated store_result(const struct vector_work *w,
					unsigned int size,
					const union isahp_vector *value)
{
	enum isahp_emulated r;
	__u64 address;

	r = check_alignment(w, size, ISAHP_ACCESS_STORE);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	if (w->in->opmask && !are_all_active(w))
		return store_parts(w, size / elements(w), value);
	r = reach(w, 0, size, ISAHP_ACCESS_STORE, &address);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	return value ? isahp_exec_store_at(w->e, address, value, size) :
		       probe(w->e, address, size);
}

/* --- sources -------------------------------------------------------------- */

static enum isahp_emulated add_source(struct vector_work *w, unsigned int n,
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
		r = load_source(w, n, op.size, t);
	w->source[w->sources++] = t;
	return r;
}

static enum isahp_emulated add_sources(struct vector_work *w)
{
	enum isahp_emulated r = ISAHP_EMULATE_DONE;
	unsigned int n, temporaries = 0;

	/* Who gives flags alone reads its first operand. */
	n = isahp_instruction_operand(w->in, 0).access & ISAHP_OPERAND_WRITE ? 1 : 0;
	for (; n < ISAHP_FORM_OPERANDS && r == ISAHP_EMULATE_DONE; n++)
		r = add_source(w, n, &temporaries);
	return r;
}

/*
 * Who is first, second and third is said in vector.h. A destination that is read
 * is the first in legacy encodings, or all there is beside an immediate.
 */
static void call(struct vector_work *w, union isahp_vector *ret)
{
	const union isahp_vector *a = &w->old, *b = &w->old, *c = &w->old, *above;
	const union isahp_vector *const *s = w->source;

	if (w->in->flags & ISAHP_INSTRUCTION_ZEROING &&
	    w->operation->sources & ISAHP_LANES_K)
		c = &zero;
	else if (!is_vex(w->in))
		c = &w->e->regs->simd->v[0];
	if (w->sources == 1) {
		b = s[0];
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

static void merge(const struct vector_work *w, union isahp_vector *value)
{
	bool zeroing = w->in->flags & ISAHP_INSTRUCTION_ZEROING;
	unsigned int unit = w->element, n = elements(w), i;

	if (!w->in->opmask)
		return;
	/* Who reads the mask has merged by it, and zeroed, if it had the old value. */
	if (w->operation->sources & ISAHP_LANES_K &&
	    (!zeroing || w->operation->sources & ISAHP_LANES_C))
		return;
	for (i = 0; i < n; i++)
		if (!is_active(w, i))
			memcpy(value->b + i * unit,
			       zeroing ? zero.b : w->old.b + i * unit, unit);
}

/* SDM vol. 1, 14.3: VEX and EVEX clear what is above the result. */
static void put_vector(const struct vector_work *w, unsigned int n,
		       unsigned int size, union isahp_vector *value)
{
	struct isahp_simd *simd = w->e->regs->simd;

	merge(w, value);
	if (is_vex(w->in))
		memset(simd->v[n].b, 0, simd->bytes);
	else if (size < 16)
		memset(simd->v[n].b, 0, 16);
	memcpy(simd->v[n].b, value->b, size);
}

static enum isahp_emulated put_result(struct vector_work *w, union isahp_vector *value)
{
	struct isahp_operand op = isahp_instruction_operand(w->in, 0);
	struct isahp_simd *simd = w->e->regs->simd;

	if (w->operation->result == ISAHP_LANES_TO_FLAGS) {
		exec_flags_set(&w->e->regs->rflags, ISAHP_FLAGS_ARITHMETIC, value->q[0]);
		return ISAHP_EMULATE_DONE;
	}
	switch (op.class) {
	case ISAHP_OPERAND_MEMORY:
		return store_result(w, op.size, value);
	case ISAHP_OPERAND_VECTOR:
		put_vector(w, op.number, op.size, value);
		break;
	case ISAHP_OPERAND_OPMASK:
		simd->k[op.number] = value->q[0] &
				     (w->in->opmask ? w->lanes.active : ~0ULL);
		break;
	default:
		exec_gpr_set(w->e, op.number, op.size, value->q[0]);
	}
	return ISAHP_EMULATE_DONE;
}

/* --- all together --------------------------------------------------------- */

static void set_lanes(struct vector_work *w)
{
	const struct isahp_form *form = isahp_instruction_form(w->in);

	w->lanes = (struct isahp_lanes){
		.bytes = w->in->vector_size,
		.element = w->operation->element,
		.imm = w->in->immediate,
		.active = w->in->opmask ? w->e->regs->simd->k[w->in->opmask] : ~0ULL,
	};
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
static enum isahp_emulated finish(struct vector_work *w, union isahp_vector *value)
{
	__u32 *mxcsr = &w->e->regs->simd->mxcsr, flags = *mxcsr;
	bool written = isahp_exec_float_end(w->in, &w->fp, &flags);
	enum isahp_emulated r = ISAHP_EMULATE_DONE;

	/* A page fault comes first. */
	if (written)
		r = put_result(w, value);
	else if (exec_is_memory(w->in, 0))
		r = store_result(w, isahp_instruction_operand(w->in, 0).size, NULL);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	*mxcsr = flags;
	return written ? r : isahp_exec_fault(w->e, ISAHP_VECTOR_XM);
}

static enum isahp_emulated carry_out(struct isahp_emulation *e,
				     const struct isahp_instruction *in, bool whole,
				     bool repeats)
{
	struct vector_work w = {
		.e = e,
		.in = in,
		.operation = operation_of(in),
		.whole = whole,
		.repeats = repeats && exec_is_memory(in, 1),
	};
	union isahp_vector value = zero;
	struct isahp_operand to;
	enum isahp_emulated r;

	if (!w.operation || !are_at_hand(e, in))
		return ISAHP_EMULATE_FOREIGN;
	/* What of a masked operand must be aligned depends on who made the CPU. */
	if (in->opmask && e->regs->rflags & ISAHP_FLAG_AC)
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
	return carry_out(e, in, false, false);
}

/* Elements of the source go elsewhere: it is read without a look at the opmask
 * (SDM vol. 2A, 2.8.5, Exceptions Type E4NF). */
EXEC_FAMILY(whole)
{
	return carry_out(e, in, true, false);
}

/* Broadcasts (Exceptions Type E6). */
EXEC_FAMILY(broadcast)
{
	return carry_out(e, in, false, true);
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
