// SPDX-License-Identifier: MIT
/*
 * plain_cost MS - how fast code is that never traps
 *
 * SHA-256, sorting, system calls, and two processes that take turns on one CPU:
 * one line with the nanoseconds of each, the fastest of as many tries as MS
 * milliseconds give it.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCKS 50
#define NUMBERS 500
#define CALLS 50
#define TURNS 5

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* --- SHA-256 (FIPS 180-4) --------------------------------------------------- */

static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t initial[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
	0x1f83d9ab, 0x5be0cd19,
};

static uint32_t ror(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void sha256_block(uint32_t *state, const unsigned char *block)
{
	uint32_t w[64], s[8], t1, t2;
	int i;

	for (i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (; i < 64; i++)
		w[i] = (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10) + w[i - 7] +
		       (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 16];
	memcpy(s, state, sizeof(s));
	for (i = 0; i < 64; i++) {
		t1 = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) +
		     ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
		t2 = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) +
		     ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (i = 0; i < 8; i++)
		state[i] += s[i];
}

/* "abc", whose digest is an example of the standard's. */
static int sha256_is_right(void)
{
	unsigned char block[64] = { 'a', 'b', 'c', 0x80, [63] = 24 };
	uint32_t state[8];

	memcpy(state, initial, sizeof(state));
	sha256_block(state, block);
	return state[0] == 0xba7816bf && state[7] == 0xf20015ad;
}

static int sha256(void)
{
	static unsigned char block[64];
	static uint32_t state[8];
	int i;

	for (i = 0; i < BLOCKS; i++)
		sha256_block(state, block);
	return BLOCKS;
}

/* --- the others ------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int sort(void)
{
	static uint32_t number[NUMBERS];
	uint32_t x = 1, i;

	for (i = 0; i < NUMBERS; i++)
		number[i] = x = x * 1664525 + 1013904223;
	qsort(number, NUMBERS, sizeof(*number), compare);
	return NUMBERS;
}

static int calls(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	return CALLS;
}

static int ask[2], answer[2];

/* The other one, for as long as somebody asks. */
static void serve(void)
{
	char c;

	close(ask[1]);
	close(answer[0]);
	while (read(ask[0], &c, 1) == 1 && write(answer[1], &c, 1) == 1)
		;
	_exit(0);
}

static int prepare(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one) || pipe(ask) || pipe(answer))
		return -1;
	switch (fork()) {
	case -1:
		return -1;
	case 0:
		serve();
	}
	close(ask[0]);
	close(answer[1]);
	return 0;
}

static int turns(void)
{
	char c = 0;
	int i;

	for (i = 0; i < TURNS; i++)
		if (write(ask[1], &c, 1) != 1 || read(answer[0], &c, 1) != 1)
			exit(3);
	return TURNS;
}

/* --- figures ---------------------------------------------------------------- */

static double best_of(int (*work)(void), double ms)
{
	double end = now_ns() + ms * 1e6, best = 0, begin, ns;
	int done;

	do {
		begin = now_ns();
		done = work();
		ns = (now_ns() - begin) / done;
		if (!best || ns < best)
			best = ns;
	} while (now_ns() < end);
	return best;
}

int main(int argc, char **argv)
{
	double ms = argc > 1 ? strtod(argv[1], NULL) : 0;

	if (!sha256_is_right() || prepare())
		return 3;
	printf("sha256=%.2f ", best_of(sha256, ms));
	printf("sort=%.2f ", best_of(sort, ms));
	printf("call=%.2f ", best_of(calls, ms));
	printf("turn=%.2f\n", best_of(turns, ms));
	return 0;
}
