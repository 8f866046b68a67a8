// SPDX-License-Identifier: MIT
/*
 * Restartable sequences: the handler of SIGILL does not run ahead into one, as the
 * kernel would not find that a thread is in it; and what traps in one is lost.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <isahp/emulation.h>
#include <linux/rseq.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include "lib_planted.h"

TestSuite(lib_emulation_rseq, .timeout = 60);

extern const ptrdiff_t __rseq_offset __attribute__((__weak__));
extern const unsigned int __rseq_size __attribute__((__weak__));

#define THREADS 8
#define TURNS 8000
#define CPUS 1024

/*
 * RDI times: counter[cpu]++. RSI is the thread's struct rseq, RBX the sequence's
 * descriptor, R10 the counters. librseq's signature is before the abort handler.
 */
#define SEQUENCE(name, outside, inside) \
	__asm__(".pushsection .rodata\n" \
		"planted_" #name ":\n1:\n" outside "\n" \
		"planted_enter_" #name ":\nmov %rbx, 8(%rsi)\n" \
		"planted_start_" #name ":\n" inside "\n" \
		"planted_load_" #name ":\n" \
		"mov 4(%rsi), %r9d\nmov (%r10,%r9,8), %r11\nadd $1, %r11\n" \
		"mov %r11, (%r10,%r9,8)\n" \
		"planted_commit_" #name ":\n" \
		"dec %rdi\njnz 1b\njmp 3f\n" \
		".byte 0x0f, 0xb9, 0x3d\n.long 0x53053053\n" \
		"planted_abort_" #name ":\ninc %r12\ntest %r13, %r13\njz 1b\n3:\n" \
		"planted_end_" #name ":\n.popsection\n"); \
	extern const unsigned char planted_##name[], planted_enter_##name[], \
		planted_start_##name[], planted_load_##name[], \
		planted_commit_##name[], planted_abort_##name[], \
		planted_end_##name[]

SEQUENCE(before, "popcnt %rcx, %rax", "");
SEQUENCE(within, "mov %rcx, %rax", "popcnt %rcx, %rax");

static struct planted_code code;
static uint64_t counter[CPUS];
static struct rseq_cs descriptor;

static struct rseq *area(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

#define DESCRIBE(name) \
	descriptor = (struct rseq_cs){ \
		.start_ip = (uintptr_t)code.at + \
			    (size_t)(planted_start_##name - planted_##name), \
		.post_commit_offset = \
			(size_t)(planted_commit_##name - planted_start_##name), \
		.abort_ip = (uintptr_t)code.at + \
			    (size_t)(planted_abort_##name - planted_##name), \
	}

static struct isahp_emulation_status status(void)
{
	struct isahp_emulation_status s = { .size = sizeof(s) };

	cr_assert_eq(isahp_emulation_status(&s), 0);
	return s;
}

static void install(void)
{
	static const struct isahp_emulation_options options = {
		.size = sizeof(options), .features = ISAHP_SET(POPCNT),
	};

	if (!&__rseq_size || !__rseq_size)
		cr_skip("libc has registered no area for sequences");
	cr_assert_eq(isahp_emulation_install(&options), 0);
}

static void *count(void *arg)
{
	struct planted_state s = { .flags = 0x202 };

	(void)arg;
	s.gpr[3] = (uintptr_t)&descriptor;
	s.gpr[6] = (uintptr_t)area();
	s.gpr[7] = TURNS;
	s.gpr[10] = (uintptr_t)counter;
	code.run(&s);
	return NULL;
}

/* Counts are lost where a thread goes on in a sequence that was interrupted. */
Test(lib_emulation_rseq, sequences_are_left_to_the_cpu)
{
	pthread_t thread[THREADS];
	uint64_t sum = 0;

	planted_make_part(&code, planted_before,
			  (size_t)(planted_end_before - planted_before), 0,
			  (size_t)(planted_enter_before - planted_before));
	DESCRIBE(before);
	install();
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, count, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (size_t i = 0; i < CPUS; i++)
		sum += counter[i];
	cr_assert_eq(sum, THREADS * TURNS);
	/* One for each turn, and again where it was aborted. */
	cr_assert_geq(status().traps, THREADS * TURNS);
	cr_assert_eq(status().instructions, status().traps);
	cr_assert_eq(status().native, 0);
}

static struct {
	int count;
	uintptr_t address, rip;
} seen;

static void own(int sig, siginfo_t *info, void *context)
{
	const greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	seen.count++;
	seen.address = (uintptr_t)info->si_addr;
	seen.rip = (uintptr_t)g[REG_RIP];
}

/* The kernel has aborted it before a handler can do anything: the header says so. */
Test(lib_emulation_rseq, what_traps_in_one_is_passed_on)
{
	struct sigaction sa = { .sa_sigaction = own, .sa_flags = SA_SIGINFO };
	size_t start = (size_t)(planted_start_within - planted_within);
	struct planted_state s = { .flags = 0x202 };

	sigaction(SIGILL, &sa, NULL);
	planted_make_part(&code, planted_within,
			  (size_t)(planted_end_within - planted_within), start,
			  (size_t)(planted_load_within - planted_start_within));
	DESCRIBE(within);
	install();
	s.gpr[3] = (uintptr_t)&descriptor;
	s.gpr[6] = (uintptr_t)area();
	s.gpr[7] = 1;
	s.gpr[10] = (uintptr_t)counter;
	s.gpr[13] = 1;	/* do not try again */
	code.run(&s);
	cr_assert_eq(s.gpr[12], 1);
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.address, (uintptr_t)code.at + start);
	cr_assert_eq(seen.rip, descriptor.abort_ip);
	cr_assert_eq(status().foreign, 1);
	cr_assert_eq(status().instructions, 0);
}
