/* SPDX-License-Identifier: MIT */
/* SSE2, x86-64's base: four floats or two doubles at a time. */
#include <emmintrin.h>

#include "variants.h"

#define CODE ML_CODE(sse2)

#define T float
#define KERNEL(x) s1_##x
#include "scalar.h"
#undef KERNEL

ML_INLINE void s_load_pairs(const float *p, __m128 *re, __m128 *im)
{
	__m128 a = _mm_loadu_ps(p), b = _mm_loadu_ps(p + 4);

	*re = _mm_shuffle_ps(a, b, 0x88);
	*im = _mm_shuffle_ps(a, b, 0xdd);
}

ML_INLINE void s_store_pairs(float *p, __m128 re, __m128 im)
{
	_mm_storeu_ps(p, _mm_unpacklo_ps(re, im));
	_mm_storeu_ps(p + 4, _mm_unpackhi_ps(re, im));
}

ML_INLINE void s_store_across(float *p, __m128 a, __m128 b, __m128 c, __m128 d)
{
	_MM_TRANSPOSE4_PS(a, b, c, d);
	_mm_storeu_ps(p, a);
	_mm_storeu_ps(p + 4, b);
	_mm_storeu_ps(p + 8, c);
	_mm_storeu_ps(p + 12, d);
}

#define KERNEL(x) s4_##x
#define V __m128
#define LANES 4
#define LOAD(p) _mm_loadu_ps(p)
#define STORE(p, v) _mm_storeu_ps(p, v)
#define LOAD_PAIRS(p, re, im) s_load_pairs(p, &(re), &(im))
#define STORE_PAIRS(p, re, im) s_store_pairs(p, re, im)
#define SET(x) _mm_set1_ps((float)(x))
#define ADD(a, b) _mm_add_ps(a, b)
#define SUB(a, b) _mm_sub_ps(a, b)
#define MUL(a, b) _mm_mul_ps(a, b)
#define MADD(a, b, c) ADD(MUL(a, b), c)
#define MSUB(a, b, c) SUB(MUL(a, b), c)
#include "kernel.h"

#define WIDTH 4
#define V __m128
#define FFT ml_sfft_sse2
#define SCALAR(x) s1_##x
#define VECTOR(x) s4_##x
#define V_LOAD(p) _mm_loadu_ps(p)
#define STORE_ACROSS(p, a, b, c, d) s_store_across(p, a, b, c, d)
#include "body.h"

#define T double
#define KERNEL(x) d1_##x
#include "scalar.h"
#undef KERNEL

ML_INLINE void d_load_pairs(const double *p, __m128d *re, __m128d *im)
{
	__m128d a = _mm_loadu_pd(p), b = _mm_loadu_pd(p + 2);

	*re = _mm_unpacklo_pd(a, b);
	*im = _mm_unpackhi_pd(a, b);
}

ML_INLINE void d_store_pairs(double *p, __m128d re, __m128d im)
{
	_mm_storeu_pd(p, _mm_unpacklo_pd(re, im));
	_mm_storeu_pd(p + 2, _mm_unpackhi_pd(re, im));
}

ML_INLINE void d_store_across(double *p, __m128d a, __m128d b, __m128d c, __m128d d)
{
	_mm_storeu_pd(p, _mm_unpacklo_pd(a, b));
	_mm_storeu_pd(p + 2, _mm_unpacklo_pd(c, d));
	_mm_storeu_pd(p + 4, _mm_unpackhi_pd(a, b));
	_mm_storeu_pd(p + 6, _mm_unpackhi_pd(c, d));
}

#define KERNEL(x) d2_##x
#define V __m128d
#define LANES 2
#define LOAD(p) _mm_loadu_pd(p)
#define STORE(p, v) _mm_storeu_pd(p, v)
#define LOAD_PAIRS(p, re, im) d_load_pairs(p, &(re), &(im))
#define STORE_PAIRS(p, re, im) d_store_pairs(p, re, im)
#define SET(x) _mm_set1_pd((double)(x))
#define ADD(a, b) _mm_add_pd(a, b)
#define SUB(a, b) _mm_sub_pd(a, b)
#define MUL(a, b) _mm_mul_pd(a, b)
#define MADD(a, b, c) ADD(MUL(a, b), c)
#define MSUB(a, b, c) SUB(MUL(a, b), c)
#include "kernel.h"

#define WIDTH 2
#define V __m128d
#define FFT ml_dfft_sse2
#define SCALAR(x) d1_##x
#define VECTOR(x) d2_##x
#define V_LOAD(p) _mm_loadu_pd(p)
#define STORE_ACROSS(p, a, b, c, d) d_store_across(p, a, b, c, d)
#include "body.h"
