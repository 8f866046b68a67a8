/* SPDX-License-Identifier: MIT */
/*
 * Checks of dot, axpy and gemv in one precision: included with T, NAME(x),
 * BOUND(roundings, sum, alpha) and OP(x), the operation, defined; all are taken
 * away at the end. The reference is long double, whose errors are far below the
 * bounds.
 */

typedef T (*NAME(dot_fn))(size_t, const T *, const T *);
typedef void (*NAME(axpy_fn))(size_t, T, const T *, T *);
typedef void (*NAME(gemv_fn))(size_t, size_t, T, const T *, size_t, const T *,
			      T, T *);

static T NAME(number)(struct ml_random *random)
{
	return (T)ml_random_unit(random);
}

/* Random numbers; now and then a few that are none, or so small that products
 * underflow.
 */
static T *NAME(operand)(unsigned int index, size_t n, struct ml_random *random)
{
	static const double special[] = { NAN, INFINITY, -INFINITY };
	T *p = arena_get(index, n * sizeof(T), random);
	T scale = ml_random_below(random, 8) ? 1 : (T)sqrt(TINY);
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = scale * NAME(number)(random);
	for (i = ml_random_below(random, 24); n && i < 2; i++)
		p[ml_random_below(random, n)] =
			(T)special[ml_random_below(random, 3)];
	return p;
}

static T NAME(factor)(struct ml_random *random)
{
	static const T special[] = { 0, 1, -1 };
	size_t pick = ml_random_below(random, 6);

	return pick < 3 ? special[pick] : 4 * NAME(number)(random);
}

/* Within half of what two variants may differ by? The same if not finite. */
static bool NAME(near)(T got, long double expect, double bound)
{
	if (!isfinite(expect))
		return isnan(expect) ? isnan(got) : (long double)got == expect;
	return fabsl(got - expect) <= bound / 2 * 1.001L;
}

static bool NAME(dot_right_n)(NAME(dot_fn) fn, size_t n, struct ml_random *random)
{
	T *x = NAME(operand)(0, n, random), *y = NAME(operand)(1, n, random);
	long double sum = 0, all = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		sum += (long double)x[i] * y[i];
		all += fabsl((long double)x[i] * y[i]);
	}
	return NAME(near)(fn(n, x, y), sum,
			  BOUND(ml_roundings(n), (double)all, 1));
}

static bool NAME(dot_right)(NAME(dot_fn) fn, struct ml_random *random)
{
	return NAME(dot_right_n)(fn, arena_length(random, 3000), random);
}

static bool NAME(axpy_right_n)(NAME(axpy_fn) fn, size_t n,
			       struct ml_random *random)
{
	T *x = NAME(operand)(0, n, random), *y = NAME(operand)(1, n, random);
	T *z = arena_get(2, n * sizeof(T), random);
	T a = NAME(factor)(random);
	size_t i;

	for (i = 0; i < n; i++)
		z[i] = y[i];
	fn(n, a, x, z);
	for (i = 0; i < n; i++) {
		long double ax = (long double)a * x[i];

		if (!NAME(near)(z[i], ax + y[i],
				BOUND(2, (double)(fabsl(ax) + fabsl(y[i])), 1)))
			return false;
	}
	return arena_intact(2);
}

static bool NAME(axpy_right)(NAME(axpy_fn) fn, struct ml_random *random)
{
	return NAME(axpy_right_n)(fn, arena_length(random, 3000), random);
}

static bool NAME(row_right)(const T *a, const T *x, size_t n, T alpha, T beta,
			    T before, T got)
{
	long double sum = 0, all = 0;
	size_t j;

	for (j = 0; j < n && alpha != 0; j++) {
		sum += (long double)a[j] * x[j];
		all += fabsl((long double)a[j] * x[j]);
	}
	sum *= alpha;
	all *= fabsl((long double)alpha);
	if (beta != 0) {
		sum += (long double)beta * before;
		all += fabsl((long double)beta * before);
	}
	return NAME(near)(got, sum, BOUND(n + 2, (double)all, alpha));
}

static bool NAME(gemv_right_mn)(NAME(gemv_fn) fn, size_t m, size_t n, T alpha,
				struct ml_random *random)
{
	size_t lda = n + ml_random_below(random, 2) * ml_random_below(random, 9);
	T *a = NAME(operand)(0, m ? (m - 1) * lda + n : 0, random);
	T *x = NAME(operand)(1, n, random), *y = NAME(operand)(2, m, random);
	T *before = arena_get(3, m * sizeof(T), random);
	T beta = NAME(factor)(random);
	size_t i;

	for (i = 0; i < m; i++)
		before[i] = y[i];
	fn(m, n, alpha, a, lda, x, beta, y);
	for (i = 0; i < m; i++) {
		if (!NAME(row_right)(a + i * lda, x, n, alpha, beta, before[i],
				     y[i]))
			return false;
	}
	return arena_intact(2);
}

/* A variant may be told of alpha = 0 only with n = 0: by ml_?gemv(). */
static bool NAME(gemv_right)(NAME(gemv_fn) fn, struct ml_random *random)
{
	T alpha = NAME(factor)(random);

	return NAME(gemv_right_mn)(fn, ml_random_below(random, 20),
				   arena_length(random, 300),
				   alpha == 0 ? 2 : alpha, random);
}

ARENA_EACH_ROUND(NAME(dot), ROUNDS)
ARENA_EACH_ROUND(NAME(axpy), ROUNDS)
ARENA_EACH_ROUND(NAME(gemv), ROUNDS)

static void NAME(pieces)(void)
{
	struct ml_random random = { operands_seed() };
	static const size_t lengths[] = { ML_PIECE - 1, ML_PIECE, ML_PIECE + 1,
					  ML_PIECE + 5000 };
	size_t i;
	int j;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (j = 0; j < 4; j++) {
			cr_assert(NAME(dot_right_n)(OP(dot), lengths[i], &random));
			cr_assert(NAME(axpy_right_n)(OP(axpy), lengths[i],
						     &random));
			cr_assert(NAME(gemv_right_mn)(OP(gemv), 1, lengths[i], 2,
						      &random));
		}
	}
	/* Rows of several pieces; alpha = 0. */
	cr_assert(NAME(gemv_right_mn)(OP(gemv), 1, ML_PIECE + 5000, -1, &random));
	for (j = 0; j < 40; j++) {
		cr_assert(NAME(gemv_right_mn)(OP(gemv), 700, 99, 1, &random));
		cr_assert(NAME(gemv_right_mn)(OP(gemv), 50, 99, 0, &random));
	}
}

#undef T
#undef NAME
#undef BOUND
#undef TINY
#undef OP
