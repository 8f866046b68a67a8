/* SPDX-License-Identifier: MIT */
/* Threads in the middle of the entry, whose stack is not there. */
#ifndef TESTS_ENTRY32_STACK_H
#define TESTS_ENTRY32_STACK_H

/* Prints a line for each case: `stack case=NAME present=0|1 result=WORD`, or
 * `... signal=N at=site+N eax=N addr=esp+N`. Returns 0. */
int entry32_stack(void);

#endif /* TESTS_ENTRY32_STACK_H */
