// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "exec_fast.h"
#include "features.h"

/* --- blocks --------------------------------------------------------------- */

static bool is_vacant(const struct isahp_run *run, const struct isahp_run_block *b)
{
	return !b->steps || b->generation != run->generation;
}

/* Where a block is, or should be: one of two neighbours, so that hot ones which meet
 * are not decoded in turns. */
static struct isahp_run_block *slot_of(const struct isahp_run *run, __u64 rip)
{
	/* Knuth's multiplicative hash: instructions have any address. */
	__u64 hash = rip * 0x9e3779b97f4a7c15ULL;
	size_t i = run->blocks_log2 ? hash >> (64 - run->blocks_log2) : 0;
	struct isahp_run_block *b = &run->blocks[i];
	struct isahp_run_block *other = run->blocks_log2 ? &run->blocks[i ^ 1] : b;

	if (b->rip == rip && !is_vacant(run, b))
		return b;
	if (other->rip == rip && !is_vacant(run, other))
		return other;
	return is_vacant(run, b) || !is_vacant(run, other) ? b : other;
}

static __u64 next_of(const struct isahp_emulation *e, __u64 rip,
		     const struct isahp_instruction *in)
{
	__u64 next = rip + in->length;

	return exec_is_64(e) ? next : (__u32)next;
}

static bool is_subset(const struct isahp_features *of, const struct isahp_features *set)
{
	struct isahp_features rest = isahp_features_andnot(of, set);

	return isahp_features_empty(&rest);
}

/* Whoever goes elsewhere is the last of its block. */
static bool ends_block(const struct isahp_instruction *in)
{
	unsigned int operation = isahp_instruction_operation(in);

	switch (operation) {
	case ISAHP_OP_CALL:
	case ISAHP_OP_JMP:
	case ISAHP_OP_JRCXZ:
	case ISAHP_OP_LOOP:
	case ISAHP_OP_LOOPE:
	case ISAHP_OP_LOOPNE:
	case ISAHP_OP_RET:
		return true;
	default:
		return operation >= ISAHP_OP_JO && operation <= ISAHP_OP_JNLE;
	}
}

/* What stores to a shadow stack, or reads it. */
static bool uses_shadow_stack(const struct isahp_instruction *in)
{
	unsigned int operation = isahp_instruction_operation(in);

	return operation == ISAHP_OP_CALL || operation == ISAHP_OP_RET;
}

enum isahp_emulated isahp_run_instruction(struct isahp_emulation *e,
					  const struct isahp_instruction *in)
{
	struct isahp_run_step step = { .in = *in };
	enum isahp_emulated r;

	if (!isahp_exec_fast_set(&step, e->mode))
		return ISAHP_EMULATE_FOREIGN;
	e->next = next_of(e, e->regs->rip, in);
	e->lazy.pending = false;
	r = step.function[ISAHP_RUN_ALONE](e, &step.in);
	isahp_exec_fast_settle(e);
	if (r == ISAHP_EMULATE_DONE)
		e->regs->rip = e->next;
	return r;
}

/* False: not to be carried out. */
static bool set_step(const struct isahp_run *run, const struct isahp_emulation *e,
		     __u64 rip, struct isahp_run_step *step)
{
	struct isahp_features need = isahp_instruction_features(&step->in);
	struct isahp_features can = isahp_features_or(&run->present, &e->features);

	step->next = next_of(e, rip, &step->in);
	step->native = is_subset(&need, &run->present);
	if (run->shadow_stack && uses_shadow_stack(&step->in))
		return false;
	return is_subset(&need, &can) && isahp_exec_fast_set(step, e->mode);
}

static size_t fetch_all(struct isahp_emulation *e, __u64 rip, __u8 *code, size_t size)
{
	const struct isahp_emulate_ops *ops = e->ops;

	return (ops->fetch ?: ops->load)(e->env, rip, code, size);
}

static size_t fetch(struct isahp_emulation *e, __u64 rip, __u8 *code, size_t size)
{
	size_t reached = fetch_all(e, rip, code, size);

	/* Nothing was loaded if not all could be. */
	if (reached < size && reached)
		reached = fetch_all(e, rip, code, reached);
	return reached < size ? reached : size;
}

static void count_native(struct isahp_run_block *b)
{
	unsigned int i, row = 0;

	b->emulated = 0;
	b->native_most = 0;
	for (i = 0; i < b->steps; i++) {
		row = b->step[i].native ? row + 1 : 0;
		if (row > b->native_most)
			b->native_most = row;
		if (row == i + 1)
			b->native_first = row;
		b->emulated += !b->step[i].native;
	}
	if (!b->steps || !b->step[0].native)
		b->native_first = 0;
	b->native_last = row;
}

static void drop_steps(struct isahp_run_block *b, unsigned int count)
{
	while (count-- && b->steps > 1)
		b->size -= b->step[--b->steps].in.length;
}

static void decode_block(const struct isahp_run *run, struct isahp_emulation *e,
			 struct isahp_run_block *b)
{
	size_t count = fetch(e, e->regs->rip, b->code, sizeof(b->code));
	struct isahp_run_step *step = b->step;

	b->rip = e->regs->rip;
	b->generation = run->generation;
	b->mode = e->mode;
	b->size = 0;
	b->steps = 0;
	b->sets_tf = false;
	while (b->steps < ISAHP_RUN_STEPS &&
	       isahp_instruction_decode(b->code + b->size, count - b->size, e->mode,
					&step->in) == ISAHP_DECODED &&
	       set_step(run, e, b->rip + b->size, step)) {
		b->size += step->in.length;
		b->steps++;
		if (isahp_instruction_operation(&step->in) == ISAHP_OP_POPF)
			b->sets_tf = true;
		if (ends_block(&step->in))
			break;
		step++;
	}
	/* What would be cut begins the next block. */
	if (b->steps == ISAHP_RUN_STEPS)
		drop_steps(b, isahp_exec_fast_group_at_end(b->step, b->steps));
	count_native(b);
	isahp_exec_fast_group(b->step, b->steps);
}

static bool is_current(const struct isahp_run *run, struct isahp_emulation *e,
		       const struct isahp_run_block *b)
{
	__u8 code[ISAHP_RUN_BYTES];

	if (b->rip != e->regs->rip || b->generation != run->generation ||
	    b->mode != e->mode || !b->steps)
		return false;
	if (run->stable)
		return true;
	return fetch_all(e, b->rip, code, b->size) >= b->size &&
	       !memcmp(code, b->code, b->size);
}

static const struct isahp_run_block *enter_block(const struct isahp_run *run,
						 struct isahp_emulation *e)
{
	struct isahp_run_block *b = slot_of(run, e->regs->rip);

	if (!is_current(run, e, b))
		decode_block(run, e, b);
	e->code = b->rip;
	e->code_size = b->size;
	e->code_changed = false;
	return b;
}

/* There is no instruction in the block: it can not be fetched, or is foreign. */
static enum isahp_run_end no_instruction(struct isahp_emulation *e)
{
	struct isahp_instruction in;
	__u64 rip = e->regs->rip;

	e->count = fetch(e, rip, e->bytes, sizeof(e->bytes));
	if (isahp_instruction_decode(e->bytes, e->count, e->mode, &in) !=
	    ISAHP_DECODED_SHORT)
		return ISAHP_RUN_FOREIGN;
	e->address = exec_is_64(e) ? rip + e->count : (__u32)(rip + e->count);
	e->access = ISAHP_ACCESS_FETCH;
	return ISAHP_RUN_UNREACHED;
}

/* --- the run -------------------------------------------------------------- */

static enum isahp_run_end end_of(enum isahp_emulated r)
{
	switch (r) {
	case ISAHP_EMULATE_UNREACHED:
		return ISAHP_RUN_UNREACHED;
	case ISAHP_EMULATE_FAULT:
		return ISAHP_RUN_FAULT;
	default:
		return ISAHP_RUN_FOREIGN;
	}
}

/* Of a block so many steps are over. */
static void count(struct isahp_run *run, const struct isahp_run_block *b,
		  unsigned int steps)
{
	unsigned int i;

	run->instructions += steps;
	if (steps == b->steps) {
		run->emulated += b->emulated;
		run->in_row = b->emulated ? b->native_last : run->in_row + steps;
		return;
	}
	for (i = 0; i < steps; i++) {
		run->emulated += !b->step[i].native;
		run->in_row = b->step[i].native ? run->in_row + 1 : 0;
	}
}

/* The run does not end within the block unless something happens there. */
static bool is_whole(const struct isahp_run *run, const struct isahp_emulation *e,
		     const struct isahp_run_block *b)
{
	return run->limit - run->instructions > b->steps &&
	       run->native - run->in_row > b->native_first &&
	       run->native > b->native_most && !b->sets_tf &&
	       !(e->regs->rflags & EXEC_FLAG_TF);
}

/*
 * From a step on, to one from which it goes on elsewhere, the same once more, or
 * with what may be other code now; that one is behind the last one then. RIP is told
 * when they are over.
 */
static enum isahp_emulated run_steps(struct isahp_emulation *e,
				     enum isahp_run_way way,
				     const struct isahp_run_step **step,
				     const struct isahp_run_step *end)
{
	const struct isahp_run_step *s = *step;
	enum isahp_emulated r;

	do {
		e->next = s->next;
		r = s->function[way](e, &s->in);
		if (r != ISAHP_EMULATE_DONE)
			break;
		if (s++->stays)
			continue;
		if (e->next != s[-1].next || e->code_changed)
			break;
	} while (s < end);
	if (s > *step)
		e->regs->rip = r == ISAHP_EMULATE_DONE ? e->next : s[-1].next;
	*step = s;
	return r;
}

/* What ends the run after a step, if something does. */
static bool has_ended(const struct isahp_run *run, const struct isahp_emulation *e,
		      enum isahp_run_end *ret)
{
	if (e->regs->rflags & EXEC_FLAG_TF)
		*ret = ISAHP_RUN_STEP;
	else if (run->in_row >= run->native)
		*ret = ISAHP_RUN_NATIVE;
	else if (run->instructions >= run->limit)
		*ret = ISAHP_RUN_LIMIT;
	else
		return false;
	return true;
}

/*
 * Returns false where the run is over. Before that, the block is: it came to its
 * end, or has written into its own code.
 */
static bool run_block(struct isahp_run *run, struct isahp_emulation *e,
		      const struct isahp_run_block *b, enum isahp_run_end *ret)
{
	const struct isahp_run_step *step = b->step, *end = step + b->steps, *from;
	bool whole = is_whole(run, e, b);
	enum isahp_emulated r;

	do {
		from = step;
		r = whole ? run_steps(e, ISAHP_RUN_WHOLE, &step, end) :
			    run_steps(e, ISAHP_RUN_ALONE, &step, step + 1);
		if (whole) {
			count(run, b, step - from);
		} else if (step != from) {
			run->instructions++;
			run->emulated += !from->native;
			run->in_row = from->native ? run->in_row + 1 : 0;
		}
		if (r != ISAHP_EMULATE_DONE) {
			*ret = end_of(r);
			return false;
		}
		if (!whole && has_ended(run, e, ret))
			return false;
	} while (step < end && e->next == step[-1].next && !e->code_changed);
	return true;
}

static enum isahp_run_end run_blocks(struct isahp_run *run, struct isahp_emulation *e,
				     const struct isahp_run_block *b)
{
	enum isahp_run_end end;

	for (;;) {
		if (!b->steps)
			return no_instruction(e);
		if (!run_block(run, e, b, &end))
			return end;
		if (run->stop && run->stop(e->env))
			return ISAHP_RUN_STOPPED;
		/* A loop of one block is frequent. */
		if (!run->stable || e->regs->rip != b->rip || e->code_changed)
			b = enter_block(run, e);
	}
}

enum isahp_run_end isahp_run(struct isahp_run *run, struct isahp_emulation *e)
{
	const struct isahp_run_block *b = enter_block(run, e);
	enum isahp_run_end end;

	if (!run->resumed) {
		run->instructions = 0;
		run->emulated = 0;
		run->in_row = 0;
	}
	e->turns = 1;
	e->lazy.pending = false;
	if (b->steps && !run->resumed)
		e->instruction = b->step[0].in;
	if (b->steps && b->step[0].native && !run->resumed)
		return ISAHP_RUN_FOREIGN;
	if (run->instructions >= run->limit)
		return ISAHP_RUN_LIMIT;
	end = run_blocks(run, e, b);
	isahp_exec_fast_settle(e);
	e->code_size = 0;
	return end;
}

void isahp_run_forget(struct isahp_run *run)
{
	size_t i;

	for (i = 0; i < (size_t)1 << run->blocks_log2; i++)
		run->blocks[i].steps = 0;
}
