// SPDX-License-Identifier: MIT
/*
 * libm_loop: a program as Debian builds them, on its libm, which chose code for
 * the CPU at hand when the program began. Until SIGTERM, a line a round: what all
 * results' bits come to, which is the same in each round.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TURNS 60

static uint64_t hash;

/* FNV-1a, by words. */
static void add(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	hash = (hash ^ bits) * 0x100000001b3ULL;
}

static void round_of_all(void)
{
	double x;
	float f;
	int i;

	for (i = 1; i <= TURNS; i++) {
		x = i * 0.37;
		f = (float)x;
		add(sin(x));
		add(cos(x));
		add(tan(x));
		add(atan(x));
		add(atan2(x, 3));
		add(exp(x));
		add(exp2(x));
		add(log(x));
		add(log2(x));
		add(pow(x, 1.7));
		add(fma(x, x, -x));
		add(floor(x) + ceil(x) + rint(x) + trunc(x));
		add(sinf(f));
		add(cosf(f));
		add(expf(f));
		add(logf(f));
		add(powf(f, 1.7f));
	}
}

int main(void)
{
	for (;;) {
		hash = 0xcbf29ce484222325ULL;
		round_of_all();
		printf("%016llx\n", (unsigned long long)hash);
		fflush(stdout);
	}
}
