/* SPDX-License-Identifier: MIT */
/*
 * The parts of `undefined`, the program that executes POPCNT and MOVBE where
 * they may be missing. What each prints is the same on a CPU that has them.
 */
#ifndef GUEST_UNDEFINED_H
#define GUEST_UNDEFINED_H

#include <stddef.h>
#include <stdint.h>

/* Instructions with a label on each (undefined_access.S). */
uint32_t load32(const void *p);
uint32_t load16(const void *p);
uint32_t load_stack32(const void *p);
void store32(void *p, uint32_t value);
void store16(void *p, uint32_t value);
uint32_t count32(const void *p);
uint32_t two_steps(void *p);
uint32_t probed(void);
extern const char load32_at[], load16_at[], load_stack32_at[], store32_at[],
	store16_at[], count32_at[], two_steps_end[], probed_at[];
extern uint32_t probed_data;
#ifdef __x86_64__
uint64_t load64(const void *p);
void store64(void *p, uint64_t value);
extern const char load64_at[], store64_at[];
#endif
/* Foreign instructions, to be called. */
extern const char foreign_begin[];

/* undefined_forms.c: rounds of random operands. Return: wrong results. */
unsigned long forms_run(unsigned long rounds);
uint32_t random32(void);

/* undefined_memory.c, undefined_trace.c: transcripts on standard output. */
int memory_main(void);
int held_main(void);
int foreign_main(void);
int step_main(void);
int stress_main(unsigned int threads, unsigned long rounds);

/* undefined_catch.c: run something and say what signal it ends in. */
struct caught {
	int signal, code;
	uintptr_t addr, ip;
	unsigned long trap, error;
};

/* Return: whether a signal ended it. */
int catch_signal(void (*function)(void *), void *data, struct caught *ret);
void catch_init(void);

#endif /* GUEST_UNDEFINED_H */
