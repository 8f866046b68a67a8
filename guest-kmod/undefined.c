// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/ptrace.h>
#include <asm/trapnr.h>
#include <isa-core/cpuid.h>
#include <isa-core/emulate.h>
#include <isa-core/features.h>
#include "boot.h"
#include "compat.h"
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

/* --- work that may sleep ------------------------------------------------- */

/**
 * struct undefined_work - what is left to be done on the way to user mode
 * @head: task work of the thread that took the #UD.
 * @next: among the free ones.
 * @outcome: ISAHP_EMULATE_UNREACHED or _FAULT: raise it.
 * @ip: where the thread is, if nobody has moved it since.
 * @address: of the access that failed, and
 * @access: what it was.
 * @vector: of the fault,
 * @mxcsr: with its flags if it is #XM.
 * @feature: of the instruction.
 * @note: tell of it,
 * @policy: and what was done.
 * @step: a debugger wants to hear that the instruction is over.
 */
struct undefined_work {
	struct callback_head head;
	struct undefined_work *next;
	enum isahp_emulated outcome;
	unsigned long ip;
	unsigned long address;
	enum isahp_access access;
	u8 vector;
	u32 mxcsr;
	u8 feature;
	bool note;
	u8 policy;
	bool step;
};

/*
 * Nothing can be allocated in #UD, least of all on PREEMPT_RT. An item is in
 * use from there to the thread's way out, before anything sleeps: not for as
 * long as a page fault takes. When there is none left the thread takes its #UD
 * again.
 */
static struct undefined_work works[256];
static struct undefined_work *free_works;
static DEFINE_RAW_SPINLOCK(works_lock);

static struct undefined_work *work_get(void)
{
	struct undefined_work *w;
	unsigned long flags;

	raw_spin_lock_irqsave(&works_lock, flags);
	w = free_works;
	if (w)
		free_works = w->next;
	raw_spin_unlock_irqrestore(&works_lock, flags);
	return w;
}

static void work_put(struct undefined_work *w)
{
	unsigned long flags;

	if (!w)
		return;
	raw_spin_lock_irqsave(&works_lock, flags);
	w->next = free_works;
	free_works = w;
	raw_spin_unlock_irqrestore(&works_lock, flags);
}

/*
 * The CPU executed what the kernel could not read. Gone for a moment, it is
 * back after its page fault. Code that may be executed and not read (protection
 * keys) is nobody's to look into: #UD it is.
 */
static void refetch(struct pt_regs *regs, const struct undefined_work *w)
{
	u8 byte;

	isahp_raise_page_fault(regs, w->address, ISAHP_ACCESS_FETCH);
	if (!signal_pending(current) &&
	    copy_from_user(&byte, (u8 __user *)w->address, sizeof(byte)))
		isahp_raise_undefined(regs);
}

static void work_act(const struct undefined_work *w)
{
	struct pt_regs *regs = task_pt_regs(current);

	if (w->note)
		isahp_trapped_note(w->feature, w->policy);
	if (regs->ip != w->ip)
		return;
	if (w->step)
		isahp_raise_step(regs);
	else if (w->outcome == ISAHP_EMULATE_FAULT && w->vector == X86_TRAP_XF)
		isahp_raise_simd(w->address, w->mxcsr);
	else if (w->outcome == ISAHP_EMULATE_FAULT)
		isahp_raise_vector(w->vector);
	else if (w->outcome != ISAHP_EMULATE_UNREACHED)
		return;
	else if (w->access == ISAHP_ACCESS_FETCH)
		refetch(regs, w);
	else
		isahp_raise_page_fault(regs, w->address, w->access);
}

static void work_run(struct callback_head *head)
{
	struct undefined_work *item = container_of(head, struct undefined_work, head);
	struct undefined_work w = *item;

	work_put(item);
	if (!(current->flags & PF_EXITING) && current->mm)
		work_act(&w);
	module_put(THIS_MODULE);
}

/* The module stays loaded for as long as work is pending or asleep. */
static bool work_queue(struct undefined_work *w)
{
	if (!try_module_get(THIS_MODULE))
		goto err_module;
	init_task_work(&w->head, work_run);
	if (task_work_add(current, &w->head, TWA_RESUME))
		goto err_exiting;
	return true;

err_exiting:
	module_put(THIS_MODULE);
err_module:
	work_put(w);
	return false;
}

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
	struct undefined_work *w;
	u8 feature;

	if (isahp_instruction_decode(e->bytes, e->count, e->mode,
				     &e->instruction) != ISAHP_DECODED)
		return;
	if (!is_ours(e))
		return;
	feature = isahp_instruction_feature(&e->instruction);
	isahp_figure_count(ISAHP_FIGURE_undefined_signalled);
	view = isahp_trapped_count(feature);
	w = view.news ? work_get() : NULL;
	if (!w)
		return;
	*w = (struct undefined_work){
		.feature = feature,
		.note = true,
		.policy = ISAHP_UNDEFINED_SIGNAL,
	};
	work_queue(w);
}

static void finish(struct isahp_emulation *e, struct pt_regs *regs,
		   unsigned int policy, struct undefined_work *w)
{
	u8 feature = isahp_instruction_feature(&e->instruction);
	struct isahp_trapped_view view = isahp_trapped_count(feature);
	bool step = w;
	bool note = view.news ||
		    (policy == ISAHP_UNDEFINED_WARN && view.warning);

	isahp_figure_count(ISAHP_FIGURE_undefined_emulated);
	isahp_figure_count(ISAHP_FIGURE_undefined_instructions);
	if (e->regs->simd) {
		isahp_figure_count(ISAHP_FIGURE_undefined_vectors);
		isahp_vectors_store(e->regs->simd);
	}
	registers_store(e->regs, regs);
	isahp_stepping_over();
	if (note && !w)
		w = work_get();
	if (!w)
		return;
	*w = (struct undefined_work){
		.outcome = ISAHP_EMULATE_DONE,
		.ip = regs->ip,
		.feature = feature,
		.note = note,
		.policy = policy,
		.step = step,
	};
	work_queue(w);
}

/* To be raised where one may sleep; then the instruction is begun anew. */
static void put_off(const struct isahp_emulation *e, enum isahp_emulated outcome,
		    struct pt_regs *regs, struct undefined_work *w)
{
	if (!w)
		w = work_get();
	if (!w) {
		isahp_figure_count(ISAHP_FIGURE_undefined_retried);
		return;
	}
	isahp_figure_count(outcome == ISAHP_EMULATE_FAULT ?
				   ISAHP_FIGURE_undefined_faults :
				   ISAHP_FIGURE_undefined_slow);
	*w = (struct undefined_work){
		.outcome = outcome,
		.ip = regs->ip,
		.address = e->address,
		.access = e->access,
		.vector = e->vector,
	};
	/* Flags of floating point are set where nothing else is written. */
	if (outcome == ISAHP_EMULATE_FAULT && e->vector == X86_TRAP_XF) {
		isahp_vectors_store(e->regs->simd);
		w->mxcsr = e->regs->simd->mxcsr;
		w->address = isahp_stepping_address(regs);
	}
	work_queue(w);
}

/*
 * isahp_emulate(), with vector registers at hand where they are needed and not
 * where they are not: to get at them costs more than most instructions.
 */
static enum isahp_emulated carry_out(struct isahp_emulation *e)
{
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
	if (isahp_vectors_used(&e->instruction))
		e->regs->simd = isahp_vectors_load(&e->instruction);
	return isahp_emulate_instruction(e, &e->instruction);
}

static bool emulate(struct isahp_emulation *e, struct pt_regs *regs,
		    unsigned int policy)
{
	struct undefined_work *w = NULL;
	enum isahp_emulated outcome;

	/* A debugger must hear of each instruction: no work item, no step. */
	if (isahp_stepping_must(regs)) {
		w = work_get();
		if (!w) {
			isahp_figure_count(ISAHP_FIGURE_undefined_retried);
			return true;
		}
	}
	outcome = carry_out(e);
	switch (outcome) {
	case ISAHP_EMULATE_DONE:
		finish(e, regs, policy, w);
		return true;
	case ISAHP_EMULATE_UNREACHED:
	case ISAHP_EMULATE_FAULT:
		put_off(e, outcome, regs, w);
		return true;
	default:
		work_put(w);
		return false;
	}
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
	handled = emulate(&e, regs, policy);
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
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		WRITE_ONCE(ours.word[i], ours.word[i] | now.word[i]);
	if (!isahp_features_empty(&now))
		WRITE_ONCE(armed, true);
}

void isahp_undefined_init(void)
{
	struct isahp_features visible = isahp_cpuid_features();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(works); i++)
		work_put(&works[i]);
	isahp_raise_init();
	isahp_vectors_init();
	can = carried_out();
	isahp_undefined_seen(&visible);
	/* The module may be loaded long after a move took it away. */
	isahp_undefined_seen(isahp_boot_features());
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
}
