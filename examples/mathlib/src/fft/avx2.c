/* SPDX-License-Identifier: MIT */
/* AVX2 and FMA: eight floats or four doubles at a time. */
#include <immintrin.h>

#include "variants.h"

#define CODE ML_CODE(avx2)

#define T float
#define KERNEL(x) s1_##x
#include "scalar.h"
#undef KERNEL

ML_INLINE void s_load_pairs(const float *p, __m256 *re, __m256 *im)
{
	__m256 a = _mm256_loadu_ps(p), b = _mm256_loadu_ps(p + 8);
	__m256d even = _mm256_castps_pd(_mm256_shuffle_ps(a, b, 0x88));
	__m256d odd = _mm256_castps_pd(_mm256_shuffle_ps(a, b, 0xdd));

	*re = _mm256_castpd_ps(_mm256_permute4x64_pd(even, 0xd8));
	*im = _mm256_castpd_ps(_mm256_permute4x64_pd(odd, 0xd8));
}

ML_INLINE void s_store_pairs(float *p, __m256 re, __m256 im)
{
	__m256 a = _mm256_unpacklo_ps(re, im), b = _mm256_unpackhi_ps(re, im);

	_mm256_storeu_ps(p, _mm256_permute2f128_ps(a, b, 0x20));
	_mm256_storeu_ps(p + 8, _mm256_permute2f128_ps(a, b, 0x31));
}

ML_INLINE void s_store_across(float *p, __m256 a, __m256 b, __m256 c, __m256 d)
{
	__m256 e = _mm256_unpacklo_ps(a, b), f = _mm256_unpacklo_ps(c, d);
	__m256 g = _mm256_unpackhi_ps(a, b), h = _mm256_unpackhi_ps(c, d);

	a = _mm256_shuffle_ps(e, f, 0x44);
	b = _mm256_shuffle_ps(e, f, 0xee);
	c = _mm256_shuffle_ps(g, h, 0x44);
	d = _mm256_shuffle_ps(g, h, 0xee);
	_mm256_storeu_ps(p, _mm256_permute2f128_ps(a, b, 0x20));
	_mm256_storeu_ps(p + 8, _mm256_permute2f128_ps(c, d, 0x20));
	_mm256_storeu_ps(p + 16, _mm256_permute2f128_ps(a, b, 0x31));
	_mm256_storeu_ps(p + 24, _mm256_permute2f128_ps(c, d, 0x31));
}

ML_INLINE void s_store_fours(float *p, __m256 v)
{
	_mm_storeu_ps(p, _mm256_castps256_ps128(v));
	_mm_storeu_ps(p + 16, _mm256_extractf128_ps(v, 1));
}

#define KERNEL(x) s8_##x
#define V __m256
#define LANES 8
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define LOAD_PAIRS(p, re, im) s_load_pairs(p, &(re), &(im))
#define STORE_PAIRS(p, re, im) s_store_pairs(p, re, im)
#define SET(x) _mm256_set1_ps((float)(x))
#define ADD(a, b) _mm256_add_ps(a, b)
#define SUB(a, b) _mm256_sub_ps(a, b)
#define MUL(a, b) _mm256_mul_ps(a, b)
#define MADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define MSUB(a, b, c) _mm256_fmsub_ps(a, b, c)
#include "kernel.h"

#define WIDTH 8
#define V __m256
#define FFT ml_sfft_avx2
#define SCALAR(x) s1_##x
#define VECTOR(x) s8_##x
#define V_LOAD(p) _mm256_loadu_ps(p)
#define STORE_ACROSS(p, a, b, c, d) s_store_across(p, a, b, c, d)
#define STORE_FOURS(p, v) s_store_fours(p, v)
#include "body.h"

#define T double
#define KERNEL(x) d1_##x
#include "scalar.h"
#undef KERNEL

ML_INLINE void d_load_pairs(const double *p, __m256d *re, __m256d *im)
{
	__m256d a = _mm256_loadu_pd(p), b = _mm256_loadu_pd(p + 4);

	*re = _mm256_permute4x64_pd(_mm256_unpacklo_pd(a, b), 0xd8);
	*im = _mm256_permute4x64_pd(_mm256_unpackhi_pd(a, b), 0xd8);
}

ML_INLINE void d_store_pairs(double *p, __m256d re, __m256d im)
{
	__m256d a = _mm256_unpacklo_pd(re, im), b = _mm256_unpackhi_pd(re, im);

	_mm256_storeu_pd(p, _mm256_permute2f128_pd(a, b, 0x20));
	_mm256_storeu_pd(p + 4, _mm256_permute2f128_pd(a, b, 0x31));
}

ML_INLINE void d_store_across(double *p, __m256d a, __m256d b, __m256d c, __m256d d)
{
	__m256d e = _mm256_unpacklo_pd(a, b), f = _mm256_unpacklo_pd(c, d);
	__m256d g = _mm256_unpackhi_pd(a, b), h = _mm256_unpackhi_pd(c, d);

	_mm256_storeu_pd(p, _mm256_permute2f128_pd(e, f, 0x20));
	_mm256_storeu_pd(p + 4, _mm256_permute2f128_pd(g, h, 0x20));
	_mm256_storeu_pd(p + 8, _mm256_permute2f128_pd(e, f, 0x31));
	_mm256_storeu_pd(p + 12, _mm256_permute2f128_pd(g, h, 0x31));
}

#define KERNEL(x) d4_##x
#define V __m256d
#define LANES 4
#define LOAD(p) _mm256_loadu_pd(p)
#define STORE(p, v) _mm256_storeu_pd(p, v)
#define LOAD_PAIRS(p, re, im) d_load_pairs(p, &(re), &(im))
#define STORE_PAIRS(p, re, im) d_store_pairs(p, re, im)
#define SET(x) _mm256_set1_pd((double)(x))
#define ADD(a, b) _mm256_add_pd(a, b)
#define SUB(a, b) _mm256_sub_pd(a, b)
#define MUL(a, b) _mm256_mul_pd(a, b)
#define MADD(a, b, c) _mm256_fmadd_pd(a, b, c)
#define MSUB(a, b, c) _mm256_fmsub_pd(a, b, c)
#include "kernel.h"

#define WIDTH 4
#define V __m256d
#define FFT ml_dfft_avx2
#define SCALAR(x) d1_##x
#define VECTOR(x) d4_##x
#define V_LOAD(p) _mm256_loadu_pd(p)
#define STORE_ACROSS(p, a, b, c, d) d_store_across(p, a, b, c, d)
#include "body.h"
