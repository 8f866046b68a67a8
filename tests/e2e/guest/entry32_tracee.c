// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <ucontext.h>
#include <unistd.h>

#include "entry32.h"
#include "entry32_tracee.h"

#define STACK_SIZE 65536

/* Addresses for the assembly below. */
long entry32_in[7];
void entry32_traced_call(void);
void entry32_trap(void);

/* Nothing but the entry itself touches the stack between the first traps: a
 * child that shares it (vfork) must not. */
__asm__(".text\n"
	".globl entry32_at_call, entry32_at_return, entry32_at_end\n"
	".globl entry32_at_handler\n"
	"entry32_traced_call:\n"
	"	pushl %ebp\n	pushl %edi\n	pushl %esi\n	pushl %ebx\n"
	"	movl entry32_in + 4, %ebx\n	movl entry32_in + 8, %ecx\n"
	"	movl entry32_in + 12, %edx\n	movl entry32_in + 16, %esi\n"
	"	movl entry32_in + 20, %edi\n	movl entry32_in + 24, %ebp\n"
	"	movl entry32_in, %eax\n"
	"	int3\n"
	"entry32_at_call:\n"
	"	call *entry32_start\n"
	"entry32_at_return:\n"
	"	int3\n"
	"entry32_at_end:\n"
	"	popl %ebx\n	popl %esi\n	popl %edi\n	popl %ebp\n"
	"	ret\n"
	"entry32_trap:\n"
	"	int3\n"
	"entry32_at_handler:\n"
	"	ret\n");

static sigjmp_buf again;
static ucontext_t parked;

/* Handlers run where the thread was: on its stack. */

static void trap(int number)
{
	(void)number;
	entry32_trap();
}

static void trap_info(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	entry32_trap();
}

/* A context that was saved earlier goes on, as swapcontext() of a scheduler in
 * user space does it that is driven by signals. Where its floating point state
 * lies is the frame's own matter. */
static void resume(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)number;
	(void)info;
	memcpy(uc->uc_mcontext.gregs, parked.uc_mcontext.gregs,
	       sizeof(parked.uc_mcontext.gregs));
}

static void elsewhere(void)
{
	entry32_trap();
	raise(ENTRY32_PARK + 16);
	abort();
}

static void park(int number, siginfo_t *info, void *context)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	ucontext_t *uc = context;

	(void)number;
	(void)info;
	parked = *uc;
	uc->uc_mcontext.gregs[REG_EIP] = (greg_t)elsewhere;
	uc->uc_mcontext.gregs[REG_ESP] = (greg_t)(stack + STACK_SIZE - 64);
}

static void jump(int number)
{
	(void)number;
	entry32_trap();
	siglongjmp(again, 1);
}

static void split(int number)
{
	(void)number;
	if (fork() < 0)
		abort();
	entry32_trap();
}

static void handle(int number, int flags, void *handler)
{
	struct sigaction action = { .sa_flags = flags };

	if (flags & SA_SIGINFO)
		action.sa_sigaction = handler;
	else
		action.sa_handler = handler;
	sigaction(number, &action, NULL);
}

/* glibc gives every handler a restorer, and with it the frame that SA_SIGINFO
 * asks for; without SA_SIGINFO it is sigreturn()'s. */
static void handle_all(void)
{
	handle(ENTRY32_HANDLE, SA_SIGINFO | SA_RESTART, trap_info);
	handle(ENTRY32_HANDLE_OLD, 0, trap);
	handle(ENTRY32_PARK, SA_SIGINFO, park);
	handle(ENTRY32_PARK + 16, SA_SIGINFO, resume);
	handle(ENTRY32_LONGJMP, 0, jump);
	handle(ENTRY32_FORK, 0, split);
}

void entry32_tracee(const struct entry32_call *call)
{
	handle_all();
	memcpy(entry32_in, call, sizeof(entry32_in));
	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		_exit(1);
	sigsetjmp(again, 1);
	entry32_traced_call();
	_exit(0);
}
