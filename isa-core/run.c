// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "exec_fast.h"
#include "features.h"

/* --- blocks --------------------------------------------------------------- */

static struct isahp_run_block *slot_of(const struct isahp_run *run, __u64 rip)
{
	/* Knuth's multiplicative hash: instructions have any address. */
	__u64 hash = rip * 0x9e3779b97f4a7c15ULL;

	return &run->blocks[run->blocks_log2 ? hash >> (64 - run->blocks_log2) : 0];
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

/* The function, NULL if there is none: of what is frequent one of its own. */
static void choose(struct isahp_run_step *step, enum isahp_code_mode mode)
{
	step->function = isahp_exec_fast_arithmetic(&step->in);
	if (!step->function)
		step->function = isahp_exec_fast_move(&step->in);
	if (!step->function)
		step->function = isahp_exec_fast_vector(step, mode);
	if (!step->function)
		step->function = isahp_exec_function(&step->in);
}

enum isahp_emulated isahp_run_instruction(struct isahp_emulation *e,
					  const struct isahp_instruction *in)
{
	struct isahp_run_step step = { .in = *in };
	enum isahp_emulated r;

	choose(&step, e->mode);
	if (!step.function)
		return ISAHP_EMULATE_FOREIGN;
	e->next = e->regs->rip + in->length;
	if (!exec_is_64(e))
		e->next = (__u32)e->next;
	r = step.function(e, &step.in);
	if (r == ISAHP_EMULATE_DONE)
		e->regs->rip = e->next;
	return r;
}

/* False: not to be carried out. */
static bool set_step(const struct isahp_run *run, const struct isahp_emulation *e,
		     struct isahp_run_step *step)
{
	struct isahp_features need = isahp_instruction_features(&step->in);
	struct isahp_features can = isahp_features_or(&run->present, &e->features);

	choose(step, e->mode);
	step->native = is_subset(&need, &run->present);
	if (run->shadow_stack && uses_shadow_stack(&step->in))
		return false;
	return step->function && is_subset(&need, &can);
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
	while (b->steps < ISAHP_RUN_STEPS &&
	       isahp_instruction_decode(b->code + b->size, count - b->size, e->mode,
					&step->in) == ISAHP_DECODED &&
	       set_step(run, e, step)) {
		b->size += step->in.length;
		b->steps++;
		if (ends_block(&step->in))
			break;
		step++;
	}
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

/*
 * Returns false where the run is over. Before that, the block is: it came to its
 * end, or has written into its own code.
 */
static bool run_block(struct isahp_run *run, struct isahp_emulation *e,
		      const struct isahp_run_block *b, enum isahp_run_end *ret)
{
	const struct isahp_run_step *step = b->step, *end = step + b->steps;
	__u32 left = run->limit - run->instructions, native = run->in_row, emulated = 0;
	__u64 mask = exec_is_64(e) ? ~0ULL : (__u32)~0U;
	struct isahp_registers *regs = e->regs;
	__u64 rip = regs->rip, next;
	enum isahp_emulated r;
	bool goes_on = false;

	for (; step < end; step++) {
		next = (rip + step->in.length) & mask;
		e->next = next;
		r = step->function(e, &step->in);
		if (r != ISAHP_EMULATE_DONE) {
			*ret = end_of(r);
			goto out;
		}
		emulated += !step->native;
		native = step->native ? native + 1 : 0;
		left--;
		/* Elsewhere, the same once more, or what is decoded is old. */
		if (e->next != next || e->code_changed) {
			next = e->next;
			end = step + 1;
		}
		/* Not what is in memory: nothing waits for it to be stored. */
		rip = next;
		regs->rip = rip;
		if (regs->rflags & EXEC_FLAG_TF) {
			*ret = ISAHP_RUN_STEP;
			goto out;
		}
		if (native >= run->native) {
			*ret = ISAHP_RUN_NATIVE;
			goto out;
		}
		if (!left) {
			*ret = ISAHP_RUN_LIMIT;
			goto out;
		}
	}
	goes_on = true;
out:
	run->instructions = run->limit - left;
	run->emulated += emulated;
	run->in_row = native;
	return goes_on;
}

enum isahp_run_end isahp_run(struct isahp_run *run, struct isahp_emulation *e)
{
	const struct isahp_run_block *b = enter_block(run, e);
	enum isahp_run_end end = ISAHP_RUN_FOREIGN;

	if (!run->resumed) {
		run->instructions = 0;
		run->emulated = 0;
		run->in_row = 0;
	}
	e->turns = 1;
	if (b->steps && !run->resumed)
		e->instruction = b->step[0].in;
	if (b->steps && b->step[0].native && !run->resumed)
		return ISAHP_RUN_FOREIGN;
	if (run->instructions >= run->limit)
		return ISAHP_RUN_LIMIT;
	for (;;) {
		if (!b->steps)
			return no_instruction(e);
		if (!run_block(run, e, b, &end))
			break;
		if (run->stop && run->stop(e->env)) {
			end = ISAHP_RUN_STOPPED;
			break;
		}
		b = enter_block(run, e);
	}
	e->code_size = 0;
	return end;
}

void isahp_run_forget(struct isahp_run *run)
{
	size_t i;

	for (i = 0; i < (size_t)1 << run->blocks_log2; i++)
		run->blocks[i].steps = 0;
}
