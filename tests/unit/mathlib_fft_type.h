/* SPDX-License-Identifier: MIT */
/*
 * Checks of the transform in one type: included with T, U (its unit roundoff),
 * NAME(x) and FFT(x), the public names, defined; all are taken away at the end.
 * The reference is the sum itself in long double.
 */

typedef int (*NAME(piece))(struct ml_fft_job *);
typedef struct FFT() NAME(plan);

static T *NAME(operand)(unsigned int index, size_t count, struct ml_random *random)
{
	T *p = arena_get(index, count * sizeof(T), random);
	size_t i;

	for (i = 0; i < count; i++)
		p[i] = (T)ml_random_unit(random);
	return p;
}

static NAME(plan) *NAME(make)(size_t n)
{
	NAME(plan) *plan;

	cr_assert_eq(FFT(_create)(n, &plan), 0);
	return plan;
}

static long double NAME(norm)(const T *x, size_t n)
{
	long double sum = 0;
	size_t i;

	for (i = 0; i < 2 * n; i++)
		sum += (long double)x[i] * x[i];
	return sqrtl(sum);
}

/* Run by one variant, or, where that is NULL, each piece by another. */
static void NAME(run)(NAME(piece) fn, struct ml_fft_job job, struct ml_random *random)
{
	const struct isahp_operation *op = &FFT(_operation);
	const struct isahp_variant *v;
	int more;

	do {
		NAME(piece) next = fn;

		while (!next) {
			v = &op->variants[ml_random_below(random,
							  op->variant_count)];
			next = ml_variant_runs(v) ? (NAME(piece))v->fn : NULL;
		}
		more = next(&job);
	} while (more);
}

/* The square of what element @k of the result is off by. */
static long double NAME(off)(const T *x, const struct roots *w, int inverse,
			     size_t k, const T *y)
{
	long double re = 0, im = 0;
	size_t n = w->n, i, at = 0;

	for (i = 0; i < n; i++) {
		long double s = inverse ? -w->sin[at] : w->sin[at];

		re += x[2 * i] * w->cos[at] + x[2 * i + 1] * s;
		im += x[2 * i + 1] * w->cos[at] - x[2 * i] * s;
		at += k;
		at = at >= n ? at - n : at;
	}
	re -= y[2 * k];
	im -= y[2 * k + 1];
	return re * re + im * im;
}

/* All elements of the result, or a few of them. */
static bool NAME(right)(NAME(piece) fn, size_t n, size_t few,
			struct ml_random *random, double *worst)
{
	NAME(plan) *plan = NAME(make)(n);
	int inverse = (int)ml_random_below(random, 2);
	T *x = NAME(operand)(0, 2 * n, random), *y = NAME(operand)(1, 2 * n, random);
	T *work = NAME(operand)(2, FFT(_work)(plan), random);
	T *in = arena_get(3, 2 * n * sizeof(T), random);
	struct roots w = roots_of(n);
	long double sum = 0, norm = sqrtl((long double)n) * NAME(norm)(x, n);
	size_t i;

	memcpy(in, x, 2 * n * sizeof(T));
	if (ml_random_below(random, 2))
		y = x;
	NAME(run)(fn, FFT(_job)(plan, inverse, x, y, work), random);
	for (i = 0; i < (few ? few : n); i++)
		sum += NAME(off)(in, &w, inverse,
				 few ? ml_random_below(random, n) : i, y);
	sum = sqrtl(sum);
	if (n > 1 && (double)(sum / norm / U / log2l(n)) > *worst)
		*worst = (double)(sum / norm / U / log2l(n));
	roots_free(&w);
	FFT(_destroy)(plan);
	return sum <= ml_fft_bound(n, U) * norm && arena_intact(0) &&
	       arena_intact(1) && arena_intact(2);
}

static void NAME(test)(isahp_fn fn, const char *name)
{
	struct ml_random random = { operands_seed() };
	double worst = 0;
	size_t n;
	int round;

	for (n = 1; n <= 81; n++) {
		if (smooth(n))
			cr_assert(NAME(right)((NAME(piece))fn, n, 0, &random,
					      &worst), "%s: %zu", name, n);
	}
	for (round = 0; round < ROUNDS; round++) {
		n = some_length(&random, 1500);
		cr_assert(NAME(right)((NAME(piece))fn, n, n > 300 ? 20 : 0,
				      &random, &worst), "%s: %zu", name, n);
	}
	for (round = 0; round < 8; round++) {
		n = some_length(&random, LARGE);
		cr_assert(NAME(right)((NAME(piece))fn, n, 3, &random, &worst),
			  "%s: %zu", name, n);
	}
	fprintf(stderr, "%s: at most %.3f u log2(n) of 6\n", name, worst);
}

/* A piece by one, the next by another. */
static void NAME(relay)(void)
{
	struct ml_random random = { operands_seed() };
	double worst = 0;
	int round;

	for (round = 0; round < 20; round++)
		cr_assert(NAME(right)(NULL, round & 1 ? LARGE : LARGE / 16 * 15, 3,
				      &random, &worst));
}

static void NAME(round_trip)(size_t n, struct ml_random *random)
{
	NAME(plan) *plan = NAME(make)(n);
	T *x = NAME(operand)(0, 2 * n, random), *y = NAME(operand)(1, 2 * n, random);
	T *work = NAME(operand)(2, FFT(_work)(plan), random);
	T *z = NAME(operand)(3, 2 * n, random);
	double bound = ml_fft_bound(n, U);
	long double norm = NAME(norm)(x, n), sum = 0, after;
	size_t i;

	FFT()(plan, x, y, work);
	/* Parseval's */
	after = NAME(norm)(y, n) / sqrtl((long double)n);
	cr_assert(fabsl(after - norm) <= bound * norm, "%zu", n);
	FFT(_inverse)(plan, y, z, work);
	for (i = 0; i < 2 * n; i++) {
		long double off = (long double)z[i] / (long double)n - x[i];

		sum += off * off;
	}
	cr_assert(sqrtl(sum) <= (2 * bound + 2 * U) * norm, "%zu", n);
	cr_assert(arena_intact(0) && arena_intact(1) && arena_intact(2) &&
		  arena_intact(3));
	FFT(_destroy)(plan);
}

/* One element that is 1 gives the roots of unity, all of one norm. */
static void NAME(impulse)(size_t n, struct ml_random *random)
{
	NAME(plan) *plan = NAME(make)(n);
	T *x = NAME(operand)(0, 2 * n, random), *y = NAME(operand)(1, 2 * n, random);
	T *work = NAME(operand)(2, FFT(_work)(plan), random);
	size_t at = ml_random_below(random, n), i;
	struct roots w = roots_of(n);
	long double off = 0;

	for (i = 0; i < 2 * n; i++)
		x[i] = i == 2 * at;
	FFT()(plan, x, y, work);
	for (i = 0; i < n; i++) {
		size_t k = (size_t)((unsigned __int128)i * at % n);

		off = fmaxl(off, fabsl(y[2 * i] - w.cos[k]));
		off = fmaxl(off, fabsl(y[2 * i + 1] + w.sin[k]));
	}
	/* Nothing is added to it: each element has the bound by itself. */
	cr_assert(off <= ml_fft_bound(n, U), "%zu", n);
	roots_free(&w);
	FFT(_destroy)(plan);
}

/* F(a x + b y) = a F(x) + b F(y) */
static void NAME(linear)(size_t n, struct ml_random *random)
{
	NAME(plan) *plan = NAME(make)(n);
	T *x = NAME(operand)(0, 2 * n, random), *y = NAME(operand)(1, 2 * n, random);
	T *work = NAME(operand)(2, FFT(_work)(plan), random);
	T *z = NAME(operand)(3, 2 * n, random);
	T a = 3, b = (T)-0.5;
	long double sum = 0, norms = 3 * NAME(norm)(x, n) + NAME(norm)(y, n);
	size_t i;

	for (i = 0; i < 2 * n; i++)
		z[i] = a * x[i] + b * y[i];
	FFT()(plan, x, x, work);
	FFT()(plan, y, y, work);
	FFT()(plan, z, z, work);
	for (i = 0; i < 2 * n; i++) {
		long double off = z[i] - ((long double)a * x[i] +
					  (long double)b * y[i]);

		sum += off * off;
	}
	cr_assert(sqrtl(sum) <= (2 * ml_fft_bound(n, U) + 4 * U) * norms *
		  sqrtl((long double)n), "%zu", n);
	FFT(_destroy)(plan);
}

static void NAME(known)(void)
{
	struct ml_random random = { operands_seed() };
	int round;

	for (round = 0; round < 60; round++) {
		size_t n = round < 4 ? LARGE : some_length(&random, LARGE);

		NAME(round_trip)(n, &random);
		NAME(impulse)(n, &random);
		NAME(linear)(n, &random);
	}
}

static void NAME(refused)(void)
{
	static const size_t bad[] = { 0, 7, 14, 11 * 16, 13 * 3 * 5 * 8,
				      ML_FFT_MAX + 1, ML_FFT_MAX * 2, SIZE_MAX };
	NAME(plan) *plan;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(FFT(_create)(bad[i], &plan), -EINVAL, "%zu", bad[i]);
	FFT(_destroy)(NULL);
}

#undef T
#undef U
#undef NAME
#undef FFT
