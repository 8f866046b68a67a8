// SPDX-License-Identifier: MIT
/*
 * vsys32 - 32-bit system calls through the vDSO's entry, each result checked
 *
 *	vsys32 [--threads N] [--seconds S] [--middle] [--private]
 *
 * N threads (default 2) call __kernel_vsyscall (AT_SYSINFO) without a pause,
 * for S seconds (default: until killed): getppid, gettid, and mmap2 with all
 * six arguments of a file whose pages are numbered, so that a wrong sixth one
 * shows. Registers that the entry promises to keep are checked after each call.
 * With --middle each round also resumes at the second instruction of the entry,
 * as a thread that was interrupted there would, while the entry is INT 0x80.
 * With --private this process has a copy of its own of the entry's page, as under
 * a debugger with a breakpoint in it, and keeps the entry of its start.
 *
 * Prints five times a second, and at the end: calls=N wrong=N middle=N entry=NAME, NAME
 * being sysenter, syscall, int80 or unknown. Exit status 1 if one was wrong.
 */
#define _FILE_OFFSET_BITS 64
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __i386__
#error "to be compiled with -m32"
#endif

#define PAGES 64
#define THREADS_MAX 64
#define LINES_PER_S 5

/* Addresses for the assembly below. */
unsigned long vsys_entry, vsys_middle;
/* Calls after which ebp, ecx or edx was not what it had been. */
unsigned long vsys_clobbered;

/* Six arguments and a number: nr, a, b, c, d, e, f. */
long vsys6(long nr, long a, long b, long c, long d, long e, long f);
/* The same, resumed behind `mov %esp, %ebp`, or behind `mov %ecx, %ebp`. */
long vsys6_behind_esp(long nr, long a, long b, long c, long d, long e, long f);
long vsys6_behind_ecx(long nr, long a, long b, long c, long d, long e, long f);

#define LOAD                                                                   \
	"	pushl %ebp\n	pushl %edi\n	pushl %esi\n	pushl %ebx\n"          \
	"	movl 20(%esp), %eax\n	movl 24(%esp), %ebx\n"                         \
	"	movl 28(%esp), %ecx\n	movl 32(%esp), %edx\n"                         \
	"	movl 36(%esp), %esi\n	movl 40(%esp), %edi\n"                         \
	"	movl 44(%esp), %ebp\n"
#define CHECK                                                                  \
	"	cmpl %ebp, 44(%esp)\n	jne 1f\n"                                      \
	"	cmpl %ecx, 28(%esp)\n	jne 1f\n"                                      \
	"	cmpl %edx, 32(%esp)\n	je 2f\n"                                       \
	"1:	lock incl vsys_clobbered\n"                                            \
	"2:	popl %ebx\n	popl %esi\n	popl %edi\n	popl %ebp\n"           \
	"	ret\n"

__asm__(".text\n"
	"vsys6:\n" LOAD
	"	call *vsys_entry\n" CHECK
	"vsys6_behind_esp:\n" LOAD
	"	pushl $3f\n	pushl %ecx\n	pushl %edx\n	pushl %ebp\n"
	"	movl %esp, %ebp\n"
	"	jmp *vsys_middle\n"
	"3:\n" CHECK
	"vsys6_behind_ecx:\n" LOAD
	"	pushl $4f\n	pushl %ecx\n	pushl %edx\n	pushl %ebp\n"
	"	movl %ecx, %ebp\n"
	"	jmp *vsys_middle\n"
	"4:\n" CHECK);

static struct counts {
	unsigned long calls, wrong, middle;
} counts[THREADS_MAX];
static int numbered, stop;
static long parent;
static long (*behind)(long, long, long, long, long, long, long);

static const unsigned char *site(void)
{
	static const unsigned char pushes[] = { 0x51, 0x52, 0x55 };
	const unsigned char *p = (void *)vsys_entry;
	int i;

	for (i = 0; i < 8; i++)
		if (!memcmp(p + i, pushes, sizeof(pushes)))
			return p + i + sizeof(pushes);
	return NULL;
}

static const char *entry_name(void)
{
	const volatile unsigned char *p = site();

	if (!p)
		return "unknown";
	switch (p[2] << 8 | p[3]) {
	case 0x0f34:
		return "sysenter";
	case 0x0f05:
		return "syscall";
	case 0x0f0b:
		return "int80";
	default:
		return "unknown";
	}
}

typedef long (*caller)(long, long, long, long, long, long, long);

static int map_is_right(caller call, long page)
{
	unsigned char *p;
	int right;

	p = (void *)call(SYS_mmap2, 0, 4096, PROT_READ, MAP_SHARED, numbered, page);
	if ((unsigned long)p > -4096ul)
		return 0;
	right = p[0] == page && p[4095] == page;
	munmap(p, 4096);
	return right;
}

static void round_of_calls(struct counts *c, caller call, long tid, long page)
{
	c->wrong += call(SYS_getppid, 0, 0, 0, 0, 0, 0x5a5a5a5a) != parent;
	c->wrong += call(SYS_gettid, 1, 2, 3, 4, 5, 6) != tid;
	c->wrong += !map_is_right(call, page);
	c->calls += 3;
}

/*
 * Only INT80 sees who comes to its middle by a jump: where the entry has changed
 * meanwhile, a wrong result is this program's own doing.
 */
static void round_in_middle(struct counts *c, long tid, long page)
{
	struct counts round = { 0 };

	round_of_calls(&round, behind, tid, page);
	if (strcmp(entry_name(), "int80"))
		return;
	c->wrong += round.wrong;
	c->calls += round.calls;
	c->middle += round.calls;
}

static void *thread(void *arg)
{
	struct counts *c = arg;
	long tid = syscall(SYS_gettid);
	long page = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		page = (page + 1) % PAGES;
		round_of_calls(c, vsys6, tid, page);
		if (behind && !strcmp(entry_name(), "int80"))
			round_in_middle(c, tid, page);
	}
	return NULL;
}

static void make_numbered(void)
{
	char page[4096];
	int i;

	numbered = memfd_create("numbered", MFD_CLOEXEC);
	for (i = 0; i < PAGES; i++) {
		memset(page, i, sizeof(page));
		if (write(numbered, page, sizeof(page)) != sizeof(page)) {
			perror("vsys32: memfd");
			exit(1);
		}
	}
}

/* A write that changes nothing, past the protection, as a debugger's. */
static void make_private(void)
{
	int fd = open("/proc/self/mem", O_RDWR);

	if (fd < 0 || pwrite(fd, site(), 1, (off_t)(unsigned long)site()) != 1) {
		perror("vsys32: /proc/self/mem");
		exit(1);
	}
	close(fd);
}

static unsigned long print(int threads)
{
	struct counts sum = { 0 };
	int i;

	for (i = 0; i < threads; i++) {
		sum.calls += counts[i].calls;
		sum.wrong += counts[i].wrong;
		sum.middle += counts[i].middle;
	}
	sum.wrong += vsys_clobbered;
	printf("calls=%lu wrong=%lu middle=%lu entry=%s\n", sum.calls, sum.wrong,
	       sum.middle, entry_name());
	fflush(stdout);
	return sum.wrong;
}

int main(int argc, char **argv)
{
	int threads = 2, seconds = 0, middle = 0, private = 0, i;
	pthread_t t[THREADS_MAX];

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--threads") && argv[i + 1])
			threads = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--seconds") && argv[i + 1])
			seconds = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--middle"))
			middle = 1;
		else if (!strcmp(argv[i], "--private"))
			private = 1;
		else
			threads = 0;
	}
	if (threads < 1 || threads > THREADS_MAX) {
		fprintf(stderr, "Usage: vsys32 [--threads N] [--seconds S] [--middle] [--private]\n");
		return 2;
	}
	vsys_entry = getauxval(AT_SYSINFO);
	if (!vsys_entry || !site()) {
		fprintf(stderr, "vsys32: this kernel has no 32-bit vDSO that is known\n");
		return 77;
	}
	if (private)
		make_private();
	vsys_middle = (unsigned long)site() + 2;
	/* What a thread in flight looks like depends on the kernel's own form. */
	if (middle)
		behind = !strcmp(entry_name(), "syscall") ? vsys6_behind_ecx :
							    vsys6_behind_esp;
	parent = getppid();
	make_numbered();
	for (i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, thread, &counts[i]);
	for (i = 0; !seconds || i < seconds * LINES_PER_S; i++) {
		usleep(1000000 / LINES_PER_S);
		print(threads);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	return print(threads) ? 1 : 0;
}
