/* SPDX-License-Identifier: MIT */
/*
 * A transform, stage by stage, the same for each ISA. Included with T, FFT (the
 * function's name), SCALAR(x) and VECTOR(x) (functions of kernel.h), CODE, V and
 * WIDTH (its length), and where WIDTH is not 1:
 *
 *	V_LOAD(p)
 *	STORE_ACROSS(p, a, b, c, d)	p[4 * i + k] = element i of the k-th
 *	STORE_FOURS(p, v)		p[16 * i + k] = element 4 * i + k
 */

#if WIDTH > 1

/* Point l's twiddles of butterfly @i and those after it. */
ML_INLINE void VECTOR(turn_each)(const struct ml_fft_pass *pass,
				 struct VECTOR(points) *p, size_t i)
{
	const struct ml_fft_stage *st = pass->stage;
	size_t row = st->m * st->repeat;
	const T *w = (const T *)pass->twiddles + st->twiddle + i;

#define TURN(l)                                                                \
	VECTOR(turn)(p, l, V_LOAD(w + 2 * (l - 1) * row),                      \
		     V_LOAD(w + (2 * (l - 1) + 1) * row))
	ML_POINTS(1, 4, TURN);
#undef TURN
}

/* The first stage, of radix 4: a vector is of as many groups. */
ML_INLINE void VECTOR(singles)(const struct ml_fft_pass *pass, size_t i, size_t to)
{
	size_t m = pass->stage->m;
	T *out = pass->out;
	struct VECTOR(points) p;

	for (; i < to; i += WIDTH) {
#define GET(l) VECTOR(get)(pass, 1, i + m * l, &p.re[l], &p.im[l])
		ML_POINTS(0, 4, GET);
#undef GET
		VECTOR(butterfly)(&p, 4);
		VECTOR(turn_each)(pass, &p, i);
		STORE_ACROSS(out + 4 * i, p.re[0], p.re[1], p.re[2], p.re[3]);
		STORE_ACROSS(out + pass->n + 4 * i, p.im[0], p.im[1], p.im[2],
			     p.im[3]);
	}
}
#endif

#if WIDTH > 4
/* Radix 4, groups of four butterflies: a vector is of more than one. */
ML_INLINE void VECTOR(fours)(const struct ml_fft_pass *pass, size_t i, size_t to)
{
	size_t m = pass->stage->m;
	T *out = pass->out;
	struct VECTOR(points) p;

	for (; i < to; i += WIDTH) {
#define GET(l) VECTOR(get)(pass, 0, i + 4 * m * l, &p.re[l], &p.im[l])
		ML_POINTS(0, 4, GET);
#undef GET
		VECTOR(butterfly)(&p, 4);
		VECTOR(turn_each)(pass, &p, i);
#define PUT(l)                                                                 \
	do {                                                                   \
		STORE_FOURS(out + 4 * i + 4 * l, p.re[l]);                     \
		STORE_FOURS(out + pass->n + 4 * i + 4 * l, p.im[l]);           \
	} while (0)
		ML_POINTS(0, 4, PUT);
#undef PUT
	}
}
#endif

/* Group by group; what fills no vector one at a time. */
ML_INLINE void VECTOR(groups)(const struct ml_fft_pass *pass,
			      const unsigned int radix, const int first,
			      const int last, size_t i, size_t to)
{
	size_t s = pass->stage->s, j = i / s, q = i % s, end;

	for (; i < to; i = j++ * s + end, q = 0) {
		end = s - q < to - i ? s : q + (to - i);
		if (WIDTH > 1 && !first)
			q = VECTOR(group)(pass, radix, 0, last, j, q, end);
		if (q < end)
			SCALAR(group)(pass, radix, first, last, j, q, end);
	}
}

#define RADIX_CASES(first, last)                                               \
	do {                                                                   \
		if (pass->stage->radix == 2)                                   \
			VECTOR(groups)(pass, 2, first, last, i, to);           \
		else if (pass->stage->radix == 3)                              \
			VECTOR(groups)(pass, 3, first, last, i, to);           \
		else if (pass->stage->radix == 4)                              \
			VECTOR(groups)(pass, 4, first, last, i, to);           \
		else                                                           \
			VECTOR(groups)(pass, 5, first, last, i, to);           \
	} while (0)

/*
 * Butterflies @i to @to of a stage, counted over all groups. A copy of @of is
 * nothing that what is stored could change.
 */
static CODE void VECTOR(stage)(const struct ml_fft_pass *of, size_t i, size_t to)
{
	const struct ml_fft_pass local = *of, *pass = &local;
	const struct ml_fft_stage *st = pass->stage;

	(void)st;
#if WIDTH > 1
	if (pass->first && st->radix == 4 && st->m % WIDTH == 0)
		return VECTOR(singles)(pass, i, to);
#endif
#if WIDTH > 4
	if (st->s == 4 && st->radix == 4 && st->m * 4 % WIDTH == 0)
		return VECTOR(fours)(pass, i, to);
#endif
	if (!pass->first && !pass->last)
		RADIX_CASES(0, 0);
	else if (!pass->first)
		RADIX_CASES(0, 1);
	else if (!pass->last)
		RADIX_CASES(1, 0);
	else
		RADIX_CASES(1, 1);
}

CODE int FFT(struct ml_fft_job *job)
{
	const struct ml_fft *plan = job->plan;
	size_t budget = ML_FFT_PIECE;
	struct ml_fft_pass pass = { .twiddles = plan->twiddles, .n = plan->n,
				    .swap = job->inverse };
	T *work[2] = { job->work, (T *)job->work + 2 * plan->n };

	for (; job->stage < plan->stages; job->stage++, job->at = 0) {
		const struct ml_fft_stage *st = &plan->stage[job->stage];
		size_t left = st->m * st->s - job->at, to;

		/* Where all variants can go on: between vectors of any width. */
		if (left > budget)
			left = budget / 64 * 64;
		if (!left)
			return 1;
		pass.stage = st;
		pass.first = job->stage == 0;
		pass.last = job->stage == plan->stages - 1;
		pass.in = pass.first ? job->x : work[(job->stage - 1) & 1];
		pass.out = pass.last ? job->y : work[job->stage & 1];
		to = job->at + left;
		VECTOR(stage)(&pass, job->at, to);
		budget -= left;
		job->at = to;
		if (to < st->m * st->s)
			return 1;
	}
	return 0;
}

#undef RADIX_CASES
#undef T
#undef V
#undef WIDTH
#undef FFT
#undef SCALAR
#undef VECTOR
#undef KERNEL
#undef V_LOAD
#undef STORE_ACROSS
#undef STORE_FOURS
