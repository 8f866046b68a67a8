// SPDX-License-Identifier: MIT
/*
 * ahead: code that an emulator may go on with, and what must not notice.
 *
 *	ahead busy         loops without a system call under timers and beside another
 *	                   thread on the same CPU; then for ever
 *	ahead calls N      N system calls with a MOVBE in front of each
 *	ahead sections N   restartable sequences of N instructions
 *	ahead PART         see ahead.h
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "ahead.h"

const uint32_t big_endian = 0x04030201;

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("sched_setaffinity");
		exit(2);
	}
}

/* The sum of so many MOVBE of big_endian. */
static uint64_t sum(uint64_t turns)
{
	uint64_t sum = 0;

	__asm__ volatile("1:	movbe (%[at]), %%eax\n"
			 "	add %%rax, %[sum]\n"
			 "	dec %[turns]\n"
			 "	jnz 1b"
			 : [sum] "+r" (sum), [turns] "+r" (turns)
			 : [at] "r" (&big_endian)
			 : "eax", "cc", "memory");
	return sum;
}

/* --- busy ----------------------------------------------------------------- */

#define TURNS 20000
#define WAKES 30
#define SIGNALS 10

static volatile unsigned long rounds, wrong;
static volatile sig_atomic_t alarms, profiled;

static void on_signal(int number)
{
	if (number == SIGALRM)
		alarms++;
	else
		profiled++;
}

static void *loop(void *unused)
{
	(void)unused;
	for (;;) {
		wrong += sum(TURNS) != TURNS * 0x01020304ULL;
		rounds++;
	}
	return NULL;
}

/*
 * The loop's thread gets the signals, this one sleeps and wakes on its CPU: an
 * end of each wait is that it is over at all.
 */
static int busy_main(void)
{
	const struct itimerval often = {
		.it_interval.tv_usec = 5000,
		.it_value.tv_usec = 5000,
	};
	pthread_t thread;
	sigset_t both;
	unsigned long before;

	pin(0);
	sigemptyset(&both);
	sigaddset(&both, SIGALRM);
	sigaddset(&both, SIGPROF);
	signal(SIGALRM, on_signal);
	signal(SIGPROF, on_signal);
	pthread_create(&thread, NULL, loop, NULL);
	pthread_sigmask(SIG_BLOCK, &both, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	setitimer(ITIMER_PROF, &often, NULL);
	for (int i = 0; i < WAKES || alarms < SIGNALS || profiled < SIGNALS; i++)
		usleep(2000);
	before = rounds;
	while (rounds < before + 2)
		usleep(2000);
	printf("busy: wrong=%lu\n", wrong);
	fflush(stdout);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	setitimer(ITIMER_PROF, &(struct itimerval){ 0 }, NULL);
	pthread_join(thread, NULL);
	return 0;
}

/* --- calls ---------------------------------------------------------------- */

static int calls_main(unsigned long n)
{
	long pid = getpid(), ret;
	unsigned long bad = 0;

	while (n--) {
		__asm__ volatile("movbe (%[at]), %%ecx; syscall"
				 : "=a" (ret)
				 : [at] "r" (&big_endian), "a" (SYS_getpid)
				 : "rcx", "r11", "memory");
		bad += ret != pid;
	}
	printf("calls: wrong=%lu\n", bad);
	return bad != 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} parts[] = {
		{ "busy", busy_main },
		{ "exceptions", exceptions_main },
		{ "faults", faults_main },
		{ "protect", protect_main },
		{ "rewrite", rewrite_main },
		{ "rewritten", rewritten_main },
		{ "trace", trace_main },
	};

	if (argc == 3 && !strcmp(argv[1], "calls"))
		return calls_main(strtoul(argv[2], NULL, 0));
	if (argc == 3 && !strcmp(argv[1], "sections"))
		return sections_main(strtoul(argv[2], NULL, 0));
	for (unsigned int i = 0; argc == 2 && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcmp(argv[1], parts[i].name))
			return parts[i].run();
	fprintf(stderr, "ahead: see ahead.c\n");
	return 2;
}
