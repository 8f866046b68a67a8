/* SPDX-License-Identifier: MIT */
/*
 * exp and log over arrays, and what they have in common with sin; the same for
 * each ISA. Included with an ISA's vectors of doubles:
 *
 *	V, LANES		such a vector, and its length
 *	M			what a comparison of two gives
 *	CODE			the section
 *	NAME(op)		of the function
 *	LOAD, STORE		LANES doubles
 *	LOAD_S, STORE_S		LANES floats; a store rounds
 *	SET(d), SET_BITS(u)	all lanes alike
 *	ADD SUB MUL DIV		rounded each; never fused
 *	MIN MAX			the second operand where one is NaN
 *	AND OR XOR SHL SHR PLUS	of the lanes as 64-bit integers
 *	LT EQ ALL SELECT	SELECT(m, a, b): a where m
 *
 * All ISAs do the same steps in the same order, and each step is exactly
 * defined by IEEE 754: the results are the same bits. A fused multiply-add would
 * save some, and the bits would be others.
 *
 * Functions on floats are computed in double and rounded once.
 */
#include "constants.h"
#include "reduce.h"

/* Added and taken away, this rounds to an integer, which the low bits hold. */
#define ROUNDING 0x1.8p52
#define TERM(c, x, p) ADD(SET(c), MUL(x, p))
#define NAN_BITS 0x7ff8000000000000ull
#define SIGN_BIT 0x8000000000000000ull
#define ONE_BITS 0x3ff0000000000000ull
#define MANTISSA_BITS 0x000fffffffffffffull
#define ROOT_HALF_BITS 0x3fe6a09e667f3bcdull
#define TWO_52_BITS 0x4330000000000000ull
#define INF __builtin_inf()

/* 2^k, for k + 1023 in 1 ... 2046. */
ML_INLINE V two_to_the(V k)
{
	return SHL(ADD(k, SET(ROUNDING + 1023)), 52);
}

ML_INLINE V nearest(V x)
{
	return SUB(ADD(x, SET(ROUNDING)), SET(ROUNDING));
}

/* --- exp: 2^k * exp(r), r in +-ln(2)/2 ------------------------------------- */

ML_INLINE V exp_s(V given)
{
	/* Beyond, floats are 0 or infinite. */
	V x = MIN(SET(130), MAX(SET(-150), given));
	V k = nearest(MUL(x, SET(ML_LOG2_E)));
	V r = SUB(SUB(x, MUL(k, SET(ML_LN2_1))), MUL(k, SET(ML_LN2_2)));
	V y = ADD(ADD(SET(1), r), MUL(MUL(r, r), ML_EXP_S(TERM, r)));

	y = MUL(y, two_to_the(k));
	return SELECT(EQ(given, given), y, ADD(given, given));
}

/*
 * The remainder as r + c, so that only the last addition errs by much. 2^k in
 * two steps: it may be no normal number where the result is one, or the other
 * way round.
 */
ML_INLINE V exp_d(V given)
{
	V x = MIN(SET(710), MAX(SET(-746), given));
	V k = nearest(MUL(x, SET(ML_LOG2_E)));
	V half = nearest(MUL(k, SET(0.5)));
	V high = SUB(x, MUL(k, SET(ML_LN2_1)));
	V low = MUL(k, SET(ML_LN2_2));
	V r = SUB(high, low);
	V c = SUB(SUB(high, r), low);
	V q = MUL(MUL(r, r), ML_EXP_D(TERM, r));
	V y = ADD(SET(1), ADD(r, ADD(q, c)));

	y = MUL(MUL(y, two_to_the(half)), two_to_the(SUB(k, half)));
	return SELECT(EQ(given, given), y, ADD(given, given));
}

/* --- log: k * ln(2) + log(1 + f), 1 + f in sqrt(1/2) ... sqrt(2) ------------- */

/* Of normal x > 0; of others it does not matter. */
ML_INLINE V log_split(V x, V *ret_f)
{
	V t = PLUS(x, SET_BITS(ONE_BITS - ROOT_HALF_BITS));

	*ret_f = SUB(PLUS(AND(t, SET_BITS(MANTISSA_BITS)),
			  SET_BITS(ROOT_HALF_BITS)), SET(1));
	return SUB(OR(SHR(t, 52), SET_BITS(TWO_52_BITS)), SET(0x1p52 + 1023));
}

/* What x > 0 has no part in: infinity, NaN, zeros, negative numbers. */
ML_INLINE V log_ends(V x, V y)
{
	y = SELECT(LT(x, SET(INF)), y, ADD(x, x));
	y = SELECT(LT(x, SET(0)), SET_BITS(NAN_BITS), y);
	return SELECT(EQ(x, SET(0)), SET(-INF), y);
}

ML_INLINE V log_s(V x)
{
	V f, k = log_split(x, &f);
	V s = DIV(f, ADD(SET(2), f));
	V z = MUL(s, s);
	V y = ADD(ADD(s, s), MUL(MUL(s, z), ML_LOG_S(TERM, z)));

	y = ADD(MUL(k, SET(ML_LN2_1)), ADD(y, MUL(k, SET(ML_LN2_2))));
	return log_ends(x, y);
}

/*
 * With 2s = f - s * f, and s * f = h - s * h for h = f^2 / 2, what is rounded
 * early is small beside f.
 */
ML_INLINE V log_d(V given)
{
	M small = LT(given, SET(0x1p-1022));
	V x = SELECT(small, MUL(given, SET(0x1p54)), given);
	V f, k = SUB(log_split(x, &f), SELECT(small, SET(54), SET(0)));
	V s = DIV(f, ADD(SET(2), f));
	V z = MUL(s, s);
	V h = MUL(SET(0.5), MUL(f, f));
	V y = MUL(s, ADD(h, MUL(z, ML_LOG_D(TERM, z))));

	y = SUB(h, ADD(y, MUL(k, SET(ML_LN2_2))));
	return log_ends(given, SUB(MUL(k, SET(ML_LN2_1)), SUB(y, f)));
}

#include "sin.h"

/* --- the arrays ------------------------------------------------------------- */

/* What fills no vector goes through one of its own, with others beside it. */
#define ARRAY(op, T, LOAD, STORE, core)                                        \
	CODE void NAME(op)(size_t n, const T *x, T *y)                         \
	{                                                                      \
		size_t i, j;                                                   \
		T rest[LANES];                                                 \
									       \
		for (i = 0; n - i >= LANES; i += LANES)                        \
			STORE(y + i, core(LOAD(x + i)));                       \
		if (LANES == 1 || i == n)                                      \
			return;                                                \
		for (j = 0; j < LANES; j++)                                    \
			rest[j] = i + j < n ? x[i + j] : 1;                    \
		STORE(rest, core(LOAD(rest)));                                 \
		for (j = 0; i + j < n; j++)                                    \
			y[i + j] = rest[j];                                    \
	}

ARRAY(sexp, float, LOAD_S, STORE_S, exp_s)
ARRAY(dexp, double, LOAD, STORE, exp_d)
ARRAY(slog, float, LOAD_S, STORE_S, log_s)
ARRAY(dlog, double, LOAD, STORE, log_d)
ARRAY(ssin, float, LOAD_S, STORE_S, sin_s)
ARRAY(dsin, double, LOAD, STORE, sin_d)
