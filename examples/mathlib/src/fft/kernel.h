/* SPDX-License-Identifier: MIT */
/*
 * Butterflies, a vector of them or one at a time. Included with T, V, LANES,
 * KERNEL(x), LOAD, STORE, LOAD_PAIRS(p, re, im), STORE_PAIRS, SET, ADD, SUB, MUL,
 * MADD(a, b, c) = a * b + c and MSUB = a * b - c; all but T and KERNEL are taken
 * away at the end.
 */

/* The elements of a butterfly; each member is a vector of them. */
struct KERNEL(points) {
	V re[5];
	V im[5];
};

ML_INLINE void KERNEL(two)(struct KERNEL(points) *p)
{
	V re = p->re[1], im = p->im[1];

	p->re[1] = SUB(p->re[0], re);
	p->im[1] = SUB(p->im[0], im);
	p->re[0] = ADD(p->re[0], re);
	p->im[0] = ADD(p->im[0], im);
}

/* a = u - i * v, b = u + i * v */
ML_INLINE void KERNEL(sides)(struct KERNEL(points) *p, int a, int b, V ur, V ui,
			     V vr, V vi)
{
	p->re[a] = ADD(ur, vi);
	p->im[a] = SUB(ui, vr);
	p->re[b] = SUB(ur, vi);
	p->im[b] = ADD(ui, vr);
}

ML_INLINE void KERNEL(three)(struct KERNEL(points) *p)
{
	V tr = ADD(p->re[1], p->re[2]), ti = ADD(p->im[1], p->im[2]);
	V dr = SUB(p->re[1], p->re[2]), di = SUB(p->im[1], p->im[2]);
	V half = SET(-0.5), s = SET(0.86602540378443864676);
	V ur = MADD(tr, half, p->re[0]), ui = MADD(ti, half, p->im[0]);

	p->re[0] = ADD(p->re[0], tr);
	p->im[0] = ADD(p->im[0], ti);
	KERNEL(sides)(p, 1, 2, ur, ui, MUL(dr, s), MUL(di, s));
}

ML_INLINE void KERNEL(four)(struct KERNEL(points) *p)
{
	V ar = ADD(p->re[0], p->re[2]), ai = ADD(p->im[0], p->im[2]);
	V br = SUB(p->re[0], p->re[2]), bi = SUB(p->im[0], p->im[2]);
	V cr = ADD(p->re[1], p->re[3]), ci = ADD(p->im[1], p->im[3]);
	V dr = SUB(p->re[1], p->re[3]), di = SUB(p->im[1], p->im[3]);

	p->re[0] = ADD(ar, cr);
	p->im[0] = ADD(ai, ci);
	p->re[2] = SUB(ar, cr);
	p->im[2] = SUB(ai, ci);
	KERNEL(sides)(p, 1, 3, br, bi, dr, di);
}

/* Cosines and sines of 72 and 144 degrees. */
ML_INLINE void KERNEL(five)(struct KERNEL(points) *p)
{
	V c1 = SET(0.30901699437494742410), c2 = SET(-0.80901699437494742410);
	V s1 = SET(0.95105651629515357212), s2 = SET(0.58778525229247312917);
	V ar = ADD(p->re[1], p->re[4]), ai = ADD(p->im[1], p->im[4]);
	V br = SUB(p->re[1], p->re[4]), bi = SUB(p->im[1], p->im[4]);
	V cr = ADD(p->re[2], p->re[3]), ci = ADD(p->im[2], p->im[3]);
	V dr = SUB(p->re[2], p->re[3]), di = SUB(p->im[2], p->im[3]);
	V re = p->re[0], im = p->im[0];

	p->re[0] = ADD(re, ADD(ar, cr));
	p->im[0] = ADD(im, ADD(ai, ci));
	KERNEL(sides)(p, 1, 4, MADD(cr, c2, MADD(ar, c1, re)),
		      MADD(ci, c2, MADD(ai, c1, im)), MADD(br, s1, MUL(dr, s2)),
		      MADD(bi, s1, MUL(di, s2)));
	KERNEL(sides)(p, 2, 3, MADD(cr, c1, MADD(ar, c2, re)),
		      MADD(ci, c1, MADD(ai, c2, im)), MSUB(br, s2, MUL(dr, s1)),
		      MSUB(bi, s2, MUL(di, s1)));
}

ML_INLINE void KERNEL(butterfly)(struct KERNEL(points) *p, const unsigned int radix)
{
	if (radix == 2)
		KERNEL(two)(p);
	else if (radix == 3)
		KERNEL(three)(p);
	else if (radix == 4)
		KERNEL(four)(p);
	else
		KERNEL(five)(p);
}

/* Point l of all in this vector, times its twiddles. */
ML_INLINE void KERNEL(turn)(struct KERNEL(points) *p, unsigned int l, V wr, V wi)
{
	V re = MSUB(p->re[l], wr, MUL(p->im[l], wi));

	p->im[l] = MADD(p->re[l], wi, MUL(p->im[l], wr));
	p->re[l] = re;
}

ML_INLINE void KERNEL(get)(const struct ml_fft_pass *pass, const int first,
			   size_t at, V *re, V *im)
{
	const T *in = pass->in;
	V a, b;

	if (!first) {
		*re = LOAD(in + at);
		*im = LOAD(in + pass->n + at);
		return;
	}
	LOAD_PAIRS(in + 2 * at, a, b);
	*re = pass->swap ? b : a;
	*im = pass->swap ? a : b;
}

ML_INLINE void KERNEL(put)(const struct ml_fft_pass *pass, const int last,
			   size_t at, V re, V im)
{
	T *out = pass->out;

	if (!last) {
		STORE(out + at, re);
		STORE(out + pass->n + at, im);
	} else if (pass->swap) {
		STORE_PAIRS(out + 2 * at, im, re);
	} else {
		STORE_PAIRS(out + 2 * at, re, im);
	}
}

/* Butterflies @q to @to of group @j, as far as they fill vectors. */
ML_INLINE size_t KERNEL(group)(const struct ml_fft_pass *pass,
			       const unsigned int radix, const int first,
			       const int last, size_t j, size_t q, size_t to)
{
	const struct ml_fft_stage *st = pass->stage;
	size_t s = st->s, m = st->m, row = m * st->repeat;
	const T *w = (const T *)pass->twiddles + st->twiddle + j * st->repeat;
	struct KERNEL(points) p;
	V wr[5], wi[5];

#define TWIDDLE(l)                                                             \
	do {                                                                   \
		wr[l] = SET(w[2 * (l - 1) * row]);                             \
		wi[l] = SET(w[(2 * (l - 1) + 1) * row]);                       \
	} while (0)
#define GET(l) KERNEL(get)(pass, first, q + s * (j + m * l), &p.re[l], &p.im[l])
#define TURN(l) KERNEL(turn)(&p, l, wr[l], wi[l])
#define PUT(l) KERNEL(put)(pass, last, q + s * (radix * j + l), p.re[l], p.im[l])
	/* The last stage's twiddles are 1. */
	if (!last)
		ML_POINTS(1, radix, TWIDDLE);
	for (; to - q >= LANES; q += LANES) {
		ML_POINTS(0, radix, GET);
		KERNEL(butterfly)(&p, radix);
		if (!last)
			ML_POINTS(1, radix, TURN);
		ML_POINTS(0, radix, PUT);
	}
#undef TWIDDLE
#undef GET
#undef TURN
#undef PUT
	return q;
}

#undef V
#undef LANES
#undef LOAD
#undef STORE
#undef LOAD_PAIRS
#undef STORE_PAIRS
#undef SET
#undef ADD
#undef SUB
#undef MUL
#undef MADD
#undef MSUB
