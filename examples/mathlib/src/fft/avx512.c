/* SPDX-License-Identifier: MIT */
/* AVX-512, the foundation alone: 16 floats or eight doubles at a time. */
#include <immintrin.h>

#include "variants.h"

#define CODE ML_CODE(avx512)

#define T float
#define KERNEL(x) s1_##x
#include "scalar.h"
#undef KERNEL

ML_INLINE void s_load_pairs(const float *p, __m512 *re, __m512 *im)
{
	__m512 a = _mm512_loadu_ps(p), b = _mm512_loadu_ps(p + 16);
	__m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20,
					 22, 24, 26, 28, 30);
	__m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));

	*re = _mm512_permutex2var_ps(a, even, b);
	*im = _mm512_permutex2var_ps(a, odd, b);
}

ML_INLINE void s_store_pairs(float *p, __m512 re, __m512 im)
{
	__m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
					6, 22, 7, 23);
	__m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));

	_mm512_storeu_ps(p, _mm512_permutex2var_ps(re, low, im));
	_mm512_storeu_ps(p + 16, _mm512_permutex2var_ps(re, high, im));
}

ML_INLINE void s_store_across(float *p, __m512 a, __m512 b, __m512 c, __m512 d)
{
	__m512 e = _mm512_unpacklo_ps(a, b), f = _mm512_unpacklo_ps(c, d);
	__m512 g = _mm512_unpackhi_ps(a, b), h = _mm512_unpackhi_ps(c, d);

	a = _mm512_shuffle_ps(e, f, 0x44);
	b = _mm512_shuffle_ps(e, f, 0xee);
	c = _mm512_shuffle_ps(g, h, 0x44);
	d = _mm512_shuffle_ps(g, h, 0xee);
	/* The same once more, by quarters. */
	e = _mm512_shuffle_f32x4(a, b, 0x44);
	f = _mm512_shuffle_f32x4(c, d, 0x44);
	g = _mm512_shuffle_f32x4(a, b, 0xee);
	h = _mm512_shuffle_f32x4(c, d, 0xee);
	_mm512_storeu_ps(p, _mm512_shuffle_f32x4(e, f, 0x88));
	_mm512_storeu_ps(p + 16, _mm512_shuffle_f32x4(e, f, 0xdd));
	_mm512_storeu_ps(p + 32, _mm512_shuffle_f32x4(g, h, 0x88));
	_mm512_storeu_ps(p + 48, _mm512_shuffle_f32x4(g, h, 0xdd));
}

ML_INLINE void s_store_fours(float *p, __m512 v)
{
	_mm_storeu_ps(p, _mm512_castps512_ps128(v));
	_mm_storeu_ps(p + 16, _mm512_extractf32x4_ps(v, 1));
	_mm_storeu_ps(p + 32, _mm512_extractf32x4_ps(v, 2));
	_mm_storeu_ps(p + 48, _mm512_extractf32x4_ps(v, 3));
}

#define KERNEL(x) s16_##x
#define V __m512
#define LANES 16
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define LOAD_PAIRS(p, re, im) s_load_pairs(p, &(re), &(im))
#define STORE_PAIRS(p, re, im) s_store_pairs(p, re, im)
#define SET(x) _mm512_set1_ps((float)(x))
#define ADD(a, b) _mm512_add_ps(a, b)
#define SUB(a, b) _mm512_sub_ps(a, b)
#define MUL(a, b) _mm512_mul_ps(a, b)
#define MADD(a, b, c) _mm512_fmadd_ps(a, b, c)
#define MSUB(a, b, c) _mm512_fmsub_ps(a, b, c)
#include "kernel.h"

#define WIDTH 16
#define V __m512
#define FFT ml_sfft_avx512
#define SCALAR(x) s1_##x
#define VECTOR(x) s16_##x
#define V_LOAD(p) _mm512_loadu_ps(p)
#define STORE_ACROSS(p, a, b, c, d) s_store_across(p, a, b, c, d)
#define STORE_FOURS(p, v) s_store_fours(p, v)
#include "body.h"

#define T double
#define KERNEL(x) d1_##x
#include "scalar.h"
#undef KERNEL

ML_INLINE void d_load_pairs(const double *p, __m512d *re, __m512d *im)
{
	__m512d a = _mm512_loadu_pd(p), b = _mm512_loadu_pd(p + 8);
	__m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
	__m512i odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);

	*re = _mm512_permutex2var_pd(a, even, b);
	*im = _mm512_permutex2var_pd(a, odd, b);
}

ML_INLINE void d_store_pairs(double *p, __m512d re, __m512d im)
{
	__m512i low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
	__m512i high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);

	_mm512_storeu_pd(p, _mm512_permutex2var_pd(re, low, im));
	_mm512_storeu_pd(p + 8, _mm512_permutex2var_pd(re, high, im));
}

ML_INLINE void d_store_across(double *p, __m512d a, __m512d b, __m512d c, __m512d d)
{
	__m512d e = _mm512_unpacklo_pd(a, b), f = _mm512_unpacklo_pd(c, d);
	__m512d g = _mm512_unpackhi_pd(a, b), h = _mm512_unpackhi_pd(c, d);

	/* Quarters: e0 f0 g0 h0, and so on. */
	a = _mm512_shuffle_f64x2(e, f, 0x44);
	b = _mm512_shuffle_f64x2(g, h, 0x44);
	c = _mm512_shuffle_f64x2(e, f, 0xee);
	d = _mm512_shuffle_f64x2(g, h, 0xee);
	_mm512_storeu_pd(p, _mm512_shuffle_f64x2(a, b, 0x88));
	_mm512_storeu_pd(p + 8, _mm512_shuffle_f64x2(a, b, 0xdd));
	_mm512_storeu_pd(p + 16, _mm512_shuffle_f64x2(c, d, 0x88));
	_mm512_storeu_pd(p + 24, _mm512_shuffle_f64x2(c, d, 0xdd));
}

ML_INLINE void d_store_fours(double *p, __m512d v)
{
	_mm256_storeu_pd(p, _mm512_castpd512_pd256(v));
	_mm256_storeu_pd(p + 16, _mm512_extractf64x4_pd(v, 1));
}

#define KERNEL(x) d8_##x
#define V __m512d
#define LANES 8
#define LOAD(p) _mm512_loadu_pd(p)
#define STORE(p, v) _mm512_storeu_pd(p, v)
#define LOAD_PAIRS(p, re, im) d_load_pairs(p, &(re), &(im))
#define STORE_PAIRS(p, re, im) d_store_pairs(p, re, im)
#define SET(x) _mm512_set1_pd((double)(x))
#define ADD(a, b) _mm512_add_pd(a, b)
#define SUB(a, b) _mm512_sub_pd(a, b)
#define MUL(a, b) _mm512_mul_pd(a, b)
#define MADD(a, b, c) _mm512_fmadd_pd(a, b, c)
#define MSUB(a, b, c) _mm512_fmsub_pd(a, b, c)
#include "kernel.h"

#define WIDTH 8
#define V __m512d
#define FFT ml_dfft_avx512
#define SCALAR(x) d1_##x
#define VECTOR(x) d8_##x
#define V_LOAD(p) _mm512_loadu_pd(p)
#define STORE_ACROSS(p, a, b, c, d) d_store_across(p, a, b, c, d)
#define STORE_FOURS(p, v) d_store_fours(p, v)
#include "body.h"
