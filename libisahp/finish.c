// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <isa-core/cpuid.h>
#include <isa-core/features.h>
#include "ahead.h"
#include "finish.h"
#include "own_fault.h"
#include "own_memory.h"
#include "signal_bytes.h"
#include "signal_frame.h"
#include "signal_pass.h"

#define FLAG_TF 0x100
#define CODE_64 0x33
#define VECTOR_DB 1
#define VECTOR_XM 19

struct isahp_finishing isahp_finishing = {
	.address_bits = 48,
};

static void count(uint64_t *counter, uint64_t by)
{
	__atomic_add_fetch(counter, by, __ATOMIC_RELAXED);
}

/* --- what is emulated ----------------------------------------------------- */

static struct isahp_features load(const struct isahp_features *words)
{
	struct isahp_features set;
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		set.word[i] = __atomic_load_n(&words->word[i], __ATOMIC_RELAXED);
	return set;
}

struct isahp_features isahp_finish_absent(void)
{
	return load(&isahp_finishing.absent);
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
	for (i = 0; i < ISAHP_FEATURE_WORDS; i++) {
		__atomic_or_fetch(&isahp_finishing.absent.word[i], all.word[i],
				  __ATOMIC_RELAXED);
		__atomic_store_n(&isahp_finishing.present.word[i], here.word[i],
				 __ATOMIC_RELAXED);
	}
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

/* What was seen to be missing counts as missing, also where it is back. */
static bool run_ahead(struct work *w, struct isahp_ahead_run *ret)
{
	struct isahp_features present = load(&isahp_finishing.present);

	w->e.features = isahp_finishing.named ? isahp_finishing.chosen :
						isahp_finish_absent();
	present = isahp_features_andnot(&present, &w->e.features);
	if (isahp_ahead_run(&w->frame, &w->e, &present, ret))
		return true;
	w->e.ops = &isahp_own_memory;
	return false;
}

static void note(unsigned int feature, const struct isahp_ahead_run *done)
{
	count(&isahp_finishing.instructions, done->emulated);
	count(&isahp_finishing.by_feature[feature], 1);
	if (done->instructions == 1)
		return;
	count(&isahp_finishing.runs, 1);
	count(&isahp_finishing.native, done->instructions - done->emulated);
}

/*
 * A run ends before what would fault: that traps by itself then, if it is not
 * left to the CPU, and is the first of the next signal.
 */
static enum isahp_emulated carry_out(struct work *w)
{
	struct isahp_ahead_run done = { .instructions = 1, .emulated = 1 };
	struct isahp_emulation *e = &w->e;
	enum isahp_emulated r = ISAHP_EMULATE_DONE;
	struct isahp_instruction first;
	struct isahp_features needs;

	e->count = (unsigned char)isahp_own_memory_fetch(e->regs->rip, e->bytes,
							 sizeof(e->bytes));
	if (isahp_instruction_decode(e->bytes, e->count, ISAHP_CODE_64, &first) !=
	    ISAHP_DECODED)
		return ISAHP_EMULATE_FOREIGN;
	needs = isahp_instruction_features(&first);
	if (isahp_features_empty(&needs) || !is_ours(&needs) ||
	    !isahp_signal_frame_load(&w->frame, &first, &needs))
		return ISAHP_EMULATE_FOREIGN;
	if (!run_ahead(w, &done))
		r = isahp_emulate_instruction(e, &first);
	if (r != ISAHP_EMULATE_DONE)
		return r;
	note(isahp_instruction_feature(&first), &done);
	isahp_signal_frame_store(&w->frame);
	return r;
}

static bool find_fault(struct work *w, enum isahp_emulated outcome,
		       struct isahp_own_fault *ret)
{
	const struct isahp_registers *regs = &w->frame.regs;
	int error = errno;
	bool faults;

	if (outcome == ISAHP_EMULATE_UNREACHED) {
		faults = isahp_own_fault_page(w->e.address,
					      w->e.access == ISAHP_ACCESS_STORE, ret);
		errno = error;
		return faults;
	}
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

	bool is_stepped;

	isahp_signal_frame_open(&w.frame, context);
	w.e.regs = &w.frame.regs;
	is_stepped = w.frame.regs.rflags & FLAG_TF;
	outcome = carry_out(&w);
	if (outcome == ISAHP_EMULATE_FOREIGN)
		return FOREIGN;
	if (outcome == ISAHP_EMULATE_DONE && !is_stepped)
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

	count(&isahp_finishing.traps, 1);
	if (is_undefined(info, context))
		a = answer(context, &fault);
	if (a == FOREIGN)
		count(&isahp_finishing.foreign, 1);
	if (a == FAULTED) {
		count(&isahp_finishing.faults, 1);
		isahp_signal_raise(&fault, context);
	}
	return a != FOREIGN;
}

struct isahp_features isahp_finish_whole(void)
{
	return isahp_emulate_features(true);
}
