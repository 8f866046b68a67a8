// SPDX-License-Identifier: MIT
/* What fuzz/tool_image spoils: two operations, a switch, calls and a loop. */
#include <isahp/isahp.h>

void puts_(int *p);
int it(int n, int *p);
int c(int n, int *p);

int c(int n, int *p)
{
	return n + !p;
}

static __attribute__((noinline)) int deep(int n)
{
	return n > 1 ? deep(n - 1) * 3 + deep(n - 2) : n;
}

int it(int n, int *p)
{
	int i;

	switch (n) {
	case 0: *p = 3; return 7;
	case 1: puts_(p); return *p;
	case 2: puts_(p + 1); return deep(3);
	case 3: return *p = 99;
	case 4: deep(p[1]); return 1;
	case 5: return deep(*p);
	case 6: puts_(p); return 2;
	}
	for (i = 0; i < n; i++)
		p[i] += 3 * i;
	return deep(n);
}

ISAHP_OPERATION_DECLARE(op, int, (int n, int *p), (n, p))
ISAHP_OPERATION_DEFINE(op, ISAHP_VARIANT("it", it, 1, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("c", c, 2, ISAHP_SET_NONE));
ISAHP_OPERATION_DECLARE(op2, int, (int n, int *p), (n, p))
ISAHP_OPERATION_DEFINE(op2, ISAHP_VARIANT("c", c, 2, ISAHP_SET_NONE));
