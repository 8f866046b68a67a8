/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module has done so far, in numbers: one file each in
 * /sys/class/misc/isahp/figures/. They only grow, until the module is unloaded.
 */
#ifndef ISAHP_KMOD_FIGURES_H
#define ISAHP_KMOD_FIGURES_H

#include <linux/percpu.h>
#include <linux/sysfs.h>
#include <linux/types.h>

/* X(name): a counter, and the name of its file. docs/kernel.md explains each. */
#define ISAHP_FIGURES(X)                                                       \
	X(states)		/* states published */                         \
	X(wakeups)		/* registrants told of one, each time */       \
	X(entry_changes)	/* the 32-bit entry was rewritten */           \
	X(entry_repairs)	/* threads put right that resumed in it */     \
	X(entry_emulated)	/* entry instructions finished, being absent */ \
	X(entry_ss_repairs)	/* context switches that had a null SS */      \
	X(undefined_emulated)	/* #UD that were finished by emulation */      \
	X(undefined_instructions) /* instructions that were, in these */       \
	X(undefined_native)	/* of these, that the CPU has */               \
	X(undefined_vectors)	/* of them, that used vector registers */      \
	X(undefined_ns)		/* time in #UD that were ours */               \
	X(undefined_slow)	/* of them, that met a page fault first */     \
	X(undefined_faults)	/* of them, that ended in a fault of memory */ \
	X(undefined_signalled)	/* SIGILL by policy, that could be emulated */ \
	X(undefined_retried)	/* put off, for want of a work item */         \
	X(undefined_processes)	/* processes that took such a #UD */           \
	X(ahead_native)		/* runs of more than one that ended: as so */  \
				/* many were the CPU's, */                     \
	X(ahead_limit)		/* after so many, */                           \
	X(ahead_time)		/* after so long, */                           \
	X(ahead_work)		/* for signals, scheduling and the like, */    \
	X(ahead_foreign)	/* at what is not emulated, */                 \
	X(ahead_unreached)	/* at a page fault, */                         \
	X(ahead_fault)		/* at another fault */                         \
	X(moves_unplanned)	/* this guest moved and was not told */        \
	X(jit_looks)		/* looks through what eBPF's JIT compiled */   \
	X(jit_look_ns)		/* how long they took */                       \
	X(jit_emulated)		/* BMI2 shifts of kernel code, finished */

enum isahp_figure {
#define ISAHP_FIGURE_NUMBER(name) ISAHP_FIGURE_##name,
	ISAHP_FIGURES(ISAHP_FIGURE_NUMBER)
#undef ISAHP_FIGURE_NUMBER
	ISAHP_FIGURE_COUNT
};

struct isahp_figures {
	u64 of[ISAHP_FIGURE_COUNT];
};

DECLARE_PER_CPU(struct isahp_figures, isahp_figures);

/**
 * isahp_figure_add - count something
 * @figure: which.
 * @n: how many more.
 *
 * Context: any, #UD and NMI included.
 */
static inline void isahp_figure_add(enum isahp_figure figure, u64 n)
{
	this_cpu_add(isahp_figures.of[figure], n);
}

static inline void isahp_figure_count(enum isahp_figure figure)
{
	isahp_figure_add(figure, 1);
}

/** isahp_figure_read - the sum over all CPUs, online or not */
u64 isahp_figure_read(enum isahp_figure figure);

extern const struct attribute_group isahp_figures_group;

#endif /* ISAHP_KMOD_FIGURES_H */
