/* SPDX-License-Identifier: MIT */
/* A case carried out by the emulator, as one instruction and as of a run, and by
 * the CPU. */
#ifndef CORE_COMPARE_H
#define CORE_COMPARE_H

#include "core_case.h"

/** enum outcome - what became of a case, where all agree */
enum outcome {
	OUTCOME_NONE,
	OUTCOME_DONE,
	OUTCOME_FAULT,
	OUTCOME_LEFT,	/* to the CPU, which was not asked */
	OUTCOMES
};

/**
 * struct compared - that, and what the CPU made of it
 * @outcome: enum outcome.
 * @trap: what stopped the CPU.
 * @regs: afterwards.
 * @simd: afterwards; @regs points here.
 */
struct compared {
	enum outcome outcome;
	struct native_trap trap;
	struct isahp_registers regs;
	struct isahp_simd simd;
};

/**
 * compare_case - carry a case out
 * @c: drawn.
 * @ret: filled in where all agree.
 *
 * Return: false: they differ, as compare_difference says.
 */
bool compare_case(struct test_case *c, struct compared *ret);

extern char compare_difference[400];

/* A bug that is planted, to be found: in what one instruction does, and a run. */
extern void (*compare_plant)(struct isahp_registers *emulated);
extern void (*compare_plant_run)(struct isahp_registers *emulated);

#endif /* CORE_COMPARE_H */
