// SPDX-License-Identifier: MIT
/*
 * A function with two variants that follows the hardware. With a shim on the
 * loopback:
 *
 *	isahpd --runtime-dir /tmp/isahp &
 *	isahpctl --socket /tmp/isahp/control.sock vm add here --loopback --present native
 *	ISAHP_LOOPBACK=/tmp/isahp/loopback.sock hello
 *	isahpctl --socket /tmp/isahp/control.sock announce here --remove avx2
 */
#include <isahp/isahp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static double sum_c(size_t n, const double *x)
{
	double sum = 0;

	while (n--)
		sum += *x++;
	return sum;
}

/* Only this function is compiled for AVX2; GCC clears the upper halves itself. */
__attribute__((target("avx2"))) static double sum_avx2(size_t n, const double *x)
{
	typedef double four __attribute__((vector_size(32)));
	four sum = { 0 }, v;
	size_t i;

	for (i = 0; i + 4 <= n; i += 4) {
		memcpy(&v, x + i, sizeof(v));
		sum += v;
	}
	return sum[0] + sum[1] + sum[2] + sum[3] + sum_c(n - i, x + i);
}

/* In a header: what callers see. */
ISAHP_OPERATION_DECLARE(sum, double, (size_t n, const double *x), (n, x))

/* In one source file: the variants, with measured costs. */
ISAHP_OPERATION_DEFINE(sum,
	ISAHP_VARIANT("avx2", sum_avx2, 40, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("c", sum_c, 100, ISAHP_SET_NONE));

static volatile sig_atomic_t stop;

static void interrupted(int signal)
{
	(void)signal;
	stop = 1;
}

int main(int argc, char **argv)
{
	static const char *const source[] = { "CPUID alone", "/dev/isahp",
					      "the loopback" };
	struct isahp_status status = { .size = sizeof(status) };
	bool once = argc > 1 && !strcmp(argv[1], "--once");
	double x[1000];
	int i, rc;

	signal(SIGINT, interrupted);
	for (i = 0; i < 1000; i++)
		x[i] = i;
	rc = isahp_start(NULL);
	if (rc) {
		fprintf(stderr, "hello: cannot follow events: %s\n", strerror(-rc));
		return 1;
	}
	do {
		isahp_status(&status);
		printf("sum %g by %s, following %s, %llu events\n", sum(1000, x),
		       isahp_operation_variant(&sum_operation)->name,
		       source[status.source], (unsigned long long)status.events);
		fflush(stdout);
	} while (!once && !stop && !sleep(1));
	return -isahp_stop();
}
