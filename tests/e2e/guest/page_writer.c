// SPDX-License-Identifier: MIT
/*
 * page_writer: writes to its pages, some of them at a time and for a while, and
 * comes back to them a second later: what a migration has lost of the last
 * writes is seen then. Says after each round how many writes were lost so far,
 * of how many.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096
#define PAGES 8192u
/* As many as a vCPU's TLB holds at once. */
#define SOME 64u
/* About 10 ms under TCG: most often no task is switched to meanwhile. */
#define TIMES 15000u

static volatile uint64_t *word_of(char *memory, unsigned int page)
{
	return (volatile uint64_t *)(memory + (size_t)page * PAGE);
}

/* How many of the pages do not hold what was written to them last. */
static unsigned int look(char *memory, unsigned int first, uint64_t expected)
{
	unsigned int page, lost = 0;

	for (page = first; page < first + SOME; page++)
		lost += *word_of(memory, page) != expected;
	return lost;
}

static void write_to(char *memory, unsigned int first, uint64_t last)
{
	unsigned int page, n;

	for (n = TIMES; n--;)
		for (page = first; page < first + SOME; page++)
			*word_of(memory, page) = last - n;
}

int main(void)
{
	unsigned long long lost = 0;
	uint64_t written = 0;
	unsigned int first;
	char *memory;

	setvbuf(stdout, NULL, _IOLBF, 0);
	memory = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return EXIT_FAILURE;
	}
	for (;; written += TIMES) {
		for (first = 0; first < PAGES; first += SOME) {
			lost += look(memory, first, written);
			write_to(memory, first, written + TIMES);
		}
		printf("lost=%llu of=%llu\n", lost,
		       (unsigned long long)(written / TIMES) * PAGES);
	}
}
