/* SPDX-License-Identifier: MIT */
/*
 * The functions of one ISA in one precision, over the vectors that the ISA file
 * defines before it includes this, twice:
 *
 *	T, V, LANES		element, vector, elements in one
 *	CODE, NAME(op)		section and name of a function
 *	LOAD(p), STORE(p, v)	whole vectors, unaligned
 *	LOAD_PART(p, n)		the first n (1 to LANES - 1) elements, then zeros;
 *	STORE_PART(p, v, n)	what lies behind them is not touched
 *	ZERO(), SET(a), ADD(a, b), MUL(a, b), MADD(a, b, c): a * b + c
 *	SUM(v)			of the elements
 *
 * and where V is of double
 *
 *	WIDEN(p)		LANES floats
 *	WIDEN_PART(p, n)	the first n of them, then zeros
 *	NAME_SNRM2
 */

CODE T NAME(dot)(size_t n, const T *x, const T *y)
{
	V sum[4] = { ZERO(), ZERO(), ZERO(), ZERO() };
	size_t i;
	int v;

	for (i = 0; n - i >= 4 * LANES; i += 4 * LANES) {
#pragma GCC unroll 4
		for (v = 0; v < 4; v++)
			sum[v] = MADD(LOAD(x + i + v * LANES),
				      LOAD(y + i + v * LANES), sum[v]);
	}
	for (; n - i >= LANES; i += LANES)
		sum[0] = MADD(LOAD(x + i), LOAD(y + i), sum[0]);
	if (i < n)
		sum[1] = MADD(LOAD_PART(x + i, n - i), LOAD_PART(y + i, n - i),
			      sum[1]);
	return SUM(ADD(ADD(sum[0], sum[1]), ADD(sum[2], sum[3])));
}

CODE void NAME(axpy)(size_t n, T a, const T *x, T *y)
{
	V va = SET(a);
	size_t i;

	for (i = 0; n - i >= 2 * LANES; i += 2 * LANES) {
		V y0 = MADD(va, LOAD(x + i), LOAD(y + i));
		V y1 = MADD(va, LOAD(x + i + LANES), LOAD(y + i + LANES));

		STORE(y + i, y0);
		STORE(y + i + LANES, y1);
	}
	for (; n - i >= LANES; i += LANES)
		STORE(y + i, MADD(va, LOAD(x + i), LOAD(y + i)));
	if (i < n)
		STORE_PART(y + i, MADD(va, LOAD_PART(x + i, n - i),
				       LOAD_PART(y + i, n - i)), n - i);
}

#define ROWS 4

/* @rows, 1 to ROWS, is a constant: the sums live in registers. */
ML_INLINE void NAME(gemv_rows)(size_t rows, size_t n, T alpha, const T *a,
			       size_t lda, const T *x, T beta, T *y)
{
	V even[ROWS], odd[ROWS];
	size_t j, r;

#pragma GCC unroll 4
	for (r = 0; r < rows; r++)
		even[r] = odd[r] = ZERO();
	for (j = 0; n - j >= 2 * LANES; j += 2 * LANES) {
		V x0 = LOAD(x + j), x1 = LOAD(x + j + LANES);

#pragma GCC unroll 4
		for (r = 0; r < rows; r++) {
			even[r] = MADD(LOAD(a + r * lda + j), x0, even[r]);
			odd[r] = MADD(LOAD(a + r * lda + j + LANES), x1, odd[r]);
		}
	}
	if (n - j >= LANES) {
		V x0 = LOAD(x + j);

#pragma GCC unroll 4
		for (r = 0; r < rows; r++)
			even[r] = MADD(LOAD(a + r * lda + j), x0, even[r]);
		j += LANES;
	}
	if (j < n) {
		V x0 = LOAD_PART(x + j, n - j);

#pragma GCC unroll 4
		for (r = 0; r < rows; r++)
			odd[r] = MADD(LOAD_PART(a + r * lda + j, n - j), x0,
				      odd[r]);
	}
#pragma GCC unroll 4
	for (r = 0; r < rows; r++) {
		T sum = alpha * SUM(ADD(even[r], odd[r]));

		y[r] = beta == 0 ? sum : sum + beta * y[r];
	}
}

CODE void NAME(gemv)(size_t m, size_t n, T alpha, const T *a, size_t lda,
		     const T *x, T beta, T *y)
{
	size_t i;

	for (i = 0; m - i >= ROWS; i += ROWS)
		NAME(gemv_rows)(ROWS, n, alpha, a + i * lda, lda, x, beta, y + i);
	for (; i < m; i++)
		NAME(gemv_rows)(1, n, alpha, a + i * lda, lda, x, beta, y + i);
}

#ifdef WIDEN
/* @single, and in what follows @scaled, is a constant. */
ML_INLINE V NAME(fetch)(const void *x, size_t i, bool single)
{
	return single ? WIDEN((const float *)x + i) : LOAD((const double *)x + i);
}

ML_INLINE V NAME(fetch_part)(const void *x, size_t i, size_t n, bool single)
{
	return single ? WIDEN_PART((const float *)x + i, n) :
			LOAD_PART((const double *)x + i, n);
}

/* @sum and the squares of @w. */
ML_INLINE V NAME(add_square)(V sum, V w, V scale, bool scaled)
{
	w = scaled ? MUL(w, scale) : w;
	return MADD(w, w, sum);
}

ML_INLINE double NAME(squares)(size_t n, const void *x, bool single, V scale,
			       bool scaled)
{
	V sum[4] = { ZERO(), ZERO(), ZERO(), ZERO() };
	size_t i;
	int v;

	for (i = 0; n - i >= 4 * LANES; i += 4 * LANES) {
#pragma GCC unroll 4
		for (v = 0; v < 4; v++)
			sum[v] = NAME(add_square)(sum[v],
				NAME(fetch)(x, i + v * LANES, single), scale,
				scaled);
	}
	for (; n - i >= LANES; i += LANES)
		sum[0] = NAME(add_square)(sum[0], NAME(fetch)(x, i, single), scale,
					  scaled);
	if (i < n)
		sum[1] = NAME(add_square)(sum[1],
			NAME(fetch_part)(x, i, n - i, single), scale, scaled);
	return SUM(ADD(ADD(sum[0], sum[1]), ADD(sum[2], sum[3])));
}

CODE double NAME_SNRM2(size_t n, const float *x)
{
	return NAME(squares)(n, x, true, ZERO(), false);
}

CODE double NAME(nrm2)(size_t n, const double *x, double scale)
{
	if (scale == 1)
		return NAME(squares)(n, x, false, ZERO(), false);
	return NAME(squares)(n, x, false, SET(scale), true);
}
#endif /* WIDEN */

#undef ROWS
#undef T
#undef V
#undef LANES
#undef NAME
#undef LOAD
#undef STORE
#undef LOAD_PART
#undef STORE_PART
#undef ZERO
#undef SET
#undef ADD
#undef MUL
#undef MADD
#undef SUM
