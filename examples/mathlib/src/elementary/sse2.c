/* SPDX-License-Identifier: MIT */
/* SSE2, x86-64's base: two at a time. */
#include <emmintrin.h>

#include "variants.h"

#define CODE ML_CODE(sse2)

#define INTEGER(v) _mm_castpd_si128(v)
#define DOUBLES(v) _mm_castsi128_pd(v)

#define V __m128d
#define M __m128d
#define LANES 2
#define NAME(op) ml_##op##_sse2
#define LOAD(p) _mm_loadu_pd(p)
#define STORE(p, v) _mm_storeu_pd(p, v)
#define LOAD_S(p) _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const void *)(p))))
#define STORE_S(p, v) _mm_storel_epi64((void *)(p), _mm_castps_si128(_mm_cvtpd_ps(v)))
#define SET(d) _mm_set1_pd(d)
#define SET_BITS(u) DOUBLES(_mm_set1_epi64x((long long)(u)))
#define ADD(a, b) _mm_add_pd(a, b)
#define SUB(a, b) _mm_sub_pd(a, b)
#define MUL(a, b) _mm_mul_pd(a, b)
#define DIV(a, b) _mm_div_pd(a, b)
#define MIN(a, b) _mm_min_pd(a, b)
#define MAX(a, b) _mm_max_pd(a, b)
#define AND(a, b) _mm_and_pd(a, b)
#define OR(a, b) _mm_or_pd(a, b)
#define XOR(a, b) _mm_xor_pd(a, b)
#define PLUS(a, b) DOUBLES(_mm_add_epi64(INTEGER(a), INTEGER(b)))
#define SHL(a, n) DOUBLES(_mm_slli_epi64(INTEGER(a), n))
#define SHR(a, n) DOUBLES(_mm_srli_epi64(INTEGER(a), n))
#define LT(a, b) _mm_cmplt_pd(a, b)
#define EQ(a, b) _mm_cmpeq_pd(a, b)
#define ALL(m) (_mm_movemask_pd(m) == 3)
#define SELECT(m, a, b) _mm_or_pd(_mm_and_pd(m, a), _mm_andnot_pd(m, b))
#include "body.h"
