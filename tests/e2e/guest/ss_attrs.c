// SPDX-License-Identifier: MIT
/*
 * ss_attrs - is the stack segment usable in 32-bit code after a system call
 *
 *	ss_attrs [ROUNDS]
 *
 * A thread spins on the CPU on which another one sleeps shortly and then jumps
 * to 32-bit code that uses its stack. The sleeper is switched to from the timer
 * interrupt of the spinning one, which entered the kernel with a null SS; it
 * returns by SYSRET, which on AMD does not load the hidden part of SS. A kernel
 * that does not know dies here of a signal. After the idea of the kernel's own
 * selftest sysret_ss_attrs.
 *
 * Prints rounds=N in the end.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_SIZE 4096

unsigned long ss_attrs_rsp;

/* Program and stack lie below 4 GiB. 0x23 and 0x33: __USER32_CS, __USER_CS. */
void ss_attrs_use_32bit_stack(void *top);
__asm__(".text\n"
	"ss_attrs_use_32bit_stack:\n"
	"	pushq %rbx\n	pushq %rbp\n"
	"	movq %rsp, ss_attrs_rsp(%rip)\n"
	"	movq %rdi, %rsp\n"
	"	pushq $0x23\n	pushq $1f\n	lretq\n"
	".code32\n"
	"1:	pushl $0\n	popl %eax\n"
	"	ljmp $0x33, $2f\n"
	".code64\n"
	"2:	movq ss_attrs_rsp(%rip), %rsp\n"
	"	popq %rbp\n	popq %rbx\n"
	"	ret\n");

static void *spin(void *unused)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
	return unused;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 200, i;
	pthread_t spinner;
	cpu_set_t one;
	char *stack;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one)) {
		perror("ss_attrs: sched_setaffinity");
		return 1;
	}
	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (stack == MAP_FAILED || pthread_create(&spinner, NULL, spin, NULL)) {
		perror("ss_attrs");
		return 1;
	}
	for (i = 0; i < rounds; i++) {
		usleep(2);
		ss_attrs_use_32bit_stack(stack + STACK_SIZE);
	}
	printf("rounds=%d\n", rounds);
	return 0;
}
