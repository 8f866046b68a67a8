/* SPDX-License-Identifier: MIT */
/*
 * Operands for integer operations: any bits, and more often than chance has it
 * those where something happens.
 */
#ifndef TEST_CORE_RANDOM_H
#define TEST_CORE_RANDOM_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <isa-core/vector.h>

static __u64 random_state;

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators". */
static inline __u64 random64(void)
{
	__u64 z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* ISAHP_SEED repeats a run. */
static inline void random_seed(void)
{
	const char *text = getenv("ISAHP_SEED");

	random_state = text ? strtoull(text, NULL, 0) : (__u64)getpid();
	printf("ISAHP_SEED=%llu\n", (unsigned long long)random_state);
}

/* ISAHP_CASES multiplies how many cases are tried. */
static inline unsigned long random_cases(unsigned long n)
{
	const char *text = getenv("ISAHP_CASES");

	return n * (text ? strtoul(text, NULL, 0) : 1);
}

static inline __u64 random_top(unsigned int width)
{
	return 1ULL << (width - 1);
}

/* An element of @width bits, of which what is above is cut off by who stores it. */
static inline __u64 random_element(unsigned int width)
{
	switch (random64() % 16) {
	case 0:
		return 0;
	case 1:
		return ~0ULL;
	case 2:
		return random_top(width);
	case 3:
		return random_top(width) - 1;
	case 4:
		return random_top(width) + 1;
	case 5:
		return 1;
	case 6:
		return random_top(width) >> random64() % width;
	case 7:
	case 8:
		return random64() % (2 * width + 2);
	case 9:
		return random_top(width / 2) - random64() % 3;
	case 10:
		return -(random_top(width / 2) - 1 + random64() % 3);
	default:
		return random64();
	}
}

/* @like: some of the bytes are its, or most, so that comparisons hit. */
static inline void random_vector(union isahp_vector *v,
				 const union isahp_vector *like)
{
	unsigned int i, style = random64() % 6;
	__u64 bytes;

	switch (style) {
	case 0:
		for (i = 0; i < 64; i++)
			v->b[i] = random_element(8);
		break;
	case 1:
		for (i = 0; i < 32; i++)
			v->w[i] = random_element(16);
		break;
	case 2:
		for (i = 0; i < 16; i++)
			v->d[i] = random_element(32);
		break;
	case 3:
		for (i = 0; i < 8; i++)
			v->q[i] = random_element(64);
		break;
	default:
		for (i = 0; i < 8; i++)
			v->q[i] = random64();
		break;
	}
	if (!like)
		return;
	bytes = random64() & random64() & random64();
	if (style == 5)
		bytes = ~bytes;
	for (i = 0; i < 64; i++)
		if (bytes >> i & 1)
			v->b[i] = like->b[i];
}

#endif /* TEST_CORE_RANDOM_H */
