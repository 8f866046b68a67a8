// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bits.h>
#include <linux/entry-common.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/thread_info.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>
#include <isa-core/features.h>
#include <isa-core/run.h>
#include "ahead.h"
#include "compat.h"
#include "figures.h"
#include "usermem.h"
#include "vectors.h"

/* --- knobs --------------------------------------------------------------- */

/*
 * Break-even: what a trap costs over what it costs to emulate an instruction that
 * the CPU has. An exception that the kernel answers takes some 0.55 us on a
 * machine of its own; under KVM, which looks at each #UD first, 5.3 us. Emulation
 * takes some 8 ns.
 */
#define NATIVE_BARE 64
#define NATIVE_VIRTUAL 640
#define NATIVE_AUTO UINT_MAX

static unsigned int ahead_native = NATIVE_AUTO;
module_param(ahead_native, uint, 0644);
MODULE_PARM_DESC(ahead_native,
		 "end a run after so many instructions in a row that the CPU has; 0: one instruction per trap (default 640 under a hypervisor, else 64)");

static unsigned int ahead_limit = 100000;
static unsigned int ahead_us = 100;

static int limit_set(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 1, 1000000);
}

static int us_set(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 1, 10000);
}

static const struct kernel_param_ops limit_ops = {
	.set = limit_set,
	.get = param_get_uint,
};
module_param_cb(ahead_limit, &limit_ops, &ahead_limit, 0644);
MODULE_PARM_DESC(ahead_limit, "end a run after so many instructions (default 100000)");

static const struct kernel_param_ops us_ops = {
	.set = us_set,
	.get = param_get_uint,
};
module_param_cb(ahead_us, &us_ops, &ahead_us, 0644);
MODULE_PARM_DESC(ahead_us, "end a run after so many microseconds (default 100)");

/* --- memory for decoded instructions ------------------------------------- */

#define BLOCKS_LOG2 6
#define BLOCKS BIT(BLOCKS_LOG2)

/* Blocks between two looks at the clock: some 2 us. */
#define LOOK_EVERY 16

#define TRY_AGAIN HZ

/**
 * struct cache - a CPU's
 * @present: of its blocks, and
 * @features: with which they were decoded.
 * @block: the bytes of each are compared with memory whenever it is entered. What
 *	becomes of a mapping or of what is in it needs not be known, then.
 */
struct cache {
	struct isahp_features present;
	struct isahp_features features;
	struct isahp_run_block block[BLOCKS];
};

/* Made when a CPU has first use for it; from then on that CPU's in #UD. */
static DEFINE_PER_CPU(struct cache *, caches);
static unsigned long no_memory;		/* jiffies */

bool isahp_ahead_wants_memory(void)
{
	unsigned long failed = READ_ONCE(no_memory);

	return READ_ONCE(ahead_native) && !this_cpu_read(caches) &&
	       (!failed || time_after(jiffies, failed + TRY_AGAIN));
}

void isahp_ahead_grow(void)
{
	int cpu = raw_smp_processor_id();
	struct cache *c;

	if (per_cpu(caches, cpu))
		return;
	c = kvzalloc_node(sizeof(*c), GFP_KERNEL | __GFP_NOWARN, cpu_to_node(cpu));
	if (!c)
		WRITE_ONCE(no_memory, jiffies | 1);
	else if (cmpxchg(per_cpu_ptr(&caches, cpu), NULL, c))
		kvfree(c);
}

/* --- what the CPU has ---------------------------------------------------- */

/* Written by the guest's thread and init, read in #UD: each word by itself. */
static struct isahp_features has;

/*
 * Silent ones that it ever had. Within a run, but nowhere else, what they are
 * about is computed right where they are missing.
 */
static struct isahp_features silent;

void isahp_ahead_present(const struct isahp_features *present)
{
	struct isahp_features class = isahp_features_of_class(ISAHP_CLASS_SILENT);
	struct isahp_features more = isahp_features_and(present, &class);
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++) {
		WRITE_ONCE(has.word[i], present->word[i]);
		WRITE_ONCE(silent.word[i], silent.word[i] | more.word[i]);
	}
}

static void add_silent(struct isahp_features *features)
{
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		features->word[i] |= READ_ONCE(silent.word[i]);
}

/* It has just said that it lacks this one. */
static struct isahp_features present_now(const struct isahp_instruction *in)
{
	struct isahp_features present, gone = isahp_features_none();
	unsigned int i;

	for (i = 0; i < ISAHP_FEATURE_WORDS; i++)
		present.word[i] = READ_ONCE(has.word[i]);
	isahp_features_add(&gone, isahp_instruction_feature(in));
	return isahp_features_andnot(&present, &gone);
}

/* --- a run --------------------------------------------------------------- */

/**
 * struct ahead - env of the callbacks
 * @run: itself.
 * @let_in: interrupts were on in user mode.
 * @blocks: that are over.
 * @until: of local_clock().
 * @why: it was stopped.
 */
struct ahead {
	struct isahp_run run;
	bool let_in;
	unsigned int blocks;
	u64 until;
	enum isahp_figure why;
};

/*
 * Between two blocks, and nowhere else, interrupts come in; and whatever one of
 * them wants of the thread is looked for at once. So an instruction behind this
 * point is one that the thread might as well have carried out in user mode after
 * it had returned from the interrupt. Critical sections of rseq depend on that:
 * membarrier() may have ended the one that the thread is in. Code that another
 * thread has changed before membarrier() is seen, since bytes are compared next.
 */
static void let_interrupts_in(void)
{
	local_irq_enable();
	/* The CPU lets none in before the instruction behind STI is through. */
	asm volatile("nop" : : : "memory");
	local_irq_disable();
}

static bool stop(void *env)
{
	struct ahead *a = env;

	if (a->let_in)
		let_interrupts_in();
	if (read_thread_flags() & EXIT_TO_USER_MODE_WORK) {
		a->why = ISAHP_FIGURE_ahead_work;
		return true;
	}
	if (++a->blocks % LOOK_EVERY || local_clock() < a->until)
		return false;
	a->why = ISAHP_FIGURE_ahead_time;
	return true;
}

/*
 * Whoever looks at each instruction gets to see it. Debuggers that step, and
 * uprobes, set TF: with that a run is of one instruction.
 */
bool isahp_ahead_may(void)
{
	return READ_ONCE(ahead_native) && this_cpu_read(caches) &&
	       !hw_breakpoint_active();
}

static void set_up(struct ahead *a, struct isahp_emulation *e,
		   const struct pt_regs *regs)
{
	struct isahp_features present = present_now(&e->instruction);
	struct cache *c = this_cpu_read(caches);
	bool shadow_stack = isahp_shadow_stack();

	add_silent(&e->features);
	*a = (struct ahead){
		.run = {
			.blocks = c->block,
			.blocks_log2 = BLOCKS_LOG2,
			.generation = current->mm->context.ctx_id << 1 | shadow_stack,
			.shadow_stack = shadow_stack,
			.present = present,
			.native = READ_ONCE(ahead_native),
			.limit = READ_ONCE(ahead_limit),
			.stop = stop,
		},
		.let_in = regs->flags & X86_EFLAGS_IF,
		.until = local_clock() + (u64)READ_ONCE(ahead_us) * NSEC_PER_USEC,
	};
	/* The knob may have been turned to 0 since it was looked at. */
	if (!a->run.native)
		a->run.limit = 1;
	if (isahp_features_equal(&present, &c->present) &&
	    isahp_features_equal(&e->features, &c->features))
		return;
	isahp_run_forget(&a->run);
	c->present = present;
	c->features = e->features;
}

/*
 * A run that had no need of vector registers is at an instruction that has. There
 * it has ended: now they are at hand.
 */
static bool fetch_vectors(struct isahp_emulation *e)
{
	struct isahp_instruction in;
	u8 bytes[ISAHP_INSTRUCTION_MAX];
	size_t count;

	if (e->regs->simd)
		return false;
	count = isahp_usermem_ops.fetch(NULL, e->regs->rip, bytes, sizeof(bytes));
	if (isahp_instruction_decode(bytes, count, e->mode, &in) != ISAHP_DECODED ||
	    !isahp_emulate_needs_simd(isahp_instruction_form(&in)))
		return false;
	e->regs->simd = isahp_vectors_load();
	return e->regs->simd;
}

static enum isahp_figure figure_of(const struct ahead *a, enum isahp_run_end end)
{
	switch (end) {
	case ISAHP_RUN_NATIVE:
		return ISAHP_FIGURE_ahead_native;
	case ISAHP_RUN_LIMIT:
		return ISAHP_FIGURE_ahead_limit;
	case ISAHP_RUN_STOPPED:
		return a->why;
	case ISAHP_RUN_UNREACHED:
		return ISAHP_FIGURE_ahead_unreached;
	case ISAHP_RUN_FAULT:
		return ISAHP_FIGURE_ahead_fault;
	default:
		return ISAHP_FIGURE_ahead_foreign;
	}
}

/*
 * What a later instruction met happens anew when the thread is there: to the CPU,
 * or in the next #UD. But #XM has set flags, which must not be seen without it.
 */
static enum isahp_emulated outcome_of(const struct ahead *a,
				      const struct isahp_emulation *e,
				      enum isahp_run_end end)
{
	if (end == ISAHP_RUN_FAULT &&
	    (!a->run.instructions || e->vector == ISAHP_VECTOR_XM))
		return ISAHP_EMULATE_FAULT;
	if (a->run.instructions)
		return ISAHP_EMULATE_DONE;
	return end == ISAHP_RUN_UNREACHED ? ISAHP_EMULATE_UNREACHED :
					    ISAHP_EMULATE_FOREIGN;
}

enum isahp_emulated isahp_ahead_run(struct isahp_emulation *e,
				    const struct pt_regs *regs,
				    struct isahp_ahead *ret)
{
	enum isahp_run_end end;
	struct ahead a;

	/* What is this CPU's stays this thread's, in the moments with interrupts. */
	preempt_disable();
	set_up(&a, e, regs);
	e->env = &a;
	end = isahp_run(&a.run, e);
	if (end == ISAHP_RUN_FOREIGN && a.run.instructions && fetch_vectors(e)) {
		a.run.resumed = true;
		end = isahp_run(&a.run, e);
	}
	preempt_enable();
	ret->instructions = a.run.instructions;
	ret->native = a.run.instructions - a.run.emulated;
	if (a.run.instructions && end != ISAHP_RUN_STEP)
		isahp_figure_count(figure_of(&a, end));
	return outcome_of(&a, e, end);
}

/* --- init and exit ------------------------------------------------------- */

void isahp_ahead_init(void)
{
	if (ahead_native == NATIVE_AUTO)
		ahead_native = boot_cpu_has(X86_FEATURE_HYPERVISOR) ?
				       NATIVE_VIRTUAL : NATIVE_BARE;
}

void isahp_ahead_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		kvfree(per_cpu(caches, cpu));
}
