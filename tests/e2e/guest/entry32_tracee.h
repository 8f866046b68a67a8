/* SPDX-License-Identifier: MIT */
/*
 * A process that makes one call through the entry, with a trap (INT3) before
 * it, all registers loaded, one after it, and one inside of signal handlers.
 * Forked from its tracer: addresses are the same in both.
 */
#ifndef TESTS_ENTRY32_TRACEE_H
#define TESTS_ENTRY32_TRACEE_H

#include <signal.h>

/* eip at the traps. */
extern char entry32_at_call[];	/* call *entry32_start */
extern char entry32_at_return[];	/* where that call returns to */
extern char entry32_at_end[];
extern char entry32_at_handler[];

/* What handlers do before they trap. */
#define ENTRY32_HANDLE SIGUSR1		/* SA_SIGINFO, SA_RESTART */
#define ENTRY32_HANDLE_OLD SIGUSR2	/* the old frame, no SA_RESTART */
#define ENTRY32_PARK (SIGRTMIN + 0)	/* save the ucontext, go elsewhere,
					 * trap, and resume it later */
#define ENTRY32_LONGJMP (SIGRTMIN + 1)	/* trap, and leave by siglongjmp() */
#define ENTRY32_FORK (SIGRTMIN + 2)	/* fork(); both trap */

struct entry32_call {
	long nr, args[6];
};

/* Runs in the child; never returns. */
void entry32_tracee(const struct entry32_call *call) __attribute__((noreturn));

#endif /* TESTS_ENTRY32_TRACEE_H */
