// SPDX-License-Identifier: MIT
/*
 * raw32 - enter the kernel from 32-bit code by an instruction of its own
 *
 *	raw32 syscall|sysenter
 *
 * As no program should: without asking the vDSO what this CPU has. Registers and
 * stack are laid out as the vDSO's entry does, since that is where the kernel
 * returns to. Prints `right` or `wrong` of what getpid() gave; exit status 0 or
 * 1. Where the instruction is missing or disarmed, a signal ends it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef __i386__
#error "to be compiled with -m32"
#endif

long raw32_syscall(void), raw32_sysenter(void);

/* getpid() is 20. What is pushed last is the sixth argument, and comes back. */
__asm__(".text\n"
	"raw32_syscall:\n"
	"	movl $20, %eax\n"
	"	pushl %ebp\n	pushl $1f\n"
	"	pushl %ecx\n	pushl %edx\n	pushl %ebp\n"
	"	movl %ecx, %ebp\n	syscall\n"
	"raw32_sysenter:\n"
	"	movl $20, %eax\n"
	"	pushl %ebp\n	pushl $1f\n"
	"	pushl %ecx\n	pushl %edx\n	pushl %ebp\n"
	"	movl %esp, %ebp\n	sysenter\n"
	"1:	popl %ebp\n	ret\n");

int main(int argc, char **argv)
{
	long pid = getpid(), got;

	if (argc == 2 && !strcmp(argv[1], "syscall")) {
		got = raw32_syscall();
	} else if (argc == 2 && !strcmp(argv[1], "sysenter")) {
		got = raw32_sysenter();
	} else {
		fprintf(stderr, "Usage: raw32 syscall|sysenter\n");
		return 2;
	}
	puts(got == pid ? "right" : "wrong");
	return got != pid;
}
