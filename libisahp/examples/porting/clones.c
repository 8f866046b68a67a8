// SPDX-License-Identifier: MIT
/* Porting from target_clones. With -DBEFORE as it was. */
#include <stddef.h>
#include <stdio.h>

#ifdef BEFORE
void scale(size_t n, float a, float *x);

/* before: the compiler makes the clones and an ifunc */
__attribute__((target_clones("avx2", "default")))
void scale(size_t n, float a, float *x)
{
	for (size_t i = 0; i < n; i++)
		x[i] *= a;
}
/* end */
#else
/* after: the same body, once for each target */
#include <isahp/isahp.h>

__attribute__((always_inline)) static inline void
scale_body(size_t n, float a, float *x)
{
	for (size_t i = 0; i < n; i++)
		x[i] *= a;
}

__attribute__((target("avx2,no-popcnt"))) static void
scale_avx2(size_t n, float a, float *x)
{
	scale_body(n, a, x);
}

static void scale_default(size_t n, float a, float *x)
{
	scale_body(n, a, x);
}

ISAHP_OPERATION_DECLARE(scale, void, (size_t n, float a, float *x), (n, a, x))
ISAHP_OPERATION_DEFINE(scale,
	ISAHP_VARIANT("avx2", scale_avx2, 10, ISAHP_SET(AVX2)),
	ISAHP_VARIANT("default", scale_default, 40, ISAHP_SET_NONE));
/* end */
#endif

int main(void)
{
	float x[] = { 1, 2, 3 };

#ifndef BEFORE
	if (isahp_start(NULL))
		return 1;
#endif
	scale(3, 2, x);
	printf("%g %g %g\n", x[0], x[1], x[2]);
	return 0;
}
