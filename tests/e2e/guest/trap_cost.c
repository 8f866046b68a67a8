// SPDX-License-Identifier: MIT
/*
 * trap_cost ROUNDS COUNT - what one instruction that the CPU has lost costs
 *
 * COUNT times the same instruction, between others that the CPU has, and the fastest
 * of them, in each of the ways in turn: finished by the module; by libisahp in a
 * handler of SIGILL, the module's policy for this process being to signal; by a
 * handler that steps over it and does nothing, which is what no handler can do
 * without; and by the module once more. A line for each round and instruction, in nanoseconds.
 *
 * Results are looked at, of the ways that have one, and signals are counted: a CPU
 * that only hides what it has sends none.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <isahp/emulation.h>
#include <isahp/uapi.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum way {
	MODULE,
	LIBRARY,
	NOTHING,
	AGAIN,
	WAYS
};

static volatile enum way way;
static volatile unsigned long signals;
static int device;

/* --- instructions ----------------------------------------------------------- */

static const uint64_t mask = 0x0f0f00ff33335555;

static uint64_t by_pext(uint64_t v)
{
	uint64_t r = 0;

	__asm__ volatile("pext %2, %1, %0" : "+&r"(r) : "r"(v), "r"(mask));
	return r;
}

static uint64_t pext_in_c(uint64_t v)
{
	uint64_t m, r = 0;
	int k = 0;

	for (m = mask; m; m &= m - 1)
		r |= (uint64_t)!!(v & m & -m) << k++;
	return r;
}

static uint64_t by_movbe(uint64_t v)
{
	uint64_t r = 0;

	__asm__ volatile("movbe (%1), %0" : "+&r"(r) : "r"(&v), "m"(v));
	return r;
}

static uint64_t movbe_in_c(uint64_t v)
{
	return __builtin_bswap64(v);
}

/* Moving between register files is AVX's, which stays. */
static uint64_t by_vpaddb(uint64_t v)
{
	uint64_t r;

	__asm__ volatile("vmovq %1, %%xmm1\n\t"
			 "vpaddb %%ymm1, %%ymm1, %%ymm2\n\t"
			 "vmovq %%xmm2, %0\n\t"
			 "vzeroupper"
			 : "=r"(r) : "r"(v) : "xmm1", "xmm2");
	return r;
}

static uint64_t vpaddb_in_c(uint64_t v)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7f;

	return (v & low) << 1;
}

static const struct kind {
	const char *name;
	uint64_t (*emulated)(uint64_t v);
	uint64_t (*in_c)(uint64_t v);
} kinds[] = {
	{ "pext", by_pext, pext_in_c },
	{ "movbe", by_movbe, movbe_in_c },
	{ "vpaddb", by_vpaddb, vpaddb_in_c },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* --- handlers --------------------------------------------------------------- */

/* The three above: VEX2 and VEX3 without a displacement; MOVBE has REX, 0F, 38, an
 * opcode, ModRM, and an SIB byte for RSP, or a displacement. */
static unsigned int length_at(const unsigned char *p)
{
	unsigned char modrm = p[4];

	if (p[0] == 0xc5)
		return 4;
	if (p[0] == 0xc4)
		return 5;
	return 5 + ((modrm & 7) == 4) + (modrm >> 6 == 1);
}

static void on_sigill(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	signals++;
	if (way == NOTHING)
		uc->uc_mcontext.gregs[REG_RIP] += length_at(info->si_addr);
	else if (way != LIBRARY || !isahp_emulation_signal(info, context))
		_exit(4);
}

/* libisahp is told what to do, and asked by this program's own handler. */
static int prepare(void)
{
	struct isahp_emulation_options options = {
		.size = sizeof(options),
		.flags = ISAHP_EMULATION_ALONE,
	};
	struct sigaction sa = { .sa_sigaction = on_sigill, .sa_flags = SA_SIGINFO };

	device = open(ISAHP_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	return device < 0 || isahp_emulation_install(&options) ||
	       sigaction(SIGILL, &sa, NULL);
}

static int choose(enum way chosen)
{
	struct isahp_undefined arg = {
		.size = sizeof(arg),
		.policy = chosen == MODULE || chosen == AGAIN ? ISAHP_UNDEFINED_EMULATE :
								ISAHP_UNDEFINED_SIGNAL,
	};

	way = chosen;
	return ioctl(device, ISAHP_IOC_UNDEFINED, &arg);
}

/* --- rounds ----------------------------------------------------------------- */

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double measure(const struct kind *k, unsigned long count, unsigned long *wrong)
{
	uint64_t v = 88172645463325252ULL, result;
	double begin, ns, best = 0;
	unsigned long i;

	for (i = 0; i < count; i++, v += 0x9e3779b97f4a7c15) {
		begin = now_ns();
		result = k->emulated(v);
		ns = now_ns() - begin;
		if (!i || ns < best)
			best = ns;
		*wrong += way != NOTHING && result != k->in_c(v);
	}
	return best;
}

int main(int argc, char **argv)
{
	unsigned long rounds, count, wrong = 0, round;
	double ns[WAYS];
	size_t k;
	int i;

	if (argc != 3)
		return 2;
	rounds = strtoul(argv[1], NULL, 10);
	count = strtoul(argv[2], NULL, 10);
	if (!count || prepare())
		return 3;
	for (round = 0; round < rounds; round++)
		for (k = 0; k < KINDS; k++) {
			signals = 0;
			for (i = 0; i < WAYS; i++) {
				if (choose((enum way)i))
					return 3;
				ns[i] = measure(&kinds[k], count, &wrong);
			}
			printf("%s module=%.1f library=%.1f nothing=%.1f again=%.1f signals=%lu wrong=%lu\n",
			       kinds[k].name, ns[MODULE], ns[LIBRARY], ns[NOTHING],
			       ns[AGAIN], signals, wrong);
			fflush(stdout);
		}
	return wrong != 0;
}
