// SPDX-License-Identifier: MIT
/* Breakpoints of a debugger between instructions that may be missing. */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ahead.h"

#define TURNS 20

/* DR7 (SDM vol. 3B, 18.2.4): enabled for this thread; a store of 4 bytes. */
#define DR7_ENABLE 1
#define DR7_STORE4 (DR7_ENABLE | 1 << 16 | 3 << 18)

static uint32_t cell;

/*
 * The breakpoint is not right behind MOVBE: there an interrupt may come in upon
 * return from an emulated one, and QEMU's TCG sets RF for it, as for a fault.
 */
__asm__(".pushsection .text\n"
	"turns:	movbe (%rdi), %eax\n"
	"	nop\n"
	"turns_store: mov %edx, (%rsi)\n"
	"	dec %edx\n"
	"	jnz turns\n"
	"turns_end: ret\n"
	".popsection");

void turns(const uint32_t *data, uint32_t *to, uint32_t times);
extern const char turns_store[], turns_end[];

static pid_t start(void)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		turns(&big_endian, &cell, TURNS);
		_exit(cell);
	}
	waitpid(pid, &status, 0);
	return pid;
}

static unsigned long long ip_of(pid_t pid)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	return regs.rip;
}

/* Stops with SIGTRAP at an address until it ends. */
static void count(const char *what, pid_t pid, const char *where)
{
	int status, stops = 0, elsewhere = 0;

	for (;;) {
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) == SIGTRAP && ip_of(pid) == (uintptr_t)where)
			stops++;
		else
			elsewhere++;
	}
	printf("%s: %d stops, %d elsewhere, exit %d\n", what, stops, elsewhere,
	       WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void hardware(const char *what, const void *address, unsigned long dr7,
		     const char *where)
{
	pid_t pid = start();

	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[0]),
		   address) ||
	    ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]), dr7))
		perror("debug registers");
	count(what, pid, where);
}

/* INT3 in the place of the store: each turn it is taken out, stepped, put back. */
static void software(void)
{
	pid_t pid = start();
	long word = ptrace(PTRACE_PEEKTEXT, pid, turns_store, NULL);
	struct user_regs_struct regs;
	int status, stops = 0;

	for (;;) {
		ptrace(PTRACE_POKETEXT, pid, turns_store, (word & ~0xffL) | 0xcc);
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			break;
		ptrace(PTRACE_GETREGS, pid, NULL, &regs);
		stops += regs.rip == (uintptr_t)turns_store + 1;
		regs.rip = (uintptr_t)turns_store;
		ptrace(PTRACE_SETREGS, pid, NULL, &regs);
		ptrace(PTRACE_POKETEXT, pid, turns_store, word);
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
		waitpid(pid, &status, 0);
	}
	printf("INT3: %d stops, exit %d\n", stops,
	       WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* Each instruction, with what is in RDX. */
static void steps(void)
{
	struct user_regs_struct regs;
	pid_t pid = start();
	int status, n = 0;
	long sum = 0;

	for (;;) {
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			break;
		ptrace(PTRACE_GETREGS, pid, NULL, &regs);
		if (regs.rip < (uintptr_t)turns || regs.rip > (uintptr_t)turns_end)
			continue;
		n++;
		sum = sum * 31 + (long)(regs.rip - (uintptr_t)turns) * 100 +
		      (long)regs.rdx;
	}
	printf("steps: %d, sum %ld\n", n, sum);
}

int trace_main(void)
{
	hardware("execution", turns_store, DR7_ENABLE, turns_store);
	/* A trap: the instruction is over. */
	hardware("store", &cell, DR7_STORE4, turns_store + 2);
	software();
	steps();
	return 0;
}
