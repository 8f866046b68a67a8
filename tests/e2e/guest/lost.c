// SPDX-License-Identifier: MIT
/*
 * A program that uses what its CPU may not have, with libisahp's handler of
 * SIGILL (--without: without it, --alone: one that does not go on behind what
 * trapped) and no kernel module.
 *
 *	lost [--without | --alone] ROUNDS PART...
 *
 * Each part is done by its instructions and by C, in two threads. A line for each
 * round: how many results were wrong, how many instructions were finished by the
 * handler, and in how many signals. ROUNDS 0: until it is killed, ten rounds a second.
 */
#define _GNU_SOURCE
#include <isahp/emulation.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096

static unsigned long wrong;

static void check(int right)
{
	if (!right)
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* --- parts ---------------------------------------------------------------- */

static void do_popcnt(uint64_t *x)
{
	uint64_t v = next(x), n, c = 0;

	__asm__("popcnt %1, %0" : "=r"(n) : "rm"(v) : "cc");
	for (; v; v &= v - 1)
		c++;
	check(n == c);
}

static void do_movbe(uint64_t *x)
{
	uint64_t v = next(x), w;

	__asm__("movbe %1, %0" : "=r"(w) : "m"(v));
	check(w == __builtin_bswap64(v));
	__asm__("movbe %1, %0" : "=m"(w) : "r"(v));
	check(w == __builtin_bswap64(v));
}

static void do_bmi2(uint64_t *x)
{
	uint64_t v = next(x), mask = next(x), r, c = 0;
	int i, k = 0;

	__asm__("pext %2, %1, %0" : "=r"(r) : "r"(v), "rm"(mask));
	for (i = 0; i < 64; i++)
		if (mask >> i & 1)
			c |= (v >> i & 1) << k++;
	check(r == c);
}

static void do_ssse3(uint64_t *x)
{
	unsigned char a[16] __attribute__((aligned(16)));
	unsigned char b[16] __attribute__((aligned(16))), r[16];
	int i;

	for (i = 0; i < 16; i++) {
		a[i] = (unsigned char)next(x);
		b[i] = (unsigned char)next(x);
	}
	__asm__("movdqa %1, %%xmm7\n\tpshufb %2, %%xmm7\n\tmovdqu %%xmm7, %0"
		: "=m"(r) : "m"(a), "m"(b) : "xmm7");
	for (i = 0; i < 16; i++)
		check(r[i] == (b[i] & 0x80 ? 0 : a[b[i] & 15]));
}

static void do_sse4_2(uint64_t *x)
{
	uint64_t v = next(x);
	uint32_t r = (uint32_t)next(x), c = r;
	uint64_t crc = r;
	int i;

	__asm__("crc32q %1, %0" : "+r"(crc) : "rm"(v));
	for (i = 0; i < 64; i++)
		c = (c >> 1) ^ ((c ^ (uint32_t)(v >> i)) & 1 ? 0x82f63b78 : 0);
	check(crc == c);
}

/* Upper halves, which live in another part of the frame. */
static void do_avx2(uint64_t *x)
{
	unsigned char a[32], b[32], r[32], high[16];
	int i;

	for (i = 0; i < 32; i++) {
		a[i] = (unsigned char)next(x);
		b[i] = (unsigned char)next(x);
	}
	__asm__("vmovdqu %2, %%ymm5\n\t"
		"vpaddb %3, %%ymm5, %%ymm6\n\t"
		"vmovdqu %%ymm6, %0\n\t"
		"vextracti128 $1, %%ymm6, %1\n\t"
		"vzeroupper"
		: "=m"(r), "=m"(high) : "m"(a), "m"(b) : "xmm5", "xmm6");
	for (i = 0; i < 32; i++)
		check(r[i] == (unsigned char)(a[i] + b[i]));
	check(!memcmp(high, r + 16, 16));
}

#define LOOP 64

/* Most of it is what every CPU has. */
static void do_loop(uint64_t *x)
{
	uint64_t a[LOOP], sum = 0, expected = 0, n = LOOP, v;
	const uint64_t *p = a;
	int i;

	for (i = 0; i < LOOP; i++) {
		a[i] = next(x);
		expected = (expected << 3 | expected >> 61) + __builtin_bswap64(a[i]);
	}
	__asm__("1:\n\t"
		"movbe (%2), %3\n\t"
		"rol $3, %0\n\t"
		"add %3, %0\n\t"
		"add $8, %2\n\t"
		"dec %1\n\t"
		"jnz 1b"
		: "+r"(sum), "+r"(n), "+r"(p), "=&r"(v) : "m"(a) : "cc");
	check(sum == expected);
}

static void do_loop_avx2(uint64_t *x)
{
	unsigned char a[32 * LOOP], r[32], c[32] = { 0 };
	const unsigned char *p = a;
	uint64_t n = LOOP;
	int i;

	for (i = 0; i < 32 * LOOP; i++) {
		a[i] = (unsigned char)next(x);
		c[i % 32] = (unsigned char)(c[i % 32] + a[i]) ^ a[i];
	}
	__asm__("vpxor %%xmm5, %%xmm5, %%xmm5\n"
		"1:\n\t"
		"vmovdqu (%1), %%ymm6\n\t"
		"vpaddb %%ymm6, %%ymm5, %%ymm5\n\t"
		"vpxor %%ymm6, %%ymm5, %%ymm5\n\t"
		"add $32, %1\n\t"
		"dec %0\n\t"
		"jnz 1b\n\t"
		"vmovdqu %%ymm5, %2\n\t"
		"vzeroupper"
		: "+r"(n), "+r"(p), "=m"(r) : "m"(a) : "xmm5", "xmm6", "cc");
	check(!memcmp(r, c, sizeof(r)));
}

static char *page;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	check(sig == SIGSEGV && info->si_code == SEGV_ACCERR &&
	      info->si_addr == page &&
	      uc->uc_mcontext.gregs[REG_RAX] == 0x1234);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}

/* MOVBE that writes behind the end of what it may write to. */
static void do_fault(uint64_t *x)
{
	uint64_t v = next(x), w;

	mprotect(page, PAGE, PROT_READ);
	__asm__ volatile("movbe %1, (%0)"
			 : : "r"(page - 3), "r"(v), "a"(0x1234ULL) : "memory");
	memcpy(&w, page - 3, 8);
	check(w == __builtin_bswap64(v));
}

static const struct part {
	const char *name;
	void (*fn)(uint64_t *x);
} parts[] = {
	{ "avx2", do_avx2 }, { "bmi2", do_bmi2 }, { "fault", do_fault },
	{ "loop", do_loop }, { "loop_avx2", do_loop_avx2 }, { "movbe", do_movbe },
	{ "popcnt", do_popcnt }, { "sse4_2", do_sse4_2 }, { "ssse3", do_ssse3 },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static int chosen[PARTS];

/* --- rounds --------------------------------------------------------------- */

/* What is mapped is one thread's. */
static void *round_of(void *arg)
{
	uint64_t x = 88172645463325252ULL;
	size_t i;
	int n;

	for (n = 0; n < 20; n++)
		for (i = 0; i < PARTS; i++)
			if (chosen[i] && (!arg || parts[i].fn != do_fault))
				parts[i].fn(&x);
	return NULL;
}

static void say(unsigned long n)
{
	struct isahp_emulation_status s = { .size = sizeof(s) };

	if (isahp_emulation_status(&s))
		exit(3);
	printf("round=%lu wrong=%lu finished=%llu faults=%llu foreign=%llu signals=%llu\n",
	       n, wrong, (unsigned long long)s.instructions,
	       (unsigned long long)s.faults, (unsigned long long)s.foreign,
	       (unsigned long long)s.traps);
	fflush(stdout);
}

static void prepare(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		exit(3);
	page += PAGE;
	sigaction(SIGSEGV, &sa, NULL);
}

int main(int argc, char **argv)
{
	struct isahp_emulation_options options = { .size = sizeof(options) };
	int with = argc < 2 || strcmp(argv[1], "--without"), at = with ? 1 : 2;
	unsigned long rounds, n;
	pthread_t other;
	size_t i;

	if (argc > at && !strcmp(argv[at], "--alone")) {
		options.flags = ISAHP_EMULATION_ALONE;
		at++;
	}
	if (argc - at < 2)
		return 2;
	rounds = strtoul(argv[at++], NULL, 10);
	for (; at < argc; at++) {
		for (i = 0; i < PARTS && strcmp(parts[i].name, argv[at]); i++)
			;
		if (i == PARTS)
			return 2;
		chosen[i] = 1;
	}
	prepare();
	if (with && isahp_emulation_install(&options))
		return 3;
	for (n = 1; !rounds || n <= rounds; n++) {
		if (pthread_create(&other, NULL, round_of, &wrong))
			return 3;
		round_of(NULL);
		pthread_join(other, NULL);
		say(n);
		if (!rounds)
			usleep(100000);
	}
	return wrong != 0;
}
