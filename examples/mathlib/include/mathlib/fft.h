/* SPDX-License-Identifier: MIT */
/*
 * fft: discrete Fourier transforms of complex numbers, in single and double
 * precision. Variants in plain C, SSE2, AVX2+FMA and AVX-512F.
 *
 *	y_k = sum over i of x_i * exp(-2 pi sqrt(-1) * i * k / n)
 *
 * and with the other sign for the inverse, which does not divide by n: there and
 * back again is n times what there was. A complex number is two of the type in a
 * row, its real and its imaginary part.
 *
 * Lengths are products of 2, 3 and 5. Those that are multiples of 16 fill
 * vectors throughout; up to some 2^15 elements, where all is in cache, they are
 * fast.
 *
 * Numbers. u is 2^-24 for float and 2^-53 for double. As vectors, the result
 * differs from the exact transform of x by at most
 *
 *	ml_fft_bound(n, u) * |y|, with | | the Euclidean norm:
 *
 * 6 u * log2(n), for results that neither overflow nor underflow. A stage of
 * radix 4 takes two roundings of each part for sums (2 u), and a product with a
 * number that is itself rounded (4 u), one of radix 2 half as many sums, and
 * those of radix 3 and 5 less than 9 u and 13 u, while log2(3) is 1.58 and
 * log2(5) is 2.32. All stages but the rounding leave norms as they are, but for
 * sqrt(radix), so that errors add up (Higham, Accuracy and Stability of Numerical
 * Algorithms, 2nd ed., section 24.1). Two variants differ by twice as much at
 * most. What one rounds another fuses: not the same bits.
 *
 * Plans are the same for all variants: any may go on where another left off.
 * A plan is not written to after it was made; any number of threads may use it.
 *
 * Long transforms are done in pieces of at most ML_FFT_PIECE butterflies, each a
 * region of its own, so that the removal of a feature waits for one piece at
 * most: less than a millisecond also in plain C.
 */
#ifndef MATHLIB_FFT_H
#define MATHLIB_FFT_H

#include <mathlib/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** ML_FFT_PIECE - most butterflies that one region works on */
#define ML_FFT_PIECE ((size_t)1 << 14)

/** ML_FFT_MAX - the most elements that a plan can be for */
#define ML_FFT_MAX ((size_t)1 << 32)

struct ml_fft;
struct ml_sfft;
struct ml_dfft;

/**
 * struct ml_fft_job - a transform that is being done
 *
 * From ml_sfft_job() or ml_dfft_job(). @stage and @at say how far it is; the
 * rest is as given.
 */
struct ml_fft_job {
	const struct ml_fft *plan;
	int inverse;
	const void *x;
	void *y;
	void *work;
	unsigned int stage;
	size_t at;
};

/** ml_fft_bound - see above; @u is 2^-24 or 2^-53 */
static inline double ml_fft_bound(size_t n, double u)
{
	double levels = 0;

	/* From above: log2 of the next power of two. */
	for (; n > 1; n = (n + 1) / 2)
		levels++;
	return 6 * u * levels;
}

extern ML_API struct isahp_operation ml_sfft_operation;
extern ML_API struct isahp_operation ml_dfft_operation;

/* The operation is the function's, not the piece's, by name. */
#define ml_sfft_piece_operation ml_sfft_operation
#define ml_dfft_piece_operation ml_dfft_operation

/*
 * Go on with a job, for a piece. Return: whether there is more to do.
 */
ISAHP_OPERATION_DECLARE(ml_sfft_piece, int, (struct ml_fft_job *job), (job))
ISAHP_OPERATION_DECLARE(ml_dfft_piece, int, (struct ml_fft_job *job), (job))

/**
 * ml_sfft_create - plan transforms of a length
 * @n: elements.
 * @ret_plan: ends with ml_sfft_destroy().
 *
 * Takes some fifty nanoseconds an element: as long as many transforms.
 *
 * -EINVAL: 0, above ML_FFT_MAX, or has factors other than 2, 3 and 5; -ENOMEM.
 */
ML_API int ml_sfft_create(size_t n, struct ml_sfft **ret_plan);

/** ml_sfft_destroy - free a plan; NULL is none */
ML_API void ml_sfft_destroy(struct ml_sfft *plan);

/** ml_sfft_work - floats that a transform needs besides its operands */
ML_API size_t ml_sfft_work(const struct ml_sfft *plan);

/**
 * ml_sfft - transform
 * @plan: for n elements.
 * @x: n complex numbers.
 * @y: n complex numbers; may be @x, and may not overlap it otherwise.
 * @work: ml_sfft_work() floats, which overlap neither; a thread's own.
 */
ML_API void ml_sfft(const struct ml_sfft *plan, const float *x, float *y,
		    float *work);

/** ml_sfft_inverse - the inverse, times n; as ml_sfft() */
ML_API void ml_sfft_inverse(const struct ml_sfft *plan, const float *x, float *y,
			    float *work);

/**
 * ml_sfft_job - a transform to be done piece by piece, by ml_sfft_piece()
 * @plan, @x, @y, @work: as for ml_sfft().
 * @inverse: which of the two.
 */
ML_API struct ml_fft_job ml_sfft_job(const struct ml_sfft *plan, int inverse,
				     const float *x, float *y, float *work);

/** ml_dfft_create - as ml_sfft_create(), in double */
ML_API int ml_dfft_create(size_t n, struct ml_dfft **ret_plan);

/** ml_dfft_destroy - free a plan; NULL is none */
ML_API void ml_dfft_destroy(struct ml_dfft *plan);

/** ml_dfft_work - doubles that a transform needs besides its operands */
ML_API size_t ml_dfft_work(const struct ml_dfft *plan);

/** ml_dfft - as ml_sfft(), in double */
ML_API void ml_dfft(const struct ml_dfft *plan, const double *x, double *y,
		    double *work);

/** ml_dfft_inverse - as ml_sfft_inverse(), in double */
ML_API void ml_dfft_inverse(const struct ml_dfft *plan, const double *x, double *y,
			    double *work);

/** ml_dfft_job - as ml_sfft_job(), in double */
ML_API struct ml_fft_job ml_dfft_job(const struct ml_dfft *plan, int inverse,
				     const double *x, double *y, double *work);

#ifdef __cplusplus
}
#endif

#endif /* MATHLIB_FFT_H */
