// SPDX-License-Identifier: MIT
/*
 * compat - system calls from 32-bit code in a 64-bit program
 *
 *	compat syscall|int80
 *
 * Such code runs on a kernel that has no 32-bit programs, too: any program may
 * jump to the 32-bit code segment. Makes a getpid() there and prints `eax=N`,
 * the pid or an error; where there is no way in, a signal ends it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define STACK_SIZE 4096

unsigned long compat_rsp;

/* Program and stack lie below 4 GiB. 0x23 and 0x33: __USER32_CS, __USER_CS. In
 * 32-bit code getpid() is 20. */
int compat_syscall(void *top);
int compat_int80(void *top);

#define THERE                                                                   \
	"	pushq %rbx\n	pushq %rbp\n"                                           \
	"	movq %rsp, compat_rsp(%rip)\n"                                          \
	"	movq %rdi, %rsp\n"                                                      \
	"	pushq $0x23\n	pushq $1f\n	lretq\n"                                \
	".code32\n"                                                                     \
	"1:	movl $20, %eax\n"
#define BACK                                                                    \
	"	ljmp $0x33, $2f\n"                                                      \
	".code64\n"                                                                     \
	"2:	movq compat_rsp(%rip), %rsp\n"                                          \
	"	popq %rbp\n	popq %rbx\n"                                            \
	"	ret\n"

__asm__(".text\n"
	"compat_syscall:\n" THERE "	syscall\n" BACK
	"compat_int80:\n" THERE "	int $0x80\n" BACK);

int main(int argc, char **argv)
{
	const char *how = argc == 2 ? argv[1] : "";
	char *stack;
	int eax;

	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (stack == MAP_FAILED) {
		perror("compat");
		return 1;
	}
	if (!strcmp(how, "syscall")) {
		eax = compat_syscall(stack + STACK_SIZE);
	} else if (!strcmp(how, "int80")) {
		eax = compat_int80(stack + STACK_SIZE);
	} else {
		fprintf(stderr, "Usage: compat syscall|int80\n");
		return 2;
	}
	printf("eax=%d\n", eax);
	return 0;
}
