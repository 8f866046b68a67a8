// SPDX-License-Identifier: MIT
/*
 * A thread in the middle of the entry, as an interrupt leaves it there, whose
 * stack is present, not in memory, or not to be read. The stack is filled
 * through another mapping of the same page, so nothing touches it before.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "entry32.h"
#include "entry32_stack.h"

#define PAGE 4096ul
#define PAGES 16
#define TOP (PAGE / 2)		/* in the page: where esp points in the middle */
#define NUMBER 11		/* of the page that is mapped */

/* For the assembly below. */
unsigned long entry32_stack_args[5], entry32_stack_esp, entry32_stack_ebp;
unsigned long entry32_stack_middle, entry32_stack_own, entry32_stack_kept[3];
long entry32_stack_call(void);
extern char entry32_stack_return[];

__asm__(".text\n"
	".globl entry32_stack_return\n"
	"entry32_stack_call:\n"
	"	pushl %ebp\n	pushl %edi\n	pushl %esi\n	pushl %ebx\n"
	"	movl %esp, entry32_stack_own\n"
	"	movl entry32_stack_args, %ebx\n"
	"	movl entry32_stack_args + 4, %ecx\n"
	"	movl entry32_stack_args + 8, %edx\n"
	"	movl entry32_stack_args + 12, %esi\n"
	"	movl entry32_stack_args + 16, %edi\n"
	"	movl entry32_stack_ebp, %ebp\n"
	"	movl entry32_stack_esp, %esp\n"
	"	movl $192, %eax\n"		/* mmap2 */
	"	jmp *entry32_stack_middle\n"
	"entry32_stack_return:\n"
	"	movl %ebp, entry32_stack_kept\n"
	"	movl %edx, entry32_stack_kept + 4\n"
	"	movl %ecx, entry32_stack_kept + 8\n"
	"	movl entry32_stack_own, %esp\n"
	"	popl %ebx\n	popl %esi\n	popl %edi\n	popl %ebp\n"
	"	ret\n");

static unsigned char *stack;
static unsigned long *alias;
static sigjmp_buf out;

static void on_fault(int number, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	printf("signal=%d at=site%+ld eax=%d addr=esp%+ld", number,
	       (long)(regs[REG_EIP] - entry32_site), regs[REG_EAX],
	       (long)((unsigned long)info->si_addr - entry32_stack_esp));
	siglongjmp(out, 1);
}

static int is_in_memory(const void *page)
{
	int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (file < 0 || pread(file, &entry, sizeof(entry), (uintptr_t)page / PAGE *
			      sizeof(entry)) != sizeof(entry)) {
		perror("pagemap");
		exit(2);
	}
	close(file);
	return entry >> 63;
}

static const char *make_call(void)
{
	unsigned char *page = (void *)entry32_stack_call();
	const char *wrong = "ok";

	if ((unsigned long)page > -PAGE)
		return "failed";
	if (page[0] != NUMBER || page[PAGE - 1] != NUMBER)
		wrong = "page";
	if (entry32_stack_kept[0] != NUMBER ||
	    entry32_stack_kept[1] != entry32_stack_args[2] ||
	    entry32_stack_kept[2] != entry32_stack_args[1])
		wrong = "register";
	munmap(page, PAGE);
	return wrong;
}

static void one(const char *name)
{
	/* What lies there after the pushes; the sixth argument is on top. */
	alias[0] = NUMBER;
	alias[1] = entry32_stack_args[2];
	alias[2] = entry32_stack_args[1];
	alias[3] = (unsigned long)entry32_stack_return;
	printf("stack case=%s present=%d ", name, is_in_memory(stack));
	if (!sigsetjmp(out, 1))
		printf("result=%s", make_call());
	printf("\n");
	fflush(stdout);
}

static void prepare(void)
{
	static char other[65536];
	const stack_t handlers = { .ss_sp = other, .ss_size = sizeof(other) };
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
	int fd = memfd_create("stack", MFD_CLOEXEC);

	action.sa_sigaction = on_fault;
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	if (fd < 0 || ftruncate(fd, PAGE) || sigaltstack(&handlers, NULL)) {
		perror("stack");
		exit(2);
	}
	stack = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	alias = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (stack == MAP_FAILED || alias == MAP_FAILED) {
		perror("stack");
		exit(2);
	}
	alias += TOP / sizeof(*alias);
	memcpy(entry32_stack_args, (unsigned long[]){ 0, PAGE, PROT_READ, MAP_SHARED,
	       entry32_numbered(PAGES) }, sizeof(entry32_stack_args));
	entry32_stack_middle = entry32_site + ENTRY32_MIDDLE;
	entry32_stack_esp = (unsigned long)stack + TOP;
	/* What the first of the two instructions has put there. */
	entry32_stack_ebp = strcmp(entry32_form(), "syscall") ? entry32_stack_esp :
								entry32_stack_args[1];
}

int entry32_stack(void)
{
	prepare();
	*(volatile unsigned char *)stack = 0;
	one("present");
	madvise(stack, PAGE, MADV_DONTNEED);
	one("away");
	mprotect(stack, PAGE, PROT_NONE);
	one("forbidden");
	return 0;
}
