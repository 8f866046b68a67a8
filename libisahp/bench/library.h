/* SPDX-License-Identifier: MIT */
/* The parts of bench_library; see library.c. */
#ifndef ISAHP_BENCH_LIBRARY_H
#define ISAHP_BENCH_LIBRARY_H

#include <bench.h>

/** by - so many calls of a callee that takes so many turns, one way */
typedef void (*by)(unsigned int calls, unsigned long turns);

/** work - about a third of a nanosecond a turn */
static inline void work(unsigned int turns)
{
	while (turns--)
		__asm__ volatile("");
}

#define SLED_TURNS 4000

/**
 * SLED - body of a callee that takes so many turns: a multiplication each
 *
 * All are in a row behind one jump, always to the same place, and there is no
 * loop: whether a CPU foresees a loop's last turn depends on the code around it,
 * and is worth more than what is measured. As in most code that has variants,
 * one kind of execution unit has all its hands full (CPUs begin one such
 * multiplication a cycle), and none depends on another.
 */
#define SLED(turns) \
	__asm__ volatile("lea	1f(%%rip), %%rax\n\t" \
			 "neg	%0\n\t" \
			 "lea	(%%rax, %0, 4), %%rax\n\t" \
			 "jmp	*%%rax\n\t" \
			 ".rept	4000\n\t" \
			 "imul	$3, %0, %%rax\n\t" /* 4 bytes */ \
			 ".endr\n" \
			 "1:" \
			 : "+D"(turns) : : "rax", "cc")

/* Loops that are compared begin alike. */
#define BY(name) \
	__attribute__((noinline, aligned(64))) \
	void name(unsigned int calls, unsigned long turns)

/** by_pointer - through a function pointer */
BY(by_pointer);

/** by_pointer_again - the same, elsewhere: what differs then is noise */
BY(by_pointer_again);

/** by_operation - through an operation */
BY(by_operation);

/** by_operation_again - the same, elsewhere */
BY(by_operation_again);

/**
 * time_of - nanoseconds of one call
 * @way: how.
 * @calls: how many, at least 1.
 * @turns: of the callee.
 */
double time_of(by way, unsigned int calls, unsigned long turns);

/**
 * turns_for - turns of a callee whose call takes up to @ns
 * @way: how it is called.
 * @ns: nanoseconds.
 */
unsigned long turns_for(by way, double ns);

/** bench_calls - what a call costs, here and in another shared object */
void bench_calls(struct bench *b);

/** bench_scaling - what two threads' calls cost each other; needs two CPUs */
void bench_scaling(struct bench *b);

/** bench_written - which cache lines two threads' calls both write */
void bench_written(struct bench *b);

/** bench_swaps - swaps beside one busy reader; needs two CPUs */
void bench_swaps(struct bench *b);

/** bench_crowd - swaps beside 64 busy threads on two CPUs */
void bench_crowd(struct bench *b);

/** struct children - processes with many operations or threads */
struct children;

/**
 * children_start - fork them
 *
 * Early: while this process has one thread. NULL: failed, and said so.
 */
struct children *children_start(void);

/** bench_children - swaps in those; they end; needs two CPUs */
void bench_children(struct bench *b, struct children *children);

#endif /* ISAHP_BENCH_LIBRARY_H */
