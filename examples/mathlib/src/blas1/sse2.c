/* SPDX-License-Identifier: MIT */
/* SSE2, which is x86-64's base: compiled with no flags of its own. */
#include <emmintrin.h>
#include <stdbool.h>

#include "variants.h"

#define CODE ML_CODE(sse2)

/* No masked loads and stores: what is left of an operand goes one by one. */
ML_INLINE __m128 load_part_ps(const float *p, size_t n)
{
	float t[4] = { p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0 };

	return _mm_loadu_ps(t);
}

ML_INLINE void store_part_ps(float *p, __m128 v, size_t n)
{
	float t[4];
	size_t i;

	_mm_storeu_ps(t, v);
	for (i = 0; i < n; i++)
		p[i] = t[i];
}

ML_INLINE float sum_ps(__m128 v)
{
	v = _mm_add_ps(v, _mm_movehl_ps(v, v));
	return _mm_cvtss_f32(_mm_add_ss(v, _mm_shuffle_ps(v, v, 1)));
}

#define T float
#define V __m128
#define LANES 4
#define NAME(op) ml_s##op##_sse2
#define LOAD(p) _mm_loadu_ps(p)
#define STORE(p, v) _mm_storeu_ps(p, v)
#define LOAD_PART(p, n) load_part_ps(p, n)
#define STORE_PART(p, v, n) store_part_ps(p, v, n)
#define ZERO() _mm_setzero_ps()
#define SET(a) _mm_set1_ps(a)
#define ADD(a, b) _mm_add_ps(a, b)
#define MUL(a, b) _mm_mul_ps(a, b)
#define MADD(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
#define SUM(v) sum_ps(v)
#include "body.h"

ML_INLINE double sum_pd(__m128d v)
{
	return _mm_cvtsd_f64(_mm_add_sd(v, _mm_unpackhi_pd(v, v)));
}

/* A part of two is one, whatever n is said to be. */
#define T double
#define V __m128d
#define LANES 2
#define NAME(op) ml_d##op##_sse2
#define NAME_SNRM2 ml_snrm2_sse2
#define LOAD(p) _mm_loadu_pd(p)
#define STORE(p, v) _mm_storeu_pd(p, v)
#define LOAD_PART(p, n) ((void)(n), _mm_load_sd(p))
#define STORE_PART(p, v, n) _mm_store_sd(p, v)
#define WIDEN(p) _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const void *)(p))))
#define WIDEN_PART(p, n) ((void)(n), _mm_cvtps_pd(_mm_load_ss(p)))
#define ZERO() _mm_setzero_pd()
#define SET(a) _mm_set1_pd(a)
#define ADD(a, b) _mm_add_pd(a, b)
#define MUL(a, b) _mm_mul_pd(a, b)
#define MADD(a, b, c) _mm_add_pd(_mm_mul_pd(a, b), c)
#define SUM(v) sum_pd(v)
#include "body.h"
