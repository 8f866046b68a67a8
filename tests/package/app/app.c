// SPDX-License-Identifier: MIT
/* An application in C: an operation, and its thread. */
#include <stdio.h>
#include <isahp/isahp.h>

static int twice_sse3(int x)
{
	return x + x;
}

static int twice_c(int x)
{
	return 2 * x;
}

ISAHP_OPERATION_DECLARE(twice, int, (int x), (x))
ISAHP_OPERATION_DEFINE(twice,
	ISAHP_VARIANT("sse3", twice_sse3, 1, ISAHP_SET(SSE3)),
	ISAHP_VARIANT("c", twice_c, 2, ISAHP_SET_NONE));

int main(void)
{
	int rc = isahp_start(NULL);

	printf("c %d\n", rc ? rc : twice(21));
	return rc ? 1 : -isahp_stop();
}
