// SPDX-License-Identifier: MIT
#include "core_kinds.h"

#include <isa-core/exec_float.h>

#define VECTOR_PF 14

static void count(unsigned long kinds[KIND_COUNT], enum kind kind, bool is)
{
	kinds[kind] += is;
}

const char *kinds_text(enum kind kind)
{
	static const char *const texts[] = {
#define KIND(name, text) text,
		KINDS(KIND)
#undef KIND
	};

	return texts[kind];
}

/* --- addresses -------------------------------------------------------------- */

static void segment_kinds(const struct test_case *c, const struct compared *r,
			  unsigned long kinds[KIND_COUNT])
{
	unsigned int segment = c->code.in.segment, size;
	const struct isahp_segment *s = &c->segments.hidden[segment];
	bool done = r->outcome == OUTCOME_DONE, store, down, gp;

	if (!c->segments.used || !case_has_memory(&c->code.in, &size, &store))
		return;
	down = c->segments.expands_down[segment];
	gp = r->outcome == OUTCOME_FAULT && r->trap.vector == ISAHP_VECTOR_GP && !down;
	count(kinds, KIND_SEGMENT_BASE, done && s->base);
	count(kinds, KIND_SEGMENT_WRAPS, done && s->base > c->target[0]);
	count(kinds, KIND_SEGMENT_DOWN, r->outcome == OUTCOME_LEFT && down);
	count(kinds, KIND_SEGMENT_NULL, gp && !s->limit);
	count(kinds, KIND_SEGMENT_READ_ONLY, gp && s->limit == 0xfffff && !s->writable);
	count(kinds, KIND_SEGMENT_LIMIT, gp && s->limit && s->limit < 0xfffff);
	count(kinds, KIND_STACK_LIMIT,
	      r->outcome == OUTCOME_FAULT && r->trap.vector == ISAHP_VECTOR_SS);
}

static void page_kinds(const struct test_case *c, const struct compared *r,
		       unsigned long kinds[KIND_COUNT])
{
	const struct isahp_instruction *in = &c->code.in;
	__u32 memory = (uintptr_t)native_memory, end;
	bool done = r->outcome == OUTCOME_DONE, store, fault;
	unsigned int size;

	if (!case_has_memory(in, &size, &store) || !size || c->not_canonical)
		return;
	end = c->target[0] + size;
	fault = r->outcome == OUTCOME_FAULT && r->trap.vector == VECTOR_PF;
	count(kinds, KIND_PAGE_END, done && end == memory + NATIVE_MEMORY_SIZE);
	count(kinds, KIND_PAGE_CROSSED,
	      done && c->target[0] / NATIVE_PAGE != (end - 1) / NATIVE_PAGE &&
	      !in->opmask);
	count(kinds, KIND_PAGE_AWAY,
	      fault && r->trap.address == memory + NATIVE_MEMORY_SIZE);
	count(kinds, KIND_PAGE_READ_ONLY, fault && r->trap.error & 2 &&
	      r->trap.address < memory);
	count(kinds, KIND_MASKED_FAULT, fault && in->opmask);
	count(kinds, KIND_MASKED_AWAY,
	      done && in->opmask && end > memory + NATIVE_MEMORY_SIZE);
	count(kinds, KIND_MASKED_READ_ONLY,
	      done && in->opmask && store && c->target[0] < memory);
}

static void address_kinds(const struct test_case *c, const struct compared *r,
			  unsigned long kinds[KIND_COUNT])
{
	const struct isahp_instruction *in = &c->code.in;
	bool done = r->outcome == OUTCOME_DONE, is_64 = c->code.mode == ISAHP_CODE_64;
	bool fault = r->outcome == OUTCOME_FAULT, store;
	unsigned int size;

	if (!case_has_memory(in, &size, &store))
		return;
	count(kinds, KIND_GS_BASE, done && is_64 && in->segment == ISAHP_GS);
	count(kinds, KIND_ADDRESS_32, done && is_64 && in->address_size == 4);
	count(kinds, KIND_ADDRESS_16, done && !is_64 && in->address_size == 2);
	count(kinds, KIND_NOT_CANONICAL, fault && c->not_canonical &&
	      r->trap.vector == ISAHP_VECTOR_GP);
	count(kinds, KIND_NOT_CANONICAL_STACK, fault && c->not_canonical &&
	      r->trap.vector == ISAHP_VECTOR_SS);
	count(kinds, KIND_UNALIGNED, fault && is_64 && !c->not_canonical &&
	      r->trap.vector == ISAHP_VECTOR_GP && size >= 16);
	count(kinds, KIND_ALIGNMENT, fault && r->trap.vector == ISAHP_VECTOR_AC);
}

/* --- operands --------------------------------------------------------------- */

static void operand_kinds(const struct test_case *c, unsigned long kinds[KIND_COUNT])
{
	const struct isahp_instruction *in = &c->code.in;
	unsigned int registers = 0, same = 0, first = 0;
	bool address = false, high = false;

	for (unsigned int i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		struct isahp_operand op = isahp_instruction_operand(in, i);

		if (op.class != ISAHP_OPERAND_GPR && op.class != ISAHP_OPERAND_VECTOR &&
		    op.class != ISAHP_OPERAND_OPMASK)
			continue;
		if (!registers++)
			first = op.class << 8 | op.number;
		same += first == (unsigned int)(op.class << 8 | op.number);
		high |= op.class == ISAHP_OPERAND_GPR &&
			op.number >= ISAHP_REGISTER_AH && op.number < ISAHP_REGISTER_RIP;
		address |= op.class == ISAHP_OPERAND_GPR &&
			   (op.number == in->base || op.number == in->index);
	}
	count(kinds, KIND_SAME_TWO, same >= 2);
	count(kinds, KIND_SAME_ALL, same >= 3 && same == registers);
	count(kinds, KIND_SAME_ADDRESS, address);
	count(kinds, KIND_HIGH_BYTE, high);
	count(kinds, KIND_LOCKED, in->flags & ISAHP_INSTRUCTION_LOCK);
	count(kinds, KIND_REPEATED,
	      in->flags & (ISAHP_INSTRUCTION_REP | ISAHP_INSTRUCTION_REPNE));
	count(kinds, KIND_ZEROING, in->opmask && in->flags & ISAHP_INSTRUCTION_ZEROING);
	count(kinds, KIND_OPMASK, in->opmask && !(in->flags & ISAHP_INSTRUCTION_ZEROING));
	count(kinds, KIND_OPMASK_EMPTY, in->opmask && !c->simd.k[in->opmask]);
	count(kinds, KIND_BROADCAST, in->flags & ISAHP_INSTRUCTION_BROADCAST);
}

/* --- floating point --------------------------------------------------------- */

static void element_kinds(__u64 bits, unsigned int size,
			  unsigned long kinds[KIND_COUNT])
{
	unsigned int fraction_bits = size == 8 ? 52 : 23;
	__u64 fraction = bits & ((1ULL << fraction_bits) - 1);
	unsigned int largest = size == 8 ? 0x7ff : 0xff;
	unsigned int exponent = bits >> fraction_bits & largest;
	bool quiet = fraction >> (fraction_bits - 1);

	count(kinds, KIND_ZEROS, !exponent && !fraction);
	count(kinds, KIND_DENORMAL, !exponent && fraction);
	count(kinds, KIND_INFINITE, exponent == largest && !fraction);
	count(kinds, KIND_QUIET, exponent == largest && quiet);
	count(kinds, KIND_SIGNALLING, exponent == largest && fraction && !quiet);
}

static void float_operand_kinds(const struct test_case *c, unsigned int size,
				unsigned long kinds[KIND_COUNT])
{
	for (unsigned int i = 0; i < ISAHP_FORM_OPERANDS; i++) {
		struct isahp_operand op = isahp_instruction_operand(&c->code.in, i);
		const union isahp_vector *v;

		if (op.class != ISAHP_OPERAND_VECTOR || !(op.access & ISAHP_OPERAND_READ))
			continue;
		v = &c->simd.v[op.number];
		for (unsigned int j = 0; j + size <= op.size; j += size)
			element_kinds(size == 8 ? v->q[j / 8] : v->d[j / 4], size, kinds);
	}
}

static void float_kinds(const struct test_case *c, const struct compared *r,
			unsigned long kinds[KIND_COUNT])
{
	const struct isahp_instruction *in = &c->code.in;
	const struct isahp_lanes_operation *operation =
		isahp_exec_float_operation(isahp_instruction_operation(in));
	__u32 before = c->simd.mxcsr, new = r->simd.mxcsr & ~before;
	__u32 masked = before >> ISAHP_MXCSR_MASK_SHIFT;

	if (!operation)
		return;
	if (in->flags & ISAHP_INSTRUCTION_ROUNDING)
		kinds[KIND_EVEX_NEAREST + in->rounding]++;
	else
		kinds[KIND_NEAREST + (before >> ISAHP_MXCSR_RC_SHIFT & 3)]++;
	count(kinds, KIND_SAE, in->flags & ISAHP_INSTRUCTION_SAE &&
	      !(in->flags & ISAHP_INSTRUCTION_ROUNDING));
	count(kinds, KIND_DAZ, before & ISAHP_MXCSR_DAZ);
	count(kinds, KIND_FTZ, before & ISAHP_MXCSR_FTZ);
	if (operation->element == 4 || operation->element == 8)
		float_operand_kinds(c, operation->element, kinds);
	for (unsigned int i = 0; i < 6; i++) {
		count(kinds, KIND_FLAG_I + i, new & masked & 1u << i);
		count(kinds, KIND_XM_I + i, new & ~masked & 1u << i &&
		      r->trap.vector == ISAHP_VECTOR_XM);
	}
}

void kinds_of(const struct test_case *c, const struct compared *r,
	      unsigned long kinds[KIND_COUNT])
{
	segment_kinds(c, r, kinds);
	if (r->outcome == OUTCOME_LEFT)
		return;
	page_kinds(c, r, kinds);
	address_kinds(c, r, kinds);
	float_kinds(c, r, kinds);
	count(kinds, KIND_DIVIDE, r->outcome == OUTCOME_FAULT &&
	      r->trap.vector == ISAHP_VECTOR_DE);
	if (r->outcome != OUTCOME_DONE)
		return;
	count(kinds, KIND_CODE_32, c->code.mode == ISAHP_CODE_32);
	operand_kinds(c, kinds);
}
