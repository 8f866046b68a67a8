/* SPDX-License-Identifier: MIT */
/*
 * AVX-512, the foundation alone: compiled with -mavx512f, declared with
 * AVX512F. No VL (512-bit vectors only), no DQ (no 256-bit extracts of floats).
 */
#include <immintrin.h>
#include <stdbool.h>

#include "variants.h"

#define CODE ML_CODE(avx512)

/* The lowest @n lanes; a masked load does not touch the memory of the others. */
#define BELOW_PS(n) ((__mmask16)((1u << (n)) - 1))
#define BELOW_PD(n) ((__mmask8)((1u << (n)) - 1))

#define T float
#define V __m512
#define LANES 16
#define NAME(op) ml_s##op##_avx512
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define LOAD_PART(p, n) _mm512_maskz_loadu_ps(BELOW_PS(n), p)
#define STORE_PART(p, v, n) _mm512_mask_storeu_ps(p, BELOW_PS(n), v)
#define ZERO() _mm512_setzero_ps()
#define SET(a) _mm512_set1_ps(a)
#define ADD(a, b) _mm512_add_ps(a, b)
#define MUL(a, b) _mm512_mul_ps(a, b)
#define MADD(a, b, c) _mm512_fmadd_ps(a, b, c)
#define SUM(v) _mm512_reduce_add_ps(v)
#include "body.h"

#define T double
#define V __m512d
#define LANES 8
#define NAME(op) ml_d##op##_avx512
#define NAME_SNRM2 ml_snrm2_avx512
#define LOAD(p) _mm512_loadu_pd(p)
#define STORE(p, v) _mm512_storeu_pd(p, v)
#define LOAD_PART(p, n) _mm512_maskz_loadu_pd(BELOW_PD(n), p)
#define STORE_PART(p, v, n) _mm512_mask_storeu_pd(p, BELOW_PD(n), v)
#define WIDEN(p) _mm512_cvtps_pd(_mm256_loadu_ps(p))
#define WIDEN_PART(p, n)                                                       \
	_mm512_cvtps_pd(_mm512_castps512_ps256(                                \
		_mm512_maskz_loadu_ps(BELOW_PS(n), p)))
#define ZERO() _mm512_setzero_pd()
#define SET(a) _mm512_set1_pd(a)
#define ADD(a, b) _mm512_add_pd(a, b)
#define MUL(a, b) _mm512_mul_pd(a, b)
#define MADD(a, b, c) _mm512_fmadd_pd(a, b, c)
#define SUM(v) _mm512_reduce_add_pd(v)
#include "body.h"
