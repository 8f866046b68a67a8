// SPDX-License-Identifier: MIT
/*
 * entry32_crowd - many processes in the middle of the 32-bit entry at once
 *
 *	entry32_crowd left|written N
 *
 * Brings N processes to the entry's second instruction by ptrace. `left`: there
 * they stay. `written`: their registers are read there, and they are put back
 * before the call. Prints "ready form=FORM", waits for SIGUSR1 while the entry
 * changes. `written`: the registers are written back to all of them; where that
 * is refused (EBUSY) for want of room, the process may not run on but by a
 * fault, and the write is repeated once the others have gone on. Then all go on,
 * and result and registers of each are checked. Prints what was wrong, and
 *
 *	crowd=N refused=N wrong=N form=FORM
 *
 * Exit status 1 if one was wrong, 77 if the entry is not known.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "entry32.h"
#include "entry32_tracer.h"

#define CROWD_MAX 256

static struct one {
	struct traced thread;
	struct user_regs_struct middle;
	bool refused;
} crowd[CROWD_MAX];

/* A call that fails or reads something else if an argument is not what it is. */
static long source = 0x1234, sink;
static struct iovec from = { &source, sizeof(source) }, to = { &sink, sizeof(sink) };

static void bring(struct one *one, bool written)
{
	const struct entry32_call call = {
		SYS_process_vm_readv,
		{ getpid(), (long)&to, 1, (long)&from, 1, 0 }
	};
	struct traced *t = &one->thread;

	traced_start(t, &call);
	do
		traced_step(t, 1);
	while (!t->complaint[0] &&
	       traced_regs(t).eip != (long)(entry32_site + ENTRY32_MIDDLE));
	one->middle = traced_regs(t);
	if (written)
		traced_set_regs(t, &t->before);
}

static bool write_back(struct one *one)
{
	if (!ptrace(PTRACE_SETREGS, one->thread.pid, 0, &one->middle))
		return true;
	if (errno != EBUSY)
		traced_complain(&one->thread, "SETREGS: %s", strerror(errno));
	return false;
}

/* Whoever was refused and goes on all the same does not get far. */
static void go_astray(struct one *one)
{
	int number = traced_continue(&one->thread, PTRACE_CONT, 0);

	if (number != SIGSEGV)
		traced_complain(&one->thread, "refused, and went on to %d", number);
	else if (!write_back(one))
		traced_complain(&one->thread, "refused again");
}

static void land(struct one *one)
{
	struct traced *t = &one->thread;

	traced_finish(t);
	if (!t->complaint[0])
		traced_check(t, sizeof(source));
	if (!t->complaint[0] &&
	    (long)traced_peek(t, (unsigned long)&sink) != source)
		traced_complain(t, "read something else");
	traced_end(t);
}

static int finish_all(int n, bool written)
{
	int wrong = 0, i;

	for (i = 0; written && i < n; i++)
		crowd[i].refused = !write_back(&crowd[i]);
	for (i = 0; i < n; i++)
		if (!crowd[i].refused)
			land(&crowd[i]);
	for (i = 0; i < n; i++) {
		if (!crowd[i].refused)
			continue;
		go_astray(&crowd[i]);
		land(&crowd[i]);
	}
	for (i = 0; i < n; i++) {
		if (!crowd[i].thread.complaint[0])
			continue;
		wrong++;
		printf("%d: %s\n", i, crowd[i].thread.complaint);
	}
	return wrong;
}

int main(int argc, char **argv)
{
	bool written = argc == 3 && !strcmp(argv[1], "written");
	int n = argc == 3 ? atoi(argv[2]) : 0, refused = 0, wrong, number, i;
	sigset_t change;

	if ((!written && (argc != 3 || strcmp(argv[1], "left"))) || n < 1 ||
	    n > CROWD_MAX) {
		fprintf(stderr, "Usage: entry32_crowd left|written N\n");
		return 2;
	}
	entry32_find("entry32_crowd");
	for (i = 0; i < n; i++)
		bring(&crowd[i], written);
	sigemptyset(&change);
	sigaddset(&change, SIGUSR1);
	sigprocmask(SIG_BLOCK, &change, NULL);
	printf("ready form=%s\n", entry32_form());
	fflush(stdout);
	sigwait(&change, &number);
	wrong = finish_all(n, written);
	for (i = 0; i < n; i++)
		refused += crowd[i].refused;
	printf("crowd=%d refused=%d wrong=%d form=%s\n", n, refused, wrong,
	       entry32_form());
	return wrong ? 1 : 0;
}
