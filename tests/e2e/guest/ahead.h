/* SPDX-License-Identifier: MIT */
/*
 * The parts of `ahead`, a program that executes MOVBE among instructions that
 * every CPU has. Where MOVBE is missing the module goes on with the others.
 */
#ifndef GUEST_AHEAD_H
#define GUEST_AHEAD_H

#include <stdint.h>

/* Big-endian 0x01020304. */
extern const uint32_t big_endian;

/* ahead.c. The thread stays on this CPU from then on. */
void pin(int cpu);

/* Each prints a line or more, the same where the CPU has MOVBE. */
int rewrite_main(void);		/* ahead_code.c */
int rewritten_main(void);
int protect_main(void);
int faults_main(void);		/* ahead_fault.c */
int exceptions_main(void);
int trace_main(void);		/* ahead_trace.c */
int sections_main(unsigned long instructions);	/* ahead_rseq.c */

#endif /* GUEST_AHEAD_H */
