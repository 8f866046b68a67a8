/* SPDX-License-Identifier: MIT */
/* AVX2, without FMA: compiled with -mavx2, declared with AVX2. */
#include <immintrin.h>

#include "variants.h"

#define CODE ML_CODE(avx2)

#define INTEGER(v) _mm256_castpd_si256(v)
#define DOUBLES(v) _mm256_castsi256_pd(v)

#define V __m256d
#define M __m256d
#define LANES 4
#define NAME(op) ml_##op##_avx2
#define LOAD(p) _mm256_loadu_pd(p)
#define STORE(p, v) _mm256_storeu_pd(p, v)
#define LOAD_S(p) _mm256_cvtps_pd(_mm_loadu_ps(p))
#define STORE_S(p, v) _mm_storeu_ps(p, _mm256_cvtpd_ps(v))
#define SET(d) _mm256_set1_pd(d)
#define SET_BITS(u) DOUBLES(_mm256_set1_epi64x((long long)(u)))
#define ADD(a, b) _mm256_add_pd(a, b)
#define SUB(a, b) _mm256_sub_pd(a, b)
#define MUL(a, b) _mm256_mul_pd(a, b)
#define DIV(a, b) _mm256_div_pd(a, b)
#define MIN(a, b) _mm256_min_pd(a, b)
#define MAX(a, b) _mm256_max_pd(a, b)
#define AND(a, b) _mm256_and_pd(a, b)
#define OR(a, b) _mm256_or_pd(a, b)
#define XOR(a, b) _mm256_xor_pd(a, b)
#define PLUS(a, b) DOUBLES(_mm256_add_epi64(INTEGER(a), INTEGER(b)))
#define SHL(a, n) DOUBLES(_mm256_slli_epi64(INTEGER(a), n))
#define SHR(a, n) DOUBLES(_mm256_srli_epi64(INTEGER(a), n))
#define LT(a, b) _mm256_cmp_pd(a, b, _CMP_LT_OQ)
#define EQ(a, b) _mm256_cmp_pd(a, b, _CMP_EQ_OQ)
#define ALL(m) (_mm256_movemask_pd(m) == 15)
#define SELECT(m, a, b) _mm256_blendv_pd(b, a, m)
#include "body.h"
