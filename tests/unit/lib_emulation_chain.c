// SPDX-License-Identifier: MIT
/*
 * The handler of SIGILL among others: the application's own, threads, signals
 * that interrupt each other, forks, small stacks.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <isahp/emulation.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include "lib_planted.h"

static const struct isahp_emulation_options options = {
	.size = sizeof(options),
	.features = ISAHP_SET(POPCNT, SSSE3, SSE4_2, AVX2),
};

PLANTED(popcnt, "popcnt %rcx, %rax");
PLANTED(pshufb, "pshufb %xmm1, %xmm9");
PLANTED(ud2, "ud2");

static struct isahp_emulation_status status(void)
{
	struct isahp_emulation_status s = { .size = sizeof(s) };

	cr_assert_eq(isahp_emulation_status(&s), 0);
	return s;
}

static uint64_t count_ones(const struct planted_code *code, uint64_t of)
{
	struct planted_state s = { .flags = 0x202 };

	s.gpr[1] = of;
	code->run(&s);
	return s.gpr[0];
}

/* --- the application's own handler ---------------------------------------- */

/**
 * struct seen - what it was called with
 * @count: how often.
 * @code: si_code,
 * @address: si_addr,
 * @rip: the frame's.
 * @mask: signals that are blocked in it.
 * @stack: where it runs.
 */
static struct seen {
	int count;
	int code;
	uintptr_t address;
	uintptr_t rip;
	uint64_t mask;
	uintptr_t stack;
} seen;

static bool asks;

static void own(int sig, siginfo_t *info, void *context)
{
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;

	if (sig != SIGILL)
		_exit(9);
	if (asks && isahp_emulation_signal(info, context))
		return;
	seen.count++;
	seen.code = info->si_code;
	seen.address = (uintptr_t)info->si_addr;
	seen.rip = (uintptr_t)g[REG_RIP];
	seen.stack = (uintptr_t)__builtin_frame_address(0);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &seen.mask, 8);
	/* On behind UD2. */
	if (info->si_code > 0)
		g[REG_RIP] += 2;
}

static void plain(int sig)
{
	seen.count++;
	seen.code = sig;
}

static void install_own(int flags, int also_blocked)
{
	struct sigaction sa = { .sa_sigaction = own, .sa_flags = SA_SIGINFO | flags };

	if (also_blocked)
		sigaddset(&sa.sa_mask, also_blocked);
	cr_assert_eq(sigaction(SIGILL, &sa, NULL), 0);
}

#define BIT(sig) (1ULL << ((sig) - 1))

Test(lib_emulation_chain, what_is_not_ours_is_the_application_s)
{
	struct planted_state s = { .flags = 0x202 };
	struct planted_code ours, code;

	install_own(0, SIGUSR1);
	cr_assert_eq(isahp_emulation_install(&options), 0);
	PLANTED_MAKE(&code, ud2, false);
	PLANTED_MAKE(&ours, popcnt, true);
	code.run(&s);
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.code, ILL_ILLOPN);
	cr_assert_eq(seen.address, (uintptr_t)code.at);
	cr_assert_eq(seen.rip, (uintptr_t)code.at);
	cr_assert_eq(seen.mask, BIT(SIGILL) | BIT(SIGUSR1));
	cr_assert_eq(count_ones(&ours, 0xff), 8);
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(status().traps, 2);
	cr_assert_eq(status().foreign, 1);
	/* What is sent is no instruction, wherever it arrives. */
	raise(SIGILL);
	cr_assert_eq(seen.count, 2);
	cr_assert_eq(seen.code, SI_TKILL);
	cr_assert_eq(isahp_emulation_remove(), 0);
	code.run(&s);
	cr_assert_eq(seen.count, 3);
}

Test(lib_emulation_chain, its_flags_are_as_they_were)
{
	static char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = plain };
	struct planted_state s = { .flags = 0x202 };
	struct planted_code code, ours;

	cr_assert_eq(sigaltstack(&alternate, NULL), 0);
	PLANTED_MAKE(&code, ud2, false);
	PLANTED_MAKE(&ours, popcnt, true);
	install_own(SA_NODEFER, 0);
	cr_assert_eq(isahp_emulation_install(&options), 0);
	code.run(&s);
	cr_assert_eq(seen.mask, 0);
	cr_assert_geq(seen.stack - (uintptr_t)stack, sizeof(stack));
	cr_assert_eq(isahp_emulation_remove(), 0);

	install_own(SA_ONSTACK, 0);
	cr_assert_eq(isahp_emulation_install(&options), 0);
	code.run(&s);
	cr_assert_eq(seen.mask, BIT(SIGILL));
	cr_assert_lt(seen.stack - (uintptr_t)stack, sizeof(stack));
	cr_assert_eq(isahp_emulation_remove(), 0);

	/* Without SA_SIGINFO. */
	sigaction(SIGILL, &sa, NULL);
	cr_assert_eq(isahp_emulation_install(&options), 0);
	seen.count = 0;
	raise(SIGILL);
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.code, SIGILL);
	cr_assert_eq(count_ones(&ours, 3), 2);
	cr_assert_eq(seen.count, 1);
}

/* How a child ends that meets UD2, or is sent SIGILL, the second time around. */
static int ends(void (*before)(void), bool install, bool is_sent, int times)
{
	struct planted_state s = { .flags = 0x202 };
	struct planted_code code;
	int wait_status;
	pid_t pid;

	PLANTED_MAKE(&code, ud2, false);
	pid = fork();
	if (!pid) {
		before();
		if (install && isahp_emulation_install(&options))
			_exit(2);
		while (times--)
			if (is_sent)
				raise(SIGILL);
			else
				code.run(&s);
		_exit(seen.count);
	}
	cr_assert_eq(waitpid(pid, &wait_status, 0), pid);
	return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) :
					  WEXITSTATUS(wait_status);
}

static void by_default(void)
{
	signal(SIGILL, SIG_DFL);
}

static void ignored(void)
{
	signal(SIGILL, SIG_IGN);
}

static void once(void)
{
	install_own((int)SA_RESETHAND, 0);
}

Test(lib_emulation_chain, it_ends_as_it_would_without)
{
	static void (*const before[])(void) = { by_default, ignored, once };

	for (size_t i = 0; i < 3; i++)
		for (int sent = 0; sent < 2; sent++)
			for (int times = 1; times <= 2; times++)
				cr_expect_eq(ends(before[i], true, sent, times),
					     ends(before[i], false, sent, times),
					     "%zu %d %d", i, sent, times);
	cr_assert_eq(ends(by_default, true, false, 1), -SIGILL);
	cr_assert_eq(ends(ignored, true, true, 1), 0);
	cr_assert_eq(ends(once, true, false, 1), 1);
	cr_assert_eq(ends(once, true, false, 2), -SIGILL);
}

Test(lib_emulation_chain, an_application_may_call_it_in_its_own)
{
	struct planted_state s = { .flags = 0x202 };
	struct planted_code code, ours;

	PLANTED_MAKE(&code, ud2, false);
	PLANTED_MAKE(&ours, popcnt, true);
	cr_assert_eq(isahp_emulation_install(&options), 0);
	install_own(0, 0);
	cr_assert_eq(isahp_emulation_remove(), -EBUSY);
	asks = true;
	cr_assert_eq(count_ones(&ours, 0xff0), 8);
	cr_assert_eq(seen.count, 0);
	code.run(&s);
	cr_assert_eq(seen.count, 1);
	asks = false;
	code.run(&s);
	cr_assert_eq(seen.count, 2);
}

/* --- at once -------------------------------------------------------------- */

static struct planted_code shared_code, alarm_code;
static uint64_t wrong, alarms;

static void *hammer(void *arg)
{
	uint64_t n = (uint64_t)(uintptr_t)arg << 32;

	for (int i = 0; i < 3000; i++, n++)
		if (count_ones(&shared_code, n) != (uint64_t)__builtin_popcountll(n))
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	return NULL;
}

Test(lib_emulation_chain, threads)
{
	pthread_t thread[8];

	PLANTED_MAKE(&shared_code, popcnt, true);
	cr_assert_eq(isahp_emulation_install(&options), 0);
	for (uintptr_t i = 0; i < 8; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, hammer, (void *)i), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	cr_assert_eq(wrong, 0);
	cr_assert_eq(status().instructions, 8 * 3000);
	cr_assert_eq(status().by_feature[ISAHP_FEATURE_POPCNT], 8 * 3000);
	cr_assert_eq(status().traps, 8 * 3000);
}

/* Again when this one is over: something is done in between, however slow. */
static void on_alarm(int sig)
{
	static const struct itimerval soon = { .it_value = { 0, 200 } };
	struct planted_state s = { .flags = 0x202 };

	(void)sig;
	alarm_code.run(&s);
	if (count_ones(&shared_code, 0x5555) != 8)
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&alarms, 1, __ATOMIC_RELAXED);
	setitimer(ITIMER_REAL, &soon, NULL);
}

/* A handler that needs what is emulated, anywhere among what else needs it. */
Test(lib_emulation_chain, signals_in_between)
{
	struct itimerval soon = { .it_value = { 0, 200 } };
	struct sigaction sa = { .sa_handler = on_alarm };

	PLANTED_MAKE(&shared_code, popcnt, true);
	PLANTED_MAKE(&alarm_code, pshufb, true);
	cr_assert_eq(isahp_emulation_install(&options), 0);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	while (__atomic_load_n(&alarms, __ATOMIC_RELAXED) < 200)
		hammer(NULL);
	signal(SIGALRM, SIG_IGN);
	cr_assert_eq(wrong, 0);
	cr_assert_eq(status().foreign, 0);
}

Test(lib_emulation_chain, a_fork_s_child_goes_on)
{
	int wait_status;
	pid_t pid;

	PLANTED_MAKE(&shared_code, popcnt, true);
	cr_assert_eq(isahp_emulation_install(&options), 0);
	cr_assert_eq(count_ones(&shared_code, 7), 3);
	pid = fork();
	if (!pid)
		_exit(count_ones(&shared_code, 15) == 4 && status().instructions == 2 ?
			      0 : 1);
	cr_assert_eq(waitpid(pid, &wait_status, 0), pid);
	cr_assert_eq(wait_status, 0);
	cr_assert_eq(status().instructions, 1);
}

/* --- stacks --------------------------------------------------------------- */

static uint64_t readable[8];

static void on_segv(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RSI] =
		(greg_t)(uintptr_t)readable;
}

PLANTED(popcnt_load, "popcnt (%rsi), %rax");
PLANTED(vpaddb_load, "vpaddb (%rsi), %ymm1, %ymm2");

/* The header names this size. What is below it stays untouched. */
Test(lib_emulation_chain, a_small_stack_is_enough)
{
	size_t promised = getauxval(AT_MINSIGSTKSZ) + 16384, size = 1 << 20, i;
	struct sigaction sa = { .sa_sigaction = on_segv,
				.sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct planted_state s = { .flags = 0x202 };
	struct planted_code code;
	stack_t alternate = { .ss_size = size };
	unsigned char *stack;

#ifdef __SANITIZE_ADDRESS__
	cr_skip("a sanitizer's frames are larger");
#endif
	stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	cr_assert_neq((void *)stack, MAP_FAILED);
	memset(stack, 0x5a, size);
	alternate.ss_sp = stack;
	cr_assert_eq(sigaltstack(&alternate, NULL), 0);
	sigaction(SIGSEGV, &sa, NULL);
	cr_assert_eq(isahp_emulation_install(&options), 0);
	PLANTED_MAKE(&code, popcnt_load, true);
	code.run(&s);
	if (__builtin_cpu_supports("avx2")) {
		PLANTED_MAKE(&code, vpaddb_load, true);
		s.gpr[6] = 0;
		code.run(&s);
		cr_assert_eq(status().faults, 2);
	}
	for (i = 0; i < size && stack[i] == 0x5a; i++)
		;
	fprintf(stderr, "%zu bytes of stack, a frame of at most %lu included\n",
		size - i, getauxval(AT_MINSIGSTKSZ));
	cr_assert_lt(size - i, size);
	cr_assert_leq(size - i, promised);
}
