// SPDX-License-Identifier: MIT
/*
 * Restartable sequences: once membarrier() has returned, no section that began
 * before it is committed.
 */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ahead.h"

#define ROUNDS 100

static volatile uint32_t allowed = 1, over;
static uint32_t length;
static volatile uint64_t commits, aborts;

/* Commits if that was allowed when the section began. */
static void section(struct rseq *rs)
{
	uint64_t scratch;

	__asm__ volatile(
		".pushsection __rseq_cs, \"aw\"\n"
		"	.balign 32\n"
		"9:	.long 0, 0\n"
		"	.quad 1f, 2f - 1f, 4f\n"
		".popsection\n"
		"	movbe (%[data]), %%ecx\n"
		"	lea 9b(%%rip), %[scratch]\n"
		"	mov %[scratch], 8(%[rs])\n"	/* rseq_cs */
		"1:	cmpl $0, %[allowed]\n"
		"	je 5f\n"
		"	mov %[length], %%ecx\n"
		"3:	movbe (%[data]), %%eax\n"
		"	dec %%ecx\n"
		"	jnz 3b\n"
		"	incq %[commits]\n"
		"2:	jmp 5f\n"
		"	.byte 0x0f, 0xb9, 0x3d\n"
		"	.long %c[signature]\n"
		"4:	incq %[aborts]\n"
		"5:"
		: [scratch] "=&r" (scratch), [commits] "+m" (commits),
		  [aborts] "+m" (aborts)
		: [rs] "r" (rs), [data] "r" (&big_endian), [allowed] "m" (allowed),
		  [length] "m" (length),
		  [signature] "i" (RSEQ_SIG)
		: "rax", "rcx", "cc", "memory");
}

static void *commit(void *unused)
{
	struct rseq *rs = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);

	(void)unused;
	pin(1);
	while (!over)
		section(rs);
	return NULL;
}

/* Instructions that are in a section: the longer, the more may come in between. */
int sections_main(unsigned long instructions)
{
	unsigned long wrong = 0;
	pthread_t thread;
	uint64_t before;

	if (!__rseq_size || syscall(SYS_membarrier,
			MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0)) {
		perror("rseq");
		return 2;
	}
	length = instructions / 3;
	pin(0);
	pthread_create(&thread, NULL, commit, NULL);
	for (int n = 0; n < ROUNDS; n++) {
		allowed = 0;
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
		before = commits;
		for (unsigned long i = 0; i < 30 * instructions; i++)
			wrong += commits != before;
		allowed = 1;
		while (commits == before)
			;
	}
	over = 1;
	pthread_join(thread, NULL);
	fprintf(stderr, "%lu committed, %lu aborted\n", (unsigned long)commits,
		(unsigned long)aborts);
	printf("sections: wrong=%lu\n", wrong);
	return wrong != 0;
}
