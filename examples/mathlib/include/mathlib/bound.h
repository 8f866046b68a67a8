/* SPDX-License-Identifier: MIT */
/* By how much results may differ; why: see <mathlib/mathlib.h>, "Numbers". */
#ifndef MATHLIB_BOUND_H
#define MATHLIB_BOUND_H

#include <stddef.h>

/**
 * ml_bound - by how much the results of two variants may differ
 * @n: most roundings that a term goes through.
 * @sum_abs: sum of the terms' absolute values, not rounded below the truth.
 * @alpha: factor that the sum of products is multiplied by.
 *
 * 2 * gamma(n) * sum_abs, and for underflow 2^-149 (half the smallest
 * subnormal, for each of two variants) per rounding, those before the
 * multiplication by alpha times |alpha|; doubled, for what later roundings make
 * of it.
 *
 * Return: the bound; infinite, which states nothing, from n = 2^24 on.
 */
static inline double ml_bound(size_t n, double sum_abs, double alpha)
{
	double nu = (double)n * __builtin_ldexp(1, -24);

	if (nu >= 1)
		return __builtin_inf();
	return 2 * nu / (1 - nu) * sum_abs +
	       __builtin_ldexp(1, -148) * (double)n * (1 + __builtin_fabs(alpha));
}

/**
 * ml_bound_double - the same for results in double precision
 *
 * All as for ml_bound(), with u = 2^-53 and 2^-1074 for the smallest subnormal.
 */
static inline double ml_bound_double(size_t n, double sum_abs, double alpha)
{
	double nu = (double)n * __builtin_ldexp(1, -53);

	if (nu >= 1)
		return __builtin_inf();
	return 2 * nu / (1 - nu) * sum_abs +
	       __builtin_ldexp(1, -1073) * (double)n * (1 + __builtin_fabs(alpha));
}

#endif /* MATHLIB_BOUND_H */
