/* SPDX-License-Identifier: MIT */
/* AVX2 and FMA: compiled with -mavx2 -mfma, declared with AVX2 and FMA. */
#include <immintrin.h>
#include <stdbool.h>

#include "variants.h"

#define CODE ML_CODE(avx2)

/* Lanes below @n; a masked load does not touch the memory of the others. */
ML_INLINE __m256i below_ps(size_t n)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n),
				  _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

ML_INLINE __m256i below_pd(size_t n)
{
	return _mm256_cmpgt_epi64(_mm256_set1_epi64x((long long)n),
				  _mm256_setr_epi64x(0, 1, 2, 3));
}

ML_INLINE __m128i below_quarter(size_t n)
{
	return _mm_cmpgt_epi32(_mm_set1_epi32((int)n), _mm_setr_epi32(0, 1, 2, 3));
}

ML_INLINE float sum_ps(__m256 v)
{
	__m128 w = _mm_add_ps(_mm256_castps256_ps128(v),
			      _mm256_extractf128_ps(v, 1));

	w = _mm_add_ps(w, _mm_movehl_ps(w, w));
	return _mm_cvtss_f32(_mm_add_ss(w, _mm_shuffle_ps(w, w, 1)));
}

ML_INLINE double sum_pd(__m256d v)
{
	__m128d w = _mm_add_pd(_mm256_castpd256_pd128(v),
			       _mm256_extractf128_pd(v, 1));

	return _mm_cvtsd_f64(_mm_add_sd(w, _mm_unpackhi_pd(w, w)));
}

#define T float
#define V __m256
#define LANES 8
#define NAME(op) ml_s##op##_avx2
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define LOAD_PART(p, n) _mm256_maskload_ps(p, below_ps(n))
#define STORE_PART(p, v, n) _mm256_maskstore_ps(p, below_ps(n), v)
#define ZERO() _mm256_setzero_ps()
#define SET(a) _mm256_set1_ps(a)
#define ADD(a, b) _mm256_add_ps(a, b)
#define MUL(a, b) _mm256_mul_ps(a, b)
#define MADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define SUM(v) sum_ps(v)
#include "body.h"

#define T double
#define V __m256d
#define LANES 4
#define NAME(op) ml_d##op##_avx2
#define NAME_SNRM2 ml_snrm2_avx2
#define LOAD(p) _mm256_loadu_pd(p)
#define STORE(p, v) _mm256_storeu_pd(p, v)
#define LOAD_PART(p, n) _mm256_maskload_pd(p, below_pd(n))
#define STORE_PART(p, v, n) _mm256_maskstore_pd(p, below_pd(n), v)
#define WIDEN(p) _mm256_cvtps_pd(_mm_loadu_ps(p))
#define WIDEN_PART(p, n) _mm256_cvtps_pd(_mm_maskload_ps(p, below_quarter(n)))
#define ZERO() _mm256_setzero_pd()
#define SET(a) _mm256_set1_pd(a)
#define ADD(a, b) _mm256_add_pd(a, b)
#define MUL(a, b) _mm256_mul_pd(a, b)
#define MADD(a, b, c) _mm256_fmadd_pd(a, b, c)
#define SUM(v) sum_pd(v)
#include "body.h"
