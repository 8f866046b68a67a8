// SPDX-License-Identifier: MIT
/* Code that is written, and mappings that change, while it is executed. */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ahead.h"

#define PAGE 4096
#define ROUNDS 100
#define TURNS 1000
#define PATCHES (4 * ROUNDS)

/*
 * near: an instruction stores into one behind it. far: with a branch between the
 * two. shared: another thread stores there; whoever finds it older than it says
 * in *rdi is counted. It is a displacement of MOVBE's, whose bytes the CPU never
 * keeps where it has no such instruction. guarded: nobody may be here while *rdi
 * is not 0.
 */
__asm__(".pushsection .rodata\n"
	"near:	movbe (%rsi), %ecx\n"
	"	mov %edi, 1f + 1(%rip)\n"
	"	nop\n"
	"1:	mov $0, %eax\n"
	"	ret\n"
	"far:	movbe (%rsi), %ecx\n"
	"	mov %edi, 1f + 1(%rip)\n"
	"	jmp 2f\n"
	"2:	movbe (%rsi), %ecx\n"
	"1:	mov $0, %eax\n"
	"	ret\n"
	"	.balign 4\n"
	"shared: xor %r8d, %r8d\n"
	"1:	mov (%rdi), %r9d\n"
	"	.balign 4, 0x90\n"
	"	.byte 0x0f, 0x38, 0xf0, 0x86\n"	/* movbe ...(%rsi), %eax */
	"patch:	.long 0\n"
	"	cmp %r9d, %eax\n"
	"	jae 2f\n"
	"	inc %r8d\n"
	"2:	dec %edx\n"
	"	jnz 1b\n"
	"	mov %r8d, %eax\n"
	"	ret\n"
	"guarded: xor %eax, %eax\n"
	"1:	movbe (%rsi), %ecx\n"
	"	mov (%rdi), %r9d\n"
	"	test %r9d, %r9d\n"
	"	jz 2f\n"
	"	inc %eax\n"
	"2:	dec %edx\n"
	"	jnz 1b\n"
	"	ret\n"
	"code_end:\n"
	".popsection");

extern const char near[], far[], shared[], patch[], guarded[], code_end[];

typedef uint32_t (*stores_fn)(uint32_t value, const uint32_t *data);
typedef uint32_t (*counts_fn)(volatile uint32_t *word, const uint32_t *data,
			      uint32_t turns);

static char *code;
/* Big-endian numbers. */
static uint32_t numbers[PATCHES + 1];
static volatile uint32_t word;
static volatile int over;
static uint32_t wrong;

/* Where a label has been copied to. */
static void *at(const char *label)
{
	return code + (label - near);
}

static void *map(int protection, int flags, int fd)
{
	void *p = mmap(code, 2 * PAGE, protection, flags, fd, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return p;
}

/* --- code that is written ------------------------------------------------- */

static void *execute_shared(void *unused)
{
	counts_fn function = (counts_fn)at(shared);

	(void)unused;
	while (!over)
		wrong += function(&word, numbers, TURNS);
	return NULL;
}

static void write_shared(void)
{
	volatile uint32_t *immediate = at(patch);
	pthread_t thread;

	pthread_create(&thread, NULL, execute_shared, NULL);
	for (uint32_t n = 1; n <= PATCHES; n++) {
		*immediate = n * sizeof(numbers[0]);
		syscall(SYS_membarrier,
			MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
		word = n;
	}
	over = 1;
	pthread_join(thread, NULL);
}

static void copy_code(void)
{
	code = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1);
	memcpy(code, near, code_end - near);
}

int rewrite_main(void)
{
	uint32_t itself = 0;

	copy_code();
	for (uint32_t n = 0; n < ROUNDS; n++) {
		itself += ((stores_fn)at(near))(n, &big_endian) != n;
		itself += ((stores_fn)at(far))(n, &big_endian) != n;
	}
	printf("rewrite: wrong=%u\n", itself);
	return itself != 0;
}

int rewritten_main(void)
{
	copy_code();
	for (uint32_t n = 0; n <= PATCHES; n++)
		numbers[n] = __builtin_bswap32(n);
	if (syscall(SYS_membarrier,
		    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0)) {
		perror("membarrier");
		return 2;
	}
	write_shared();
	printf("rewritten: wrong=%u\n", wrong);
	return wrong != 0;
}

/* --- mappings that change -------------------------------------------------- */

static volatile unsigned long faults;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if ((char *)info->si_addr < code || (char *)info->si_addr >= code + PAGE)
		_exit(3);
	faults++;
	sched_yield();
}

static void *execute_guarded(void *unused)
{
	counts_fn function = (counts_fn)at(guarded);

	(void)unused;
	while (!over)
		wrong += function(&word, &big_endian, TURNS);
	return NULL;
}

static void forbid(int how, int fd)
{
	switch (how) {
	case 0:
		mprotect(code, PAGE, PROT_READ);
		break;
	case 1:
		mprotect(code, PAGE, PROT_NONE);
		break;
	case 2:
		munmap(code, PAGE);
		break;
	default:
		map(PROT_READ, MAP_SHARED | MAP_FIXED, fd);
	}
}

int protect_main(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int fd = memfd_create("code", 0);
	unsigned long before;
	pthread_t thread;

	if (fd < 0 || ftruncate(fd, 2 * PAGE) ||
	    pwrite(fd, near, code_end - near, 0) != code_end - near) {
		perror("memfd");
		return 2;
	}
	code = map(PROT_READ | PROT_EXEC, MAP_SHARED, fd);
	sigaction(SIGSEGV, &sa, NULL);
	pthread_create(&thread, NULL, execute_guarded, NULL);
	for (int n = 0; n < ROUNDS; n++) {
		before = faults;
		forbid(n % 4, fd);
		word = 1;
		/* It has come there. */
		while (faults == before)
			sched_yield();
		word = 0;
		map(PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd);
	}
	over = 1;
	pthread_join(thread, NULL);
	printf("protect: wrong=%u\n", wrong);
	return wrong != 0;
}
