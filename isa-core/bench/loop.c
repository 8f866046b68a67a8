// SPDX-License-Identifier: GPL-2.0-only OR MIT
#define _GNU_SOURCE
#include "loop.h"

#include <dlfcn.h>
#include <isa-core/features.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORDS 1024
#define FLOATS 4096
#define LENGTH 32768
#define BLOCKS 128

#define VARIABLE "GLIBC_TUNABLES"
#define TUNABLES "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-RTM,-Prefer_No_VZEROUPPER"

double loop_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* --- what they work on ----------------------------------------------------- */

static __u64 words[WORDS];
static float vectors[2 * FLOATS];
/* It is read as far as a vector goes, or a few. */
static char string[LENGTH + 256] __attribute__((aligned(64)));
static __u8 keys[LOOP_AES_KEYS][LOOP_AES_BLOCK] __attribute__((aligned(16)));
static __u8 blocks[BLOCKS][LOOP_AES_BLOCK] __attribute__((aligned(16)));

/* SplitMix64: the same in every process. */
static __u64 draw(void)
{
	static __u64 state = 1;
	__u64 z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static void fill(void)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		words[i] = draw();
	/* -1 to 1, and no two alike. */
	for (i = 0; i < 2 * FLOATS; i++)
		vectors[i] = (float)(__s32)draw() / 2147483648.0f;
	memset(string, 'x', LENGTH);
	for (i = 0; i < sizeof(keys); i++)
		keys[i / LOOP_AES_BLOCK][i % LOOP_AES_BLOCK] = (__u8)draw();
}

/* --- the loops ------------------------------------------------------------- */

static struct loop loops[LOOPS] = {
	{ .name = "glibc's strlen of AVX2", .in = string, .of_libc = true },
	{ .name = "a dot product by FMA", .function = loop_dot,
	  .in = vectors, .count = FLOATS },
	{ .name = "POPCNT and BLSR", .function = loop_bits,
	  .in = words, .count = WORDS },
	{ .name = "AES-128's rounds", .function = loop_aes,
	  .in = keys, .out = blocks, .count = BLOCKS, .out_size = sizeof(blocks) },
};

static void need(struct loop *l, unsigned int feature)
{
	isahp_features_add(&l->needs, feature);
}

static void make(void)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY);
	void *chosen = libc ? dlsym(libc, "strlen") : NULL;

	fill();
	/* Who takes one argument does not mind three. */
	memcpy(&loops[0].function, &chosen, sizeof(chosen));
	need(&loops[0], ISAHP_FEATURE_AVX2);
	need(&loops[0], ISAHP_FEATURE_BMI1);
	need(&loops[0], ISAHP_FEATURE_BMI2);
	need(&loops[1], ISAHP_FEATURE_AVX2);
	need(&loops[1], ISAHP_FEATURE_FMA);
	need(&loops[2], ISAHP_FEATURE_POPCNT);
	need(&loops[2], ISAHP_FEATURE_BMI1);
	need(&loops[3], ISAHP_FEATURE_AES);
}

const struct loop *loop_get(unsigned int n)
{
	if (isahp_features_empty(&loops[0].needs))
		make();
	return &loops[n];
}

struct isahp_features loop_lost(void)
{
	static const unsigned char all[] = {
		ISAHP_FEATURE_AVX2, ISAHP_FEATURE_FMA, ISAHP_FEATURE_F16C,
		ISAHP_FEATURE_BMI1, ISAHP_FEATURE_BMI2, ISAHP_FEATURE_MOVBE,
		ISAHP_FEATURE_POPCNT, ISAHP_FEATURE_AES, ISAHP_FEATURE_PCLMULQDQ,
	};
	struct isahp_features set = isahp_features_none();
	size_t i;

	for (i = 0; i < sizeof(all); i++)
		isahp_features_add(&set, all[i]);
	return set;
}

/* FNV-1a, of what it wrote and what it returned. */
__u64 loop_result(const struct loop *loop, __u64 returned)
{
	const __u8 *out = loop->out;
	__u64 hash = returned ^ 0xcbf29ce484222325ULL;
	size_t i;

	for (i = 0; i < loop->out_size; i++)
		hash = (hash ^ out[i]) * 0x100000001b3ULL;
	return hash;
}

double loop_execute(const struct loop *loop, __u64 *ret_result)
{
	double begin, ns, best = 0;
	volatile __u64 returned = 0;
	int turn, i;

	for (turn = 0; turn < LOOP_TURNS; turn++) {
		begin = loop_cpu_ns();
		for (i = 0; i < LOOP_REPEATS; i++)
			returned = loop->function(loop->in, loop->out, loop->count);
		ns = (loop_cpu_ns() - begin) / LOOP_REPEATS;
		best = !turn || ns < best ? ns : best;
	}
	*ret_result = loop_result(loop, returned);
	return best;
}

void loop_choose_strlen(char **argv)
{
	const char *now = getenv(VARIABLE);

	if (now && !strcmp(now, TUNABLES))
		return;
	setenv(VARIABLE, TUNABLES, 1);
	execv("/proc/self/exe", argv);
	perror("bench_emulator: cannot begin anew");
	exit(1);
}
