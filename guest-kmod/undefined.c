// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <asm/cpufeature.h>
#include <asm/ptrace.h>
#include <asm/trapnr.h>
#include <isa-core/cpuid.h>
#include <isa-core/emulate.h>
#include <isa-core/features.h>
#include "ahead.h"
#include "boot.h"
#include "compat.h"
#include "errand.h"
#include "figures.h"
#include "gpr.h"
#include "policy.h"
#include "raise.h"
#include "stepping.h"
#include "trapped.h"
#include "undefined.h"
#include "usermem.h"
#include "vectors.h"

#define INT3 0xcc

/*
 * What has existed in this guest's life and can be emulated. That one of these
 * instructions raised #UD says better than any record that its feature is not
 * there now: a move may not have been announced, and CPUID may be that of
 * another host by now.
 *
 * Written by the guest's thread and init, read in #UD: each word by itself.
 */
static struct isahp_features ours;
static bool armed;

/* Of these something can be emulated; written by init. */
static struct isahp_features can;

/* --- the thread's state -------------------------------------------------- */

static void registers_load(struct isahp_registers *r, struct pt_regs *regs)
{
	unsigned int i;

	for (i = 0; i < ISAHP_GPRS; i++)
		r->gpr[i] = *isahp_gpr(regs, i);
	r->rip = regs->ip;
	r->rflags = regs->flags;
	r->simd = NULL;
}

/* RF, set in the image of a fault, is clear once an instruction is through. */
static void registers_store(const struct isahp_registers *r, struct pt_regs *regs)
{
	unsigned int i;

	for (i = 0; i < ISAHP_GPRS; i++)
		*isahp_gpr(regs, i) = r->gpr[i];
	regs->ip = r->rip;
	regs->flags = r->rflags & ~(u64)X86_EFLAGS_RF;
}

/* Code segments of a local table have a base, maybe 16 bits: not ours. */
static bool code_mode(struct pt_regs *regs, enum isahp_code_mode *ret)
{
	if (user_64bit_mode(regs)) {
		*ret = ISAHP_CODE_64;
		return true;
	}
	*ret = ISAHP_CODE_32;
	return regs->cs == __USER32_CS;
}

/* --- #UD ----------------------------------------------------------------- */

static void ours_now(struct isahp_features *ret)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		ret->word[i] = READ_ONCE(ours.word[i]);
}

/* Of a decoded instruction. */
static bool is_ours(const struct isahp_emulation *e)
{
	const struct isahp_instruction *in = &e->instruction;

	return isahp_emulate_executes(isahp_instruction_operation(in)) &&
	       isahp_features_has(&e->features, isahp_instruction_feature(in));
}

/* The policy is SIGILL: count it, tell of it, and let it go its way. */
static void let_through(struct isahp_emulation *e)
{
	struct isahp_trapped_view view;
	struct isahp_errand *w;
	u8 feature;

	if (isahp_instruction_decode(e->bytes, e->count, e->mode,
				     &e->instruction) != ISAHP_DECODED)
		return;
	if (!is_ours(e))
		return;
	feature = isahp_instruction_feature(&e->instruction);
	isahp_figure_count(ISAHP_FIGURE_undefined_signalled);
	view = isahp_trapped_count(feature, 0, 0);
	w = view.news ? isahp_errand_get() : NULL;
	if (!w)
		return;
	*w = (struct isahp_errand){
		.feature = feature,
		.note = true,
		.policy = ISAHP_UNDEFINED_SIGNAL,
	};
	isahp_errand_queue(w);
}

/* What is left to be done after it, if anything. */
static struct isahp_errand rest_of(const struct isahp_emulation *e,
				   enum isahp_emulated outcome,
				   const struct pt_regs *regs)
{
	struct isahp_errand rest = {
		.outcome = outcome,
		.ip = regs->ip,
		.feature = isahp_instruction_feature(&e->instruction),
	};

	if (outcome != ISAHP_EMULATE_UNREACHED && outcome != ISAHP_EMULATE_FAULT)
		return rest;
	rest.address = e->address;
	rest.access = e->access;
	rest.vector = e->vector;
	/* Flags of floating point are set where nothing else is written. */
	if (outcome == ISAHP_EMULATE_FAULT && e->vector == X86_TRAP_XF) {
		rest.mxcsr = e->regs->simd->mxcsr;
		rest.address = isahp_stepping_address(regs);
	}
	return rest;
}

static void count(const struct isahp_emulation *e, const struct isahp_ahead *ran)
{
	isahp_figure_count(ISAHP_FIGURE_undefined_emulated);
	isahp_figure_add(ISAHP_FIGURE_undefined_instructions, ran->instructions);
	isahp_figure_add(ISAHP_FIGURE_undefined_native, ran->native);
	if (e->regs->simd)
		isahp_figure_count(ISAHP_FIGURE_undefined_vectors);
}

/*
 * Registers are what they have become; a fault is to be raised where one may
 * sleep, whereupon its instruction is begun anew.
 */
static void settle(struct isahp_emulation *e, struct pt_regs *regs,
		   enum isahp_emulated outcome, const struct isahp_ahead *ran,
		   unsigned int policy, struct isahp_errand *w, u64 since)
{
	bool step = w && ran->instructions;
	struct isahp_trapped_view view;
	struct isahp_errand rest;
	bool xm = outcome == ISAHP_EMULATE_FAULT && e->vector == X86_TRAP_XF;

	if (e->regs->simd && (ran->instructions || xm))
		isahp_vectors_store(e->regs->simd);
	if (ran->instructions) {
		count(e, ran);
		registers_store(e->regs, regs);
	}
	rest = rest_of(e, outcome, regs);
	if (ran->instructions) {
		isahp_stepping_over();
		rest.instructions = ran->instructions;
		rest.ns = local_clock() - since;
		view = isahp_trapped_count(rest.feature, rest.instructions,
					   rest.ns);
		rest.note = view.news ||
			    (policy == ISAHP_UNDEFINED_WARN && view.warning);
		rest.policy = policy;
		rest.step = step;
		rest.grow = isahp_ahead_wants_memory();
	}
	if (outcome == ISAHP_EMULATE_DONE && !rest.note && !rest.grow && !step)
		return;
	if (!w)
		w = isahp_errand_get();
	if (!w) {
		if (outcome != ISAHP_EMULATE_DONE)
			isahp_figure_count(ISAHP_FIGURE_undefined_retried);
		return;
	}
	if (outcome != ISAHP_EMULATE_DONE)
		isahp_figure_count(outcome == ISAHP_EMULATE_FAULT ?
					   ISAHP_FIGURE_undefined_faults :
					   ISAHP_FIGURE_undefined_slow);
	*w = rest;
	isahp_errand_queue(w);
}

/*
 * isahp_emulate(), and what follows if that may be; with vector registers at hand
 * where they are needed and not where they are not: to get at them costs more
 * than most instructions.
 */
static enum isahp_emulated carry_out(struct isahp_emulation *e,
				     const struct pt_regs *regs,
				     struct isahp_ahead *ran)
{
	enum isahp_emulated outcome;

	switch (isahp_instruction_decode(e->bytes, e->count, e->mode,
					 &e->instruction)) {
	case ISAHP_DECODED:
		break;
	case ISAHP_DECODED_SHORT:
		return isahp_emulate(e);
	default:
		return ISAHP_EMULATE_FOREIGN;
	}
	if (!is_ours(e))
		return ISAHP_EMULATE_FOREIGN;
	if (isahp_emulate_needs_simd(isahp_instruction_form(&e->instruction)))
		e->regs->simd = isahp_vectors_load();
	if (isahp_ahead_may())
		return isahp_ahead_run(e, regs, ran);
	outcome = isahp_emulate_instruction(e, &e->instruction);
	ran->instructions = outcome == ISAHP_EMULATE_DONE;
	return outcome;
}

static bool emulate(struct isahp_emulation *e, struct pt_regs *regs,
		    unsigned int policy, u64 since)
{
	struct isahp_ahead ran = { 0 };
	struct isahp_errand *w = NULL;
	enum isahp_emulated outcome;

	/* A debugger must hear of each instruction: no work item, no step. */
	if (isahp_stepping_must(regs)) {
		w = isahp_errand_get();
		if (!w) {
			isahp_figure_count(ISAHP_FIGURE_undefined_retried);
			return true;
		}
	}
	outcome = carry_out(e, regs, &ran);
	if (outcome == ISAHP_EMULATE_FOREIGN) {
		isahp_errand_put(w);
		return false;
	}
	settle(e, regs, outcome, &ran, policy, w, since);
	return true;
}

bool isahp_undefined_handle(struct pt_regs *regs)
{
	struct isahp_registers r;
	struct isahp_emulation e = {
		.address_bits = boot_cpu_has(X86_FEATURE_LA57) ? 57 : 48,
		.regs = &r,
		.ops = &isahp_usermem_ops,
	};
	unsigned int policy;
	bool handled;
	u64 since;

	if (!READ_ONCE(armed) || !code_mode(regs, &e.mode))
		return false;
	since = local_clock();
	e.count = isahp_usermem_fetch(regs->ip, e.bytes, sizeof(e.bytes));
	/* A breakpoint raises no #UD: somebody has put it there just now. */
	if (e.count && e.bytes[0] == INT3)
		return true;
	ours_now(&e.features);
	policy = isahp_policy_current(isahp_trapped_policy());
	if (policy == ISAHP_UNDEFINED_SIGNAL) {
		let_through(&e);
		return false;
	}
	e.untag_mask = isahp_untag_mask();
	registers_load(&r, regs);
	handled = emulate(&e, regs, policy, since);
	if (handled)
		isahp_figure_add(ISAHP_FIGURE_undefined_ns, local_clock() - since);
	return handled;
}

/* --- init and exit ------------------------------------------------------- */

/*
 * Features of which something is carried out. Silent ones are not among them:
 * where one is missing, what did not trap has computed something else, and to
 * keep such a program alive is no help.
 */
static struct isahp_features carried_out(void)
{
	struct isahp_features silent = isahp_features_of_class(ISAHP_CLASS_SILENT);
	struct isahp_features all = isahp_features_none();
	unsigned int i, size, feature;

	for (i = 0; i < isahp_form_count; i++) {
		if (!isahp_emulate_executes(isahp_forms[i].operation))
			continue;
		for (size = 16; size <= 64; size *= 2) {
			feature = isahp_form_feature(&isahp_forms[i], size);
			if (feature != ISAHP_FEATURE_NONE)
				isahp_features_add(&all, feature);
		}
	}
	return isahp_features_andnot(&all, &silent);
}

void isahp_undefined_seen(const struct isahp_features *present)
{
	struct isahp_features now = isahp_features_and(&can, present);
	struct isahp_features visible = isahp_cpuid_features();
	unsigned int i;

	/* What CPUID hides is there if a record says so, and the other way round. */
	visible = isahp_features_or(&visible, present);
	isahp_ahead_present(&visible);

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		WRITE_ONCE(ours.word[i], ours.word[i] | now.word[i]);
	if (!isahp_features_empty(&now))
		WRITE_ONCE(armed, true);
}

void isahp_undefined_init(void)
{
	struct isahp_features visible = isahp_cpuid_features();

	isahp_errand_init();
	isahp_raise_init();
	isahp_vectors_init();
	isahp_ahead_init();
	can = carried_out();
	/* The module may be loaded long after a move took it away. */
	isahp_undefined_seen(isahp_boot_features());
	isahp_undefined_seen(&visible);
}

void isahp_undefined_exit(void)
{
	WRITE_ONCE(armed, false);
	/*
	 * Whoever saw it true is in #UD, which RCU watches. Work holds a reference
	 * to the module: there is none, but one may be just about to return.
	 */
	synchronize_rcu();
	synchronize_rcu_tasks();
	isahp_ahead_exit();
}
