/* SPDX-License-Identifier: MIT */
/* sin: a part of body.h. */

/* From here on multiples of pi/2 are taken away one lane at a time. */
#define FAR 0x1p20
/* Below, sin(x) is x. */
#define NEAR 0x1p-27

/* The lanes that are far: what is left of them, and its quadrant + ROUNDING. */
static __attribute__((noinline)) CODE void far_lanes(const double *x, double *r,
						     double *tail, double *quadrant)
{
	struct ml_reduced far;
	size_t i;

	for (i = 0; i < LANES; i++) {
		if (!(x[i] >= FAR && x[i] < INF) && !(x[i] <= -FAR && x[i] > -INF))
			continue;
		far = ml_reduce(x[i]);
		r[i] = far.r;
		tail[i] = far.tail;
		quadrant[i] = ROUNDING + far.quadrant;
	}
}

/* Quadrants to half circles: r becomes up to pi/2. */
static __attribute__((noinline)) CODE void far_halves(const double *x, double *r,
						      double *half)
{
	double tail[LANES], quadrant[LANES];
	size_t i;

	for (i = 0; i < LANES; i++)
		quadrant[i] = 0;
	far_lanes(x, r, tail, quadrant);
	for (i = 0; i < LANES; i++) {
		double q = quadrant[i] - ROUNDING;

		if (quadrant[i] == 0)
			continue;
		/* An odd one goes to the nearer of its neighbours. */
		if (q == 1 || q == 3) {
			q += r[i] < 0 ? -1 : 1;
			r[i] += r[i] < 0 ? ML_HALF_PI : -ML_HALF_PI;
		}
		half[i] = ROUNDING + q / 2;
	}
}

ML_INLINE V magnitude(V x)
{
	return AND(x, SET_BITS(~SIGN_BIT));
}

/* k * pi + r, r in +-pi/2: sin(x) is +-sin(r). */
ML_INLINE V sin_s(V x)
{
	V size = magnitude(x);
	V half = ADD(MUL(x, SET(ML_1_PI)), SET(ROUNDING));
	V k = SUB(half, SET(ROUNDING));
	V r = SUB(SUB(x, MUL(k, SET(ML_PI_1))), MUL(k, SET(ML_PI_2)));
	V z, y;

	if (__builtin_expect(!ALL(LT(size, SET(FAR))), 0)) {
		double xs[LANES], rs[LANES], halves[LANES];

		STORE(xs, x);
		STORE(rs, r);
		STORE(halves, half);
		far_halves(xs, rs, halves);
		r = LOAD(rs);
		half = LOAD(halves);
	}
	z = MUL(r, r);
	y = MUL(r, ADD(SET(1), MUL(z, ML_SIN_S(TERM, z))));
	y = XOR(y, SHL(half, 63));
	return SELECT(LT(size, SET(INF)), y, SUB(x, x));
}

/* a - b, and what was lost. */
ML_INLINE V minus(V a, V b, V *ret_lost)
{
	V s = SUB(a, b);
	V v = SUB(a, s);

	*ret_lost = ADD(SUB(a, ADD(s, v)), SUB(v, b));
	return s;
}

/* sin(r + tail) and cos(r + tail), |r| <= pi/4. */
ML_INLINE V sin_near(V r, V tail, V z)
{
	V t = SUB(tail, MUL(MUL(SET(0.5), z), tail));

	return ADD(r, ADD(MUL(MUL(z, r), ML_SIN_D(TERM, z)), t));
}

ML_INLINE V cos_near(V r, V tail, V z)
{
	V h = MUL(SET(0.5), z);
	V w = SUB(SET(1), h);
	V p = SUB(MUL(MUL(z, z), ML_COS_D(TERM, z)), MUL(r, tail));

	return ADD(w, ADD(SUB(SUB(SET(1), w), h), p));
}

/*
 * Next to a multiple of pi/2, x less its first two parts or three may cancel:
 * what each subtraction loses is kept. k has 20 bits and each part 33, so the
 * products are exact but for the last.
 */
ML_INLINE V sin_d(V x)
{
	V size = magnitude(x);
	V quadrant = ADD(MUL(x, SET(ML_2_PI)), SET(ROUNDING));
	V k = SUB(quadrant, SET(ROUNDING));
	V a = SUB(x, MUL(k, SET(ML_HALF_PI_1)));
	V lost_a, lost_b, r, tail, y, z;
	M odd;

	a = minus(a, MUL(k, SET(ML_HALF_PI_2)), &lost_a);
	a = minus(a, MUL(k, SET(ML_HALF_PI_3)), &lost_b);
	tail = SUB(ADD(lost_a, lost_b), MUL(k, SET(ML_HALF_PI_4)));
	r = ADD(a, tail);
	tail = ADD(SUB(a, r), tail);
	if (__builtin_expect(!ALL(LT(size, SET(FAR))), 0)) {
		double xs[LANES], rs[LANES], tails[LANES], quadrants[LANES];

		STORE(xs, x);
		STORE(rs, r);
		STORE(tails, tail);
		STORE(quadrants, quadrant);
		far_lanes(xs, rs, tails, quadrants);
		r = LOAD(rs);
		tail = LOAD(tails);
		quadrant = LOAD(quadrants);
	}
	odd = LT(OR(SHL(quadrant, 63), SET(1)), SET(0));
	z = MUL(r, r);
	y = SELECT(odd, cos_near(r, tail, z), sin_near(r, tail, z));
	y = XOR(y, AND(SHL(quadrant, 62), SET_BITS(SIGN_BIT)));
	y = SELECT(LT(size, SET(NEAR)), x, y);
	return SELECT(LT(size, SET(INF)), y, SUB(x, x));
}
