/* SPDX-License-Identifier: MIT */
/* Plans, and transforms piece by piece. Compiled for x86-64's base. */
#include <errno.h>
#include <stdlib.h>
#include <mathlib/mathlib.h>

#include "variants.h"

/*
 * The sine and cosine of 2 pi * i / n, i below n, to the last bit of a long
 * double or so. libm's would be bound to the CPU that the program started on.
 */
static void turn(size_t i, size_t n, long double *ret_cos, long double *ret_sin)
{
#define OVER(i) 1 / ((i) * ((i) + 1.0L))
	/* Of Taylor's series, from one term to the next. */
	static const long double over[] = {
		0,	  OVER(1),  OVER(2),  OVER(3),	OVER(4),  OVER(5),
		OVER(6),  OVER(7),  OVER(8),  OVER(9),	OVER(10), OVER(11),
		OVER(12), OVER(13), OVER(14), OVER(15), OVER(16), OVER(17),
		OVER(18), OVER(19), OVER(20), OVER(21), OVER(22),
	};
#undef OVER
	size_t octant = 8 * i / n, rest = 8 * i % n;
	long double x, z, c = 0, s = 0, t;
	int k;

	if (octant & 1)
		rest = n - rest;
	x = 0.785398163397448309615660845819875721L * (long double)rest /
	    (long double)n;
	z = x * x;
	for (k = 22; k > 0; k -= 2) {
		c = 1 - c * z * over[k - 1];
		s = 1 - s * z * over[k];
	}
	s *= x;
	/* Octants 1, 2, 5 and 6 are nearer to the other axis. */
	if ((octant + 1) & 2) {
		t = c;
		c = s;
		s = t;
	}
	*ret_cos = octant >= 2 && octant < 6 ? -c : c;
	*ret_sin = octant >= 4 ? -s : s;
}

/* Fours first: two of them make groups of as many as the widest vector takes. */
static int factor(struct ml_fft *plan, size_t n, size_t *ret_twiddles)
{
	static const unsigned int radices[] = { 4, 5, 3, 2 };
	size_t i, s = 1;

	plan->n = n;
	*ret_twiddles = 0;
	for (i = 0; i < sizeof(radices) / sizeof(radices[0]); i++) {
		unsigned int radix = radices[i];

		for (; n % radix == 0; n /= radix, s *= radix) {
			struct ml_fft_stage *st = &plan->stage[plan->stages++];

			*st = (struct ml_fft_stage){
				.radix = radix, .repeat = s == 4 ? 4 : 1,
				.m = n / radix, .s = s, .twiddle = *ret_twiddles };
			*ret_twiddles += 2 * (radix - 1) * st->m * st->repeat;
		}
	}
	return n == 1 ? 0 : -EINVAL;
}

#define PLAN(p, T)                                                             \
	static void p##fill(const struct ml_fft *plan,                         \
			    const struct ml_fft_stage *st, const T *all)       \
	{                                                                      \
		T *w = (T *)plan->twiddles + st->twiddle;                      \
		size_t l, j, k;                                                \
									       \
		for (l = 1; l < st->radix; l++) {                              \
			T *re = w, *im = w + st->m * st->repeat;               \
									       \
			for (j = 0; j < st->m; j++) {                          \
				const T *at = all + 2 * (j * l * st->s);       \
									       \
				for (k = 0; k < st->repeat; k++) {             \
					*re++ = at[0];                         \
					*im++ = -at[1];                        \
				}                                              \
			}                                                      \
			w = im;                                                \
		}                                                              \
	}                                                                      \
									       \
	/* All of n: the twiddles of a stage are every s-th of them. */        \
	static int p##twiddles(struct ml_fft *plan, size_t count)              \
	{                                                                      \
		size_t n = plan->n, i;                                         \
		T *all = malloc(2 * n * sizeof(T));                            \
		long double c, s;                                              \
									       \
		plan->twiddles = aligned_alloc(64,                             \
			(count * sizeof(T) + 64) / 64 * 64);                   \
		for (i = 0; all && i < n; i++) {                               \
			turn(i, n, &c, &s);                                    \
			all[2 * i] = (T)c;                                     \
			all[2 * i + 1] = (T)s;                                 \
		}                                                              \
		for (i = 0; all && plan->twiddles && i < plan->stages; i++)    \
			p##fill(plan, &plan->stage[i], all);                   \
		free(all);                                                     \
		return all && plan->twiddles ? 0 : -ENOMEM;                    \
	}                                                                      \
									       \
	int ml_##p##fft_create(size_t n, struct ml_##p##fft **ret_plan)        \
	{                                                                      \
		struct ml_##p##fft *plan;                                      \
		size_t count;                                                  \
		int ret;                                                       \
									       \
		if (!n || n > ML_FFT_MAX)                                      \
			return -EINVAL;                                        \
		plan = calloc(1, sizeof(*plan));                               \
		if (!plan)                                                     \
			return -ENOMEM;                                        \
		ret = factor(&plan->fft, n, &count);                           \
		if (!ret)                                                      \
			ret = p##twiddles(&plan->fft, count);                  \
		if (ret) {                                                     \
			ml_##p##fft_destroy(plan);                             \
			return ret;                                            \
		}                                                              \
		*ret_plan = plan;                                              \
		return 0;                                                      \
	}                                                                      \
									       \
	void ml_##p##fft_destroy(struct ml_##p##fft *plan)                     \
	{                                                                      \
		if (!plan)                                                     \
			return;                                                \
		free(plan->fft.twiddles);                                      \
		free(plan);                                                    \
	}                                                                      \
									       \
	size_t ml_##p##fft_work(const struct ml_##p##fft *plan)                \
	{                                                                      \
		return 4 * plan->fft.n;                                        \
	}                                                                      \
									       \
	struct ml_fft_job ml_##p##fft_job(const struct ml_##p##fft *plan,      \
					  int inverse, const T *x, T *y,       \
					  T *work)                             \
	{                                                                      \
		if (!plan->fft.stages) {                                       \
			y[0] = x[0];                                           \
			y[1] = x[1];                                           \
		}                                                              \
		return (struct ml_fft_job){ .plan = &plan->fft,                \
					    .inverse = inverse, .x = x,        \
					    .y = y, .work = work };            \
	}                                                                      \
									       \
	void ml_##p##fft(const struct ml_##p##fft *plan, const T *x, T *y,     \
			 T *work)                                              \
	{                                                                      \
		struct ml_fft_job job = ml_##p##fft_job(plan, 0, x, y, work);  \
									       \
		while (ml_##p##fft_piece(&job))                                \
			;                                                      \
	}                                                                      \
									       \
	void ml_##p##fft_inverse(const struct ml_##p##fft *plan, const T *x,   \
				 T *y, T *work)                                \
	{                                                                      \
		struct ml_fft_job job = ml_##p##fft_job(plan, 1, x, y, work);  \
									       \
		while (ml_##p##fft_piece(&job))                                \
			;                                                      \
	}

PLAN(s, float)
PLAN(d, double)
