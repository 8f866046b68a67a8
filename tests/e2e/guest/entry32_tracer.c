// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "entry32_tracer.h"

/* DF, NT and AC: what a call must keep of the flags. */
#define FLAGS_KEPT 0x44400

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	perror(what);
	exit(2);
}

void traced_complain(struct traced *t, const char *format, ...)
{
	va_list args;

	if (t->complaint[0])
		return;
	va_start(args, format);
	vsnprintf(t->complaint, sizeof(t->complaint), format, args);
	va_end(args);
}

struct user_regs_struct traced_regs(struct traced *t)
{
	struct user_regs_struct regs = { 0 };

	if (!t->gone)
		must(!ptrace(PTRACE_GETREGS, t->pid, 0, &regs), "PTRACE_GETREGS");
	return regs;
}

void traced_set_regs(struct traced *t, struct user_regs_struct *regs)
{
	if (!t->gone)
		must(!ptrace(PTRACE_SETREGS, t->pid, 0, regs), "PTRACE_SETREGS");
}

unsigned long traced_peek(struct traced *t, unsigned long address)
{
	long word;

	if (t->gone)
		return 0;
	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, t->pid, address, 0);
	must(!errno, "PTRACE_PEEKTEXT");
	return word;
}

void traced_poke(struct traced *t, unsigned long address, unsigned long word)
{
	if (!t->gone)
		must(!ptrace(PTRACE_POKETEXT, t->pid, address, word),
		     "PTRACE_POKETEXT");
}

void traced_poke_byte(struct traced *t, unsigned long address, unsigned char b)
{
	traced_poke(t, address, (traced_peek(t, address) & ~0xfful) | b);
}

void traced_let(struct traced *t, int request, int number)
{
	if (t->gone)
		return;
	must(!ptrace(request, t->pid, 0, number), "ptrace: continue");
	t->running = true;
}

int traced_wait(struct traced *t)
{
	if (t->gone)
		return 0;
	must(waitpid(t->pid, &t->status, __WALL) == t->pid, "waitpid");
	t->running = false;
	if (WIFSTOPPED(t->status))
		return WSTOPSIG(t->status);
	t->gone = true;
	if (WIFSIGNALED(t->status))
		traced_complain(t, "killed by signal %d", WTERMSIG(t->status));
	else
		traced_complain(t, "exited with %d", WEXITSTATUS(t->status));
	return 0;
}

int traced_continue(struct traced *t, int request, int number)
{
	traced_let(t, request, number);
	return traced_wait(t);
}

void traced_step(struct traced *t, int n)
{
	int number = SIGTRAP;

	while (n-- && number == SIGTRAP)
		number = traced_continue(t, PTRACE_SINGLESTEP, 0);
	if (number && number != SIGTRAP)
		traced_complain(t, "signal %d by a single step", number);
}

static bool is_fatal(int number)
{
	return number == SIGSEGV || number == SIGILL || number == SIGBUS ||
	       number == SIGFPE || number == SIGABRT || number == SIGSYS;
}

static bool is_at(struct traced *t, const char *trap)
{
	return traced_regs(t).eip == (long)trap;
}

/* To any of the traps. */
static void run(struct traced *t, int number)
{
	do {
		number = t->running ? traced_wait(t) :
				      traced_continue(t, PTRACE_CONT, number);
		if (is_fatal(number)) {
			traced_complain(t, "signal %d at %#lx", number,
					traced_regs(t).eip);
			return;
		}
	} while (number && number != SIGTRAP);
}

void traced_run_to(struct traced *t, int number, const char *trap)
{
	if (t->complaint[0])
		return;
	run(t, number);
	if (!t->complaint[0] && !is_at(t, trap))
		traced_complain(t, "trap at %#lx, not %p", traced_regs(t).eip, trap);
}

void traced_finish(struct traced *t)
{
	if (t->complaint[0])
		return;
	run(t, 0);
	if (!t->complaint[0] && is_at(t, entry32_at_call)) {
		t->before = traced_regs(t);
		run(t, 0);
	}
	if (!t->complaint[0] && !is_at(t, entry32_at_end))
		traced_complain(t, "trap at %#lx, not behind the call",
				traced_regs(t).eip);
}

/*
 * Not PTRACE_ATTACH, whose SIGSTOP may arrive behind another signal and then
 * stops the process that was let go.
 */
void traced_finish_alone(struct traced *t)
{
	const unsigned long end = (unsigned long)entry32_at_return;
	const unsigned long loop = 0xfeeb;	/* jmp to itself */
	int number = 0;

	traced_poke(t, end, (traced_peek(t, end) & ~0xfffful) | loop);
	while (!t->complaint[0]) {
		must(!ptrace(PTRACE_DETACH, t->pid, 0, number), "PTRACE_DETACH");
		usleep(1000);
		/* These fail if it has died, as the wait will tell. */
		ptrace(PTRACE_SEIZE, t->pid, 0, PTRACE_O_EXITKILL);
		ptrace(PTRACE_INTERRUPT, t->pid, 0, 0);
		number = traced_wait(t);
		if (t->status >> 16 == PTRACE_EVENT_STOP)
			number = 0;
		if (!number && is_at(t, entry32_at_return))
			return;
		/* On its way; a signal that it was about to get, it gets. */
		if (is_fatal(number))
			traced_complain(t, "signal %d at %#lx", number,
					traced_regs(t).eip);
	}
}

void traced_start(struct traced *t, const struct entry32_call *call)
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (!pid)
		entry32_tracee(call);
	memset(t, 0, sizeof(*t));
	t->pid = pid;
	t->call = *call;
	traced_wait(t);
	must(!t->gone && is_at(t, entry32_at_call), "the first trap");
	/* All of them die with the tracer. */
	must(!ptrace(PTRACE_SETOPTIONS, pid, 0,
		     PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD |
		     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		     PTRACE_O_TRACECLONE), "PTRACE_SETOPTIONS");
	t->before = traced_regs(t);
}

void traced_adopt(struct traced *child, const struct traced *parent, pid_t pid)
{
	*child = *parent;
	child->pid = pid;
	child->complaint[0] = 0;
	if (traced_wait(child) != SIGSTOP)
		traced_complain(child, "no SIGSTOP at its birth");
}

void traced_end(struct traced *t)
{
	if (t->gone)
		return;
	kill(t->pid, SIGKILL);
	while (waitpid(t->pid, &t->status, __WALL) == t->pid &&
	       WIFSTOPPED(t->status))
		ptrace(PTRACE_CONT, t->pid, 0, 0);
	t->gone = true;
}

static bool sleeps_in(pid_t pid, long nr)
{
	char path[64], text[256] = "";
	FILE *file;
	long in = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	must(file && fgets(text, sizeof(text), file), path);
	fclose(file);
	if (!strstr(text, ") S "))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	file = fopen(path, "r");
	must(file && fgets(text, sizeof(text), file), path);
	fclose(file);
	return sscanf(text, "%ld", &in) == 1 && in == nr;
}

void traced_await_sleep(struct traced *t, long nr)
{
	while (!sleeps_in(t->pid, nr))
		usleep(1000);
}

static void compare(struct traced *t, const char *name, long got, long want)
{
	if (got != want)
		traced_complain(t, "%s is %#lx, not %#lx", name, got, want);
}

void traced_check(struct traced *t, unsigned long result)
{
	struct user_regs_struct now = traced_regs(t), *was = &t->before;

	if (t->complaint[0])
		return;
	compare(t, "eax", now.eax, result);
	compare(t, "ebx", now.ebx, was->ebx);
	compare(t, "ecx", now.ecx, was->ecx);
	compare(t, "edx", now.edx, was->edx);
	compare(t, "esi", now.esi, was->esi);
	compare(t, "edi", now.edi, was->edi);
	compare(t, "ebp", now.ebp, was->ebp);
	compare(t, "esp", now.esp, was->esp);
	compare(t, "cs", now.xcs, was->xcs);
	compare(t, "ss", now.xss, was->xss);
	compare(t, "ds", now.xds, was->xds);
	compare(t, "gs", now.xgs, was->xgs);
	compare(t, "eflags", now.eflags & FLAGS_KEPT, was->eflags & FLAGS_KEPT);
}
