/* SPDX-License-Identifier: MIT */
/*
 * Checks of exp, log and sin in one type: included with T, BITS (the unsigned
 * integer of its size), DIGITS, LEAST (the exponent of its smallest number) and
 * NAME(x) defined; all are taken away at the end.
 */

typedef void (*NAME(fn))(size_t, const T *, T *);

union NAME(pun) {
	T value;
	BITS bits;
};

static BITS NAME(bits)(T x)
{
	return ((union NAME(pun)){ .value = x }).bits;
}

static T NAME(of_bits)(BITS bits)
{
	return ((union NAME(pun)){ .bits = bits }).value;
}

/* By how many ulp it is off; infinite where it is not of the right kind. */
static double NAME(off)(T got, long double exact)
{
	long double value = got;
	int exponent;

	if (isnan(exact) || isnan(got))
		return isnan(exact) && isnan(got) ? 0 : INFINITY;
	if (isinf(exact) || exact == 0)
		return value == exact && !signbit(got) == !signbit(exact) ?
			       0 : INFINITY;
	if (!signbit(got) != !signbit(exact))
		return INFINITY;
	/* An overflow stands for the number that would come next. */
	if (isinf(got))
		value = copysignl(ldexpl(1, LIMIT), exact);
	frexpl(exact, &exponent);
	if (exponent > LIMIT)
		return isinf(got) ? 0 : INFINITY;
	exponent = exponent - DIGITS > LEAST ? exponent - DIGITS : LEAST;
	return (double)ldexpl(fabsl(value - exact), -exponent);
}

/* Some of T that are next to x. */
static T NAME(beside)(T x, struct ml_random *random)
{
	return NAME(of_bits)(NAME(bits)(x) - 4 + (BITS)ml_random_below(random, 9));
}

/* Numbers where something happens. */
static T NAME(edge)(struct ml_random *random)
{
	static const double edges[] = {
		0, 1, 0x1p-149, 0x1p-126, 0x1p-1074, 0x1p-1022, DBL_MAX, FLT_MAX,
		88.722839, -87.336544, -103.278929, -103.972084, 709.782712893384,
		-708.396418532264, -744.440071921381, -745.133219101941, 710, 746,
		0.70710678118654752, 1.41421356237309505, 0x1p-27, 0x1p20, 0x1p54,
		0x1p55, 0x1p53,
		/* Multiples of pi/2, within 2^-60 and 2^-29. */
		6381956970095103 * 0x1p797, 16367173 * 0x1p72, INFINITY,
		0.34657359027997265, 0.5, 2, 130, 150,
	};
	T x = (T)edges[ml_random_below(random, sizeof(edges) / sizeof(*edges))];

	if (ml_random_below(random, 2))
		x = NAME(beside)(x, random);
	return ml_random_below(random, 2) ? x : -x;
}

/* In [-limit, limit). */
static T NAME(within)(struct ml_random *random, double limit)
{
	return (T)(((double)(ml_random_u64(random) >> 11) * 0x1p-52 - 1) * limit);
}

static T NAME(number)(struct ml_random *random)
{
	switch (ml_random_below(random, 9)) {
	case 0:
		return NAME(edge)(random);
	case 1:
		return NAME(within)(random, 750);
	case 2:
		return NAME(within)(random, 0x1p21);
	case 3:
		return NAME(within)(random, 10);
	case 4:
		return 1 + NAME(within)(random, 0.5);
	case 5:
		return 1 + (T)ldexp((double)NAME(within)(random, 1),
				    -(int)ml_random_below(random, 60));
	case 6:
		return NAME(beside)((T)((double)ml_random_below(random, 1 << 21) *
					1.57079632679489661923L), random);
	default:
		return NAME(of_bits)((BITS)ml_random_u64(random));
	}
}

/* Within the bound, the same bits as plain C gives, nothing else touched? */
static bool NAME(right)(NAME(fn) fn, NAME(fn) c, const struct reference *of,
			double bound, struct ml_random *random, double *worst)
{
	size_t n = arena_length(random, 600), i;
	T *x = arena_get(0, n * sizeof(T), random);
	T *y = arena_get(1, n * sizeof(T), random);
	T *z = arena_get(2, n * sizeof(T), random);
	bool in_place = !ml_random_below(random, 4);

	for (i = 0; i < n; i++)
		y[i] = x[i] = NAME(number)(random);
	fn(n, in_place ? y : x, y);
	c(n, x, z);
	for (i = 0; i < n; i++) {
		double off = NAME(off)(y[i], of->exact((long double)x[i]));

		*worst = off > *worst ? off : *worst;
		if (NAME(bits)(y[i]) == NAME(bits)(z[i]) && off <= bound)
			continue;
		fprintf(stderr, "%s(%a) = %a, off by %.3f ulp; in plain C %a\n",
			of->name, (double)x[i], (double)y[i], off, (double)z[i]);
		return false;
	}
	return arena_intact(0) && arena_intact(1);
}

/** struct each - what NAME(variant)() is told, and says */
struct NAME(each) {
	const struct isahp_variant *c;
	const struct reference *of;
	double bound;
	double worst;
};

static void NAME(variant)(const struct isahp_variant *v, void *arg)
{
	struct ml_random random = { operands_seed() };
	struct NAME(each) *e = arg;
	int round;

	cr_assert_eq(v->results, e->c->results);
	for (round = 0; round < ROUNDS; round++)
		cr_assert(NAME(right)((NAME(fn))v->fn, (NAME(fn))e->c->fn, e->of,
				      e->bound, &random, &e->worst), "%s", v->name);
}

static void NAME(each)(const struct isahp_operation *op,
		       const struct reference *of, double bound)
{
	struct NAME(each) e = { &op->variants[op->variant_count - 1], of, bound, 0 };

	arena_each_variant_of(op, NAME(variant), &e);
	fprintf(stderr, "%s: at most %.4f ulp\n", op->name, e.worst);
}

#undef T
#undef BITS
#undef DIGITS
#undef LEAST
#undef LIMIT
#undef NAME
