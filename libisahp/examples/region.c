// SPDX-License-Identifier: MIT
/*
 * Long work: a stay of many steps inside one operation. isahp_enter() gets the
 * code, isahp_poll() between the steps says when it should be given back,
 * isahp_resume() gives it back and takes the newest, isahp_leave() ends it.
 * isahp_deadline() says how long others can wait.
 */
#include <isahp/isahp.h>
#include <stdio.h>
#include <time.h>

#define TILE 1000
#define TILES 100

typedef double (*step_fn)(size_t n, const double *x);

static double step_sse2(size_t n, const double *x)
{
	double even = 0, odd = 0;
	size_t i;

	for (i = 0; i + 2 <= n; i += 2) {
		even += x[i];
		odd += x[i + 1];
	}
	return even + odd;
}

static double step_c(size_t n, const double *x)
{
	double sum = 0;

	while (n--)
		sum += *x++;
	return sum;
}

ISAHP_OPERATION_DECLARE(step, double, (size_t n, const double *x), (n, x))
ISAHP_OPERATION_DEFINE(step,
	ISAHP_VARIANT("sse3", step_sse2, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("c", step_c, 2, ISAHP_SET_NONE));

static double x[TILE * TILES];

static double left_ms(uint64_t deadline)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((double)deadline - 1e9 * now.tv_sec - now.tv_nsec) / 1e6;
}

int main(void)
{
	struct isahp_region region;
	uint64_t deadline;
	double sum = 0;
	step_fn step_now;
	int i;

	for (i = 0; i < TILE * TILES; i++)
		x[i] = 1;
	if (isahp_start(NULL))
		return 1;
	step_now = (step_fn)isahp_enter(&step_operation, &region);
	for (i = 0; i < TILES; i++) {
		sum += step_now(TILE, x + i * TILE);
		if (!isahp_poll(&step_operation, &region))
			continue;
		/* Between two steps: nothing of the old variant is kept. */
		deadline = isahp_deadline();
		if (deadline)
			printf("others wait, %.0f ms more\n", left_ms(deadline));
		step_now = (step_fn)isahp_resume(&step_operation, &region);
	}
	isahp_leave(&region);
	printf("sum %.0f\n", sum);
	return -isahp_stop();
}
