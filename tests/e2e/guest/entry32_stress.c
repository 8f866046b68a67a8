// SPDX-License-Identifier: MIT
/*
 * entry32_stress - 32-bit system calls without a pause while the entry changes
 *
 *	entry32_stress [--threads N] [--calls N] [--flips N]
 *
 * N threads (default 2) call __kernel_vsyscall until all of them have made N
 * calls (default 1,000,000) and N flips are done (default 0), and check result
 * and registers of each: getpid, gettid, a close that fails, now and then mmap2
 * with six arguments. One more thread sleeps in read() and is interrupted by a
 * signal that restarts it. All get signals wherever they are.
 *
 * A flip is a write of int80 or auto to the module's parameter `entry`, in
 * turns; upon return the entry must be that. With --flips 0 somebody else
 * changes it. The policy is auto in the end.
 *
 * Prints each second and at the end: calls=N wrong=N flips=N restarts=N
 * signals=N middle=N form=NAME ms=N; restarts: signals that found the reader's
 * call to be restarted; middle: those that found a thread between the entry's
 * two instructions. Exit status 1 if anything was wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "entry32.h"

#define POLICY "/sys/module/isahp/parameters/entry"
#define PAGES 64
#define THREADS_MAX 64
#define ROUND 256
#define PAUSE_US 5000
#define PAUSES_PER_FLIP 3

long entry32_call(long nr, long a, long b, long c, long d, long e, long f);
/* Calls after which a register was not what it had been. */
unsigned long entry32_clobbered;

__asm__(".text\n"
	"entry32_call:\n"
	"	pushl %ebp\n	pushl %edi\n	pushl %esi\n	pushl %ebx\n"
	"	movl 20(%esp), %eax\n	movl 24(%esp), %ebx\n"
	"	movl 28(%esp), %ecx\n	movl 32(%esp), %edx\n"
	"	movl 36(%esp), %esi\n	movl 40(%esp), %edi\n"
	"	movl 44(%esp), %ebp\n"
	"	call *entry32_start\n"
	"	cmpl %ebx, 24(%esp)\n	jne 1f\n"
	"	cmpl %ecx, 28(%esp)\n	jne 1f\n"
	"	cmpl %edx, 32(%esp)\n	jne 1f\n"
	"	cmpl %esi, 36(%esp)\n	jne 1f\n"
	"	cmpl %edi, 40(%esp)\n	jne 1f\n"
	"	cmpl %ebp, 44(%esp)\n	je 2f\n"
	"1:	lock incl entry32_clobbered\n"
	"2:	popl %ebx\n	popl %esi\n	popl %edi\n	popl %ebp\n"
	"	ret\n");

static struct counts {
	unsigned long calls, wrong;
	pthread_t thread;
} __attribute__((aligned(64))) counts[THREADS_MAX];
static unsigned long flips, flips_wrong, restarts, signals, middle;
static unsigned long reads, reads_wrong;
static int numbered, stop, threads = 2, reader_pipe[2];
static unsigned long calls_wanted = 1000000, flips_wanted;

static void add(unsigned long *counter, unsigned long n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

static bool has_stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	unsigned long ip = ((ucontext_t *)context)->uc_mcontext.gregs[REG_EIP];

	(void)number;
	(void)info;
	add(&signals, 1);
	add(&restarts, ip == entry32_site + ENTRY32_INT80 &&
		       ((ucontext_t *)context)->uc_mcontext.gregs[REG_EAX] ==
			       SYS_read);
	add(&middle, ip == entry32_site + ENTRY32_MIDDLE);
}

static bool map_is_right(long page)
{
	unsigned char *p;
	bool right;

	p = (void *)entry32_call(SYS_mmap2, 0, 4096, PROT_READ, MAP_SHARED,
				 numbered, page);
	if ((unsigned long)p > -4096ul)
		return false;
	right = p[0] == page && p[4095] == page;
	munmap(p, 4096);
	return right;
}

static void *caller(void *arg)
{
	struct counts *c = arg;
	long pid = getpid(), tid = syscall(SYS_gettid), i = 0, n;
	unsigned long wrong;

	for (; !has_stopped(); i++) {
		wrong = !map_is_right(i % PAGES);
		for (n = 0; n < ROUND; n++) {
			wrong += entry32_call(SYS_getpid, i, n, 2, 3, 4, i) != pid;
			wrong += entry32_call(SYS_gettid, 1, n, i, 4, 5, ~i) != tid;
			wrong += entry32_call(SYS_close, -1, n, i, 4, 5, n) != -EBADF;
		}
		c->wrong += wrong;
		__atomic_store_n(&c->calls, c->calls + 1 + 3 * ROUND,
				 __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Asleep most of the time, and restarted by signals. */
static void *reader(void *arg)
{
	char byte;

	(void)arg;
	while (!has_stopped()) {
		byte = 0;
		reads_wrong += entry32_call(SYS_read, reader_pipe[0], (long)&byte, 1,
					    4, 5, 6) != 1 || byte != 'x';
		add(&reads, 1);
	}
	return NULL;
}

static unsigned long all_calls(void)
{
	unsigned long sum = reads;
	int i;

	for (i = 0; i < threads; i++)
		sum += __atomic_load_n(&counts[i].calls, __ATOMIC_RELAXED);
	return sum;
}

static void flip(void)
{
	const char *policy = flips & 1 ? "auto" : "int80";
	int file = open(POLICY, O_WRONLY | O_CLOEXEC);
	bool is_int80;

	if (file < 0 || write(file, policy, strlen(policy)) < 0) {
		perror(POLICY);
		exit(2);
	}
	close(file);
	/* In force when the write returns. */
	is_int80 = !strcmp(entry32_form(), "int80");
	flips_wrong += is_int80 != !strcmp(policy, "int80");
	flips++;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static unsigned long print(long since_ms)
{
	unsigned long wrong = entry32_clobbered + flips_wrong + reads_wrong;
	int i;

	for (i = 0; i < threads; i++)
		wrong += counts[i].wrong;
	printf("calls=%lu wrong=%lu flips=%lu restarts=%lu signals=%lu middle=%lu form=%s ms=%ld\n",
	       all_calls(), wrong, flips, restarts, signals, middle,
	       entry32_form(), now_ms() - since_ms);
	fflush(stdout);
	return wrong;
}

static void kick(pthread_t sleeper)
{
	static unsigned int n;
	int i;

	pthread_kill(sleeper, SIGUSR2);
	if (++n % 4)
		return;
	for (i = 0; i < threads; i++)
		pthread_kill(counts[i].thread, SIGUSR2);
	if (write(reader_pipe[1], "x", 1) != 1)
		exit(2);
}

static void work(pthread_t sleeper)
{
	long start = now_ms(), printed = start;
	unsigned int pauses = 0;

	/* An even number: what was changed is changed back. */
	while (all_calls() < calls_wanted || flips < flips_wanted || flips & 1) {
		usleep(PAUSE_US);
		if (flips_wanted && ++pauses % PAUSES_PER_FLIP == 0)
			flip();
		kick(sleeper);
		if (now_ms() - printed < 1000)
			continue;
		printed = now_ms();
		print(start);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	if (print(start))
		exit(1);
}

static int usage(void)
{
	fprintf(stderr, "Usage: entry32_stress [--threads N] [--calls N] [--flips N]\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_RESTART };
	pthread_t sleeper;
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--threads"))
			threads = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--calls"))
			calls_wanted = strtoul(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--flips"))
			flips_wanted = strtoul(argv[i + 1], NULL, 10);
		else
			return usage();
	}
	if (i != argc || threads < 1 || threads > THREADS_MAX)
		return usage();
	entry32_find("entry32_stress");
	numbered = entry32_numbered(PAGES);
	action.sa_sigaction = on_signal;
	sigaction(SIGUSR2, &action, NULL);
	if (pipe2(reader_pipe, O_CLOEXEC) ||
	    pthread_create(&sleeper, NULL, reader, NULL)) {
		perror("entry32_stress");
		return 2;
	}
	for (i = 0; i < threads; i++)
		pthread_create(&counts[i].thread, NULL, caller, &counts[i]);
	work(sleeper);
	return 0;
}
