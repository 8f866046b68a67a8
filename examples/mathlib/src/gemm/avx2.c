/* SPDX-License-Identifier: MIT */
/* AVX2 and FMA: compiled with -mavx2 -mfma, declared with AVX2 and FMA. */
#include <immintrin.h>

#include "gemm.h"

/* 12 sums, two vectors of B and one element of A: 15 of 16 registers. */
#define CODE ML_CODE(avx2)
#define ROWS 6

#define T float
#define NAME(x) x##_float
#define VARIANT ml_sgemm_avx2
#define VEC __m256
#define LANES 8
#define V_ZERO() _mm256_setzero_ps()
#define V_LOAD(p) _mm256_loadu_ps(p)
#define V_STORE(p, x) _mm256_storeu_ps(p, x)
#define V_ALL(x) _mm256_set1_ps(x)
#define V_MUL(x, y) _mm256_mul_ps(x, y)
#define V_MADD(x, y, z) _mm256_fmadd_ps(x, y, z)
#include "block.h"

#define CODE ML_CODE(avx2)
#define ROWS 6

#define T double
#define NAME(x) x##_double
#define VARIANT ml_dgemm_avx2
#define VEC __m256d
#define LANES 4
#define V_ZERO() _mm256_setzero_pd()
#define V_LOAD(p) _mm256_loadu_pd(p)
#define V_STORE(p, x) _mm256_storeu_pd(p, x)
#define V_ALL(x) _mm256_set1_pd(x)
#define V_MUL(x, y) _mm256_mul_pd(x, y)
#define V_MADD(x, y, z) _mm256_fmadd_pd(x, y, z)
#include "block.h"
