/* SPDX-License-Identifier: MIT */
/* A traced process on its way through the entry. Errors end the program. */
#ifndef TESTS_ENTRY32_TRACER_H
#define TESTS_ENTRY32_TRACER_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

#include "entry32_tracee.h"

struct traced {
	pid_t pid;
	bool gone, running;
	int status;			/* of the last stop */
	struct user_regs_struct before;	/* at the call */
	struct entry32_call call;
	char complaint[160];		/* what went wrong first, or "" */
};

/* Start one, and bring it before its call. */
void traced_start(struct traced *t, const struct entry32_call *call);
/* A child of a traced process, which is to end as its parent shall. */
void traced_adopt(struct traced *child, const struct traced *parent, pid_t pid);
void traced_end(struct traced *t);

void traced_complain(struct traced *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

struct user_regs_struct traced_regs(struct traced *t);
void traced_set_regs(struct traced *t, struct user_regs_struct *regs);
unsigned long traced_peek(struct traced *t, unsigned long address);
void traced_poke(struct traced *t, unsigned long address, unsigned long word);
void traced_poke_byte(struct traced *t, unsigned long address, unsigned char b);

/* Continue by a ptrace request, with a signal; the next stop's signal, or 0
 * when it is gone, with a complaint. */
int traced_continue(struct traced *t, int request, int number);
/* One without waiting for the stop, and the stop. */
void traced_let(struct traced *t, int request, int number);
int traced_wait(struct traced *t);
/* N instructions from here. */
void traced_step(struct traced *t, int n);
/* Run, with a signal or 0, to one of the traps; other signals that stop it are
 * passed on to it. One that is running already is waited for. */
void traced_run_to(struct traced *t, int number, const char *trap);
/* Run to its end; a second trap before the call starts over. */
void traced_finish(struct traced *t);

/* The same without a tracer on the way: let go, and taken again behind the
 * call. */
void traced_finish_alone(struct traced *t);

/* Until it sleeps in this system call (0: restart_syscall). */
void traced_await_sleep(struct traced *t, long nr);

/* After the end: registers as they were before the call but eax. */
void traced_check(struct traced *t, unsigned long result);

#endif /* TESTS_ENTRY32_TRACER_H */
