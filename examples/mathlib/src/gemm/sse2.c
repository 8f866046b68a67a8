/* SPDX-License-Identifier: MIT */
/* SSE2, which is x86-64's base: compiled with no flags of its own. */
#include <emmintrin.h>

#include "gemm.h"

/* 8 sums, two vectors of B, an element of A, and the products. */
#define CODE ML_CODE(sse2)
#define ROWS 4

#define T float
#define NAME(x) x##_float
#define VARIANT ml_sgemm_sse2
#define VEC __m128
#define LANES 4
#define V_ZERO() _mm_setzero_ps()
#define V_LOAD(p) _mm_loadu_ps(p)
#define V_STORE(p, x) _mm_storeu_ps(p, x)
#define V_ALL(x) _mm_set1_ps(x)
#define V_MUL(x, y) _mm_mul_ps(x, y)
#define V_MADD(x, y, z) _mm_add_ps(_mm_mul_ps(x, y), z)
#include "block.h"

#define CODE ML_CODE(sse2)
#define ROWS 4

#define T double
#define NAME(x) x##_double
#define VARIANT ml_dgemm_sse2
#define VEC __m128d
#define LANES 2
#define V_ZERO() _mm_setzero_pd()
#define V_LOAD(p) _mm_loadu_pd(p)
#define V_STORE(p, x) _mm_storeu_pd(p, x)
#define V_ALL(x) _mm_set1_pd(x)
#define V_MUL(x, y) _mm_mul_pd(x, y)
#define V_MADD(x, y, z) _mm_add_pd(_mm_mul_pd(x, y), z)
#include "block.h"
