// SPDX-License-Identifier: MIT
/*
 * hidden - two operations whose best variants use what CPUID may hide
 *
 *	hidden [--unaware] [--interval MS]
 *
 * "sum" has a variant for AVX2, "deposit" one for BMI2, both one in plain C.
 * Each call's result is compared with what a second computation in plain C
 * gives. A variant counts its calls itself, before its first instruction of
 * that set: a count that stands still says that nothing of it was executed.
 *
 * It follows isahp, through libisahp. With --unaware it is a program as they
 * are, bound to AVX2 and BMI2 at start, and asks nobody whether they are there.
 *
 * Prints each interval (default 200 ms), and when AVX2 or BMI2 code is refused,
 * some times before it dies of that:
 *	hidden: sum=NAME deposit=NAME avx2=N bmi2=N c=N wrong=N source=N cpuid=NAMES end
 *	hidden: SIGILL in avx2 end
 * with "unaware" in place of "hidden"; source is enum isahp_source; cpuid is
 * what CPUID shows of the two: avx2, bmi2, both (avx2+bmi2) or none.
 */
#include <cpuid.h>
#include <immintrin.h>
#include <isahp/isahp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define WORDS 1024

static atomic_ulong in_avx2, in_bmi2, in_c;
static unsigned long wrong;
static const char *who = "hidden";

/* --- variants -------------------------------------------------------------- */

/* So that a refused instruction can be told from any other's. */
extern const char __start_avx2_text[], __stop_avx2_text[];
extern const char __start_bmi2_text[], __stop_bmi2_text[];
#define CODE(set) noinline, section(#set "_text"), target(#set)

static uint32_t __attribute__((CODE(avx2)))
sum_avx2(size_t n, const uint32_t *x)
{
	__m256i sum = _mm256_setzero_si256();
	uint32_t lane[8], all = 0;
	size_t i;

	in_avx2++;
	for (i = 0; i + 8 <= n; i += 8)
		sum = _mm256_add_epi32(
			sum, _mm256_loadu_si256((const __m256i *)(x + i)));
	_mm256_storeu_si256((__m256i *)lane, sum);
	for (; i < n; i++)
		all += x[i];
	for (i = 0; i < 8; i++)
		all += lane[i];
	return all;
}

static uint32_t __attribute__((noinline)) sum_plain(size_t n, const uint32_t *x)
{
	uint32_t all = 0;
	size_t i;

	for (i = 0; i < n; i++)
		all += x[i];
	return all;
}

static uint32_t sum_c(size_t n, const uint32_t *x)
{
	in_c++;
	return sum_plain(n, x);
}

static uint64_t __attribute__((CODE(bmi2)))
deposit_bmi2(uint64_t bits, uint64_t mask)
{
	in_bmi2++;
	return _pdep_u64(bits, mask);
}

static uint64_t __attribute__((noinline))
deposit_plain(uint64_t bits, uint64_t mask)
{
	uint64_t out = 0;

	for (; mask; mask &= mask - 1, bits >>= 1)
		if (bits & 1)
			out |= mask & -mask;
	return out;
}

static uint64_t deposit_c(uint64_t bits, uint64_t mask)
{
	in_c++;
	return deposit_plain(bits, mask);
}

ISAHP_OPERATION_DECLARE(sum, uint32_t, (size_t n, const uint32_t *x), (n, x))
ISAHP_OPERATION_DEFINE(sum,
	ISAHP_VARIANT("avx2", sum_avx2, 10, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("c", sum_c, 100, ISAHP_SET_NONE));

ISAHP_OPERATION_DECLARE(deposit, uint64_t, (uint64_t bits, uint64_t mask),
			(bits, mask))
ISAHP_OPERATION_DEFINE(deposit,
	ISAHP_VARIANT("bmi2", deposit_bmi2, 10, ISAHP_SET(BMI2)),
	ISAHP_VARIANT("c", deposit_c, 100, ISAHP_SET_NONE));

/* --- work ------------------------------------------------------------------ */

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void work(bool aware, uint64_t *random)
{
	static uint32_t x[WORDS];
	uint64_t bits = next(random), mask = next(random);
	/* Not only whole vectors. */
	size_t n = WORDS - bits % 16;

	x[bits % WORDS] = mask;
	wrong += (aware ? sum(n, x) : sum_avx2(n, x)) != sum_plain(n, x);
	wrong += (aware ? deposit(bits, mask) : deposit_bmi2(bits, mask)) !=
		 deposit_plain(bits, mask);
}

/* --- what it says ---------------------------------------------------------- */

static const char *shown_by_cpuid(void)
{
	unsigned int a, b = 0, c, d;

	__get_cpuid_count(7, 0, &a, &b, &c, &d);
	if (b & bit_AVX2)
		return b & bit_BMI2 ? "avx2+bmi2" : "avx2";
	return b & bit_BMI2 ? "bmi2" : "none";
}

static const char *variant_of(bool aware, const struct isahp_operation *op)
{
	/* The first is what the unaware one is bound to. */
	return aware ? isahp_operation_variant(op)->name : op->variants[0].name;
}

/* One write: lines of several programs must not mix. */
static void report(bool aware)
{
	struct isahp_status status = { .size = sizeof(status) };
	char line[256];
	int n;

	isahp_status(&status);
	n = snprintf(line, sizeof(line),
		     "%s: sum=%s deposit=%s avx2=%lu bmi2=%lu c=%lu wrong=%lu source=%u cpuid=%s end\n",
		     who, variant_of(aware, &sum_operation),
		     variant_of(aware, &deposit_operation), in_avx2, in_bmi2,
		     in_c, wrong, status.source, shown_by_cpuid());
	if (write(STDOUT_FILENO, line, n) != n)
		exit(1);
}

/* The kernel may speak in the middle of one of them. */
#define LAST_WORDS 5

static void on_sigill(int sig, siginfo_t *info, void *context)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	const char *at = info->si_addr, *where = "other code";
	char line[64];
	int n, i;

	(void)context;
	if (at >= __start_avx2_text && at < __stop_avx2_text)
		where = "avx2";
	if (at >= __start_bmi2_text && at < __stop_bmi2_text)
		where = "bmi2";
	n = snprintf(line, sizeof(line), "%s: SIGILL in %s end\n", who, where);
	for (i = 0; i < LAST_WORDS; i++) {
		if (write(STDOUT_FILENO, line, n) != n)
			_exit(1);
		/* Whole, before the kernel speaks of it on the same line. */
		tcdrain(STDOUT_FILENO);
		nanosleep(&pause, NULL);
	}
	/* Returns to the same instruction, and dies of it. */
	signal(sig, SIG_DFL);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_sigaction = on_sigill,
				.sa_flags = SA_SIGINFO };
	struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t random = 88172645463325252ull, due, interval_ms = 200;
	bool aware = true;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--unaware"))
			aware = false;
		else if (!strcmp(argv[i], "--interval") && argv[i + 1])
			interval_ms = strtoul(argv[++i], NULL, 10);
		else
			interval_ms = 0;
	}
	if (!interval_ms) {
		fprintf(stderr, "Usage: hidden [--unaware] [--interval MS]\n");
		return 2;
	}
	if (!aware)
		who = "unaware";
	sigaction(SIGILL, &sa, NULL);
	if (aware && isahp_start(NULL)) {
		fprintf(stderr, "hidden: cannot follow isahp\n");
		return 1;
	}
	for (;;) {
		/* From now: a guest that stood still works before it says more. */
		due = now_ms() + interval_ms;
		for (; now_ms() < due; nanosleep(&pause, NULL))
			for (i = 0; i < 8; i++)
				work(aware, &random);
		report(aware);
	}
}
