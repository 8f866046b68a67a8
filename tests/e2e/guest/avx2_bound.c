// SPDX-License-Identifier: MIT
/*
 * A program as they are: built for AVX2, or bound to it at start, and never
 * looking again. Prints a line per round. When an instruction is refused it
 * says whether it was one of its own AVX2 code, and dies of it.
 */
#include <immintrin.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORDS 4096

extern const char __start_avx2_text[], __stop_avx2_text[];

static uint32_t data[WORDS] __attribute__((aligned(32)));

#define AVX2_CODE __attribute__((noinline, section("avx2_text"), target("avx2")))

static void AVX2_CODE step(void)
{
	for (int i = 0; i < WORDS; i += 8) {
		__m256i *p = (__m256i *)(data + i);

		*p = _mm256_add_epi32(_mm256_slli_epi32(*p, 1),
				      _mm256_set1_epi32(1));
	}
}

static void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(3);
}

static void on_sigill(int sig, siginfo_t *info, void *context)
{
	const char *at = info->si_addr;

	(void)context;
	say(at >= __start_avx2_text && at < __stop_avx2_text ?
		    "sigill in avx2 code\n" : "sigill elsewhere\n");
	/* Returns to the same instruction, and dies of it. */
	signal(sig, SIG_DFL);
}

int main(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_sigill,
		.sa_flags = SA_SIGINFO,
	};
	char line[64];

	sigaction(SIGILL, &sa, NULL);
	for (unsigned long round = 1;; round++) {
		for (int i = 0; i < 100; i++)
			step();
		snprintf(line, sizeof(line), "round %lu\n", round);
		say(line);
		usleep(10000);
	}
}
