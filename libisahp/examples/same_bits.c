// SPDX-License-Identifier: MIT
/*
 * The same bits, or features do not leave: ISAHP_OPERATION_DEFINE_FLAGS() with
 * ISAHP_OPERATION_SAME_BITS, and ISAHP_VARIANT_RESULTS() to say which variants
 * return the same. Two of these add in four lanes and may stand in for each
 * other; the third does not, and is not chosen, cheaper or not.
 */
#include <isahp/isahp.h>
#include <stdio.h>

#define FOUR_LANES 1

static float sum_lanes(size_t n, const float *x)
{
	float lane[4] = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		lane[i % 4] += x[i];
	return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

/* For the example's sake; a real one has its own code. */
static float sum_sse3(size_t n, const float *x)
{
	return sum_lanes(n, x);
}

static float sum_in_order(size_t n, const float *x)
{
	float sum = 0;

	while (n--)
		sum += *x++;
	return sum;
}

ISAHP_OPERATION_DECLARE(sum, float, (size_t n, const float *x), (n, x))
ISAHP_OPERATION_DEFINE_FLAGS(sum, ISAHP_OPERATION_SAME_BITS,
	ISAHP_VARIANT_RESULTS("sse3", sum_sse3, 1, FOUR_LANES, ISAHP_SET(SSE3)),
	ISAHP_VARIANT_RESULTS("c", sum_lanes, 3, FOUR_LANES, ISAHP_SET_NONE),
	ISAHP_VARIANT("in order", sum_in_order, 2, ISAHP_SET_NONE));

int main(void)
{
	struct isahp_status status = { .size = sizeof(status) };
	static float x[100];
	int i;

	for (i = 0; i < 100; i++)
		x[i] = 1.0f / (float)(i + 1);
	/* From here on the operation is bound to the class that it is on. */
	if (isahp_start(NULL))
		return 1;
	printf("sum %a\n", sum(100, x));
	isahp_status(&status);
	printf("changed %llu times\n", (unsigned long long)status.results_changed);
	return -isahp_stop();
}
