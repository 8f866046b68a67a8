// SPDX-License-Identifier: MIT
/* Faults of instructions behind one that may be missing. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "ahead.h"

#define PAGE 4096

static sigjmp_buf back;
static struct {
	int number, code;
	uintptr_t addr, ip, ax;
	uint32_t mxcsr;
} caught;

static void on_signal(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	caught.number = number;
	caught.code = info->si_code;
	caught.addr = (uintptr_t)info->si_addr;
	caught.ip = uc->uc_mcontext.gregs[REG_RIP];
	caught.ax = uc->uc_mcontext.gregs[REG_RAX];
	caught.mxcsr = uc->uc_mcontext.fpregs->mxcsr;
	siglongjmp(back, 1);
}

static void catch_all(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_NODEFER,
	};

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGFPE, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
}

/* From the code or from the data, whichever it is near to. */
static long place(uintptr_t address, const char *code, const char *data)
{
	long to_code = (long)(address - (uintptr_t)code);
	long to_data = (long)(address - (uintptr_t)data);

	if (labs(to_data) <= PAGE)
		return 10000 + to_data;
	return labs(to_code) <= PAGE ? to_code : -10000;
}

/* What the CPU did before it is done: RAX counts. */
static void say(const char *what, const char *code, const char *data)
{
	printf("%s: signal %d code %d addr %ld ip %ld ax %lx\n", what, caught.number,
	       caught.code, place(caught.addr, code, data),
	       place(caught.ip, code, data), caught.ax);
}

/* Each is called with what is to be met in RDI. */
__asm__(".pushsection .text\n"
	"load:	movbe (%rsi), %eax\n"
	"	inc %eax\n"
	"	mov (%rdi), %ecx\n"
	"	ret\n"
	"store:	movbe (%rsi), %eax\n"
	"	inc %eax\n"
	"	mov %eax, (%rdi)\n"
	"	ret\n"
	"jump:	movbe (%rsi), %eax\n"
	"	inc %eax\n"
	"	jmp *%rdi\n"
	"divide: movbe (%rsi), %eax\n"
	"	cltd\n"
	"	xor %ecx, %ecx\n"
	"	div %ecx\n"
	"	ret\n"
	"undefined: movbe (%rsi), %eax\n"
	"	inc %eax\n"
	"	ud2\n"
	"divide_vectors: movbe (%rsi), %eax\n"
	"	inc %eax\n"
	"	mov $1, %ecx\n"
	"	cvtsi2ss %ecx, %xmm0\n"
	"	xorps %xmm1, %xmm1\n"
	"	divss %xmm1, %xmm0\n"
	"	inc %eax\n"
	"	ret\n"
	/* What is copied to where it may, or may not be executed. */
	"body:	movbe (%rsi), %eax\n"
	"	movbe (%rsi), %edx\n"
	"	ret\n"
	"body_end:\n"
	".popsection");

extern const char load[], store[], jump[], divide[], undefined[], divide_vectors[],
	body[], body_end[];

static void call(const char *function, const char *target)
{
	caught.number = 0;
	if (!sigsetjmp(back, 1))
		((void (*)(const char *, const uint32_t *))function)(target, &big_endian);
}

static void meet(const char *what, const char *function, const char *target,
		 const char *data)
{
	call(function, target);
	say(what, function, data);
}

int faults_main(void)
{
	size_t size = body_end - body;
	/* Executable, readable, not there. */
	char *map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *data = map + PAGE;

	if (map == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	catch_all();
	memcpy(data, body, size);
	/* The second MOVBE lies across the two pages. */
	memcpy(data - 6, body, size);
	memcpy(data - 6 + size, body, size);
	mprotect(data, PAGE, PROT_READ);
	munmap(data + PAGE, PAGE);
	meet("load", load, data + PAGE, data);
	meet("store", store, data, data);
	meet("execute data", jump, data, data);
	meet("execute nothing", jump, data + PAGE, data);
	meet("execute across", jump, data - 6, data);
	meet("execute a hole", jump, (char *)0x800000000000, data);
	meet("divide", divide, data, data);
	meet("undefined", undefined, data, data);
	return 0;
}

#define TRIES 1000

/*
 * #XM, of which QEMU's TCG knows nothing: what is emulated must know. A run that an
 * interrupt ends before it comes that far says nothing.
 */
int exceptions_main(void)
{
	const uint32_t mxcsr = 0x1f80 & ~0x200;
	uint32_t after;
	int tries = 0;

	catch_all();
	do {
		__asm__ volatile("ldmxcsr %0" : : "m" (mxcsr));
		call(divide_vectors, NULL);
		__asm__ volatile("stmxcsr %0" : "=m" (after));
	} while (!caught.number && ++tries < TRIES);
	say("exception", divide_vectors, NULL);
	printf("mxcsr %x, then %x\n", caught.mxcsr, after & 0x1f80);
	return 0;
}
