/* SPDX-License-Identifier: MIT */
/*
 * AVX-512, the foundation alone: compiled with -mavx512f, declared with
 * AVX512F. No VL (512-bit vectors only), no DQ (no 256-bit extracts of floats).
 */
#include <immintrin.h>

#include "gemm.h"

/* 24 sums, two vectors of B, and elements of A: 32 registers. */
#define CODE ML_CODE(avx512)
#define ROWS 12

#define T float
#define NAME(x) x##_float
#define VARIANT ml_sgemm_avx512
#define VEC __m512
#define LANES 16
#define V_ZERO() _mm512_setzero_ps()
#define V_LOAD(p) _mm512_loadu_ps(p)
#define V_STORE(p, x) _mm512_storeu_ps(p, x)
#define V_ALL(x) _mm512_set1_ps(x)
#define V_MUL(x, y) _mm512_mul_ps(x, y)
#define V_MADD(x, y, z) _mm512_fmadd_ps(x, y, z)
#include "block.h"

#define CODE ML_CODE(avx512)
#define ROWS 12

#define T double
#define NAME(x) x##_double
#define VARIANT ml_dgemm_avx512
#define VEC __m512d
#define LANES 8
#define V_ZERO() _mm512_setzero_pd()
#define V_LOAD(p) _mm512_loadu_pd(p)
#define V_STORE(p, x) _mm512_storeu_pd(p, x)
#define V_ALL(x) _mm512_set1_pd(x)
#define V_MUL(x, y) _mm512_mul_pd(x, y)
#define V_MADD(x, y, z) _mm512_fmadd_pd(x, y, z)
#include "block.h"
