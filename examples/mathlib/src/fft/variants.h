/* SPDX-License-Identifier: MIT */
/* What the files of fft have in common: plans, and what each ISA file defines. */
#ifndef ML_FFT_VARIANTS_H
#define ML_FFT_VARIANTS_H

#include <stdint.h>
#include <mathlib/fft.h>

#include "../variants.h"

/* Each stage has a radix of 2 at least. */
#define ML_FFT_STAGES 48

/* For the points of a butterfly, which are to stay in registers: no loop. */
#define ML_POINTS(from, radix, what)                                           \
	do {                                                                   \
		if ((from) == 0)                                               \
			what(0);                                               \
		what(1);                                                       \
		if ((radix) > 2)                                               \
			what(2);                                               \
		if ((radix) > 3)                                               \
			what(3);                                               \
		if ((radix) > 4)                                               \
			what(4);                                               \
	} while (0)

/**
 * struct ml_fft_stage - one pass over all elements (Stockham's, which sorts)
 * @radix: 2, 3, 4 or 5,
 * @m: groups of butterflies that share their twiddles,
 * @s: butterflies in a group: of element q + s * (j + m * l), l below @radix,
 *	q below @s, j below @m; the results go to q + s * (radix * j + l).
 * @repeat: how often each twiddle is there in a row: 4 where @s is, else 1.
 * @twiddle: where its twiddles begin. For each l from 1 on the real parts of
 *	w^(j * l) of all j, each @repeat times, then the imaginary parts.
 */
struct ml_fft_stage {
	unsigned int radix;
	unsigned int repeat;
	size_t m;
	size_t s;
	size_t twiddle;
};

/**
 * struct ml_fft - a plan
 * @n: elements.
 * @stages: used of @stage.
 * @twiddles: float or double.
 */
struct ml_fft {
	size_t n;
	unsigned int stages;
	struct ml_fft_stage stage[ML_FFT_STAGES];
	void *twiddles;
};

struct ml_sfft {
	struct ml_fft fft;
};

struct ml_dfft {
	struct ml_fft fft;
};

#define ML_FFT_DECLARE(isa)                                                    \
	int ml_sfft_##isa(struct ml_fft_job *job);                             \
	int ml_dfft_##isa(struct ml_fft_job *job)

ML_FFT_DECLARE(c);
ML_FFT_DECLARE(sse2);
ML_FFT_DECLARE(avx2);
ML_FFT_DECLARE(avx512);

/**
 * struct ml_fft_pass - a stage at work
 * @in: elements as they were given (real and imaginary part in turn) if @first,
 *	else all real parts and then all imaginary ones.
 * @out: the same, if @last.
 * @n: elements.
 * @swap: real and imaginary parts are swapped on their way in and out, which
 *	makes the transform the inverse one.
 */
struct ml_fft_pass {
	const struct ml_fft_stage *stage;
	const void *twiddles;
	const void *in;
	void *out;
	size_t n;
	int first;
	int last;
	int swap;
};

#endif /* ML_FFT_VARIANTS_H */
