// SPDX-License-Identifier: MIT
/*
 * entry32 - what this 32-bit process sees of its entry into the kernel
 *
 *	entry32 form		sysenter, syscall, int80 or unknown
 *	entry32 image		the vDSO as this process has it, in hexadecimal
 *	entry32 where		physical address of the site (root)
 *	entry32 rate [CALLS]	ns of a getpid by the entry, and by INT 0x80
 *	entry32 call		one getpid by the entry; its exit status tells
 *	entry32 walk		the same between two INT3, for a tracer
 *	entry32 stack		calls from its middle, with a stack that is away
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "entry32.h"
#include "entry32_stack.h"

/* /proc/PID/pagemap: Documentation/admin-guide/mm/pagemap.rst. */
#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_PFN ((1ull << 55) - 1)

static int show_image(void)
{
	unsigned long start, end, i;
	char line[256], name[64] = "";
	FILE *maps = fopen("/proc/self/maps", "r");

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %63s", &start, &end,
			   name) == 3 && start == entry32_image)
			break;
	if (!maps || strcmp(name, "[vdso]"))
		return 1;
	fclose(maps);
	for (i = start; i < end; i++)
		printf("%02x%s", *(unsigned char *)i, (i + 1) % 64 ? "" : "\n");
	return 0;
}

static int show_where(void)
{
	int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	/* Present once it was looked at, as entry32_find() has done. */
	if (file < 0 || pread(file, &entry, sizeof(entry),
			      entry32_site / 4096 * sizeof(entry)) != sizeof(entry) ||
	    !(entry & PAGEMAP_PRESENT) || !(entry & PAGEMAP_PFN)) {
		fprintf(stderr, "entry32: pagemap does not tell\n");
		return 1;
	}
	close(file);
	printf("%#llx\n", (entry & PAGEMAP_PFN) * 4096 + entry32_site % 4096);
	return 0;
}

static long call(void)
{
	long result;

	__asm__ volatile("call *entry32_start" : "=a"(result) : "0"(SYS_getpid)
			 : "memory");
	return result;
}

static long interrupt(void)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "0"(SYS_getpid) : "memory");
	return result;
}

/* Registers that nobody has by chance; the call is one of six bytes. */
static void walk(void)
{
	__asm__ volatile("	pushl %%ebp\n"
			 "	movl $0x0b0b0b0b, %%ebp\n"
			 "	int3\n"
			 "	call *entry32_start\n"
			 "	int3\n"
			 "	popl %%ebp\n"
			 :
			 : "a"(SYS_getpid), "b"(0x0b1b1b1b), "c"(0x0c0c0c0c),
			   "d"(0x0d0d0d0d), "S"(0x05050505), "D"(0x0d1d1d1d)
			 : "memory");
}

static double ns_of(long (*how)(void), long calls)
{
	const long pid = getpid();
	struct timespec from, to;
	long i;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < calls; i++)
		if (how() != pid) {
			fprintf(stderr, "entry32: a wrong pid\n");
			exit(1);
		}
	clock_gettime(CLOCK_MONOTONIC, &to);
	return ((to.tv_sec - from.tv_sec) * 1e9 + to.tv_nsec - from.tv_nsec) / calls;
}

static int show_rate(long calls)
{
	printf("entry=%s entry_ns=%.0f int80_ns=%.0f\n", entry32_form(),
	       ns_of(call, calls), ns_of(interrupt, calls));
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	entry32_find("entry32");
	if (!strcmp(what, "form"))
		return puts(entry32_form()) < 0;
	if (!strcmp(what, "image"))
		return show_image();
	if (!strcmp(what, "where"))
		return show_where();
	if (!strcmp(what, "rate"))
		return show_rate(argc > 2 ? atol(argv[2]) : 100000);
	if (!strcmp(what, "call"))
		return call() != getpid();
	if (!strcmp(what, "walk")) {
		walk();
		return 0;
	}
	if (!strcmp(what, "stack"))
		return entry32_stack();
	fprintf(stderr, "Usage: entry32 form|image|where|rate [CALLS]|call|walk|stack\n");
	return 2;
}
