// SPDX-License-Identifier: MIT
/*
 * silent - TZCNT and LZCNT, whose absence does not trap
 *
 * Prints "right N" or "wrong tzcnt=N lzcnt=N" after each 100,000 rounds. TZCNT
 * of 0 is 64, and LZCNT of 1 is 63; a CPU without BMI1 and ABM executes BSF and
 * BSR instead (SDM vol. 2, TZCNT and LZCNT), which say something else.
 */
#include <stdint.h>
#include <stdio.h>

#define ROUNDS 100000

static uint64_t tzcnt(uint64_t x)
{
	uint64_t n = 7;

	__asm__ volatile("tzcnt %1, %0" : "+r"(n) : "r"(x) : "cc");
	return n;
}

static uint64_t lzcnt(uint64_t x)
{
	uint64_t n = 7;

	__asm__ volatile("lzcnt %1, %0" : "+r"(n) : "r"(x) : "cc");
	return n;
}

int main(void)
{
	unsigned long right = 0;
	uint64_t t, l;
	int i;

	for (;;) {
		for (i = 0; i < ROUNDS; i++) {
			t = tzcnt(0);
			l = lzcnt(1);
			if (t != 64 || l != 63)
				break;
			right++;
		}
		if (i < ROUNDS)
			printf("wrong tzcnt=%llu lzcnt=%llu\n",
			       (unsigned long long)t, (unsigned long long)l);
		else
			printf("right %lu\n", right);
		if (fflush(stdout))
			return 1;
	}
}
