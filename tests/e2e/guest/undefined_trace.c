// SPDX-License-Identifier: MIT
/* Single-stepping, by a debugger and by oneself; many threads at once. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "undefined.h"

#ifdef __x86_64__
#define REG_IP REG_RIP
#define USER_IP rip
#else
#define REG_IP REG_EIP
#define USER_IP eip
#endif

static char area[8192] __attribute__((aligned(4096)));

static void child(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	two_steps(area);
	_exit(7);
}

/* Steps from entry to exit of two_steps(), a line each. */
static void step_child(pid_t pid)
{
	struct user_regs_struct regs;
	siginfo_t info;
	long ip, dr6;
	int status, inside = 0;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		ptrace(PTRACE_GETREGS, pid, NULL, &regs);
		ip = (long)(regs.USER_IP - (uintptr_t)two_steps);
		if (ip >= 0 && ip < two_steps_end - (const char *)two_steps) {
			inside = 1;
			ptrace(PTRACE_GETSIGINFO, pid, NULL, &info);
			dr6 = ptrace(PTRACE_PEEKUSER, pid,
				     offsetof(struct user, u_debugreg[6]), NULL);
			printf("step +%ld: signal %d code %d dr6 %lx ax %lx\n", ip,
			       WSTOPSIG(status), info.si_code, dr6 & 0x4000,
			       (unsigned long)
#ifdef __x86_64__
			       regs.rax
#else
			       regs.eax
#endif
			       * (ip > 0));
		} else if (inside) {
			ptrace(PTRACE_CONT, pid, NULL, NULL);
			waitpid(pid, &status, 0);
			break;
		}
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	}
	printf("child: %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static volatile int traps;
static long trap_ip[32];

static void on_trap(int sig, siginfo_t *info, void *context)
{
	long ip = (long)((uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_IP] -
			 (uintptr_t)two_steps);

	(void)sig;
	if (ip >= 0 && ip < two_steps_end - (const char *)two_steps && traps < 32)
		trap_ip[traps++] = ip * 1000 + info->si_code * 10 +
			((uintptr_t)info->si_addr - (uintptr_t)two_steps == (uintptr_t)ip);
}

/* TF set by the program itself. */
static void step_self(void)
{
	struct sigaction sa = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &sa, NULL);
#ifdef __x86_64__
	__asm__ volatile("sub $128, %%rsp; pushfq; orl $0x100, (%%rsp); popfq; add $128, %%rsp"
			 : : : "memory", "cc");
	two_steps(area);
	__asm__ volatile("sub $128, %%rsp; pushfq; andl $~0x100, (%%rsp); popfq; add $128, %%rsp"
			 : : : "memory", "cc");
#else
	__asm__ volatile("pushf; orl $0x100, (%%esp); popf" : : : "memory", "cc");
	two_steps(area);
	__asm__ volatile("pushf; andl $~0x100, (%%esp); popf" : : : "memory", "cc");
#endif
	for (int i = 0; i < traps; i++)
		printf("self: %ld\n", trap_ip[i]);
}

int step_main(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		child();
	step_child(pid);
	step_self();
	return 0;
}

/* --- stress -------------------------------------------------------------- */

#define TORN 0x1122334455667788ULL

static volatile int over;
static volatile unsigned int alarms;
static unsigned long stress_rounds, stress_wrong;
static uint64_t shared[2] __attribute__((aligned(8)));

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* Aligned stores are seen whole or not at all. */
static void *watch(void *data)
{
	(void)data;
	while (!over) {
#ifdef __x86_64__
		uint64_t v = __atomic_load_n(&shared[0], __ATOMIC_RELAXED);
		int whole = v == 0 || v == TORN || v == ~TORN;
#else
		uint32_t v = __atomic_load_n((uint32_t *)shared, __ATOMIC_RELAXED);
		int whole = v == 0 || v == (uint32_t)TORN || v == (uint32_t)~TORN;
#endif
		if (!whole)
			__atomic_add_fetch(&stress_wrong, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Pages come and go under a thread that computes on them. */
static void *flip(void *data)
{
	char *p = data;

	while (!over) {
		mprotect(p, 4096, PROT_READ);
		mprotect(p, 4096, PROT_READ | PROT_WRITE);
		madvise(p, 8192, MADV_DONTNEED);
	}
	return NULL;
}

static void *load(void *data)
{
	char *p = data;

	for (unsigned long i = 0; i < stress_rounds; i++) {
#ifdef __x86_64__
		store64(shared, __builtin_bswap64(i & 1 ? TORN : ~TORN));
#else
		store32(shared, __builtin_bswap32((uint32_t)(i & 1 ? TORN : ~TORN)));
#endif
		/* Zeroed by the other at any moment, and nothing else. */
		uint32_t v = load32(p + 4094);
		if (v)
			__atomic_add_fetch(&stress_wrong, 1, __ATOMIC_RELAXED);
		v = count32(p + 4096);
		if (v)
			__atomic_add_fetch(&stress_wrong, 1, __ATOMIC_RELAXED);
		store32(p + 5000, 0);
	}
	return NULL;
}

int stress_main(unsigned int threads, unsigned long rounds)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	struct itimerval never = { { 0, 0 }, { 0, 0 } };
	pthread_t watcher, flipper, loader[16];
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	stress_rounds = rounds;
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	pthread_create(&watcher, NULL, watch, NULL);
	pthread_create(&flipper, NULL, flip, p);
	for (unsigned int i = 0; i < threads && i < 16; i++)
		pthread_create(&loader[i], NULL, load, p);
	stress_wrong += forms_run(rounds / 20);
	for (unsigned int i = 0; i < threads && i < 16; i++)
		pthread_join(loader[i], NULL);
	over = 1;
	pthread_join(watcher, NULL);
	pthread_join(flipper, NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	printf("stress: wrong=%lu alarms=%u\n", stress_wrong, alarms);
	return stress_wrong != 0;
}
