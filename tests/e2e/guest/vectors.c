// SPDX-License-Identifier: MIT
/*
 * vectors: a program as they are, built for instructions that may be missing.
 *
 *	vectors run PART ...     rounds of these until SIGTERM, a line each
 *	vectors once PART ...    one round, and what of it was wrong
 *	vectors cost N           nanoseconds of one AVX2 instruction, of N
 *
 * Glibc must not use such instructions itself: see GLIBC_TUNABLES in the lab.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vectors.h"

static const struct part {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "integers", forms_integers },
	{ "gathers", forms_gathers },
	{ "masked", forms_masked },
	{ "scalars", forms_scalars },
	{ "text", forms_text },
	{ "floats", forms_floats },
	{ "kept", state_kept },
	{ "legacy", state_legacy },
	{ "signals", state_signals },
	{ "fork", state_fork },
	{ "ptrace", state_ptrace },
	{ "faults", state_faults },
	{ "masked-faults", state_masked_faults },
	{ "gather-faults", state_gather_faults },
	{ "aligned", state_aligned },
	{ "aligned-wide", state_aligned_wide },
	{ "exceptions", state_exceptions },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static const char *part_name;
static unsigned long wrong;

/* xorshift64 (Marsaglia, 2003) */
uint64_t random64(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

void randomize(void *p, unsigned long size)
{
	unsigned char *b = p;

	for (unsigned long i = 0; i < size; i++)
		b[i] = (unsigned char)(random64() >> 24);
}

void expect(int right, const char *what)
{
	if (right)
		return;
	if (!wrong++)
		printf("first wrong: %s of %s\n", what, part_name);
}

void expect_bytes(const void *got, const void *want, unsigned long size,
		  const char *what)
{
	expect(!memcmp(got, want, size), what);
}

char *page_end(void)
{
	static char *end;
	char *p;

	if (end)
		return end;
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		 -1, 0);
	if (p == MAP_FAILED || munmap(p + 4096, 4096))
		exit(2);
	end = p + 4096;
	return end;
}

static int run_parts(char **names)
{
	for (; *names; names++) {
		const struct part *p = parts;

		while (p < parts + PARTS && strcmp(p->name, *names))
			p++;
		if (p == parts + PARTS) {
			printf("no such part: %s\n", *names);
			return 0;
		}
		part_name = p->name;
		p->run();
	}
	return 1;
}

static int cost(unsigned long n)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (unsigned long i = 0; i < n; i++)
		__asm__ volatile("vpaddd %%ymm1, %%ymm1, %%ymm0" : : : "xmm0");
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("cost: %lld ns\n", ((to.tv_sec - from.tv_sec) * 1000000000LL +
				   to.tv_nsec - from.tv_nsec) / (long long)n);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	unsigned long round = 1;

	if (!strcmp(what, "cost"))
		return cost(strtoul(argv[2], NULL, 0));
	if (!strcmp(what, "once")) {
		if (!run_parts(argv + 2))
			return 64;
		printf("once: wrong=%lu\n", wrong);
		return wrong != 0;
	}
	if (strcmp(what, "run")) {
		fprintf(stderr, "usage: see vectors.c\n");
		return 64;
	}
	for (; run_parts(argv + 2); round++) {
		printf("round=%lu wrong=%lu\n", round, wrong);
		fflush(stdout);
		usleep(5000);
	}
	return 64;
}
