// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include "finish.h"
#include "own_fault.h"
#include "own_memory.h"
#include "signal_bytes.h"
#include "signal_frame.h"
#include "signal_pass.h"

/* What one signal may carry out in a row; others wait for it. */
#define RUN 64

#define FLAG_TF 0x100
#define CODE_64 0x33
#define VECTOR_DB 1
#define VECTOR_XM 19

struct isahp_finishing isahp_finishing = {
	.address_bits = 48,
};

static void count(uint64_t *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* --- what is emulated ----------------------------------------------------- */

struct isahp_features isahp_finish_absent(void)
{
	struct isahp_features set;
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		set.word[i] = __atomic_load_n(&isahp_finishing.absent.word[i], __ATOMIC_RELAXED);
	return set;
}

/* Not what is silent: LZCNT and TZCNT would go on to compute something else. */
void isahp_finish_look(void)
{
	struct isahp_features all = isahp_features_known(), silent, here;
	unsigned int i;

	silent = isahp_features_of_class(ISAHP_CLASS_SILENT);
	here = isahp_cpuid_features();
	here = isahp_features_enabled(&here, isahp_cpuid_xcr0());
	all = isahp_features_andnot(&all, &silent);
	all = isahp_features_andnot(&all, &here);
	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		__atomic_or_fetch(&isahp_finishing.absent.word[i], all.word[i],
				  __ATOMIC_RELAXED);
}

static bool is_ours(const struct isahp_features *needs)
{
	struct isahp_features absent;

	if (isahp_finishing.named)
		return isahp_features_meet(needs, &isahp_finishing.chosen);
	absent = isahp_finish_absent();
	if (isahp_features_meet(needs, &absent))
		return true;
	isahp_finish_look();
	absent = isahp_finish_absent();
	return isahp_features_meet(needs, &absent);
}

struct isahp_features isahp_finish_some(void)
{
	struct isahp_features all = isahp_features_none(), needs;
	unsigned int i, size;

	for (i = 0; i < isahp_form_count; i++) {
		if (!isahp_emulate_executes(isahp_forms[i].operation))
			continue;
		for (size = 16; size <= 64; size *= 2) {
			needs = isahp_form_features(&isahp_forms[i], size);
			all = isahp_features_or(&all, &needs);
		}
	}
	return all;
}

/* --- one signal ----------------------------------------------------------- */

/**
 * struct work - a signal at work
 * @frame: its registers.
 * @e: the instruction.
 */
struct work {
	struct isahp_signal_frame frame;
	struct isahp_emulation e;
};

static enum isahp_emulated carry_out(struct work *w)
{
	struct isahp_emulation *e = &w->e;
	struct isahp_features needs;
	enum isahp_emulated r;

	e->count = (unsigned char)isahp_own_memory_fetch(e->regs->rip, e->bytes,
							 sizeof(e->bytes));
	if (isahp_instruction_decode(e->bytes, e->count, ISAHP_CODE_64,
				     &e->instruction) != ISAHP_DECODED)
		return ISAHP_EMULATE_FOREIGN;
	needs = isahp_instruction_features(&e->instruction);
	if (isahp_features_empty(&needs) || !is_ours(&needs) ||
	    !isahp_signal_frame_load(&w->frame, &e->instruction, &needs))
		return ISAHP_EMULATE_FOREIGN;
	r = isahp_emulate_instruction(e, &e->instruction);
	if (r == ISAHP_EMULATE_DONE) {
		count(&isahp_finishing.instructions);
		count(&isahp_finishing.by_feature[isahp_instruction_feature(&e->instruction)]);
	}
	return r;
}

/* What the first instruction ended in; others that follow it are a bonus. */
static enum isahp_emulated work_do(struct work *w)
{
	bool is_stepped = w->frame.regs.rflags & FLAG_TF;
	enum isahp_emulated r = carry_out(w);
	unsigned int i;

	if (r != ISAHP_EMULATE_DONE)
		return r;
	for (i = 1; i < RUN && !is_stepped; i++)
		if (carry_out(w) != ISAHP_EMULATE_DONE)
			break;
	isahp_signal_frame_store(&w->frame);
	return r;
}

static bool find_fault(struct work *w, enum isahp_emulated outcome,
		       struct isahp_own_fault *ret)
{
	const struct isahp_registers *regs = &w->frame.regs;

	if (outcome == ISAHP_EMULATE_UNREACHED)
		return isahp_own_fault_page(w->e.address,
					    w->e.access == ISAHP_ACCESS_STORE, ret);
	/* Flags are raised, and nothing else has happened. */
	if (outcome == ISAHP_EMULATE_FAULT && w->e.vector == VECTOR_XM && regs->simd)
		isahp_signal_frame_store(&w->frame);
	isahp_own_fault_vector(outcome == ISAHP_EMULATE_DONE ? VECTOR_DB : w->e.vector,
			       regs->rip, regs->simd ? regs->simd->mxcsr : 0, ret);
	return true;
}

enum answer {
	FOREIGN,
	FINISHED,
	FAULTED,
};

static enum answer answer(ucontext_t *context, struct isahp_own_fault *ret)
{
	struct work w = {
		.e.mode = ISAHP_CODE_64,
		.e.address_bits = isahp_finishing.address_bits,
		.e.untag_mask = ~0ULL,
		.e.ops = &isahp_own_memory,
	};
	enum isahp_emulated outcome;

	isahp_signal_frame_open(&w.frame, context);
	w.e.regs = &w.frame.regs;
	outcome = work_do(&w);
	if (outcome == ISAHP_EMULATE_FOREIGN)
		return FOREIGN;
	if (outcome == ISAHP_EMULATE_DONE && !(w.frame.regs.rflags & FLAG_TF))
		return FINISHED;
	return find_fault(&w, outcome, ret) ? FAULTED : FINISHED;
}

/* An undefined instruction of 64-bit code, told of by the kernel. */
static bool is_undefined(const siginfo_t *info, const ucontext_t *context)
{
	const greg_t *g = context->uc_mcontext.gregs;

	return info->si_signo == SIGILL && info->si_code == ILL_ILLOPN &&
	       (g[REG_CSGSFS] & 0xffff) == CODE_64 &&
	       (greg_t)info->si_addr == g[REG_RIP];
}

/* The stack of answer() is given back before a handler is called. */
bool isahp_finish(siginfo_t *info, ucontext_t *context)
{
	struct isahp_own_fault fault;
	enum answer a = FOREIGN;
	int error = errno;

	count(&isahp_finishing.traps);
	if (is_undefined(info, context))
		a = answer(context, &fault);
	errno = error;
	if (a == FOREIGN)
		count(&isahp_finishing.foreign);
	if (a == FAULTED) {
		count(&isahp_finishing.faults);
		isahp_signal_raise(&fault, context);
	}
	return a != FOREIGN;
}

struct isahp_features isahp_finish_whole(void)
{
	return isahp_emulate_features(true);
}
