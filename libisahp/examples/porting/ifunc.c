// SPDX-License-Identifier: MIT
/* Porting from ifunc. With -DBEFORE as it was. */
#include <stddef.h>
#include <stdio.h>

static unsigned int ones_c(size_t n, const unsigned char *p)
{
	unsigned int ones = 0, byte;

	while (n--)
		for (byte = *p++; byte; byte &= byte - 1)
			ones++;
	return ones;
}

__attribute__((target("popcnt"))) static unsigned int
ones_popcnt(size_t n, const unsigned char *p)
{
	unsigned int ones = 0;

	while (n--)
		ones += (unsigned int)__builtin_popcount(*p++);
	return ones;
}

#ifdef BEFORE
/* before: once, when the program is loaded */
typedef unsigned int (*ones_fn)(size_t n, const unsigned char *p);

static ones_fn resolve_ones(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("popcnt") ? ones_popcnt : ones_c;
}

unsigned int ones(size_t n, const unsigned char *p)
	__attribute__((ifunc("resolve_ones")));
/* end */
#else
/* after: whenever the CPU changes */
#include <isahp/isahp.h>

ISAHP_OPERATION_DECLARE(ones, unsigned int, (size_t n, const unsigned char *p),
			(n, p))
ISAHP_OPERATION_DEFINE(ones,
	ISAHP_VARIANT("popcnt", ones_popcnt, 10, ISAHP_SET(POPCNT)),
	ISAHP_VARIANT("c", ones_c, 100, ISAHP_SET_NONE));
/* end */
#endif

int main(void)
{
	static const unsigned char bytes[] = { 0xff, 0x0f, 1 };

#ifndef BEFORE
	if (isahp_start(NULL))
		return 1;
#endif
	printf("ones %u\n", ones(sizeof(bytes), bytes));
	return 0;
}
