// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is known at an instruction is what is known on each path to it: a state
 * starts as that of the first path, and each other one can only take from it,
 * so that it ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nonzero.h"

#define NO_REGISTER 255
/* Instructions behind a TZCNT that are searched for who looks at its flags. */
#define LOOK_AHEAD 16
#define ZF_CF (ZYDIS_CPUFLAG_ZF | ZYDIS_CPUFLAG_CF)

/**
 * struct state - what is known
 * @reached: there is a path.
 * @nonzero: by register: it is not zero, and
 * @nonzero_low: its low half is not zero.
 * @tested: ZF says whether this register is zero, or NO_REGISTER;
 * @tested_low: or whether its low half is.
 */
struct state {
	bool reached;
	bool tested_low;
	uint8_t tested;
	uint16_t nonzero;
	uint16_t nonzero_low;
};

struct walk {
	struct code *code;
	size_t *budget;
	struct state *states;
	uint32_t *queue;
	bool *queued;
	size_t queue_count;
};

/* A general register's number and width in bits; false: is none. */
static bool general(const ZydisDecodedOperand *o, uint8_t *ret_number,
		    unsigned int *ret_width)
{
	ZydisRegister r;

	if (o->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return false;
	r = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64,
					     o->reg.value);
	if (ZydisRegisterGetClass(r) != ZYDIS_REGCLASS_GPR64)
		return false;
	*ret_number = (uint8_t)ZydisRegisterGetId(r);
	*ret_width = o->size;
	return *ret_number < 16;
}

static void forget(struct state *s, uint8_t number)
{
	s->nonzero &= (uint16_t)~(1U << number);
	s->nonzero_low &= (uint16_t)~(1U << number);
	if (s->tested == number)
		s->tested = NO_REGISTER;
}

/* Something of at most 32 bits that is not zero: the low half is not. */
static void learn(struct state *s, uint8_t number, unsigned int width)
{
	s->nonzero |= (uint16_t)(1U << number);
	if (width <= 32)
		s->nonzero_low |= (uint16_t)(1U << number);
}

static void learn_tested(struct state *s)
{
	if (s->tested != NO_REGISTER)
		learn(s, s->tested, s->tested_low ? 32 : 64);
}

/* ZF is set when, and only when, the first operand's new value is zero. */
static bool sets_zf_by_result(const ZydisDecodedInstruction *in)
{
	switch (in->mnemonic) {
	case ZYDIS_MNEMONIC_AND:
	case ZYDIS_MNEMONIC_OR:
	case ZYDIS_MNEMONIC_XOR:
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_INC:
	case ZYDIS_MNEMONIC_DEC:
	case ZYDIS_MNEMONIC_NEG:
	case ZYDIS_MNEMONIC_ANDN:
	case ZYDIS_MNEMONIC_BLSR:
	case ZYDIS_MNEMONIC_BLSI:
		return true;
	default:
		return false;
	}
}

static bool same_register(const ZydisDecodedOperand *o)
{
	return o[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       o[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       o[0].reg.value == o[1].reg.value;
}

static bool is_zero(const ZydisDecodedOperand *o)
{
	return o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !o->imm.value.u;
}

/* Comparisons of a register with zero, or results that set ZF. */
static bool tests(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *o)
{
	if (in->mnemonic == ZYDIS_MNEMONIC_TEST)
		return same_register(o);
	if (in->mnemonic == ZYDIS_MNEMONIC_CMP)
		return is_zero(&o[1]);
	return sets_zf_by_result(in);
}

static uint32_t touched(const ZydisDecodedInstruction *in)
{
	const ZydisAccessedFlags *f = in->cpu_flags;

	return f ? f->modified | f->set_0 | f->set_1 | f->undefined : 0;
}

static void forget_written(struct state *s, const ZydisDecodedInstruction *in,
			   const ZydisDecodedOperand *o)
{
	unsigned int i, width;
	uint8_t number;

	for (i = 0; i < in->operand_count; i++)
		if ((o[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
		    general(&o[i], &number, &width))
			forget(s, number);
	if (touched(in) & ZYDIS_CPUFLAG_ZF)
		s->tested = NO_REGISTER;
}

/* MOV of a register or of a constant. Of 32 bits the upper half becomes zero. */
static void move(struct state *s, const struct state *before,
		 const ZydisDecodedOperand *o, uint8_t to, unsigned int width)
{
	unsigned int from_width;
	uint8_t from;

	if (width < 32)
		return;
	if (o[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !is_zero(&o[1]))
		learn(s, to, (uint32_t)o[1].imm.value.u ? 32 : 64);
	if (!general(&o[1], &from, &from_width))
		return;
	if (before->nonzero_low >> from & 1)
		learn(s, to, 32);
	else if (width == 64 && (before->nonzero >> from & 1))
		learn(s, to, 64);
}

static void transfer(struct state *s, const ZydisDecodedInstruction *in,
		     const ZydisDecodedOperand *o)
{
	struct state before = *s;
	unsigned int width;
	uint8_t number;

	forget_written(s, in, o);
	if (in->operand_count < 2 || !general(&o[0], &number, &width))
		return;
	if (in->mnemonic == ZYDIS_MNEMONIC_MOV)
		move(s, &before, o, number, width);
	if (in->mnemonic == ZYDIS_MNEMONIC_OR && !is_zero(&o[1]) &&
	    o[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		learn(s, number, 32);
	if (tests(in, o)) {
		s->tested = number;
		s->tested_low = width <= 32;
	}
}

/* What is known on one path taken away from what was known on the others. */
static bool meet(struct state *s, const struct state *more)
{
	struct state old = *s;

	if (!s->reached) {
		*s = *more;
		s->reached = true;
		return true;
	}
	s->nonzero &= more->nonzero;
	s->nonzero_low &= more->nonzero_low;
	if (s->tested != more->tested || s->tested_low != more->tested_low)
		s->tested = NO_REGISTER;
	return old.nonzero != s->nonzero || old.nonzero_low != s->nonzero_low ||
	       old.tested != s->tested;
}

static int arrive(struct walk *w, uint64_t address, const struct state *s)
{
	const struct code_node *node = code_node_at(w->code, address);
	size_t index;

	if (!node)
		return 0;
	index = (size_t)(node - w->code->nodes);
	if (!meet(&w->states[index], s) || w->queued[index])
		return 0;
	if (!*w->budget)
		return -E2BIG;
	--*w->budget;
	w->queued[index] = true;
	w->queue[w->queue_count++] = (uint32_t)index;
	return 0;
}

static int go_on(struct walk *w, const struct code_node *node,
		 const ZydisDecodedInstruction *in, const struct state *s)
{
	static const struct state nothing = { .tested = NO_REGISTER };
	struct state next = *s, target = *s;
	uint32_t i;
	int rc = 0;

	if (*w->budget < node->table_count)
		return -E2BIG;
	*w->budget -= node->table_count;
	if (in->mnemonic == ZYDIS_MNEMONIC_JNZ)
		learn_tested(&target);
	if (in->mnemonic == ZYDIS_MNEMONIC_JZ)
		learn_tested(&next);
	/* A callee may do anything. */
	if (in->meta.category == ZYDIS_CATEGORY_CALL)
		next = nothing;
	if (node->next != CODE_NOWHERE)
		rc = arrive(w, node->next, &next);
	if (!rc && node->target != CODE_NOWHERE)
		rc = arrive(w, node->target, &target);
	if (!rc && node->call != CODE_NOWHERE)
		rc = arrive(w, node->call, &nothing);
	for (i = 0; !rc && i < node->table_count; i++)
		rc = arrive(w, w->code->targets[node->table + i], s);
	return rc;
}

/* Does somebody look at ZF or CF before it is written again? */
static bool flags_are_used(const struct code *code, const struct code_node *node)
{
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;
	uint32_t live = ZF_CF;
	unsigned int i;

	for (i = 0; i < LOOK_AHEAD; i++) {
		/* The only path: a branch of two is one of them that look. */
		node = code_node_at(code, node->next != CODE_NOWHERE ?
						  node->next : node->target);
		if (!node || !code_decode(code, node->address, &in, o))
			return true;
		if (in.cpu_flags && (in.cpu_flags->tested & live))
			return true;
		live &= ~touched(&in);
		/* No ABI passes flags to a callee, or back. */
		if (!live || node->leaves || node->call != CODE_NOWHERE)
			return false;
		if ((node->next != CODE_NOWHERE) == (node->target != CODE_NOWHERE))
			return true;
	}
	return true;
}

static void judge(struct walk *w, struct code_node *node, const struct state *s)
{
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;
	unsigned int width;
	uint8_t number;

	if (!code_decode(w->code, node->address, &in, o) ||
	    !general(&o[1], &number, &width) || width < 32)
		return;
	node->harmless = ((width == 32 ? s->nonzero_low : s->nonzero) >> number & 1) &&
			 !flags_are_used(w->code, node);
}

static int run(struct walk *w, uint64_t entry)
{
	static const struct state nothing = { .tested = NO_REGISTER };
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;
	struct code_node *node;
	struct state s;
	uint32_t index;
	size_t i;
	int rc = arrive(w, entry, &nothing);

	while (!rc && w->queue_count) {
		index = w->queue[--w->queue_count];
		w->queued[index] = false;
		node = &w->code->nodes[index];
		if (!code_decode(w->code, node->address, &in, o))
			continue;
		s = w->states[index];
		transfer(&s, &in, o);
		rc = go_on(w, node, &in, &s);
	}
	for (i = 0; !rc && i < w->code->node_count; i++)
		if (w->code->nodes[i].silent)
			judge(w, &w->code->nodes[i], &w->states[i]);
	return rc;
}

int nonzero_find(struct code *code, uint64_t entry, size_t *budget)
{
	struct walk w = { .code = code, .budget = budget };
	size_t i;
	int rc = 0;

	for (i = 0; i < code->node_count && !code->nodes[i].silent; i++)
		;
	if (i == code->node_count)
		return 0;
	w.states = calloc(code->node_count, sizeof(*w.states));
	w.queue = calloc(code->node_count, sizeof(*w.queue));
	w.queued = calloc(code->node_count, sizeof(*w.queued));
	rc = w.states && w.queue && w.queued ? run(&w, entry) : -ENOMEM;
	free(w.states);
	free(w.queue);
	free(w.queued);
	return rc;
}
