// SPDX-License-Identifier: MIT
/*
 * The handler of SIGILL goes on behind what trapped: how far, that it is what the
 * CPU would have made of it, and signals, threads and forks meanwhile.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <isahp/emulation.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "ahead.h"
#include "core_random.h"
#include "lib_planted.h"

TestSuite(lib_emulation_ahead, .timeout = 60);

static void fill(void *to, size_t size)
{
	unsigned char *byte = to;

	for (size_t i = 0; i < size; i++)
		byte[i] = (unsigned char)random64();
}

static struct isahp_emulation_status status(void)
{
	struct isahp_emulation_status s = { .size = sizeof(s) };

	cr_assert_eq(isahp_emulation_status(&s), 0);
	return s;
}

static void install(uint32_t flags, uint32_t native, uint32_t limit)
{
	struct isahp_emulation_options o = {
		.size = sizeof(o),
		.flags = flags,
		.features = ISAHP_SET(POPCNT, SSSE3, AVX2, AVX512BW),
		.native = native,
		.limit = limit,
	};

	cr_assert_eq(isahp_emulation_install(&o), 0);
}

PLANTED_AHEAD(four, "popcnt %rcx, %rax", "add %rax, %rdx\ndec %rdi\njnz 1b");

/* --- how far -------------------------------------------------------------- */

static void run_four(uint64_t turns)
{
	struct planted_state s = { .flags = 0x202 };
	struct planted_code code;

	PLANTED_AHEAD_MAKE(&code, four, true);
	s.gpr[1] = 0xff;
	s.gpr[7] = turns;
	code.run(&s);
	cr_assert_eq(s.gpr[2], 8 * turns);
	planted_free(&code);
}

Test(lib_emulation_ahead, a_loop_takes_one_signal_per_limit)
{
	install(0, 0, 400);
	run_four(1000);
	cr_assert_eq(status().traps, 10);
	cr_assert_eq(status().runs, 10);
	cr_assert_eq(status().instructions, 1000);
	cr_assert_eq(status().native, 3000);
	cr_assert_eq(status().by_feature[ISAHP_FEATURE_POPCNT], 10);
}

Test(lib_emulation_ahead, alone_each_takes_its_own)
{
	install(ISAHP_EMULATION_ALONE, 0, 0);
	run_four(1000);
	cr_assert_eq(status().traps, 1000);
	cr_assert_eq(status().runs, 0);
	cr_assert_eq(status().instructions, 1000);
	cr_assert_eq(status().native, 0);
	cr_assert_eq(isahp_emulation_remove(), 0);
	install(0, 0, 1);
	run_four(10);
	cr_assert_eq(status().traps, 1010);
}

PLANTED_AHEAD(apart, "popcnt %rcx, %rax",
	      "lea 1(%rax), %rbx\nlea 1(%rbx), %rbx\nlea 1(%rbx), %rbx\n"
	      "popcnt %rbx, %rdx\n"
	      ".fill 40, 1, 0x90");

Test(lib_emulation_ahead, it_ends_behind_so_many_of_the_cpus_own)
{
	static const struct { uint32_t native, lost, own; } list[] = {
		{ 1, 1, 1 }, { 3, 1, 3 }, { 4, 2, 7 }, { 20, 2, 23 },
	};
	struct planted_state s = { .flags = 0x202 };
	struct isahp_emulation_status before;
	struct planted_code code;

	PLANTED_AHEAD_MAKE(&code, apart, true);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		install(0, list[i].native, 0);
		before = status();
		s.gpr[1] = 0xff;
		code.run(&s);
		cr_assert_eq(s.gpr[2], 3);
		cr_assert_eq(status().traps - before.traps, 1);
		cr_assert_eq(status().instructions - before.instructions,
			     list[i].lost);
		cr_assert_eq(status().native - before.native, list[i].own);
		cr_assert_eq(isahp_emulation_remove(), 0);
	}
}

/* --- the same as the CPU -------------------------------------------------- */

PLANTED_AHEAD(bits, "popcnt %rcx, %rax",
	      "add %rax, %rdx\nlea 7(%rcx,%rdx), %rcx\nadc (%rsi), %r9\nmov %r9, 8(%rsi)\n"
	      "rol %cl, %r9\nlock xadd %r8, 16(%rsi)\ncmovc %r8, %r10\nimul %r9, %r11\n"
	      "dec %rdi\njnz 1b");
PLANTED_AHEAD(vectors, "pshufb %xmm1, %xmm2",
	      "paddb %xmm3, %xmm2\nmovdqu %xmm2, 33(%rsi)\nmovdqu 31(%rsi), %xmm1\n"
	      "pcmpgtb %xmm1, %xmm3\npmovmskb %xmm3, %eax\nadd %rax, %rdx\ndec %rdi\njnz 1b");
/* VEX clears what SSE leaves alone. */
PLANTED_AHEAD(mixed, "pshufb %xmm1, %xmm2",
	      "vpaddb %xmm2, %xmm3, %xmm4\npaddb %xmm4, %xmm5\nvmovd %eax, %xmm1\n"
	      "dec %rdi\njnz 1b");
PLANTED_AHEAD(halves, "vpaddb %ymm1, %ymm2, %ymm3",
	      "vpxor %ymm3, %ymm1, %ymm1\nvmovdqu %ymm1, 64(%rsi)\nvpaddd %xmm1, %xmm2, %xmm2\n"
	      "vpshufb %ymm2, %ymm9, %ymm10\nvextracti128 $1, %ymm10, %xmm11\ndec %rdi\njnz 1b");
PLANTED_AHEAD(wider, "popcnt %rcx, %rax",
	      "pshufb %xmm1, %xmm7\nvpaddb %ymm7, %ymm3, %ymm4\n"
	      "vpaddb %zmm4, %zmm5, %zmm6{%k1}\nvmovdqu8 %zmm6, (%rsi){%k2}\n"
	      "vpcmpub $1, %zmm6, %zmm17, %k3\nvpaddb %zmm6, %zmm6, %zmm17\ndec %rdi\njnz 1b");
PLANTED_AHEAD(calls, "popcnt %rcx, %rax",
	      "lea -512(%rsp), %rsp\npush %rax\ncall 2f\npop %rbx\nlea 512(%rsp), %rsp\n"
	      "add %rbx, %r8\ndec %rdi\njnz 1b\njmp 3f\n"
	      "2: xor 8(%rsp), %r9\npush %r9\nrol $5, %r9\npop %rcx\nret\n3:");
/* A part of its own code counts. */
PLANTED_AHEAD(itself, "popcnt %rcx, %rax",
	      "lea 2f(%rip), %rbx\nincb 1(%rbx)\n2: mov $1, %edx\nadd %rdx, %r8\n"
	      "dec %rdi\njnz 1b\nmov $0, %ebx");
PLANTED_AHEAD(string, "popcnt %rcx, %rax",
	      "mov %rdi, %r12\nmov %rcx, %r13\nlea 64(%rsi), %rdi\nmov %rsi, %rbx\n"
	      "mov $17, %ecx\nrep movsb\nmov %rbx, %rsi\nmov %r13, %rcx\nincb 3(%rsi)\n"
	      "mov %r12, %rdi\ndec %rdi\njnz 1b");

static void fill_state(struct planted_state *s, void *memory)
{
	fill(s, sizeof(*s));
	s->flags = (s->flags & 0x8d5) | 0x202;
	s->gpr[6] = (uintptr_t)memory;
	s->gpr[7] = 1 + random64() % 40;
}

static void compare(const char *name, struct planted_code *cpu,
		    struct planted_code *traps)
{
	unsigned char memory[192], by_native[192], start[192];
	struct planted_state given, native, ours;

	for (int i = 0; i < 100; i++) {
		fill(start, sizeof(start));
		fill_state(&given, memory);
		native = ours = given;
		memcpy(memory, start, sizeof(memory));
		cpu->run(&native);
		memcpy(by_native, memory, sizeof(memory));
		memcpy(memory, start, sizeof(memory));
		traps->run(&ours);
		cr_assert(!memcmp(&native, &ours, sizeof(ours)), "%s: registers", name);
		cr_assert(!memcmp(by_native, memory, sizeof(memory)), "%s: memory",
			  name);
	}
}

#define COMPARE(name) do { \
	struct planted_code cpu, traps; \
	PLANTED_AHEAD_MAKE(&cpu, name, false); \
	PLANTED_AHEAD_MAKE(&traps, name, true); \
	compare(#name, &cpu, &traps); \
} while (0)

/* Limits that end in the middle of anything, too. */
static void compare_all(uint32_t limit)
{
	install(0, 0, limit);
	COMPARE(bits);
	COMPARE(vectors);
	COMPARE(calls);
	COMPARE(itself);
	COMPARE(string);
	if (__builtin_cpu_supports("avx2")) {
		COMPARE(mixed);
		COMPARE(halves);
	}
	if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
		COMPARE(wider);
	cr_assert_gt(status().runs, 100);
	cr_assert_eq(status().foreign, 0);
	cr_assert_eq(isahp_emulation_remove(), 0);
}

Test(lib_emulation_ahead, registers_and_memory_are_those_of_the_cpu)
{
	random_seed();
	compare_all(0);
	compare_all(2);
	compare_all(3 + (uint32_t)(random64() % 40));
}

/* No vectors, 16, 32 and 64 bytes of them, and one signal. */
Test(lib_emulation_ahead, registers_are_loaded_when_they_are_needed)
{
	struct planted_state s = { .flags = 0x202 };
	struct planted_code code;
	unsigned char memory[64];

	if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl"))
		cr_skip("a CPU without AVX512BW");
	PLANTED_AHEAD_MAKE(&code, wider, true);
	install(0, 0, 0);
	s.gpr[6] = (uintptr_t)memory;
	s.gpr[7] = 40;
	code.run(&s);
	cr_assert_eq(status().traps, 1);
	cr_assert_geq(status().native + status().instructions, 9 * 40);
}

/* In stores and calls, too: what is left alone is where the handler itself is. */
Test(lib_emulation_ahead, an_alternate_stack_lets_it_call)
{
	static char memory[65536];
	stack_t alternate = { .ss_sp = memory, .ss_size = sizeof(memory) };
	struct planted_state s = { .flags = 0x202 };
	struct isahp_emulation_status on_its_own;
	struct planted_code code;

#ifdef __SANITIZE_ADDRESS__
	cr_skip("a sanitizer gives threads an alternate stack");
#endif
	PLANTED_AHEAD_MAKE(&code, calls, true);
	install(0, 0, 0);
	s.gpr[7] = 100;
	code.run(&s);
	on_its_own = status();
	cr_assert_eq(on_its_own.traps, 100);
	cr_assert_eq(sigaltstack(&alternate, NULL), 0);
	s.gpr[7] = 100;
	code.run(&s);
	cr_assert_eq(status().traps - on_its_own.traps, 1);
	cr_assert_gt(status().native - on_its_own.native, 1000);
}

PLANTED_AHEAD(looks, "popcnt %rcx, %rax", "mov (%rsi), %edx\nmov %edi, (%rsi)");

/* The program's, and not what the handler's system calls made of it. */
Test(lib_emulation_ahead, errno_is_the_programs)
{
	struct planted_state s = { .flags = 0x202 };
	struct planted_code code;
	PLANTED_AHEAD_MAKE(&code, looks, true);
	install(0, 0, 3);
	errno = 4711;
	s.gpr[6] = (uintptr_t)&errno;
	s.gpr[7] = 815;
	code.run(&s);
	cr_assert_eq(errno, 815);
	cr_assert_eq(s.gpr[2], 4711);
	cr_assert_eq(status().runs, 1);
}

/* --- others --------------------------------------------------------------- */

PLANTED_AHEAD(waits, "popcnt %rcx, %rax", "add %rax, %rdx\ncmpl $0, (%rsi)\nje 1b");

static uint32_t come;
static uint64_t came_at;

static void on_alarm(int sig, siginfo_t *info, void *context)
{
	const greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	(void)info;
	came_at = (uint64_t)g[REG_RIP];
	__atomic_store_n(&come, 1, __ATOMIC_RELAXED);
}

/* For ever, if it were not for the signal. */
Test(lib_emulation_ahead, signals_that_come_meanwhile_arrive)
{
	struct sigaction sa = { .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO };
	struct itimerval soon = { .it_value = { 0, 20000 } };
	struct planted_state s = { .flags = 0x202 };
	struct planted_code code;

	PLANTED_AHEAD_MAKE(&code, waits, true);
	install(0, 0, 0);
	sigaction(SIGALRM, &sa, NULL);
	s.gpr[6] = (uintptr_t)&come;
	setitimer(ITIMER_REAL, &soon, NULL);
	code.run(&s);
	cr_assert_eq(come, 1);
	cr_assert_lt(came_at - (uintptr_t)code.at, code.length);
	cr_assert_gt(status().runs, 1);
}

static struct planted_code shared_code, alarm_code;
static uint64_t alarms, wrong;

/* Again when this one is over: something is done in between, however slow. */
static void need_it(int sig)
{
	static const struct itimerval soon = { .it_value = { 0, 150 } };
	struct planted_state s = { .flags = 0x202 };

	(void)sig;
	s.gpr[1] = 7;
	s.gpr[7] = 3;
	alarm_code.run(&s);
	wrong += s.gpr[2] != 9;
	alarms++;
	setitimer(ITIMER_REAL, &soon, NULL);
}

static void own(int sig, siginfo_t *info, void *context)
{
	if (sig != SIGILL || !isahp_emulation_signal(info, context))
		_exit(9);
}

/* As the header asks for: handlers of others need what is emulated. */
Test(lib_emulation_ahead, signals_wait_in_an_applications_own_handler)
{
	struct itimerval soon = { .it_value = { 0, 150 } };
	struct sigaction sa = { .sa_sigaction = own, .sa_flags = SA_SIGINFO };
	struct planted_state s = { .flags = 0x202 };

	PLANTED_AHEAD_MAKE(&shared_code, four, true);
	PLANTED_AHEAD_MAKE(&alarm_code, four, true);
	install(0, 0, 0);
	sigfillset(&sa.sa_mask);
	sigaction(SIGILL, &sa, NULL);
	sa = (struct sigaction){ .sa_handler = need_it };
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	while (alarms < 300) {
		s.gpr[1] = 0xff;
		s.gpr[2] = 0;
		s.gpr[7] = 5000;
		shared_code.run(&s);
		cr_assert_eq(s.gpr[2], 40000);
	}
	signal(SIGALRM, SIG_IGN);
	cr_assert_eq(wrong, 0);
}

static void *hammer(void *arg)
{
	struct planted_state s = { .flags = 0x202 };

	for (uint64_t i = 1; i <= 60; i++) {
		s.gpr[1] = (uint64_t)(uintptr_t)arg * i;
		s.gpr[2] = 0;
		s.gpr[7] = 100 * i;
		shared_code.run(&s);
		if (s.gpr[2] != (uint64_t)__builtin_popcountll(s.gpr[1]) * 100 * i)
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

#define TURNS (100ULL * 60 * 61 / 2)

static void hammer_by_eight(void)
{
	pthread_t thread[8];

	for (uintptr_t i = 0; i < 8; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, hammer,
					    (void *)(i * 0x123456789)), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	cr_assert_eq(wrong, 0);
}

Test(lib_emulation_ahead, threads_share_caches)
{
	struct isahp_emulation_status before;

	PLANTED_AHEAD_MAKE(&shared_code, four, true);
	install(0, 0, 4000);
	for (int i = 0; i < ISAHP_AHEAD_CACHES - 2; i++)
		cr_assert(isahp_ahead_take());
	hammer_by_eight();
	cr_assert_gt(status().runs, 0);
	/* None is left. */
	cr_assert(isahp_ahead_take());
	cr_assert(isahp_ahead_take());
	cr_assert(!isahp_ahead_take());
	before = status();
	run_four(500);
	cr_assert_eq(status().traps - before.traps, 500);
	cr_assert_eq(status().runs, before.runs);
}

Test(lib_emulation_ahead, a_forks_child_has_all_caches)
{
	int wait_status;
	pid_t pid;

	install(0, 0, 0);
	while (isahp_ahead_take())
		;
	run_four(500);
	cr_assert_eq(status().runs, 0);
	pid = fork();
	if (!pid) {
		run_four(500);
		_exit(status().traps == 501 && status().runs == 1 ? 0 : 1);
	}
	cr_assert_eq(waitpid(pid, &wait_status, 0), pid);
	cr_assert_eq(wait_status, 0);
	run_four(500);
	cr_assert_eq(status().runs, 0);
}
